#include "main/manager.h"

#include "base/file.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { FIRST_SOCKET = 3 };

static int64_t number_of(const char *name)
{
    const char *text = getenv(name);
    char *end;
    if (!text || !*text)
        return 0;
    long long number = strtoll(text, &end, 10);
    return *end || number < 0 ? 0 : number;
}

struct http_listen *manager_sockets(struct arena *a, size_t *ret_count)
{
    int64_t count = number_of("LISTEN_PID") == getpid() ? number_of("LISTEN_FDS") : 0;
    struct http_listen *list = arena_array(a, struct http_listen, HTTP_LISTENERS);
    *ret_count = (size_t)int64_min(count, HTTP_LISTENERS);
    for (size_t i = 0; i < *ret_count; i++)
        list[i] = (struct http_listen){.inherited = FIRST_SOCKET + (int)i};
    return list;
}

void manager_notify(const char *text)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = getenv("NOTIFY_SOCKET");
    size_t length = path ? strlen(path) : 0;
    if (length < 2 || length >= sizeof address.sun_path || !strchr("/@", *path))
        return;
    memcpy(address.sun_path, path, length);
    if (*path == '@') /* an abstract name begins with NUL */
        address.sun_path[0] = '\0';
    cleanup(descriptor_close) int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    if (fd >= 0) /* it may be gone: then nobody waits for it */
        (void)!sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&address, size);
}

int64_t manager_watchdog_ms(void)
{
    int64_t pid = number_of("WATCHDOG_PID");
    return pid && pid != getpid() ? 0 : number_of("WATCHDOG_USEC") / 2000;
}
