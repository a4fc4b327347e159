/* event_stream.h - a stream of server-sent events that outlives its request, used from one thread at a time. */
#pragma once
#include "net/http_server.h"

struct event_stream;

/* Answers the exchange with the stream; what the exchange owned must not be used afterwards. */
struct event_stream *event_stream_open(struct http_exchange *x);

/* Sends an event with JSON text in one line. False once the client is gone. */
bool event_stream_put(struct event_stream *s, const char *event, const char *json);

/* False once the client is gone. */
bool event_stream_alive(struct event_stream *s);

/* Ends the stream and gives it back. Returns NULL. */
struct event_stream *event_stream_close(struct event_stream *s);
