#include "crypto/x509.h"

#include "crypto/digest.h"
#include "crypto/openssl.h"
#include "crypto/pem.h"
#include "crypto/test_support.h"
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <time.h>

static const struct {
    enum key_type type;
    unsigned asked, bits;
    const char *curve, *traditional;
} kinds[] = {
    {KEY_RSA, 1024, 1024, "", "BEGIN RSA PRIVATE KEY"},
    {KEY_RSA, 2048, 2048, "", "BEGIN RSA PRIVATE KEY"},
    {KEY_ECDSA, 256, 256, "P-256", "BEGIN EC PRIVATE KEY"},
    {KEY_ECDSA, 384, 384, "P-384", "BEGIN EC PRIVATE KEY"},
    {KEY_ECDSA, 521, 521, "P-521", "BEGIN EC PRIVATE KEY"},
    {KEY_SM2, 0, 256, "SM2", NULL},
    {KEY_ED25519, 0, 256, "", NULL},
};

static struct minted mint_kind(struct bench *b, const struct minted *issuer, size_t kind, const char *name)
{
    struct mint_request request = {.common_name = name,
                                   .names = &name,
                                   .name_count = issuer ? 1 : 0,
                                   .ca = !issuer,
                                   .key_type = kinds[kind].type,
                                   .key_bits = kinds[kind].asked};
    return bench_mint(b, issuer, request);
}

static void every_kind_of_key_is_recognised(void **state)
{
    struct bench *b = *state;
    for (size_t i = 0; i < countof(kinds); i++) {
        struct minted ca = mint_kind(b, NULL, i, "Test CA"), leaf = mint_kind(b, &ca, i, "example.com");
        struct minted other = mint_kind(b, NULL, i, "Test CA");
        assert_int_equal(leaf.cert.key_type, kinds[i].type);
        assert_int_equal(leaf.cert.key_bits, kinds[i].bits);
        assert_string_equal(leaf.cert.curve, kinds[i].curve);
        assert_true(ca.cert.is_ca && ca.cert.self_issued && !leaf.cert.is_ca && !leaf.cert.self_issued);
        assert_true(x509_issued_by(&leaf.cert, &ca.cert));
        assert_true(x509_issued_by(&ca.cert, &ca.cert));
        assert_false(x509_issued_by(&leaf.cert, &other.cert)); /* same name, another key */
        assert_false(x509_issued_by(&ca.cert, &leaf.cert));
        assert_true(key_matches(leaf.key, &leaf.cert));
        assert_false(key_matches(ca.key, &leaf.cert));
    }
}

/* What we make must be right in the eyes of somebody else's code. */
static void openssl_agrees_with_what_is_minted(void **state)
{
    struct bench *b = *state;
    for (size_t i = 0; i < countof(kinds); i++) {
        struct minted ca = mint_kind(b, NULL, i, "Test CA"), leaf = mint_kind(b, &ca, i, "example.com");
        const char *pem = x509_pem(b->a, &ca.cert), *leaf_pem = x509_pem(b->a, &leaf.cert);
        bench_write(b, "ca.pem", pem, strlen(pem));
        bench_write(b, "leaf.pem", leaf_pem, strlen(leaf_pem));
        bench_run(b, arena_printf(
                         b->a,
                         "openssl verify -auth_level 0 -attime %lld %s -x509_strict -CAfile ca.pem leaf.pem",
                         (long long)(NOW_MS / 1000),
                         kinds[i].type == KEY_SM2 ? "-vfyopt distid:1234567812345678" : ""));
    }
}

static void keys_are_rewritten_in_every_form(void **state)
{
    struct bench *b = *state;
    for (size_t i = 0; i < countof(kinds); i++) {
        struct minted ca = mint_kind(b, NULL, i, "Test CA");
        struct secret *older = NULL, *der = NULL, *again = NULL;
        enum key_type type = KEY_OTHER;
        unsigned bits = 0;
        assert_true(key_der(ca.key, &der, &b->err));
        secret_in(b->a, der);
        assert_int_equal(secret_bytes(der)[0], 0x30);
        if (!kinds[i].traditional) {
            assert_refused(key_traditional(ca.key, &older, &b->err), b, "no form older");
            continue;
        }
        if (!key_traditional(ca.key, &older, &b->err))
            fail_msg("%s: %s", key_type_name(kinds[i].type), b->err.text);
        secret_in(b->a, older);
        assert_non_null(strstr(secret_bytes(older), kinds[i].traditional));
        assert_true(key_parse(secret_bytes(older), secret_size(older), &again, &type, &bits, &b->err));
        secret_in(b->a, again);
        assert_int_equal(type, kinds[i].type);
        assert_int_equal(bits, kinds[i].bits);
        assert_true(secret_equal(again, ca.key));
        assert_true(key_matches(again, &ca.cert));
    }
}

static bool parse_key(struct bench *b, const char *pem, size_t size)
{
    struct secret *key = NULL;
    enum key_type type;
    unsigned bits;
    bool parsed = key_parse(pem, size, &key, &type, &bits, &b->err);
    assert_true(parsed == (key != NULL));
    secret_free(key);
    return parsed;
}

static void encrypted_keys_are_refused_with_the_way_out(void **state)
{
    struct bench *b = *state;
    static const char *const commands[] = {
        "openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -passout pass:x -out key.pem",
        "openssl ecparam -name prime256v1 -genkey -noout | openssl ec -aes128 -passout pass:x -out key.pem",
    };
    for (size_t i = 0; i < countof(commands); i++) {
        size_t size;
        bench_run(b, commands[i]);
        char *pem = bench_read(b, "key.pem", &size);
        assert_refused(parse_key(b, pem, size), b, "openssl pkey -in");
        assert_non_null(strstr(b->err.text, "encrypted"));
    }
}

static void keys_of_the_openssl_command_are_read(void **state)
{
    struct bench *b = *state;
    static const char *const commands[] = {
        "openssl ecparam -name prime256v1 -genkey -out key.pem", /* with EC PARAMETERS before the key */
        "openssl ecparam -name secp384r1 -genkey -noout -out key.pem",
        "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:SM2 -out key.pem",
        "openssl genpkey -algorithm ED25519 -out key.pem",
        "openssl genrsa -traditional -out key.pem 1024",
        "openssl genrsa 1024 | sed 's/$/ \\r/' >key.pem; (echo before; cat key.pem; echo; echo) >k; mv k "
        "key.pem",
    };
    for (size_t i = 0; i < countof(commands); i++) {
        size_t size;
        bench_run(b, commands[i]);
        char *pem = bench_read(b, "key.pem", &size);
        if (!parse_key(b, pem, size))
            fail_msg("%s: %s", commands[i], b->err.text);
    }
}

static void hostile_keys_are_refused(void **state)
{
    struct bench *b = *state;
    struct minted one = mint_kind(b, NULL, 2, "one");
    const char *pem = secret_bytes(one.key);
    static const char empty[] = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----";
    static const char no_base64[] = "-----BEGIN PRIVATE KEY-----\n*\n-----END PRIVATE KEY-----";
    size_t size = secret_size(one.key);
    char *twice = arena_printf(b->a, "%s%s", pem, pem);
    char *flipped = arena_strdup(b->a, pem);
    char *huge = pem_format(b->a, "PRIVATE KEY", arena_alloc(b->a, 9000), 9000);
    char *vast = pem_format(b->a, "PRIVATE KEY", arena_alloc(b->a, 90000), 90000);
    flipped[60] = flipped[60] == 'A' ? 'B' : 'A';
    assert_refused(parse_key(b, twice, strlen(twice)), b, "more than one");
    assert_refused(parse_key(b, "", 0), b, "no private key");
    assert_refused(parse_key(b, "\x30\x82\x01\x02", 4), b, "DER");
    assert_refused(parse_key(b, huge, strlen(huge)), b, "more than any key");
    assert_refused(parse_key(b, vast, strlen(vast)), b, "larger than any key");
    assert_refused(parse_key(b, empty, strlen(empty)), b, "damaged");
    assert_refused(parse_key(b, no_base64, strlen(no_base64)), b, "base64");
    for (size_t cut = 0; cut + 2 < size; cut++) {
        assert_false(parse_key(b, pem, cut));
        assert_null(strstr(b->err.text, "MIGH"));
    }
    (void)parse_key(b, flipped, size); /* taken or not, it must not crash */
}

/* SEC1 and PKCS#1 repeat the public half: it must not stand in for a private half that is another key's. */
static void public_half_alone_does_not_match(void **state)
{
    struct bench *b = *state;
    struct minted one = mint_kind(b, NULL, 2, "one"), two = mint_kind(b, NULL, 2, "two");
    struct secret *first = NULL, *second = NULL, *mixed = NULL;
    enum key_type type;
    unsigned bits;
    assert_true(key_der(one.key, &first, &b->err) && key_der(two.key, &second, &b->err));
    secret_in(b->a, first);
    secret_in(b->a, second);
    unsigned char *der = (unsigned char *)arena_copy(b->a, secret_bytes(first), secret_size(first));
    assert_int_equal(secret_size(first), secret_size(second));
    memcpy(der + secret_size(first) - 64, secret_bytes(second) + secret_size(second) - 64, 64);
    char *pem = pem_format(b->a, "PRIVATE KEY", der, secret_size(first));
    if (!key_parse(pem, strlen(pem), &mixed, &type, &bits, &b->err))
        return; /* refused at once: as good */
    secret_in(b->a, mixed);
    assert_false(key_matches(mixed, &two.cert));
    assert_false(key_matches(mixed, &one.cert));
}

static void certificate_facts_are_read(void **state)
{
    struct bench *b = *state;
    static const char *const names[] = {"Example.COM", "*.example.com", "192.0.2.7", "2001:db8::7"};
    struct minted ca = mint_kind(b, NULL, 2, "Test CA");
    struct minted leaf = bench_mint(b, &ca,
                                    (struct mint_request){.common_name = "中文\n\x1b[31m",
                                                          .organisation = "Org",
                                                          .names = names,
                                                          .name_count = countof(names),
                                                          .key_type = KEY_ECDSA,
                                                          .usage = MINT_ENCIPHER_ONLY,
                                                          .ocsp_url = "http://ocsp.example.com/"});
    const struct x509 *cert = &leaf.cert;
    assert_int_equal(cert->name_count, countof(names));
    for (size_t i = 0; i < countof(names); i++)
        assert_string_equal(cert->names[i], names[i]);
    assert_string_equal(cert->common_name, "中文\\x0a\\x1b[31m");
    assert_null(strpbrk(cert->subject, "\n\x1b"));
    assert_non_null(strstr(cert->subject, "O=Org"));
    assert_string_equal(cert->issuer, "CN=Test CA");
    assert_string_equal(cert->ocsp_url, "http://ocsp.example.com/");
    assert_string_equal(cert->ca_issuers_url, "");
    assert_string_equal(cert->signature, "ecdsa-with-SHA256");
    assert_string_equal(cert->authority_key_id, ca.cert.key_id);
    assert_string_equal(cert->issuer_hash, ca.cert.subject_hash);
    assert_string_equal(cert->sha256, sha256_hex(b->a, cert->der, cert->der_size));
    assert_int_equal(strlen(cert->sha1), 40);
    assert_int_equal(strlen(cert->serial), 32);
    assert_int_equal(cert->not_before_ms, NOW_MS - 10 * DAY_MS);
    assert_int_equal(cert->not_after_ms, NOW_MS + 80 * DAY_MS);
    assert_true(cert->may_encipher && !cert->may_sign);
}

static void nul_and_controls_in_names_are_seen(void **state)
{
    struct bench *b = *state;
    static const char *const names[] = {"good.example.com\0.evil.example", "a\\b", "caf\xe9.example.com"};
    static const size_t sizes[] = {30, 3, 16};
    struct minted leaf = bench_mint(b, NULL,
                                    (struct mint_request){.common_name = "x",
                                                          .names = names,
                                                          .name_sizes = sizes,
                                                          .name_count = 3,
                                                          .key_type = KEY_ECDSA});
    assert_string_equal(leaf.cert.names[0], "good.example.com\\x00.evil.example");
    assert_string_equal(leaf.cert.names[1], "a\\x5cb");
    assert_string_equal(leaf.cert.names[2], "caf\\xe9.example.com");
}

static void damaged_certificates_are_refused(void **state)
{
    struct bench *b = *state;
    struct minted one = mint_kind(b, NULL, 2, "one");
    struct x509 parsed;
    unsigned char *copy = arena_alloc(b->a, one.cert.der_size + 1);
    unsigned char *vast = arena_alloc(b->a, X509_MAX_BYTES + 1);
    memcpy(copy, one.cert.der, one.cert.der_size);
    assert_refused(x509_parse(b->a, copy, one.cert.der_size + 1, &parsed, &b->err), b, "bytes follow");
    assert_refused(x509_parse(b->a, vast, X509_MAX_BYTES + 1, &parsed, &b->err), b, "at most 65536");
    for (size_t cut = 0; cut < one.cert.der_size; cut++)
        assert_refused(x509_parse(b->a, copy, cut, &parsed, &b->err), b, "damaged");
    for (size_t i = 0; i < one.cert.der_size; i++) {
        copy[i] ^= 0x5a;
        if (x509_parse(b->a, copy, one.cert.der_size, &parsed, &b->err))
            assert_string_not_equal(parsed.sha256, one.cert.sha256);
        copy[i] ^= 0x5a;
    }
    struct mint_request nobody = {.common_name = "", .key_type = KEY_ECDSA, .not_after_ms = NOW_MS};
    struct minted none;
    assert_refused(mint_certificate(b->a, NULL, &nobody, &none, &b->err), b, "names nobody");
}

/* A certificate with a public key of 8,200 bits; nobody can wait for a real one to be made. */
static void rsa_over_8192_bits_is_refused(void **state)
{
    struct bench *b = *state;
    struct minted signer = mint_kind(b, NULL, 2, "signer");
    struct x509 parsed;
    BIGNUM *n = BN_new(), *e = BN_new();
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    EVP_PKEY *vast = NULL, *key = key_object(signer.key);
    assert_true(BN_rand(n, 8200, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ODD) && BN_set_word(e, 65537));
    assert_true(OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) &&
                OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e));
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    assert_true(EVP_PKEY_fromdata_init(context) == 1 &&
                EVP_PKEY_fromdata(context, &vast, EVP_PKEY_PUBLIC_KEY, params) == 1);
    X509 *x = x509_object(&signer.cert);
    unsigned char *der = NULL;
    assert_true(X509_set_pubkey(x, vast) == 1 && X509_sign(x, key, EVP_sha256()) > 0);
    int size = i2d_X509(x, &der);
    assert_refused(x509_parse(b->a, der, (size_t)size, &parsed, &b->err), b, "8200 bits");
    OPENSSL_free(der);
    X509_free(x);
    EVP_PKEY_free(vast);
    EVP_PKEY_free(key);
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    BN_free(n);
    BN_free(e);
}

static bool parse_p12(struct bench *b, const void *data, size_t size, const char *password,
                      struct pkcs12 *ret)
{
    return pkcs12_parse(b->a, data, size, bench_secret(b, password), ret, &b->err);
}

static void pkcs12_goes_out_and_comes_in(void **state)
{
    struct bench *b = *state;
    for (size_t i = 0; i < countof(kinds); i++) {
        struct minted ca = mint_kind(b, NULL, i, "Test CA"), leaf = mint_kind(b, &ca, i, "example.com");
        struct x509 certs[] = {leaf.cert, ca.cert};
        struct pkcs12 read = {0};
        unsigned char *made;
        size_t size;
        assert_refused(pkcs12_make(b->a, "n", certs, 2, leaf.key, NULL, &made, &size, &b->err), b,
                       "password");
        assert_refused(pkcs12_make(b->a, "n", certs, 2, ca.key, bench_secret(b, "pw"), &made, &size, &b->err),
                       b, "cannot be written");
        assert_true(pkcs12_make(b->a, "n", certs, 2, leaf.key, bench_secret(b, "pw"), &made, &size, &b->err));
        assert_refused(parse_p12(b, made, size, "wrong", &read), b, "password does not open");
        assert_refused(parse_p12(b, made, size, "", &read), b, "password does not open");
        assert_refused(parse_p12(b, made, size - 1, "pw", &read), b, "no PKCS#12");
        if (!parse_p12(b, made, size, "pw", &read))
            fail_msg("%s: %s", key_type_name(kinds[i].type), b->err.text);
        assert_int_equal(read.count, 2);
        assert_string_equal(read.certs[0].sha256, leaf.cert.sha256);
        assert_int_equal(read.key_type, kinds[i].type);
        assert_true(secret_equal(read.key, leaf.key));
        bench_write(b, "out.p12", made, size);
        bench_run(b, "openssl pkcs12 -in out.p12 -nodes -passin pass:pw -out all.pem");
        bench_run(b, "openssl pkcs12 -in out.p12 -noout -info -passin pass:pw 2>&1 | grep -q 'MAC: sha256, "
                     "Iteration 100000'");
    }
}

static void write_pair(struct bench *b)
{
    struct minted ca = mint_kind(b, NULL, 2, "Test CA"), leaf = mint_kind(b, &ca, 2, "example.com");
    char *all = arena_printf(b->a, "%s%s%s", x509_pem(b->a, &leaf.cert), x509_pem(b->a, &ca.cert),
                             secret_bytes(leaf.key));
    bench_write(b, "all.pem", all, strlen(all));
}

static void pkcs12_of_other_programs_is_read(void **state)
{
    struct bench *b = *state;
    static const struct {
        const char *options, *password;
        size_t certs;
        bool key;
    } files[] = {
        {"-legacy -passout pass:pw", "pw", 2, true}, /* RC2-40 and 3DES */
        {"-legacy -descert -passout pass:pw", "pw", 2, true},
        {"-certpbe PBE-SHA1-3DES -keypbe PBE-SHA1-3DES -macalg sha1 -passout pass:pw", "pw", 2, true},
        {"-passout pass:pw", "pw", 2, true},
        {"-nomac -passout pass:pw", "pw", 2, true},
        {"-certpbe NONE -keypbe NONE -passout pass:pw", "pw", 2, true},
        {"-passout pass:", "", 2, true},
        {"-legacy -passout pass:", "", 2, true},
        {"-passout pass:密码", "密码", 2, true},
        {"-nokeys -passout pass:pw", "pw", 2, false},
        {"-nocerts -passout pass:pw", "pw", 0, true},
    };
    write_pair(b);
    for (size_t i = 0; i < countof(files); i++) {
        struct pkcs12 read = {0};
        size_t size;
        bench_run(b,
                  arena_printf(b->a, "openssl pkcs12 -export -in all.pem -out f.p12 %s", files[i].options));
        char *data = bench_read(b, "f.p12", &size);
        if (!parse_p12(b, data, size, files[i].password, &read))
            fail_msg("%s: %s", files[i].options, b->err.text);
        assert_int_equal(read.count, files[i].certs);
        assert_true(files[i].key == (read.key != NULL));
        if (read.count == 2)
            assert_true(read.certs[1].is_ca);
    }
}

/* 100,000 rounds (02 03 01 86 a0) made 8,388,607, in the MAC, the certificates' and the key's derivation in turn. */
static void pkcs12_with_too_many_rounds_is_refused_at_once(void **state)
{
    struct bench *b = *state;
    struct pkcs12 read;
    size_t size, places = 0;
    write_pair(b);
    bench_run(b, "openssl pkcs12 -export -in all.pem -out f.p12 -iter 100000 -passout pass:pw");
    unsigned char *data = (unsigned char *)bench_read(b, "f.p12", &size);
    for (size_t i = 0; i + 5 < size; i++) {
        if (memcmp(data + i, "\x02\x03\x01\x86\xa0", 5) != 0)
            continue;
        places++;
        memcpy(data + i, "\x02\x03\x7f\xff\xff", 5);
        clock_t before = clock();
        /* The MAC no longer fits where the change is under it: without one the later counts are reached. */
        bool parsed = parse_p12(b, data, size, "pw", &read);
        assert_false(parsed);
        assert_true(clock() - before < CLOCKS_PER_SEC / 2);
        memcpy(data + i, "\x02\x03\x01\x86\xa0", 5);
    }
    assert_true(places >= 1);
    bench_run(b, "openssl pkcs12 -export -in all.pem -out f.p12 -iter 100000 -nomac -passout pass:pw");
    data = (unsigned char *)bench_read(b, "f.p12", &size);
    for (size_t i = 0, seen = 0; i + 5 < size; i++) {
        if (memcmp(data + i, "\x02\x03\x01\x86\xa0", 5) != 0)
            continue;
        memcpy(data + i, seen++ ? "\x02\x03\x80\x00\x00" : "\x02\x03\x7f\xff\xff", 5);
        assert_refused(parse_p12(b, data, size, "pw", &read), b, "key derivation rounds");
        memcpy(data + i, "\x02\x03\x01\x86\xa0", 5);
    }
}

static void hostile_pkcs12_is_refused(void **state)
{
    struct bench *b = *state;
    struct pkcs12 read;
    size_t size;
    write_pair(b);
    assert_refused(parse_p12(b, "", 0, "", &read), b, "no PKCS#12");
    assert_refused(parse_p12(b, "-----BEGIN", 10, "", &read), b, "no PKCS#12");
    assert_refused(parse_p12(b, arena_alloc(b->a, PKCS12_MAX_BYTES + 1), PKCS12_MAX_BYTES + 1, "", &read), b,
                   "1 MiB");
    bench_run(b, "openssl pkcs12 -export -in all.pem -out f.p12 -iter 1 -passout pass:pw");
    unsigned char *data = (unsigned char *)bench_read(b, "f.p12", &size);
    struct secret *nul = secret_in(b->a, secret_new("p\0w", 3));
    assert_refused(pkcs12_parse(b->a, data, size, nul, &read, &b->err), b, "NUL");
    for (size_t cut = 0; cut < size; cut += 7)
        assert_false(parse_p12(b, data, cut, "pw", &read));
    bench_run(b, "openssl pkcs12 -export -in all.pem -out f.p12 -iter 1 -nomac -certpbe NONE -keypbe NONE "
                 "-passout pass:pw");
    data = (unsigned char *)bench_read(b, "f.p12", &size);
    for (size_t i = 0; i < size; i += 3) {
        data[i] ^= 0x21;
        (void)parse_p12(b, data, size, "pw", &read); /* whatever it says, it must not crash or leak */
        data[i] ^= 0x21;
    }
}

static void bundle_is_searched_for_the_issuer(void **state)
{
    struct bench *b = *state;
    struct minted ca = mint_kind(b, NULL, 2, "Test CA"), twin = mint_kind(b, NULL, 3, "Test CA");
    struct minted other = mint_kind(b, NULL, 2, "Other CA"), leaf = mint_kind(b, &ca, 2, "example.com");
    struct x509 found = {0};
    char *without = arena_printf(b->a, "%s%s-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
                                 x509_pem(b->a, &twin.cert), x509_pem(b->a, &other.cert));
    char *with = arena_printf(b->a, "%s%s", without, x509_pem(b->a, &ca.cert));
    assert_false(x509_find_issuer(b->a, "", 0, &leaf.cert, &found));
    assert_false(x509_find_issuer(b->a, without, strlen(without), &leaf.cert, &found));
    assert_true(x509_find_issuer(b->a, with, strlen(with), &leaf.cert, &found));
    assert_string_equal(found.sha256, ca.cert.sha256);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        bench_test(every_kind_of_key_is_recognised),
        bench_test(openssl_agrees_with_what_is_minted),
        bench_test(keys_are_rewritten_in_every_form),
        bench_test(encrypted_keys_are_refused_with_the_way_out),
        bench_test(keys_of_the_openssl_command_are_read),
        bench_test(hostile_keys_are_refused),
        bench_test(public_half_alone_does_not_match),
        bench_test(certificate_facts_are_read),
        bench_test(nul_and_controls_in_names_are_seen),
        bench_test(damaged_certificates_are_refused),
        bench_test(rsa_over_8192_bits_is_refused),
        bench_test(pkcs12_goes_out_and_comes_in),
        bench_test(pkcs12_of_other_programs_is_read),
        bench_test(pkcs12_with_too_many_rounds_is_refused_at_once),
        bench_test(hostile_pkcs12_is_refused),
        bench_test(bundle_is_searched_for_the_issuer),
    };
    return cmocka_run_group_tests_name("x509", tests, NULL, NULL);
}
