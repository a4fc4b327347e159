/* A request to the CAS-compatible API: a line with the method, a line with the target's query, lines of headers up to an empty
 * one, and the body as a form. Whatever comes, reading ends in a claim or in a refusal with a status of 4xx; a claim is
 * never taken for signed with a key that did not sign it, and what was accepted of a parameter keeps its limits.
 */
#include "api/cas/parameter.h"
#include "api/cas/refusal.h"
#include "api/cas/signature.h"
#include "fuzz.h"

enum { HEADERS_MAX = 32 };

static const char *const words[] = {"user", "cloud", NULL};
static const struct cas_parameter table[] = {
    {"JobId", CAS_NUMBER, false, 0, NULL},    {"Name", CAS_TEXT, false, 63, NULL},
    {"Cert", CAS_PEM, false, 4096, NULL},     {"SecretKey", CAS_SECRET, false, 64, NULL},
    {"JobType", CAS_WORD, false, 0, words},   {"CertFilter", CAS_BOOL, false, 0, NULL},
    {"ResourceIds", CAS_IDS, false, 5, NULL}, {"CertIds", CAS_ID_LIST, false, 5, NULL},
    {NULL, CAS_TEXT, false, 0, NULL},
};

static void check_refusal(const struct err *err)
{
    struct cas_problem problem = cas_problem_of(err);
    must(problem.status >= 400 && problem.status < 500 && *problem.code && *problem.message);
}

static void check_parameters(struct arena *a, const struct pairs *given)
{
    struct err err = {0};
    int64_t *ids;
    size_t count;
    if (!cas_parameters_check(a, given, table, &err)) {
        check_refusal(&err);
        return;
    }
    const char *name = cas_text(given, "Name"), *secret = cas_text(given, "SecretKey");
    must(!name || strlen(name) <= 63);
    must(!secret || (strlen(secret) <= 64 && !strpbrk(secret, " \r\n")));
    must(cas_number(given, "JobId", 1) >= 1 && cas_number(given, "JobId", 1) < (int64_t)1 << 53);
    cas_ids(a, given, "ResourceIds", &ids, &count);
    must(count <= 5);
    for (size_t i = 0; i < count; i++)
        must(ids[i] >= 1);
}

static void check_claim(struct arena *a, const struct cas_raw *raw)
{
    struct cas_claim claim;
    struct err err = {0};
    struct secret *secret = secret_in(a, secret_new("kept from the fuzzer", 20));
    (void)cas_names_action(raw);
    if (!cas_claim_read(a, raw, &claim, &err)) {
        check_refusal(&err);
        return;
    }
    must(*claim.action && *claim.version && *claim.key_id && *claim.nonce && *claim.signature &&
         *claim.to_sign);
    must(strlen(claim.nonce) <= CAS_NONCE_BYTES && strlen(claim.key_id) <= CAS_KEY_ID_BYTES);
    must(cas_claim_check_date(&claim, claim.date_ms, &err));
    must(!cas_claim_check_date(&claim, claim.date_ms + CAS_WINDOW_MS + 1, &err));
    must(!cas_claim_check_signature(a, &claim, secret, &err));
    check_refusal(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    struct http_header headers[HEADERS_MAX];
    struct pairs query, all;
    struct err err = {0};
    if (size > 1 << 16)
        return 0;
    struct cas_raw raw = {.path = "/", .headers = headers, .method = fuzz_line(a, &data, &size)};
    const char *target = fuzz_line(a, &data, &size);
    while (size && raw.header_count < HEADERS_MAX) {
        char *line = fuzz_line(a, &data, &size), *colon = strchr(line, ':');
        if (!*line)
            break;
        if (colon)
            *colon++ = '\0';
        headers[raw.header_count++] = (struct http_header){line, colon ? colon : ""};
    }
    raw.body = arena_copy(a, data, size);
    raw.body_size = size;
    if (!cas_parameters_read(a, target, strlen(target), raw.body, strlen(raw.body), &query, &all, &err)) {
        check_refusal(&err);
        return 0;
    }
    raw.query = &query;
    raw.all = &all;
    check_parameters(a, &all);
    check_claim(a, &raw);
    return 0;
}
