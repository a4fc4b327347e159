#include "task/charge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ACCESS_PAGE = 1000 };

static int by_id(const void *left, const void *right)
{
    const struct access_row *x = left, *y = right;
    return (x->id > y->id) - (x->id < y->id);
}

bool charge_book_load(struct db *db, struct arena *a, struct charge_book *ret, struct err *err)
{
    struct owner_row *owners;
    struct charge_book book = {0};
    struct page page = {.limit = ACCESS_PAGE};
    size_t found = ACCESS_PAGE, capacity = 0;
    void *accesses = NULL;
    if (!store_owner_all(db, a, &owners, &book.owner_count, err))
        return false;
    while (found == ACCESS_PAGE) {
        struct access_row *rows;
        if (!store_access_list(db, a, &page, &rows, &found, err))
            return false;
        for (size_t i = 0; i < found; i++)
            *(struct access_row *)arena_push(a, &accesses, &book.access_count, &capacity, sizeof *rows) =
                rows[i];
        page.before_id = found ? rows[found - 1].id : 0;
    }
    if (accesses)
        qsort(accesses, book.access_count, sizeof(struct access_row), by_id);
    book.owners = owners;
    book.accesses = accesses;
    *ret = book;
    return true;
}

/* One that is gone belongs to nobody; the plan and the engine say so in their own words. */
static const struct access_row *access_of(const struct charge_book *book, int64_t id)
{
    const struct access_row key = {.id = id};
    return book->accesses
               ? bsearch(&key, book->accesses, book->access_count, sizeof(struct access_row), by_id)
               : NULL;
}

static enum sharing sharing_of(const struct charge_book *book, const struct certificate_row *row,
                               int64_t access_id)
{
    const struct access_row *access = book ? access_of(book, access_id) : NULL;
    return access ? owner_sharing(book->owners, book->owner_count, row->owner, access->owner) : SHARING_OWN;
}

const char *charge_refusal(struct arena *a, const struct charge_book *book, const struct certificate_row *row,
                           int64_t access_id)
{
    if (sharing_of(book, row, access_id) != SHARING_REFUSED)
        return NULL;
    const struct access_row *access = access_of(book, access_id);
    const char *from = owner_name(book->owners, book->owner_count, row->owner),
               *to = owner_name(book->owners, book->owner_count, access->owner);
    return arena_printf(
        a,
        "certificate %s belongs to %s and access %s to %s, which were not verified as one entity: "
        "download it with `certferry cert export` and upload it for %s with `certferry cert "
        "import --owner %s`",
        row->name, from, access->name, to, to, to);
}

bool charge_refusal_now(struct db *db, struct arena *a, const struct certificate_row *row,
                        const struct access_row *access, const char **ret, struct err *err)
{
    struct owner_row *owners;
    struct charge_book book = {.accesses = access, .access_count = 1};
    *ret = NULL;
    if (strcmp(row->owner, access->owner) == 0)
        return true;
    if (!store_owner_all(db, a, &owners, &book.owner_count, err))
        return false;
    book.owners = owners;
    *ret = charge_refusal(a, &book, row, access->id);
    return true;
}

bool charge_is_due(const struct charge_book *book, const struct certificate_row *row, int64_t access_id)
{
    return row->kind && strcmp(row->kind, "uploaded") == 0 && sharing_of(book, row, access_id) == SHARING_OWN;
}

/* Rows that are held back never start. */
static bool takes_unit(const struct deployment_row *row)
{
    return row->charged && !row->already_bound && row->state == DEPLOYMENT_PLANNED;
}

static int64_t count_units(struct arena *a, const struct deployment_row *rows, size_t count)
{
    int64_t *resources = arena_array(a, int64_t, count);
    size_t found = 0;
    int64_t units = 0;
    for (size_t i = 0; i < count; i++)
        if (takes_unit(&rows[i]))
            resources[found++] = rows[i].resource_id;
    if (found)
        qsort(resources, found, sizeof *resources, int64_compare);
    for (size_t i = 0; i < found; i++)
        units += i == 0 || resources[i] != resources[i - 1];
    return units;
}

bool charge_need_of(struct db *db, struct arena *a, const char *owner, const struct deployment_row *rows,
                    size_t count, struct charge_need *ret, struct err *err)
{
    struct charge_need need = {.units = count_units(a, rows, count), .advice = ""};
    struct owner_row *owners;
    size_t owner_count;
    if (!store_quota_account(db, owner, &need.account, err) ||
        !store_quota_balance(db, need.account, &need.balance, err) ||
        !store_owner_all(db, a, &owners, &owner_count, err))
        return false;
    need.account = arena_strdup(a, need.account);
    need.account_name = *need.account ? owner_name(owners, owner_count, need.account) : "";
    if (need.balance.limited)
        need.missing = int64_max(0, need.units - need.balance.available);
    if (need.missing)
        need.advice = arena_printf(
            a, "grant a package (`certferry quota grant --count %lld%s%s`), or select fewer resources",
            (long long)need.missing, *need.account ? " --owner " : "", need.account_name);
    *ret = need;
    return true;
}

static bool check_row(struct db *db, struct arena *a, const struct charge_book *book,
                      const struct deployment_row *row, struct certificate_row *cert, struct err *err)
{
    if (cert->id != row->certificate_id && !store_certificate_load(db, a, row->certificate_id, cert, err))
        return false;
    const char *refusal = charge_refusal(a, book, cert, row->access_id);
    if (refusal)
        return err_set(err, ERR_PERMISSION, "%s", refusal);
    return row->charged == charge_is_due(book, cert, row->access_id) || row->already_bound ||
           err_set(err, ERR_CONFLICT, "what %s costs is not what was seen: look at the preview again",
                   row->title);
}

bool charge_check(struct db *db, struct arena *a, const char *owner, const struct deployment_row *rows,
                  size_t count, struct err *err)
{
    struct charge_book book;
    struct charge_need need;
    struct certificate_row cert = {0}; /* the last one: rows come in runs */
    if (!charge_book_load(db, a, &book, err))
        return false;
    for (size_t i = 0; i < count; i++)
        if (rows[i].state == DEPLOYMENT_PLANNED && !check_row(db, a, &book, &rows[i], &cert, err))
            return false;
    if (!charge_need_of(db, a, owner, rows, count, &need, err))
        return false;
    if (!need.missing)
        return true;
    err_set(err, ERR_QUOTA, "the task takes %lld units of quota, and %lld are left: %s",
            (long long)need.units, (long long)need.balance.available, need.advice);
    if (err)
        snprintf(err->code, sizeof err->code, "%s", QUOTA_ERR_CODE);
    return false;
}
