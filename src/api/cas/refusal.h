/* refusal.h - the vendor's error codes, and what an err of ours is in its words.
 *
 * Whoever knows the vendor's code sets it with cas_refuse and its kin; it travels in err.code. Everything else that fails
 * is named after its kind. The SDK takes an answer for a failure by its status alone, so that each has one of 4xx or 5xx.
 */
#pragma once
#include "base/err.h"

struct cas_problem {
    unsigned status;
    const char *code, *message;
};

/* Each returns false. The message is the vendor's; `{}` in it stands for the parameter. */
bool cas_refuse(struct err *err, const char *code);
bool cas_refuse_missing(struct err *err, const char *parameter); /* MissingStatus */
bool cas_refuse_invalid(struct err *err, const char *parameter); /* InvalidStatus */
/* A code with a sentence of ours, where the vendor's says too little. */
bool cas_refuse_saying(struct err *err, const char *code, const char *fmt, ...) like_printf(3, 4);

/* The strings are err's own, or constants. */
struct cas_problem cas_problem_of(const struct err *err);
