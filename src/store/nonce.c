#include "store/nonce.h"

#include "crypto/digest.h"
#include "store/db.h"
#include <string.h>

enum { DIGEST_CHARACTERS = 32, FORGET_AT_ONCE = 16 };

bool store_nonce_use(struct db *db, const char *key_id, const char *nonce, int64_t expires_ms, bool *ret_new,
                     struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new(64 << 10);
    const char *both = arena_printf(a, "%zu:%s%s", strlen(key_id), key_id, nonce);
    char *digest = sha256_hex(a, both, strlen(both));
    int64_t changes = 0;
    digest[DIGEST_CHARACTERS] = '\0'; /* 128 bits: nobody finds two that are the same */
    if (!db_run(db, SQL_NONCE_FORGET, VALUES(value_int(db_now_ms(db)), value_int(FORGET_AT_ONCE)), NULL,
                err) ||
        !db_run(db, SQL_NONCE_USE, VALUES(value_text(digest), value_int(expires_ms)), &changes, err))
        return false;
    *ret_new = changes > 0;
    return true;
}
