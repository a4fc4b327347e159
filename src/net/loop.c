#include "net/loop.h"

#include "base/file.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { EVENTS_PER_WAIT = 64, LOOP_BYTES = 64 << 20 };

struct call {
    loop_fn *fn;
    void *context;
};

struct calls {
    struct call *items;
    size_t count, capacity;
};

struct watch { /* indexed by descriptor; a call without fn is no watch */
    struct call call;
    uint32_t generation; /* tells an event of this watch from one of an earlier watch on the same number */
};

struct timer {
    int64_t due_ms;
    uint64_t id;
    struct call call;
};

struct signal_watch {
    int fd;
    struct call call;
    struct signal_watch *next;
};

struct loop {
    struct arena *arena; /* loop thread, but for the posted calls */
    const struct clock *clock;
    int epoll, wakeup;
    atomic_bool stop;
    struct watch *watches;
    size_t watch_count, watch_capacity;
    struct timer *timers; /* a heap: the earliest first, equal ones by id */
    size_t timer_count, timer_capacity;
    uint64_t last_timer;
    struct signal_watch *signals;
    struct calls running;       /* the posted calls being run */
    pthread_mutex_t lock;       /* guards the two below */
    struct arena *posted_arena; /* memory of posted and running */
    struct calls posted;
};

static void wake(struct loop *l)
{
    uint64_t one = 1;
    (void)!write(l->wakeup, &one, sizeof one); /* fails only when a wake-up is pending already */
}

static void run_posted(void *context)
{
    struct loop *l = context;
    uint64_t count;
    (void)!read(l->wakeup, &count, sizeof count);
    pthread_mutex_lock(&l->lock);
    struct calls swap = l->running;
    l->running = l->posted;
    l->posted = swap;
    pthread_mutex_unlock(&l->lock);
    for (size_t i = 0; i < l->running.count; i++)
        l->running.items[i].fn(l->running.items[i].context);
    l->running.count = 0;
}

struct loop *loop_free(struct loop *l)
{
    if (!l)
        return NULL;
    for (struct signal_watch *s = l->signals; s; s = s->next)
        descriptor_close(&s->fd);
    descriptor_close(&l->epoll);
    descriptor_close(&l->wakeup);
    pthread_mutex_destroy(&l->lock);
    arena_free(l->posted_arena);
    arena_free(l->arena);
    return NULL;
}

bool loop_new(const struct clock *clock, struct loop **ret, struct err *err)
{
    struct arena *arena = arena_new(LOOP_BYTES);
    struct loop *l = arena_make(arena, struct loop);
    l->arena = arena;
    l->posted_arena = arena_new(LOOP_BYTES);
    l->clock = clock;
    pthread_mutex_init(&l->lock, NULL);
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    l->wakeup = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (l->epoll < 0 || l->wakeup < 0) {
        err_set(err, ERR_INTERNAL, "cannot make an event loop: %m");
        loop_free(l);
        return false;
    }
    if (!loop_watch(l, l->wakeup, false, run_posted, l, err)) {
        loop_free(l);
        return false;
    }
    *ret = l;
    return true;
}

/* Descriptors */

bool loop_watch(struct loop *l, int fd, bool for_write, loop_fn *fn, void *context, struct err *err)
{
    while (l->watch_count <= (size_t)fd)
        arena_push(l->arena, (void **)&l->watches, &l->watch_count, &l->watch_capacity, sizeof *l->watches);
    struct watch *w = &l->watches[fd];
    int operation = w->call.fn ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    struct epoll_event event = {.events = EPOLLIN | (for_write ? EPOLLOUT : 0),
                                .data.u64 = (uint64_t)(w->generation + 1) << 32 | (uint32_t)fd};
    if (epoll_ctl(l->epoll, operation, fd, &event) < 0)
        return err_set(err, ERR_INTERNAL, "cannot watch descriptor %d: %m", fd);
    w->generation++;
    w->call = (struct call){fn, context};
    return true;
}

void loop_unwatch(struct loop *l, int fd)
{
    if (fd < 0 || (size_t)fd >= l->watch_count || !l->watches[fd].call.fn)
        return;
    l->watches[fd].call.fn = NULL;
    epoll_ctl(l->epoll, EPOLL_CTL_DEL, fd, NULL);
}

static void run_event(struct loop *l, uint64_t data)
{
    size_t fd = (uint32_t)data;
    struct watch w = l->watches[fd]; /* a copy: the call may move the table */
    if (w.call.fn && w.generation == (uint32_t)(data >> 32))
        w.call.fn(w.call.context);
}

/* Timers */

static bool timer_before(const struct timer *a, const struct timer *b)
{
    return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->id < b->id;
}

static void timer_up(struct loop *l, size_t i)
{
    struct timer t = l->timers[i];
    for (; i && timer_before(&t, &l->timers[(i - 1) / 2]); i = (i - 1) / 2)
        l->timers[i] = l->timers[(i - 1) / 2];
    l->timers[i] = t;
}

static void timer_down(struct loop *l, size_t i)
{
    struct timer t = l->timers[i];
    for (size_t child; (child = 2 * i + 1) < l->timer_count; i = child) {
        if (child + 1 < l->timer_count && timer_before(&l->timers[child + 1], &l->timers[child]))
            child++;
        if (!timer_before(&l->timers[child], &t))
            break;
        l->timers[i] = l->timers[child];
    }
    l->timers[i] = t;
}

static void timer_remove(struct loop *l, size_t i)
{
    l->timers[i] = l->timers[--l->timer_count];
    if (i == l->timer_count)
        return;
    timer_down(l, i);
    timer_up(l, i);
}

uint64_t loop_timer(struct loop *l, int64_t delay_ms, loop_fn *fn, void *context)
{
    struct timer *t =
        arena_push(l->arena, (void **)&l->timers, &l->timer_count, &l->timer_capacity, sizeof *t);
    uint64_t id = ++l->last_timer;
    *t = (struct timer){clock_monotonic_ms(l->clock) + delay_ms, id, {fn, context}};
    timer_up(l, l->timer_count - 1);
    return id;
}

void loop_timer_cancel(struct loop *l, uint64_t id)
{
    for (size_t i = 0; i < l->timer_count; i++)
        if (l->timers[i].id == id) {
            timer_remove(l, i);
            return;
        }
}

static void run_timers(struct loop *l)
{
    int64_t now_ms = clock_monotonic_ms(l->clock);
    uint64_t last = l->last_timer; /* timers made by these calls wait for the next round */
    while (l->timer_count && l->timers[0].due_ms <= now_ms && l->timers[0].id <= last) {
        struct call call = l->timers[0].call;
        timer_remove(l, 0);
        call.fn(call.context);
    }
}

static int wait_ms(const struct loop *l)
{
    if (!l->timer_count)
        return -1;
    int64_t left = l->timers[0].due_ms - clock_monotonic_ms(l->clock);
    return (int)int64_max(0, int64_min(left, 60000));
}

/* Signals */

static void run_signal(void *context)
{
    struct signal_watch *s = context;
    struct signalfd_siginfo info;
    if (read(s->fd, &info, sizeof info) == (ssize_t)sizeof info)
        s->call.fn(s->call.context);
}

bool loop_signal(struct loop *l, int number, loop_fn *fn, void *context, struct err *err)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, number);
    struct signal_watch *s = arena_make(l->arena, struct signal_watch);
    *s = (struct signal_watch){signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), {fn, context}, l->signals};
    if (s->fd < 0)
        return err_set(err, ERR_INTERNAL, "cannot receive signal %d: %m", number);
    l->signals = s;
    return loop_watch(l, s->fd, false, run_signal, s, err);
}

/* The loop */

void loop_post(struct loop *l, loop_fn *fn, void *context)
{
    pthread_mutex_lock(&l->lock);
    bool first = l->posted.count == 0;
    struct call *call = arena_push(l->posted_arena, (void **)&l->posted.items, &l->posted.count,
                                   &l->posted.capacity, sizeof *call);
    *call = (struct call){fn, context};
    if (first)
        wake(l); /* below the lock, as whoever takes the call may end the loop */
    pthread_mutex_unlock(&l->lock);
}

void loop_stop(struct loop *l)
{
    atomic_store(&l->stop, true);
    wake(l);
}

void loop_run(struct loop *l)
{
    struct epoll_event events[EVENTS_PER_WAIT];
    while (!atomic_load(&l->stop)) {
        int count = epoll_wait(l->epoll, events, EVENTS_PER_WAIT, wait_ms(l));
        assert(count >= 0 || errno == EINTR);
        for (int i = 0; i < count; i++)
            run_event(l, events[i].data.u64);
        run_timers(l);
    }
    run_posted(l); /* what was handed over before the end is not lost */
}
