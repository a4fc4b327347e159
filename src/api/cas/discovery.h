/* discovery.h - resources are found without being asked for (R74, R75): accesses are checked and synchronised by a thread of
 * its own, one after the other, and not more often than every ten minutes.
 */
#pragma once
#include "api/request.h"

struct discovery;

must_use bool discovery_open(struct api *api, struct discovery **ret, struct err *err);
struct discovery *discovery_close(struct discovery *d); /* accepts NULL; returns NULL */
void discovery_drain(struct discovery *d);

/* now: also where it was done lately. Any thread; never waits. */
void discovery_wish(struct discovery *d, int64_t access_id, bool now);
