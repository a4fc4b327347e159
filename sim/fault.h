/* fault.h - what goes wrong on purpose. Which call is hit follows from --random-seed, the call's access, service, action,
 * region and resource, and how often exactly these were called before, whatever runs beside it.
 */
#pragma once
#include "base/err.h"
#include <stdint.h>

enum sim_fault {
    FAULT_NONE,
    FAULT_THROTTLE,        /* the vendor's throttling code, nothing done */
    FAULT_500,             /* the vendor's internal error, nothing done */
    FAULT_RESET,           /* connection reset, nothing done */
    FAULT_LOST,            /* done, connection closed without an answer */
    FAULT_SLOW,            /* done, answered late */
    FAULT_MALFORMED,       /* done, the body is cut */
    FAULT_ECHO,            /* 500 whose message holds the whole request, nothing done */
    FAULT_ECHO_CREDENTIAL, /* a credential refusal that does; once an access is hit it stays so */
    FAULT_CLOCK,           /* the whole run: the server's clock is 20 minutes ahead */
    FAULT_DENIED,          /* no permission; fixed by access, action and resource */
};
const char *sim_fault_name(enum sim_fault fault); /* as in --fault; NULL for FAULT_NONE */

struct sim_faults;

/* "throttle=0.05,500=0.1"; rates from 0 to 1; those decided per call (throttle to echo-credential) at most 1 together. */
must_use bool sim_faults_parse(const char *text, uint64_t random, struct sim_faults **ret, struct err *err);
struct sim_faults *sim_faults_free(struct sim_faults *f);

/* The fault of this call; key names access, service, action, region and resource. Any thread. faults may be NULL. */
enum sim_fault sim_fault_of(struct sim_faults *f, const char *access, const char *key);
bool sim_fault_denies(const struct sim_faults *f, const char *key);
bool sim_fault_shifts_clock(const struct sim_faults *f);
