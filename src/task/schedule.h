/* schedule.h - when and how far a submitted task runs: the one place that decides what is released.
 *
 * A submitted task's deployments are PLANNED until they are released, PENDING from then on; the engine sees only those.
 * Released are the deployments of the lowest waiting wave, when the task's time has come, one of its windows is open, it
 * is not paused, and nothing of the waves before is under way any more. Where one of those failed, the task is paused
 * instead, once per wave. When a window closes, or the task is paused, what has not written waits again; what has goes on.
 * Everything is decided by the store and the wall clock at the time of asking: whatever was missed while nothing ran, or
 * while the clock jumped, is due at the next tick, and what was released is never released twice.
 */
#pragma once
#include "store/task.h"
#include "task/engine.h"

/* What a task with waiting deployments waits for. */
struct schedule_gate {
    const char *waits_for; /* "time", "window", "resume"; NULL: nothing holds it back but the wave before */
    int64_t next_ms;       /* when it may go on: start or window; 0: not known, or at once */
};
must_use bool schedule_gate(struct arena *a, const struct task_row *task, int64_t now_ms,
                            struct schedule_gate *ret, struct err *err);

/* Does what is due for one task, in several short commits. *ret_more: the engine has something to find. Any thread. */
must_use bool schedule_advance(struct store *s, int64_t task_id, int64_t now_ms, bool *ret_more,
                               struct err *err);

/* The same for all unfinished tasks. */
must_use bool schedule_tick(struct store *s, int64_t now_ms, bool *ret_more, struct err *err);

/* A thread that ticks every second, and wakes the engine. All are borrowed until schedule_close. */
struct schedule;
must_use bool schedule_open(struct store *s, struct engine *e, const struct clock *clock,
                            struct schedule **ret, struct err *err);
struct schedule *schedule_close(struct schedule *s); /* accepts NULL; returns NULL */
