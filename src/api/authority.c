#include "api/authority.h"

#include "identity/scope.h"
#include "store/certificate.h"
#include "store/push.h"
#include "store/resource.h"
#include <stdlib.h>
#include <string.h>

const struct right_rule right_rules[RIGHT_COUNT] = {
    [RIGHT_UNDECIDED] = {"this", ROLE_ADMIN + 1, true, true, true},
    [RIGHT_ANYBODY] = {"this", ROLE_NONE, false, false, false},
    [RIGHT_SELF] = {"this", ROLE_NONE, false, false, false},
    [RIGHT_VIEW] = {"to look at this", ROLE_VIEWER, false, false, false},
    [RIGHT_OPERATE] = {"this", ROLE_OPERATOR, false, false, false},
    [RIGHT_APPROVE] = {"to approve", ROLE_APPROVER, false, false, false},
    [RIGHT_ADMINISTER] = {"this", ROLE_ADMIN, false, false, false},
    [RIGHT_OPERATE_ALL] = {"this", ROLE_OPERATOR, true, false, false},
    [RIGHT_ADMINISTER_ALL] = {"this", ROLE_ADMIN, true, false, false},
    [RIGHT_OVERSEE] = {"to look at this", ROLE_VIEWER, true, true, false},
    [RIGHT_GOVERN] = {"this", ROLE_ADMIN, true, true, false},
    [RIGHT_EXPORT] = {"to export private keys", ROLE_VIEWER, false, false, true},
};

/* Placeholders of paths, and parameters of queries. Those of no kind belong to the house: their routes take a right over all. */
static const struct {
    const char *name;
    enum object_kind kind;
} placeholders[] = {
    {"access", OBJECT_ACCESS}, {"certificate", OBJECT_CERTIFICATE},
    {"push", OBJECT_PUSH},     {"resource", OBJECT_RESOURCE_BY_ID},
    {"task", OBJECT_TASK},     {"api_key", OBJECT_NONE},
    {"contact", OBJECT_NONE},  {"group", OBJECT_NONE},
    {"owner", OBJECT_NONE},    {"token", OBJECT_NONE},
    {"user", OBJECT_NONE},
};

bool placeholder_kind(const char *placeholder, enum object_kind *ret)
{
    size_t size = strcspn(placeholder + 1, "}");
    for (size_t i = 0; i < countof(placeholders); i++)
        if (strlen(placeholders[i].name) == size &&
            strncmp(placeholders[i].name, placeholder + 1, size) == 0) {
            *ret = placeholders[i].kind;
            return true;
        }
    return false;
}

static const char *object_noun(enum object_kind kind)
{
    switch (kind) {
    case OBJECT_NONE:
        break;
    case OBJECT_CERTIFICATE:
        return "certificate";
    case OBJECT_ACCESS:
        return "access";
    case OBJECT_RESOURCE:
    case OBJECT_RESOURCE_BY_ID:
        return "resource";
    case OBJECT_TASK:
        return "task";
    case OBJECT_PUSH:
        return "push";
    }
    return "object";
}

/* The one answer for what is not there and for what is out of sight. */
static bool missing(enum object_kind kind, const char *text, struct err *err)
{
    return err_set(err, ERR_NOT_FOUND, "there is no %s with the id or name \"%.100s\"", object_noun(kind),
                   text);
}

struct asking {
    struct request *rq;
    const struct route *route;
    const struct right_rule *rule;
};

/* What was found under a text: its id, and the caller's role on it. */
struct object {
    int64_t id;
    enum role role;
};

static bool find_certificate(struct db *db, struct request *rq, const char *text, struct object *ret,
                             struct err *err)
{
    struct certificate_row row;
    if (!store_certificate_find(db, rq->arena, text, &row, err))
        return false;
    *ret = (struct object){row.id, scope_owned(&rq->caller, row.owner)};
    return true;
}

static bool find_access(struct db *db, struct request *rq, const char *text, struct object *ret,
                        struct err *err)
{
    struct access_row row;
    if (!store_access_find(db, rq->arena, text, &row, err))
        return false;
    ret->id = row.id;
    return scope_access(db, &rq->caller, &row, &ret->role, err);
}

static bool find_task(struct db *db, struct request *rq, const char *text, struct object *ret,
                      struct err *err)
{
    struct task_row row;
    if (!store_task_find(db, rq->arena, text, &row, err))
        return false;
    ret->id = row.id;
    return scope_task(db, rq->arena, &rq->caller, &row, &ret->role, err);
}

static bool find_push(struct db *db, struct request *rq, const char *text, struct object *ret,
                      struct err *err)
{
    struct push_row row;
    if (!request_id_parse(text, &ret->id))
        return missing(OBJECT_PUSH, text, err);
    return store_push_load(db, rq->arena, ret->id, &row, err) &&
           scope_access_id(db, rq->arena, &rq->caller, row.access_id, &ret->role, err);
}

static bool find_resource_by_id(struct db *db, struct request *rq, const char *text, struct object *ret,
                                struct err *err)
{
    struct resource row;
    if (!request_id_parse(text, &ret->id))
        return missing(OBJECT_RESOURCE, text, err);
    return store_resource_load(db, rq->arena, ret->id, &row, err) &&
           scope_access_id(db, rq->arena, &rq->caller, row.access_id, &ret->role, err);
}

/* A text may mean several resources: all of them have to be in sight, or the plan would tell of the others. */
static bool find_resource(struct db *db, struct request *rq, const char *text, struct object *ret,
                          struct err *err)
{
    struct resource *rows;
    size_t count;
    int64_t id;
    if (request_id_parse(text, &id))
        return find_resource_by_id(db, rq, text, ret, err);
    if (!store_resource_called(db, rq->arena, text, &rows, &count, err))
        return false;
    *ret = (struct object){0, count ? rq->caller.highest : ROLE_NONE};
    for (size_t i = 0; i < count; i++) {
        enum role role;
        if (!scope_access_id(db, rq->arena, &rq->caller, rows[i].access_id, &role, err))
            return false;
        ret->role = role < ret->role ? role : ret->role;
    }
    return true;
}

static bool find_object(struct db *db, struct request *rq, enum object_kind kind, const char *text,
                        struct object *ret, struct err *err)
{
    switch (kind) {
    case OBJECT_NONE:
        break;
    case OBJECT_CERTIFICATE:
        return find_certificate(db, rq, text, ret, err);
    case OBJECT_ACCESS:
        return find_access(db, rq, text, ret, err);
    case OBJECT_RESOURCE:
        return find_resource(db, rq, text, ret, err);
    case OBJECT_RESOURCE_BY_ID:
        return find_resource_by_id(db, rq, text, ret, err);
    case OBJECT_TASK:
        return find_task(db, rq, text, ret, err);
    case OBJECT_PUSH:
        return find_push(db, rq, text, ret, err);
    }
    return err_set(err, ERR_INTERNAL, "an object of no kind");
}

static bool refuse_role(const struct right_rule *rule, enum role has, struct err *err)
{
    return err_set(err, ERR_PERMISSION, "%s takes the role %s%s; yours is %s", rule->name,
                   role_name(rule->role), rule->everywhere ? " everywhere" : "", role_name(has));
}

static bool check_object(struct db *db, struct request *rq, const struct right_rule *rule,
                         enum object_kind kind, const char *text, int64_t *ret_id, struct err *err)
{
    struct object object = {0};
    struct err found = {0};
    if (!find_object(db, rq, kind, text, &object, &found)) {
        if (found.kind == ERR_NOT_FOUND)
            return missing(kind, text, err);
        *err = found;
        return false;
    }
    if (object.role < ROLE_VIEWER)
        return missing(kind, text, err);
    if (object.role < rule->role)
        return refuse_role(rule, object.role, err);
    if (ret_id)
        *ret_id = object.id;
    return true;
}

/* The path's objects are named by their ids from here on: a name could come to mean another one meanwhile. */
static bool check_path(struct db *db, struct asking *ask, struct err *err)
{
    struct request *rq = ask->rq;
    size_t arg = 0;
    for (const char *p = strchr(ask->route->path, '{'); p; p = strchr(p + 1, '{'), arg++) {
        enum object_kind kind;
        int64_t id;
        if (!placeholder_kind(p, &kind))
            return err_set(err, ERR_INTERNAL, "%s: a placeholder without a decision", ask->route->path);
        if (kind == OBJECT_NONE)
            continue;
        if (!check_object(db, rq, ask->rule, kind, rq->args[arg], &id, err))
            return false;
        rq->args[arg] = arena_printf(rq->arena, "%lld", (long long)id);
    }
    return true;
}

static bool check_query(struct db *db, struct asking *ask, struct err *err)
{
    for (size_t i = 0; i < countof(placeholders); i++) {
        const char *text = request_query(ask->rq, placeholders[i].name);
        if (text && placeholders[i].kind != OBJECT_NONE &&
            !check_object(db, ask->rq, &right_rules[RIGHT_VIEW], placeholders[i].kind, text, NULL, err))
            return false;
    }
    return true;
}

static bool check_texts(struct db *db, struct asking *ask, const struct field *f, struct err *err)
{
    struct request *rq = ask->rq;
    size_t count = 1;
    const char *one = request_text(rq, f->name), **texts = &one;
    if (f->type == FIELD_TEXTS)
        texts = request_texts(rq, f->name, &count);
    for (size_t i = 0; i < count; i++)
        if (texts[i] && !check_object(db, rq, ask->rule, f->names, texts[i], NULL, err))
            return false;
    return true;
}

/* Where a list of accesses is absent or empty, all are meant: who may not use all has to name some. A PATCH leaves as it
 * was what it does not name.
 */
static bool names_accesses(struct asking *ask, const struct field *f, struct err *err)
{
    size_t count;
    bool absent = json_is_null(json_at(ask->rq->body, arena_printf(ask->rq->arena, "/%s", f->name)));
    if (f->names != OBJECT_ACCESS || f->type != FIELD_TEXTS ||
        (absent && strcmp(ask->route->method, "PATCH") == 0))
        return true;
    (void)request_texts(ask->rq, f->name, &count);
    return count > 0 ||
           err_set(err, ERR_INPUT, "name the accesses (\"%s\"): your role does not hold for all of them",
                   f->name);
}

static bool check_objects(struct db *db, void *context, struct err *err)
{
    struct asking *ask = context;
    if (!check_path(db, ask, err) || !check_query(db, ask, err))
        return false;
    for (const struct field *f = ask->route->fields; f && f->name; f++)
        if (f->names != OBJECT_NONE && (!names_accesses(ask, f, err) || !check_texts(db, ask, f, err)))
            return false;
    return true;
}

/* What needs no look at the objects. */
static bool holds(const struct caller *caller, const struct right_rule *rule, struct err *err)
{
    enum role has = rule->everywhere ? caller->everywhere : caller->highest;
    if (rule->role > ROLE_ADMIN)
        return err_set(err, ERR_PERMISSION, "nobody may: this has no decision yet");
    if (has < rule->role)
        return refuse_role(rule, has, err);
    if (rule->house && !caller->any_owner)
        return err_set(err, ERR_PERMISSION, "%s is for those who are not kept to one owner", rule->name);
    return !rule->key_export || caller->may_export ||
           err_set(err, ERR_PERMISSION, "%s is a right of its own, which you do not have", rule->name);
}

static bool members_held(struct asking *ask, struct err *err)
{
    struct request *rq = ask->rq;
    for (const struct field *f = ask->route->fields; f && f->name; f++)
        if (f->right != RIGHT_UNDECIDED &&
            !json_is_null(json_at(rq->body, arena_printf(rq->arena, "/%s", f->name))) &&
            !holds(&rq->caller, &right_rules[f->right], err))
            return err_add(err, "\"%s\"", f->name);
    return true;
}

bool authorise(struct request *rq, const struct route *route, struct err *err)
{
    struct asking ask = {rq, route, &right_rules[route->right]};
    if (!holds(&rq->caller, ask.rule, err) || !members_held(&ask, err))
        return false;
    if (ask.rule->role == ROLE_NONE)
        return true;
    if (rq->caller.must_change)
        return err_set(err, ERR_PERMISSION, "somebody else made your password: change it first");
    return scope_is_all(&rq->caller) || store_read(rq->api->parts.store, check_objects, &ask, err);
}

bool request_sees_access(struct request *rq, struct db *db, const struct access_row *row, bool *ret,
                         struct err *err)
{
    enum role role;
    if (!scope_access(db, &rq->caller, row, &role, err))
        return false;
    *ret = role >= ROLE_VIEWER;
    return true;
}

bool request_sees_access_id(struct request *rq, struct db *db, int64_t access_id, bool *ret, struct err *err)
{
    enum role role;
    if (!scope_access_id(db, rq->arena, &rq->caller, access_id, &role, err))
        return false;
    *ret = role >= ROLE_VIEWER;
    return true;
}

bool request_sees_task(struct request *rq, struct db *db, const struct task_row *row, bool *ret,
                       struct err *err)
{
    enum role role;
    if (!scope_task(db, rq->arena, &rq->caller, row, &role, err))
        return false;
    *ret = role >= ROLE_VIEWER;
    return true;
}
