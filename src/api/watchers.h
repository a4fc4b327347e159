/* watchers.h - server-sent events of tasks: "task" with state and counts at every change, until the task is final. */
#pragma once
#include "api/request.h"

struct watchers;

must_use bool watchers_open(struct api *api, struct watchers **ret, struct err *err);
struct watchers *watchers_close(struct watchers *w); /* ends all streams */

/* Ends all streams, now and from now on. Any thread. */
void watchers_end(struct watchers *w);

/* Answers the exchange with a stream of this task's events. ERR_THROTTLED over 256 streams. */
must_use bool watchers_add(struct watchers *w, struct http_exchange *x, int64_t task_id, struct err *err);
