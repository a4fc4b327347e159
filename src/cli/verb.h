/* verb.h - the verbs' functions and options, gathered into one table in verbs.c. */
#pragma once
#include "cli/command.h"

verb_fn verb_cert_import, verb_cert_list, verb_cert_show, verb_cert_export, verb_cert_delete, verb_cert_sync;
verb_fn verb_access_add, verb_access_list, verb_access_check, verb_access_policy, verb_access_clean,
    verb_access_update, verb_access_delete;
verb_fn verb_contact_add, verb_contact_list, verb_contact_show, verb_contact_update, verb_contact_delete;
verb_fn verb_push_create, verb_push_list, verb_push_show;
verb_fn verb_owner_add, verb_owner_list, verb_owner_update, verb_owner_delete;
verb_fn verb_group_add, verb_group_list, verb_group_update, verb_group_delete;
verb_fn verb_api_key_create, verb_api_key_list, verb_api_key_delete, verb_token_create, verb_token_list,
    verb_token_delete;
verb_fn verb_audit_list, verb_audit_verify, verb_audit_export;
verb_fn verb_user_create, verb_user_list, verb_user_update, verb_user_delete;
verb_fn verb_quota_grant, verb_quota_revoke, verb_quota_show, verb_quota_list, verb_quota_statement;
verb_fn verb_product_list, verb_resource_sync, verb_resource_list;
verb_fn verb_task_create, verb_task_update, verb_task_preview, verb_task_submit, verb_task_list,
    verb_task_show, verb_task_watch, verb_task_wait, verb_task_cancel, verb_task_retry, verb_task_resume,
    verb_task_delete, verb_task_rollback, verb_task_pause, verb_task_approve, verb_task_run_due;
verb_fn verb_deploy, verb_verify, verb_serve, verb_help, verb_completion, verb_version;

extern const struct option_def cert_import_options[], cert_export_options[], cert_sync_options[],
    access_add_options[], push_create_options[], push_list_options[], access_update_options[],
    access_check_options[], access_policy_options[], access_clean_options[], contact_add_options[],
    contact_update_options[], group_add_options[], group_update_options[], key_create_options[],
    audit_list_options[], user_create_options[], user_update_options[], owner_add_options[],
    owner_update_options[], quota_grant_options[], quota_revoke_options[], quota_list_options[],
    resource_sync_options[], resource_list_options[], page_options[], selection_options[],
    task_update_options[], task_submit_options[], task_list_options[], task_show_options[],
    rollback_options[], delete_options[], run_due_options[], deploy_options[], verify_options[],
    wait_options[], serve_options[];

/* Reads a file that an option names, into JSON-ready text. */
must_use bool option_file(struct command *c, const char *path, size_t max_bytes, const char **ret,
                          size_t *ret_size, struct err *err);

/* Path segment of an id or name. */
const char *path_of(struct command *c, const char *before, const char *id, const char *after);

/* Task helpers shared by `task` and `deploy`. */
struct material_files { /* a certificate given as files, for a preview that stores nothing */
    const char *cert, *key, *chain;
};
must_use bool plan_selection(struct command *c, const char *const *certificates, size_t count,
                             const struct material_files *files, bool dry_run, const char **ret_body,
                             struct err *err);
/* What a preview, or a task, says of quota; nothing where that is not told. */
void quota_print_need(struct command *c, const struct json *need);
void quota_print_sums(struct command *c, const struct json *sums);
void plan_print(struct command *c, const struct json *view);
/* Matches, copies of keys, calls, warnings; a part of plan_print. */
void plan_print_summary(struct command *c, const struct json *view, int64_t total);
int64_t plan_count(struct command *c, const struct json *view, const char *state); /* of its deployments */
bool plan_confirm(struct command *c, const struct json *view);    /* --yes, or asked on the terminal */
int plan_exit_code(struct command *c, const struct json *view);   /* exit code by the plan alone */
int run_task(struct command *c, const char *id, int64_t version); /* submits, waits, sums up */
int run_wait(struct command *c, const char *id, bool rollback);
/* What a task waits for, as a sentence: its time, a window, a resume; NULL: nothing. */
const char *task_waits_text(struct command *c, const struct json *task);
must_use bool inventory_refresh(struct command *c, bool always, struct err *err);
void run_print_json(struct command *c, const char *id);
