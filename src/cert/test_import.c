#include "cert/certificate.h"

#include "base/buf.h"
#include "base/utf8.h"
#include "codec/text.h"
#include "crypto/test_support.h"

static const char *const names[] = {"example.com", "*.example.com"};

struct family { /* root, two intermediates, a leaf */
    struct minted root, high, low, leaf;
    const char *root_pem, *high_pem, *low_pem, *leaf_pem, *key_pem;
};

static struct family family_make(struct bench *b)
{
    struct family f = {.root = bench_mint(b, NULL, (struct mint_request){.common_name = "Root", .ca = true})};
    f.high = bench_mint(b, &f.root, (struct mint_request){.common_name = "High", .ca = true});
    f.low = bench_mint(b, &f.high, (struct mint_request){.common_name = "Low", .ca = true});
    f.leaf = bench_mint(b, &f.low, (struct mint_request){.names = names, .name_count = countof(names)});
    f.root_pem = x509_pem(b->a, &f.root.cert);
    f.high_pem = x509_pem(b->a, &f.high.cert);
    f.low_pem = x509_pem(b->a, &f.low.cert);
    f.leaf_pem = x509_pem(b->a, &f.leaf.cert);
    f.key_pem = secret_bytes(f.leaf.key);
    return f;
}

/* No root of the machine that runs the test must decide it: without roots_path there are none. */
static bool import_with(struct bench *b, struct certificate_input input, struct certificate *ret)
{
    struct clock_manual clock = clock_manual_at(NOW_MS);
    input.cert_size = input.cert_pem && !input.cert_size ? strlen(input.cert_pem) : input.cert_size;
    input.key_size = input.key_pem && !input.key_size ? strlen(input.key_pem) : input.key_size;
    input.chain_size = input.chain_pem && !input.chain_size ? strlen(input.chain_pem) : input.chain_size;
    input.roots_path = input.roots_path ? input.roots_path : "/nonexistent/roots.pem";
    return certificate_import(b->a, &input, &clock.clock, ret, &b->err);
}

static bool import(struct bench *b, const char *cert_pem, const char *key_pem, struct certificate *ret)
{
    return import_with(b, (struct certificate_input){.cert_pem = cert_pem, .key_pem = key_pem}, ret);
}

static bool warned(const struct certificate *cert, const char *word)
{
    for (size_t i = 0; i < cert->warning_count; i++)
        if (strstr(cert->warnings[i], word))
            return true;
    return false;
}

static void assert_family(struct bench *b, const struct family *f, const struct certificate *cert)
{
    assert_string_equal(cert->leaf.sha256, f->leaf.cert.sha256);
    assert_int_equal(cert->chain_count, 2);
    assert_string_equal(cert->chain[0].sha256, f->low.cert.sha256);
    assert_string_equal(cert->chain[1].sha256, f->high.cert.sha256);
    assert_true(secret_equal(cert->key, f->leaf.key));
    assert_string_equal(certificate_fullchain_pem(b->a, cert),
                        arena_printf(b->a, "%s%s%s", f->leaf_pem, f->low_pem, f->high_pem));
    assert_string_equal(certificate_leaf_pem(b->a, cert), f->leaf_pem);
    assert_string_equal(certificate_chain_pem(b->a, cert),
                        arena_printf(b->a, "%s%s", f->low_pem, f->high_pem));
}

static void pem_is_taken_in_any_order(void **state)
{
    struct bench *b = *state;
    struct family f = family_make(b);
    const char *parts[] = {f.leaf_pem, f.low_pem, f.high_pem, f.root_pem, f.key_pem};
    for (unsigned order = 0; order < 120; order++) { /* all 5! of them */
        size_t left[] = {0, 1, 2, 3, 4}, count = countof(left);
        const char *whole = "";
        for (unsigned code = order; count; count--) {
            size_t at = code % count;
            code /= (unsigned)count;
            whole = arena_printf(b->a, "%s%s", whole, parts[left[at]]);
            memmove(left + at, left + at + 1, (count - at - 1) * sizeof *left);
        }
        struct certificate cert;
        if (!import(b, whole, NULL, &cert))
            fail_msg("order %u: %s", order, b->err.text);
        assert_family(b, &f, &cert);
        assert_int_equal(cert.root_count, 1);
        assert_true(cert.chain_complete);
        assert_int_equal(cert.warning_count, 0);
    }
}

/* The text with something in front of every line end. */
static char *with_before_lines(struct bench *b, const char *text, const char *what)
{
    struct buf out = buf_new(b->a, 1 << 20);
    for (; *text; text++) {
        if (*text == '\n')
            buf_puts(&out, what);
        buf_putc(&out, *text);
    }
    return out.data;
}

static void files_of_real_people_are_taken(void **state)
{
    struct bench *b = *state;
    struct family f = family_make(b);
    struct certificate cert;
    char *text = arena_printf(b->a,
                              "\xef\xbb\xbf"
                              "Bag Attributes\n  friendlyName: -----x\nsubject=/CN=a\n%s\n\n",
                              f.leaf_pem);
    char *chain = arena_printf(b->a, "%s \n\t\n# next\n%s%s%s", f.high_pem, f.root_pem, f.low_pem, f.low_pem);
    char *key =
        arena_printf(b->a, "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n%s",
                     f.key_pem);
    for (unsigned crlf = 0; crlf < 2; crlf++) {
        struct certificate_input input = {.cert_pem = text, .key_pem = key, .chain_pem = chain};
        if (!import_with(b, input, &cert))
            fail_msg("%s", b->err.text);
        assert_family(b, &f, &cert);
        text = with_before_lines(b, text, "\r");
        chain = with_before_lines(b, chain, "\r");
        key = with_before_lines(b, key, "\r");
    }
    char *one_line = arena_printf(b->a, "-----BEGIN CERTIFICATE-----%s-----END CERTIFICATE-----",
                                  base64_encode(b->a, f.leaf.cert.der, f.leaf.cert.der_size));
    assert_true(import(b, one_line, f.key_pem, &cert));
    assert_string_equal(certificate_leaf_pem(b->a, &cert), f.leaf_pem);
    assert_true(import(b, with_before_lines(b, f.leaf_pem, " \t"), f.key_pem, &cert)); /* trailing blanks */
    assert_string_equal(certificate_leaf_pem(b->a, &cert), f.leaf_pem);
}

static void incomplete_chain_is_named_and_imported(void **state)
{
    struct bench *b = *state;
    struct family f = family_make(b);
    struct certificate cert;
    char *gap = arena_printf(b->a, "%s%s%s", f.leaf_pem, f.high_pem, f.root_pem);
    assert_true(import(b, gap, f.key_pem, &cert));
    assert_false(cert.chain_complete);
    assert_int_equal(cert.chain_count, 0);
    assert_int_equal(cert.root_count, 0);
    assert_true(warned(&cert, "\"CN=Low\" is missing"));
    assert_true(warned(&cert, "\"CN=High\" does not belong"));
    assert_true(import(b, arena_printf(b->a, "%s%s", f.leaf_pem, f.low_pem), f.key_pem, &cert));
    assert_false(cert.chain_complete);
    assert_true(warned(&cert, "\"CN=High\" is missing"));
    assert_string_equal(certificate_chain_pem(b->a, &cert), f.low_pem);
}

static void warnings_stay_short_and_utf8(void **state)
{
    struct bench *b = *state;
    char *long_name = arena_strdup(b->a, "a");
    struct certificate cert;
    for (unsigned i = 0; i < 100; i++)
        long_name = arena_printf(b->a, "%s\xe8\xaf\x81", long_name);
    struct minted ca = bench_mint(b, NULL, (struct mint_request){.common_name = long_name, .ca = true});
    struct minted leaf = bench_mint(b, &ca, (struct mint_request){.names = names, .name_count = 2});
    assert_true(import(b, x509_pem(b->a, &leaf.cert), secret_bytes(leaf.key), &cert));
    assert_int_equal(cert.warning_count, 1);
    const char *text = cert.warnings[0];
    assert_true(strlen(text) < 300 && strstr(text, "is missing"));
    for (size_t left = strlen(text), step; left; text += step, left -= step)
        assert_true((step = utf8_size(text, left)) > 0);
}

static void system_roots_complete_a_chain(void **state)
{
    struct bench *b = *state;
    struct family f = family_make(b);
    struct certificate cert;
    bench_write(b, "roots.pem", f.root_pem, strlen(f.root_pem));
    struct certificate_input input = {.cert_pem =
                                          arena_printf(b->a, "%s%s%s", f.leaf_pem, f.low_pem, f.high_pem),
                                      .key_pem = f.key_pem,
                                      .roots_path = bench_path(b, "roots.pem")};
    assert_true(import_with(b, input, &cert));
    assert_true(cert.chain_complete);
    assert_int_equal(cert.root_count, 0); /* ours to trust, not ours to keep */
    assert_int_equal(cert.warning_count, 0);
    input.cert_size = 0;
    input.cert_pem = arena_printf(b->a, "%s%s", f.leaf_pem, f.low_pem);
    assert_true(import_with(b, input, &cert));
    assert_false(cert.chain_complete);
}

static void cross_signed_twin_is_kept_and_the_root_too(void **state)
{
    struct bench *b = *state;
    struct family f = family_make(b);
    struct certificate cert;
    struct minted old = bench_mint(b, NULL, (struct mint_request){.common_name = "Old root", .ca = true});
    struct minted cross =
        bench_mint(b, &old, (struct mint_request){.common_name = "Root", .ca = true, .key = f.root.key});
    char *all = arena_printf(b->a, "%s%s%s%s%s", f.leaf_pem, f.root_pem, x509_pem(b->a, &cross.cert),
                             f.low_pem, f.high_pem);
    assert_true(import(b, all, f.key_pem, &cert));
    assert_int_equal(cert.chain_count, 3);
    assert_string_equal(cert.chain[2].sha256, cross.cert.sha256);
    assert_int_equal(cert.root_count, 1);
    assert_true(cert.chain_complete);
}

static void expired_intermediate_is_named_and_a_valid_one_preferred(void **state)
{
    struct bench *b = *state;
    struct family f = family_make(b);
    struct certificate cert;
    struct minted expired = bench_mint(b, &f.high,
                                       (struct mint_request){.common_name = "Low",
                                                             .ca = true,
                                                             .key = f.low.key,
                                                             .not_before_ms = NOW_MS - 400 * DAY_MS,
                                                             .not_after_ms = NOW_MS - 35 * DAY_MS});
    const char *expired_pem = x509_pem(b->a, &expired.cert);
    assert_true(import(b, arena_printf(b->a, "%s%s%s%s", f.leaf_pem, expired_pem, f.high_pem, f.root_pem),
                       f.key_pem, &cert));
    assert_true(cert.chain_complete);
    assert_true(warned(&cert, "\"CN=Low\" expired on 2026-10-1"));
    assert_true(
        import(b,
               arena_printf(b->a, "%s%s%s%s%s", f.leaf_pem, expired_pem, f.low_pem, f.high_pem, f.root_pem),
               f.key_pem, &cert));
    assert_false(warned(&cert, "expired"));
    assert_string_equal(cert.chain[0].sha256, f.low.cert.sha256);
}

static void R33_wrong_and_missing_parts_are_refused(void **state)
{
    struct bench *b = *state;
    struct family f = family_make(b), other = family_make(b);
    struct certificate cert;
    const char *root_key = secret_bytes(f.root.key);
    assert_refused(import(b, NULL, f.key_pem, &cert), b, "no certificate");
    assert_refused(import(b, "", f.key_pem, &cert), b, "no certificate");
    assert_refused(import(b, f.key_pem, f.key_pem, &cert), b, "no certificate");
    assert_refused(import(b, f.leaf_pem, NULL, &cert), b, "no private key");
    assert_refused(import(b, f.leaf_pem, "", &cert), b, "no private key");
    assert_refused(import(b, f.leaf_pem, other.key_pem, &cert), b,
                   "is not the key of the certificate \"CN=example.com\"");
    assert_refused(import(b, arena_printf(b->a, "%s%s", f.leaf_pem, f.low_pem), other.key_pem, &cert), b,
                   "belongs to none of the 2");
    assert_refused(import(b, f.root_pem, root_key, &cert), b, "is a CA certificate");
    assert_refused(import(b, arena_printf(b->a, "%s%s", f.leaf_pem, other.leaf_pem), f.key_pem, &cert), b,
                   "second leaf");
    assert_refused(import(b, arena_printf(b->a, "%s%s", f.leaf_pem, other.leaf_pem),
                          arena_printf(b->a, "%s%s", f.key_pem, other.key_pem), &cert),
                   b, "only the pair of an SM2");
    struct minted again =
        bench_mint(b, &f.low, (struct mint_request){.names = names, .name_count = 2, .key = f.leaf.key});
    assert_refused(import(b, arena_printf(b->a, "%s%s", f.leaf_pem, x509_pem(b->a, &again.cert)), f.key_pem,
                          &cert),
                   b, "two leaf certificates");
    assert_refused(import(b, arena_printf(b->a, "%.*s", (int)strlen(f.leaf_pem) - 30, f.leaf_pem), f.key_pem,
                          &cert),
                   b, "cut short");
    assert_refused(import(b, "\x30\x82\x01\x01", f.key_pem, &cert), b, "DER");
    assert_refused(import(b, "-----BEGIN PKCS7-----\nAAAA\n-----END PKCS7-----\n", f.key_pem, &cert), b,
                   "openssl pkcs7");
    assert_refused(import(b, "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
                          f.key_pem, &cert),
                   b, "signing request");
    assert_refused(import(b, "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", f.key_pem,
                          &cert),
                   b, "damaged");
}

static void R33_encrypted_keys_are_refused_with_the_way_out(void **state)
{
    struct bench *b = *state;
    static const char *const commands[] = {
        "openssl pkcs8 -topk8 -in plain.pem -passout pass:x -out key.pem",
        "openssl ec -in plain.pem -aes128 -passout pass:x -out key.pem",
    };
    struct family f = family_make(b);
    struct certificate cert;
    bench_write(b, "plain.pem", f.key_pem, strlen(f.key_pem));
    for (size_t i = 0; i < countof(commands); i++) {
        size_t size;
        bench_run(b, commands[i]);
        char *key = bench_read(b, "key.pem", &size);
        assert_refused(import(b, f.leaf_pem, key, &cert), b, "encrypted: decrypt it first");
        assert_refused(import(b, arena_printf(b->a, "%s%s", key, f.leaf_pem), NULL, &cert), b, "encrypted");
    }
}

static void hostile_sizes_are_refused(void **state)
{
    struct bench *b = *state;
    struct family f = family_make(b);
    struct certificate cert;
    size_t huge = CERTIFICATE_FILE_BYTES + 1;
    char *blank = arena_alloc(b->a, huge), *many = arena_strdup(b->a, f.leaf_pem);
    memset(blank, ' ', huge);
    struct certificate_input inputs[] = {
        {.cert_pem = blank, .cert_size = huge, .key_pem = f.key_pem},
        {.cert_pem = f.leaf_pem, .key_pem = blank, .key_size = huge},
        {.cert_pem = f.leaf_pem, .key_pem = f.key_pem, .chain_pem = blank, .chain_size = huge},
        {.pkcs12 = blank, .pkcs12_size = huge},
    };
    for (size_t i = 0; i < countof(inputs); i++)
        assert_refused(import_with(b, inputs[i], &cert), b, "at most 262144");
    for (size_t i = 0; i < CERTIFICATE_CHAIN_MAX; i++) {
        struct minted ca = bench_mint(b, NULL, (struct mint_request){.common_name = "CA", .ca = true});
        many = arena_printf(b->a, "%s%s", many, x509_pem(b->a, &ca.cert));
    }
    assert_refused(import(b, many, f.key_pem, &cert), b, "more than 12 certificates");
    char *begins = arena_alloc(b->a, CERTIFICATE_FILE_BYTES);
    for (size_t at = 0; at + 28 < CERTIFICATE_FILE_BYTES; at += 28)
        memcpy(begins + at, "-----BEGIN CERTIFICATE-----\n", 28);
    assert_refused(import(b, begins, f.key_pem, &cert), b, "no end");
}

static bool import_named(struct bench *b, const char *common_name, const char *const *list,
                         const size_t *sizes, size_t count, struct certificate *ret)
{
    struct minted leaf = bench_mint(b, NULL,
                                    (struct mint_request){.common_name = common_name,
                                                          .organisation = "Org",
                                                          .names = list,
                                                          .name_sizes = sizes,
                                                          .name_count = count});
    return import(b, x509_pem(b->a, &leaf.cert), secret_bytes(leaf.key), ret);
}

static void R33_names_that_are_no_domain_names_are_refused(void **state)
{
    struct bench *b = *state;
    static const char *const bad[] = {"My Server",
                                      "*",
                                      "www.*.com",
                                      "*.*.example.com",
                                      "a..example.com",
                                      "-a.example.com",
                                      "http://example.com",
                                      "example.com/",
                                      "a,b.example.com",
                                      "caf\xe9.example.com",
                                      "",
                                      "."};
    struct certificate cert;
    for (size_t i = 0; i < countof(bad); i++) {
        const char *const pair[] = {"good.example.com", bad[i]};
        assert_refused(import_named(b, "good.example.com", pair, NULL, 2, &cert), b, "alternative name");
        if (*bad[i] && !strchr(bad[i], '\xe9'))
            assert_refused(import_named(b, bad[i], NULL, NULL, 0, &cert), b, "common name");
    }
    static const char *const nul[] = {"good.example.com\0.evil.example"};
    static const size_t nul_size[] = {30};
    assert_refused(import_named(b, "x", nul, nul_size, 1, &cert), b, "alternative name");
    assert_refused(import_named(b, "", NULL, NULL, 0, &cert), b,
                   "neither alternative names nor a common name");
}

static void R33_at_most_2000_names_are_taken(void **state)
{
    struct bench *b = *state;
    const char **list = arena_array(b->a, const char *, CERTIFICATE_NAMES_MAX + 1);
    struct certificate cert;
    for (size_t i = 0; i <= CERTIFICATE_NAMES_MAX; i++)
        list[i] = arena_printf(b->a, "n%zu.example.com", i);
    assert_refused(import_named(b, "x", list, NULL, CERTIFICATE_NAMES_MAX + 1, &cert), b, "2001 names");
    assert_true(import_named(b, "x", list, NULL, CERTIFICATE_NAMES_MAX, &cert));
    assert_int_equal(cert.domain_count, CERTIFICATE_NAMES_MAX);
}

static void R42_bound_domains_are_normalised_alternative_names(void **state)
{
    struct bench *b = *state;
    static const struct {
        const char *common_name;
        const char *names[4];
        size_t count;
        const char *domains; /* joined by blanks */
    } rows[] = {
        {"cn.example.com", {"www.example.com"}, 1, "www.example.com"},
        {"cn.example.com", {NULL}, 0, "cn.example.com"},
        {"CN.Example.Com", {"192.0.2.1"}, 1, "192.0.2.1 cn.example.com"},
        {"My Server", {"192.0.2.1", "2001:DB8:0::1"}, 2, "192.0.2.1 2001:db8::1"},
        {"x",
         {"Example.COM", "example.com", "*.Example.com", "example.com."},
         4,
         "example.com *.example.com"},
        {"192.0.2.1", {NULL}, 0, "192.0.2.1"},
        {"b\xc3\xbc"
         "cher.example",
         {NULL},
         0,
         "xn--bcher-kva.example"},
    };
    for (size_t i = 0; i < countof(rows); i++) {
        struct certificate cert;
        const char *joined = "";
        if (!import_named(b, rows[i].common_name, rows[i].names, NULL, rows[i].count, &cert))
            fail_msg("%s: %s", rows[i].domains, b->err.text);
        for (size_t j = 0; j < cert.domain_count; j++)
            joined = arena_printf(b->a, "%s%s%s", joined, j ? " " : "", cert.domains[j]);
        assert_string_equal(joined, rows[i].domains);
    }
}

static void weak_and_self_signed_certificates_are_warned_of(void **state)
{
    struct bench *b = *state;
    struct certificate cert;
    struct minted weak =
        bench_mint(b, NULL, (struct mint_request){.names = names, .name_count = 2, .key_bits = 1024});
    assert_true(import(b, x509_pem(b->a, &weak.cert), secret_bytes(weak.key), &cert));
    assert_true(cert.chain_complete);
    assert_true(warned(&cert, "self-signed") && warned(&cert, "1024 bits"));
    struct family f = family_make(b);
    struct minted ed =
        bench_mint(b, &f.low,
                   (struct mint_request){.names = names, .name_count = 2, .key_type = KEY_ED25519});
    assert_true(import(b, x509_pem(b->a, &ed.cert), secret_bytes(ed.key), &cert));
    assert_true(warned(&cert, "Ed25519"));
}

static void keys_of_unknown_kinds_are_refused(void **state)
{
    struct bench *b = *state;
    struct certificate cert;
    size_t size;
    bench_run(
        b, "openssl req -x509 -newkey rsa-pss -nodes -subj /CN=example.com -addext basicConstraints=CA:FALSE "
           "-keyout all.pem -out cert.pem && cat cert.pem >>all.pem");
    char *pem = bench_read(b, "all.pem", &size);
    assert_refused(import(b, pem, NULL, &cert), b, "neither RSA, ECDSA nor SM2");
}

static void sm2_pair_is_told_apart_by_key_usage(void **state)
{
    struct bench *b = *state;
    struct minted ca =
        bench_mint(b, NULL, (struct mint_request){.common_name = "SM CA", .ca = true, .key_type = KEY_SM2});
    struct minted half[3];
    static const enum mint_usage usages[] = {MINT_SIGN_ONLY, MINT_ENCIPHER_ONLY, MINT_SIGN_ONLY};
    struct certificate cert;
    for (size_t i = 0; i < 3; i++)
        half[i] = bench_mint(b, &ca,
                             (struct mint_request){.names = names,
                                                   .name_count = 2,
                                                   .key_type = KEY_SM2,
                                                   .usage = usages[i]});
    for (unsigned order = 0; order < 4; order++) {
        const struct minted *first = &half[order & 1], *second = &half[!(order & 1)];
        const struct minted *key = &half[order >> 1], *other_key = &half[!(order >> 1)];
        char *certs = arena_printf(b->a, "%s%s%s", x509_pem(b->a, &first->cert), x509_pem(b->a, &ca.cert),
                                   x509_pem(b->a, &second->cert));
        char *keys = arena_printf(b->a, "%s%s", secret_bytes(key->key), secret_bytes(other_key->key));
        if (!import(b, certs, keys, &cert))
            fail_msg("%s", b->err.text);
        assert_true(cert.sm2 && cert.sm2_encryption);
        assert_string_equal(cert.leaf.sha256, half[0].cert.sha256);
        assert_string_equal(cert.sm2_encryption->sha256, half[1].cert.sha256);
        assert_true(secret_equal(cert.key, half[0].key));
        assert_true(secret_equal(cert.sm2_encryption_key, half[1].key));
        assert_true(cert.chain_complete && !cert.warning_count);
        assert_string_not_equal(certificate_fingerprint(b->a, &cert), half[0].cert.sha256);
    }
    const char *signing = x509_pem(b->a, &half[0].cert), *twin = x509_pem(b->a, &half[2].cert);
    const char *encryption = x509_pem(b->a, &half[1].cert);
    assert_refused(import(b, arena_printf(b->a, "%s%s", signing, twin),
                          arena_printf(b->a, "%s%s", secret_bytes(half[0].key), secret_bytes(half[2].key)),
                          &cert),
                   b, "which signs");
    assert_refused(import(b, arena_printf(b->a, "%s%s", signing, encryption), secret_bytes(half[0].key),
                          &cert),
                   b, "key was not given");
    assert_true(import(b, signing, secret_bytes(half[0].key), &cert));
    assert_true(cert.sm2 && !cert.sm2_encryption && warned(&cert, "encryption half"));
}

static void sm2_pair_of_the_openssl_command_is_taken(void **state)
{
    struct bench *b = *state;
    struct certificate cert;
    size_t size;
    bench_run(b,
              "for u in digitalSignature keyEncipherment,dataEncipherment; do "
              "openssl genpkey -algorithm SM2 -out key.pem && "
              "openssl req -x509 -sm3 -key key.pem -subj /CN=sm.example.com -sigopt distid:1234567812345678 "
              "-addext basicConstraints=CA:FALSE -addext keyUsage=critical,$u -out cert.pem && "
              "cat cert.pem key.pem >>all.pem; done");
    char *pem = bench_read(b, "all.pem", &size);
    if (!import(b, pem, NULL, &cert))
        fail_msg("%s", b->err.text);
    assert_true(cert.sm2 && cert.sm2_encryption && cert.leaf.may_sign && cert.sm2_encryption->may_encipher);
    assert_true(cert.chain_complete);
}

static void pkcs12_is_imported_and_exported(void **state)
{
    struct bench *b = *state;
    struct family f = family_make(b);
    static const char *const options[] = {"-legacy", "", "-legacy -descert"};
    char *all = arena_printf(b->a, "%s%s%s%s%s", f.key_pem, f.leaf_pem, f.root_pem, f.high_pem, f.low_pem);
    struct secret *password = bench_secret(b, "pw");
    struct certificate cert;
    bench_write(b, "all.pem", all, strlen(all));
    for (size_t i = 0; i < countof(options); i++) {
        struct certificate_input input = {.pkcs12_password = password};
        bench_run(b, arena_printf(b->a, "openssl pkcs12 -export -in all.pem -out f.p12 -passout pass:pw %s",
                                  options[i]));
        input.pkcs12 = bench_read(b, "f.p12", &input.pkcs12_size);
        if (!import_with(b, input, &cert))
            fail_msg("%s: %s", options[i], b->err.text);
        assert_family(b, &f, &cert);
        input.pkcs12_password = bench_secret(b, "not it");
        assert_refused(import_with(b, input, &cert), b, "password does not open");
    }
    struct certificate_input back = {.pkcs12_password = password};
    unsigned char *made;
    assert_true(certificate_pkcs12(b->a, &cert, "alias", password, &made, &back.pkcs12_size, &b->err));
    back.pkcs12 = made;
    assert_true(import_with(b, back, &cert));
    assert_family(b, &f, &cert);
    assert_int_equal(cert.root_count, 0); /* a root is never sent */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        bench_test(pem_is_taken_in_any_order),
        bench_test(files_of_real_people_are_taken),
        bench_test(incomplete_chain_is_named_and_imported),
        bench_test(warnings_stay_short_and_utf8),
        bench_test(system_roots_complete_a_chain),
        bench_test(cross_signed_twin_is_kept_and_the_root_too),
        bench_test(expired_intermediate_is_named_and_a_valid_one_preferred),
        bench_test(R33_wrong_and_missing_parts_are_refused),
        bench_test(R33_encrypted_keys_are_refused_with_the_way_out),
        bench_test(hostile_sizes_are_refused),
        bench_test(R33_names_that_are_no_domain_names_are_refused),
        bench_test(R33_at_most_2000_names_are_taken),
        bench_test(R42_bound_domains_are_normalised_alternative_names),
        bench_test(weak_and_self_signed_certificates_are_warned_of),
        bench_test(keys_of_unknown_kinds_are_refused),
        bench_test(sm2_pair_is_told_apart_by_key_usage),
        bench_test(sm2_pair_of_the_openssl_command_is_taken),
        bench_test(pkcs12_is_imported_and_exported),
    };
    return cmocka_run_group_tests_name("import", tests, NULL, NULL);
}
