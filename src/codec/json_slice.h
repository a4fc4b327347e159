/* json_slice.h - finding and replacing one value inside JSON bytes, leaving every other byte as it was. */
#pragma once
#include "base/arena.h"
#include "base/err.h"

struct slice {
    size_t begin, end; /* of the value, without surrounding white space */
};

/* Where the value at the RFC 6901 pointer stands. The text is checked as far as needed to be sure (strings, nesting,
 * duplicate keys on the way). err: ERR_INPUT for bad JSON, ERR_NOT_FOUND where nothing stands at the pointer.
 */
must_use bool json_slice(const char *text, size_t size, const char *pointer, struct slice *ret,
                         struct err *err);

/* The text with the value at the pointer replaced by `value` (JSON text). A member that is absent is added at the
 * end of its object when the object is there; an absent array element is an error.
 */
must_use bool json_splice(struct arena *a, const char *text, size_t size, const char *pointer,
                          const char *value, char **ret, struct err *err);

/* The text without the member at the pointer (and its comma). Absent already: unchanged. */
must_use bool json_cut(struct arena *a, const char *text, size_t size, const char *pointer, char **ret,
                       struct err *err);

/* The bytes of the value at the pointer, as text of their own. */
must_use bool json_excerpt(struct arena *a, const char *text, size_t size, const char *pointer, char **ret,
                           struct err *err);
