/* secret.h - private keys, AccessKey secrets and tokens, as a type that no formatter prints.
 *
 * The bytes lie outside every arena, in memory kept out of core dumps (MADV_DONTDUMP) and of swap where the limit
 * allows (mlock), and are wiped when the secret goes. A secret has one owner; secret_copy makes another.
 * Reading the bytes is a visible act: secret_bytes().
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"

struct secret; /* opaque: cannot be printed, copied by value or compared by accident */

enum { SECRET_MAX_BYTES = 1 << 20 };

/* A copy of the bytes; the caller wipes its own. Aborts when size exceeds SECRET_MAX_BYTES. */
struct secret *secret_new(const void *data, size_t size);
struct secret *secret_copy(const struct secret *s); /* NULL gives NULL */

/* Wipes and frees. Accepts NULL; returns NULL. */
struct secret *secret_free(struct secret *s);
void secret_free_p(struct secret **s); /* for cleanup() */

/* Hands the secret to an arena: it is wiped when the arena ends. Returns s. */
struct secret *secret_in(struct arena *a, struct secret *s);

const char *secret_bytes(const struct secret *s); /* NUL-terminated after secret_size() bytes; "" for NULL */
size_t secret_size(const struct secret *s);       /* 0 for NULL */
bool secret_equal(const struct secret *a, const struct secret *b); /* in constant time for equal sizes */

/* Reads a secret from a file, or from standard input when path is "-"; one trailing line end is dropped.
 * Refuses an empty one, one over max_bytes, and (not on standard input) a directory. err names the path only.
 */
must_use bool secret_read(const char *path, size_t max_bytes, struct secret **ret, struct err *err);
