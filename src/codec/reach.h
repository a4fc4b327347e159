/* reach.h - where people are reached: mail addresses, mobile numbers, webhooks. Syntax alone; nothing is asked. */
#pragma once
#include "base/arena.h"
#include "base/err.h"

enum { MAIL_BYTES = 254, MAIL_LOCAL_BYTES = 64, WEBHOOK_BYTES = 1000 };

/* RFC 5321 without its curiosities: a dot-atom, an at sign, a domain with a dot in it, which becomes an A-label name in
 * lower case. Quoted local parts, address literals and local parts beyond ASCII are refused.
 */
must_use bool mail_normalise(struct arena *a, const char *text, const char **ret, struct err *err);

/* E.164: a plus sign and 7 to 15 digits, the first not 0. Blanks, hyphens and brackets between digits are dropped. */
must_use bool mobile_normalise(struct arena *a, const char *text, const char **ret, struct err *err);

/* An https URL of at most WEBHOOK_BYTES without user information, blanks and fragment. *ret_host is what may be shown of
 * it: the rest holds the token of a chat bot, so err does not quote it either.
 */
must_use bool webhook_check(struct arena *a, const char *text, const char **ret_host, struct err *err);
