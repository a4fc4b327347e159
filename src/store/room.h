/* store/room.h - how much a vendor's certificate stores take and hold, as the vendor told when the resources were
 * synchronised, and what we brought and took away since.
 */
#pragma once
#include "store/store.h"

struct room_row {
    int64_t id, access_id;
    const char *vendor_store;    /* as product.store_for names it, or the part of that before a colon */
    int64_t used, most;          /* certificates; most -1: the vendor does not tell */
    int64_t lately, lately_most; /* brought within 365 days, whether they are there or not; -1: not counted */
    int64_t learned_ms;
};

/* Replaces what was known; a `most` that the vendor does not tell is kept where a refusal taught it, until more is there. */
must_use bool store_room_put(struct db *db, const struct room_row *row, struct err *err);
/* All. `lately` is at least what we brought ourselves. */
must_use bool store_room_list(struct db *db, struct arena *a, struct room_row **ret, size_t *ret_count,
                              struct err *err);
/* An upload of ours came there; a copy of ours was deleted there; one was refused, as all places are taken. */
must_use bool store_room_brought(struct db *db, int64_t access_id, const char *vendor_store, struct err *err);
must_use bool store_room_freed(struct db *db, int64_t access_id, const char *vendor_store, struct err *err);
must_use bool store_room_full(struct db *db, int64_t access_id, const char *vendor_store, struct err *err);

/* Whether the room of that name counts what is brought into the store: the same, or all before one of its colons. */
bool room_holds(const char *room, const char *vendor_store);
