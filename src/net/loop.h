/* loop.h - one epoll loop: descriptors, timers, signals, and calls posted from other threads. */
#pragma once
#include "base/clock.h"
#include "base/err.h"

struct loop;

must_use bool loop_new(const struct clock *clock, struct loop **ret, struct err *err);
struct loop *loop_free(struct loop *l);

void loop_run(struct loop *l);  /* until loop_stop; the calling thread is the loop thread */
void loop_stop(struct loop *l); /* any thread, also from a signal callback */

typedef void loop_fn(void *context);

/* Runs fn(context) on the loop thread soon, in order; also when the loop is stopped first. Any thread. */
void loop_post(struct loop *l, loop_fn *fn, void *context);

/* Calls fn when fd is readable (and writable, when asked). Loop thread, or before loop_run. */
must_use bool loop_watch(struct loop *l, int fd, bool for_write, loop_fn *fn, void *context, struct err *err);
void loop_unwatch(struct loop *l, int fd);

/* Calls fn once after delay_ms; the id cancels. Loop thread. */
uint64_t loop_timer(struct loop *l, int64_t delay_ms, loop_fn *fn, void *context);
void loop_timer_cancel(struct loop *l, uint64_t id);

/* Calls fn for the signal (signalfd; the caller has blocked it in all threads). */
must_use bool loop_signal(struct loop *l, int number, loop_fn *fn, void *context, struct err *err);
