/* Handlers to compare with. The floor answers from memory: what httpd itself costs. The limit sends a
 * request in AJP/1.3 and passes on the answer, with one write and one read and nothing else: what every
 * AJP connector costs at least. */
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
#include <sys/un.h>
#include <unistd.h>

#define BLOCK (64 * 1024)
/* Buckets that are passed on at once. */
#define AT_ONCE 16

static enum { NONE, FLOOR, LIMIT } handler;
static apr_off_t answer_length = 1024;
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

/* GET /app/page HTTP/1.1 with the headers of the load generator. */
static void make_request(void)
{
    apr_size_t at = 4;
    request[at++] = 2;
    request[at++] = 2;
    at = put_text(at, "HTTP/1.1");
    at = put_text(at, "/app/page");
    at = put_text(at, "127.0.0.1");
    at = put_number(at, 0xffff);
    at = put_text(at, "rjk.test");
    at = put_number(at, 80);
    request[at++] = 0;
    at = put_number(at, 4);
    at = put_number(at, 0xa00b);
    at = put_text(at, "rjk.test");
    at = put_number(at, 0xa00e);
    at = put_text(at, "rjk-bench");
    at = put_number(at, 0xa001);
    at = put_text(at, "*/*");
    at = put_text(at, "X-Tenant");
    at = put_text(at, "green");
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

static int limit_handler(request_rec *r)
{
    unsigned char answer[8192];
    if (handler != LIMIT) {
        return DECLINED;
    }
    if (!connected() || write(peer, request, request_length) != (ssize_t)request_length) {
        return HTTP_BAD_GATEWAY;
    }
    ssize_t got = read(peer, answer, sizeof answer);
    /* The packet with the head, and of the next its own header, a byte and the length of the data. */
    ssize_t body = got < 4 ? got : 4 + (ssize_t)number_at(answer + 2) + 7;
    ssize_t length = body < got ? number_at(answer + body - 2) : 0;
    if (length != answer_length || body + length > got) {
        return HTTP_BAD_GATEWAY;
    }
    ap_set_content_length(r, length);
    apr_bucket_alloc_t *alloc = r->connection->bucket_alloc;
    apr_bucket_brigade *brigade = apr_brigade_create(r->pool, alloc);
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
