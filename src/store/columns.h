/* columns.h - the columns of every table, once: statements.def makes SQL of them, rows.h maps them to structs.
 *
 * X(type, name): the column and the member of the row's struct have the same name. The first five are every table's.
 */
#pragma once

#define COMMON_FIELDS(X) X(TEXT, owner) X(INT, version) X(INT, created_ms) X(INT, updated_ms) /* after id */

#define CERTIFICATE_FIELDS(X)                                                                                \
    COMMON_FIELDS(X)                                                                                         \
    X(TEXT, name)                                                                                            \
    X(TEXT, kind)                                                                                            \
    X(TEXT, fingerprint)                                                                                     \
    X(TEXT, serial)                                                                                          \
    X(TEXT, issuer)                                                                                          \
    X(TEXT, common_name)                                                                                     \
    X(TEXT, domains)                                                                                         \
    X(TEXT, key_type)                                                                                        \
    X(INT, key_bits)                                                                                         \
    X(INT, not_before_ms)                                                                                    \
    X(INT, not_after_ms)                                                                                     \
    X(BOOL, chain_complete)                                                                                  \
    X(BOOL, revoked)                                                                                         \
    X(TEXT, warnings)                                                                                        \
    X(TEXT, leaf_pem)                                                                                        \
    X(TEXT, chain_pem)                                                                                       \
    X(TEXT, roots_pem)                                                                                       \
    X(TEXT, sm2_encryption_pem)                                                                              \
    X(BOOL, has_key)

#define ACCESS_FIELDS(X)                                                                                     \
    COMMON_FIELDS(X)                                                                                         \
    X(TEXT, name)                                                                                            \
    X(TEXT, cloud)                                                                                           \
    X(TEXT, key_id)                                                                                          \
    X(TEXT, site)                                                                                            \
    X(TEXT, regions)                                                                                         \
    X(TEXT, gateway)                                                                                         \
    X(TEXT, ca_file)                                                                                         \
    X(TEXT, proxy)                                                                                           \
    X(REAL, calls_per_second)                                                                                \
    X(BOOL, read_only)                                                                                       \
    X(TEXT, account_id)                                                                                      \
    X(TEXT, state)                                                                                           \
    X(TEXT, state_text)                                                                                      \
    X(INT, checked_ms)                                                                                       \
    X(INT, clock_skew_ms)                                                                                    \
    X(TEXT, key_source)                                                                                      \
    X(TEXT, secret_command)                                                                                  \
    X(TEXT, role)                                                                                            \
    X(TEXT, external_id)

#define CONTACT_FIELDS(X) COMMON_FIELDS(X) X(TEXT, name) X(TEXT, mail) X(TEXT, mobile) X(TEXT, hosts)

#define PUSH_FIELDS(X)                                                                                       \
    COMMON_FIELDS(X)                                                                                         \
    X(INT, access_id)                                                                                        \
    X(INT, certificate_id)                                                                                   \
    X(TEXT, access)                                                                                          \
    X(TEXT, certificate)                                                                                     \
    X(TEXT, account_id)                                                                                      \
    X(TEXT, product)                                                                                         \
    X(TEXT, region)                                                                                          \
    X(TEXT, state)                                                                                           \
    X(TEXT, ref)                                                                                             \
    X(TEXT, copy_ref)                                                                                        \
    X(TEXT, text)                                                                                            \
    X(INT, finished_ms)

#define COPY_FIELDS(X)                                                                                       \
    X(INT, access_id)                                                                                        \
    X(INT, certificate_id)                                                                                   \
    X(TEXT, vendor_store) X(TEXT, ref) X(TEXT, name) X(INT, created_ms) X(BOOL, brought)

#define ROOM_FIELDS(X)                                                                                       \
    X(INT, access_id)                                                                                        \
    X(TEXT, vendor_store) X(INT, used) X(INT, most) X(INT, lately) X(INT, lately_most) X(INT, learned_ms)

#define FIRST_CONTACT_FIELDS(X) X(INT, access_id) X(TEXT, product) X(INT, created_ms)

#define OWNER_FIELDS(X) COMMON_FIELDS(X) X(TEXT, name) X(TEXT, entity) X(TEXT, verified_by)

#define QUOTA_FIELDS(X)                                                                                      \
    COMMON_FIELDS(X)                                                                                         \
    X(WORD, kind)                                                                                            \
    X(INT, available)                                                                                        \
    X(INT, held)                                                                                             \
    X(INT, used)                                                                                             \
    X(BOOL, counted)                                                                                         \
    X(INT, task_id)                                                                                          \
    X(INT, resource_id)                                                                                      \
    X(INT, deployment_id)                                                                                    \
    X(TEXT, text)

#define GROUP_FIELDS(X) COMMON_FIELDS(X) X(TEXT, name) X(BOOL, second_person)

#define APPROVAL_FIELDS(X)                                                                                   \
    COMMON_FIELDS(X)                                                                                         \
    X(INT, task_id)                                                                                          \
    X(INT, task_version)                                                                                     \
    X(TEXT, who_kind)                                                                                        \
    X(INT, who_id)                                                                                           \
    X(TEXT, who)                                                                                             \
    X(TEXT, request)

#define ROLE_FIELDS(X) X(INT, group_id) X(INT, role) X(TEXT, group)

#define API_KEY_FIELDS(X)                                                                                    \
    COMMON_FIELDS(X)                                                                                         \
    X(TEXT, kind)                                                                                            \
    X(TEXT, name)                                                                                            \
    X(TEXT, key_id)                                                                                          \
    X(TEXT, hash)                                                                                            \
    X(BOOL, any_owner)                                                                                       \
    X(BOOL, may_export)                                                                                      \
    X(INT, expires_ms)                                                                                       \
    X(INT, last_used_ms)

#define USER_FIELDS(X)                                                                                       \
    COMMON_FIELDS(X)                                                                                         \
    X(TEXT, name)                                                                                            \
    X(TEXT, password)                                                                                        \
    X(BOOL, must_change)                                                                                     \
    X(BOOL, disabled)                                                                                        \
    X(BOOL, any_owner)                                                                                       \
    X(BOOL, may_export)                                                                                      \
    X(BOOL, has_totp)                                                                                        \
    X(INT, totp_used)                                                                                        \
    X(TEXT, recovery)                                                                                        \
    X(INT, last_login_ms)

#define SESSION_FIELDS(X)                                                                                    \
    COMMON_FIELDS(X) X(INT, user_id) X(TEXT, hash) X(TEXT, source) X(INT, seen_ms) X(INT, expires_ms)

#define LOGIN_FAILURE_FIELDS(X) X(TEXT, subject) X(INT, failures) X(INT, last_ms) X(INT, until_ms)

#define AUDIT_FIELDS(X)                                                                                      \
    COMMON_FIELDS(X)                                                                                         \
    X(INT, place)                                                                                            \
    X(TEXT, request)                                                                                         \
    X(TEXT, who_kind)                                                                                        \
    X(INT, who_id)                                                                                           \
    X(TEXT, who)                                                                                             \
    X(TEXT, source)                                                                                          \
    X(TEXT, action)                                                                                          \
    X(TEXT, object)                                                                                          \
    X(INT, object_id)                                                                                        \
    X(TEXT, object_name)                                                                                     \
    X(TEXT, changes)                                                                                         \
    X(TEXT, former)                                                                                          \
    X(TEXT, hash)

/* Of struct resource; record_fields in resource.c adds what is kept as JSON. */
#define RESOURCE_FIELDS(X)                                                                                   \
    X(TEXT, owner)                                                                                           \
    X(INT, version)                                                                                          \
    X(INT, access_id)                                                                                        \
    X(TEXT, product)                                                                                         \
    X(TEXT, region)                                                                                          \
    X(TEXT, vendor_id)                                                                                       \
    X(TEXT, title)                                                                                           \
    X(BOOL, must_cover_all)                                                                                  \
    X(BOOL, https)                                                                                           \
    X(TEXT, host)                                                                                            \
    X(UNSIGNED, port)                                                                                        \
    X(BOOL, quic)                                                                                            \
    X(TEXT, reach)                                                                                           \
    X(TEXT, lock)                                                                                            \
    X(TEXT, alias_of)                                                                                        \
    X(TEXT, managed_by)                                                                                      \
    X(TEXT, unfit)                                                                                           \
    X(TEXT, extra)                                                                                           \
    X(BOOL, missing)                                                                                         \
    X(INT, generation)                                                                                       \
    X(INT, synced_ms)

#define SYNC_FIELDS(X)                                                                                       \
    X(TEXT, product)                                                                                         \
    X(TEXT, region)                                                                                          \
    X(INT, generation)                                                                                       \
    X(INT, started_ms)                                                                                       \
    X(INT, finished_ms)                                                                                      \
    X(INT, resources)                                                                                        \
    X(TEXT, error_kind)                                                                                      \
    X(TEXT, error_text)

#define TASK_FIELDS(X)                                                                                       \
    COMMON_FIELDS(X)                                                                                         \
    X(TEXT, name)                                                                                            \
    X(TEXT, state)                                                                                           \
    X(TEXT, selection)                                                                                       \
    X(TEXT, notes)                                                                                           \
    X(INT, submitted_ms)                                                                                     \
    X(INT, finished_ms)                                                                                      \
    X(BOOL, verify)                                                                                          \
    X(INT, start_at_ms)                                                                                      \
    X(TEXT, time_zone)                                                                                       \
    X(TEXT, windows)                                                                                         \
    X(TEXT, waves)                                                                                           \
    X(INT, judged_wave)                                                                                      \
    X(TEXT, paused)                                                                                          \
    X(TEXT, rollback_on)                                                                                     \
    X(TEXT, type)

/* What the plan says of a deployment and never changes, then what the journal writes. */
#define PLAN_FIELDS(X)                                                                                       \
    COMMON_FIELDS(X)                                                                                         \
    X(INT, task_id)                                                                                          \
    X(INT, certificate_id)                                                                                   \
    X(INT, resource_id)                                                                                      \
    X(INT, access_id)                                                                                        \
    X(TEXT, product)                                                                                         \
    X(TEXT, region)                                                                                          \
    X(TEXT, vendor_id)                                                                                       \
    X(TEXT, title)                                                                                           \
    X(TEXT, lock)                                                                                            \
    X(TEXT, slot)                                                                                            \
    X(TEXT, names)                                                                                           \
    X(TEXT, reason)                                                                                          \
    X(TEXT, old)                                                                                             \
    X(TEXT, holds)                                                                                           \
    X(TEXT, undo)                                                                                            \
    X(BOOL, charged)                                                                                         \
    X(TEXT, calls)                                                                                           \
    X(TEXT, copied_to)                                                                                       \
    X(TEXT, warnings)                                                                                        \
    X(INT, fence)

#define JOURNAL_FIELDS(X)                                                                                    \
    X(STATE, state)                                                                                          \
    X(STEP, step)                                                                                            \
    X(TEXT, vendor_store)                                                                                    \
    X(TEXT, new_ref)                                                                                         \
    X(TEXT, goal)                                                                                            \
    X(BOOL, has_before)                                                                                      \
    X(BOOL, already_bound)                                                                                   \
    X(INT, writes)                                                                                           \
    X(INT, write_started_ms)                                                                                 \
    X(INT, step_started_ms)                                                                                  \
    X(INT, again_at_ms)                                                                                      \
    X(INT, attempts)                                                                                         \
    X(TEXT, verdict)                                                                                         \
    X(TEXT, verdict_text)                                                                                    \
    X(TEXT, cause_kind)                                                                                      \
    X(TEXT, cause_code)                                                                                      \
    X(TEXT, cause_request_id)                                                                                \
    X(TEXT, cause_text)                                                                                      \
    X(TEXT, advice)                                                                                          \
    X(INT, started_ms)                                                                                       \
    X(INT, finished_ms)                                                                                      \
    X(TEXT, claimed_by)                                                                                      \
    X(INT, claimed_until_ms)                                                                                 \
    X(INT, wave)

/* Columns of a SELECT or INSERT: "id" and what follows. */
#define COLUMN_(type, name) ", " #name
#define COLUMNS(fields) "id" fields(COLUMN_)

/* "$1, $2, ..." up to the number in the name. */
#define P6 "$1, $2, $3, $4, $5, $6"
#define P4 "$1, $2, $3, $4"
#define P7 P6 ", $7"
#define P8 P7 ", $8"
#define P9 P8 ", $9"
#define P10 P9 ", $10"
#define P11 P10 ", $11"
#define P12 P11 ", $12"
#define P14 P12 ", $13, $14"
#define P15 P14 ", $15"
#define P17 P15 ", $16, $17"
#define P18 P17 ", $18"
#define P19 P18 ", $19"
#define P20 P19 ", $20"
#define P22 P20 ", $21, $22"
#define P24 P22 ", $23, $24"
#define P25 P22 ", $23, $24, $25"
#define P26 P25 ", $26"
#define P27 P26 ", $27"
#define P28 P27 ", $28"
#define P46 P28 ", $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, $42, $43, $44, $45, $46"
#define P49 P46 ", $47, $48, $49"
