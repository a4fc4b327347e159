#include "store/resource.h"

#include "base/buf.h"
#include "codec/json.h"
#include "codec/json_format.h"
#include "store/names.h"

#include <string.h>

enum { JSON_BYTES = 8 << 20, DOCUMENT_BYTES = 4 << 10 /* of the arena; jansson's memory is its own */ };

static const char *const evidence_names[] = {
    [EVIDENCE_DOMAIN] = "domain",
    [EVIDENCE_RULE] = "rule",
    [EVIDENCE_DNS] = "dns",
    [EVIDENCE_TAG] = "tag",
    [EVIDENCE_CERTIFICATE] = "certificate",
    [EVIDENCE_HAND] = "hand",
};

const char *evidence_name(enum evidence evidence)
{
    return evidence_names[evidence];
}

static void put_bound(struct json_writer *w, struct arena *a, const struct bound *b)
{
    json_open_object(w);
    json_member_string(w, "slot", b->slot ? b->slot : "");
    json_member_string(w, "ref", b->ref ? b->ref : "");
    json_member_string(w, "name", b->name ? b->name : "");
    json_member_string(w, "fingerprint", b->fingerprint ? b->fingerprint : "");
    json_member_string(w, "serial", b->serial ? b->serial : "");
    json_member_raw(w, "names", json_strings(a, b->names, b->name_count));
    json_member_int(w, "not_after_ms", b->not_after_ms);
    json_member_string(w, "key_type", b->key_type ? b->key_type : "");
    json_member_string(w, "issuer", b->issuer ? b->issuer : "");
    json_close_object(w);
}

char *bound_to_json(struct arena *a, const struct bound *bound, size_t count)
{
    struct buf json = buf_new(a, JSON_BYTES);
    struct json_writer w = json_writer_to(&json);
    json_open_array(&w);
    for (size_t i = 0; i < count; i++)
        put_bound(&w, a, &bound[i]);
    json_close_array(&w);
    return json.data;
}

/* Texts outlive the parsed document, which is many times their size: a plan holds thousands of resources. */
static const char *keep(struct arena *a, const struct json *value)
{
    const char *text = json_str(value, "");
    return *text ? arena_strdup(a, text) : "";
}

static void read_bound(struct arena *a, const struct json *v, struct bound *ret)
{
    const struct json *names = json_at(v, "/names");
    size_t count = json_count(names);
    const char **texts = arena_array(a, const char *, count);
    for (size_t i = 0; i < count; i++)
        texts[i] = keep(a, json_item(names, i));
    *ret = (struct bound){
        .slot = keep(a, json_at(v, "/slot")),
        .ref = keep(a, json_at(v, "/ref")),
        .name = keep(a, json_at(v, "/name")),
        .fingerprint = keep(a, json_at(v, "/fingerprint")),
        .serial = keep(a, json_at(v, "/serial")),
        .names = texts,
        .name_count = count,
        .not_after_ms = json_int(json_at(v, "/not_after_ms"), 0),
        .key_type = keep(a, json_at(v, "/key_type")),
        .issuer = keep(a, json_at(v, "/issuer")),
    };
}

static bool parse_array(struct arena *document, const char *text, const char *what, const struct json **ret,
                        struct err *err)
{
    if (!json_parse(document, text, strlen(text), ret, err))
        return err_add(err, "%s", what);
    return json_is_array(*ret) || err_set(err, ERR_INPUT, "%s: not a JSON array", what);
}

bool bound_from_json(struct arena *a, const char *json, struct bound **ret, size_t *ret_count,
                     struct err *err)
{
    cleanup(arena_free_p) struct arena *document = arena_new(DOCUMENT_BYTES);
    const struct json *array;
    if (!parse_array(document, json, "bound certificates", &array, err))
        return false;
    size_t count = json_count(array);
    struct bound *bound = arena_array(a, struct bound, count);
    for (size_t i = 0; i < count; i++)
        read_bound(a, json_item(array, i), &bound[i]);
    *ret = bound;
    *ret_count = count;
    return true;
}

char *names_to_json(struct arena *a, const struct resource_name *names, size_t count)
{
    struct buf json = buf_new(a, JSON_BYTES);
    struct json_writer w = json_writer_to(&json);
    json_open_array(&w);
    for (size_t i = 0; i < count; i++) {
        json_open_object(&w);
        json_member_string(&w, "name", names[i].name);
        json_member_string(&w, "evidence", evidence_name(names[i].evidence));
        json_close_object(&w);
    }
    json_close_array(&w);
    return json.data;
}

static enum evidence read_evidence(const char *word)
{
    for (size_t i = 0; i < countof(evidence_names); i++)
        if (strcmp(evidence_names[i], word) == 0)
            return (enum evidence)i;
    return EVIDENCE_HAND;
}

bool names_from_json(struct arena *a, const char *json, struct resource_name **ret, size_t *ret_count,
                     struct err *err)
{
    cleanup(arena_free_p) struct arena *document = arena_new(DOCUMENT_BYTES);
    const struct json *array;
    if (!parse_array(document, json, "names", &array, err))
        return false;
    size_t count = json_count(array);
    struct resource_name *names = arena_array(a, struct resource_name, count);
    for (size_t i = 0; i < count; i++) {
        names[i].name = keep(a, json_at(json_item(array, i), "/name"));
        names[i].evidence = read_evidence(json_str(json_at(json_item(array, i), "/evidence"), ""));
    }
    *ret = names;
    *ret_count = count;
    return true;
}
