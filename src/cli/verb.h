/* verb.h - the verbs' functions and options, gathered into one table in verbs.c. */
#pragma once
#include "cli/command.h"

verb_fn cert_import, cert_list, cert_show, cert_export, cert_delete;
verb_fn access_add, access_list, access_check, access_update, access_delete;
verb_fn product_list, resource_sync, resource_list;
verb_fn task_create, task_preview, task_submit, task_list, task_show, task_watch, task_wait, task_cancel,
    task_retry, task_resume, task_delete, task_rollback;
verb_fn deploy_run, verify_run, serve_run, help_run, completion_run, version_run;

extern const struct option_def cert_import_options[], cert_export_options[], access_add_options[],
    access_update_options[], resource_sync_options[], resource_list_options[], page_options[],
    selection_options[], task_submit_options[], task_list_options[], rollback_options[], delete_options[],
    deploy_options[], verify_options[], wait_options[];

/* Reads a file that an option names, into JSON-ready text. */
must_use bool option_file(struct command *c, const char *path, size_t max_bytes, const char **ret,
                          size_t *ret_size, struct err *err);

/* Path segment of an id or name. */
const char *path_of(struct command *c, const char *before, const char *id, const char *after);

/* Task helpers shared by `task` and `deploy`. */
struct material_files { /* a certificate given as files, for a preview that stores nothing */
    const char *cert, *key, *chain;
};
must_use bool task_selection(struct command *c, const char *const *certificates, size_t count,
                             const struct material_files *files, bool dry_run, const char **ret_body,
                             struct err *err);
void task_print_preview(struct command *c, const struct json *view);
bool task_confirm(struct command *c, const struct json *view);      /* --yes, or asked on the terminal */
int task_held_or_none(struct command *c, const struct json *view);  /* exit code by the plan alone */
int task_start(struct command *c, const char *id, int64_t version); /* submits, waits, sums up */
int task_wait_final(struct command *c, const char *id, bool rollback);
must_use bool inventory_refresh(struct command *c, bool always, struct err *err);
void task_print_json(struct command *c, const char *id);
