#include "crypto/seal.h"

#include "base/file.h"
#include "codec/text.h"
#include "crypto/digest.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    SEAL_FORMAT = 1,
    SEAL_KEY_BYTES = crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
    SEAL_NONCE_BYTES = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    SEAL_TAG_BYTES = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    SEAL_HEADER_BYTES = 1 + SEAL_NONCE_BYTES,
    SEAL_FILE_BYTES = 2 * SEAL_KEY_BYTES + 2, /* the digits and one line end */
};

struct seal { /* lives in sodium_malloc: guarded, locked, wiped */
    unsigned char key[SEAL_KEY_BYTES];
    char id[17];
};

/* Two programs starting at once must end with one key: link() lets the first win, and the file is whole or absent. */
static bool key_file_make(const char *path, struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new_secret(1 << 16);
    const char *slash = strrchr(path, '/');
    if (slash && slash != path && !file_make_directory(arena_copy(a, path, (size_t)(slash - path)), err))
        return false;
    char *digits = arena_printf(a, "%s\n", random_hex(a, SEAL_KEY_BYTES));
    char *beside = arena_printf(a, "%s.%s", path, random_hex(a, 8));
    if (!file_write(beside, digits, strlen(digits), 0600, err))
        return false;
    bool linked = link(beside, path) == 0 || errno == EEXIST;
    if (!linked)
        err_set(err, ERR_INPUT, "make the master key %s: %m", path);
    (void)unlink(beside);
    return linked && file_sync_folder(path, err);
}

static bool key_file_check(int fd, const char *path, struct err *err)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return err_set(err, ERR_INPUT, "master key %s: %m", path);
    if (!S_ISREG(status.st_mode))
        return err_set(err, ERR_INPUT, "master key %s is not a regular file", path);
    if (status.st_mode & 077)
        return err_set(err, ERR_INPUT,
                       "master key %s has mode %04o, others could read it: run chmod 600 on it", path,
                       (unsigned)(status.st_mode & 07777));
    if (status.st_uid != geteuid())
        return err_set(err, ERR_INPUT, "master key %s belongs to user %u, not to us (%u)", path,
                       (unsigned)status.st_uid, (unsigned)geteuid());
    return true;
}

static bool key_file_read(int fd, const char *path, struct seal *s, struct err *err)
{
    char digits[SEAL_FILE_BYTES + 1] = "";
    ssize_t size = read(fd, digits, SEAL_FILE_BYTES);
    while (size > 0 && isspace((unsigned char)digits[size - 1]))
        size--;
    size_t written = 0;
    bool whole = size == 2 * SEAL_KEY_BYTES &&
                 sodium_hex2bin(s->key, sizeof s->key, digits, (size_t)size, NULL, &written, NULL) == 0 &&
                 written == SEAL_KEY_BYTES;
    sodium_memzero(digits, sizeof digits);
    if (!whole)
        return err_set(err, ERR_INPUT,
                       "master key %s does not hold exactly %d hexadecimal digits: restore it from a copy",
                       path, 2 * SEAL_KEY_BYTES);
    return true;
}

static void key_id_make(struct seal *s)
{
    static const char purpose[] = "certferry master key id";
    unsigned char hash[crypto_generichash_BYTES_MIN];
    crypto_generichash(hash, sizeof hash, (const unsigned char *)purpose, sizeof purpose - 1, s->key,
                       sizeof s->key);
    sodium_bin2hex(s->id, sizeof s->id, hash, (sizeof s->id - 1) / 2);
}

bool seal_load(const char *path, bool create, struct seal **ret, struct err *err)
{
    if (sodium_init() < 0)
        return err_set(err, ERR_INTERNAL, "libsodium cannot start");
    if (create && access(path, F_OK) != 0 && errno == ENOENT && !key_file_make(path, err))
        return false;
    cleanup(descriptor_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT)
        return err_set(
            err, ERR_INPUT,
            "master key %s is absent: without it nothing sealed can be read; restore it, or name its "
            "place with --master-key",
            path);
    if (fd < 0)
        return err_set(err, ERR_INPUT, "master key %s: %m", path);
    if (!key_file_check(fd, path, err))
        return false;
    cleanup(seal_free_p) struct seal *s = sodium_malloc(sizeof *s);
    if (!s)
        return err_set(err, ERR_INTERNAL, "no memory for the master key");
    if (!key_file_read(fd, path, s, err))
        return false;
    key_id_make(s);
    (void)sodium_mprotect_readonly(s);
    *ret = take(s);
    return true;
}

struct seal *seal_free(struct seal *s)
{
    sodium_free(s);
    return NULL;
}

void seal_free_p(struct seal **s)
{
    *s = seal_free(*s);
}

const char *seal_key_id(const struct seal *s)
{
    return s->id;
}

void seal_close(const struct seal *s, struct arena *a, const char *identity, const void *data, size_t size,
                unsigned char **ret, size_t *ret_size)
{
    unsigned char *sealed = arena_alloc(a, SEAL_HEADER_BYTES + size + SEAL_TAG_BYTES);
    unsigned long long written = 0;
    sealed[0] = SEAL_FORMAT;
    random_fill(sealed + 1, SEAL_NONCE_BYTES);
    crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + SEAL_HEADER_BYTES, &written, data, size,
                                               (const unsigned char *)identity, strlen(identity), NULL,
                                               sealed + 1, s->key);
    *ret = sealed;
    *ret_size = SEAL_HEADER_BYTES + (size_t)written;
}

bool seal_open(const struct seal *s, const char *identity, const void *sealed, size_t sealed_size,
               struct secret **ret, struct err *err)
{
    const unsigned char *bytes = sealed;
    if (sealed_size < SEAL_HEADER_BYTES + SEAL_TAG_BYTES || bytes[0] != SEAL_FORMAT)
        return err_set(err, ERR_STORE, "%s is no sealed value: the database is damaged", identity);
    size_t size = sealed_size - SEAL_HEADER_BYTES - SEAL_TAG_BYTES;
    if (size > SECRET_MAX_BYTES)
        return err_set(err, ERR_STORE, "%s holds %zu sealed bytes, more than any secret", identity, size);
    cleanup(arena_free_p) struct arena *a = arena_new_secret(size + (1 << 12));
    unsigned char *plain = arena_alloc(a, size + 1);
    unsigned long long written = 0;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain, &written, NULL, bytes + SEAL_HEADER_BYTES,
                                                   sealed_size - SEAL_HEADER_BYTES,
                                                   (const unsigned char *)identity, strlen(identity),
                                                   bytes + 1, s->key) != 0)
        return err_set(err, ERR_STORE,
                       "%s does not open with master key %s: another key, another row, or damaged", identity,
                       s->id);
    *ret = secret_new(plain, (size_t)written);
    return true;
}
