/* A secret, then a text: nothing that redact_text promises to hide is in what it returns, which is printable UTF-8. */
#include "base/redact.h"
#include "base/utf8.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    if (size > 1 << 16)
        return 0;
    const char *line = fuzz_line(a, &data, &size), *text = arena_copy(a, data, size);
    struct secret *secret = secret_in(a, secret_new(line, strlen(line)));
    const struct secret *const secrets[] = {secret};
    char *out = redact_text(a, text, secrets, 1);
    must(!strstr(out, "-----BEGIN") && !strstr(out, "-----END"));
    must(strlen(line) < 8 || !strstr(out, line) || strchr(line, '?') || strstr("[redacted][redacted]", line));
    must(strlen(out) <= 12 * strlen(text) + 16);
    size_t left = strlen(out), taken;
    for (const char *p = out; left; p += taken, left -= taken) {
        taken = utf8_size(p, left);
        must(taken && *p != '\x1B' && *p != '\x7F');
    }
    return 0;
}
