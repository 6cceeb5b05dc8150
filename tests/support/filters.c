/* Filters that do what an httpd module must not do, or must be expected to do. */
#include "httpd.h"
#include "http_config.h"
#include "util_filter.h"
#include <string.h>

/* Input: says again and again that all went well, without data. */
static apr_status_t nothing(ap_filter_t *filter, apr_bucket_brigade *brigade, ap_input_mode_t mode,
                            apr_read_type_e block, apr_off_t bytes)
{
    return APR_SUCCESS;
}

/* Input: claims that it answered. */
static apr_status_t claims(ap_filter_t *filter, apr_bucket_brigade *brigade, ap_input_mode_t mode,
                           apr_read_type_e block, apr_off_t bytes)
{
    return AP_FILTER_ERROR;
}

/* Output: fails at the first data, or at the first data behind a flush. */
static apr_status_t fails(ap_filter_t *filter, apr_bucket_brigade *brigade)
{
    const char *name = filter->frec->name;
    apr_status_t status = strstr(name, "refuses") ? AP_FILTER_ERROR : APR_EGENERAL;
    apr_bucket *bucket;
    for (bucket = APR_BRIGADE_FIRST(brigade); bucket != APR_BRIGADE_SENTINEL(brigade);
         bucket = APR_BUCKET_NEXT(bucket)) {
        if (!APR_BUCKET_IS_METADATA(bucket) && (filter->ctx || !strstr(name, "later"))) {
            return status;
        }
        if (APR_BUCKET_IS_FLUSH(bucket)) {
            filter->ctx = filter;
        }
    }
    return ap_pass_brigade(filter->next, brigade);
}

/* Output: writes notes, as any module may. */
static apr_status_t notes(ap_filter_t *filter, apr_bucket_brigade *brigade)
{
    apr_table_setn(filter->r->notes, "JK_LB_FIRST_NAME", "not ours");
    apr_table_setn(filter->r->notes, "jk_lb_last_state", "not ours");
    return ap_pass_brigade(filter->next, brigade);
}

static void hooks(apr_pool_t *pool)
{
    ap_register_output_filter("TEST_NOTES", notes, NULL, AP_FTYPE_CONTENT_SET);
    ap_register_input_filter("TEST_NOTHING", nothing, NULL, AP_FTYPE_CONTENT_SET);
    ap_register_input_filter("TEST_CLAIMS", claims, NULL, AP_FTYPE_CONTENT_SET);
    ap_register_output_filter("TEST_REFUSES", fails, NULL, AP_FTYPE_CONTENT_SET);
    ap_register_output_filter("TEST_REFUSES_LATER", fails, NULL, AP_FTYPE_CONTENT_SET);
    ap_register_output_filter("TEST_FAILS", fails, NULL, AP_FTYPE_CONTENT_SET);
    ap_register_output_filter("TEST_FAILS_LATER", fails, NULL, AP_FTYPE_CONTENT_SET);
}

module AP_MODULE_DECLARE_DATA test_filters_module = {
    STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL, hooks
};
