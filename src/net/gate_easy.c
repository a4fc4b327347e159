#include "net/gate_private.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

enum { KEPT_CONNECTION_S = 30 /* less than servers keep an idle connection, so that few are found dead */ };

/* What libcurl calls, on the gate's thread */

static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct transfer *t = context;
    (void)purpose;
    static const struct address_rule proxy_rule = {.allow_loopback = true, .allow_private = true};
    const struct address_rule *rule = t->request->proxy ? &proxy_rule : &t->request->addresses;
    if (address->family != AF_UNIX && !address_allowed(rule, &address->addr)) {
        address_text(&address->addr, t->forbidden);
        errno = EACCES;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* A kept connection may have been opened under a more generous rule than this request's. */
static bool kept_connection_allowed(struct transfer *t, const char *numeric)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    const struct sockaddr *address = NULL;
    if (inet_pton(AF_INET, numeric, &v4.sin_addr) == 1)
        address = (const struct sockaddr *)&v4;
    else if (inet_pton(AF_INET6, numeric, &v6.sin6_addr) == 1)
        address = (const struct sockaddr *)&v6;
    if (address && address_allowed(&t->request->addresses, address))
        return true;
    snprintf(t->forbidden, sizeof t->forbidden, "%s", numeric);
    return false;
}

static bool repeatable(const struct http_request *request)
{
    return strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0;
}

bool transfer_is_overdue(struct transfer *t, int64_t now_ms)
{
    t->overdue = t->deadline_ms && now_ms > t->deadline_ms;
    return t->overdue;
}

static int before_request(void *context, char *remote, char *local, int remote_port, int local_port)
{
    (void)local, (void)remote_port, (void)local_port;
    struct transfer *t = context;
    t->died = t->attempts && !repeatable(t->request);
    if (t->died || transfer_is_overdue(t, clock_monotonic_ms(&clock_system)))
        return CURL_PREREQFUNC_ABORT;
    if (!t->request->unix_socket && !t->request->proxy && !kept_connection_allowed(t, remote))
        return CURL_PREREQFUNC_ABORT;
    t->attempts++;
    return CURL_PREREQFUNC_OK;
}

static void keep_header(struct transfer *t, const char *line, size_t size)
{
    const char *colon = memchr(line, ':', size);
    if (!colon)
        return;
    char *name = arena_copy(t->arena, line, (size_t)(colon - line));
    for (char *p = name; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    const char *value = colon + 1, *end = line + size;
    while (value < end && isspace((unsigned char)*value))
        value++;
    while (end > value && isspace((unsigned char)end[-1]))
        end--;
    struct http_header *h =
        arena_push(t->arena, (void **)&t->answer, &t->answer_count, &t->answer_capacity, sizeof *h);
    *h = (struct http_header){name, arena_copy(t->arena, value, (size_t)(end - value))};
}

static size_t on_header(char *line, size_t one, size_t size, void *context)
{
    (void)one;
    struct transfer *t = context;
    if (t->body_begun)
        return size; /* trailers say nothing we want */
    t->header_bytes += size;
    if (t->header_bytes > ANSWER_HEADER_BYTES || t->answer_count >= ANSWER_HEADER_COUNT)
        return CURL_WRITEFUNC_ERROR;
    if (size > 5 && memcmp(line, "HTTP/", 5) == 0)
        t->answer_count = 0; /* what came before was an interim answer */
    else
        keep_header(t, line, size);
    return size;
}

static size_t on_body(char *data, size_t one, size_t size, void *context)
{
    (void)one;
    struct transfer *t = context;
    t->body_begun = true;
    if (t->on_data && !t->status)
        curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &t->status);
    if (t->on_data && t->status / 100 == 2) {
        t->stopped = !t->on_data(t->context, data, size);
        return t->stopped ? CURL_WRITEFUNC_ERROR : size;
    }
    buf_add(&t->body, data, size);
    return t->body.full ? CURL_WRITEFUNC_ERROR : size;
}

/* Handing a request to libcurl, on the gate's thread */

static void set_body(CURL *easy, const struct http_request *request)
{
    const char *method = request->method;
    bool wants_length =
        strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 || strcmp(method, "PATCH") == 0;
    if (strcmp(method, "HEAD") == 0)
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    else if (request->body_size || wants_length) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body_size ? request->body : "");
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
}

static void set_limits(CURL *easy, const struct transfer *t)
{
    const struct http_request *request = t->request;
    int64_t left_ms = t->deadline_ms - clock_monotonic_ms(&clock_system);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     (long)(request->connect_ms ? request->connect_ms : GATE_CONNECT_MS));
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, t->deadline_ms ? (long)int64_max(1, left_ms) : 0L);
    if (!t->on_data)
        curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)t->body.max);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* else a slow resolver holds up every transfer */
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)KEPT_CONNECTION_S);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
}

static void set_connection(CURL *easy, const struct http_request *request, const char *ca_bundle)
{
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_PROXY, request->proxy ? request->proxy : "");
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
    curl_easy_setopt(easy, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, request->unix_socket);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_CAPATH,
                     NULL); /* a path switches off libcurl's cache of the parsed bundle */
    curl_easy_setopt(easy, CURLOPT_CAINFO, request->ca_file ? request->ca_file : ca_bundle);
    if (request->ca_file) /* read anew each time, and not put into the cache's one place */
        curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 0L);
}

static struct curl_blob blob_of(const char *data, size_t size)
{
    return (struct curl_blob){(void *)(uintptr_t)data, size, CURL_BLOB_NOCOPY};
}

/* Connections are kept apart by libcurl where certificates or CAs differ. */
static void set_identity(CURL *easy, const struct http_request *request)
{
    if (request->ca_pem) {
        struct curl_blob ca = blob_of(request->ca_pem, strlen(request->ca_pem));
        curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &ca);
    }
    if (request->client_pem) {
        struct curl_blob chain = blob_of(request->client_pem, strlen(request->client_pem));
        struct curl_blob key = blob_of(secret_bytes(request->client_key), secret_size(request->client_key));
        curl_easy_setopt(easy, CURLOPT_SSLCERT_BLOB, &chain);
        curl_easy_setopt(easy, CURLOPT_SSLKEY_BLOB, &key);
    }
}

static void set_callbacks(CURL *easy, struct transfer *t)
{
    curl_easy_setopt(easy, CURLOPT_PRIVATE, t);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->message);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, t);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, before_request);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, t);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
}

void transfer_arm(struct transfer *t, const char *ca_bundle)
{
    curl_easy_setopt(t->easy, CURLOPT_URL, t->request->url);
    curl_easy_setopt(t->easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
    set_body(t->easy, t->request);
    set_limits(t->easy, t);
    set_connection(t->easy, t->request, ca_bundle);
    set_identity(t->easy, t->request);
    set_callbacks(t->easy, t);
}
