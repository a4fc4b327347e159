#include "api/health.h"
#include "api/metrics.h"
#include "api/v1_access.h"
#include "api/v1_approval.h"
#include "api/v1_audit.h"
#include "api/v1_certificate.h"
#include "api/v1_contact.h"
#include "api/v1_key.h"
#include "api/v1_owner.h"
#include "api/v1_product.h"
#include "api/v1_push.h"
#include "api/v1_quota.h"
#include "api/v1_resource.h"
#include "api/v1_session.h"
#include "api/v1_status.h"
#include "api/v1_task.h"
#include "api/v1_user.h"

const struct route routes[] = {
    {"GET", "/healthz", health_live, ON_LOOP, NULL, RIGHT_ANYBODY},
    {"GET", "/readyz", health_ready, ON_READER, NULL, RIGHT_ANYBODY},
    {"GET", "/metrics", metrics_show, ON_READER, NULL, RIGHT_OVERSEE},

    {"GET", "/api/v1/status", v1_status, ON_LOOP, NULL, RIGHT_VIEW},

    {"POST", "/api/v1/certificates", v1_certificate_import, ON_JOB, certificate_import_fields, RIGHT_OPERATE},
    {"GET", "/api/v1/certificates", v1_certificate_list, ON_READER, NULL, RIGHT_VIEW},
    {"GET", "/api/v1/certificates/{certificate}", v1_certificate_show, ON_LOOP, NULL, RIGHT_VIEW},
    {"POST", "/api/v1/certificates/{certificate}/export", v1_certificate_export, ON_JOB,
     certificate_export_fields, RIGHT_EXPORT},
    {"POST", "/api/v1/certificates/sync", v1_certificate_sync, ON_JOB, certificate_sync_fields,
     RIGHT_OPERATE},
    {"DELETE", "/api/v1/certificates/{certificate}", v1_certificate_delete, ON_JOB, NULL, RIGHT_OPERATE_ALL},

    {"POST", "/api/v1/accesses", v1_access_add, ON_JOB, access_add_fields, RIGHT_ADMINISTER_ALL},
    {"GET", "/api/v1/accesses", v1_access_list, ON_READER, NULL, RIGHT_VIEW},
    {"GET", "/api/v1/accesses/{access}", v1_access_show, ON_LOOP, NULL, RIGHT_VIEW},
    {"PATCH", "/api/v1/accesses/{access}", v1_access_update, ON_JOB, access_update_fields, RIGHT_ADMINISTER},
    {"POST", "/api/v1/accesses/{access}/check", v1_access_check, ON_JOB, access_check_fields, RIGHT_OPERATE},
    {"POST", "/api/v1/accesses/{access}/clean", v1_access_clean, ON_JOB, access_clean_fields,
     RIGHT_ADMINISTER},
    {"POST", "/api/v1/policies", v1_access_policy, ON_READER, access_policy_fields, RIGHT_VIEW},
    {"DELETE", "/api/v1/accesses/{access}", v1_access_delete, ON_JOB, NULL, RIGHT_ADMINISTER},

    {"POST", "/api/v1/setup", v1_setup, ON_JOB, setup_fields, RIGHT_ANYBODY},
    {"POST", "/api/v1/session", v1_session_begin, ON_JOB, session_begin_fields, RIGHT_ANYBODY},
    {"GET", "/api/v1/session", v1_session_show, ON_LOOP, NULL, RIGHT_SELF},
    {"DELETE", "/api/v1/session", v1_session_end, ON_JOB, NULL, RIGHT_SELF},
    {"POST", "/api/v1/session/totp", v1_session_totp, ON_JOB, session_totp_fields, RIGHT_SELF},
    {"POST", "/api/v1/session/totp/confirm", v1_session_totp_confirm, ON_JOB, session_totp_confirm_fields,
     RIGHT_SELF},
    {"POST", "/api/v1/session/totp/remove", v1_session_totp_remove, ON_JOB, session_totp_remove_fields,
     RIGHT_SELF},
    {"POST", "/api/v1/session/password", v1_session_password, ON_JOB, session_password_fields, RIGHT_SELF},

    {"GET", "/api/v1/audit", v1_audit_list, ON_READER, NULL, RIGHT_OVERSEE},
    {"GET", "/api/v1/audit/verify", v1_audit_verify, ON_JOB, NULL, RIGHT_OVERSEE},

    {"POST", "/api/v1/users", v1_user_create, ON_JOB, user_create_fields, RIGHT_GOVERN},
    {"GET", "/api/v1/users", v1_user_list, ON_READER, NULL, RIGHT_GOVERN},
    {"PATCH", "/api/v1/users/{user}", v1_user_update, ON_JOB, user_update_fields, RIGHT_GOVERN},
    {"DELETE", "/api/v1/users/{user}", v1_user_delete, ON_JOB, NULL, RIGHT_GOVERN},

    {"POST", "/api/v1/groups", v1_group_add, ON_JOB, group_add_fields, RIGHT_GOVERN},
    {"GET", "/api/v1/groups", v1_group_list, ON_READER, NULL, RIGHT_GOVERN},
    {"PATCH", "/api/v1/groups/{group}", v1_group_update, ON_JOB, group_update_fields, RIGHT_GOVERN},
    {"DELETE", "/api/v1/groups/{group}", v1_group_delete, ON_JOB, NULL, RIGHT_GOVERN},

    {"POST", "/api/v1/api-keys", v1_api_key_create, ON_JOB, key_create_fields, RIGHT_GOVERN},
    {"GET", "/api/v1/api-keys", v1_api_key_list, ON_READER, NULL, RIGHT_GOVERN},
    {"DELETE", "/api/v1/api-keys/{api_key}", v1_api_key_delete, ON_JOB, NULL, RIGHT_GOVERN},
    {"POST", "/api/v1/tokens", v1_token_create, ON_JOB, key_create_fields, RIGHT_GOVERN},
    {"GET", "/api/v1/tokens", v1_token_list, ON_READER, NULL, RIGHT_GOVERN},
    {"DELETE", "/api/v1/tokens/{token}", v1_token_delete, ON_JOB, NULL, RIGHT_GOVERN},

    {"POST", "/api/v1/contacts", v1_contact_add, ON_JOB, contact_fields, RIGHT_OPERATE_ALL},
    {"GET", "/api/v1/contacts", v1_contact_list, ON_READER, NULL, RIGHT_VIEW},
    {"GET", "/api/v1/contacts/{contact}", v1_contact_show, ON_LOOP, NULL, RIGHT_VIEW},
    {"PATCH", "/api/v1/contacts/{contact}", v1_contact_update, ON_JOB, contact_fields, RIGHT_OPERATE_ALL},
    {"DELETE", "/api/v1/contacts/{contact}", v1_contact_delete, ON_JOB, NULL, RIGHT_OPERATE_ALL},

    {"POST", "/api/v1/pushes", v1_push_create, ON_JOB, push_fields, RIGHT_OPERATE},
    {"GET", "/api/v1/pushes", v1_push_list, ON_READER, NULL, RIGHT_VIEW},
    {"GET", "/api/v1/pushes/{push}", v1_push_show, ON_LOOP, NULL, RIGHT_VIEW},

    {"POST", "/api/v1/owners", v1_owner_add, ON_JOB, owner_add_fields, RIGHT_GOVERN},
    {"GET", "/api/v1/owners", v1_owner_list, ON_READER, NULL, RIGHT_OVERSEE},
    {"PATCH", "/api/v1/owners/{owner}", v1_owner_update, ON_JOB, owner_update_fields, RIGHT_GOVERN},
    {"DELETE", "/api/v1/owners/{owner}", v1_owner_delete, ON_JOB, NULL, RIGHT_GOVERN},

    {"GET", "/api/v1/quota", v1_quota_show, ON_READER, NULL, RIGHT_OVERSEE},
    {"POST", "/api/v1/quota/grants", v1_quota_grant, ON_JOB, quota_grant_fields, RIGHT_GOVERN},
    {"POST", "/api/v1/quota/revocations", v1_quota_revoke, ON_JOB, quota_revoke_fields, RIGHT_GOVERN},
    {"GET", "/api/v1/quota/entries", v1_quota_entries, ON_READER, NULL, RIGHT_OVERSEE},
    {"GET", "/api/v1/quota/tasks/{task}", v1_quota_statement, ON_READER, NULL, RIGHT_VIEW},

    {"GET", "/api/v1/products", v1_product_list, ON_READER, NULL, RIGHT_VIEW},

    {"GET", "/api/v1/resources", v1_resource_list, ON_READER, NULL, RIGHT_VIEW},
    {"GET", "/api/v1/resources/{resource}", v1_resource_show, ON_LOOP, NULL, RIGHT_VIEW},
    {"POST", "/api/v1/resources/sync", v1_resource_sync, ON_JOB, resource_sync_fields, RIGHT_OPERATE},
    {"GET", "/api/v1/syncs", v1_sync_list, ON_READER, NULL, RIGHT_VIEW},

    {"POST", "/api/v1/tasks", v1_task_create, ON_JOB, task_create_fields, RIGHT_OPERATE},
    {"GET", "/api/v1/tasks", v1_task_list, ON_READER, NULL, RIGHT_VIEW},
    {"POST", "/api/v1/tasks/run-due", v1_task_run_due, ON_JOB, task_run_due_fields, RIGHT_OPERATE_ALL},
    {"GET", "/api/v1/tasks/{task}", v1_task_show, ON_READER, NULL, RIGHT_VIEW},
    {"GET", "/api/v1/tasks/{task}/contacts", v1_task_contacts, ON_READER, NULL, RIGHT_VIEW},
    {"GET", "/api/v1/tasks/{task}/deployments", v1_task_deployments, ON_READER, NULL, RIGHT_VIEW},
    {"GET", "/api/v1/tasks/{task}/events", v1_task_events, ON_READER, NULL, RIGHT_VIEW},
    {"PATCH", "/api/v1/tasks/{task}", v1_task_update, ON_JOB, task_update_fields, RIGHT_OPERATE},
    {"POST", "/api/v1/tasks/{task}/preview", v1_task_preview, ON_JOB, NULL, RIGHT_OPERATE},
    {"POST", "/api/v1/tasks/{task}/submit", v1_task_submit, ON_JOB, task_submit_fields, RIGHT_OPERATE},
    {"POST", "/api/v1/tasks/{task}/approve", v1_task_approve, ON_JOB, NULL, RIGHT_APPROVE},
    {"POST", "/api/v1/tasks/{task}/cancel", v1_task_cancel, ON_JOB, NULL, RIGHT_OPERATE},
    {"POST", "/api/v1/tasks/{task}/pause", v1_task_pause, ON_JOB, NULL, RIGHT_OPERATE},
    {"POST", "/api/v1/tasks/{task}/retry", v1_task_retry, ON_JOB, task_retry_fields, RIGHT_OPERATE},
    {"POST", "/api/v1/tasks/{task}/resume", v1_task_resume, ON_JOB, NULL, RIGHT_OPERATE},
    {"POST", "/api/v1/tasks/{task}/rollback", v1_task_rollback, ON_JOB, task_rollback_fields, RIGHT_OPERATE},
    {"DELETE", "/api/v1/tasks/{task}", v1_task_delete, ON_JOB, NULL, RIGHT_OPERATE},

    {"POST", "/api/v1/verify", v1_verify, ON_JOB, verify_fields, RIGHT_OPERATE},
};

const size_t route_count = countof(routes);
