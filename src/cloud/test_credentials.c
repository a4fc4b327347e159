#include "cloud/test_stage.h"

#include "cloud/record.h"
#include "store/certificate.h"
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

/* Keys that are not stored: of a role, of a machine, of a command. */

static const struct call read_call = {.service = "cdn",
                                      .operation = "Read",
                                      .method = "POST",
                                      .host = "cdn.aliyuncs.com",
                                      .path = "/",
                                      .version = "2018-05-10",
                                      .style = CALL_RPC_QUERY};

#define ROLE "acs:ram::1234567890123456:role/certferry"
#define GRANT(key, end)                                                                                      \
    "{\"Credentials\":{\"AccessKeyId\":\"" key "\",\"AccessKeySecret\":\"s\",\"SecurityToken\":\"TOKEN-" key \
    "\",\"Expiration\":\"" end "\"}}"

struct change_row {
    struct stage *g;
    const char *key_source, *command, *role, *external_id;
};

static bool change_row(struct db *db, void *context, struct err *err)
{
    struct change_row *c = context;
    struct access_row row;
    if (!store_access_load(db, c->g->y->a, c->g->access_id, &row, err))
        return false;
    row.key_source = c->key_source;
    row.secret_command = c->command;
    row.role = c->role;
    row.external_id = c->external_id;
    return store_access_update(db, &row, NULL, NULL, err);
}

static void begin_with(struct stage *g, const char *key_source, const char *command, const char *role,
                       const char *external_id)
{
    begin_as(g, "aliyun", false);
    struct change_row change = {g, key_source, command, role, external_id};
    assert_ok(g->y, store_write(g->y->s, change_row, &change, &g->y->err));
    cloud_session_refresh(g->cloud, g->access_id);
}

static bool try(struct stage *g)
{
    struct answer answer;
    g->y->err = (struct err){0};
    return cloud_call(&g->job, &read_call, "", &answer, &g->y->err, "{}");
}

static bool sent(struct stage *g, size_t i, const char *text)
{
    return i < calls_seen(g) && strcasestr(g->log[i], text) != NULL;
}

static void R_a_roles_keys_are_asked_for_once_and_used(void **state)
{
    struct stage *g = *state;
    REPLIES(g, {200, NULL, GRANT("STS.one", "2999-01-01T00:00:00Z")}, {200, NULL, "{}"}, {200, NULL, "{}"});
    begin_with(g, "stored", "", ROLE, "ferry-7");
    assert_true(try(g));
    assert_true(try(g));
    assert_int_equal(calls_seen(g), 3);
    assert_true(sent(g, 0, "x-acs-action: AssumeRole") && sent(g, 0, "Credential=AKIDTEST,") &&
                sent(g, 0, "ExternalId=ferry-7") && sent(g, 0, "DurationSeconds=3600"));
    assert_true(sent(g, 1, "Credential=STS.one,") && sent(g, 1, "x-acs-security-token: TOKEN-STS.one"));
    assert_true(sent(g, 2, "Credential=STS.one,"));
}

static void R_keys_near_their_end_are_renewed_before_the_next_call(void **state)
{
    struct stage *g = *state;
    REPLIES(g, {200, NULL, GRANT("STS.one", "2020-01-01T00:00:00Z")}, {200, NULL, "{}"},
            {200, NULL, GRANT("STS.two", "2999-01-01T00:00:00Z")}, {200, NULL, "{}"});
    begin_with(g, "stored", "", ROLE, "");
    assert_true(try(g));
    assert_true(try(g));
    assert_true(sent(g, 1, "Credential=STS.one,") && sent(g, 2, "AssumeRole") &&
                sent(g, 3, "Credential=STS.two,"));
    assert_false(sent(g, 0, "ExternalId"));
}

static void *race(void *context)
{
    struct stage *g = context;
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    struct job job = g->job;
    job.arena = a;
    struct answer answer;
    struct err err;
    return cloud_call(&job, &read_call, "", &answer, &err, "{}") ? NULL : context;
}

static void R_many_workers_share_one_exchange(void **state)
{
    struct stage *g = *state;
    REPLIES(g, {200, NULL, GRANT("STS.one", "2999-01-01T00:00:00Z")}, {200, NULL, "{}"});
    begin_with(g, "stored", "", ROLE, "");
    pthread_t threads[16];
    for (size_t i = 0; i < countof(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, race, g), 0);
    for (size_t i = 0; i < countof(threads); i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    size_t exchanges = 0;
    for (size_t i = 0; i < calls_seen(g); i++)
        exchanges += sent(g, i, "AssumeRole");
    assert_int_equal(exchanges, 1);
}

static void R_a_role_that_is_refused_is_asked_for_once_and_named(void **state)
{
    struct stage *g = *state;
    REPLIES(g, {403, NULL, "{\"Code\":\"InvalidAccessKeyId.NotFound\",\"Message\":\"no\"}"});
    begin_with(g, "stored", "", ROLE, "");
    assert_false(try(g));
    assert_non_null(strstr(g->y->err.text, ROLE));
    for (int i = 0; i < 3; i++) {
        assert_false(try(g));
        assert_int_equal(g->y->err.kind, ERR_CREDENTIAL);
    }
    assert_int_equal(calls_seen(g), 1);
}

static void R_an_answer_without_keys_is_an_error(void **state)
{
    struct stage *g = *state;
    static const char *const bodies[] =
        {"{}", "{\"Credentials\":{\"AccessKeyId\":\"STS.one\"}}",
         "{\"Credentials\":{\"AccessKeyId\":\"STS.one\",\"AccessKeySecret\":\"s\",\"Expiration\":\"soon\"}}"};
    for (size_t i = 0; i < countof(bodies); i++) {
        const struct reply reply = {200, NULL, bodies[i]};
        g->replies = &reply;
        g->reply_count = 1;
        if (!i)
            begin_with(g, "stored", "", ROLE, "");
        assert_false(try(g));
        assert_null(strstr(g->y->err.text, "TOKEN"));
    }
}

static void R_the_machine_is_asked_with_a_token(void **state)
{
    struct stage *g = *state;
    REPLIES(g, {200, NULL, "proof-1"}, {200, NULL, "my-role"},
            {200, NULL,
             "{\"AccessKeyId\":\"STS.m\",\"AccessKeySecret\":\"s\",\"SecurityToken\":\"T\",\"Expiration\":"
             "\"2999-01-01T00:00:00Z\",\"Code\":\"Success\"}"},
            {200, NULL, "{}"});
    begin_with(g, "machine", "", "", "");
    assert_true(try(g));
    assert_true(sent(g, 0, "PUT /latest/api/token") && sent(g, 0, "host: 100.100.100.200"));
    assert_true(sent(g, 1, "X-aliyun-ecs-metadata-token: proof-1"));
    assert_true(sent(g, 2, "GET /latest/meta-data/ram/security-credentials/my-role "));
    assert_true(sent(g, 3, "Credential=STS.m,"));
}

static void R_a_command_prints_the_secret_or_a_document(void **state)
{
    struct stage *g = *state;
    REPLIES(g, {200, NULL, "{}"}, {200, NULL, "{}"});
    begin_with(g, "command", "/bin/echo a-secret", "", "");
    assert_true(try(g));
    assert_true(sent(g, 0, "Credential=AKIDTEST,"));
    struct change_row change =
        {g, "command",
         "/bin/echo {\"AccessKeyId\":\"KEY-FROM-HELPER\",\"SecretAccessKey\":\"s\",\"SessionToken\":\"T\"}",
         "", ""};
    assert_ok(g->y, store_write(g->y->s, change_row, &change, &g->y->err));
    cloud_session_refresh(g->cloud, g->access_id);
    assert_true(try(g));
    assert_true(sent(g, 1, "Credential=KEY-FROM-HELPER,") && sent(g, 1, "x-acs-security-token: T"));
}

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

/* A command that says when it runs, and ends when it is told to. */
static const char *waiting_command(struct stage *g, const char **ret_begun, const char **ret_go)
{
    char folder[] = "/tmp/test_credentials.XXXXXX";
    assert_non_null(mkdtemp(folder));
    const char *path = arena_printf(g->y->a, "%s/command", folder);
    *ret_begun = arena_printf(g->y->a, "%s/begun", folder);
    *ret_go = arena_printf(g->y->a, "%s/go", folder);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fprintf(f, "#!/bin/sh\ntouch %s\nwhile [ ! -e %s ]; do sleep 0.01; done\necho an-old-secret\n",
            *ret_begun, *ret_go);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(path, 0700), 0);
    return path;
}

static void R_what_was_fetched_for_an_access_changed_meanwhile_is_not_used(void **state)
{
    struct stage *g = *state;
    REPLIES(g, {200, NULL, "{}"});
    const char *begun, *go, *command = waiting_command(g, &begun, &go);
    pthread_t thread;
    void *failed;
    begin_with(g, "command", command, "", "");
    assert_int_equal(pthread_create(&thread, NULL, race, g), 0);
    while (!exists(begun))
        sched_yield();
    struct change_row change = {g, "stored", "", "", ""};
    assert_ok(g->y, store_write(g->y->s, change_row, &change, &g->y->err));
    cloud_session_refresh(g->cloud, g->access_id);
    FILE *f = fopen(go, "w");
    assert_non_null(f);
    assert_int_equal(fclose(f), 0);
    pthread_join(thread, &failed);
    assert_null(failed); /* the call came again, with what the access is now */
    assert_int_equal(calls_seen(g), 1);
    assert_string_equal(g->session->keys->row.key_source, "stored");
    assert_string_equal(secret_bytes(g->session->keys->secret), stage_secret);
    unlink(begun), unlink(go), unlink(command);
    rmdir(arena_copy(g->y->a, command, strlen(command) - strlen("/command")));
}

static void R_keys_of_a_role_are_not_recorded(void **state)
{
    struct stage *g = *state;
    REPLIES(g, {200, NULL, GRANT("STS.one", "2999-01-01T00:00:00Z")}, {200, NULL, "{}"});
    struct record record = {.arena = g->y->a};
    begin_with(g, "stored", "", ROLE, "");
    g->job.record = &record;
    assert_true(try(g));
    assert_int_equal(record.count, 1);
    assert_string_equal(record.answers[0].call->operation, "Read");
}

static bool keep_keyless(struct db *db, void *context, struct err *err)
{
    return store_certificate_add(db, context, NULL, NULL, err);
}

/* A certificate that cert sync found: putting it back somewhere as text would send an empty key. */
static void R_what_has_no_key_here_is_no_material(void **state)
{
    struct stage *g = *state;
    begin_as(g, "aliyun", false);
    struct certificate_row row = {.id = store_new_id(g->y->s),
                                  .owner = "",
                                  .name = "found",
                                  .kind = "uploaded",
                                  .fingerprint = "f00d",
                                  .serial = "1",
                                  .issuer = "",
                                  .common_name = "a.example.com",
                                  .domains = "[\"a.example.com\"]",
                                  .key_type = "rsa",
                                  .key_bits = 2048,
                                  .warnings = "[]",
                                  .leaf_pem = "leaf",
                                  .chain_pem = "",
                                  .roots_pem = "",
                                  .sm2_encryption_pem = ""};
    assert_ok(g->y, store_write(g->y->s, keep_keyless, &row, &g->y->err));
    struct material m;
    assert_false(session_material(&g->job, "f00d", &m, &g->y->err));
    assert_int_equal(g->y->err.kind, ERR_NOT_FOUND);
}

static void R_a_command_that_fails_is_told_without_its_output(void **state)
{
    (void)state;
    static const struct {
        const char *command, *text;
    } cases[] = {
        {"relative/path", "absolute path"},
        {"/no/such/program", "cannot be run"},
        {"/bin/false", "failed (exit status"},
        {"/bin/cat /dev/zero", "prints more than"},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        struct secret *secret = NULL;
        struct err err;
        assert_false(command_secret(cases[i].command, &secret, &err));
        assert_non_null(strstr(err.text, cases[i].text));
        assert_null(secret);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        stage_test(R_a_roles_keys_are_asked_for_once_and_used),
        stage_test(R_keys_near_their_end_are_renewed_before_the_next_call),
        stage_test(R_many_workers_share_one_exchange),
        stage_test(R_a_role_that_is_refused_is_asked_for_once_and_named),
        stage_test(R_an_answer_without_keys_is_an_error),
        stage_test(R_the_machine_is_asked_with_a_token),
        stage_test(R_a_command_prints_the_secret_or_a_document),
        stage_test(R_what_was_fetched_for_an_access_changed_meanwhile_is_not_used),
        stage_test(R_keys_of_a_role_are_not_recorded),
        stage_test(R_what_has_no_key_here_is_no_material),
        cmocka_unit_test(R_a_command_that_fails_is_told_without_its_output),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
