#include "crypto/pem.h"

#include "base/buf.h"
#include "codec/text.h"
#include <string.h>

enum { PEM_COLUMNS = 64 };

static const char begin_mark[] = "-----BEGIN ", end_mark[] = "-----END ", dashes[] = "-----";

static const char *find(const char *text, const char *end, const char *what, size_t what_size)
{
    return text < end ? memmem(text, (size_t)(end - text), what, what_size) : NULL;
}

static unsigned line_of(const char *text, const char *at)
{
    unsigned line = 1;
    for (const char *p = text; p < at; p++)
        line += *p == '\n';
    return line;
}

/* The label behind "-----BEGIN ", closed by dashes on the same line; NULL if this is not one (mere text). */
static const char *label_read(const char *at, const char *end, char *label, size_t room)
{
    size_t size = 0;
    while (at + size < end &&
           ((at[size] >= 'A' && at[size] <= 'Z') || (at[size] >= '0' && at[size] <= '9') || at[size] == ' '))
        size++;
    if (size == 0 || size >= room || (size_t)(end - at) < size + sizeof dashes - 1 ||
        memcmp(at + size, dashes, sizeof dashes - 1) != 0)
        return NULL;
    memcpy(label, at, size);
    label[size] = '\0';
    return at + size + sizeof dashes - 1;
}

/* Where the block's own end line begins; NULL if the file ends, or another block begins, before it. */
static const char *end_find(const char *body, const char *end, const char *label, const char **ret_after)
{
    const char *at = find(body, end, dashes, sizeof dashes - 1);
    char closing[64] = "";
    if (!at || (size_t)(end - at) < sizeof end_mark - 1 || memcmp(at, end_mark, sizeof end_mark - 1) != 0)
        return NULL;
    *ret_after = label_read(at + sizeof end_mark - 1, end, closing, sizeof closing);
    return *ret_after && strcmp(closing, label) == 0 ? at : NULL;
}

bool pem_next(const char *text, size_t size, size_t *offset, struct pem_block *ret, struct err *err)
{
    const char *end = text + size, *at = text + *offset, *body = NULL, *after = NULL;
    struct pem_block block = {0};
    while ((at = find(at, end, begin_mark, sizeof begin_mark - 1))) {
        body = label_read(at + sizeof begin_mark - 1, end, block.label, sizeof block.label);
        if (body)
            break;
        at++;
    }
    if (!at) {
        *offset = size;
        *ret = (struct pem_block){0};
        return true;
    }
    const char *body_end = end_find(body, end, block.label, &after);
    if (!body_end)
        return err_set(err, ERR_INPUT,
                       "the block \"%s\" that begins on line %u has no end: the file is cut short",
                       block.label, line_of(text, at));
    block.text = at;
    block.text_size = (size_t)(after - at);
    block.body = body;
    block.body_size = (size_t)(body_end - body);
    block.encrypted = memmem(body, block.body_size, "4,ENCRYPTED", 11) != NULL ||
                      strcmp(block.label, "ENCRYPTED PRIVATE KEY") == 0;
    *offset = (size_t)(after - text);
    *ret = block;
    return true;
}

bool pem_is_key(const struct pem_block *block)
{
    size_t size = strlen(block->label);
    return size >= 11 && strcmp(block->label + size - 11, "PRIVATE KEY") == 0;
}

bool pem_is_certificate(const struct pem_block *block)
{
    return strcmp(block->label, "CERTIFICATE") == 0 || strcmp(block->label, "X509 CERTIFICATE") == 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool pem_decode(struct arena *a, const struct pem_block *block, unsigned char **ret, size_t *ret_size,
                struct err *err)
{
    char *digits = arena_alloc(a, block->body_size + 1);
    size_t count = 0;
    const char *line = block->body, *end = block->body + block->body_size;
    while (line < end) {
        const char *line_end = memchr(line, '\n', (size_t)(end - line));
        const char *next = line_end ? line_end + 1 : end;
        bool header = memchr(line, ':', (size_t)(next - line)) != NULL;
        for (const char *p = line; p < next && !header; p++)
            if (!is_blank(*p))
                digits[count++] = *p;
        line = next;
    }
    if (!base64_decode(a, digits, count, ret, ret_size, NULL) || *ret_size == 0)
        return err_set(err, ERR_INPUT, "the block \"%s\" is damaged: its content is not base64",
                       block->label);
    return true;
}

char *pem_format(struct arena *a, const char *label, const unsigned char *data, size_t size)
{
    const char *digits = base64_encode(a, data, size);
    size_t count = strlen(digits);
    struct buf out = buf_new(a, 2 * count + 256);
    buf_printf(&out, "-----BEGIN %s-----\n", label);
    for (size_t i = 0; i < count; i += PEM_COLUMNS) {
        buf_add(&out, digits + i, size_min(PEM_COLUMNS, count - i));
        buf_putc(&out, '\n');
    }
    buf_printf(&out, "-----END %s-----\n", label);
    return out.data;
}
