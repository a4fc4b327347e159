#include "api/contact_edit.h"

#include "base/utf8.h"
#include "codec/reach.h"
#include <string.h>

enum { NAME_CHARACTERS = 63, WEBHOOKS_BYTES = 64 << 10 };

static bool check_name(const char *name, struct err *err)
{
    size_t count = 0, size = strlen(name), step = 1;
    for (size_t at = 0; at < size; at += step, count++) {
        step = utf8_size(name + at, size - at);
        if (!step || (unsigned char)name[at] < 0x20 || name[at] == 0x7f)
            return err_set(err, ERR_INPUT, "the contact's name holds control characters or is not UTF-8");
    }
    if (!count || count > NAME_CHARACTERS)
        return err_set(err, ERR_INPUT, "a contact's name has 1 to %d characters", NAME_CHARACTERS);
    return request_name_check(name, err);
}

/* What is sealed, and what may be told of it. */
static bool take_webhooks(struct arena *a, const struct contact_edit *edit, struct contact_row *row,
                          const struct secret **ret, struct err *err)
{
    const char **hosts = arena_array(a, const char *, edit->webhook_count);
    if (!edit->replace_webhooks)
        return true;
    if (edit->webhook_count > WEBHOOKS_OF_CONTACT)
        return err_set(err, ERR_INPUT, "a contact has at most %d webhooks", WEBHOOKS_OF_CONTACT);
    for (size_t i = 0; i < edit->webhook_count; i++)
        if (!webhook_check(a, edit->webhooks[i], &hosts[i], err))
            return false;
    row->hosts = json_strings(a, hosts, edit->webhook_count);
    if (edit->webhook_count) {
        cleanup(arena_free_p) struct arena *hidden = arena_new_secret(WEBHOOKS_BYTES);
        const char *text = json_strings(hidden, edit->webhooks, edit->webhook_count);
        *ret = secret_in(a, secret_new(text, strlen(text)));
    }
    return true;
}

bool contact_apply(struct arena *a, const struct contact_edit *edit, struct contact_row *row,
                   const struct secret **ret_webhooks, struct err *err)
{
    const char *mail = edit->mail, *mobile = edit->mobile;
    if (edit->name)
        row->name = edit->name;
    if (mail && *mail ? !mail_normalise(a, mail, &row->mail, err) : false)
        return false;
    if (mobile && *mobile ? !mobile_normalise(a, mobile, &row->mobile, err) : false)
        return false;
    row->mail = mail && !*mail ? "" : row->mail;
    row->mobile = mobile && !*mobile ? "" : row->mobile;
    if (!check_name(row->name, err) || !take_webhooks(a, edit, row, ret_webhooks, err))
        return false;
    return *row->mail || *row->mobile || strcmp(row->hosts, "[]") != 0 ||
           err_set(err, ERR_INPUT, "a contact needs a mail address, a mobile number or a webhook");
}
