#include "main/surface.h"

#include "base/buf.h"
#include "base/log.h"
#include "main/manager.h"
#include "main/tls_source.h"

#include <stdlib.h>
#include <string.h>

enum { SURFACE_BYTES = 1 << 20, TLS_BYTES = 384 << 20, RECHECK_MS = 3600000 };

struct surface {
    struct arena *arena;
    struct loop *loop;
    struct tls_source source;
    bool tls;
    struct http_server *servers[HTTP_LISTENERS];
    size_t count;
    struct buf text;
    int64_t checked_ms; /* monotonic: by name, what is valid changes with time alone */
};

static bool has_tls(const struct settings *settings)
{
    return settings->tls_cert || settings->tls_certificate;
}

static bool check_tls(const struct settings *settings, struct err *err)
{
    if (!settings->tls_cert != !settings->tls_key)
        return err_set(err, ERR_INPUT, "tls-cert and tls-key go together: give both, or tls-certificate");
    if (settings->tls_cert && settings->tls_certificate)
        return err_set(err, ERR_INPUT, "give files (tls-cert, tls-key) or tls-certificate, not both");
    return true;
}

static bool check_reach(const struct settings *settings, const struct http_listen *list, size_t count,
                        struct err *err)
{
    for (size_t i = 0; i < count; i++)
        if (!has_tls(settings) && !http_listen_is_local(&list[i]))
            return err_set(err, ERR_INPUT,
                           "listening on %s, beyond this machine, needs TLS: give --tls-cert and --tls-key, "
                           "or --tls-certificate",
                           list[i].address ? list[i].address : "a socket that was handed over");
    return true;
}

static bool listeners(struct arena *a, const struct settings *settings, struct http_listen **ret,
                      size_t *ret_count, struct err *err)
{
    *ret = manager_sockets(a, ret_count);
    return *ret_count || http_listen_parse(a, settings->listen, ret, ret_count, err);
}

bool surface_check(const struct settings *settings, struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new(SURFACE_BYTES);
    struct http_listen *list;
    size_t count;
    return check_tls(settings, err) && listeners(a, settings, &list, &count, err) &&
           check_reach(settings, list, count, err);
}

static bool load_tls(struct surface *s, struct http_tls **ret, struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new_secret(TLS_BYTES);
    const char *what = NULL;
    *ret = NULL;
    if (!s->tls)
        return true;
    if (!tls_source_load(&s->source, a, true, ret, &what, err))
        return err_add(err, "TLS");
    log_info(NULL, "tls.load", "%s", what);
    return true;
}

static bool open_one(struct surface *s, const struct http_listen *where, http_handler_fn *handler,
                     void *context, struct http_tls *tls, struct err *err)
{
    struct http_listen listen = *where;
    listen.tls = tls ? http_tls_hold(tls) : NULL;
    struct http_server **server = &s->servers[s->count];
    if (!http_server_open(s->loop, &listen, &clock_system, handler, context, server, err))
        return false;
    s->count++;
    bool v6 = where->address && strchr(where->address, ':');
    buf_printf(&s->text, "%s%s://%s%s%s:%u", s->text.size ? ", " : "", tls ? "https" : "http", v6 ? "[" : "",
               where->address ? where->address : "inherited", v6 ? "]" : "", http_server_port(*server));
    return true;
}

static bool open_all(struct surface *s, const struct settings *settings, http_handler_fn *handler,
                     void *context, struct err *err)
{
    struct http_listen *list;
    size_t count;
    struct http_tls *tls;
    if (!listeners(s->arena, settings, &list, &count, err) || !load_tls(s, &tls, err))
        return false;
    bool opened = true;
    for (size_t i = 0; opened && i < count; i++)
        opened = open_one(s, &list[i], handler, context, tls, err);
    http_tls_drop(tls);
    return opened;
}

bool surface_open(struct loop *loop, struct store *store, const struct settings *settings,
                  http_handler_fn *handler, void *context, struct surface **ret, struct err *err)
{
    struct arena *a = arena_new(SURFACE_BYTES);
    struct surface *s = arena_make(a, struct surface);
    *s = (struct surface){.arena = a,
                          .loop = loop,
                          .tls = has_tls(settings),
                          .text = buf_new(a, 4096),
                          .source = {.cert_file = settings->tls_cert,
                                     .key_file = settings->tls_key,
                                     .certificate = settings->tls_certificate,
                                     .store = store,
                                     .clock = &clock_system},
                          .checked_ms = clock_monotonic_ms(&clock_system)};
    if (!open_all(s, settings, handler, context, err)) {
        surface_close(s);
        return false;
    }
    *ret = s;
    return true;
}

struct swap {
    struct surface *surface;
    struct http_tls *tls;
};

/* On the loop thread. */
static void swap_tls(void *context)
{
    struct swap *swap = context;
    for (size_t i = 0; i < swap->surface->count; i++)
        http_server_set_tls(swap->surface->servers[i], http_tls_hold(swap->tls));
    http_tls_drop(swap->tls);
    free(swap);
}

void surface_refresh(struct surface *s, bool always)
{
    cleanup(arena_free_p) struct arena *a = arena_new_secret(TLS_BYTES);
    int64_t now_ms = clock_monotonic_ms(&clock_system);
    const char *what = NULL;
    struct http_tls *tls = NULL;
    struct err err = {0};
    if (!s->tls)
        return;
    bool due = now_ms - s->checked_ms >= RECHECK_MS;
    if (always || due)
        s->checked_ms = now_ms;
    if (!tls_source_load(&s->source, a, always || due, &tls, &what, &err)) {
        log_err(LOG_WARNING, NULL, "tls.keep", &err);
        return;
    }
    if (!tls)
        return;
    struct swap *swap = malloc(sizeof *swap);
    if (!swap)
        abort();
    *swap = (struct swap){s, tls};
    loop_post(s->loop, swap_tls, swap);
    log_info(NULL, "tls.load", "%s", what);
}

const char *surface_text(const struct surface *s)
{
    return s->text.data;
}

struct surface *surface_close(struct surface *s)
{
    if (!s)
        return NULL;
    for (size_t i = 0; i < s->count; i++)
        http_server_close(s->servers[i]);
    arena_free(s->arena);
    return NULL;
}
