/* v1_owner.h - handlers of /api/v1/owners, and how other requests name an owner. */
#pragma once
#include "api/trail.h"
#include "store/owner.h"

extern const struct field owner_add_fields[], owner_update_fields[];

route_fn v1_owner_add, v1_owner_list, v1_owner_update, v1_owner_delete;

/* The key of the owner that the text names; where that is NULL, of the one that the caller works for. */
must_use bool v1_owner_key(struct request *rq, const char *text, const char **ret_key, struct err *err);

/* "owner": the id behind a key; null for the default owner. */
void view_owner_member(struct json_writer *w, const char *key);

trail_view_fn v1_owner_view;
