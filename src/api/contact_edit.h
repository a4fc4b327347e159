/* contact_edit.h - what a contact becomes, whoever asks for it: checked, normalised, its webhooks ready to be sealed. */
#pragma once
#include "api/request.h"
#include "store/contact.h"

struct contact_edit { /* NULL: as it is */
    const char *name;
    const char *mail, *mobile; /* "": none any more */
    bool replace_webhooks;
    const char **webhooks;
    size_t webhook_count;
};

/* Changes the row; *ret_webhooks is what belongs beside it, NULL where there are none. */
must_use bool contact_apply(struct arena *a, const struct contact_edit *edit, struct contact_row *row,
                            const struct secret **ret_webhooks, struct err *err);
