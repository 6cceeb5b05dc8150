/* What a request costs: an answer from memory, which is the floor below any backend, and the switches of
   callgrind. The last two do nothing in a server that does not run below valgrind. */
#include "httpd.h"
#include "http_config.h"
#include "http_protocol.h"
#include "http_request.h"
#include <string.h>
#include <valgrind/callgrind.h>

static char body[1024];

static int is_ours(request_rec *r)
{
    return strncmp(r->uri, "/cost/", 6) == 0;
}

/* As a proxy does it: no file is looked for. */
static int translate(request_rec *r)
{
    if (!is_ours(r)) {
        return DECLINED;
    }
    r->filename = r->uri;
    r->handler = "cost";
    return OK;
}

static int storage(request_rec *r)
{
    return is_ours(r) ? OK : DECLINED;
}

static int handle(request_rec *r)
{
    if (strcmp(r->handler, "cost") != 0) {
        return DECLINED;
    }
    if (strcmp(r->uri, "/cost/begin") == 0) {
        CALLGRIND_START_INSTRUMENTATION;
    }
    else if (strcmp(r->uri, "/cost/dump") == 0) {
        CALLGRIND_DUMP_STATS;
    }
    ap_set_content_type(r, "text/plain");
    ap_set_content_length(r, sizeof body);
    ap_rwrite(body, sizeof body, r);
    return OK;
}

static void hooks(apr_pool_t *pool)
{
    memset(body, 'x', sizeof body);
    ap_hook_translate_name(translate, NULL, NULL, APR_HOOK_FIRST);
    ap_hook_map_to_storage(storage, NULL, NULL, APR_HOOK_FIRST);
    ap_hook_handler(handle, NULL, NULL, APR_HOOK_FIRST);
}

module AP_MODULE_DECLARE_DATA test_cost_module = {
    STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL, hooks
};
