#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

enum reach { ADDRESS_PUBLIC, ADDRESS_PRIVATE, ADDRESS_LOOPBACK, ADDRESS_METADATA, ADDRESS_NEVER };

/* The first row that matches decides. IPv4 addresses stand in their mapped form, 96 bits further. */
struct range {
    unsigned char prefix[16];
    unsigned bits;
    enum reach reach;
};

#define V4(a, b, c, d)                                                                                       \
    {                                                                                                        \
        [10] = 0xff, [11] = 0xff, (a), (b), (c), (d)                                                         \
    }

static const struct range ranges[] = {
    {V4(0, 0, 0, 0), 96 + 8, ADDRESS_NEVER}, /* "this host" */
    {V4(127, 0, 0, 0), 96 + 8, ADDRESS_LOOPBACK},
    {V4(169, 254, 169, 254), 96 + 32, ADDRESS_METADATA}, /* of most clouds */
    {V4(169, 254, 0, 0), 96 + 16, ADDRESS_NEVER},        /* link-local */
    {V4(100, 100, 100, 200), 96 + 32, ADDRESS_METADATA}, /* of Alibaba Cloud */
    {V4(192, 0, 0, 192), 96 + 32, ADDRESS_NEVER},        /* metadata of Oracle Cloud */
    {V4(10, 0, 0, 0), 96 + 8, ADDRESS_PRIVATE},
    {V4(100, 64, 0, 0), 96 + 10, ADDRESS_PRIVATE}, /* carriers' shared space */
    {V4(172, 16, 0, 0), 96 + 12, ADDRESS_PRIVATE},
    {V4(192, 168, 0, 0), 96 + 16, ADDRESS_PRIVATE},
    {V4(192, 0, 0, 0), 96 + 24, ADDRESS_PRIVATE},  /* protocol assignments */
    {V4(198, 18, 0, 0), 96 + 15, ADDRESS_PRIVATE}, /* benchmarks */
    {V4(224, 0, 0, 0), 96 + 3, ADDRESS_NEVER},     /* multicast, reserved, broadcast */
    {V4(0, 0, 0, 0), 96, ADDRESS_PUBLIC},
    {{[15] = 1}, 128, ADDRESS_LOOPBACK},                               /* ::1 */
    {{0xfe, 0x80}, 10, ADDRESS_NEVER},                                 /* link-local */
    {{0xfe, 0xc0}, 10, ADDRESS_PRIVATE},                               /* site-local */
    {{0xfd, 0x00, 0x0e, 0xc2, [14] = 0x02, 0x54}, 128, ADDRESS_NEVER}, /* metadata of AWS */
    {{0xfc}, 7, ADDRESS_PRIVATE},
    {{0x20, 0x00}, 3, ADDRESS_PUBLIC}, /* what is routed at all; the rest is reserved or multicast */
};

static bool in_range(const unsigned char address[16], const struct range *range)
{
    unsigned whole = range->bits / 8, rest = range->bits % 8;
    if (memcmp(address, range->prefix, whole) != 0)
        return false;
    return rest == 0 || ((address[whole] ^ range->prefix[whole]) >> (8 - rest)) == 0;
}

static void map_v4(unsigned char ret[16], const void *v4)
{
    unsigned char mapped[16] = V4(0, 0, 0, 0);
    memcpy(mapped + 12, v4, 4);
    memcpy(ret, mapped, 16);
}

/* The address in 16 bytes, IPv4 mapped, and taken out of where it travels inside IPv6. */
static bool address_bytes(const struct sockaddr *address, unsigned char ret[16])
{
    static const unsigned char nat64[12] = {0x00, 0x64, 0xff, 0x9b}, sixto4[2] = {0x20, 0x02};
    if (address->sa_family == AF_INET) {
        map_v4(ret, &((const struct sockaddr_in *)(const void *)address)->sin_addr);
        return true;
    }
    if (address->sa_family != AF_INET6)
        return false;
    memcpy(ret, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, 16);
    if (memcmp(ret, nat64, sizeof nat64) == 0)
        map_v4(ret, ret + 12);
    else if (memcmp(ret, sixto4, sizeof sixto4) == 0)
        map_v4(ret, ret + 2);
    return true;
}

bool address_allowed(const struct address_rule *rule, const struct sockaddr *address)
{
    unsigned char bytes[16];
    if (!address_bytes(address, bytes))
        return false;
    enum reach reach = ADDRESS_NEVER;
    for (size_t i = 0; i < countof(ranges); i++)
        if (in_range(bytes, &ranges[i])) {
            reach = ranges[i].reach;
            break;
        }
    return reach == ADDRESS_PUBLIC || (reach == ADDRESS_PRIVATE && rule->allow_private) ||
           (reach == ADDRESS_LOOPBACK && rule->allow_loopback) ||
           (reach == ADDRESS_METADATA && rule->allow_metadata);
}

const char *address_text(const struct sockaddr *address, char text[ADDRESS_TEXT_BYTES])
{
    const void *bytes = NULL;
    if (address->sa_family == AF_INET)
        bytes = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
    else if (address->sa_family == AF_INET6)
        bytes = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    if (!bytes || !inet_ntop(address->sa_family, bytes, text, ADDRESS_TEXT_BYTES))
        snprintf(text, ADDRESS_TEXT_BYTES, "unknown");
    return text;
}

bool address_host_is_loopback(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    return strcmp(host, "localhost") == 0 ||
           (inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6));
}
