/* Contacts: their webhooks are sealed, and nobody loses one that a task still counts on. */
#include "store/contact.h"

#include "store/test_support.h"
#include <string.h>

static struct contact_row contact(struct yard *y, const char *name)
{
    return (struct contact_row){.id = yard_id(y),
                                .owner = "uid:1000",
                                .name = name,
                                .mail = "ops@example.com",
                                .mobile = "+8613800000000",
                                .hosts = "[\"oapi.dingtalk.com\"]"};
}

static void R66_a_contact_comes_back_as_it_was(void **state)
{
    struct yard *y = *state;
    struct contact_row row = contact(y, "ops"), got = {0};
    struct secret *hooks = bench_secret(y->b, "[\"https://oapi.dingtalk.com/?access_token=t\"]"),
                  *back = NULL;
    assert_ok(y, store_contact_add(y->db, &row, hooks, &y->err));
    assert_ok(y, store_contact_find(y->db, y->a, "ops", &got, &y->err));
    assert_int_equal(got.id, row.id);
    assert_int_equal(got.version, 1);
    assert_string_equal(got.mail, row.mail);
    assert_string_equal(got.mobile, row.mobile);
    assert_string_equal(got.hosts, row.hosts);
    assert_ok(y, store_contact_webhooks(y->db, y->a, row.id, &back, &y->err));
    assert_true(secret_equal(back, hooks));
    struct contact_row same = contact(y, "ops");
    assert_err(y, ERR_CONFLICT, store_contact_add(y->db, &same, NULL, &y->err));
}

static void R66_webhooks_change_only_when_told(void **state)
{
    struct yard *y = *state;
    struct contact_row row = contact(y, "ops"), old;
    struct secret *hooks = bench_secret(y->b, "[\"https://a.example/1\"]"), *back = NULL;
    assert_ok(y, store_contact_add(y->db, &row, hooks, &y->err));
    assert_ok(y, store_contact_load(y->db, y->a, row.id, &row, &y->err));
    old = row;
    row.mail = "other@example.com";
    assert_ok(y, store_contact_update(y->db, &row, false, NULL, &y->err));
    assert_ok(y, store_contact_webhooks(y->db, y->a, row.id, &back, &y->err));
    assert_true(secret_equal(back, hooks));
    assert_err(y, ERR_CONFLICT, store_contact_update(y->db, &old, true, NULL, &y->err)); /* outdated */
    assert_ok(y, store_contact_load(y->db, y->a, row.id, &row, &y->err));
    assert_string_equal(row.mail, "other@example.com");
    assert_ok(y, store_contact_update(y->db, &row, true, NULL, &y->err));
    assert_ok(y, store_contact_webhooks(y->db, y->a, row.id, &back, &y->err));
    assert_null(back);
}

static void R66_webhooks_are_sealed(void **state)
{
    struct yard *y = *state;
    struct contact_row row = contact(y, "ops");
    struct secret *hooks = bench_secret(y->b, "[\"https://a.example/TOPSECRET\"]");
    assert_ok(y, store_contact_add(y->db, &row, hooks, &y->err));
    cleanup(query_close) struct query q = {0};
    bool found = false;
    size_t size = 0;
    assert_ok(y, query_open(y->db, SQL_CONTACT_WEBHOOKS, VALUES(value_int(row.id)), &q, &y->err));
    assert_ok(y, query_next(&q, &found, &y->err));
    const void *sealed = query_blob(&q, y->a, 0, &size);
    assert_true(found && size > 0);
    assert_null(memmem(sealed, size, "TOPSECRET", 9));
}

static void R66_a_contact_stays_while_a_task_waits_for_it(void **state)
{
    struct yard *y = *state;
    struct contact_row ops = contact(y, "ops"), dev = contact(y, "dev"), *rows = NULL;
    struct task_row task = yard_task(y, "renewal");
    const char *reason = NULL;
    size_t count = 0;
    assert_ok(y, store_contact_add(y->db, &ops, NULL, &y->err));
    assert_ok(y, store_contact_add(y->db, &dev, NULL, &y->err));
    assert_ok(y, store_task_add(y->db, &task, NULL, 0, &y->err));
    int64_t ids[] = {dev.id, ops.id, dev.id};
    assert_ok(y, store_task_contacts_set(y->db, task.id, ids, 3, &y->err));
    assert_ok(y, store_task_contacts(y->db, y->a, task.id, &rows, &count, &y->err));
    assert_int_equal(count, 2); /* once, in the order given */
    assert_string_equal(rows[0].name, "dev");
    assert_string_equal(rows[1].name, "ops");
    assert_ok(y, store_contact_needed(y->db, y->a, ops.id, &reason, &y->err));
    assert_non_null(reason);
    assert_non_null(strstr(reason, "renewal"));
    assert_ok(y, store_task_contacts_set(y->db, task.id, &dev.id, 1, &y->err));
    assert_ok(y, store_contact_needed(y->db, y->a, ops.id, &reason, &y->err));
    assert_null(reason);
    assert_ok(y, store_task_load(y->db, y->a, task.id, &task, &y->err));
    task.state = "success";
    assert_ok(y, store_task_update(y->db, &task, &y->err));
    assert_ok(y, store_contact_needed(y->db, y->a, dev.id, &reason, &y->err));
    assert_null(reason);
    assert_ok(y, store_contact_delete(y->db, dev.id, &y->err));
    assert_ok(y, store_task_contacts(y->db, y->a, task.id, &rows, &count, &y->err));
    assert_int_equal(count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        yard_test(R66_a_contact_comes_back_as_it_was),
        yard_test(R66_webhooks_change_only_when_told),
        yard_test(R66_webhooks_are_sealed),
        yard_test(R66_a_contact_stays_while_a_task_waits_for_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
