#include "api/cas/contact.h"

#include "api/contact_edit.h"
#include <string.h>

enum { WEBHOOKS_BYTES = 16 << 10 };

#define CONTACT_PARAMETERS(required)                                                                         \
    {"Name", CAS_TEXT, required, 256, NULL}, {"Mobile", CAS_TEXT, required, 64, NULL},                       \
        {"Email", CAS_TEXT, false, 1024, NULL},                                                              \
    {                                                                                                        \
        "Webhooks", CAS_PEM, false, WEBHOOKS_BYTES, NULL                                                     \
    }

const struct cas_parameter cas_create_contact_parameters[] = {CONTACT_PARAMETERS(true), CAS_PARAMETERS_END};
const struct cas_parameter cas_update_contact_parameters[] = {
    {"ContactId", CAS_NUMBER, true, 0, NULL},
    CONTACT_PARAMETERS(false),
    CAS_PARAMETERS_END,
};
const struct cas_parameter cas_delete_contact_parameters[] = {
    {"ContactId", CAS_NUMBER, true, 0, NULL},
    CAS_PARAMETERS_END,
};
const struct cas_parameter cas_list_contacts_parameters[] = {
    {"Keyword", CAS_TEXT, false, 256, NULL},
    CAS_PAGE_PARAMETERS,
    CAS_PARAMETERS_END,
};

struct work {
    struct cas_call *call;
    int64_t id;
    struct contact_row row, *rows;
    bool replace;
    const struct secret *webhooks;
    struct cas_page page;
    size_t count;
    int64_t total;
};

/* What is shown in place of a webhook: its token is nobody's to read again. An update that gives these back changes nothing. */
static const char *shown_webhooks(struct arena *a, const struct contact_row *row)
{
    const struct json *hosts;
    if (!json_parse(a, row->hosts, strlen(row->hosts), &hosts, NULL))
        return "[]";
    const char **shown = arena_array(a, const char *, json_count(hosts));
    for (size_t i = 0; i < json_count(hosts); i++)
        shown[i] = arena_printf(a, "https://%s/***", json_str(json_item(hosts, i), ""));
    return json_strings(a, shown, json_count(hosts));
}

static bool read_webhooks(struct cas_call *call, const struct contact_row *row, struct contact_edit *edit,
                          struct err *err)
{
    const char *text = cas_given(&call->given, "Webhooks");
    const struct json *list;
    if (!text || strcmp(text, shown_webhooks(call->arena, row)) == 0)
        return true;
    if (!*text)
        text = "[]";
    if (!json_parse(call->arena, text, strlen(text), &list, NULL) || !json_is_array(list) ||
        json_count(list) > WEBHOOKS_OF_CONTACT)
        return cas_refuse_saying(err, "InvalidWebhooks",
                                 "Webhooks is the JSON text of an array of at most %d URLs.",
                                 WEBHOOKS_OF_CONTACT);
    edit->replace_webhooks = true;
    edit->webhook_count = json_count(list);
    edit->webhooks = arena_array(call->arena, const char *, edit->webhook_count);
    for (size_t i = 0; i < edit->webhook_count; i++)
        edit->webhooks[i] = json_str(json_item(list, i), "");
    return true;
}

/* The vendor takes numbers without their country, which is China there. */
static const char *mobile_of(struct arena *a, const char *text)
{
    bool bare = text && strlen(text) == 11 && text[0] == '1' && strspn(text, "0123456789") == 11;
    return bare ? arena_printf(a, "+86%s", text) : text;
}

static bool apply(struct work *work, struct err *err)
{
    struct cas_call *call = work->call;
    struct contact_edit edit = {.name = cas_text(&call->given, "Name"),
                                .mail = cas_given(&call->given, "Email"),
                                .mobile = mobile_of(call->arena, cas_given(&call->given, "Mobile"))};
    if (!read_webhooks(call, &work->row, &edit, err))
        return false;
    work->replace = edit.replace_webhooks;
    return contact_apply(call->arena, &edit, &work->row, &work->webhooks, err);
}

static bool add(struct db *db, void *context, struct err *err)
{
    struct work *work = context;
    return store_contact_add(db, &work->row, work->webhooks, err);
}

static bool name_taken(const struct cas_call *call, struct err *err)
{
    return err->kind == ERR_CONFLICT
               ? cas_refuse_saying(err, "NameRepeat", "A contact of the name %.100s exists already.",
                                   cas_text(&call->given, "Name"))
               : false;
}

bool cas_create_contact(struct cas_call *call, struct err *err)
{
    struct work work = {.call = call};
    work.row = (struct contact_row){.id = store_new_id(call->api->parts.store),
                                    .owner = call->owner,
                                    .name = "",
                                    .mail = "",
                                    .mobile = "",
                                    .hosts = "[]"};
    call->made_id = work.row.id;
    if (!apply(&work, err))
        return false;
    if (!cas_write(call, add, &work, err))
        return name_taken(call, err);
    cas_put_number(call, "ContactId", work.row.id);
    return true;
}

static bool update(struct db *db, void *context, struct err *err)
{
    struct work *work = context;
    return cas_own_contact(db, work->call, work->id, "NotFound", &work->row, err) && apply(work, err) &&
           store_contact_update(db, &work->row, work->replace, work->webhooks, err);
}

bool cas_update_contact(struct cas_call *call, struct err *err)
{
    struct work work = {.call = call, .id = cas_number(&call->given, "ContactId", 0)};
    if (!cas_write(call, update, &work, err))
        return cas_text(&call->given, "Name") ? name_taken(call, err) : false;
    cas_put_number(call, "ContactId", work.id);
    return true;
}

static bool drop(struct db *db, void *context, struct err *err)
{
    struct work *work = context;
    const char *reason = NULL;
    if (!cas_own_contact(db, work->call, work->id, "NotFound", &work->row, err) ||
        !store_contact_needed(db, work->call->arena, work->id, &reason, err))
        return false;
    return reason ? err_set(err, ERR_CONFLICT, "contact %s stays: %s", work->row.name, reason)
                  : store_contact_delete(db, work->id, err);
}

bool cas_delete_contact(struct cas_call *call, struct err *err)
{
    struct work work = {.call = call, .id = cas_number(&call->given, "ContactId", 0)};
    return cas_write(call, drop, &work, err);
}

/* Nobody is asked here whether an address is really theirs: what is kept counts as confirmed by whoever entered it. */
static void put_contact(struct cas_call *call, const struct contact_row *row)
{
    const char *webhooks = shown_webhooks(call->arena, row);
    cas_put_number(call, "ContactId", row->id);
    cas_put_text(call, "Name", row->name);
    cas_put_text(call, "Email", row->mail);
    cas_put_text(call, "Mobile", row->mobile);
    cas_put_number(call, "EmailStatus", *row->mail ? 1 : 0);
    cas_put_number(call, "MobileStatus", *row->mobile ? 1 : 0);
    json_member_string(&call->w, "Webhooks", webhooks);
    json_member_raw(&call->w, "WebhookList", webhooks);
}

static bool load_one(struct db *db, void *context, struct err *err)
{
    struct work *work = context;
    return cas_own_contact(db, work->call, work->id, "NotFound", &work->row, err);
}

bool cas_get_contact(struct cas_call *call, struct err *err)
{
    struct work work = {.call = call, .id = cas_number(&call->given, "ContactId", 0)};
    if (!cas_read(call, load_one, &work, err))
        return false;
    put_contact(call, &work.row);
    return true;
}

static bool load_list(struct db *db, void *context, struct err *err)
{
    struct work *work = context;
    return store_contact_numbered(db, work->call->arena, work->call->owner,
                                  cas_text(&work->call->given, "Keyword"), &work->page.at, &work->rows,
                                  &work->count, &work->total, err);
}

bool cas_list_contacts(struct cas_call *call, struct err *err)
{
    struct work work = {.call = call};
    if (!cas_page(call, 20, &work.page, err) || !cas_read(call, load_list, &work, err))
        return false;
    json_key(&call->w, "ContactList");
    json_open_array(&call->w);
    for (size_t i = 0; i < work.count; i++) {
        json_open_object(&call->w);
        put_contact(call, &work.rows[i]);
        json_close_object(&call->w);
    }
    json_close_array(&call->w);
    cas_put_text(call, "Keyword", cas_text(&call->given, "Keyword"));
    if (work.page.asked)
        cas_put_page(call, &work.page, "TotalCount", work.total);
    else
        cas_put_number(call, "TotalCount", work.total);
    return true;
}
