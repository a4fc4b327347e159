/* trail.h - what requests change goes into the audit: who, from where, what, old and new.
 *
 * Old and new are the object's own view (what a GET of it answers), before and after: members that differ stand as
 * [old, new]. What the body gave and the view does not show stands as it was given; secrets as "(secret)". Where the
 * change is one write of ours, the row is part of it; elsewhere it is written before the answer goes out, and a change that
 * could not be recorded is answered as failed.
 */
#pragma once
#include "api/request.h"

/* An object as the API shows it. */
struct viewed {
    int64_t id;
    const char *name; /* NULL: not there */
    const char *json;
};

/* Fills ret by id or name; each kind of object has one, in its v1_ file. ERR_NOT_FOUND. */
typedef bool trail_view_fn(struct request *rq, struct db *db, const char *id_or_name, struct viewed *ret,
                           struct err *err);

/* What differs between two views of an object, each NULL where it is not there, as members of an open object. */
void trail_put_changes(struct json_writer *w, struct arena *a, const char *before, const char *after);
/* What stands in the audit where the members were too many. */
#define TRAIL_TOO_MANY "{\"changes\":\"(too many to be kept)\"}"

/* store_write, with the audit's row in the same write. */
must_use bool request_write(struct request *rq, store_fn *fn, void *context, struct err *err);

/* Writes the row now: for what answers by itself, before it does. */
must_use bool request_record(struct request *rq, struct err *err);

/* Runs the route's handler, with a row in the audit where it changed something and wrote none itself. */
must_use bool trail_run(struct request *rq, struct reply *reply, struct err *err);
