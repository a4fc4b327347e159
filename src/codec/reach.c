#include "codec/reach.h"

#include "codec/name.h"
#include "codec/text.h"
#include <string.h>

enum { DIGITS_LEAST = 7, DIGITS_MOST = 15, TYPED_BYTES = 64 };

static bool refuse_mail(struct err *err, const char *text, const char *why)
{
    return err_set(err, ERR_INPUT, "\"%.80s\" is no mail address: %s", text, why);
}

/* Why the part before the at sign is refused; NULL: it is fine. */
static const char *local_refusal(const char *local, size_t size)
{
    if (!size)
        return "nothing stands before the at sign";
    if (size > MAIL_LOCAL_BYTES)
        return "more than 64 bytes stand before the at sign";
    for (size_t i = 0; i < size; i++) {
        bool word = (local[i] >= 'a' && local[i] <= 'z') || (local[i] >= 'A' && local[i] <= 'Z') ||
                    (local[i] >= '0' && local[i] <= '9') ||
                    (local[i] && strchr("!#$%&'*+-/=?^_`{|}~", local[i]));
        if (!word && local[i] != '.')
            return "only letters, digits, dots and !#$%&'*+-/=?^_`{|}~ may stand before the at sign";
        if (local[i] == '.' && (i == 0 || i + 1 == size || local[i + 1] == '.'))
            return "a dot stands first, last or twice before the at sign";
    }
    return NULL;
}

bool mail_normalise(struct arena *a, const char *text, const char **ret, struct err *err)
{
    const char *at = strrchr(text, '@'), *domain = NULL;
    struct err name_err = {0};
    if (!at)
        return refuse_mail(err, text, "it has no at sign");
    const char *why = local_refusal(text, (size_t)(at - text));
    if (why)
        return refuse_mail(err, text, why);
    if (!name_normalise(a, at + 1, false, &domain, &name_err))
        return refuse_mail(err, text, name_err.text);
    if (name_is_wildcard(domain) || !strchr(domain, '.'))
        return refuse_mail(err, text, "what follows the at sign is no full domain name");
    const char *mail = arena_printf(a, "%.*s@%s", (int)(at - text), text, domain);
    if (strlen(mail) > MAIL_BYTES)
        return refuse_mail(err, text, "it is longer than 254 bytes");
    *ret = mail;
    return true;
}

bool mobile_normalise(struct arena *a, const char *text, const char **ret, struct err *err)
{
    char digits[TYPED_BYTES];
    size_t count = 0;
    if (text[0] != '+')
        return err_set(err, ERR_INPUT, "mobile \"%.40s\": begin with + and the country's code, as in +86",
                       text);
    for (const char *p = text + 1; *p; p++) {
        bool digit = *p >= '0' && *p <= '9';
        if (!digit && !strchr(" -()", *p))
            return err_set(err, ERR_INPUT, "mobile \"%.40s\": only digits may follow the +", text);
        if (digit && count == DIGITS_MOST)
            return err_set(err, ERR_INPUT, "mobile \"%.40s\": more than 15 digits", text);
        if (digit)
            digits[count++] = *p;
    }
    if (count < DIGITS_LEAST || digits[0] == '0')
        return err_set(err, ERR_INPUT, "mobile \"%.40s\": after + come 7 to 15 digits, the first not 0",
                       text);
    *ret = arena_printf(a, "+%.*s", (int)count, digits);
    return true;
}

bool webhook_check(struct arena *a, const char *text, const char **ret_host, struct err *err)
{
    struct url url;
    struct err ignored; /* may quote the URL */
    const char *host = NULL;
    if (strlen(text) > WEBHOOK_BYTES)
        return err_set(err, ERR_INPUT, "a webhook is longer than %d bytes", WEBHOOK_BYTES);
    if (!url_parse(a, text, &url, &ignored) || strpbrk(text, " \t"))
        return err_set(err, ERR_INPUT,
                       "a webhook is no URL: https://host/path, without user information and fragment");
    if (strcmp(url.scheme, "https") != 0)
        return err_set(err, ERR_INPUT, "the webhook at %.80s is not https: its token would travel in clear",
                       url.host);
    if (!name_normalise(a, url.host, true, &host, &ignored) || name_is_wildcard(host))
        return err_set(err, ERR_INPUT, "a webhook's host is no domain name or address");
    *ret_host = url.explicit_port ? arena_printf(a, "%s:%u", host, url.port) : host;
    return true;
}
