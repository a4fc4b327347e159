/* text.h - base64, hex, percent-encoding, URLs and query strings: bytes to text and back; splicing. Pure functions. */
#pragma once
#include "base/arena.h"
#include "base/err.h"

/* The text with the bytes from begin to end replaced by these. */
char *text_replaced(struct arena *a, const char *text, size_t size, size_t begin, size_t end,
                    const char *with);

char *hex_encode(struct arena *a, const void *data, size_t size); /* lower case */
must_use bool hex_decode(struct arena *a, const char *text, unsigned char **ret, size_t *ret_size,
                         struct err *err);

char *base64_encode(struct arena *a, const void *data, size_t size); /* padded, standard alphabet, one line */
/* Strict: standard alphabet, right padding, nothing else; ERR_INPUT otherwise. */
must_use bool base64_decode(struct arena *a, const char *text, size_t text_size, unsigned char **ret,
                            size_t *ret_size, struct err *err);

/* RFC 3986: A-Z a-z 0-9 - _ . ~ stay, every other byte becomes %XX in upper case. */
char *url_encode(struct arena *a, const char *text);
char *url_encode_path(struct arena *a, const char *path); /* the same, but '/' stays */
/* Refuses a broken escape and %00. plus_is_space for forms. */
must_use bool url_decode(struct arena *a, const char *text, size_t size, bool plus_is_space, char **ret,
                         struct err *err);

struct url {
    const char *scheme; /* "http" or "https", lower case */
    const char *host;   /* lower case, IPv6 without brackets */
    unsigned port;      /* 80 or 443 where the text has none */
    bool explicit_port;
    const char *path;  /* as written, begins with '/', at least "/" */
    const char *query; /* as written, without '?'; "" if none */
};

/* http and https only; user information, a fragment and control characters are refused. */
must_use bool url_parse(struct arena *a, const char *text, struct url *ret, struct err *err);

/* "host:port", "[v6]:port", or with default_port "host" alone. Port 1-65535. */
must_use bool host_port_parse(struct arena *a, const char *text, unsigned default_port, const char **ret_host,
                              unsigned *ret_port, struct err *err);

/* Names and values in order, decoded. Repeated names are repeated entries. */
struct pair {
    const char *name, *value;
};
struct pairs {
    struct pair *items;
    size_t count, capacity;
};
void pairs_add(struct arena *a, struct pairs *pairs, const char *name, const char *value);
const char *pairs_get(const struct pairs *pairs, const char *name); /* the first; NULL if none */
void pairs_sort(struct pairs *pairs);                               /* by name, then value, byte order */
/* "a=1&b=2", both sides url_encoded. */
char *query_format(struct arena *a, const struct pairs *pairs);
/* At most max_pairs entries; a name without '=' gets "". */
must_use bool query_parse(struct arena *a, const char *query, size_t size, bool plus_is_space,
                          size_t max_pairs, struct pairs *ret, struct err *err);
