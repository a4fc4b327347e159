/* yaml_json.h - the YAML that programs write (a kubeconfig), as JSON text, over libyaml.
 *
 * One document of mappings, sequences and scalars; every scalar becomes a string. Refused: anchors and aliases, tags,
 * keys that are no scalars, a second document, nesting over YAML_MAX_DEPTH, more than YAML_MAX_BYTES. What libyaml held is
 * wiped where it can be reached: the text may hold a private key, so `a` is an arena that is wiped, too.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"

enum { YAML_MAX_DEPTH = 32, YAML_MAX_BYTES = 1 << 20 };

/* err: ERR_INPUT, "line 3: ..."; never quotes the text. */
must_use bool yaml_to_json(struct arena *a, const char *text, size_t size, char **ret, struct err *err);
