/* store/nonce.h - nonces of signed requests: each counts once per key, also after a restart (R140).
 *
 * A nonce is kept until its request would be refused for its age. Only requests whose signature was right get here, at a
 * bounded rate, and each use forgets some that have ended: that bounds the table.
 */
#pragma once
#include "store/store.h"

/* *ret_new: nobody has used it with this key so far. */
must_use bool store_nonce_use(struct db *db, const char *key_id, const char *nonce, int64_t expires_ms,
                              bool *ret_new, struct err *err);
