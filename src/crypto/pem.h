/* pem.h - finding and decoding the blocks of PEM text, as people's files hold them.
 *
 * Text before, between and after the blocks, CRLF, blanks at line ends and old header lines ("Proc-Type:") are
 * passed over. Nothing is decoded before it is asked for.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"

struct pem_block {
    char label[64];   /* "CERTIFICATE"; "" when there are no more blocks */
    const char *text; /* the whole block within the input, "-----BEGIN" to the last dash */
    size_t text_size;
    const char *body; /* what stands between the two lines */
    size_t body_size;
    bool encrypted; /* a "Proc-Type: 4,ENCRYPTED" header, or the label says so */
};

/* The next block at or after *offset, which is moved behind it. A block without its end is refused. */
must_use bool pem_next(const char *text, size_t size, size_t *offset, struct pem_block *ret, struct err *err);

bool pem_is_key(const struct pem_block *block); /* any kind of private key */
bool pem_is_certificate(const struct pem_block *block);

/* The block's bytes. ERR_INPUT names the label, never the content. */
must_use bool pem_decode(struct arena *a, const struct pem_block *block, unsigned char **ret,
                         size_t *ret_size, struct err *err);

/* 64 columns, LF. */
char *pem_format(struct arena *a, const char *label, const unsigned char *data, size_t size);
