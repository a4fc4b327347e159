/* esa.h - what ESA's two kinds of resources share: a site ("120000001") with its set of certificates, and a custom hostname of
 * a site ("120000001/7") with one of its own.
 */
#pragma once
#include "cloud/aliyun/aliyun.h"

#define ESA(verb, how, name, takes, ...)                                                                     \
    {                                                                                                        \
        .service = "esa", .version = "2024-09-10", .operation = (name), .method = (verb), .path = "/",       \
        .host = "esa.{site}.aliyuncs.com", .style = (how), .parameters = (takes), __VA_ARGS__                \
    }

extern const struct call esa_list_hosts, esa_get_host, esa_set_host, esa_set_host_key;

bool esa_is_host(const struct resource *r);
/* The custom hostnames of a site; none where its plan knows no such thing. */
must_use bool esa_discover_hosts(struct job *job, const struct survey *to, const char *site, struct err *err);
/* product.read, product.bind of one. */
must_use bool esa_read_host(struct job *job, const struct resource *r, struct binding *now, struct err *err);
must_use bool esa_bind_host(struct job *job, const struct bind *w, struct err *err);
