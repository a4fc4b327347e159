#include "cli/verb.h"
#include <stdio.h>

int verb_serve(struct command *c)
{
    struct err err = {0};
    return c->house->serve(c->house->context, &c->globals, &err) ? EXIT_DONE : command_fail(c, &err);
}

int verb_version(struct command *c)
{
    (void)c;
    puts("certferry " CERTFERRY_VERSION);
    return EXIT_DONE;
}
