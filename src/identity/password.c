#include "identity/password.h"

#include "base/utf8.h"
#include "crypto/digest.h"
#include "crypto/password.h"
#include <ctype.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { AT_ONCE = 2, DIFFERENT_MIN = 5, MADE_CHARACTERS = 24 };

struct password_desk {
    sem_t places;
};

/* Of twelve characters and more, the ones that lists of leaked passwords begin with. */
static const char *const common[] = {
    "123456789012",       "1234567890123",  "12345678901234",   "password1234",    "password12345",
    "passwordpassword",   "qwertyuiop12",   "qwerty123456",     "1q2w3e4r5t6y",    "qwertyuiopasdf",
    "administrator",      "administrator1", "changemechangeme", "letmeinletmein",  "iloveyou1234",
    "welcome12345",       "abcdefghijkl",   "abcd12345678",     "adminadminadmin", "certferry1234",
    "certferrycertferry",
};

static bool few_characters(const char *text)
{
    bool seen[256] = {false};
    size_t different = 0;
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        different += !seen[*p];
        seen[*p] = true;
    }
    return different < DIFFERENT_MIN;
}

static bool is_common(const char *text)
{
    for (size_t i = 0; i < countof(common); i++)
        if (strcasecmp(common[i], text) == 0)
            return true;
    return false;
}

bool password_check(const char *user, const struct secret *password, struct err *err)
{
    const char *text = secret_bytes(password);
    size_t size = secret_size(password), characters = 0, step;
    if (size > PASSWORD_BYTES_MAX)
        return err_set(err, ERR_INPUT, "the password holds more than %d bytes", PASSWORD_BYTES_MAX);
    for (size_t at = 0; at < size; at += step, characters++) {
        step = utf8_size(text + at, size - at);
        if (!step || (unsigned char)text[at] < 0x20 || text[at] == 0x7f)
            return err_set(err, ERR_INPUT, "the password holds control characters or is not UTF-8");
    }
    if (characters < PASSWORD_CHARACTERS_MIN)
        return err_set(err, ERR_INPUT, "the password has %zu characters: %d at least", characters,
                       PASSWORD_CHARACTERS_MIN);
    if (few_characters(text) || is_common(text))
        return err_set(err, ERR_INPUT, "this password is among the first that are guessed");
    return !(strlen(user) >= 4 && strcasestr(text, user) && size < strlen(user) + PASSWORD_CHARACTERS_MIN) ||
           err_set(err, ERR_INPUT, "the password is made of the user's name");
}

struct secret *password_make(struct arena *a)
{
    static const char letters[] = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    char text[MADE_CHARACTERS];
    random_fill(text, sizeof text);
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = letters[(unsigned char)text[i] % (sizeof letters - 1)];
    struct secret *made = secret_in(a, secret_new(text, sizeof text));
    explicit_bzero(text, sizeof text);
    return made;
}

bool password_desk_open(struct password_desk **ret, struct err *err)
{
    struct password_desk *desk = calloc(1, sizeof *desk);
    if (!desk)
        return err_set(err, ERR_INTERNAL, "out of memory");
    sem_init(&desk->places, 0, AT_ONCE);
    *ret = desk;
    return true;
}

struct password_desk *password_desk_close(struct password_desk *desk)
{
    if (desk)
        sem_destroy(&desk->places);
    free(desk);
    return NULL;
}

static void enter(struct password_desk *desk)
{
    while (sem_wait(&desk->places) != 0)
        continue; /* a signal */
}

bool password_desk_hash(struct password_desk *desk, struct arena *a, const struct secret *password,
                        const char **ret, struct err *err)
{
    char *hash = NULL;
    enter(desk);
    bool done = password_hash(a, password, &hash, err);
    sem_post(&desk->places);
    if (done)
        *ret = hash;
    return done;
}

bool password_desk_fits(struct password_desk *desk, const char *hash, const struct secret *password)
{
    enter(desk);
    bool fits = password_fits(hash, password);
    sem_post(&desk->places);
    return fits;
}
