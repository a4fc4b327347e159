#include "net/gate.h"

#include "net/gate_private.h"

#include <arpa/inet.h>
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    KEPT_HANDLES = 256,
    KEPT_CONNECTIONS = 512,
    KEPT_CONNECTION_S = 30, /* less than servers keep an idle connection, so that few are found dead */
    SWEEP_MS = 100,
    EVENTS_AT_ONCE = 64
};

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
    pthread_mutex_t lock; /* guards the two below */
    struct transfers queue;
    bool stop;
};

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

static bool is_overdue(struct transfer *t, int64_t now_ms)
{
    t->overdue = t->deadline_ms && now_ms > t->deadline_ms;
    return t->overdue;
}

static int before_request(void *context, char *remote, char *local, int remote_port, int local_port)
{
    (void)local, (void)remote_port, (void)local_port;
    struct transfer *t = context;
    t->died = t->attempts && !repeatable(t->request);
    if (t->died || is_overdue(t, clock_monotonic_ms(&clock_system)))
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

static void set_connection(const struct gate *g, CURL *easy, const struct http_request *request)
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
    curl_easy_setopt(easy, CURLOPT_CAINFO, request->ca_file ? request->ca_file : g->ca_bundle);
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
    curl_easy_setopt(t->easy, CURLOPT_URL, t->request->url);
    curl_easy_setopt(t->easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
    set_body(t->easy, t->request);
    set_limits(t->easy, t);
    set_connection(g, t->easy, t->request);
    set_identity(t->easy, t->request);
    set_callbacks(t->easy, t);
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

static bool start_queued(struct gate *g)
{
    struct transfers queue = TAILQ_HEAD_INITIALIZER(queue);
    pthread_mutex_lock(&g->lock);
    TAILQ_CONCAT(&queue, &g->queue, link);
    bool stop = g->stop;
    pthread_mutex_unlock(&g->lock);
    for (struct transfer *t; (t = TAILQ_FIRST(&queue));) {
        TAILQ_REMOVE(&queue, t, link);
        enter_lane(g, t);
    }
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
            if (!is_overdue(t, now_ms))
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
