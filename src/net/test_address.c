#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static bool allowed(const char *text, struct address_rule rule)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
        return address_allowed(&rule, (struct sockaddr *)&v4);
    assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
    return address_allowed(&rule, (struct sockaddr *)&v6);
}

enum reach { NEVER, LOOPBACK, PRIVATE, PUBLIC };

static void each_address_has_its_reach(void **state)
{
    (void)state;
    static const struct {
        const char *address;
        enum reach reach;
    } cases[] = {
        {"169.254.169.254", NEVER},
        {"::ffff:169.254.169.254", NEVER},
        {"64:ff9b::a9fe:a9fe", NEVER},
        {"2002:a9fe:a9fe::1", NEVER},
        {"fe80::1", NEVER},
        {"febf::1", NEVER},
        {"fd00:ec2::254", NEVER},
        {"100.100.100.200", NEVER},
        {"0.0.0.0", NEVER},
        {"::", NEVER},
        {"224.0.0.1", NEVER},
        {"255.255.255.255", NEVER},
        {"ff02::1", NEVER},
        {"::127.0.0.1", NEVER},
        {"127.0.0.1", LOOPBACK},
        {"127.77.1.5", LOOPBACK},
        {"::1", LOOPBACK},
        {"::ffff:127.0.0.1", LOOPBACK},
        {"10.1.2.3", PRIVATE},
        {"172.31.255.255", PRIVATE},
        {"192.168.0.1", PRIVATE},
        {"100.64.0.1", PRIVATE},
        {"fd00::1", PRIVATE},
        {"64:ff9b::a00:1", PRIVATE},
        {"172.32.0.1", PUBLIC},
        {"8.8.8.8", PUBLIC},
        {"100.128.0.1", PUBLIC},
        {"2001:4860:4860::8888", PUBLIC},
        {"2002:808:808::1", PUBLIC},
        {"169.253.255.255", PUBLIC},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        enum reach reach = cases[i].reach;
        bool none = allowed(cases[i].address, (struct address_rule){false, false});
        bool loopback = allowed(cases[i].address, (struct address_rule){true, false});
        bool private = allowed(cases[i].address, (struct address_rule){false, true});
        if (none != (reach == PUBLIC) || loopback != (reach == PUBLIC || reach == LOOPBACK) ||
            private != (reach == PUBLIC || reach == PRIVATE))
            fail_msg("%s: none %d, loopback %d, private %d", cases[i].address, none, loopback, private);
    }
}

static void other_families_are_refused(void **state)
{
    (void)state;
    struct sockaddr address = {.sa_family = AF_UNIX};
    assert_false(address_allowed(&(struct address_rule){true, true}, &address));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_address_has_its_reach),
        cmocka_unit_test(other_families_are_refused),
    };
    return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
