#include "sim/log.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE_BYTES = 64 << 10 };

struct sim_log {
    int fd;
};

bool sim_log_open(const char *path, struct sim_log **ret, struct err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_set(err, ERR_INPUT, "open the log %s: %m", path);
    struct sim_log *l = calloc(1, sizeof *l);
    if (!l)
        abort();
    l->fd = fd;
    *ret = l;
    return true;
}

struct sim_log *sim_log_close(struct sim_log *l)
{
    if (l)
        close(l->fd);
    free(l);
    return NULL;
}

static const char *outcome(const struct sim_call *c)
{
    if (c->code || c->answer.status >= 400)
        return "refused";
    if (!c->operation || !c->operation->writes)
        return "read";
    return c->wrote ? "changed" : "same";
}

void sim_log_call(struct sim_log *l, const struct sim_call *c, const char *fault)
{
    if (!l)
        return;
    struct buf b = buf_new(c->arena, LINE_BYTES);
    struct json_writer w = json_writer_to(&b);
    json_open_object(&w);
    json_member_int(&w, "time_ms", c->now_ms);
    json_member_string(&w, "access", c->key_id);
    json_member_string(&w, "cloud", c->vendor->cloud);
    json_member_string(&w, "service", c->service ? c->service->code : "");
    json_member_string(&w, "action", c->action);
    json_member_string(&w, "region", c->region);
    json_member_string(&w, "resource", c->resource);
    json_member_string(&w, "outcome", outcome(c));
    json_member_int(&w, "status", c->answer.status);
    if (c->code)
        json_member_string(&w, "code", c->code);
    json_key(&w, "fields");
    json_open_array(&w);
    for (size_t i = 0; i < c->changed_count; i++)
        json_put_string(&w, c->changed[i]);
    json_close_array(&w);
    if (strstr(c->request->target, "PRIVATE"))
        json_member_bool(&w, "key_in_url", true);
    if (fault)
        json_member_string(&w, "fault", fault);
    json_close_object(&w);
    buf_putc(&b, '\n');
    (void)!write(l->fd, b.data, b.size);
}
