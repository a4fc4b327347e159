/* house.h - everything that one process runs behind DIR/socket: store, gate, clouds, engine, API; wired here.
 *
 * DIR/lock is held (flock) by the one process that owns the store, and tells its pid and whether it runs the engine.
 * A process with an engine stays until no deployment is open, so that what other commands gave it is finished too.
 */
#pragma once
#include "cli/cli.h"

struct house;

struct house *house_new(void);
struct house *house_free(struct house *h); /* closes what is open, as house_close */

/* cli_house's members. */
bool house_open(void *house, const struct cli_globals *globals, bool engine, const char **ret_socket,
                bool *ret_other, struct err *err);
bool house_serve(void *house, const struct cli_globals *globals, const struct settings *settings,
                 struct err *err);
bool house_stopping(void *house);

/* Waits until the engine has nothing open (or a signal came), then ends everything in order. */
void house_close(struct house *h);
