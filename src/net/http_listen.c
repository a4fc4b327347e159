/* http_listen.c - the sockets an HTTP server listens on: made here, or handed over by whoever started us. */
#include "net/http_private.h"

#include "base/file.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* A socket file that nobody answers on is left over from a process that died. */
static bool remove_stale_socket(const struct sockaddr_un *address, struct err *err)
{
    struct stat status;
    if (lstat(address->sun_path, &status) < 0)
        return errno == ENOENT || err_set(err, ERR_INPUT, "%s: %m", address->sun_path);
    if (!S_ISSOCK(status.st_mode))
        return err_set(err, ERR_INPUT, "%s is in the way: it is not a socket", address->sun_path);
    cleanup(descriptor_close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 || errno != ECONNREFUSED)
        return err_set(err, ERR_CONFLICT, "another process serves on %s", address->sun_path);
    if (unlink(address->sun_path) < 0)
        return err_set(err, ERR_INPUT, "%s: %m", address->sun_path);
    return true;
}

static bool listen_unix(const char *path, int *ret, struct err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return err_set(err, ERR_INPUT, "%s is too long for a socket: at most %zu bytes", path,
                       sizeof address.sun_path - 1);
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (!remove_stale_socket(&address, err))
        return false;
    cleanup(descriptor_close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* The mode set before bind is the mode the file is born with. */
    if (fd < 0 || fchmod(fd, 0600) < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
        listen(fd, SOMAXCONN) < 0)
        return err_set(err, ERR_INPUT, "cannot listen on %s: %m", path);
    *ret = fd;
    fd = -1;
    return true;
}

static bool read_address(const struct http_listen *listen, struct sockaddr_storage *ret, socklen_t *ret_size)
{
    struct sockaddr_in *v4 = (void *)ret;
    struct sockaddr_in6 *v6 = (void *)ret;
    *ret = (struct sockaddr_storage){0};
    if (inet_pton(AF_INET, listen->address, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons((uint16_t)listen->port);
        *ret_size = sizeof *v4;
        return true;
    }
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons((uint16_t)listen->port);
    *ret_size = sizeof *v6;
    return inet_pton(AF_INET6, listen->address, &v6->sin6_addr) == 1;
}

static unsigned port_of(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET)
        return ntohs(((const struct sockaddr_in *)(const void *)address)->sin_port);
    if (address->ss_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)(const void *)address)->sin6_port);
    return 0;
}

static bool listen_tcp(const struct http_listen *where, int *ret, unsigned *ret_port, struct err *err)
{
    struct sockaddr_storage address;
    socklen_t size;
    int on = 1;
    if (where->port > 65535 || !read_address(where, &address, &size))
        return err_set(err, ERR_INPUT, "cannot listen on %s port %u: a numeric address is wanted",
                       where->address, where->port);
    cleanup(descriptor_close) int fd =
        socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        bind(fd, (struct sockaddr *)&address, size) < 0 || listen(fd, SOMAXCONN) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) < 0)
        return err_set(err, ERR_INPUT, "cannot listen on %s port %u: %m", where->address, where->port);
    *ret_port = port_of(&address);
    *ret = fd;
    fd = -1;
    return true;
}

bool http_listen_is_local(const struct http_listen *listen)
{
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof address;
    char text[ADDRESS_TEXT_BYTES];
    if (listen->inherited && getsockname(listen->inherited, (struct sockaddr *)&address, &size) < 0)
        return false;
    if (!listen->inherited && listen->address && !read_address(listen, &address, &size))
        return false;
    if (address.ss_family == AF_UNIX || (!listen->inherited && !listen->address))
        return true;
    return address_host_is_loopback(address_text((struct sockaddr *)&address, text));
}

/* Reading what people write */

static bool parse_one(struct arena *a, const char *text, size_t size, struct http_listen *ret,
                      struct err *err)
{
    const char *word = arena_copy(a, text, size), *colon = strrchr(word, ':');
    struct sockaddr_storage address;
    socklen_t address_size;
    char *end;
    if (!colon || !colon[1] || strspn(colon + 1, "0123456789") != strlen(colon + 1) || strlen(colon + 1) > 5)
        return err_set(err, ERR_INPUT, "\"%.80s\" is not ADDR:PORT, as 127.0.0.1:8640 or [::1]:8640", word);
    bool brackets = *word == '[' && colon > word + 1 && colon[-1] == ']';
    *ret = (struct http_listen){.address = brackets ? arena_copy(a, word + 1, (size_t)(colon - word) - 2)
                                                    : arena_copy(a, word, (size_t)(colon - word)),
                                .port = (unsigned)strtoul(colon + 1, &end, 10)};
    if (ret->port > 65535)
        return err_set(err, ERR_INPUT, "\"%.80s\": a port is at most 65535", word);
    if (!read_address(ret, &address, &address_size) || (address.ss_family == AF_INET6) != brackets)
        return err_set(err, ERR_INPUT, "\"%.80s\": the address must be numeric, as 127.0.0.1 or [::1]", word);
    return true;
}

bool http_listen_parse(struct arena *a, const char *text, struct http_listen **ret, size_t *ret_count,
                       struct err *err)
{
    struct http_listen *list = arena_array(a, struct http_listen, HTTP_LISTENERS);
    size_t count = 0;
    for (bool more = strcmp(text, "off") != 0; more; text++) {
        text += strspn(text, " \t");
        size_t size = strcspn(text, ","), word = size;
        while (word && (text[word - 1] == ' ' || text[word - 1] == '\t'))
            word--;
        if (count == HTTP_LISTENERS)
            return err_set(err, ERR_INPUT, "at most %d addresses can be listened on", HTTP_LISTENERS);
        if (!parse_one(a, text, word, &list[count++], err))
            return false;
        text += size;
        more = *text == ',';
    }
    *ret = list;
    *ret_count = count;
    return true;
}

/* Opening */

static bool listen_inherited(int fd, int *ret, unsigned *ret_port, struct err *err)
{
    cleanup(descriptor_close) int owned = fd;
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof address, answer_size = sizeof(int);
    int listens = 0, flags = fcntl(fd, F_GETFL);
    if (flags < 0 || getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &answer_size) < 0 || !listens ||
        getsockname(fd, (struct sockaddr *)&address, &size) < 0)
        return err_set(err, ERR_INPUT, "descriptor %d was handed over, but is no listening socket", fd);
    if (fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        return err_set(err, ERR_INTERNAL, "descriptor %d: %m", fd);
    *ret_port = port_of(&address);
    *ret = owned;
    owned = -1;
    return true;
}

bool listener_open(const struct http_listen *where, int *ret, unsigned *ret_port, struct err *err)
{
    if (where->inherited)
        return listen_inherited(where->inherited, ret, ret_port, err);
    if (where->unix_path)
        return listen_unix(where->unix_path, ret, err);
    return !where->address || listen_tcp(where, ret, ret_port, err);
}
