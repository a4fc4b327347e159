#include "api/cas/certificate.h"

#include "api/cas/product_code.h"
#include "api/certificate_add.h"
#include "crypto/pem.h"
#include <string.h>

static const char *const order_types[] = {"CPACK", "BUY", "UPLOAD", "CERT", NULL};
static const char *const order_states[] = {"PAYED",   "CHECKING",     "CHECKED_FAIL", "ISSUED", "WILLEXPIRED",
                                           "EXPIRED", "NOTACTIVATED", "REVOKED",      NULL};

const struct cas_parameter cas_upload_certificate_parameters[] = {
    {"Name", CAS_TEXT, true, 4 * CERTIFICATE_NAME_CHARACTERS, NULL},
    {"Cert", CAS_PEM, false, CERTIFICATE_FILE_BYTES, NULL},
    {"Key", CAS_PEM, false, CERTIFICATE_FILE_BYTES, NULL},
    {"SignCert", CAS_PEM, false, CERTIFICATE_FILE_BYTES, NULL},
    {"SignPrivateKey", CAS_PEM, false, CERTIFICATE_FILE_BYTES, NULL},
    {"EncryptCert", CAS_PEM, false, CERTIFICATE_FILE_BYTES, NULL},
    {"EncryptPrivateKey", CAS_PEM, false, CERTIFICATE_FILE_BYTES, NULL},
    CAS_PARAMETERS_END,
};

const struct cas_parameter cas_delete_certificate_parameters[] = {
    {"CertId", CAS_NUMBER, true, 0, NULL},
    CAS_PARAMETERS_END,
};

const struct cas_parameter cas_certificate_detail_parameters[] = {
    {"CertId", CAS_NUMBER, true, 0, NULL},
    {"CertFilter", CAS_BOOL, false, 0, NULL},
    CAS_PARAMETERS_END,
};

const struct cas_parameter cas_list_orders_parameters[] = {
    {"OrderType", CAS_WORD, false, 0, order_types},
    {"Status", CAS_WORD, false, 0, order_states},
    {"Keyword", CAS_TEXT, false, 512, NULL},
    CAS_PAGE_PARAMETERS,
    CAS_PARAMETERS_END,
};

static const char *const sources[] = {"BUY", "TEST", "UPLOAD", NULL};
static const char *const states[] = {"issued", "revoked", "willExpire", "expired", NULL};

const struct cas_parameter cas_certificate_overview_parameters[] = {
    {"CertificateId", CAS_NUMBER, true, 0, NULL},
    CAS_PARAMETERS_END,
};

const struct cas_parameter cas_list_certificates_parameters[] = {
    {"CertificateSource", CAS_WORD, false, 0, sources},
    {"CertificateStatus", CAS_WORD, false, 0, states},
    {"Keyword", CAS_TEXT, false, 512, NULL},
    CAS_PAGE_PARAMETERS,
    CAS_PARAMETERS_END,
};

/* ---- names ---- */

/* The value of an attribute in a name of RFC 2253: "CN=a\, b,O=c". "" where it has none. */
static const char *part_of(struct arena *a, const char *name, const char *attribute)
{
    size_t length = strlen(attribute);
    struct buf b = buf_new(a, 4096);
    for (const char *at = name; *at; at += *at == ',') {
        bool wanted = strncmp(at, attribute, length) == 0 && at[length] == '=';
        for (at += wanted ? length + 1 : 0; *at && *at != ','; at++) {
            at += *at == '\\' && at[1];
            if (wanted)
                buf_putc(&b, *at);
        }
        if (wanted)
            return b.data;
    }
    return "";
}

/* Bytes come in pairs of digits there. */
static const char *serial_of(struct arena *a, const char *serial)
{
    return arena_printf(a, "%s%s", strlen(serial) % 2 ? "0" : "", serial);
}

/* ---- upload ---- */

static const char *both(struct arena *a, const char *first, const char *second)
{
    return first && second ? arena_printf(a, "%s\n%s", first, second) : NULL;
}

/* Cert and Key; else an SM2 pair, whose signing half stands first. */
static bool read_input(struct cas_call *call, struct certificate_input *ret, struct err *err)
{
    const struct pairs *given = &call->given;
    const char *cert = cas_text(given, "Cert"), *key = cas_text(given, "Key");
    if (!cert && !key && cas_text(given, "SignCert")) {
        cert = both(call->arena, cas_text(given, "SignCert"), cas_text(given, "EncryptCert"));
        key = both(call->arena, cas_text(given, "SignPrivateKey"), cas_text(given, "EncryptPrivateKey"));
        if (!cert)
            return cas_refuse_missing(err, "EncryptCert");
        if (!key)
            return cas_refuse_missing(err, cas_text(given, "SignPrivateKey") ? "EncryptPrivateKey"
                                                                             : "SignPrivateKey");
    }
    if (!cert)
        return cas_refuse_missing(err, "Cert");
    if (!key)
        return cas_refuse_missing(err, "Key");
    *ret = (struct certificate_input){.cert_pem = cert,
                                      .cert_size = strlen(cert),
                                      .key_pem = key,
                                      .key_size = strlen(key)};
    return true;
}

static bool import(struct cas_call *call, struct certificate *ret, struct err *err)
{
    struct certificate_input input;
    struct err wrong = {0};
    if (!read_input(call, &input, err))
        return false;
    if (certificate_import(call->arena, &input, call->api->parts.clock, ret, &wrong))
        return true;
    bool mismatch = strcmp(wrong.code, CERTIFICATE_ERR_KEY) == 0;
    return cas_refuse_saying(err, mismatch ? "KeyNotMatchCert" : "InvalidParameter.Cert", "%s", wrong.text);
}

bool cas_upload_certificate(struct cas_call *call, struct err *err)
{
    const char *name = cas_text(&call->given, "Name");
    struct certificate cert;
    struct certificate_row row;
    struct err wrong = {0};
    bool already;
    if (!certificate_name_check(name, &wrong) || !request_name_check(name, &wrong))
        return cas_refuse_saying(err, "InvalidName", "%s", wrong.text);
    if (!import(call, &cert, err))
        return false;
    if (!certificate_add(call->api->parts.store, call->arena, &cert, call->owner, name, &row, &already, err))
        return err->kind == ERR_CONFLICT ? cas_refuse(err, "NameRepeat") : false;
    call->made_id = row.id;
    cas_put_number(call, "CertId", row.id);
    cas_put_text(call, "ResourceId", cas_text_id(call->arena, "cas-upload-", row.id));
    return true;
}

/* ---- delete ---- */

struct one {
    struct cas_call *call;
    int64_t id;
    struct certificate_row row;
    struct secret *key, *encryption_key;
};

/* R34: a bought one that is still good is its vendor's. */
static bool may_go(const struct cas_call *call, const struct certificate_row *row)
{
    return strcmp(row->kind, "uploaded") == 0 || row->revoked || row->not_after_ms < call->now_ms;
}

static bool delete_one(struct db *db, void *context, struct err *err)
{
    struct one *one = context;
    const char *reason = NULL;
    if (!cas_own_certificate(db, one->call, one->id, "NotFound", &one->row, err))
        return false;
    if (!may_go(one->call, &one->row))
        return cas_refuse_saying(err, "InvalidOperation",
                                 "Only expired, revoked or uploaded certificates can be deleted.");
    if (!store_certificate_needed(db, one->call->arena, one->id, &reason, err))
        return false;
    return reason ? err_set(err, ERR_CONFLICT, "certificate %s stays: %s", one->row.name, reason)
                  : store_certificate_delete(db, one->id, err);
}

bool cas_delete_certificate(struct cas_call *call, struct err *err)
{
    struct one one = {.call = call, .id = cas_number(&call->given, "CertId", 0)};
    return cas_write(call, delete_one, &one, err);
}

/* ---- detail ---- */

static bool load_one(struct db *db, void *context, struct err *err)
{
    struct one *one = context;
    return cas_own_certificate(db, one->call, one->id, "NotFound", &one->row, err) &&
           store_certificate_key(db, one->call->arena, one->id, &one->key, &one->encryption_key, err);
}

static bool parse_next(struct arena *a, const char *pem, size_t *offset, struct x509 *ret)
{
    struct pem_block block;
    unsigned char *der;
    size_t size;
    return pem_next(pem, strlen(pem), offset, &block, NULL) && block.label[0] &&
           pem_decode(a, &block, &der, &size, NULL) && x509_parse(a, der, size, ret, NULL);
}

static int64_t days_left(const struct cas_call *call, int64_t not_after_ms)
{
    return int64_max(0, (not_after_ms - call->now_ms) / (24 * 3600 * (int64_t)1000));
}

static void put_link(struct cas_call *call, const struct x509 *cert)
{
    json_open_object(&call->w);
    cas_put_text(call, "CommonName", cert->common_name);
    cas_put_text(call, "IssuerCommonName", part_of(call->arena, cert->issuer, "CN"));
    cas_put_number(call, "NotBefore", cert->not_before_ms);
    cas_put_number(call, "NotAfter", cert->not_after_ms);
    cas_put_number(call, "RemainDay", days_left(call, cert->not_after_ms));
    json_close_object(&call->w);
}

static void put_chain(struct cas_call *call, const char *pem)
{
    struct x509 link;
    size_t offset = 0;
    json_key(&call->w, "CertChain");
    json_open_array(&call->w);
    while (parse_next(call->arena, pem, &offset, &link))
        put_link(call, &link);
    json_close_array(&call->w);
}

/* R145: nothing of it where it is filtered out; the keys only for whom may export them. */
static void put_material(struct cas_call *call, const struct one *one)
{
    const struct certificate_row *row = &one->row;
    bool pair = *row->sm2_encryption_pem, keys = call->caller.may_export && one->key;
    const char *chain = arena_printf(call->arena, "%s%s", row->leaf_pem, row->chain_pem);
    if (cas_bool(&call->given, "CertFilter", false))
        return;
    call->exported = keys;
    cas_put_text(call, pair ? "SignCert" : "Cert", chain);
    if (pair)
        cas_put_text(call, "EncryptCert", row->sm2_encryption_pem);
    if (keys)
        cas_put_text(call, pair ? "SignPrivateKey" : "Key", secret_bytes(one->key));
    if (keys && pair && one->encryption_key)
        cas_put_text(call, "EncryptPrivateKey", secret_bytes(one->encryption_key));
}

static void put_subject(struct cas_call *call, const struct x509 *leaf)
{
    static const struct {
        const char *member, *attribute;
    } parts[] = {{"OrgName", "O"}, {"City", "L"}, {"Province", "ST"}, {"Country", "C"}};
    for (size_t i = 0; i < countof(parts); i++)
        cas_put_text(call, parts[i].member, part_of(call->arena, leaf->subject, parts[i].attribute));
}

static const char *fingerprint_of(struct arena *a, const struct certificate_row *row, struct x509 *ret_leaf)
{
    size_t offset = 0;
    if (!parse_next(a, row->leaf_pem, &offset, ret_leaf)) {
        *ret_leaf = (struct x509){.subject = ""};
        return ""; /* only the vendor's service has it */
    }
    return cas_upper(a, ret_leaf->sha1);
}

/* What is the same in details and in lists. */
static void put_common(struct cas_call *call, const struct certificate_row *row, const char *sha1)
{
    struct arena *a = call->arena;
    cas_put_text(call, "Name", row->name);
    cas_put_text(call, "Algorithm", cas_algorithm(row->key_type));
    cas_put_text(call, "Issuer", part_of(a, row->issuer, "CN"));
    cas_put_text(call, "Sans", cas_joined(a, row->domains, CERTIFICATE_NAMES_MAX));
    cas_put_text(call, "SerialNo", serial_of(a, row->serial));
    cas_put_text(call, "Fingerprint", sha1);
    cas_put_text(call, "Sha2", strlen(row->fingerprint) == 64 ? cas_upper(a, row->fingerprint) : "");
    cas_put_text(call, "StartDate", cas_day(a, row->not_before_ms));
    cas_put_text(call, "EndDate", cas_day(a, row->not_after_ms));
    cas_put_bool(call, "Expired", row->not_after_ms < call->now_ms);
}

static const char *instance_of(struct arena *a, const struct certificate_row *row)
{
    return cas_text_id(a, strcmp(row->kind, "uploaded") == 0 ? "cas-upload-" : "cas-ivauto-", row->id);
}

bool cas_certificate_detail(struct cas_call *call, struct err *err)
{
    struct arena *a = call->arena;
    struct one one = {.call = call, .id = cas_number(&call->given, "CertId", 0)};
    struct x509 leaf;
    if (!cas_read(call, load_one, &one, err))
        return false;
    const struct certificate_row *row = &one.row;
    const char *sha1 = fingerprint_of(a, row, &leaf);
    cas_put_number(call, "Id", row->id);
    put_common(call, row, sha1);
    cas_put_text(call, "CertSha2", strlen(row->fingerprint) == 64 ? cas_upper(a, row->fingerprint) : "");
    cas_put_text(call, "CertIdentifier", arena_printf(a, "%lld-cn-hangzhou", (long long)row->id));
    cas_put_text(call, "InstanceId", instance_of(a, row));
    cas_put_text(call, "Common", *row->common_name ? row->common_name : cas_joined(a, row->domains, 1));
    cas_put_number(call, "NotBefore", row->not_before_ms);
    cas_put_number(call, "NotAfter", row->not_after_ms);
    cas_put_bool(call, "BuyInAliyun", strcmp(row->kind, "uploaded") != 0);
    put_subject(call, &leaf);
    put_material(call, &one);
    put_chain(call, row->chain_pem);
    json_member_raw(&call->w, "Tags", "[]");
    return true;
}

/* ---- lists ---- */

struct list {
    struct cas_call *call;
    struct certificate_numbered_filter filter;
    struct cas_page page;
    struct certificate_row *rows;
    size_t count;
    int64_t total;
};

static bool load_list(struct db *db, void *context, struct err *err)
{
    struct list *list = context;
    return store_certificate_numbered(db, list->call->arena, list->call->owner, &list->filter, &list->page.at,
                                      &list->rows, &list->count, &list->total, err);
}

static const char *status_word(const struct cas_call *call, const struct certificate_row *row,
                               const char *const words[4])
{
    switch (certificate_status_at(row->not_before_ms, row->not_after_ms, row->revoked, call->now_ms)) {
    case CERTIFICATE_WILL_EXPIRE:
        return words[1];
    case CERTIFICATE_EXPIRED:
        return words[2];
    case CERTIFICATE_REVOKED:
        return words[3];
    case CERTIFICATE_ISSUED:
    case CERTIFICATE_NOT_YET_VALID:
        break;
    }
    return words[0];
}

static void put_order(struct cas_call *call, const struct certificate_row *row)
{
    static const char *const words[] = {"ISSUED", "WILLEXPIRED", "EXPIRED", "REVOKED"};
    struct x509 leaf;
    json_open_object(&call->w);
    cas_put_number(call, "CertificateId", row->id);
    put_common(call, row, fingerprint_of(call->arena, row, &leaf));
    cas_put_text(call, "InstanceId", instance_of(call->arena, row));
    cas_put_text(call, "CommonName",
                 *row->common_name ? row->common_name : cas_joined(call->arena, row->domains, 1));
    cas_put_number(call, "CertStartTime", row->not_before_ms);
    cas_put_number(call, "CertEndTime", row->not_after_ms);
    cas_put_text(call, "Status", status_word(call, row, words));
    cas_put_bool(call, "Upload", strcmp(row->kind, "uploaded") == 0);
    json_close_object(&call->w);
}

/* The status words that certificates have here; "" for those that only orders have, of which there are none. */
static const char *status_asked(const char *word, const char *fallback)
{
    static const struct {
        const char *theirs, *ours;
    } words[] = {{"ISSUED", "issued"},   {"WILLEXPIRED", "about_to_expire"},
                 {"EXPIRED", "expired"}, {"REVOKED", "revoked"},
                 {"issued", "issued"},   {"willExpire", "about_to_expire"},
                 {"expired", "expired"}, {"revoked", "revoked"}};
    for (size_t i = 0; word && i < countof(words); i++)
        if (strcmp(words[i].theirs, word) == 0)
            return words[i].ours;
    return word ? "" : fallback;
}

/* Orders are not made here: CPACK and BUY are empty lists. R35: without a status, what is valid. */
bool cas_list_orders(struct cas_call *call, struct err *err)
{
    const char *type = cas_text(&call->given, "OrderType"), *status = cas_text(&call->given, "Status");
    struct list list = {.call = call};
    list.filter =
        (struct certificate_numbered_filter){.kind = type && strcmp(type, "UPLOAD") == 0 ? "uploaded" : NULL,
                                             .status = status_asked(status, "valid"),
                                             .text = cas_text(&call->given, "Keyword"),
                                             .now_ms = call->now_ms};
    bool orders = !type || strcmp(type, "CPACK") == 0 || strcmp(type, "BUY") == 0;
    if (!cas_page(call, 50, &list.page, err) ||
        (!orders && *list.filter.status && !cas_read(call, load_list, &list, err)))
        return false;
    json_key(&call->w, "CertificateOrderList");
    json_open_array(&call->w);
    for (size_t i = 0; i < list.count; i++)
        put_order(call, &list.rows[i]);
    json_close_array(&call->w);
    cas_put_page(call, &list.page, "TotalCount", list.total);
    return true;
}

/* ---- the newer pair: without PEM and key, with the products that hold the certificate ---- */

static bool put_products(struct db *db, struct cas_call *call, const struct certificate_row *row,
                         struct err *err)
{
    struct product_count *counts;
    size_t count;
    if (!store_certificate_products(db, call->arena, call->owner, row->fingerprint, &counts, &count, err))
        return false;
    json_key(&call->w, "UsingProductList");
    json_open_array(&call->w);
    for (size_t i = 0; i < count; i++)
        json_put_string(&call->w, cas_product_code(counts[i].product));
    json_close_array(&call->w);
    return true;
}

static bool put_overview(struct db *db, struct cas_call *call, const struct certificate_row *row,
                         struct err *err)
{
    static const char *const words[] = {"issued", "willExpire", "expired", "revoked"};
    struct arena *a = call->arena;
    struct x509 leaf;
    cas_put_number(call, "CertificateId", row->id);
    cas_put_text(call, "CertificateName", row->name);
    cas_put_text(call, "CertificateSource", strcmp(row->kind, "uploaded") == 0 ? "UPLOAD" : "BUY");
    cas_put_text(call, "CertificateStatus", status_word(call, row, words));
    cas_put_text(call, "CertIdentifier", arena_printf(a, "%lld-cn-hangzhou", (long long)row->id));
    cas_put_text(call, "InstanceId", instance_of(a, row));
    cas_put_text(call, "CommonName", *row->common_name ? row->common_name : cas_joined(a, row->domains, 1));
    cas_put_text(call, "Domain", cas_joined(a, row->domains, CERTIFICATE_NAMES_MAX));
    json_member_raw(&call->w, "SubjectAlternativeNames", row->domains);
    cas_put_text(call, "Algorithm", cas_algorithm(row->key_type));
    cas_put_number(call, "KeySize", row->key_bits);
    cas_put_text(call, "Issuer", part_of(a, row->issuer, "CN"));
    cas_put_text(call, "Serial", serial_of(a, row->serial));
    cas_put_text(call, "FingerPrint", fingerprint_of(a, row, &leaf));
    cas_put_bool(call, "ExistPrivateKey", row->has_key);
    cas_put_number(call, "NotBefore", row->not_before_ms);
    cas_put_number(call, "NotAfter", row->not_after_ms);
    return put_products(db, call, row, err);
}

static void put_overview_chain(struct cas_call *call, const char *pem)
{
    struct x509 link;
    size_t offset = 0;
    json_key(&call->w, "CertificateChainList");
    json_open_array(&call->w);
    while (parse_next(call->arena, pem, &offset, &link))
        json_put_raw(
            &call->w,
            json_format(call->arena,
                        "{'Subject':%s,'Issuer':%s,'NotBefore':%lld,'NotAfter':%lld,'RemainDay':%lld}",
                        link.common_name, part_of(call->arena, link.issuer, "CN"),
                        (long long)link.not_before_ms, (long long)link.not_after_ms,
                        (long long)days_left(call, link.not_after_ms)));
    json_close_array(&call->w);
}

static bool overview(struct db *db, void *context, struct err *err)
{
    struct cas_call *call = context;
    struct certificate_row row;
    if (!cas_own_certificate(db, call, cas_number(&call->given, "CertificateId", 0), "NotFound", &row, err) ||
        !put_overview(db, call, &row, err))
        return false;
    put_overview_chain(call, row.chain_pem);
    json_member_raw(&call->w, "Tags", "[]");
    return true;
}

bool cas_certificate_overview(struct cas_call *call, struct err *err)
{
    return cas_read(call, overview, call, err);
}

static bool put_overviews(struct db *db, void *context, struct err *err)
{
    struct list *list = context;
    struct cas_call *call = list->call;
    if (!load_list(db, list, err))
        return false;
    for (size_t i = 0; i < list->count; i++) {
        json_open_object(&call->w);
        if (!put_overview(db, call, &list->rows[i], err))
            return false;
        json_close_object(&call->w);
    }
    return true;
}

/* Test certificates are not told apart from bought ones here: there are none. */
bool cas_list_certificates(struct cas_call *call, struct err *err)
{
    const char *source = cas_text(&call->given, "CertificateSource");
    struct list list = {.call = call};
    list.filter =
        (struct certificate_numbered_filter){.kind = !source                         ? NULL
                                                     : strcmp(source, "UPLOAD") == 0 ? "uploaded"
                                                                                     : "official",
                                             .status =
                                                 status_asked(cas_text(&call->given, "CertificateStatus"),
                                                              NULL),
                                             .text = cas_text(&call->given, "Keyword"),
                                             .now_ms = call->now_ms};
    if (!cas_page(call, 10, &list.page, err))
        return false;
    json_key(&call->w, "CertificateList");
    json_open_array(&call->w);
    if ((!source || strcmp(source, "TEST") != 0) && !cas_read(call, put_overviews, &list, err))
        return false;
    json_close_array(&call->w);
    cas_put_page(call, &list.page, "TotalCount", list.total);
    return true;
}
