/* help.h - help texts, man pages and completions, all from the tables of verbs and options. */
#pragma once
#include "cli/command.h"

/* Prints the help of a verb, or the overview for NULL. Returns EXIT_DONE. */
int help_print(struct command *c, const struct verb *verb);

/* Prints the man page certferry(1) in roff: `certferry help man`. */
void help_man(void);
