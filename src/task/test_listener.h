/* test_listener.h - a listener of the world of tests, with a default and two SNI entries. For tests only. */
#pragma once
#include "task/test_world.h"

static inline struct thing *new_listener(struct yard_world *w, const char *id)
{
    struct thing *t = new_thing(w, "aliyun/alb", id, "x", "old-default");
    struct adding ad = {.y = w->y};
    static const char *a[] = {"a.example.com"}, *b[] = {"b.example.com"}, *other[] = {"other.org"};
    static struct resource_name names[] = {{"a.example.com", EVIDENCE_CERTIFICATE},
                                           {"b.example.com", EVIDENCE_CERTIFICATE},
                                           {"other.org", EVIDENCE_CERTIFICATE}};
    struct bound bound[] = {{.slot = "default", .ref = "old-default", .names = other, .name_count = 1},
                            {.slot = "sni", .ref = "old-a", .names = a, .name_count = 1},
                            {.slot = "sni", .ref = "old-b", .names = b, .name_count = 1}};
    put(t, "sni", NULL, "old-a");
    put(t, "sni", NULL, "old-b");
    ad.resource = (struct resource){.access_id = w->access_id,
                                    .owner = "",
                                    .product = "aliyun/alb",
                                    .region = "",
                                    .vendor_id = id,
                                    .title = id,
                                    .names = names,
                                    .name_count = 3,
                                    .https = true,
                                    .bound = bound,
                                    .bound_count = 3,
                                    .host = id,
                                    .port = 443,
                                    .reach = "public",
                                    .lock = "lock",
                                    .alias_of = "",
                                    .managed_by = "",
                                    .unfit = "",
                                    .extra = "{}"};
    assert_ok(w->y, store_write(w->y->s, add_resource, &ad, &w->y->err));
    return t;
}
