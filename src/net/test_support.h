/* test_support.h - for this folder's tests: servers that behave as the test says, and a client of raw bytes. */
#pragma once
#include "base/arena.h"

struct test_server;

/* Serves connections to 127.0.0.1 one after another on a thread of its own; serve() gets number 1, 2, ... of the
 * connection, which is closed when it returns.
 */
typedef void test_serve_fn(void *context, int fd, unsigned number);
struct test_server *test_server_start(test_serve_fn *serve, void *context);
unsigned test_server_port(const struct test_server *s);
unsigned test_server_connections(struct test_server *s);
void test_server_stop(struct test_server *s);

/* Blocking, and given up after ten seconds. Failure ends the test program. */
int test_connect(unsigned port);
int test_connect_unix(const char *path);
void test_write(int fd, const char *text);
/* Reads until the text appears or the other side closes; what was read, NUL-terminated. */
char *test_read_until(struct arena *a, int fd, const char *text);
char *test_read_all(struct arena *a, int fd);
/* One whole HTTP answer with a Content-Length; "" when the connection is closed instead. */
char *test_read_answer(struct arena *a, int fd);
void test_reset(int fd); /* the next close sends a reset */
