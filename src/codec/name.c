#include "codec/name.h"

#include <arpa/inet.h>
#include <idn2.h>
#include <string.h>

enum { NAME_MAX_BYTES = 253, LABEL_MAX_BYTES = 63, TEXT_MAX_BYTES = 1024 };

static bool refuse(struct err *err, const char *text, const char *why)
{
    return err_set(err, ERR_INPUT, "\"%.80s\" is no domain name: %s", text, why);
}

/* The address in its usual spelling, NULL if text is none. */
static const char *address(struct arena *a, const char *text)
{
    char out[INET6_ADDRSTRLEN];
    unsigned char bytes[16];
    int family = strchr(text, ':') ? AF_INET6 : AF_INET;
    if (inet_pton(family, text, bytes) != 1)
        return NULL;
    return arena_strdup(a, inet_ntop(family, bytes, out, sizeof out));
}

/* Whether the text has something for IDNA in it. Plain ASCII is kept away from it, because IDNA refuses names that live
 * on in clouds, such as "r3---sn" or "_acme".
 */
static bool wants_idna(const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        if (*p >= 0x80)
            return true;
    return strcasestr(text, "xn--") != NULL;
}

static bool to_ascii(struct arena *a, const char *text, const char *whole, char **ret, struct err *err)
{
    if (!wants_idna(text)) {
        *ret = arena_strdup(a, text);
        return true;
    }
    char *out = NULL;
    int rc = idn2_lookup_u8((const uint8_t *)text, (uint8_t **)&out, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);
    if (rc != IDN2_OK)
        return refuse(err, whole, idn2_strerror(rc));
    *ret = arena_strdup(a, out);
    idn2_free(out);
    return true;
}

/* Why a label is refused, NULL when it is fine. Lowers it in place. */
static const char *label_refusal(char *label, size_t size)
{
    if (size == 0)
        return "it has an empty label";
    if (size > LABEL_MAX_BYTES)
        return "a label has more than 63 bytes";
    for (size_t i = 0; i < size; i++) {
        if (label[i] >= 'A' && label[i] <= 'Z')
            label[i] = (char)(label[i] - 'A' + 'a');
        bool word = (label[i] >= 'a' && label[i] <= 'z') || (label[i] >= '0' && label[i] <= '9');
        if (!word && label[i] != '-' && label[i] != '_')
            return label[i] == '*' ? "an asterisk stands only in front, as \"*.\""
                                   : "only letters, digits, hyphens and dots are allowed";
    }
    return label[0] == '-' || label[size - 1] == '-' ? "a label begins or ends with a hyphen" : NULL;
}

static const char *labels_refusal(char *name)
{
    char *label = name;
    for (;;) {
        size_t size = strcspn(label, ".");
        const char *why = label_refusal(label, size);
        if (why)
            return why;
        if (!label[size])
            break;
        label += size + 1;
    }
    if (strspn(label, "0123456789") == strlen(label))
        return "its last label is a number, as in an address";
    return NULL;
}

bool name_normalise(struct arena *a, const char *text, bool allow_address, const char **ret, struct err *err)
{
    size_t size = strlen(text);
    if (size == 0 || size > TEXT_MAX_BYTES)
        return refuse(err, text, size ? "it is longer than 253 bytes" : "it is empty");
    const char *found = address(a, text);
    if (found && !allow_address)
        return refuse(err, text, "it is an address");
    if (found) {
        *ret = found;
        return true;
    }
    bool wildcard = name_is_wildcard(text);
    char *name = NULL;
    if (!to_ascii(a, text + (wildcard ? 2 : 0), text, &name, err))
        return false;
    size = strlen(name);
    if (size && name[size - 1] == '.')
        name[--size] = '\0';
    const char *why =
        size + (wildcard ? 2 : 0) > NAME_MAX_BYTES ? "it is longer than 253 bytes" : labels_refusal(name);
    if (why)
        return refuse(err, text, why);
    *ret = wildcard ? arena_printf(a, "*.%s", name) : name;
    return true;
}

bool name_is_wildcard(const char *name)
{
    return name[0] == '*' && name[1] == '.';
}

bool name_is_address(const char *name)
{
    unsigned char bytes[16];
    return inet_pton(AF_INET, name, bytes) == 1 || inet_pton(AF_INET6, name, bytes) == 1;
}

const char *name_parent(const char *name)
{
    const char *dot = strchr(name, '.');
    return dot ? dot + 1 : NULL;
}
