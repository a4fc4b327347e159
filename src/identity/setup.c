#include "identity/setup.h"

#include "base/file.h"
#include "base/secret.h"
#include "crypto/digest.h"
#include "crypto/password.h"
#include "store/user.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { RANDOM_BYTES = 32, TOKEN_BYTES = 128 };

static const char *path_in(struct arena *a, const char *directory)
{
    return arena_printf(a, "%s/setup-token", directory);
}

static bool count_users(struct db *db, void *context, struct err *err)
{
    return store_user_count(db, context, err);
}

bool setup_end(const char *directory, struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new(1 << 14);
    const char *path = path_in(a, directory);
    return unlink(path) == 0 || errno == ENOENT || err_set(err, ERR_STORE, "remove %s: %m", path);
}

bool setup_begin(struct store *store, struct arena *a, const char *directory, const char **ret_path,
                 struct err *err)
{
    cleanup(arena_free_p) struct arena *hidden = arena_new_secret(1 << 14);
    const char *path = path_in(a, directory);
    int64_t users;
    if (!store_read(store, count_users, &users, err))
        return false;
    *ret_path = users ? NULL : path;
    if (users)
        return setup_end(directory, err);
    if (access(path, F_OK) == 0)
        return true; /* of an earlier start */
    const char *text = arena_printf(hidden, "%s\n", random_hex(hidden, RANDOM_BYTES));
    return file_write(path, text, strlen(text), 0600, err);
}

bool setup_check(const char *directory, const char *token, struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new(1 << 14);
    cleanup(secret_free_p) struct secret *wanted = NULL;
    struct err absent;
    bool fits = secret_read(path_in(a, directory), TOKEN_BYTES, &wanted, &absent) &&
                secret_size(wanted) == strlen(token) &&
                bytes_equal(secret_bytes(wanted), token, strlen(token));
    return fits || err_set(err, ERR_PERMISSION, "this is not the setup token, or the setup is done");
}
