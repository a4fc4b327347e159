/* identity/password.h - which passwords are taken, and hashing that never takes more memory than for two at once: who
 * comes as a third waits. From threads that may wait (jobs).
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/secret.h"

enum { PASSWORD_CHARACTERS_MIN = 12, PASSWORD_BYTES_MAX = 256 };

/* Long enough, no control characters, not made of the user's name or of few characters, not among the first that are
 * tried. ERR_INPUT says why not.
 */
must_use bool password_check(const char *user, const struct secret *password, struct err *err);

/* A password for somebody who is to choose another: 120 random bits in letters and digits. */
struct secret *password_make(struct arena *a);

struct password_desk;
must_use bool password_desk_open(struct password_desk **ret, struct err *err);
struct password_desk *password_desk_close(struct password_desk *desk);

must_use bool password_desk_hash(struct password_desk *desk, struct arena *a, const struct secret *password,
                                 const char **ret, struct err *err);
/* hash NULL: nobody's. */
bool password_desk_fits(struct password_desk *desk, const char *hash, const struct secret *password);
