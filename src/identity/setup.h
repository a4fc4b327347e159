/* setup.h - the first admin: there is no default password, but a token in a file that only our own user can read, once. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "store/store.h"

/* Where there is no user yet, makes sure that DIR/setup-token (mode 0600) holds a token, and tells its path; else removes
 * what is left of one, and *ret_path is NULL.
 */
must_use bool setup_begin(struct store *store, struct arena *a, const char *directory, const char **ret_path,
                          struct err *err);

/* Whether this is the token; ERR_PERMISSION where it is not, or there is none. */
must_use bool setup_check(const char *directory, const char *token, struct err *err);

/* It did its work. */
must_use bool setup_end(const char *directory, struct err *err);
