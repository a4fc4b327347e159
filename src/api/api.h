/* api.h - the HTTP surface: /api/v1, as one table of routes; and what cas/cas.h answers at "/".
 *
 * Quick look-ups run on the loop thread; lists with filters run on two reader threads, and imports, plans, checks and
 * synchronisations on four job threads. Errors are RFC 9457 problems with the err's kind as "kind". The caller is
 * the user that runs certferry, over the Unix socket, or whoever a bearer token speaks for (authority.h).
 */
#pragma once
#include "cloud/cloud.h"
#include "net/http_server.h"
#include "task/engine.h"

struct api;

struct api_parts { /* borrowed until api_close */
    struct store *store;
    struct cloud *cloud;
    struct engine *engine;
    struct gate *gate;
    const struct clock *clock;
    struct loop *loop;
    const char *version;   /* "0.1.0" */
    const char *directory; /* of the store, where a setup token may lie; NULL: none does */
    const char *
        hosts; /* names it may be asked by over TCP, with commas, beside localhost and addresses; NULL: none */
};

must_use bool api_open(const struct api_parts *parts, struct api **ret, struct err *err);
struct api *api_close(struct api *api); /* after the loop ended: nobody else calls api_handle */

/* Finishes what is being worked on, so that every deferred exchange is answered, and refuses what comes after. */
void api_drain(struct api *api);

/* Ends all event streams of tasks, now and from now on, and synchronisations before their next call. Any thread. */
void api_stop(struct api *api);

/* Whether no request is being worked on. Any thread. */
bool api_idle(struct api *api);

/* The server's handler: http_server_open(..., api_handle, api, ...). Loop thread. */
void api_handle(void *context, struct http_exchange *x);
