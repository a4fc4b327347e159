/* contact.h - the operations on contacts. */
#pragma once
#include "api/cas/call.h"

cas_handler_fn cas_create_contact, cas_update_contact, cas_delete_contact, cas_get_contact, cas_list_contacts;
extern const struct cas_parameter cas_create_contact_parameters[], cas_update_contact_parameters[],
    cas_delete_contact_parameters[], cas_list_contacts_parameters[];
