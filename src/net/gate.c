#include "net/gate.h"

#include "net/gate_private.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { KEPT_HANDLES = 256, KEPT_CONNECTIONS = 512, SWEEP_MS = 100, EVENTS_AT_ONCE = 64 };

TAILQ_HEAD(transfers, transfer);

/* Who goes the same way takes turns in order. libcurl has a queue of its own over its limit of connections, but it is
 * not fair: a newcomer may pass those who wait.
 */
struct lane {
    char *way;
    unsigned running;
    struct transfers waiting;
    TAILQ_ENTRY(lane) link;
};
TAILQ_HEAD(lanes, lane);

struct gate {
    CURLM *multi;
    pthread_t thread;
    int poll_fd; /* epoll: the sockets of the transfers, and wake_fd */
    int wake_fd; /* eventfd: something was queued */
    const char *ca_bundle;
    struct transfers active; /* gate thread only, down to the lock */
    struct lanes lanes;
    CURL *handles[KEPT_HANDLES];
    size_t handle_count;
    int64_t next_sweep_ms;
    int64_t timer_ms;     /* monotonic: when libcurl wants to be asked; 0: at no time */
    int64_t hurry_ms;     /* monotonic: when the last request is given up; 0: nobody is in a hurry */
    pthread_mutex_t lock; /* guards those below */
    struct transfers queue;
    bool stop;
    int64_t hurry_asked_ms; /* as hurry_ms */
};

/* What libcurl tells, on the gate's thread */

/* Which sockets are to be watched for what: libcurl says it once for each change, so that an event costs the one transfer
 * it belongs to and not a look at all of them.
 */
static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *known)
{
    struct gate *g = context;
    struct epoll_event event = {.data.fd = fd};
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        (void)epoll_ctl(g->poll_fd, EPOLL_CTL_DEL, fd, NULL); /* fails where the socket is closed already */
        return 0;
    }
    if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
        event.events |= EPOLLIN;
    if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
        event.events |= EPOLLOUT;
    if (!known)
        curl_multi_assign(g->multi, fd, g);
    int operation = known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    return epoll_ctl(g->poll_fd, operation, fd, &event) < 0 ? -1 : 0;
}

static int set_timer(CURLM *multi, long timeout_ms, void *context)
{
    struct gate *g = context;
    (void)multi;
    g->timer_ms = timeout_ms < 0 ? 0 : clock_monotonic_ms(&clock_system) + timeout_ms;
    return 0;
}

/* Resets the handle so that it keeps no pointer into the worker's memory, and keeps it for the next request. */
static void give_handle(struct gate *g, CURL *easy)
{
    if (g->handle_count == KEPT_HANDLES) {
        curl_easy_cleanup(easy);
        return;
    }
    curl_easy_reset(easy);
    g->handles[g->handle_count++] = easy;
}

static void complete(struct transfer *t, CURLcode code)
{
    t->code = code;
    sem_post(&t->done); /* t is gone */
}

static bool start(struct gate *g, struct transfer *t)
{
    t->easy = g->handle_count ? g->handles[--g->handle_count] : curl_easy_init();
    if (!t->easy)
        return false;
    transfer_arm(t, g->ca_bundle);
    if (curl_multi_add_handle(g->multi, t->easy) == CURLM_OK)
        return true;
    give_handle(g, t->easy);
    return false;
}

/* Lanes */

static struct lane *lane_of(struct gate *g, const char *way)
{
    struct lane *lane;
    TAILQ_FOREACH(lane, &g->lanes, link)
    if (strcmp(lane->way, way) == 0)
        return lane;
    lane = calloc(1, sizeof *lane);
    char *copy = strdup(way);
    if (!lane || !copy)
        abort();
    lane->way = copy;
    TAILQ_INIT(&lane->waiting);
    TAILQ_INSERT_HEAD(&g->lanes, lane, link);
    return lane;
}

/* Starts those whose turn it is; an empty lane goes. */
static void advance(struct gate *g, struct lane *lane)
{
    for (struct transfer *t; lane->running < GATE_HOST_CONNECTIONS && (t = TAILQ_FIRST(&lane->waiting));) {
        TAILQ_REMOVE(&lane->waiting, t, link);
        if (!start(g, t)) {
            complete(t, CURLE_OUT_OF_MEMORY);
            continue;
        }
        TAILQ_INSERT_TAIL(&g->active, t, link);
        lane->running++;
    }
    if (lane->running || !TAILQ_EMPTY(&lane->waiting))
        return;
    TAILQ_REMOVE(&g->lanes, lane, link);
    free(lane->way);
    free(lane);
}

static void enter_lane(struct gate *g, struct transfer *t)
{
    t->lane = lane_of(g, t->way);
    TAILQ_INSERT_TAIL(&t->lane->waiting, t, link);
    advance(g, t->lane);
}

/* Ends a transfer that runs. */
static void finish(struct gate *g, struct transfer *t, CURLcode code)
{
    struct lane *lane = t->lane;
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &t->status);
    curl_multi_remove_handle(g->multi, t->easy);
    give_handle(g, t->easy);
    TAILQ_REMOVE(&g->active, t, link);
    lane->running--;
    complete(t, code);
    advance(g, lane);
}

/* The gate's thread */

static void give_up(struct transfer *t)
{
    t->hurried = true;
    complete(t, CURLE_ABORTED_BY_CALLBACK);
}

/* Ends what waits in lanes, and what runs: all of it, or what changes nothing. */
static void hurry(struct gate *g, bool writes_too)
{
    struct lane *lane;
    TAILQ_FOREACH(lane, &g->lanes, link)
    for (struct transfer *t; (t = TAILQ_FIRST(&lane->waiting));) {
        TAILQ_REMOVE(&lane->waiting, t, link);
        give_up(t);
    }
    for (struct transfer *t = TAILQ_FIRST(&g->active), *next; t; t = next) {
        next = TAILQ_NEXT(t, link);
        if (t->request->write && !writes_too)
            continue;
        t->hurried = true;
        finish(g, t, CURLE_ABORTED_BY_CALLBACK);
    }
}

static bool start_queued(struct gate *g)
{
    struct transfers queue = TAILQ_HEAD_INITIALIZER(queue);
    pthread_mutex_lock(&g->lock);
    TAILQ_CONCAT(&queue, &g->queue, link);
    bool stop = g->stop, hurries = g->hurry_asked_ms != g->hurry_ms;
    g->hurry_ms = g->hurry_asked_ms;
    pthread_mutex_unlock(&g->lock);
    if (hurries)
        hurry(g, false);
    for (struct transfer *t; (t = TAILQ_FIRST(&queue));) {
        TAILQ_REMOVE(&queue, t, link);
        if (g->hurry_ms)
            give_up(t);
        else
            enter_lane(g, t);
    }
    if (g->hurry_ms && clock_monotonic_ms(&clock_system) >= g->hurry_ms)
        hurry(g, true);
    return !stop;
}

static void finish_done(struct gate *g)
{
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(g->multi, &left));) {
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode code = message->data.result;
        struct transfer *t = NULL;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &t);
        finish(g, t, code);
    }
}

/* Ends what waited too long in its lane. Says whether anything still waits there. */
static bool sweep(struct gate *g)
{
    int64_t now_ms = clock_monotonic_ms(&clock_system);
    bool waiting = false;
    if (now_ms < g->next_sweep_ms)
        return true;
    g->next_sweep_ms = now_ms + SWEEP_MS;
    for (struct lane *lane = TAILQ_FIRST(&g->lanes), *next_lane; lane; lane = next_lane) {
        next_lane = TAILQ_NEXT(lane, link);
        for (struct transfer *t = TAILQ_FIRST(&lane->waiting), *next; t; t = next) {
            next = TAILQ_NEXT(t, link);
            if (!transfer_is_overdue(t, now_ms))
                continue;
            TAILQ_REMOVE(&lane->waiting, t, link);
            complete(t, CURLE_OPERATION_TIMEDOUT);
        }
        waiting |= !TAILQ_EMPTY(&lane->waiting);
    }
    return waiting;
}

static int wait_ms(const struct gate *g, bool waiting)
{
    int64_t now_ms = clock_monotonic_ms(&clock_system), until_ms = now_ms + 60000;
    if (g->timer_ms)
        until_ms = int64_min(until_ms, g->timer_ms);
    if (waiting)
        until_ms = int64_min(until_ms, g->next_sweep_ms);
    if (g->hurry_ms && !TAILQ_EMPTY(&g->active))
        until_ms = int64_min(until_ms, g->hurry_ms);
    return (int)int64_max(until_ms - now_ms, 0);
}

static void act_on(struct gate *g, const struct epoll_event *event)
{
    int running, flags = 0;
    uint64_t ignored;
    if (event->data.fd == g->wake_fd) {
        ssize_t size = read(g->wake_fd, &ignored, sizeof ignored);
        (void)size;
        return;
    }
    flags |= event->events & EPOLLIN ? CURL_CSELECT_IN : 0;
    flags |= event->events & EPOLLOUT ? CURL_CSELECT_OUT : 0;
    flags |= event->events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0;
    curl_multi_socket_action(g->multi, event->data.fd, flags, &running);
}

static void *run(void *context)
{
    struct gate *g = context;
    struct epoll_event events[EVENTS_AT_ONCE];
    int running;
    while (start_queued(g)) {
        if (g->timer_ms && clock_monotonic_ms(&clock_system) >= g->timer_ms) {
            g->timer_ms = 0; /* libcurl sets the next one */
            curl_multi_socket_action(g->multi, CURL_SOCKET_TIMEOUT, 0, &running);
        }
        finish_done(g);
        int count = epoll_wait(g->poll_fd, events, EVENTS_AT_ONCE, wait_ms(g, sweep(g)));
        for (int i = 0; i < count; i++)
            act_on(g, &events[i]);
    }
    return NULL;
}

static void free_gate(struct gate *g)
{
    curl_multi_cleanup(g->multi);
    pthread_mutex_destroy(&g->lock);
    if (g->wake_fd >= 0)
        close(g->wake_fd);
    if (g->poll_fd >= 0)
        close(g->poll_fd);
    free(g);
}

static bool prepare(struct gate *g, struct err *err)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = g->wake_fd};
    if (g->poll_fd < 0 || g->wake_fd < 0 || epoll_ctl(g->poll_fd, EPOLL_CTL_ADD, g->wake_fd, &event) < 0)
        return err_set(err, ERR_INTERNAL, "the gate cannot wait for sockets: %m");
    g->multi = curl_multi_init();
    if (!g->multi)
        return err_set(err, ERR_INTERNAL, "out of memory");
    curl_multi_setopt(g->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)GATE_HOST_CONNECTIONS);
    curl_multi_setopt(g->multi, CURLMOPT_MAXCONNECTS, (long)KEPT_CONNECTIONS);
    curl_multi_setopt(g->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    curl_multi_setopt(g->multi, CURLMOPT_SOCKETDATA, g);
    curl_multi_setopt(g->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(g->multi, CURLMOPT_TIMERDATA, g);
    int failed = pthread_create(&g->thread, NULL, run, g);
    return !failed ||
           err_set(err, ERR_INTERNAL, "cannot start the gate's thread: %s", strerrordesc_np(failed));
}

bool gate_open(struct gate **ret, struct err *err)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return err_set(err, ERR_INTERNAL, "libcurl cannot be initialised");
    struct gate *g = calloc(1, sizeof *g);
    if (!g)
        return err_set(err, ERR_INTERNAL, "out of memory");
    g->ca_bundle = curl_version_info(CURLVERSION_NOW)->cainfo;
    g->poll_fd = epoll_create1(EPOLL_CLOEXEC);
    g->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    TAILQ_INIT(&g->active);
    TAILQ_INIT(&g->lanes);
    TAILQ_INIT(&g->queue);
    pthread_mutex_init(&g->lock, NULL);
    if (!prepare(g, err)) {
        free_gate(g);
        return false;
    }
    *ret = g;
    return true;
}

static void wake(const struct gate *g)
{
    const uint64_t one = 1;
    ssize_t size = write(g->wake_fd, &one, sizeof one);
    (void)size; /* a counter that is full wakes, too */
}

void gate_hurry(struct gate *g, int64_t grace_ms)
{
    pthread_mutex_lock(&g->lock);
    g->hurry_asked_ms = clock_monotonic_ms(&clock_system) + grace_ms;
    pthread_mutex_unlock(&g->lock);
    wake(g);
}

struct gate *gate_close(struct gate *g)
{
    if (!g)
        return NULL;
    pthread_mutex_lock(&g->lock);
    g->stop = true;
    pthread_mutex_unlock(&g->lock);
    wake(g);
    pthread_join(g->thread, NULL);
    assert(TAILQ_EMPTY(&g->lanes)); /* no request is in flight */
    while (g->handle_count)
        curl_easy_cleanup(g->handles[--g->handle_count]);
    free_gate(g);
    return NULL;
}

/* The worker's side */

static void send_and_wait(struct gate *g, struct transfer *t)
{
    sem_init(&t->done, 0, 0);
    pthread_mutex_lock(&g->lock);
    bool first = TAILQ_EMPTY(&g->queue);
    TAILQ_INSERT_TAIL(&g->queue, t, link);
    pthread_mutex_unlock(&g->lock);
    if (first) /* otherwise a wake-up is pending that the thread has not yet acted upon */
        wake(g);
    while (sem_wait(&t->done) < 0)
        assert(errno == EINTR);
    sem_destroy(&t->done);
}

static bool exchange(struct gate *g, struct transfer *t, struct http_answer *ret, struct err *err)
{
    size_t max = t->request->max_answer ? t->request->max_answer : GATE_ANSWER_BYTES;
    t->body = buf_new(t->arena, max);
    if (!transfer_prepare(t, err))
        return false;
    send_and_wait(g, t);
    if (t->code != CURLE_OK && !t->stopped) {
        transfer_describe_failure(t, err);
        return false;
    }
    if (t->status / 100 == 3)
        return err_set(err, ERR_VENDOR, "%s: answered HTTP %ld, and redirects are not followed", t->host,
                       t->status);
    *ret = (struct http_answer){t->status, t->answer, t->answer_count, t->body.data, t->body.size};
    return true;
}

bool gate_send(struct gate *g, struct arena *a, const struct http_request *request, struct http_answer *ret,
               struct err *err)
{
    int64_t total_ms = request->total_ms ? request->total_ms : GATE_TOTAL_MS;
    struct transfer t = {.request = request,
                         .arena = a,
                         .deadline_ms = clock_monotonic_ms(&clock_system) + total_ms};
    return exchange(g, &t, ret, err);
}

bool gate_stream(struct gate *g, struct arena *a, const struct http_request *request, gate_data_fn *on_data,
                 void *context, struct http_answer *ret, struct err *err)
{
    struct transfer t = {.request = request, .arena = a, .on_data = on_data, .context = context};
    if (request->total_ms)
        t.deadline_ms = clock_monotonic_ms(&clock_system) + request->total_ms;
    return exchange(g, &t, ret, err);
}

const char *http_answer_header(const struct http_answer *answer, const char *lower_case_name)
{
    for (size_t i = 0; i < answer->header_count; i++)
        if (strcmp(answer->headers[i].name, lower_case_name) == 0)
            return answer->headers[i].value;
    return NULL;
}
