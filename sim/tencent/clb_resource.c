#include "sim/tencent/clb.h"

#include <stdlib.h>
#include <string.h>

enum { LISTENERS_PER_LB = 2 };

bool clb_entry(struct arena *a, struct sim_state *s, const struct sim_object *o, struct sim_entry *ret)
{
    const struct sim_object *lb =
        state_find(s, "tencent", o->account, clb_lb_kind, o->scope, sim_field(o->now, "LoadBalancerId"));
    if (!lb || !*sim_field(o->now, "@names") || !strcmp(sim_field(lb->now, "Forward"), "0"))
        return false;
    *ret = (struct sim_entry){.product = "clb",
                              .id = o->id,
                              .domain = sim_list_item(a, sim_field(o->now, "@names"), 0),
                              .host = arena_strdup(a, sim_field(lb->now, "LoadBalancerDomain")),
                              .port = (unsigned)strtoul(sim_field(o->now, "Port"), NULL, 10)};
    return true;
}

static const struct sim_object *certificate(struct sim_state *s, const struct sim_object *o, const char *id)
{
    return *id ? state_find_ever(s, "tencent", o->account, tencent_cert_kind, "", id) : NULL;
}

/* Of several, the ECDSA one, as clients that know both get it. */
static const struct sim_object *presented(struct sim_state *s, const struct sim_object *o, struct arena *a,
                                          const struct sim_fields *view, const char *place)
{
    const char *id = sim_field(view, arena_printf(a, "%s.CertId", place)), *more;
    const char *list = sim_field(view, arena_printf(a, "%s.ExtCertIds", place));
    const struct sim_object *first = certificate(s, o, id);
    for (size_t i = 0; (more = sim_list_item(a, list, i)); i++) {
        const struct sim_object *other = certificate(s, o, more);
        if (other && other->cert && sim_leaf(other->cert)->key_type == KEY_ECDSA)
            return other;
    }
    return first;
}

static bool serves(const char *domain, const char *name)
{
    const char *dot = strchr(name, '.');
    return !strcmp(domain, name) || (!strncmp(domain, "*.", 2) && dot && !strcmp(domain + 1, dot));
}

const struct sim_object *clb_choose(struct sim_state *s, const struct sim_object *o,
                                    const struct sim_fields *view, const char *server_name)
{
    struct arena *a = arena_new(1 << 16);
    const char *rule, *place = "Certificate";
    bool sni = !strcmp(sim_field(view, "SniSwitch"), "1"), found = false;
    for (size_t i = 0; sni && !found && (rule = sim_list_item(a, sim_field(view, "Rules"), i)); i++) {
        const char *domain = sim_field(view, arena_printf(a, "%s.Domain", rule));
        found = serves(domain, server_name);
        if (found || i == 0) /* the first rule's is the default server */
            place = domain;
    }
    const struct sim_object *o2 = presented(s, o, a, view, place);
    arena_free(a);
    return o2;
}

struct shape {
    const char *protocol;
    bool sni, mutual, pair;
};

static struct shape shape_of(size_t n)
{
    if (n % 10 == 6 || n % 10 == 7 || n % 10 == 0 || n == 1)
        return (struct shape){"HTTPS", .sni = true, .mutual = n % 20 == 10};
    return (struct shape){n % 10 == 2    ? "TCP_SSL"
                          : n % 20 == 18 ? "QUIC"
                                         : "HTTPS",
                          .mutual = n % 10 == 4, .pair = n % 10 == 5};
}

static const char *seed_lb(struct sim_seeding *s, size_t number, const char *region, bool classic)
{
    const char *hex =
        sim_hex_id(s->arena, arena_printf(s->arena, "tencent %s %zu", classic ? "old lb" : "lb", number), 8);
    const char *id = arena_printf(s->arena, "lb-%s", hex);
    bool internal = number % 4 == 3;
    SIM_SEED(s, clb_lb_kind, region, id,
             {"LoadBalancerName", arena_printf(s->arena, "%s-%zu", classic ? "classic" : "shop", number)},
             {"LoadBalancerType", internal ? "INTERNAL" : "OPEN"}, {"Forward", classic ? "0" : "1"},
             {"LoadBalancerDomain", arena_printf(s->arena, "%s-%s.clb.%s.tencentclb.com", id, hex,
                                                 region + strcspn(region, "-") + 1)},
             {"VpcId", "vpc-4uyrc1sf"}, {"CreateTime", tencent_time(s->arena, s->now_ms - 100 * 86400000LL)});
    return id;
}

static void seed_plain(struct sim_seeding *s, const char *region, const char *lb, const char *protocol)
{
    const char *id =
        arena_printf(s->arena, "lbl-%s", sim_hex_id(s->arena, arena_printf(s->arena, "%s 80", lb), 8));
    SIM_SEED(s, clb_listener_kind, region, arena_printf(s->arena, "%s/%s", lb, id), {"LoadBalancerId", lb},
             {"ListenerId", id}, {"Protocol", protocol}, {"Port", "80"}, {"SniSwitch", "0"});
}

struct fields {
    struct sim_field items[64];
    size_t count;
};

static void put(struct fields *f, const char *name, const char *value)
{
    if (f->count < countof(f->items))
        f->items[f->count++] = (struct sim_field){name, value};
}

static void put_place(struct sim_seeding *s, struct fields *f, const char *place, const char *names,
                      struct shape shape)
{
    put(f, arena_printf(s->arena, "%s.SSLMode", place), shape.mutual ? "MUTUAL" : "UNIDIRECTIONAL");
    put(f, arena_printf(s->arena, "%s.SSLVerifyClient", place), shape.mutual ? "OPTIONAL" : "");
    put(f, arena_printf(s->arena, "%s.CertCaId", place), shape.mutual ? tencent_seed_ca(s) : "");
    put(f, arena_printf(s->arena, "%s.CertId", place), tencent_seed_cert(s, names));
    put(f, arena_printf(s->arena, "%s.ExtCertIds", place), shape.pair ? tencent_seed_rsa(s, names) : "");
}

/* A rule, or two below the first domain of an SNI listener. */
static void put_rules(struct sim_seeding *s, struct fields *f, const char *listener, const char *names,
                      struct shape shape)
{
    const char *name, *list = "";
    for (size_t i = 0; (name = sim_list_item(s->arena, names, i)); i++)
        for (size_t k = 0; k < (shape.sni && i == 0 ? 2 : 1); k++) {
            const char *id =
                arena_printf(s->arena, "loc-%s",
                             sim_hex_id(s->arena, arena_printf(s->arena, "%s %zu %zu", listener, i, k), 8));
            list = sim_list_add(s->arena, list, id);
            put(f, arena_printf(s->arena, "%s.Domain", id), name);
            put(f, arena_printf(s->arena, "%s.Url", id), k ? "/api" : "/");
        }
    put(f, "Rules", list);
    for (size_t i = 0; shape.sni && (name = sim_list_item(s->arena, names, i)); i++)
        put_place(s, f, name, name, shape);
}

void clb_generate(struct sim_seeding *s, size_t n)
{
    size_t number = n / LISTENERS_PER_LB;
    struct shape shape = shape_of(n);
    const char *region = tencent_regions[number % countof(tencent_regions)];
    const char *lb = seed_lb(s, number, region, false), *names = sim_seed_names(s, n);
    const char *listener =
        arena_printf(s->arena, "lbl-%s", sim_hex_id(s->arena, arena_printf(s->arena, "%s %zu", lb, n), 8));
    struct fields *f = arena_make(s->arena, struct fields);
    seed_plain(s, region, lb, "HTTP");
    put(f, "LoadBalancerId", lb);
    put(f, "ListenerId", listener);
    put(f, "ListenerName", arena_printf(s->arena, "web-%zu", n));
    put(f, "Protocol", shape.protocol);
    put(f, "Port", n % LISTENERS_PER_LB ? "8443" : "443");
    put(f, "SniSwitch", shape.sni ? "1" : "0");
    put(f, "Scheduler", "WRR");
    put(f, "KeepaliveEnable", "1");
    put(f, "SessionExpireTime", "0");
    put(f, "@names", names);
    if (!shape.sni)
        put_place(s, f, "Certificate", names, shape);
    if (!strcmp(shape.protocol, "HTTPS"))
        put_rules(s, f, listener, names, shape);
    sim_seed_object(s, clb_listener_kind, region, arena_printf(s->arena, "%s/%s", lb, listener), f->items,
                    f->count);
    if (n == 3) { /* the old generation */
        const char *old = seed_lb(s, number, region, true);
        SIM_SEED(s, clb_listener_kind, region, arena_printf(s->arena, "%s/lbl-classic1", old),
                 {"LoadBalancerId", old}, {"ListenerId", "lbl-classic1"}, {"Protocol", "HTTPS"},
                 {"Port", "443"}, {"Certificate.SSLMode", "UNIDIRECTIONAL"},
                 {"Certificate.CertId", tencent_seed_cert(s, "classic.example.org")});
    }
}
