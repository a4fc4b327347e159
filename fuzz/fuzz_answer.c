/* A line that chooses cloud, product and what is asked; then one answer a paragraph, each with its HTTP status on its
 * first line: hostile answers through parsing, judging, paging and the field mapping of every adapter. The gate is
 * replaced by this file; nothing is stored, waited for or sent.
 */
#include "cloud/session.h"
#include "cloud/wire.h"
#include "fuzz.h"

struct script { /* what is left of the answers */
    const uint8_t *data;
    size_t size, given;
};

enum { ANSWERS_MAX = 64 };

const char *http_answer_header(const struct http_answer *answer, const char *lower_case_name)
{
    for (size_t i = 0; i < answer->header_count; i++)
        if (strcmp(answer->headers[i].name, lower_case_name) == 0)
            return answer->headers[i].value;
    return NULL;
}

/* The gate is the script in disguise: struct gate has no members out here. */
bool gate_send(struct gate *g, struct arena *a, const struct http_request *request, struct http_answer *ret,
               struct err *err)
{
    struct script *s = (struct script *)g;
    must(request->url && request->method && strstr(request->url, "https://") == request->url);
    if (!s->size || s->given++ > ANSWERS_MAX)
        return err_set(err, ERR_NETWORK, "no more answers");
    char *line = fuzz_line(a, &s->data, &s->size);
    const uint8_t *end = s->size ? memmem(s->data, s->size, "\n\n", 2) : NULL;
    size_t size = end ? (size_t)(end - s->data) : s->size;
    static struct http_header headers[] = {{"etag", "\"E1\""}, {"date", "Fri, 20 Nov 2026 19:33:09 GMT"}};
    *ret = (struct http_answer){.status = strtol(line, NULL, 10) % 1000,
                                .headers = headers,
                                .header_count = countof(headers),
                                .body = arena_copy(a, s->data, size),
                                .body_size = size};
    s->data += size + (end ? 2 : 0);
    s->size -= size + (end ? 2 : 0);
    return true;
}

static void check_text(const char *text)
{
    must(text && strlen(text) < (16u << 20));
}

static bool check_resource(void *context, const struct resource *r, struct err *err)
{
    size_t *count = context;
    (void)err;
    (*count)++;
    check_text(r->product), check_text(r->region), check_text(r->vendor_id), check_text(r->title),
        check_text(r->host);
    check_text(r->reach), check_text(r->lock), check_text(r->alias_of), check_text(r->managed_by),
        check_text(r->unfit);
    check_text(r->extra);
    for (size_t i = 0; i < r->name_count; i++)
        must(*r->names[i].name);
    for (size_t i = 0; i < r->bound_count; i++) {
        const struct bound *b = &r->bound[i];
        check_text(b->slot), check_text(b->ref), check_text(b->name), check_text(b->fingerprint),
            check_text(b->serial);
        for (size_t j = 0; j < b->name_count; j++)
            must(*b->names[j]);
    }
    return true;
}

static void check_error(const struct err *err)
{
    must(err->kind != ERR_NONE && *err->text);
}

static void check_binding(struct job *job, const struct binding *b)
{
    struct binding again;
    struct err err;
    must(binding_from_json(job->arena, binding_to_json(job->arena, b), &again, &err));
    must(again.bound_count == b->bound_count && again.https == b->https && again.ready == b->ready);
}

static void ask(struct job *job, const char *what, const char *region)
{
    const struct product *p = job->product;
    struct err err = {0};
    struct binding now;
    struct identity who;
    const char **regions, *ref;
    size_t count = 0;
    struct resource r = {.product = p->code,
                         .region = region,
                         .vendor_id = "id-1",
                         .title = "id-1",
                         .extra = "{}"};
    struct material m = {.name = "certferry-0123456789abcdef",
                         .fingerprint = "0123456789abcdef",
                         .serial = "1",
                         .leaf_pem = "L",
                         .chain_pem = "C",
                         .fullchain_pem = "F",
                         .domains = (const char *[]){"a.example"},
                         .domain_count = 1,
                         .curve = "P-256",
                         .chain_complete = true};
    switch (*what) {
    case 'd':
        (void)(product_discover(job, region, check_resource, &count, &err) || (check_error(&err), true));
        break;
    case 'r':
        if (product_read(job, &r, &now, &err))
            check_binding(job, &now);
        else
            check_error(&err);
        break;
    case 'g':
        if (p->regions && !p->regions(job, &regions, &count, &err))
            check_error(&err);
        break;
    case 'i':
        if (job->session->vendor->identify(job, &who, &err))
            check_text(who.account_id), check_text(who.principal);
        else
            check_error(&err);
        break;
    case 'u':
        if (product_store_for(job, &r, &m, &what, &err) && what && !p->upload(job, what, &m, &ref, &err))
            check_error(&err);
        break;
    default:
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES * 4);
    if (size > 1 << 16)
        return 0;
    char *choice = fuzz_line(a, &data, &size);
    char *space = strchr(choice, ' ');
    const struct product *p = space ? product_find(arena_copy(a, choice, (size_t)(space - choice))) : NULL;
    if (!p)
        return 0;
    struct clock_manual clock = clock_manual_at(1795200000000);
    struct script script = {data, size, 0};
    struct cloud cloud = {.gate = (struct gate *)&script, .clock = &clock.clock};
    struct keys keys = {.refs = 1,
                        .row = {.cloud = p->cloud,
                                .name = "n",
                                .key_id = "k",
                                .site = "china",
                                .regions = "[]",
                                .gateway = "",
                                .ca_file = "",
                                .proxy = "",
                                .account_id = "",
                                .calls_per_second = 1e6},
                        .secret = secret_in(a, secret_new("0123456789", 10))};
    struct session session = {.cloud = &cloud,
                              .vendor = vendor_find(p->cloud),
                              .keys = &keys,
                              .proven = true};
    pthread_mutex_init(&cloud.lock, NULL);
    pthread_cond_init(&cloud.parsed, NULL);
    pthread_mutex_init(&session.lock, NULL);
    pthread_cond_init(&session.changed, NULL);
    struct job job = {.arena = a, .session = &session, .product = p};
    ask(&job, space + 1, p->global ? "" : "cn-hangzhou");
    session_forget(&session);
    return 0;
}
