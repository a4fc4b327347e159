/* test_court.h - a store in which some objects are ours and others are theirs, and callers of every kind. For tests only. */
#pragma once
#include "identity/caller.h"

struct yard;

enum { OURS, THEIRS, ABSENT, OBJECTS };
enum where { IN_HOUSE, IN_GROUP, IN_OWNER, WHERES }; /* what a role holds for */

struct court {
    struct yard *y;
    struct store *store;
    const struct clock *clock;
    struct arena *a;
    struct err err;
    int64_t access[2], certificate[2], resource[2], task[2], push[2], group; /* OURS, THEIRS: named so, too */
    const char *owner; /* the key of the owner to whom THEIRS belong; OURS belong to the default one */
};

int court_begin(void **state);
int court_end(void **state);

/* A caller by a bearer token. */
struct caller court_caller(struct court *c, enum role role, enum where where, bool may_export);

/* A task without deployments; of one with a deployment on the access where that is not 0. */
void court_task(struct court *c, const char *name, const char *selection, int64_t access);
