/* policy.h - what a sub-user has to be allowed, drawn from the calls that certferry declares. */
#pragma once
#include "cloud/call.h"

/* The action that permits the call, as the cloud's policies spell it: "cdn:SetCdnDomainSSLCertificate"; several, separated
 * by a blank, where sources differ on the name or the cloud checks two. NULL: the call needs no permission. Names that
 * follow the vendor's usual pattern but stand on no page are taken by that pattern.
 */
const char *policy_actions(struct arena *a, const char *cloud, const struct call *call);

/* The policy document of that cloud with exactly the actions that these products (of this cloud) and the certificate
 * service need; read_only leaves out those that change something. Pretty-printed JSON. ERR_INPUT for an unknown cloud or
 * product, or a product of another cloud. count 0: every product of the cloud. clean adds what `access clean` asks and
 * deletes with, which no deployment does.
 */
must_use bool policy_document(struct arena *a, const char *cloud, const char *const *products_wanted,
                              size_t count, bool read_only, bool clean, char **ret, struct err *err);
