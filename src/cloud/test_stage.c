#include "cloud/test_stage.h"

#include <stdlib.h>

static void serve(void *context, int fd, unsigned number)
{
    struct stage *g = context;
    cleanup(arena_free_p) struct arena *a = arena_new(ARENA_JOB_BYTES);
    char *request = test_read_answer(a, fd);
    (void)number;
    if (!*request)
        return;
    pthread_mutex_lock(&g->lock);
    size_t i = g->log_count < LOG_MAX ? g->log_count++ : LOG_MAX - 1;
    free(g->log[i]);
    g->log[i] = strdup(request);
    const struct reply *r = &g->replies[i < g->reply_count ? i : g->reply_count - 1];
    pthread_mutex_unlock(&g->lock);
    if (!r->body)
        return;
    test_write(fd, arena_printf(a, "HTTP/1.1 %u X\r\nContent-Length: %zu\r\nConnection: close\r\n%s\r\n%s",
                                r->status, strlen(r->body), r->headers ? r->headers : "", r->body));
}

size_t calls_seen(struct stage *g)
{
    pthread_mutex_lock(&g->lock);
    size_t count = g->log_count;
    pthread_mutex_unlock(&g->lock);
    return count;
}

const char stage_secret[] = "TopSecretAccessKey0123456789";

void begin_as(struct stage *g, const char *cloud, bool read_only)
{
    struct yard *y = g->y;
    struct access_row row = {.id = store_new_id(y->s),
                             .owner = "uid:1000",
                             .name = arena_printf(y->a, "test-%s", cloud),
                             .cloud = cloud,
                             .key_id = "AKIDTEST",
                             .key_source = "stored",
                             .secret_command = "",
                             .role = "",
                             .external_id = "",
                             .site = "china",
                             .regions = "[]",
                             .gateway =
                                 arena_printf(y->a, "http://127.0.0.1:%u", test_server_port(g->server)),
                             .ca_file = "",
                             .proxy = "",
                             .calls_per_second = 1000,
                             .read_only = read_only,
                             .account_id = "",
                             .state = "unchecked",
                             .state_text = ""};
    cleanup(secret_free_p) struct secret *secret = secret_new(stage_secret, strlen(stage_secret));
    assert_ok(y, store_access_add(y->db, &row, secret, NULL, &y->err));
    assert_ok(y, cloud_session(g->cloud, row.id, &g->session, &y->err));
    g->access_id = row.id;
    g->job = (struct job){.arena = y->a, .session = g->session, .patience_ms = 1500};
}

int stage_begin(void **state)
{
    struct stage *g = calloc(1, sizeof *g);
    void *yard;
    if (!g || yard_begin(&yard) != 0)
        return -1;
    g->y = yard;
    pthread_mutex_init(&g->lock, NULL);
    g->server = test_server_start(serve, g);
    assert_ok(g->y, gate_open(&g->gate, &g->y->err));
    assert_ok(g->y, cloud_open(g->y->s, g->gate, &clock_system, &g->cloud, &g->y->err));
    *state = g;
    return 0;
}

int stage_end(void **state)
{
    struct stage *g = *state;
    void *yard = g->y;
    g->cloud = cloud_close(g->cloud);
    g->gate = gate_close(g->gate);
    test_server_stop(g->server);
    for (size_t i = 0; i < g->log_count; i++)
        free(g->log[i]);
    pthread_mutex_destroy(&g->lock);
    free(g);
    return yard_end(&yard);
}
