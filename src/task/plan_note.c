#include "task/plan.h"

#include "codec/json.h"
#include "codec/json_format.h"
#include <string.h>

char *plan_notes_json(struct arena *a, const struct plan_note *notes, size_t count)
{
    struct buf b = buf_new(a, (size_t)32 << 20);
    struct json_writer w = json_writer_to(&b);
    json_open_array(&w);
    for (size_t i = 0; i < count; i++) {
        json_open_object(&w);
        json_member_string(&w, "kind", notes[i].kind);
        json_member_int(&w, "certificate_id", notes[i].certificate_id);
        json_member_int(&w, "resource_id", notes[i].resource_id);
        json_member_string(&w, "title", notes[i].title);
        json_member_string(&w, "text", notes[i].text);
        json_close_object(&w);
    }
    json_close_array(&w);
    return b.data;
}

static struct plan_note read_note(struct arena *a, const struct json *item)
{
    return (struct plan_note){
        .kind = arena_strdup(a, json_str(json_at(item, "/kind"), "")),
        .certificate_id = json_int(json_at(item, "/certificate_id"), 0),
        .resource_id = json_int(json_at(item, "/resource_id"), 0),
        .title = arena_strdup(a, json_str(json_at(item, "/title"), "")),
        .text = arena_strdup(a, json_str(json_at(item, "/text"), "")),
    };
}

bool plan_notes_from_json(struct arena *a, const char *json, struct plan_note **ret, size_t *ret_count,
                          struct err *err)
{
    const struct json *document = NULL;
    if (!json_parse(a, json, strlen(json), &document, err))
        return err_add(err, "notes of a plan");
    size_t count = json_count(document);
    struct plan_note *notes = arena_array(a, struct plan_note, count);
    for (size_t i = 0; i < count; i++)
        notes[i] = read_note(a, json_item(document, i));
    *ret = notes;
    *ret_count = count;
    return true;
}
