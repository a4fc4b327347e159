/* names.h - a resource's names as its row keeps them: JSON. Internal to store/. */
#pragma once
#include "store/resource.h"

char *names_to_json(struct arena *a, const struct resource_name *names, size_t count);
must_use bool names_from_json(struct arena *a, const char *json, struct resource_name **ret,
                              size_t *ret_count, struct err *err);
