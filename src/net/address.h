/* address.h - which addresses a connection may go to, checked where the socket is opened, after DNS. */
#pragma once
#include "base/base.h"
#include <sys/socket.h>

/* Link-local, metadata services (169.254.0.0/16, fe80::/10, fd00:ec2::254, 100.100.100.200; but see allow_metadata), multicast, reserved and
 * unspecified addresses never; loopback and private ones as allowed here.
 */
struct address_rule {
    bool allow_loopback, allow_private;
    bool
        allow_metadata; /* 169.254.169.254 and 100.100.100.200 alone: an access that names the machine as its keys' source */
};

enum { ADDRESS_TEXT_BYTES = 64 };

/* Whether a TCP connection may go there. IPv4 inside IPv6 (mapped, NAT64, 6to4) is judged as the IPv4 address it
 * leads to. Families other than the two are refused.
 */
bool address_allowed(const struct address_rule *rule, const struct sockaddr *address);

/* Whether a host as written in a URL can only be this machine: "localhost", 127.0.0.0/8 or ::1 as numbers. A name such
 * as 127.example.com leads anywhere.
 */
bool address_host_is_loopback(const char *host);

/* The numeric address without port: "192.0.2.1", "2001:db8::1". Returns text. */
const char *address_text(const struct sockaddr *address, char text[ADDRESS_TEXT_BYTES]);
