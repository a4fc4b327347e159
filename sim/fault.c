#include "sim/fault.h"

#include "sim/core.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { COUNTERS = 1 << 16, STICKY = 64 };

struct sim_faults {
    double rates[FAULT_DENIED + 1];
    uint64_t random;
    pthread_mutex_t mutex;     /* guards the two below */
    uint32_t counts[COUNTERS]; /* calls so far, by hash of the key; a shared slot only changes who is hit */
    uint64_t sticky[STICKY];   /* accesses that FAULT_ECHO_CREDENTIAL has hit */
    size_t sticky_count;
};

static const char *const names[] = {
    [FAULT_THROTTLE] = "throttle", [FAULT_500] = "500",     [FAULT_RESET] = "reset",
    [FAULT_LOST] = "lost",         [FAULT_SLOW] = "slow",   [FAULT_MALFORMED] = "malformed",
    [FAULT_ECHO] = "echo",         [FAULT_CLOCK] = "clock", [FAULT_ECHO_CREDENTIAL] = "echo-credential",
    [FAULT_DENIED] = "denied",
};

const char *sim_fault_name(enum sim_fault fault)
{
    return names[fault];
}

uint64_t sim_hash(uint64_t seed, const char *text)
{
    uint64_t h = 0xcbf29ce484222325u ^ (seed * 0x9e3779b97f4a7c15u);
    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * 0x100000001b3u;
    h ^= h >> 33;
    h *= 0xff51afd7ed558ccdu;
    h ^= h >> 33;
    h *= 0xc4ceb9fe1a85ec53u;
    return h ^ (h >> 33);
}

double sim_fraction(uint64_t hash)
{
    return (double)(hash >> 11) / 9007199254740992.0;
}

static bool parse_one(struct sim_faults *f, const char *text, size_t size, struct err *err)
{
    const char *equals = memchr(text, '=', size);
    size_t name_size = equals ? (size_t)(equals - text) : size;
    for (size_t i = 1; equals && i < countof(names); i++) {
        if (strlen(names[i]) != name_size || memcmp(names[i], text, name_size))
            continue;
        char *end;
        f->rates[i] = strtod(equals + 1, &end);
        if (end != text + size || end == equals + 1 || !(f->rates[i] >= 0 && f->rates[i] <= 1))
            return err_set(err, ERR_INPUT, "--fault %.*s: the rate must be from 0 to 1", (int)size, text);
        return true;
    }
    return err_set(
        err, ERR_INPUT,
        "--fault %.*s: give KIND=RATE, KIND one of throttle, 500, reset, lost, slow, malformed, echo, "
        "echo-credential, clock, denied",
        (int)size, text);
}

bool sim_faults_parse(const char *text, uint64_t random, struct sim_faults **ret, struct err *err)
{
    struct sim_faults *f = calloc(1, sizeof *f);
    if (!f)
        abort();
    pthread_mutex_init(&f->mutex, NULL);
    f->random = random;
    bool fine = true;
    for (const char *at = text; fine && *at;) {
        size_t size = strcspn(at, ",");
        fine = parse_one(f, at, size, err);
        at += size + (at[size] == ',');
    }
    double sum = 0;
    for (size_t i = FAULT_THROTTLE; i <= FAULT_ECHO_CREDENTIAL; i++)
        sum += f->rates[i];
    if (fine && sum > 1.000001)
        fine = err_set(err, ERR_INPUT,
                       "--fault: the rates of the faults decided per call add up to more than 1");
    if (!fine) {
        sim_faults_free(f);
        return false;
    }
    *ret = f;
    return true;
}

struct sim_faults *sim_faults_free(struct sim_faults *f)
{
    if (f)
        pthread_mutex_destroy(&f->mutex);
    free(f);
    return NULL;
}

static bool is_sticky(const struct sim_faults *f, uint64_t access)
{
    for (size_t i = 0; i < f->sticky_count; i++)
        if (f->sticky[i] == access)
            return true;
    return false;
}

enum sim_fault sim_fault_of(struct sim_faults *f, const char *access, const char *key)
{
    if (!f)
        return FAULT_NONE;
    uint64_t who = sim_hash(f->random, access), what = sim_hash(f->random, key);
    pthread_mutex_lock(&f->mutex);
    uint32_t nth = f->counts[what % COUNTERS]++;
    double draw = sim_fraction(sim_hash(what ^ (0x9e3779b97f4a7c15u * (nth + 1)), "fault"));
    enum sim_fault fault = FAULT_NONE;
    for (enum sim_fault i = FAULT_THROTTLE; i <= FAULT_ECHO_CREDENTIAL && !fault; i++) {
        draw -= f->rates[i];
        if (draw < 0)
            fault = i;
    }
    if (fault == FAULT_ECHO_CREDENTIAL && !is_sticky(f, who) && f->sticky_count < STICKY)
        f->sticky[f->sticky_count++] = who;
    if (is_sticky(f, who))
        fault = FAULT_ECHO_CREDENTIAL;
    pthread_mutex_unlock(&f->mutex);
    return fault;
}

bool sim_fault_denies(const struct sim_faults *f, const char *key)
{
    return f && sim_fraction(sim_hash(f->random + 1, key)) < f->rates[FAULT_DENIED];
}

bool sim_fault_shifts_clock(const struct sim_faults *f)
{
    return f && sim_fraction(sim_hash(f->random, "clock")) < f->rates[FAULT_CLOCK];
}
