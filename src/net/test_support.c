#include "net/test_support.h"

#include "base/buf.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { READ_BYTES = 1 << 20, GIVE_UP_S = 10 };

struct test_server {
    test_serve_fn *serve;
    void *context;
    int listener;
    unsigned port;
    atomic_uint connections;
    pthread_t thread;
    pthread_mutex_t lock; /* guards current and stop */
    int current;
    bool stop;
};

static void require(bool holds, const char *what)
{
    if (holds)
        return;
    perror(what);
    abort();
}

static bool begin(struct test_server *s, int fd)
{
    pthread_mutex_lock(&s->lock);
    bool stop = s->stop;
    s->current = fd;
    pthread_mutex_unlock(&s->lock);
    return !stop;
}

static void *run(void *context)
{
    struct test_server *s = context;
    for (unsigned number = 1;; number++) {
        int fd = accept(s->listener, NULL, NULL);
        if (fd < 0)
            return NULL;
        atomic_store(&s->connections, number);
        if (begin(s, fd))
            s->serve(s->context, fd, number);
        begin(s, -1);
        close(fd);
    }
}

struct test_server *test_server_start(test_serve_fn *serve, void *context)
{
    struct test_server *s = calloc(1, sizeof *s);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    require(s != NULL, "calloc");
    s->serve = serve;
    s->context = context;
    s->current = -1;
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    require(bind(s->listener, (struct sockaddr *)&address, size) == 0, "bind");
    require(listen(s->listener, 256) == 0, "listen");
    require(getsockname(s->listener, (struct sockaddr *)&address, &size) == 0, "getsockname");
    s->port = ntohs(address.sin_port);
    pthread_mutex_init(&s->lock, NULL);
    require(pthread_create(&s->thread, NULL, run, s) == 0, "pthread_create");
    return s;
}

unsigned test_server_port(const struct test_server *s)
{
    return s->port;
}

unsigned test_server_connections(struct test_server *s)
{
    return atomic_load(&s->connections);
}

void test_server_stop(struct test_server *s)
{
    pthread_mutex_lock(&s->lock);
    s->stop = true;
    if (s->current >= 0)
        shutdown(s->current, SHUT_RDWR);
    pthread_mutex_unlock(&s->lock);
    shutdown(s->listener, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->listener);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

static int connect_to(int family, const struct sockaddr *address, socklen_t size)
{
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval limit = {.tv_sec = GIVE_UP_S};
    require(fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0, "socket");
    require(connect(fd, address, size) == 0, "connect");
    return fd;
}

int test_connect(unsigned port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons((uint16_t)port)};
    return connect_to(AF_INET, (struct sockaddr *)&address, sizeof address);
}

int test_connect_unix(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    return connect_to(AF_UNIX, (struct sockaddr *)&address, sizeof address);
}

void test_write(int fd, const char *text)
{
    for (size_t size = strlen(text); size;) {
        ssize_t put = send(fd, text, size, MSG_NOSIGNAL);
        if (put <= 0)
            return; /* the other side may close early, on purpose */
        text += put;
        size -= (size_t)put;
    }
}

char *test_read_until(struct arena *a, int fd, const char *text)
{
    struct buf all = buf_new(a, READ_BYTES);
    char byte;
    while (!strstr(all.data + (all.size > 64 ? all.size - 64 : 0), text) && recv(fd, &byte, 1, 0) == 1)
        buf_putc(&all, byte);
    return all.data;
}

char *test_read_all(struct arena *a, int fd)
{
    struct buf all = buf_new(a, READ_BYTES);
    char part[4096];
    for (ssize_t got; (got = recv(fd, part, sizeof part, 0)) > 0;)
        buf_add(&all, part, (size_t)got);
    return all.data;
}

char *test_read_answer(struct arena *a, int fd)
{
    struct buf all = buf_new(a, READ_BYTES);
    buf_puts(&all, test_read_until(a, fd, "\r\n\r\n"));
    const char *length = strcasestr(all.data, "\r\ncontent-length:");
    char byte;
    for (size_t left = length ? strtoul(length + 17, NULL, 10) : 0; left && recv(fd, &byte, 1, 0) == 1;
         left--)
        buf_putc(&all, byte);
    return all.data;
}

void test_reset(int fd)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}
