/* parameter.h - the parameters of a call: query and form in one name space, decoded, checked against a table.
 *
 * The official SDKs check nothing, so that everything is checked here (R141), in the vendor's words. Pure functions.
 */
#pragma once
#include "codec/text.h"

enum { CAS_PARAMETERS_MAX = 1000, CAS_PARAMETER_NAME_BYTES = 128, CAS_IDS_MAX = 10000 };

enum cas_type {
    CAS_TEXT,    /* UTF-8 without control characters; max: bytes */
    CAS_PEM,     /* the same with line ends */
    CAS_SECRET,  /* one word: no blanks, no control characters */
    CAS_NUMBER,  /* digits, from 1; max: the largest */
    CAS_BOOL,    /* true or false */
    CAS_WORD,    /* one of words, told apart by case */
    CAS_IDS,     /* "12,34": numbers with commas between; max: how many */
    CAS_ID_LIST, /* "[12,34]": the same as JSON; a number alone is a list of one */
};

struct cas_parameter {
    const char *name;
    enum cas_type type;
    bool required;
    size_t max;
    const char *const *words; /* of CAS_WORD: ends with NULL */
};

/* Both decoded, a plus sign being a blank; what is broken, too much, or there twice is refused. form NULL: none. */
must_use bool cas_parameters_read(struct arena *a, const char *query, size_t query_size, const char *form,
                                  size_t form_size, struct pairs *ret_query, struct pairs *ret_all,
                                  struct err *err);

/* Every row of the table, which ends with a NULL name, against what was given. A parameter that nobody knows is ignored, as
 * the vendor does; an empty one counts as absent.
 */
must_use bool cas_parameters_check(struct arena *a, const struct pairs *given,
                                   const struct cas_parameter *table, struct err *err);

/* Of checked parameters. */
const char *cas_text(const struct pairs *given, const char *name); /* NULL if absent */
/* As given, also where empty: what an update takes away. */
const char *cas_given(const struct pairs *given, const char *name);
int64_t cas_number(const struct pairs *given, const char *name, int64_t fallback);
bool cas_bool(const struct pairs *given, const char *name, bool fallback);
/* Of CAS_IDS and CAS_ID_LIST, each once, in the order given; none where absent. */
void cas_ids(struct arena *a, const struct pairs *given, const char *name, int64_t **ret, size_t *ret_count);
