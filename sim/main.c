/* certferry-sim: the simulated clouds as a program. See docs/simulator.md. */
#include "base/file.h"
#include "sim/fault.h"
#include "sim/gateway.h"
#include "sim/limit.h"
#include "sim/log.h"
#include "sim/seed.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { MARKS = 64, READY_BYTES = 64 << 20 };

struct options {
    const char *listen, *seed, *faults, *trust, *ca_out, *state, *log, *ready, *names, *services;
    int64_t domains, each, days, latency_ms, session_seconds, settle_ms, slow_ms, random;
    double rate, burst;
    bool print_seed;
    const char *refuse[MARKS], *deny[MARKS];
    const char *vanish[MARKS], *region[MARKS];
    size_t refuse_count, deny_count, vanish_count, region_count;
};

static const char help[] =
    "certferry-sim: simulated clouds for trying and testing certferry\n"
    "\n"
    "  --listen ADDR:PORT      the gateway's port on loopback (127.0.0.1:0: any)\n"
    "  --seed FILE             begin with what --print-seed wrote\n"
    "  --domains N             begin with N generated resources over all products (60)\n"
    "  --each N                begin with N generated resources of each service instead\n"
    "  --names A,B,*.C         what the generated resources are called, instead of names of our own\n"
    "  --services A/B,C/D      only these get generated resources: aliyun/cdn,aws/elbv2 (all)\n"
    "  --cert-days D           generated certificates end in D days; before 0: they have ended (5 to 20)\n"
    "  --print-seed            write the seed of the first state to standard output and stop\n"
    "  --random-seed N         which accesses, names and faults are drawn (1)\n"
    "  --state DIR             keep the state there; without it, in memory only\n"
    "  --latency-ms L          how long a call takes (0)\n"
    "  --session-seconds S     how long the keys of roles and instances last (what is asked for)\n"
    "  --settle-ms S           how long a change takes to reach the edges (0)\n"
    "  --calls-per-second R    limit per access and action (none)\n"
    "  --burst B               and at once (R)\n"
    "  --fault KIND=RATE[,..]  throttle, 500, reset, lost, slow, malformed, echo, echo-credential, clock, "
    "denied\n"
    "  --slow-ms MS            how much longer than three latencies a slow call takes (2000)\n"
    "  --trust FILE            CA certificates a vendor trusts, where it demands a trusted chain\n"
    "  --ca-out FILE           write the CA of the API hosts behind CONNECT\n"
    "  --log FILE              one JSON line per call\n"
    "  --ready-file FILE       written when ready: gateway, accesses, resources and their edges\n"
    "  --refuse-edge ID        this resource's edge refuses connections (repeatable)\n"
    "  --deny ID               every write on this resource is denied (repeatable; '*': on all)\n"
    "  --vanish ID             this resource is deleted when the first write on it comes (likewise)\n"
    "  --deny-region R         every call in this region is denied (repeatable)\n";

enum option_id {
    OPT_LISTEN = 1000,
    OPT_SEED,
    OPT_DOMAINS,
    OPT_EACH,
    OPT_NAMES,
    OPT_SERVICES,
    OPT_LATENCY,
    OPT_RATE,
    OPT_BURST,
    OPT_SESSION,
    OPT_SETTLE,
    OPT_FAULT,
    OPT_SLOW,
    OPT_TRUST,
    OPT_CA,
    OPT_STATE,
    OPT_PRINT,
    OPT_LOG,
    OPT_READY,
    OPT_RANDOM,
    OPT_REFUSE,
    OPT_DENY,
    OPT_VANISH,
    OPT_DENY_REGION,
    OPT_DAYS,
    OPT_HELP
};

static const struct option long_options[] = {
    {"listen", required_argument, NULL, OPT_LISTEN},
    {"seed", required_argument, NULL, OPT_SEED},
    {"domains", required_argument, NULL, OPT_DOMAINS},
    {"each", required_argument, NULL, OPT_EACH},
    {"names", required_argument, NULL, OPT_NAMES},
    {"services", required_argument, NULL, OPT_SERVICES},
    {"latency-ms", required_argument, NULL, OPT_LATENCY},
    {"calls-per-second", required_argument, NULL, OPT_RATE},
    {"burst", required_argument, NULL, OPT_BURST},
    {"session-seconds", required_argument, NULL, OPT_SESSION},
    {"settle-ms", required_argument, NULL, OPT_SETTLE},
    {"fault", required_argument, NULL, OPT_FAULT},
    {"slow-ms", required_argument, NULL, OPT_SLOW},
    {"trust", required_argument, NULL, OPT_TRUST},
    {"ca-out", required_argument, NULL, OPT_CA},
    {"state", required_argument, NULL, OPT_STATE},
    {"print-seed", no_argument, NULL, OPT_PRINT},
    {"log", required_argument, NULL, OPT_LOG},
    {"ready-file", required_argument, NULL, OPT_READY},
    {"random-seed", required_argument, NULL, OPT_RANDOM},
    {"refuse-edge", required_argument, NULL, OPT_REFUSE},
    {"deny", required_argument, NULL, OPT_DENY},
    {"vanish", required_argument, NULL, OPT_VANISH},
    {"deny-region", required_argument, NULL, OPT_DENY_REGION},
    {"cert-days", required_argument, NULL, OPT_DAYS},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

static bool read_number(const char *name, int64_t min, int64_t max, int64_t *ret, struct err *err)
{
    char *end;
    long long value = strtoll(optarg, &end, 10);
    if (end == optarg || *end || value < min || value > max)
        return err_set(err, ERR_INPUT, "--%s %s: give a whole number from %lld to %lld", name, optarg,
                       (long long)min, (long long)max);
    *ret = value;
    return true;
}

static bool read_rate(const char *name, double *ret, struct err *err)
{
    char *end;
    *ret = strtod(optarg, &end);
    return (end != optarg && !*end && *ret > 0 && *ret <= 1e9) ||
           err_set(err, ERR_INPUT, "--%s %s: give a number above 0", name, optarg);
}

static bool add_mark(const char **list, size_t *count, struct err *err)
{
    if (*count == MARKS)
        return err_set(err, ERR_INPUT, "at most %d of --refuse-edge, --deny, --vanish and --deny-region each",
                       MARKS);
    list[(*count)++] = optarg;
    return true;
}

static bool read_text_option(struct options *o, int id)
{
    const struct {
        int id;
        const char **place;
    } texts[] = {{OPT_LISTEN, &o->listen},    {OPT_SEED, &o->seed},   {OPT_FAULT, &o->faults},
                 {OPT_TRUST, &o->trust},      {OPT_CA, &o->ca_out},   {OPT_STATE, &o->state},
                 {OPT_LOG, &o->log},          {OPT_READY, &o->ready}, {OPT_NAMES, &o->names},
                 {OPT_SERVICES, &o->services}};
    for (size_t i = 0; i < countof(texts); i++)
        if (texts[i].id == id) {
            *texts[i].place = optarg;
            return true;
        }
    return false;
}

static bool read_option(struct options *o, int id, struct err *err)
{
    if (read_text_option(o, id))
        return true;
    switch (id) {
    case OPT_DOMAINS:
        return read_number("domains", 0, 1000000, &o->domains, err);
    case OPT_EACH:
        return read_number("each", 0, 100000, &o->each, err);
    case OPT_LATENCY:
        return read_number("latency-ms", 0, 600000, &o->latency_ms, err);
    case OPT_SETTLE:
        return read_number("settle-ms", 0, 86400000, &o->settle_ms, err);
    case OPT_SESSION:
        return read_number("session-seconds", 0, 43200, &o->session_seconds, err);
    case OPT_SLOW:
        return read_number("slow-ms", 0, 600000, &o->slow_ms, err);
    case OPT_RANDOM:
        return read_number("random-seed", 0, INT64_MAX, &o->random, err);
    case OPT_DAYS:
        return read_number("cert-days", -10000, 10000, &o->days, err);
    case OPT_RATE:
        return read_rate("calls-per-second", &o->rate, err);
    case OPT_BURST:
        return read_rate("burst", &o->burst, err);
    case OPT_REFUSE:
        return add_mark(o->refuse, &o->refuse_count, err);
    case OPT_DENY:
        return add_mark(o->deny, &o->deny_count, err);
    case OPT_VANISH:
        return add_mark(o->vanish, &o->vanish_count, err);
    case OPT_DENY_REGION:
        return add_mark(o->region, &o->region_count, err);
    case OPT_PRINT:
        o->print_seed = true;
        return true;
    default:
        return err_set(err, ERR_INPUT, "see --help");
    }
}

/* 0: go on; else the exit code plus one. */
static int read_options(struct options *o, int argc, char **argv, struct err *err)
{
    int id;
    while ((id = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        if (id == OPT_HELP) {
            fputs(help, stdout);
            return 1;
        }
        if (id == '?' || !read_option(o, id, err))
            return 65;
    }
    if (optind < argc || (o->seed && o->domains >= 0)) {
        err_set(err, ERR_INPUT,
                optind < argc ? "%s: unknown argument, see --help"
                              : "--seed and --domains exclude each "
                                "other",
                argv[optind]);
        return 65;
    }
    return 0;
}

/* ---- putting it together ---- */

static bool fill_state(struct sim *sim, const struct options *o, struct err *err)
{
    if (!sim_state_is_empty(sim->state))
        return true; /* a kept state wins over --seed and --domains */
    if (o->seed)
        return sim_seed_load(sim->state, o->seed, err);
    const char *names = NULL, *services = NULL;
    if (o->names && !sim_seed_read_names(sim->arena, o->names, &names, err))
        return err_add(err, "--names");
    if (o->services && !sim_seed_read_services(sim->arena, o->services, &services, err))
        return err_add(err, "--services");
    size_t count = o->each >= 0      ? (size_t)o->each * sim_seed_services(sim->arena, services)
                   : o->domains >= 0 ? (size_t)o->domains
                                     : 60;
    return sim_seed_generate(sim->state, count, sim->random, names, services, o->days, err);
}

static bool mark_each(struct sim *sim, const struct sim_field *field)
{
    for (size_t i = 0; sim_services[i]; i++) {
        const char *kind = sim_services[i]->resource_kind;
        struct sim_object *o;
        for (size_t cursor = 0;
             kind && (o = state_next(sim->state, sim_services[i]->cloud, NULL, kind, NULL, &cursor));)
            state_change(sim->state, o, SETTLE_AT_ONCE, field, 1, NULL);
    }
    return true;
}

static bool mark(struct sim *sim, const char *id, const char *field, struct err *err)
{
    const struct sim_field fields[] = {{field, "1"}};
    if (!strcmp(id, "*"))
        return mark_each(sim, fields);
    for (size_t i = 0; sim_services[i]; i++) {
        struct sim_object *o = sim_services[i]->resource_kind
                                   ? state_find(sim->state, sim_services[i]->cloud, NULL,
                                                sim_services[i]->resource_kind, NULL, id)
                                   : NULL;
        if (o) {
            state_change(sim->state, o, SETTLE_AT_ONCE, fields, 1, NULL);
            return true;
        }
    }
    return err_set(err, ERR_INPUT, "there is no resource %s", id);
}

static bool mark_all(struct sim *sim, const struct options *o, struct err *err)
{
    for (size_t i = 0; i < o->refuse_count; i++)
        if (!mark(sim, o->refuse[i], "@refuse", err))
            return false;
    for (size_t i = 0; i < o->deny_count; i++)
        if (!mark(sim, o->deny[i], "@deny", err))
            return false;
    for (size_t i = 0; i < o->vanish_count; i++)
        if (!mark(sim, o->vanish[i], "@vanish", err))
            return false;
    return sim_state_flush(sim->state, err);
}

static bool set_up(struct sim *sim, const struct options *o, struct err *err)
{
    sim->clock = &clock_system;
    sim->arena = arena_new(SIZE_MAX);
    sim->nonces = sim_nonces_new();
    sim->latency_ms = o->latency_ms;
    sim->slow_ms = o->slow_ms;
    sim->session_seconds = o->session_seconds;
    sim->denied = o->region;
    sim->denied_count = o->region_count;
    sim->random = (uint64_t)o->random;
    if (o->rate > 0)
        sim->limiter = sim_limiter_new(o->rate, o->burst > 0 ? o->burst : o->rate);
    if (!sim_state_open(o->state, sim->clock, o->settle_ms, &sim->state, err) ||
        (o->faults && !sim_faults_parse(o->faults, sim->random, &sim->faults, err)) ||
        (o->trust && !sim_trust_load(o->trust, &sim->trust, err)) ||
        (o->log && !sim_log_open(o->log, &sim->log, err)))
        return false;
    if (sim_fault_shifts_clock(sim->faults))
        sim->clock_shift_ms = 20 * 60 * 1000;
    if (!fill_state(sim, o, err) || !mark_all(sim, o, err))
        return false;
    sim_load_accesses(sim);
    return true;
}

static bool write_ready(const struct sim *sim, const struct sim_edges *edges, const char *url,
                        const char *path, struct err *err)
{
    cleanup(arena_free_p) struct arena *a = arena_new(2 * (size_t)READY_BYTES);
    struct buf b = buf_new(a, READY_BYTES);
    struct json_writer w = json_writer_to(&b);
    json_open_object(&w);
    json_member_string(&w, "gateway", url);
    json_key(&w, "accesses");
    json_open_array(&w);
    for (size_t i = 0; i < sim->access_count; i++) {
        const struct sim_access *access = &sim->accesses[i];
        json_open_object(&w);
        json_member_string(&w, "cloud", access->cloud);
        json_member_string(&w, "account", access->account);
        json_member_string(&w, "key_id", access->key_id);
        json_member_string(&w, "secret", access->secret);
        if (access->token)
            json_member_string(&w, "token", access->token);
        json_close_object(&w);
    }
    json_close_array(&w);
    sim_edges_print(edges, &w);
    json_close_object(&w);
    return file_write(path, b.data, b.size, 0600, err);
}

static void allow_descriptors(void)
{
    struct rlimit limit;
    if (!getrlimit(RLIMIT_NOFILE, &limit)) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static bool serve(struct sim *sim, const struct options *o, struct err *err)
{
    struct sim_edges *edges;
    struct sim_gateway *gateway;
    sigset_t signals;
    int signal_number;
    allow_descriptors();
    if (!sim_edges_open(sim, &edges, err) || !sim_gateway_open(sim, edges, o->listen, &gateway, err))
        return false;
    const char *ca = sim_gateway_ca_pem(gateway);
    if (o->ca_out && !file_write(o->ca_out, ca, strlen(ca), 0644, err))
        return false;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* before the threads, which inherit it */
    if (!sim_gateway_start(gateway, err) ||
        (o->ready && !write_ready(sim, edges, sim_gateway_url(gateway), o->ready, err)))
        return false;
    printf("certferry-sim: %s, %zu resources, %zu accesses\n", sim_gateway_url(gateway),
           sim_edges_count(edges), sim->access_count);
    fflush(stdout);
    sigwait(&signals, &signal_number);
    return true;
}

int main(int argc, char **argv)
{
    struct options o = {.listen = "127.0.0.1:0", .domains = -1, .each = -1, .slow_ms = 2000, .random = 1};
    struct sim sim = {0};
    struct err err = {0};
    int stop = read_options(&o, argc, argv, &err);
    if (stop) {
        if (*err.text)
            fprintf(stderr, "certferry-sim: %s\n", err.text);
        return stop - 1;
    }
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &ignore, NULL);
    bool fine = set_up(&sim, &o, &err);
    if (fine && o.print_seed)
        fputs(sim_seed_print(sim.state, sim.arena), stdout);
    else if (fine)
        fine = serve(&sim, &o, &err);
    if (!fine)
        fprintf(stderr, "certferry-sim: %s\n", err.text);
    fflush(stdout);
    _exit(fine ? 0 : 1); /* connections may still be at work: what they changed is in the state file */
}
