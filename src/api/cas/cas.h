/* cas.h - the API that is compatible with Alibaba Cloud's certificate service: POST /, and GET / that names an action.
 *
 * It has threads of its own, so that what runs long elsewhere keeps nobody waiting beyond the three seconds of the vendor's
 * SDK, and one more that discovers resources in the background. Every answer is a JSON object with RequestId (R136).
 */
#pragma once
#include "api/request.h"

struct cas;

must_use bool cas_open(struct api *api, struct cas **ret, struct err *err);
struct cas *cas_close(struct cas *cas); /* accepts NULL; returns NULL */
void cas_drain(struct cas *cas);        /* as api_drain */

/* Whether the request is one for this API. */
bool cas_takes(const struct http_exchange *x);
/* Answers it, now or later. Loop thread. */
void cas_handle(struct cas *cas, struct http_exchange *x);

/* Has the resources of these accesses looked up in the background: where that was last done ten minutes ago or longer, or at
 * once where `now`. Any thread.
 */
void cas_discover(struct cas *cas, const int64_t *access_ids, size_t count, bool now);
