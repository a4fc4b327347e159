/* utf8.h - telling well-formed UTF-8 from other bytes. */
#pragma once
#include "base/base.h"

/* Bytes (1-4) of the character at text, of which `left` bytes remain; 0 when it is not well-formed: a stray or missing
 * continuation byte, an overlong form, a surrogate, or past U+10FFFF.
 */
size_t utf8_size(const char *text, size_t left);

/* Replaces every byte that is not part of a well-formed character by '?', in place. */
void utf8_mend(char *text);
