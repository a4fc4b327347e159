/* v1_contact.h - handlers of /api/v1/contacts. An answer tells the hosts of webhooks, never the webhooks. */
#pragma once
#include "api/trail.h"

extern const struct field contact_fields[];

route_fn v1_contact_add, v1_contact_list, v1_contact_show, v1_contact_update, v1_contact_delete,
    v1_task_contacts;

trail_view_fn v1_contact_view;
