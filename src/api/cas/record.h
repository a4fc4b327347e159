/* record.h - what calls change, and keys that leave, go into the audit, as requests of our own API do (trail.h). */
#pragma once
#include "api/cas/call.h"

/* Looks at the object that the call names, before anything is changed. */
must_use bool cas_record_before(struct cas_call *call, struct err *err);

/* Writes the row, within the write of the change where there is one. */
must_use bool cas_record(struct db *db, struct cas_call *call, struct err *err);

/* After the handler: where it changed something, or let a key go, and nothing wrote the row so far. */
must_use bool cas_record_after(struct cas_call *call, struct err *err);
