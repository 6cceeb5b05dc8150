#include "httpd_headers.h"

extern module AP_MODULE_DECLARE_DATA jk_module;
APLOG_USE_MODULE(jk);

/* As in mod_http2.h, which not every httpd's headers have. */
APR_DECLARE_OPTIONAL_FN(void, http2_get_num_workers, (server_rec *server, int *least, int *most));

#if !AP_MODULE_MAGIC_AT_LEAST(20120211, 102)
/* As in mod_ssl.h. */
APR_DECLARE_OPTIONAL_FN(int, ssl_is_https, (conn_rec *connection));
#endif

void rjk_log_server(int level, const server_rec *server, const char *text)
{
    ap_log_error(APLOG_MARK, level, 0, server, "%s", text);
}

void rjk_log_request(int level, const request_rec *request, const char *text)
{
    ap_log_rerror(APLOG_MARK, level, 0, request, "%s", text);
}

int rjk_http2_workers(server_rec *main)
{
    APR_OPTIONAL_FN_TYPE(http2_get_num_workers) *ask =
        APR_RETRIEVE_OPTIONAL_FN(http2_get_num_workers);
    int least = 0, most = 0;
    if (ask) {
        ask(main, &least, &most);
    }
    return most;
}

void *rjk_server_config(const server_rec *server)
{
    return ap_get_module_config(server->module_config, &jk_module);
}

void rjk_set_server_config(server_rec *server, void *config)
{
    ap_set_module_config(server->module_config, &jk_module, config);
}

void *rjk_request_config(const request_rec *request)
{
    return ap_get_module_config(request->request_config, &jk_module);
}

void rjk_set_request_config(request_rec *request, void *config)
{
    ap_set_module_config(request->request_config, &jk_module, config);
}

int rjk_keeps_encoded_slashes(const request_rec *request)
{
    const core_dir_config *config = ap_get_core_module_config(request->server->lookup_defaults);
    return config->allow_encoded_slashes && !config->decode_encoded_slashes;
}

const char *rjk_normalized_path(apr_pool_t *pool, const char *path, int merge_slashes)
{
#if AP_MODULE_MAGIC_AT_LEAST(20120211, 109)
    char *copy = apr_pstrdup(pool, path);
    unsigned int flags = AP_NORMALIZE_NOT_ABOVE_ROOT | AP_NORMALIZE_DECODE_UNRESERVED;
    if (merge_slashes) {
        flags |= AP_NORMALIZE_MERGE_SLASHES;
    }
    return ap_normalize_path(copy, flags) ? copy : NULL;
#else
    return NULL;
#endif
}

apr_bucket_brigade *rjk_brigade_make(apr_pool_t *pool, apr_bucket_alloc_t *alloc)
{
    apr_bucket_brigade *brigade = apr_palloc(pool, sizeof(*brigade));
    if (brigade) {
        brigade->p = pool;
        brigade->bucket_alloc = alloc;
        APR_RING_INIT(&brigade->list, apr_bucket, link);
    }
    return brigade;
}

void rjk_brigade_append(apr_bucket_brigade *brigade, const char *bytes, apr_size_t length)
{
    apr_bucket *bucket = apr_bucket_transient_create(bytes, length, brigade->bucket_alloc);
    APR_BRIGADE_INSERT_TAIL(brigade, bucket);
}

void rjk_brigade_append_flush(apr_bucket_brigade *brigade)
{
    apr_bucket *bucket = apr_bucket_flush_create(brigade->bucket_alloc);
    APR_BRIGADE_INSERT_TAIL(brigade, bucket);
}

void rjk_brigade_append_eos(apr_bucket_brigade *brigade)
{
    apr_bucket *bucket = apr_bucket_eos_create(brigade->bucket_alloc);
    APR_BRIGADE_INSERT_TAIL(brigade, bucket);
}

void rjk_brigade_append_error(apr_bucket_brigade *brigade, int status, apr_pool_t *pool)
{
    apr_bucket *bucket = ap_bucket_error_create(status, NULL, pool, brigade->bucket_alloc);
    APR_BRIGADE_INSERT_TAIL(brigade, bucket);
}

int rjk_brigade_error(const apr_bucket_brigade *brigade)
{
    const apr_bucket *bucket;
    for (bucket = APR_BRIGADE_FIRST(brigade); bucket != APR_BRIGADE_SENTINEL(brigade);
         bucket = APR_BUCKET_NEXT(bucket)) {
        if (AP_BUCKET_IS_ERROR(bucket)) {
            return ((const ap_bucket_error *)bucket->data)->status;
        }
    }
    return 0;
}

int rjk_brigade_is_empty(const apr_bucket_brigade *brigade)
{
    return APR_BRIGADE_EMPTY(brigade);
}

apr_status_t rjk_brigade_take(apr_bucket_brigade *brigade, char *buffer, apr_size_t *length,
                              int *ended)
{
    apr_size_t room = *length;
    *length = 0;
    while (room > 0 && !APR_BRIGADE_EMPTY(brigade)) {
        apr_bucket *bucket = APR_BRIGADE_FIRST(brigade);
        const char *data;
        apr_size_t bytes;
        apr_status_t status;
        if (APR_BUCKET_IS_EOS(bucket)) {
            *ended = 1;
            return APR_SUCCESS;
        }
        status = apr_bucket_read(bucket, &data, &bytes, APR_BLOCK_READ);
        if (status == APR_SUCCESS && bytes > room) {
            bytes = room;
            status = apr_bucket_split(bucket, bytes);
        }
        if (status != APR_SUCCESS) {
            return status;
        }
        memcpy(buffer + *length, data, bytes);
        *length += bytes;
        room -= bytes;
        apr_bucket_delete(bucket);
    }
    return APR_SUCCESS;
}

apr_status_t rjk_brigade_take_now(apr_bucket_brigade *brigade, char *buffer, apr_size_t *length)
{
    apr_size_t room = *length;
    *length = 0;
    while (room > 0 && !APR_BRIGADE_EMPTY(brigade)) {
        apr_bucket *bucket = APR_BRIGADE_FIRST(brigade);
        const char *data;
        apr_size_t bytes;
        apr_status_t status;
        if (APR_BUCKET_IS_METADATA(bucket)) {
            apr_bucket_delete(bucket);
            continue;
        }
        status = apr_bucket_read(bucket, &data, &bytes, APR_NONBLOCK_READ);
        if (status == APR_SUCCESS && bytes > room) {
            bytes = room;
            status = apr_bucket_split(bucket, bytes);
        }
        if (status != APR_SUCCESS) {
            return *length > 0 ? APR_SUCCESS : status;
        }
        memcpy(buffer + *length, data, bytes);
        *length += bytes;
        room -= bytes;
        apr_bucket_delete(bucket);
    }
    return *length > 0 ? APR_SUCCESS : APR_EAGAIN;
}

int rjk_connection_descriptor(conn_rec *connection)
{
    apr_socket_t *socket = NULL;
    apr_os_sock_t descriptor = -1;
#if AP_MODULE_MAGIC_AT_LEAST(20120211, 129)
    apr_pollfd_t found;
    memset(&found, 0, sizeof(found));
    if (ap_get_pollfd_from_conn(connection, &found, NULL) != APR_SUCCESS) {
        return -1;
    }
    if (found.desc_type == APR_POLL_FILE) {
        apr_os_file_t file = -1;
        return apr_os_file_get(&file, found.desc.f) == APR_SUCCESS ? file : -1;
    }
    if (found.desc_type == APR_POLL_SOCKET) {
        socket = found.desc.s;
    }
#else
    if (!connection->master) {
        socket = ap_get_conn_socket(connection);
    }
#endif
    if (!socket || apr_os_sock_get(&descriptor, socket) != APR_SUCCESS) {
        return -1;
    }
    return descriptor;
}

int rjk_connection_is_plain(conn_rec *connection)
{
    if (connection->master) {
        return 0;
    }
#if AP_MODULE_MAGIC_AT_LEAST(20120211, 102)
    return !ap_ssl_conn_is_ssl(connection);
#else
    APR_OPTIONAL_FN_TYPE(ssl_is_https) *ask = APR_RETRIEVE_OPTIONAL_FN(ssl_is_https);
    return !ask || !ask(connection);
#endif
}

apr_status_t rjk_connection_push(conn_rec *connection)
{
    ap_filter_t *last = connection->output_filters;
    while (last->next) {
        last = last->next;
    }
    return last->frec->filter_func.out_func(last, NULL);
}
