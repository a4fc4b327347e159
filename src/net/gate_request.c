#include "net/gate_private.h"

#include "codec/text.h"

#include <string.h>
#include <strings.h>

static bool clean_header(const struct http_header *h)
{
    if (!*h->name || strpbrk(h->name, ": ;\t"))
        return false;
    for (const char *p = h->name; *p; p++)
        if ((unsigned char)*p <= ' ' || *p == 0x7f)
            return false;
    for (const char *p = h->value; *p; p++)
        if (((unsigned char)*p < ' ' && *p != '\t') || *p == 0x7f)
            return false;
    return true;
}

static bool has_header(const struct http_request *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++)
        if (strcasecmp(request->headers[i].name, name) == 0)
            return true;
    return false;
}

/* The nodes are ours, not curl_slist_append's: no copy of a token outside the arena. */
static void add_line(struct transfer *t, struct curl_slist ***end, char *line)
{
    struct curl_slist *node = arena_make(t->arena, struct curl_slist);
    node->data = line;
    **end = node;
    *end = &node->next;
}

static bool make_headers(struct transfer *t, struct err *err)
{
    static const char *const unwanted[] = {"Expect", "Content-Type"}; /* that libcurl would add */
    const struct http_request *request = t->request;
    struct curl_slist **end = &t->headers;
    for (size_t i = 0; i < request->header_count; i++) {
        const struct http_header *h = &request->headers[i];
        if (!clean_header(h))
            return err_set(err, ERR_INPUT, "the request header %zu holds a character no header may hold", i);
        /* A semicolon is libcurl's way to send an empty one. */
        add_line(t, &end,
                 *h->value ? arena_printf(t->arena, "%s: %s", h->name, h->value)
                           : arena_printf(t->arena, "%s;", h->name));
    }
    for (size_t i = 0; i < countof(unwanted); i++)
        if (!has_header(request, unwanted[i]))
            add_line(t, &end, arena_printf(t->arena, "%s:", unwanted[i]));
    return true;
}

static bool check_url(struct transfer *t, struct err *err)
{
    struct url url, proxy;
    for (const char *p = t->request->url; *p; p++)
        if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f)
            return err_set(err, ERR_INPUT, "the URL holds a blank or a byte that must be percent-encoded");
    if (!url_parse(t->arena, t->request->url, &url, err))
        return false;
    t->host = url.host;
    const char *unix_socket = t->request->unix_socket ? t->request->unix_socket : "";
    t->way = arena_printf(t->arena, "%s %s %s %s:%u", unix_socket, t->request->proxy ? t->request->proxy : "",
                          url.scheme, url.host, url.port);
    if (!t->request->proxy)
        return true;
    if (!url_parse(t->arena, t->request->proxy, &proxy, err))
        return err_add(err, "proxy");
    if (strcmp(proxy.scheme, "http") != 0)
        return err_set(err, ERR_INPUT, "proxy: only http:// proxies are supported");
    return true;
}

bool transfer_prepare(struct transfer *t, struct err *err)
{
    if (check_url(t, err) && make_headers(t, err))
        return true;
    if (err)
        err->unsent = true;
    return false;
}

/* What a failure means to the caller. Codes without a row are network trouble of which nothing is known. */
static const struct failure {
    CURLcode code;
    enum err_kind kind;
    bool transient;
} failures[] = {
    {CURLE_URL_MALFORMAT, ERR_INPUT, false},      {CURLE_UNSUPPORTED_PROTOCOL, ERR_INPUT, false},
    {CURLE_SSL_CACERT_BADFILE, ERR_INPUT, false}, {CURLE_PEER_FAILED_VERIFICATION, ERR_NETWORK, false},
    {CURLE_SSL_CERTPROBLEM, ERR_INPUT, false},    {CURLE_OPERATION_TIMEDOUT, ERR_TIMEOUT, true},
};

void transfer_describe_failure(const struct transfer *t, struct err *err)
{
    struct failure f = {t->code, ERR_NETWORK, true};
    for (size_t i = 0; i < countof(failures); i++)
        if (failures[i].code == t->code)
            f = failures[i];
    if (*t->forbidden && t->attempts == 0) /* else another address of the name was used */
        err_set(err, ERR_INPUT, "%s: connections to the address %s are not allowed", t->host, t->forbidden);
    else if (t->hurried)
        err_set(err, ERR_TIMEOUT, "%s: certferry was told to stop before the answer", t->host);
    else if (t->died)
        err_set(err, ERR_NETWORK, "%s: the connection ended before the answer", t->host);
    else if (t->overdue)
        err_set(err, ERR_TIMEOUT, "%s: no answer in time", t->host);
    else if (t->body.full || t->code == CURLE_FILESIZE_EXCEEDED)
        err_set(err, ERR_VENDOR, "%s: the answer holds more than %zu bytes", t->host, t->body.max);
    else if (t->header_bytes > ANSWER_HEADER_BYTES || t->answer_count >= ANSWER_HEADER_COUNT)
        err_set(err, ERR_VENDOR, "%s: the answer's headers hold more than %d bytes or %d lines", t->host,
                ANSWER_HEADER_BYTES, ANSWER_HEADER_COUNT);
    else
        err_set(err, f.kind, "%s: %s", t->host, *t->message ? t->message : curl_easy_strerror(t->code));
    if (!err)
        return;
    err->unsent = t->attempts == 0;
    err->transient = err->kind == ERR_TIMEOUT || (err->kind == ERR_NETWORK && f.transient);
}
