/* route.c - which route a request means. */
#include "api/request.h"

#include <string.h>

/* Whether the path fits the pattern; placeholders go to args. */
static bool path_fits(struct arena *a, const char *pattern, const char *path, const char **args, size_t max)
{
    size_t count = 0;
    while (*pattern) {
        if (*pattern != '{') {
            if (*pattern++ != *path++)
                return false;
            continue;
        }
        size_t length = strcspn(path, "/");
        if (!length || count == max)
            return false;
        args[count++] = arena_copy(a, path, length);
        path += length;
        pattern = strchr(pattern, '}') + 1;
    }
    return !*path;
}

const struct route *route_find(struct arena *a, const char *method, const char *path, const char **args,
                               bool *ret_path_known)
{
    *ret_path_known = false;
    for (size_t i = 0; i < route_count; i++) {
        if (!path_fits(a, routes[i].path, path, args, ROUTE_ARGS))
            continue;
        *ret_path_known = true;
        if (strcmp(routes[i].method, method) == 0)
            return &routes[i];
    }
    return NULL;
}

const char *route_methods(struct arena *a, const char *path)
{
    struct buf methods = buf_new(a, 1 << 10);
    const char *args[ROUTE_ARGS];
    for (size_t i = 0; i < route_count; i++)
        if (path_fits(a, routes[i].path, path, args, ROUTE_ARGS))
            buf_printf(&methods, "%s%s", methods.size ? ", " : "", routes[i].method);
    return methods.data;
}
