/* What httpd offers as macros, inline functions or functions with variable arguments. */
#ifndef RJK_SHIM_H
#define RJK_SHIM_H

void rjk_log_server(int level, const server_rec *server, const char *text);
void rjk_log_request(int level, const request_rec *request, const char *text);

/* Most threads that mod_http2 has per child, as the main server says; 0 without mod_http2. */
int rjk_http2_workers(server_rec *main);

void *rjk_server_config(const server_rec *server);
void rjk_set_server_config(server_rec *server, void *config);
void *rjk_request_config(const request_rec *request);
void rjk_set_request_config(request_rec *request, void *config);

/* Whether AllowEncodedSlashes is NoDecode. */
int rjk_keeps_encoded_slashes(const request_rec *request);

/* The path as httpd normalises it before it decodes it; NULL when it cannot or does not. */
const char *rjk_normalized_path(apr_pool_t *pool, const char *path, int merge_slashes);

/* As apr_brigade_create, for who empties it: no clean-up of the pool does. */
apr_bucket_brigade *rjk_brigade_make(apr_pool_t *pool, apr_bucket_alloc_t *alloc);

void rjk_brigade_append(apr_bucket_brigade *brigade, const char *bytes, apr_size_t length);
void rjk_brigade_append_flush(apr_bucket_brigade *brigade);
void rjk_brigade_append_eos(apr_bucket_brigade *brigade);
void rjk_brigade_append_error(apr_bucket_brigade *brigade, int status, apr_pool_t *pool);

/* The HTTP status of the first error bucket; 0 without one. */
int rjk_brigade_error(const apr_bucket_brigade *brigade);

/* Whether a brigade holds nothing. */
int rjk_brigade_is_empty(const apr_bucket_brigade *brigade);

/* Moves data from the front of a brigade to a buffer of *length bytes, up to EOS, which sets
   *ended and stays; *length becomes the bytes moved. */
apr_status_t rjk_brigade_take(apr_bucket_brigade *brigade, char *buffer, apr_size_t *length,
                              int *ended);

/* As rjk_brigade_take for a connection, without waiting: APR_EAGAIN when there is nothing. What is no data is
   dropped: the end of a connection is an APR_EOF of its filters. */
apr_status_t rjk_brigade_take_now(apr_bucket_brigade *brigade, char *buffer, apr_size_t *length);

/* What becomes readable when the connection's filters have something; -1 without such a thing. */
int rjk_connection_descriptor(conn_rec *connection);

/* Whether the connection is the socket itself: no TLS, no stream of HTTP/2. */
int rjk_connection_is_plain(conn_rec *connection);

/* Has the last output filter write what it keeps, as far as that needs no wait; as httpd's event MPM does. */
apr_status_t rjk_connection_push(conn_rec *connection);

#endif
