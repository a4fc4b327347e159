-- What was changed, and which private keys left: rows are only ever added, and each holds the hash of the one before.

CREATE TABLE audit (
    id $INT PRIMARY KEY, owner $TEXT NOT NULL, version $INT NOT NULL, created_ms $INT NOT NULL, updated_ms $INT NOT NULL,
    place $INT NOT NULL UNIQUE, -- 1, 2, 3 ...
    request $TEXT NOT NULL,
    who_kind $TEXT NOT NULL,
    who_id $INT NOT NULL,
    who $TEXT NOT NULL,
    source $TEXT NOT NULL,
    action $TEXT NOT NULL,
    object $TEXT NOT NULL,      -- 'access', 'certificate' ...; '' none
    object_id $INT NOT NULL,    -- 0: none. No foreign keys: the audit outlives what it tells of
    object_name $TEXT NOT NULL,
    changes $TEXT NOT NULL,     -- JSON: {"member": [old, new]}, without secrets
    former $TEXT NOT NULL,      -- the hash of the row before; '' of the first
    hash $TEXT NOT NULL         -- SHA-256 of all that
) $TABLE;

-- Place and hash of the last row, sealed as audit/1/head: who has no master key can neither make the chain anew nor cut it short.
CREATE TABLE audit_head (
    id $INT PRIMARY KEY, owner $TEXT NOT NULL, version $INT NOT NULL, created_ms $INT NOT NULL, updated_ms $INT NOT NULL,
    head $BLOB NOT NULL
) $TABLE;
