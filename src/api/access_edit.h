/* access_edit.h - what makes an access one that may be stored, whoever asks for it. */
#pragma once
#include "api/request.h"
#include "store/access.h"

/* A new row with nothing said but its cloud. */
struct access_row access_blank(struct store *store, const char *cloud);

/* ERR_INPUT names what is wrong: all but regions and secrets. */
must_use bool access_check(struct arena *a, const struct access_row *row, struct err *err);

/* Whether it is there and holds neither blanks nor control characters. */
must_use bool access_text_check(const char *what, const char *text, struct err *err);
