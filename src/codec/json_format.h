/* json_format.h - making JSON: by template where a request is written down, by writer where a list is listed. */
#pragma once
#include "base/buf.h"
#include "codec/json.h"

/* JSON from a template: an apostrophe reads as a double quote, and
 *   %s  a string, quoted and escaped; NULL gives null
 *   %p  JSON text spliced as it is (const char *); NULL gives null
 *   %d %u %ld %lu %lld %llu %zu  a number
 * Nothing else; "%%" is a percent sign. The compiler checks the arguments.
 *   json_format(a, "{'Domain':%s,'Route':'Https.CertInfo.CertId','Value':%s}", domain, json_format(a, "{'update':%s}", id))
 * A string with invalid UTF-8 is made valid ('?' for each bad byte). Never NULL.
 */
char *json_format(struct arena *a, const char *template, ...) like_printf(2, 3);
char *json_vformat(struct arena *a, const char *template, va_list args) like_printf(2, 0);

const char *json_boolean(bool value); /* "true" or "false", for %p */

/* A JSON array of these strings, for %p. */
char *json_strings(struct arena *a, const char *const *texts, size_t count);

/* An object of the members of v that are named in a list ("Name Ports TLSVersion"), or of those that are not, as text. Members
 * that are null are left out; "{}" where v is no object. A list may be a call's parameters ("Ciphers[] Rules[].Key"): what
 * follows a bracket is not looked at.
 */
char *json_only(struct arena *a, const struct json *v, const char *names);
char *json_without(struct arena *a, const struct json *v, const char *names);

/* Appends JSON to a buf; commas and escapes are the writer's business. Misuse is an assertion. */
struct json_writer {
    struct buf *buf;
    unsigned depth;
    bool comma;
};

struct json_writer json_writer_to(struct buf *buf);
void json_open_object(struct json_writer *w);
void json_close_object(struct json_writer *w);
void json_open_array(struct json_writer *w);
void json_close_array(struct json_writer *w);
void json_key(struct json_writer *w, const char *name);
void json_put_string(struct json_writer *w, const char *text); /* NULL: null */
void json_put_int(struct json_writer *w, int64_t value);
void json_put_bool(struct json_writer *w, bool value);
void json_put_null(struct json_writer *w);
void json_put_raw(struct json_writer *w, const char *json); /* one value as text */

/* A member in one line. */
void json_member_string(struct json_writer *w, const char *name, const char *text);
void json_member_int(struct json_writer *w, const char *name, int64_t value);
void json_member_bool(struct json_writer *w, const char *name, bool value);
void json_member_raw(struct json_writer *w, const char *name, const char *json); /* NULL: null */
