#include "base/secret.h"

#include "base/file.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct secret {
    size_t size, mapped;
    char bytes[];
};

struct secret *secret_new(const void *data, size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t mapped = (sizeof(struct secret) + size + 1 + page - 1) / page * page;
    if (size > SECRET_MAX_BYTES) {
        fprintf(stderr, "certferry: a secret of %zu bytes\n", size);
        abort();
    }
    struct secret *s = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (s == MAP_FAILED) {
        fprintf(stderr, "certferry: out of memory for a secret\n");
        abort();
    }
    (void)madvise(s, mapped, MADV_DONTDUMP);
    (void)mlock(s, mapped); /* beyond RLIMIT_MEMLOCK it stays unlocked */
    s->size = size;
    s->mapped = mapped;
    if (size)
        memcpy(s->bytes, data, size);
    return s;
}

struct secret *secret_copy(const struct secret *s)
{
    return s ? secret_new(s->bytes, s->size) : NULL;
}

struct secret *secret_free(struct secret *s)
{
    if (s) {
        size_t mapped = s->mapped;
        explicit_bzero(s, mapped);
        munmap(s, mapped);
    }
    return NULL;
}

void secret_free_p(struct secret **s)
{
    *s = secret_free(*s);
}

static void free_deferred(void *data)
{
    secret_free(data);
}

struct secret *secret_in(struct arena *a, struct secret *s)
{
    if (s)
        arena_defer(a, free_deferred, s);
    return s;
}

const char *secret_bytes(const struct secret *s)
{
    return s ? s->bytes : "";
}

size_t secret_size(const struct secret *s)
{
    return s ? s->size : 0;
}

bool secret_equal(const struct secret *a, const struct secret *b)
{
    if (secret_size(a) != secret_size(b))
        return false;
    unsigned difference = 0;
    for (size_t i = 0; i < secret_size(a); i++)
        difference |= (unsigned char)a->bytes[i] ^ (unsigned char)b->bytes[i];
    return difference == 0;
}

bool secret_read(const char *path, size_t max_bytes, struct secret **ret, struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new_secret(max_bytes + 8192);
    char *data;
    size_t size;
    if (!file_read(a, path, max_bytes, &data, &size, err))
        return false;
    if (size && data[size - 1] == '\n')
        size--;
    if (size && data[size - 1] == '\r')
        size--;
    if (!size)
        return err_set(err, ERR_INPUT, "%s is empty: it must hold the secret", path);
    *ret = secret_new(data, size);
    return true;
}
