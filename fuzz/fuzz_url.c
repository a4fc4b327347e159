/* A text, read as URL, host and port, query, percent-encoding, base64, hex and domain name: each comes back the same. */
#include "codec/name.h"
#include "codec/text.h"
#include "fuzz.h"

static void check_url(struct arena *a, const char *text)
{
    struct url url, again;
    if (!url_parse(a, text, &url, NULL))
        return;
    must(*url.host && url.port >= 1 && url.port <= 65535 && url.path[0] == '/');
    must(!strpbrk(url.host, "@/?#\\ ") && !strpbrk(url.path, "?# ") && !strchr(url.query, '#'));
    bool v6 = strchr(url.host, ':') != NULL;
    char *whole = arena_printf(a, "%s://%s%s%s:%u%s?%s", url.scheme, v6 ? "[" : "", url.host, v6 ? "]" : "",
                               url.port, url.path, url.query);
    must(url_parse(a, whole, &again, NULL) && again.explicit_port);
    must(strcmp(again.host, url.host) == 0 && again.port == url.port);
    must(strcmp(again.path, url.path) == 0 && strcmp(again.query, url.query) == 0);
    const char *host;
    unsigned port;
    char *pair = arena_printf(a, "%s%s%s:%u", v6 ? "[" : "", url.host, v6 ? "]" : "", url.port);
    must(host_port_parse(a, pair, 0, &host, &port, NULL) && strcmp(host, url.host) == 0 && port == url.port);
}

static void check_query(struct arena *a, const char *text, size_t size)
{
    struct pairs pairs = {0}, again = {0};
    if (!query_parse(a, text, size, true, 200, &pairs, NULL))
        return;
    must(pairs.count <= 200);
    pairs_sort(&pairs);
    char *query = query_format(a, &pairs);
    must(query_parse(a, query, strlen(query), false, 200, &again, NULL) && again.count == pairs.count);
    for (size_t i = 0; i < pairs.count; i++) {
        must(strcmp(pairs.items[i].name, again.items[i].name) == 0);
        must(strcmp(pairs.items[i].value, again.items[i].value) == 0);
        must(pairs_get(&again, pairs.items[i].name));
    }
}

static void check_encodings(struct arena *a, const char *text, size_t size)
{
    char *encoded = url_encode(a, text), *path = url_encode_path(a, text), *back;
    unsigned char *bytes;
    size_t bytes_size;
    must(url_decode(a, encoded, strlen(encoded), true, &back, NULL) && strcmp(back, text) == 0);
    must(url_decode(a, path, strlen(path), true, &back, NULL) && strcmp(back, text) == 0);
    if (base64_decode(a, text, size, &bytes, &bytes_size, NULL))
        must(strcmp(base64_encode(a, bytes, bytes_size), arena_copy(a, text, size)) == 0);
    if (hex_decode(a, text, &bytes, &bytes_size, NULL))
        must(strcasecmp(hex_encode(a, bytes, bytes_size), text) == 0);
    char *base64 = base64_encode(a, text, size);
    must(base64_decode(a, base64, strlen(base64), &bytes, &bytes_size, NULL));
    must(bytes_size == size && memcmp(bytes, text, size) == 0);
}

static void check_name(struct arena *a, const char *text)
{
    const char *name, *again;
    if (!name_normalise(a, text, true, &name, NULL))
        return;
    must(strlen(name) <= 253 && !strpbrk(name, "/@ ?#\\"));
    must(name_normalise(a, name, true, &again, NULL) && strcmp(name, again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    const char *text = arena_copy(a, data, size);
    const char *host;
    unsigned port;
    if (size > 1 << 16)
        return 0;
    check_url(a, text);
    check_query(a, text, size);
    check_encodings(a, text, size);
    check_name(a, text);
    if (host_port_parse(a, text, 443, &host, &port, NULL))
        must(*host && port >= 1 && port <= 65535);
    return 0;
}
