/* call.h - one remote operation, described instead of coded; made, signed, paced, sent and judged in one place.
 *
 * Arguments are a JSON object made by template (codec/json_format.h): "{'DomainName':%s}". Where each goes is part of
 * the declaration. The answer is parsed by the call's style; a refusal becomes an err with the vendor's code, request
 * id, redacted message, and the kind the vendor's table gives it. Every call passes: suspension, read-only rule,
 * limiter, signer, gate.
 *
 * Repeats: a read (or any call with `repeatable`) is repeated within job->patience_ms after a transient failure; a
 * write only when surely nothing happened (unsent, throttled, busy, clock corrected). Otherwise the err comes back
 * with kind NETWORK or TIMEOUT or transient VENDOR, and the caller reads before it acts again. A call that would wait
 * longer than the patience for its turn comes back unsent as ERR_THROTTLED with retry_after_ms.
 */
#pragma once
#include "cloud/product.h"
#include "codec/json.h"
#include "codec/json_format.h"
#include "codec/xml.h"

/* Where arguments go that are not named in the path. Lists and objects are flattened in queries and forms. */
enum call_style {
    CALL_RPC_QUERY,    /* Alibaba RPC: in the query of a POST, ACS3 */
    CALL_RPC_FORM,     /* Alibaba RPC: in the form body, ACS3 */
    CALL_RPC_V1,       /* Alibaba RPC with a private key: all in the form body, signature V1 */
    CALL_TC3,          /* Tencent: the arguments are the JSON body */
    CALL_AWS_QUERY,    /* AWS query protocol: form body, lists as .member.N, XML answer */
    CALL_AWS_EC2,      /* the same with EC2's dialect */
    CALL_AWS_JSON,     /* AWS JSON 1.1: the arguments are the body */
    CALL_AWS_REST_XML, /* path and query; body given as text; XML answer */
    CALL_OSS, /* the same at Alibaba's object storage, the bucket in the host; names without value as empty text */
    CALL_REST_JSON, /* Huawei, Alibaba ROA: query, lists as repeated names; member 'body' is the JSON body */
};

struct page_rule {
    const char
        *items; /* JSON pointer of the list: "/Domains/PageData"; XML: path of the parent, then the item's
                          name: "DescribeListenersResult/Listeners/member" */
    const char *total;    /* of the total, for page and offset styles; NULL: until a short page */
    const char *next;     /* of the next marker or token, for markers; "/#/id": the member of the last item */
    const char *position; /* request parameter: "PageNumber", "Offset", "Marker", "NextToken" */
    const char *size;     /* request parameter of the page size; NULL: none */
    unsigned size_value;
    enum { PAGE_NONE, PAGE_NUMBER, PAGE_OFFSET, PAGE_MARKER } style;
    bool size_as_text, position_as_text; /* strings on the wire where JSON */
    bool short_is_last;                  /* markers: a page that is not full is the last, whatever it says */
};

struct call {
    const char *service;      /* as the vendor's model names it: "cdn" */
    const char *sign_service; /* as its signature does; NULL: service */
    const char *operation;    /* "SetCdnDomainSSLCertificate" */
    const char *method;       /* "POST" */
    const char *host; /* "alb.{region}.aliyuncs.com"; {region}, {site}, {account} are filled in (vendor.h) */
    const char *path; /* "/", or with {names} taken from the arguments */
    const char *version; /* "2018-05-10"; "" where the path has it */
    const char *target;  /* AWS JSON: what stands before the operation in X-Amz-Target; NULL elsewhere */
    enum call_style style;
    /* What it may send, separated by spaces: "DomainName Certificates[].CertificateId body.listener.name Route.*";
     * anything else is refused as our mistake. Names in the path need not be listed, nor those of the page. NULL: none.
     */
    const char *parameters;
    const char *content_type; /* of CALL_REST_JSON's body; NULL: application/json */
    bool
        private_answer; /* it may hold private keys: walked in memory that is wiped (other calls: by the caller) */
    bool write;         /* changes something */
    bool repeatable;         /* may be sent again when the answer was lost; reads always are */
    bool regional_header;    /* Tencent: send X-TC-Region */
    double per_second;       /* the published limit; 0: none published */
    const char *limit_group; /* calls sharing one bucket; NULL: a bucket of its own */
    struct page_rule page;
};

struct answer {
    long status;
    const char *text; /* the body as received */
    size_t size;
    const struct json *json; /* NULL where XML; Tencent: what is inside "Response" */
    const struct xml *xml;   /* NULL where JSON */
    const char *etag;        /* "" if none */
};

/* Makes the call in a region ("" for global ones). The arguments are a template; see json_format. Where ret is NULL nobody
 * wants the answer: that it came and was no refusal is all.
 */
must_use bool cloud_call(struct job *job, const struct call *call, const char *region, struct answer *ret,
                         struct err *err, const char *arguments, ...) like_printf(6, 7);

/* The same with a request document and If-Match (aws/cloudfront). */
must_use bool cloud_put_document(struct job *job, const struct call *call, const char *region,
                                 const char *document, const char *etag, struct answer *ret, struct err *err,
                                 const char *arguments, ...) like_printf(8, 9);

/* The same with arguments that hold a private key: they are made in memory that is wiped, and nothing of them is kept. */
must_use bool cloud_call_secret(struct job *job, const struct call *call, const char *region,
                                struct answer *ret, struct err *err, const char *arguments, ...)
    like_printf(6, 7);

/* For an answer that may hold a private key: the job with an arena of its own that is wiped when the scope ends. What stays
 * is copied to the outer one.
 *   cleanup(job_close) struct job hidden = job_hidden(job);
 */
struct job job_hidden(const struct job *job);
void job_close(struct job *hidden);

/* A listing, page by page, item by item, for a loop:
 *
 *   cleanup(pages_close) struct pages p = cloud_pages(job, &list_domains, region, "{}");
 *   for (const struct json *v; (v = pages_next(&p));)
 *       ...
 *   return pages_end(&p, err);
 *
 * From the first item until it ends, job->arena is the page's own and goes with the page: what must stay is copied to an
 * arena taken before. At most 1,000,000 items or 10,000 pages; a marker that does not move fails the listing.
 */
struct pages {
    struct job *job;
    const struct call *call;
    const char *region, *arguments;
    struct arena *outer, *keep, *page; /* the job's; as long as the walk; of this page */
    const struct json *list;
    const struct xml *node; /* the next one */
    size_t at, page_items;
    unsigned page_size;
    size_t items, count; /* items and pages before this page */
    const char *marker;
    bool more, failed;
    struct err err;
};
struct pages cloud_pages(struct job *job, const struct call *call, const char *region, const char *arguments,
                         ...) like_printf(4, 5);
/* The next item of a JSON listing, of an XML one; NULL at its end, and where a page failed. */
const struct json *pages_next(struct pages *p);
const struct xml *pages_next_xml(struct pages *p);
/* Leaves the listing, wherever it is. False, with err, where a page failed. */
must_use bool pages_end(struct pages *p, struct err *err);
void pages_close(struct pages *p); /* for cleanup() */

/* How listings are cut into pages, within a struct call: by number, by offset, or by what one answer tells of the next. The
 * names of position and size are parameters of the call without being listed as such.
 */
#define PAGES_BY_NUMBER(list, all, number, size_name, at_once)                                               \
    .page = {.items = (list),                                                                                \
             .total = (all),                                                                                 \
             .position = (number),                                                                           \
             .size = (size_name),                                                                            \
             .size_value = (at_once),                                                                        \
             .style = PAGE_NUMBER}
#define PAGES_BY_OFFSET(list, all, offset, size_name, at_once)                                               \
    .page = {.items = (list),                                                                                \
             .total = (all),                                                                                 \
             .position = (offset),                                                                           \
             .size = (size_name),                                                                            \
             .size_value = (at_once),                                                                        \
             .style = PAGE_OFFSET}
#define PAGES_BY_MARKER(list, following, marker_name, size_name, at_once)                                    \
    .page = {.items = (list),                                                                                \
             .next = (following),                                                                            \
             .position = (marker_name),                                                                      \
             .size = (size_name),                                                                            \
             .size_value = (at_once),                                                                        \
             .style = PAGE_MARKER}

/* The NULL-ended list that struct product names, of pointers to calls. */
#define CALLS(...) ((const struct call *const[]){__VA_ARGS__, NULL})
