/* OSS: how an operation is told by method and sub-resources, OSS4-HMAC-SHA256, and errors in XML. */
#include "codec/xml.h"
#include "crypto/digest.h"
#include "sim/aliyun/aliyun.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    CANONICAL_BYTES = 1 << 20,
    PAIRS_MAX = 256,
    HEADERS_MAX = 64,
    CLOCK_MS = 15 * 60 * 1000,
    XML_DEPTH = 8
};

/* ---- the signature ---- */

static bool is_signed(const char *name, const char *additional)
{
    char word[128];
    snprintf(word, sizeof word, ";%s;", name);
    return !strcmp(name, "content-type") || !strcmp(name, "content-md5") || !strncmp(name, "x-oss-", 6) ||
           strstr(additional, word);
}

static int by_name(const void *x, const void *y)
{
    return strcmp(((const struct sim_header *)x)->name, ((const struct sim_header *)y)->name);
}

static void put_headers(struct buf *b, const struct sim_request *r, const char *additional)
{
    struct sim_header list[HEADERS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < r->header_count && count < HEADERS_MAX; i++)
        if (is_signed(r->headers[i].name, additional))
            list[count++] = r->headers[i];
    qsort(list, count, sizeof *list, by_name);
    for (size_t i = 0; i < count; i++)
        buf_printf(b, "%s:%s\n", list[i].name, list[i].value);
}

/* A parameter without value is its name alone, sent as "cname" or as "cname=". */
static void put_query(struct arena *a, struct buf *b, struct pairs *query)
{
    pairs_sort(query);
    for (size_t i = 0; i < query->count; i++) {
        const struct pair *p = &query->items[i];
        buf_printf(b, "%s%s%s%s", i ? "&" : "", url_encode(a, p->name), *p->value ? "=" : "",
                   url_encode(a, p->value));
    }
}

char *aliyun_oss_canonical(struct arena *a, const struct sim_request *r, const char *bucket,
                           const char *additional)
{
    struct buf b = buf_new(a, CANONICAL_BYTES);
    struct pairs query = {0};
    char *path;
    if (!query_parse(a, r->query, strlen(r->query), true, PAIRS_MAX, &query, NULL) ||
        !url_decode(a, r->path, strlen(r->path), false, &path, NULL))
        return NULL;
    buf_printf(&b, "%s\n%s%s%s\n", r->method, *bucket ? "/" : "", bucket, url_encode_path(a, path));
    put_query(a, &b, &query);
    buf_puts(&b, "\n");
    put_headers(&b, r, arena_printf(a, ";%s;", additional));
    buf_printf(&b, "\n%s\nUNSIGNED-PAYLOAD", additional);
    return b.full ? NULL : b.data;
}

char *aliyun_oss_string_to_sign(struct arena *a, const char *canonical, const char *date, const char *region)
{
    return arena_printf(a, "OSS4-HMAC-SHA256\n%s\n%.8s/%s/oss/aliyun_v4_request\n%s", date, date, region,
                        sha256_hex(a, canonical, strlen(canonical)));
}

char *aliyun_oss_signature(struct arena *a, const char *secret, const char *date, const char *region,
                           const char *string_to_sign)
{
    const char *first = arena_printf(a, "aliyun_v4%s", secret);
    const char *parts[] = {arena_copy(a, date, strnlen(date, 8)), region, "oss", "aliyun_v4_request"};
    unsigned char key[2][DIGEST_MAX_BYTES];
    size_t size = hmac_of(DIGEST_SHA256, first, strlen(first), parts[0], strlen(parts[0]), key[0]);
    for (size_t i = 1; i < countof(parts); i++)
        size = hmac_of(DIGEST_SHA256, key[(i + 1) % 2], size, parts[i], strlen(parts[i]), key[i % 2]);
    return hmac_sha256_hex(a, key[1], size, string_to_sign);
}

/* ---- errors ---- */

void oss_fail(struct sim_call *c, unsigned status, const char *code, const char *message)
{
    sim_reply(
        c, status, "application/xml",
        arena_printf(c->arena,
                     "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>%s</Code><Message>%s</Message>"
                     "<RequestId>%s</RequestId><HostId>%s</HostId><EC>0000-00000000</EC></Error>\n",
                     code, xml_escape(c->arena, message), c->request_id,
                     xml_escape(c->arena, c->request->host)));
}

void oss_refuse(struct sim_call *c, enum sim_refusal why, const char *detail)
{
    static const struct {
        unsigned status;
        const char *code, *message;
    } refusals[] = {
        [REFUSE_THROTTLED] = {429, "QpsLimitExceeded", "The number of requests exceeds the limit."},
        [REFUSE_INTERNAL] = {500, "InternalError", "Please contact the server administrator. %s"},
        [REFUSE_DENIED] = {403, "AccessDenied", "You have no right to access this object: %s"},
        [REFUSE_CREDENTIAL] = {403, "SignatureDoesNotMatch", "The signature does not match. %s"},
        [REFUSE_UNKNOWN_ACTION] = {405, "MethodNotAllowed",
                                   "The specified method is not allowed against this resource. %s"},
        [REFUSE_UNKNOWN_PARAMETER] = {400, "InvalidArgument", "The parameter %s is not supported here."},
        [REFUSE_MISSING_PARAMETER] = {400, "InvalidArgument", "%s is mandatory."},
        [REFUSE_BAD_PARAMETER] = {400, "InvalidArgument", "The value of %s is not valid."},
        [REFUSE_BAD_REQUEST] = {400, "InvalidArgument", "%s"},
    };
    const char *hole = strstr(refusals[why].message, "%s");
    int size = (int)(hole ? (size_t)(hole - refusals[why].message) : strlen(refusals[why].message));
    sim_fail(c, refusals[why].status, refusals[why].code, "%.*s%s%s", size, refusals[why].message,
             hole && detail ? detail : "", hole ? hole + 2 : "");
}

static bool no(struct sim_call *c, unsigned status, const char *code, const char *message)
{
    sim_fail(c, status, code, "%s", message);
    return false;
}

/* ---- routing ---- */

const char *oss_bucket(const struct sim_call *c)
{
    const char *host = c->request->host;
    return strncmp(host, "oss-", 4) ? arena_copy(c->arena, host, strcspn(host, ".")) : "";
}

static void add_elements(struct sim_call *c, const struct xml *node, const char *name, unsigned depth)
{
    sim_param_add(c, IN_XML, name, name, arena_strdup(c->arena, node->text));
    for (const struct xml *child = node->child; child && depth < XML_DEPTH; child = child->next)
        add_elements(c, child, arena_printf(c->arena, "%s.%s", name, child->name), depth + 1);
}

/* The body as the operation wants it, with its digest. */
static bool read_body(struct sim_call *c)
{
    const struct sim_request *r = c->request;
    const char *type = sim_request_header(r, "content-type"), *sum = sim_request_header(r, "content-md5");
    unsigned char digest[DIGEST_MAX_BYTES];
    const struct xml *document;
    if (!r->body_size)
        return true;
    if (!type || strncasecmp(type, "application/xml", 15) ||
        !xml_parse(c->arena, r->body, r->body_size, &document, NULL))
        return no(c, 400, "MalformedXML", "The XML you provided was not well-formed.");
    if (sum &&
        strcmp(sum, base64_encode(c->arena, digest, digest_of(DIGEST_MD5, r->body, r->body_size, digest))))
        return no(c, 400, "InvalidDigest", "The Content-MD5 you specified was invalid.");
    if (sum)
        sim_param_add(c, IN_HEADER, "Content-MD5", "Content-MD5", sum);
    add_elements(c, document, document->name, 0);
    return true;
}

/* Operations are named by their method and by what the query says: "GET", "GET cname", "POST cname comp=add". */
static const char *signature_of(struct sim_call *c, const struct pairs *query)
{
    const char *comp = pairs_get(query, "comp");
    return arena_printf(c->arena, "%s%s%s%s%s", c->request->method, *oss_bucket(c) ? " bucket" : "",
                        pairs_get(query, "cname") ? " cname" : "", comp ? " comp=" : "", comp ? comp : "");
}

bool oss_route(struct sim_call *c)
{
    static const struct {
        const char *signature, *operation;
    } ways[] = {{"GET", "ListBuckets"},
                {"GET bucket cname", "ListCname"},
                {"POST bucket cname comp=add", "PutCname"}};
    struct pairs query = {0};
    if (!query_parse(c->arena, c->request->query, strlen(c->request->query), true, PAIRS_MAX, &query, NULL))
        return no(c, 400, "InvalidArgument", "The query cannot be decoded.");
    for (size_t i = 0; i < countof(ways); i++)
        if (!strcmp(ways[i].signature, signature_of(c, &query)))
            c->action = ways[i].operation;
    for (size_t i = 0; i < c->service->operation_count; i++)
        if (!strcmp(c->service->operations[i].name, c->action))
            c->operation = &c->service->operations[i];
    if (!c->operation || strcmp(c->request->path, "/")) {
        oss_refuse(c, REFUSE_UNKNOWN_ACTION, c->request->target);
        return false;
    }
    for (size_t i = 0; i < query.count; i++)
        sim_param_flat(c, IN_QUERY, query.items[i].name, query.items[i].value, NULL);
    return read_body(c);
}

/* ---- authentication ---- */

static char *part(struct arena *a, const char *text, const char *begin)
{
    const char *from = strstr(text, begin);
    return from ? arena_copy(a, from + strlen(begin), strcspn(from + strlen(begin), ", ")) : NULL;
}

static bool find_access(struct sim_call *c, const char *key_id)
{
    const char *token = sim_request_header(c->request, "x-oss-security-token");
    const struct sim_access *access = sim_access_find(c, key_id);
    if (!access || access->inactive)
        return no(c, 403, "InvalidAccessKeyId",
                  "The OSS Access Key Id you provided does not exist in our records.");
    if ((access->token != NULL) != (token != NULL) || (token && strcmp(token, access->token)))
        return no(c, 403, "InvalidSecurityToken", "The security token you provided is invalid.");
    c->access = access;
    return true;
}

/* "20260102T030405Z" */
static bool check_time(struct sim_call *c, const char *date)
{
    int64_t ms;
    const char *iso = strlen(date) == 16 ? arena_printf(c->arena, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", date,
                                                        date + 4, date + 6, date + 9, date + 11, date + 13)
                                         : "";
    if (!time_parse(iso, &ms, NULL))
        return no(c, 400, "InvalidArgument", "x-oss-date is not well formed.");
    return (ms >= c->now_ms - CLOCK_MS && ms <= c->now_ms + CLOCK_MS) ||
           no(c, 403, "RequestTimeTooSkewed",
              "The difference between the request time and the current time is too large.");
}

bool oss_authenticate(struct sim_call *c)
{
    const struct sim_request *r = c->request;
    struct arena *a = c->arena;
    const char *header = sim_request_header(r, "authorization"), *date = sim_request_header(r, "x-oss-date");
    const char *payload = sim_request_header(r, "x-oss-content-sha256");
    if (!header || strncmp(header, "OSS4-HMAC-SHA256 ", 17) || !date || !payload)
        return no(c, 403, "AccessDenied", "The request is not signed with OSS4-HMAC-SHA256.");
    const char *credential = part(a, header, "Credential="), *signature = part(a, header, "Signature="),
               *additional = part(a, header, "AdditionalHeaders=");
    size_t key_size = credential ? strcspn(credential, "/") : 0;
    if (!signature || !key_size || !find_access(c, arena_copy(a, credential, key_size)) ||
        !check_time(c, date))
        return no(c, 403, "InvalidArgument", "The Authorization header is not well formed.");
    const char *scope = arena_printf(a, "/%.8s/%s/oss/aliyun_v4_request", date, c->region);
    const char *canonical = aliyun_oss_canonical(a, r, oss_bucket(c), additional ? additional : "");
    const char *to_sign = canonical ? aliyun_oss_string_to_sign(a, canonical, date, c->region) : "";
    if (canonical && !strcmp(credential + key_size, scope) && !strcmp(payload, "UNSIGNED-PAYLOAD") &&
        !strcmp(signature, aliyun_oss_signature(a, c->access->secret, date, c->region, to_sign)))
        return true;
    return no(c, 403, "SignatureDoesNotMatch",
              arena_printf(a, "The request signature we calculated does not match. StringToSign: %s",
                           to_sign));
}
