/* plan_row.h - one row of the plan: from slots that get one certificate to a deployment, its holds and its reason. */
#pragma once
#include "task/slots.h"

#define PLAN_WARNS_HTTPS_OFF "https-off" /* kind of the warning: the deployment switches HTTPS on */

struct plan_choice {
    const struct plan_certificate *cert;
    const struct slot *const *slots; /* at least one; they share their name */
    size_t slot_count;
    const char *chosen; /* appended to the reason */
    size_t before;      /* entries that earlier rows of the plan add to the set */
};

struct deployment_row plan_row_make(struct arena *a, const struct plan_input *in,
                                    const struct product *product, const struct resource *r,
                                    const struct plan_choice *choice);

/* How many calls the deployment takes, at least: {"reads":4,"writes":1,"uploads":1}. Reads look before and after;
 * waiting for a slow cloud takes more. `brings`: it is the one that brings the certificate into its store.
 */
char *plan_row_calls(struct arena *a, const struct product *product, const struct deployment_row *row,
                     bool brings);
