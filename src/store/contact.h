/* store/contact.h - the people who hear of tasks (R66), and of which.
 *
 * Webhooks hold the tokens of chat bots: they are sealed, and a row tells their hosts alone.
 */
#pragma once
#include "base/secret.h"
#include "store/store.h"

enum { CONTACTS_OF_TASK = 10, WEBHOOKS_OF_CONTACT = 5 };

struct contact_row {
    int64_t id, version, created_ms, updated_ms;
    const char *owner;
    const char *name;
    const char *mail, *mobile; /* "" where none */
    const char *hosts;         /* JSON array: where the webhooks are, without their tokens; "[]" none */
};

/* webhooks: a JSON array of URLs; NULL: none. ERR_CONFLICT: the name exists. */
must_use bool store_contact_add(struct db *db, const struct contact_row *row, const struct secret *webhooks,
                                struct err *err);
must_use bool store_contact_load(struct db *db, struct arena *a, int64_t id, struct contact_row *ret,
                                 struct err *err);
must_use bool store_contact_find(struct db *db, struct arena *a, const char *id_or_name,
                                 struct contact_row *ret, struct err *err);
must_use bool store_contact_list(struct db *db, struct arena *a, const struct page *page,
                                 struct contact_row **ret, size_t *ret_count, struct err *err);
/* The URLs, as they were given; NULL: none. */
must_use bool store_contact_webhooks(struct db *db, struct arena *a, int64_t id, struct secret **ret,
                                     struct err *err);
/* Replaces all fields where the version fits (ERR_CONFLICT otherwise), and the webhooks where replace_webhooks. */
must_use bool store_contact_update(struct db *db, const struct contact_row *row, bool replace_webhooks,
                                   const struct secret *webhooks, struct err *err);
/* A sentence when a task that is not final names the contact, else NULL. */
must_use bool store_contact_needed(struct db *db, struct arena *a, int64_t id, const char **ret_reason,
                                   struct err *err);
must_use bool store_contact_delete(struct db *db, int64_t id, struct err *err);

/* Who hears of a task, in the order given. Setting replaces; what is there twice counts once. */
must_use bool store_task_contacts_set(struct db *db, int64_t task_id, const int64_t *ids, size_t count,
                                      struct err *err);
must_use bool store_task_contacts(struct db *db, struct arena *a, int64_t task_id, struct contact_row **ret,
                                  size_t *ret_count, struct err *err);
