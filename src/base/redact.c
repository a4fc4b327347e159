#include "base/redact.h"

#include "base/buf.h"
#include <string.h>

static const char redacted[] = "[redacted]";

/* Length of the PEM block that begins at text, 0 if none does. A block cut short ends with the text. */
static size_t pem_block(const char *text)
{
    if (strncmp(text, "-----BEGIN", 10) != 0)
        return 0;
    const char *end = strstr(text, "-----END");
    const char *dashes = end ? strstr(end + 8, "-----") : NULL;
    return dashes ? (size_t)(dashes + 5 - text) : strlen(text);
}

static size_t secret_at(const char *text, const struct secret *const *secrets, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t size = secret_size(secrets[i]);
        if (size >= 8 && strncmp(text, secret_bytes(secrets[i]), size) == 0)
            return size;
    }
    return 0;
}

char *redact_text(struct arena *a, const char *text, const struct secret *const *secrets, size_t count)
{
    struct buf out = buf_new(a, strlen(text) * sizeof redacted + 1);
    while (*text) {
        size_t hidden = pem_block(text);
        if (!hidden)
            hidden = secret_at(text, secrets, count);
        if (hidden)
            buf_puts(&out, redacted);
        else
            buf_putc(&out, *text);
        text += hidden ? hidden : 1;
    }
    return out.data;
}
