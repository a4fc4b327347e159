#include "identity/second_factor.h"

#include "codec/json_format.h"
#include "crypto/digest.h"
#include "crypto/totp.h"
#include <string.h>

enum { LETTERS = 16, LETTERS_BETWEEN = 4, CODE_BYTES = 64 };

bool second_factor_begin(struct db *db, struct arena *a, const struct user_row *user, struct secret **ret,
                         struct err *err)
{
    struct secret *made = totp_make(a);
    if (user->has_totp)
        return err_set(err, ERR_CONFLICT, "there is a second factor already: remove it first");
    if (!store_user_set_totp(db, user->id, made, err))
        return false;
    return totp_text(a, made, ret, err);
}

/* Of those on paper; blanks, dashes and case are the reader's. */
static const char *recovery_hash(struct arena *a, const char *code)
{
    char plain[CODE_BYTES] = "";
    size_t size = 0;
    for (const char *p = code; *p && size < sizeof plain - 1; p++)
        if (*p != ' ' && *p != '-')
            plain[size++] = *p >= 'a' && *p <= 'z' ? (char)(*p - 'a' + 'A') : *p;
    return sha256_hex(a, plain, size);
}

static bool use_recovery(struct arena *a, struct user_row *user, const char *code, bool *ret_fits,
                         struct err *err)
{
    const struct json *list;
    const char *hash = recovery_hash(a, code), *left[RECOVERY_CODES];
    size_t count = 0;
    if (!json_parse(a, user->recovery, strlen(user->recovery), &list, err))
        return err_add(err, "the recovery codes of user %lld", (long long)user->id);
    *ret_fits = false;
    for (size_t i = 0; i < json_count(list) && count < RECOVERY_CODES; i++) {
        const char *one = json_str(json_item(list, i), "");
        if (strcmp(one, hash) == 0)
            *ret_fits = true;
        else
            left[count++] = one;
    }
    user->recovery = json_strings(a, left, count);
    return true;
}

bool second_factor_use(struct db *db, struct arena *a, struct user_row *user, const char *code,
                       int64_t now_ms, bool *ret_fits, struct err *err)
{
    struct secret *secret;
    int64_t step;
    if (!store_user_totp(db, a, user->id, &secret, err))
        return false;
    if (secret && totp_fits(secret, code, now_ms, user->totp_used, &step)) {
        user->totp_used = step;
        *ret_fits = true;
        return true;
    }
    return use_recovery(a, user, code, ret_fits, err);
}

static const char *random_code(struct arena *a)
{
    static const char letters[] = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    unsigned char bytes[LETTERS];
    struct buf text = buf_new(a, CODE_BYTES);
    random_fill(bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++) {
        if (i && i % LETTERS_BETWEEN == 0)
            buf_putc(&text, '-');
        buf_putc(&text, letters[bytes[i] % (sizeof letters - 1)]);
    }
    return text.data;
}

bool second_factor_confirm(struct db *db, struct arena *a, struct user_row *user, const char *code,
                           int64_t now_ms, const char **ret_codes, struct err *err)
{
    const char *hashes[RECOVERY_CODES];
    struct secret *secret;
    if (user->has_totp)
        return err_set(err, ERR_CONFLICT, "the second factor was confirmed already");
    if (!store_user_totp(db, a, user->id, &secret, err))
        return false;
    if (!secret)
        return err_set(err, ERR_CONFLICT, "there is no second factor to confirm: begin with one");
    if (!totp_fits(secret, code, now_ms, user->totp_used, &user->totp_used))
        return err_set(err, ERR_INPUT, "this is not the code of now: is the clock of your phone right?");
    for (size_t i = 0; i < RECOVERY_CODES; i++) {
        ret_codes[i] = random_code(a);
        hashes[i] = recovery_hash(a, ret_codes[i]);
    }
    user->has_totp = true;
    user->recovery = json_strings(a, hashes, RECOVERY_CODES);
    return true;
}

bool second_factor_end(struct db *db, struct user_row *user, struct err *err)
{
    user->has_totp = false;
    user->totp_used = 0; /* of a secret that goes */
    user->recovery = "[]";
    return store_user_set_totp(db, user->id, NULL, err);
}
