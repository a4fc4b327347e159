#include "task/plan_private.h"

#include "codec/json.h"
#include "codec/json_format.h"
#include <string.h>

struct upload { /* one certificate into one store */
    int64_t access_id, certificate_id;
    const char *vendor_store;
};

struct place { /* a room, and what the plan brings there */
    const struct room_row *room;
    int64_t brings, held; /* held: of those rows, for want of room */
};

struct rooms {
    struct arena *a;
    const struct plan_input *in;
    struct place *places;
    size_t place_count, place_capacity;
    struct upload *uploads; /* those that start */
    size_t upload_count, upload_capacity;
};

static const struct room_row *room_of(const struct plan_input *in, int64_t access_id,
                                      const char *vendor_store)
{
    for (size_t i = 0; i < in->room_count; i++)
        if (in->rooms[i].access_id == access_id && room_holds(in->rooms[i].vendor_store, vendor_store))
            return &in->rooms[i];
    return NULL;
}

static struct place *place_of(struct rooms *r, const struct room_row *room)
{
    for (size_t i = 0; i < r->place_count; i++)
        if (r->places[i].room == room)
            return &r->places[i];
    void *places = r->places;
    struct place *place =
        arena_push(r->a, &places, &r->place_count, &r->place_capacity, sizeof(struct place));
    r->places = places;
    *place = (struct place){.room = room};
    return place;
}

/* A copy in doubt, which a clean-up may just be deleting, is not there. */
static bool is_there(const struct plan_input *in, const struct upload *u)
{
    for (size_t i = 0; i < in->copy_count; i++) {
        const struct copy_row *copy = &in->copies[i];
        if (copy->created_ms != 1 && copy->access_id == u->access_id &&
            copy->certificate_id == u->certificate_id && strcmp(copy->vendor_store, u->vendor_store) == 0)
            return true;
    }
    return false;
}

static bool is_brought(const struct rooms *r, const struct upload *u)
{
    for (size_t i = 0; i < r->upload_count; i++)
        if (r->uploads[i].access_id == u->access_id && r->uploads[i].certificate_id == u->certificate_id &&
            strcmp(r->uploads[i].vendor_store, u->vendor_store) == 0)
            return true;
    return false;
}

static int64_t left(int64_t used, int64_t most)
{
    return used < most ? most - used : 0;
}

/* Why one more finds no room; NULL if it does, as far as is known. */
static const char *objection(struct arena *a, const struct place *place)
{
    const struct room_row *room = place->room;
    if (room->most >= 0 && place->brings >= left(room->used, room->most))
        return arena_printf(a, "%s holds %lld of %lld certificates", room->vendor_store,
                            (long long)room->used, (long long)room->most);
    if (room->lately_most >= 0 && place->brings >= left(room->lately, room->lately_most))
        return arena_printf(a, "%s took %lld of %lld imports within 365 days", room->vendor_store,
                            (long long)room->lately, (long long)room->lately_most);
    return NULL;
}

static void hold(struct rooms *r, struct deployment_row *row, const struct place *place, const char *why)
{
    const struct json *words = NULL;
    size_t count = 0;
    if (!json_parse(r->a, row->holds, strlen(row->holds), &words, NULL))
        words = NULL;
    const char **all = arena_array(r->a, const char *, json_count(words) + 1);
    bool full = false;
    for (size_t i = 0; i < json_count(words); i++) {
        all[count++] = json_str(json_item(words, i), "");
        full |= strcmp(all[i], "full") == 0;
    }
    if (!full)
        all[count++] = "full";
    row->holds = json_strings(r->a, all, count);
    row->reason = place->brings ? arena_printf(r->a, "%s; no room: %s, and this plan brings %lld before",
                                               row->reason, why, (long long)place->brings)
                                : arena_printf(r->a, "%s; no room: %s", row->reason, why);
    if (!texts_have(&r->in->selection->accept, "full"))
        row->state = DEPLOYMENT_HELD;
}

static void check(struct rooms *r, struct deployment_row *row)
{
    struct upload u = {row->access_id, row->certificate_id, row->copied_to};
    const struct room_row *room = *row->copied_to ? room_of(r->in, row->access_id, row->copied_to) : NULL;
    if (!room || row->already_bound || is_there(r->in, &u) || is_brought(r, &u))
        return;
    struct place *place = place_of(r, room);
    const char *why = objection(r->a, place);
    if (why)
        hold(r, row, place, why);
    if (row->state == DEPLOYMENT_HELD) {
        place->held += why != NULL;
        return;
    }
    void *uploads = r->uploads;
    *(struct upload *)arena_push(r->a, &uploads, &r->upload_count, &r->upload_capacity,
                                 sizeof(struct upload)) = u;
    r->uploads = uploads;
    place->brings++;
}

static const char *text_of(struct arena *a, const struct place *place)
{
    const struct room_row *room = place->room;
    struct buf b = buf_new(a, 1024);
    buf_printf(&b, "this plan brings %lld certificate%s there", (long long)place->brings,
               place->brings == 1 ? "" : "s");
    if (room->most >= 0)
        buf_printf(&b, "; %lld of %lld places are free", (long long)left(room->used, room->most),
                   (long long)room->most);
    else
        buf_printf(&b, "; it holds %lld, and the vendor does not tell how many it takes",
                   (long long)room->used);
    if (room->lately_most >= 0)
        buf_printf(&b, ", and %lld of %lld imports within 365 days are left",
                   (long long)left(room->lately, room->lately_most), (long long)room->lately_most);
    if (place->held)
        buf_printf(&b,
                   "; %lld row%s held, as nothing is free for them: delete unused certificates "
                   "(`certferry access clean`) or have the quota raised, and synchronise",
                   (long long)place->held, place->held == 1 ? " is" : "s are");
    return b.data;
}

void plan_rooms(struct planning *p)
{
    struct rooms r = {.a = p->a, .in = p->in};
    for (size_t i = 0; i < p->plan->count && p->in->room_count; i++)
        check(&r, &p->plan->rows[i]);
    for (size_t i = 0; i < r.place_count; i++)
        if (r.places[i].brings || r.places[i].held)
            plan_add_note(p, "room", 0, NULL, r.places[i].room->vendor_store, text_of(p->a, &r.places[i]));
}
