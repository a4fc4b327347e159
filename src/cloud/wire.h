/* wire.h - from a declared call and its arguments to the bytes of a request; and from an answer to what it means.
 *
 * Pure but for the arena, so that every declaration and every hostile answer can be tested without a cloud.
 */
#pragma once
#include "cloud/vendor.h"

/* What a request is made of. */
struct wire_input {
    const struct vendor *vendor;
    const struct call *call;
    const char *site, *region;
    const char *arguments;    /* JSON object */
    const char *document;     /* body as text; NULL: none */
    const char *etag;         /* If-Match; NULL: none */
    const struct pairs *path; /* further values for the path */
};

/* Fills w. Parameters of a V1 call are left in `parameters`, to be signed; else that stays empty. ERR_INTERNAL for
 * arguments that the call does not declare.
 */
must_use bool wire_render(struct arena *a, const struct wire_input *in, struct wire *w,
                          struct pairs *parameters, struct err *err);

/* Judges what came back: false with the err that a refusal means. `clock` is set when the refusal may come from a
 * wrong clock. Secrets are taken out of messages.
 */
must_use bool wire_judge(struct arena *a, const struct vendor *vendor, const struct call *call,
                         const struct http_answer *http, const struct secret *const *secrets,
                         size_t secret_count, struct answer *ret, bool *ret_clock, struct err *err);
