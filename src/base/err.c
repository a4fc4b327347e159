#include "base/err.h"

#include "base/utf8.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const kind_names[] = {
    [ERR_NONE] = "",
    [ERR_INPUT] = "input",
    [ERR_CREDENTIAL] = "credential",
    [ERR_PERMISSION] = "permission",
    [ERR_THROTTLED] = "throttled",
    [ERR_CONFLICT] = "conflict",
    [ERR_NOT_FOUND] = "not_found",
    [ERR_QUOTA] = "quota",
    [ERR_INVALID_CERTIFICATE] = "invalid_certificate",
    [ERR_TIMEOUT] = "timeout",
    [ERR_NETWORK] = "network",
    [ERR_VENDOR] = "vendor",
    [ERR_STORE] = "store",
    [ERR_INTERNAL] = "internal",
};

/* A text cut in the middle of a UTF-8 character would not survive JSON: drop the partial character. */
static void cut_at_character(char *text, size_t size)
{
    size_t end = strlen(text);
    if (end + 1 < size)
        return;
    size_t start = end;
    while (start > 0 && ((unsigned char)text[start - 1] & 0xC0) == 0x80)
        start--;
    if (start == 0)
        return;
    unsigned char lead = (unsigned char)text[start - 1];
    size_t want = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    if (end - (start - 1) < want)
        text[start - 1] = '\0';
}

bool(err_set)(struct err *err, enum err_kind kind, const char *fmt, ...)
{
    if (!err)
        return false;
    char text[sizeof err->text]; /* the arguments may point into err itself */
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    *err = (struct err){.kind = kind};
    memcpy(err->text, text, sizeof text);
    cut_at_character(err->text, sizeof err->text);
    utf8_mend(err->text); /* texts quote what others wrote, cut by a precision or never UTF-8 at all */
    return false;
}

bool(err_add)(struct err *err, const char *fmt, ...)
{
    if (!err)
        return false;
    char context[sizeof err->text];
    va_list args;
    va_start(args, fmt);
    int length = vsnprintf(context, sizeof context, fmt, args);
    va_end(args);
    size_t used = size_min(length > 0 ? (size_t)length : 0, sizeof context - 1);
    snprintf(context + used, sizeof context - used, ": %s", err->text);
    memcpy(err->text, context, sizeof context);
    cut_at_character(err->text, sizeof err->text);
    utf8_mend(err->text); /* texts quote what others wrote, cut by a precision or never UTF-8 at all */
    return false;
}

const char *err_kind_name(enum err_kind kind)
{
    return (size_t)kind < countof(kind_names) ? kind_names[kind] : "internal";
}

enum err_kind err_kind_of_name(const char *name)
{
    if (!name)
        return ERR_NONE;
    for (size_t i = 0; i < countof(kind_names); i++)
        if (strcmp(kind_names[i], name) == 0)
            return (enum err_kind)i;
    return ERR_INTERNAL;
}
