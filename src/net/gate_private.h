/* gate_private.h - one request between the worker that sends it and the gate's thread. */
#pragma once
#include "base/buf.h"
#include "net/gate.h"

#include <curl/curl.h>
#include <semaphore.h>
#include <sys/queue.h>

enum { ANSWER_HEADER_BYTES = 128 << 10, ANSWER_HEADER_COUNT = 256 };

struct lane; /* gate.c */

/* One request on its way. It lives on the stack of the worker, which waits for `done`; until then all of it, and the
 * worker's arena, belong to the gate's thread.
 */
struct transfer {
    const struct http_request *request;
    struct arena *arena;
    gate_data_fn *on_data; /* NULL: collect the body */
    void *context;
    struct curl_slist *headers;
    const char *host; /* for people */
    const char *way;  /* what decides which connections can be used: socket or proxy, host and port */
    struct lane *lane;
    int64_t deadline_ms; /* 0: none. Counts the wait in the lane too, which libcurl does not */
    CURL *easy;
    TAILQ_ENTRY(transfer) link;
    sem_t done;

    CURLcode code;
    char message[CURL_ERROR_SIZE];
    char forbidden[ADDRESS_TEXT_BYTES]; /* an address the rule refused */
    unsigned attempts;                  /* how often the request was about to be written */
    bool died, overdue, stopped, hurried;
    long status;
    struct http_header *answer;
    size_t answer_count, answer_capacity, header_bytes;
    bool body_begun;
    struct buf body;
};

/* Checks the request and fills in headers, host and way. Worker's thread, as all of gate_request.c. */
must_use bool transfer_prepare(struct transfer *t, struct err *err);

/* Says what went wrong with a transfer that is done. */
void transfer_describe_failure(const struct transfer *t, struct err *err);

/* gate_easy.c: hands the request to libcurl, with what libcurl calls while it runs. The gate's thread. */
void transfer_arm(struct transfer *t, const char *ca_bundle);
/* Whether its time is up; then it is noted so. */
bool transfer_is_overdue(struct transfer *t, int64_t now_ms);
