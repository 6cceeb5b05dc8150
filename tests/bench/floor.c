/* Handlers to compare with. The floor answers from memory: what httpd itself costs. The limit sends a
 * request in AJP/1.3 and passes on the answer, with one write and one read and nothing else: what every
 * AJP connector costs at least. Of an upload the first packet goes with the request, and each other one
 * when the peer asks for it, again with one write and one read. */
#include "httpd.h"
#include "http_config.h"
#include "http_core.h"
#include "http_protocol.h"
#include "util_filter.h"
#include "apr_strings.h"
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define BLOCK (64 * 1024)
/* Buckets that are passed on at once. */
#define AT_ONCE 16
/* Data of a full packet to Tomcat: 8 KiB without its header and the length of the data. */
#define PIECE 8186
/* Parts of the memory in which httpd has a piece. */
#define PARTS 64
/* What Tomcat's packet begins with that asks for more of the body. */
#define GET_BODY_CHUNK 6

static enum { NONE, FLOOR, LIMIT } handler;
static apr_off_t answer_length = 1024;
static apr_off_t upload_length;
static int peer_port;
static const char *peer_socket;
static char block[BLOCK];
static unsigned char request[512];
static apr_size_t request_length;

static int floor_handler(request_rec *r)
{
    if (handler != FLOOR) {
        return DECLINED;
    }
    int status = ap_discard_request_body(r);
    if (status != OK) {
        return status;
    }
    ap_set_content_length(r, answer_length);
    apr_bucket_alloc_t *alloc = r->connection->bucket_alloc;
    apr_bucket_brigade *brigade = apr_brigade_create(r->pool, alloc);
    int count = 0;
    for (apr_off_t left = answer_length; left > 0;) {
        apr_size_t size = left < BLOCK ? (apr_size_t)left : BLOCK;
        APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_immortal_create(block, size, alloc));
        left -= size;
        if (++count % AT_ONCE == 0 && left > 0) {
            if (ap_pass_brigade(r->output_filters, brigade) != APR_SUCCESS) {
                return AP_FILTER_ERROR;
            }
            apr_brigade_cleanup(brigade);
        }
    }
    APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_eos_create(alloc));
    return ap_pass_brigade(r->output_filters, brigade) == APR_SUCCESS ? OK : AP_FILTER_ERROR;
}

static apr_size_t put_number(apr_size_t at, unsigned number)
{
    request[at] = number >> 8;
    request[at + 1] = number & 0xff;
    return at + 2;
}

static apr_size_t put_text(apr_size_t at, const char *text)
{
    apr_size_t length = strlen(text);
    at = put_number(at, length);
    memcpy(request + at, text, length + 1);
    return at + length + 1;
}

static apr_size_t put_field(apr_size_t at, unsigned name, const char *value)
{
    return put_text(put_number(at, name), value);
}

/* GET or POST /app/page HTTP/1.1 with the headers of the load generator. */
static void make_request(void)
{
    char length[24];
    apr_size_t at = 4;
    request[at++] = 2;
    request[at++] = upload_length > 0 ? 4 : 2;
    at = put_text(at, "HTTP/1.1");
    at = put_text(at, "/app/page");
    at = put_text(at, "127.0.0.1");
    at = put_number(at, 0xffff);
    at = put_text(at, "rjk.test");
    at = put_number(at, 80);
    request[at++] = 0;
    at = put_number(at, upload_length > 0 ? 6 : 4);
    at = put_field(at, 0xa00b, "rjk.test");
    at = put_field(at, 0xa00e, "rjk-bench");
    at = put_field(at, 0xa001, "*/*");
    at = put_text(at, "X-Tenant");
    at = put_text(at, "green");
    if (upload_length > 0) {
        apr_snprintf(length, sizeof length, "%" APR_OFF_T_FMT, upload_length);
        at = put_field(at, 0xa007, "application/octet-stream");
        at = put_field(at, 0xa008, length);
    }
    request[at++] = 0xff;
    request[0] = 0x12;
    request[1] = 0x34;
    put_number(2, at - 4);
    request_length = at;
}

/* Each thread keeps its connection. */
static __thread int peer = -1;

static int over_tcp(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(peer_port)};
    int on = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return connect(peer, (struct sockaddr *)&address, sizeof address);
}

static int over_unix(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    apr_cpystrn(address.sun_path, peer_socket, sizeof address.sun_path);
    peer = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return connect(peer, (struct sockaddr *)&address, sizeof address);
}

static int connected(void)
{
    if (peer < 0 && (peer_socket ? over_unix() : over_tcp()) != 0) {
        close(peer);
        peer = -1;
    }
    return peer >= 0;
}

static unsigned number_at(const unsigned char *bytes)
{
    return bytes[0] << 8 | bytes[1];
}

static apr_bucket_brigade *brigade_for(request_rec *r)
{
    return apr_brigade_create(r->pool, r->connection->bucket_alloc);
}

/* Its memory stays where httpd has it: nothing is copied. */
static apr_off_t read_piece(request_rec *r, apr_bucket_brigade *part, apr_bucket_brigade *piece)
{
    apr_off_t have = 0, more = 0;
    for (int last = 0; !last && have < PIECE; have += more) {
        if (ap_get_brigade(r->input_filters, part, AP_MODE_READBYTES, APR_BLOCK_READ,
                           PIECE - have) != APR_SUCCESS
            || apr_brigade_length(part, 1, &more) != APR_SUCCESS || APR_BRIGADE_EMPTY(part)) {
            return -1;
        }
        last = APR_BUCKET_IS_EOS(APR_BRIGADE_LAST(part));
        APR_BRIGADE_CONCAT(piece, part);
    }
    return have;
}

/* The request, if it is the first, and a packet with a piece, in one write. */
static int send_piece(apr_bucket_brigade *piece, apr_off_t length, int first)
{
    struct iovec parts[PARTS + 2];
    unsigned char header[6] = {0x12, 0x34, (length + 2) >> 8, (length + 2) & 0xff,
                               length >> 8, length & 0xff};
    int count = PARTS, from = first ? 0 : 1;
    ssize_t all = length + sizeof header + (first ? request_length : 0);
    parts[0] = (struct iovec){request, request_length};
    parts[1] = (struct iovec){header, sizeof header};
    return apr_brigade_to_iovec(piece, parts + 2, &count) == APR_SUCCESS
           && writev(peer, parts + from, count + 2 - from) == all;
}

/* As often as the peer asks; what it says then is its answer. */
static ssize_t upload(request_rec *r, unsigned char *answer, size_t size)
{
    apr_bucket_brigade *part = brigade_for(r), *piece = brigade_for(r);
    ssize_t got;
    int first = 1;
    do {
        apr_off_t length = read_piece(r, part, piece);
        if (length <= 0 || !send_piece(piece, length, first)) {
            return -1;
        }
        apr_brigade_cleanup(piece);
        first = 0;
        got = read(peer, answer, size);
    } while (got > 4 && answer[4] == GET_BODY_CHUNK);
    return got;
}

static ssize_t exchange(request_rec *r, unsigned char *answer, size_t size)
{
    if (!connected()) {
        return -1;
    }
    if (upload_length > 0) {
        return upload(r, answer, size);
    }
    return write(peer, request, request_length) == (ssize_t)request_length
           ? read(peer, answer, size) : -1;
}

static int limit_handler(request_rec *r)
{
    unsigned char answer[8192];
    if (handler != LIMIT) {
        return DECLINED;
    }
    ssize_t got = exchange(r, answer, sizeof answer);
    /* The packet with the head, and of the next its own header, a byte and the length of the data. */
    ssize_t body = got < 4 ? got : 4 + (ssize_t)number_at(answer + 2) + 7;
    ssize_t length = body < got ? number_at(answer + body - 2) : 0;
    if (length != answer_length || body + length > got) {
        return HTTP_BAD_GATEWAY;
    }
    ap_set_content_length(r, length);
    apr_bucket_alloc_t *alloc = r->connection->bucket_alloc;
    apr_bucket_brigade *brigade = brigade_for(r);
    APR_BRIGADE_INSERT_TAIL(brigade,
                            apr_bucket_transient_create((char *)answer + body, length, alloc));
    APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_eos_create(alloc));
    return ap_pass_brigade(r->output_filters, brigade) == APR_SUCCESS ? OK : AP_FILTER_ERROR;
}

/* No file is looked for, neither by its name nor in folders: what is compared looks for none. */
static int mapped(request_rec *r)
{
    return handler == NONE ? DECLINED : OK;
}

static const char *set_handler(cmd_parms *cmd, void *config, const char *name)
{
    handler = strcmp(name, "limit") == 0 ? LIMIT : FLOOR;
    return NULL;
}

static const char *set_answer(cmd_parms *cmd, void *config, const char *bytes)
{
    answer_length = apr_atoi64(bytes);
    return NULL;
}

static const char *set_upload(cmd_parms *cmd, void *config, const char *bytes)
{
    upload_length = apr_atoi64(bytes);
    make_request();
    return NULL;
}

static const char *set_peer(cmd_parms *cmd, void *config, const char *port)
{
    peer_port = atoi(port);
    return NULL;
}

static const char *set_peer_socket(cmd_parms *cmd, void *config, const char *path)
{
    peer_socket = path;
    return NULL;
}

static const command_rec commands[] = {
    AP_INIT_TAKE1("BenchHandler", set_handler, NULL, RSRC_CONF, "floor or limit"),
    AP_INIT_TAKE1("BenchAnswer", set_answer, NULL, RSRC_CONF, "bytes of each answer"),
    AP_INIT_TAKE1("BenchUpload", set_upload, NULL, RSRC_CONF, "bytes of each request's body"),
    AP_INIT_TAKE1("BenchPeer", set_peer, NULL, RSRC_CONF, "port of the AJP peer"),
    AP_INIT_TAKE1("BenchPeerSocket", set_peer_socket, NULL, RSRC_CONF, "its unix socket instead"),
    {NULL}
};

static void hooks(apr_pool_t *pool)
{
    make_request();
    memset(block, 'x', sizeof block);
    ap_hook_translate_name(mapped, NULL, NULL, APR_HOOK_FIRST);
    ap_hook_map_to_storage(mapped, NULL, NULL, APR_HOOK_FIRST);
    ap_hook_handler(floor_handler, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_handler(limit_handler, NULL, NULL, APR_HOOK_MIDDLE);
}

module AP_MODULE_DECLARE_DATA bench_floor_module = {
    STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, commands, hooks
};
