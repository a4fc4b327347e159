/* state.h - what the simulated clouds hold: objects with fields, and how a change becomes visible.
 *
 * Everything is an object: a certificate of a store, a CDN domain, a load balancer, a listener, a job. It has a kind
 * ("alb.listener"), a scope (region or site; "" for global kinds), an id, and fields, which are plain text by name.
 * Nested settings are fields with paths as names ("Https.Http2"), lists are values joined by spaces (sim_list_*).
 * A kind or a field that begins with '@' is the simulator's own: it never reaches the call log.
 *
 * A change is accepted at once and settles later: until `settled_ms` edges serve `before`, and, where the vendor is
 * eventually consistent, reads show `before` until `shown_ms`. Field snapshots are immutable.
 *
 * With a state directory every change is appended to DIR/state.jsonl before its call is answered.
 * The state is guarded by one mutex; product code runs with it held.
 */
#pragma once
#include "base/clock.h"
#include "crypto/x509.h"

struct sim;
struct sim_state;

struct sim_field {
    const char *name, *value;
};

struct sim_fields { /* sorted by name; immutable */
    size_t count;
    struct sim_field items[];
};

struct sim_cert; /* cert.h */

struct sim_object {
    const char *cloud, *account, *kind, *scope, *id;
    const struct sim_fields *now;    /* accepted */
    const struct sim_fields *before; /* what edges serve until settled_ms; NULL: never changed */
    const struct sim_fields *seen;   /* what reads show until shown_ms; may be the same */
    int64_t shown_ms, settled_ms;    /* wall time */
    struct sim_cert *cert;           /* parsed from the fields "Cert" and "Key"; NULL if it has none */
    bool gone;
};

/* How a change becomes visible. S is --settle-ms. */
enum sim_settle {
    SETTLE_AT_ONCE, /* everywhere at once */
    SETTLE_EDGE,    /* reads show it at once, edges after S */
    SETTLE_READS,   /* reads show it after S/2, edges after S */
};

/* path NULL: memory only. */
must_use bool sim_state_open(const char *directory, const struct clock *clock, int64_t settle_ms,
                             struct sim_state **ret, struct err *err);
struct sim_state *sim_state_close(struct sim_state *s);
bool sim_state_is_empty(const struct sim_state *s);

void sim_state_lock(struct sim_state *s);
void sim_state_unlock(struct sim_state *s);

/* Writes what changed since the last call to the state file; false when the disk refuses. With the lock held. */
must_use bool sim_state_flush(struct sim_state *s, struct err *err);

/* Look-ups, with the lock held. account and scope may be NULL: any. Objects stay valid until the process ends;
 * deleted ones are `gone` and no longer found. state_next walks in order of creation from *cursor = 0.
 */
struct sim_object *state_find(struct sim_state *s, const char *cloud, const char *account, const char *kind,
                              const char *scope, const char *id);
struct sim_object *state_next(struct sim_state *s, const char *cloud, const char *account, const char *kind,
                              const char *scope, size_t *cursor);

/* Every object in order of creation, whatever it is, but deleted ones. */
struct sim_object *state_each(struct sim_state *s, size_t *cursor);
/* As state_find, but also one that was deleted: products keep serving what they copied. */
struct sim_object *state_find_ever(struct sim_state *s, const char *cloud, const char *account,
                                   const char *kind, const char *scope, const char *id);

/* A new object; one of that (cloud, account, kind, scope, id) must not exist. */
struct sim_object *state_create(struct sim_state *s, const char *cloud, const char *account, const char *kind,
                                const char *scope, const char *id, const struct sim_field *fields,
                                size_t count);
/* Sets the fields named (value NULL removes one) and leaves the others. Appends the names that really differ to
 * ret_changed (room for `count`; may be NULL) and returns how many. Nothing different: nothing happens.
 */
size_t state_change(struct sim_state *s, struct sim_object *o, enum sim_settle settle,
                    const struct sim_field *fields, size_t count, const char **ret_changed);
void state_delete(struct sim_state *s, struct sim_object *o);

const char *sim_field(const struct sim_fields *fields, const char *name); /* "" if absent */
bool sim_has_field(const struct sim_fields *fields, const char *name);

/* What edges serve now. */
const struct sim_fields *state_served(const struct sim_state *s, const struct sim_object *o);
/* What a read shows now. */
const struct sim_fields *state_shown(const struct sim_state *s, const struct sim_object *o);
bool state_is_settling(const struct sim_state *s, const struct sim_object *o);
int64_t state_now_ms(const struct sim_state *s);

/* Lists in a field: values without spaces, joined by one space. */
bool sim_list_has(const char *list, const char *value);
size_t sim_list_count(const char *list);
char *sim_list_item(struct arena *a, const char *list, size_t i); /* NULL past the end */
char *sim_list_add(struct arena *a, const char *list, const char *value);
char *sim_list_remove(struct arena *a, const char *list, const char *value);
