#include "main/house.h"

#include "api/api.h"
#include "base/file.h"
#include "base/log.h"
#include "identity/setup.h"
#include "main/lock.h"
#include "main/manager.h"
#include "main/sandbox.h"
#include "main/surface.h"
#include "net/http_server.h"
#include "task/schedule.h"
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
    WAIT_STEP_MS = 20,
    WAIT_OWNER_MS = 900000, /* a command that synchronises many accounts takes minutes */
    ENGINE_STOP_MS = 4500,
    WRITE_GRACE_MS =
        2500, /* what changes something may be answered yet; else the next start reads whether it did */
    DRAIN_MS = 10000,
    REFRESH_S = 5, /* how soon a renewed certificate is presented */
    LAST_ANSWER_MS = 5
};

struct house {
    struct arena *arena;
    struct store_lock lock;
    const char *data, *socket; /* the store's folder, and the socket in it */
    struct seal *seal;
    struct store *store;
    struct gate *gate;
    struct cloud *cloud;
    struct engine *engine;
    struct schedule *schedule;
    struct loop *loop;
    struct api *api;
    struct http_server *server;
    struct surface *surface; /* NULL: only the socket */
    pthread_t loop_thread;
    bool loop_runs, open;
    sem_t stop; /* posted by the first signal, and by SIGHUP */
    atomic_bool stopping, reload;
};

struct house *house_new(void)
{
    struct house *h = calloc(1, sizeof *h);
    if (!h)
        abort();
    h->arena = arena_new(1 << 20);
    h->lock.fd = -1;
    sem_init(&h->stop, 0, 0);
    return h;
}

static void pause_ms(long ms)
{
    struct timespec pause = {.tv_nsec = ms * 1000000L};
    nanosleep(&pause, NULL);
}

static bool master_key_path(struct house *h, const struct cli_globals *globals, const char **ret,
                            struct err *err)
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME"),
               *credentials = getenv("CREDENTIALS_DIRECTORY");
    if (globals->master_key)
        *ret = globals->master_key;
    else if (credentials && access(arena_printf(h->arena, "%s/master.key", credentials), R_OK) == 0)
        *ret = arena_printf(h->arena, "%s/master.key", credentials);
    else if (config && config[0] == '/')
        *ret = arena_printf(h->arena, "%s/certferry/master.key", config);
    else if (home && home[0] == '/')
        *ret = arena_printf(h->arena, "%s/.config/certferry/master.key", home);
    else
        return err_set(err, ERR_INPUT, "neither HOME nor XDG_CONFIG_HOME is set: give --master-key FILE");
    return true;
}

/* Signals are taken by the loop (signalfd): every thread made from here on has them blocked. */
static void block_signals(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
}

static bool open_floors(struct house *h, const struct cli_globals *globals, bool engine, bool probe_loopback,
                        struct err *err)
{
    block_signals();
    const char *key = NULL;
    struct engine_options options = {.workers = ENGINE_WORKERS,
                                     .addresses = {.allow_loopback = probe_loopback, .allow_private = true}};
    /* A store that is there already was sealed with a key that is there already: a new one would open nothing. */
    bool fresh = access(arena_printf(h->arena, "%s/certferry.db", globals->data), F_OK) != 0;
    return master_key_path(h, globals, &key, err) && seal_load(key, fresh, &h->seal, err) &&
           store_open(globals->data, h->seal, &clock_system, &h->store, err) && gate_open(&h->gate, err) &&
           cloud_open(h->store, h->gate, &clock_system, &h->cloud, err) &&
           (!engine || (engine_open(h->store, h->cloud, &clock_system, &options, &h->engine, err) &&
                        schedule_open(h->store, h->engine, &clock_system, &h->schedule, err)));
}

/* Runs on the loop thread. The first signal stops the engine and ends all streams; a second one ends the process. */
static void on_signal(void *context)
{
    struct house *h = context;
    if (atomic_exchange(&h->stopping, true))
        _exit(130);
    if (h->engine)
        (void)engine_stop(h->engine, 0);
    api_stop(h->api);
    gate_hurry(h->gate, WRITE_GRACE_MS);
    sem_post(&h->stop);
}

/* On the loop thread. A command that has the house open for itself ends with its terminal. */
static void on_hangup(void *context)
{
    struct house *h = context;
    if (!h->surface) {
        on_signal(h);
        return;
    }
    atomic_store(&h->reload, true);
    sem_post(&h->stop);
}

static void *run_loop(void *context)
{
    struct house *h = context;
    loop_run(h->loop);
    return NULL;
}

/* settings NULL: a command's own house, on its socket alone. */
static bool open_surface(struct house *h, const struct settings *settings, struct err *err)
{
    struct api_parts parts = {.store = h->store,
                              .cloud = h->cloud,
                              .engine = h->engine,
                              .gate = h->gate,
                              .clock = &clock_system,
                              .version = CERTFERRY_VERSION,
                              .directory = settings ? h->data : NULL,
                              .hosts = settings ? settings->hosts : NULL};
    struct http_listen listen = {.unix_path = h->socket};
    if (!loop_new(&clock_system, &h->loop, err))
        return false;
    parts.loop = h->loop;
    if (!api_open(&parts, &h->api, err) || !loop_signal(h->loop, SIGINT, on_signal, h, err) ||
        !loop_signal(h->loop, SIGTERM, on_signal, h, err) ||
        !loop_signal(h->loop, SIGHUP, on_hangup, h, err) ||
        !http_server_open(h->loop, &listen, &clock_system, api_handle, h->api, &h->server, err) ||
        (settings && !surface_open(h->loop, h->store, settings, api_handle, h->api, &h->surface, err)))
        return false;
    if (pthread_create(&h->loop_thread, NULL, run_loop, h) != 0)
        return err_set(err, ERR_INTERNAL, "cannot start a thread");
    h->loop_runs = true;
    return true;
}

/* In the opposite order. The lock goes last: whoever gets it finds a store at rest. */
static void close_all(struct house *h)
{
    h->schedule = schedule_close(h->schedule);
    if (h->engine)
        (void)engine_stop(h->engine, ENGINE_STOP_MS);
    if (h->loop_runs)
        for (int waited = 0; !api_idle(h->api) && waited < DRAIN_MS; waited += WAIT_STEP_MS)
            pause_ms(WAIT_STEP_MS);
    if (h->api)
        api_drain(h->api);
    if (h->loop_runs) {
        pause_ms(LAST_ANSWER_MS);
        loop_stop(h->loop);
        pthread_join(h->loop_thread, NULL);
        h->loop_runs = false;
    }
    h->surface = surface_close(h->surface);
    if (h->server)
        h->server = http_server_close(h->server);
    h->api = api_close(h->api);
    if (h->loop)
        h->loop = loop_free(h->loop);
    h->engine = engine_close(h->engine);
    if (h->cloud)
        h->cloud = cloud_close(h->cloud);
    if (h->gate)
        h->gate = gate_close(h->gate);
    if (h->store)
        h->store = store_close(h->store);
    h->seal = seal_free(h->seal);
    lock_release(&h->lock);
    h->open = false;
}

static bool socket_answers(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return false;
    memcpy(address.sun_path, path, strlen(path));
    cleanup(descriptor_close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
}

/* A brief command that owns the store ends soon: a service is not refused for it. */
static bool own_for_service(struct house *h, const struct cli_globals *globals, struct err *err)
{
    bool held = false;
    for (int waited = 0; !held; waited += WAIT_STEP_MS) {
        if (!lock_try(globals->data, true, &h->lock, &held, err))
            return false;
        if (!held && (h->lock.owner_engine || waited >= WAIT_OWNER_MS))
            return err_set(err, ERR_STORE, "%s is owned by another certferry (process %ld)", globals->data,
                           h->lock.owner_pid);
        pause_ms(held ? 0 : WAIT_STEP_MS);
    }
    return true;
}

/* Becomes the owner, or finds one that serves the socket and has the engine when that is wanted. A brief command that
 * owns the store ends soon: it is waited for.
 */
static bool own_or_find(struct house *h, const struct cli_globals *globals, bool engine, bool *ret_other,
                        struct err *err)
{
    bool held = false;
    for (int waited = 0;; waited += WAIT_STEP_MS) {
        if (!lock_try(globals->data, engine, &h->lock, &held, err))
            return false;
        if (held || ((h->lock.owner_engine || !engine) && socket_answers(h->socket)))
            break;
        if (waited == 1000 && !globals->quiet)
            fprintf(stderr, "waiting for another certferry command (process %ld), which owns %s\n",
                    h->lock.owner_pid, globals->data);
        if (waited >= WAIT_OWNER_MS)
            return err_set(err, ERR_STORE,
                           "%s is owned by process %ld, which does not answer: end it or wait", globals->data,
                           h->lock.owner_pid);
        pause_ms(WAIT_STEP_MS);
    }
    *ret_other = !held;
    return true;
}

static bool prepare(struct house *h, const struct cli_globals *globals, struct err *err)
{
    struct sockaddr_un address;
    h->data = arena_strdup(h->arena, globals->data);
    h->socket = arena_printf(h->arena, "%s/socket", globals->data);
    if (strlen(h->socket) >= sizeof address.sun_path)
        return err_set(err, ERR_INPUT,
                       "--data %s: the path is too long for a socket in it (at most %zu characters)",
                       globals->data, sizeof address.sun_path - sizeof "/socket");
    return file_make_directory(globals->data, err);
}

bool house_open(void *house, const struct cli_globals *globals, bool engine, const char **ret_socket,
                bool *ret_other, struct err *err)
{
    struct house *h = house;
    bool other = false;
    if (!prepare(h, globals, err) || !own_or_find(h, globals, engine, &other, err))
        return false;
    if (!other && !(open_floors(h, globals, engine, false, err) && open_surface(h, NULL, err))) {
        close_all(h);
        return false;
    }
    h->open = !other;
    *ret_socket = h->socket;
    *ret_other = other;
    return true;
}

bool house_stopping(void *house)
{
    struct house *h = house;
    return atomic_load(&h->stopping);
}

/* Until a signal to end. Between, the certificate is looked after. */
static void wait_for_stop(struct house *h)
{
    while (!house_stopping(h)) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += REFRESH_S;
        bool woken = sem_clockwait(&h->stop, CLOCK_MONOTONIC, &until) == 0;
        if ((woken || errno == ETIMEDOUT) && !house_stopping(h))
            surface_refresh(h->surface, atomic_exchange(&h->reload, false));
    }
}

/* On the loop thread: that it comes to this shows that the loop is not stuck. */
static void watchdog(void *context)
{
    struct house *h = context;
    int64_t every_ms = manager_watchdog_ms();
    if (!every_ms)
        return;
    manager_notify("WATCHDOG=1");
    loop_timer(h->loop, every_ms, watchdog, h);
}

bool house_serve(void *house, const struct cli_globals *globals, const struct settings *settings,
                 struct err *err)
{
    struct house *h = house;
    bool sandbox = strcmp(settings->sandbox, "yes") == 0;
    if (!surface_check(settings, err) || (sandbox && !sandbox_enter(err)) || !prepare(h, globals, err) ||
        !own_for_service(h, globals, err))
        return false;
    if (!open_floors(h, globals, true, strcmp(settings->probe_loopback, "yes") == 0, err) ||
        !open_surface(h, settings, err)) {
        close_all(h);
        return false;
    }
    h->open = true;
    const char *tcp = surface_text(h->surface), *setup = NULL;
    if (!setup_begin(h->store, h->arena, h->data, &setup, err))
        return false;
    if (setup)
        log_info(NULL, "setup.token", "nobody is a user yet: the token in %s makes the first admin", setup);
    log_info(NULL, "serve.start", "serving %s%s%s", h->socket, *tcp ? ", " : "", tcp);
    loop_post(h->loop, watchdog, h);
    manager_notify("READY=1");
    wait_for_stop(h);
    manager_notify("STOPPING=1");
    return true;
}

void house_close(struct house *h)
{
    if (!h->open)
        return;
    while (h->engine && engine_open_count(h->engine) && !house_stopping(h))
        pause_ms(WAIT_STEP_MS);
    (void)unlink(h->socket); /* nobody new */
    pause_ms(h->engine ? WAIT_STEP_MS : 0);
    close_all(h);
}

struct house *house_free(struct house *h)
{
    if (h) {
        house_close(h);
        sem_destroy(&h->stop);
        arena_free(h->arena);
        free(h);
    }
    return NULL;
}
