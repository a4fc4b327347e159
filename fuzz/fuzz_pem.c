/* certificate_import on PEM text: certificates, chains and keys as people's files hold them. What is taken must come
 * out so that it is taken again, as the same certificate.
 */
#include "cert/certificate.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    struct clock_manual clock = clock_manual_at(INT64_C(1795200000000));
    struct certificate cert, again;
    struct err err = {0};
    struct certificate_input input = {.cert_pem = (const char *)data,
                                      .cert_size = size,
                                      .roots_path = "/nonexistent/roots.pem"};
    if (!certificate_import(a, &input, &clock.clock, &cert, &err)) {
        must(err.kind == ERR_INPUT && *err.text);
        return 0;
    }
    must(cert.domain_count > 0 && cert.key);
    input.cert_pem = certificate_fullchain_pem(a, &cert);
    input.cert_size = strlen(input.cert_pem);
    input.key_pem = secret_bytes(cert.key);
    input.key_size = secret_size(cert.key);
    cert.sm2_encryption = NULL; /* the other half is not part of the chain */
    must(certificate_import(a, &input, &clock.clock, &again, &err));
    must(strcmp(certificate_fingerprint(a, &cert), certificate_fingerprint(a, &again)) == 0);
    must(again.chain_count == cert.chain_count && again.domain_count == cert.domain_count);
    return 0;
}
