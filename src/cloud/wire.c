#include "cloud/wire.h"

#include "base/buf.h"
#include "codec/json_slice.h"
#include "crypto/digest.h"
#include <stdio.h>
#include <string.h>

enum { WIRE_BYTES = 8 << 20, NAME_BYTES = 256 };

/* Whether a name in pattern form ("A[].B") is declared. */
static bool declared(const char *parameters, const char *name)
{
    for (const char *p = parameters ? parameters : ""; *p; p += strspn(p, " ")) {
        size_t size = strcspn(p, " ");
        if (size > 2 && p[size - 1] == '*' && p[size - 2] == '.') {
            size_t stem = size - 2;
            if (strncmp(p, name, stem) == 0 && (!name[stem] || name[stem] == '.' || name[stem] == '['))
                return true;
        }
        if (strlen(name) == size && strncmp(p, name, size) == 0)
            return true;
        p += size;
    }
    return false;
}

struct flat { /* one walk over the arguments */
    struct arena *arena;
    const struct call *call;
    const char *list;  /* what stands before an index: ".member." or "." */
    bool repeat;       /* lists repeat the name instead */
    struct pairs *out; /* NULL: only check */
    struct err *err;
};

/* Adds the leaves of v; `name` is as on the wire, `pattern` as declared. */
static bool flatten(struct flat *f, const char *name, const char *pattern, const struct json *v)
{
    struct arena *a = f->arena;
    if (json_is_null(v))
        return true;
    if (json_is_array(v)) {
        if (!json_count(v) && !declared(f->call->parameters, arena_printf(a, "%s[]", pattern)))
            return true;
        for (size_t i = 0; i < json_count(v); i++) {
            const char *item = f->repeat ? name : arena_printf(a, "%s%s%zu", name, f->list, i + 1);
            if (!flatten(f, item, arena_printf(a, "%s[]", pattern), json_item(v, i)))
                return false;
        }
        return true;
    }
    if (json_is_object(v) && json_count(v)) {
        const char *member;
        const struct json *value;
        for (size_t i = 0; json_member(v, i, &member, &value); i++)
            if (!flatten(f, arena_printf(a, "%s.%s", name, member), arena_printf(a, "%s.%s", pattern, member),
                         value))
                return false;
        return true;
    }
    if (!declared(f->call->parameters, pattern) && !declared(f->call->page.position, pattern) &&
        !declared(f->call->page.size, pattern))
        return err_set(f->err, ERR_INTERNAL, "%s %s does not declare the parameter %s", f->call->service,
                       f->call->operation, pattern);
    if (f->out)
        pairs_add(a, f->out, name, json_text(a, v, ""));
    return true;
}

/* Or in the host. */
static bool in_path(const struct call *call, const char *name)
{
    char word[NAME_BYTES];
    snprintf(word, sizeof word, "{%s}", name);
    return strstr(call->path, word) || strstr(call->host, word);
}

/* The arguments that are not part of the path, flattened; `body` of REST calls is only checked. */
static bool flatten_all(struct flat *f, const struct json *arguments)
{
    const char *name;
    const struct json *value;
    for (size_t i = 0; json_member(arguments, i, &name, &value); i++) {
        if (in_path(f->call, name))
            continue;
        struct flat body = *f;
        body.out = NULL;
        bool is_body = f->call->style == CALL_REST_JSON && strcmp(name, "body") == 0;
        if (!flatten(is_body ? &body : f, name, name, value))
            return false;
    }
    return true;
}

static const char *path_value(struct arena *a, const struct wire_input *in, const struct json *arguments,
                              const char *name)
{
    const char *value = json_text(a, json_at(arguments, arena_printf(a, "/%s", name)), NULL);
    return value || !in->path ? value : pairs_get(in->path, name);
}

static bool render_path(struct arena *a, const struct wire_input *in, const struct json *arguments,
                        const char **ret, struct err *err)
{
    struct buf out = buf_new(a, 16 << 10);
    for (const char *p = in->call->path; *p;) {
        size_t size = strcspn(p, "{");
        buf_add(&out, p, size);
        p += size;
        if (!*p)
            break;
        size_t length = strcspn(++p, "}");
        const char *name = arena_copy(a, p, length);
        const char *value = path_value(a, in, arguments, name);
        if (!value || !*value)
            return err_set(err, ERR_INTERNAL, "%s %s: no value for {%s} in the path", in->call->service,
                           in->call->operation, name);
        buf_puts(&out, url_encode(a, value));
        p += length + 1;
    }
    if (out.full)
        return err_set(err, ERR_INPUT, "the path of %s is too long", in->call->operation);
    *ret = out.data;
    return true;
}

/* What stands for "{bucket}" or "{account}" in a host: one label. */
static const char *host_label(struct arena *a, const struct wire_input *in, const struct json *arguments,
                              const char *name)
{
    const char *value = path_value(a, in, arguments, name);
    size_t size = value ? strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789-") : 0;
    return size && !value[size] && size < 64 ? value : "";
}

static const char *render_host(struct arena *a, const struct wire_input *in, const struct json *arguments)
{
    const struct vendor *v = in->vendor;
    const char *special = v->host ? v->host(a, in->site, in->call, in->region) : NULL;
    if (special)
        return special;
    bool china = strcmp(in->site, "china") == 0;
    const char *site = china ? v->site_china : v->site_international;
    struct buf out = buf_new(a, NAME_BYTES);
    for (const char *p = in->call->host; *p; p++) {
        if (strncmp(p, "{region}", 8) == 0) {
            buf_puts(&out, in->region);
            p += 7;
        } else if (strncmp(p, "{site}", 6) == 0) {
            buf_puts(&out, site ? site : "");
            p += 5;
        } else if (*p == '{') {
            size_t size = strcspn(p + 1, "}");
            buf_puts(&out, host_label(a, in, arguments, arena_copy(a, p + 1, size)));
            p += size + 1;
        } else {
            buf_putc(&out, *p);
        }
    }
    return out.data;
}

/* A region comes from the user or a cloud and becomes part of a host name. */
static bool check_region(const char *region, struct err *err)
{
    size_t size = strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-");
    if (region[size] || size > 40)
        return err_set(err, ERR_INPUT, "\"%.40s\" is no region: lower-case letters, digits and hyphens",
                       region);
    return true;
}

static void set_body(struct wire *w, const char *body, const char *type)
{
    w->body = body;
    w->body_size = strlen(body);
    wire_header(w, "Content-Type", type);
}

static const char form_type[] = "application/x-www-form-urlencoded";

static char *md5_base64(struct arena *a, const char *text)
{
    unsigned char digest[DIGEST_MAX_BYTES];
    size_t size = digest_of(DIGEST_MD5, text, strlen(text), digest);
    return base64_encode(a, digest, size);
}

static bool render_rest(struct arena *a, const struct wire_input *in, const struct json *arguments,
                        const struct pairs *flat, struct wire *w, struct err *err)
{
    w->query = query_format(a, flat);
    bool oss = in->call->style == CALL_OSS, xml = oss || in->call->style == CALL_AWS_REST_XML;
    if (in->document)
        set_body(w, in->document, xml ? "application/xml" : "application/json");
    else if (!xml && json_at(arguments, "/body")) {
        char *body;
        if (!json_excerpt(a, in->arguments, strlen(in->arguments), "/body", &body, err))
            return false;
        set_body(w, body, in->call->content_type ? in->call->content_type : "application/json");
    } else if (!xml && strcmp(in->vendor->cloud, "huawei") == 0)
        wire_header(w, "Content-Type",
                    "application/json"); /* on requests without body too, as its SDK does */
    if (in->etag)
        wire_header(w, "If-Match", in->etag);
    if (oss && in->document)
        wire_header(w, "Content-MD5", md5_base64(a, in->document));
    return true;
}

static bool render_body(struct arena *a, const struct wire_input *in, const struct json *arguments,
                        struct pairs *flat, struct wire *w, struct pairs *parameters, struct err *err)
{
    const struct call *call = in->call;
    switch (call->style) {
    case CALL_RPC_QUERY:
        w->query = query_format(a, flat);
        return true;
    case CALL_RPC_FORM:
        set_body(w, query_format(a, flat), form_type);
        return true;
    case CALL_RPC_V1:
        *parameters = *flat;
        return true;
    case CALL_AWS_QUERY:
    case CALL_AWS_EC2:
        set_body(w,
                 arena_printf(a, "Action=%s&Version=%s%s%s", call->operation, call->version,
                              flat->count ? "&" : "", query_format(a, flat)),
                 form_type);
        return true;
    case CALL_TC3:
        set_body(w, in->arguments, "application/json");
        return true;
    case CALL_AWS_JSON:
        wire_header(w, "X-Amz-Target", arena_printf(a, "%s.%s", call->target, call->operation));
        set_body(w, in->arguments, "application/x-amz-json-1.1");
        return true;
    case CALL_AWS_REST_XML:
    case CALL_OSS:
    case CALL_REST_JSON:
        return render_rest(a, in, arguments, flat, w, err);
    }
    return err_set(err, ERR_INTERNAL, "a call without style");
}

bool wire_render(struct arena *a, const struct wire_input *in, struct wire *w, struct pairs *parameters,
                 struct err *err)
{
    const struct json *arguments;
    if (!check_region(in->region, err))
        return false;
    if (!json_parse(a, in->arguments, strlen(in->arguments), &arguments, err))
        return err_add(err, "arguments of %s", in->call->operation);
    struct pairs flat = {0};
    bool member = in->call->style == CALL_AWS_QUERY;
    struct flat walk = {a,     in->call, member ? ".member." : ".", in->call->style == CALL_REST_JSON,
                        &flat, err};
    w->method = in->call->method;
    w->host = render_host(a, in, arguments);
    w->query = "";
    w->body = "";
    return flatten_all(&walk, arguments) && render_path(a, in, arguments, &w->path, err) &&
           render_body(a, in, arguments, &flat, w, parameters, err);
}
