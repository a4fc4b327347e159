-- How much a vendor's certificate stores take and hold, as told at the last synchronisation (-1: not told), and changed by what
-- came and went since; and when we brought something there, as some vendors count that for a year.

CREATE TABLE room (
    id $INT PRIMARY KEY, owner $TEXT NOT NULL, version $INT NOT NULL, created_ms $INT NOT NULL, updated_ms $INT NOT NULL,
    access_id $INT NOT NULL REFERENCES access (id) ON DELETE CASCADE,
    vendor_store $TEXT NOT NULL,
    used $INT NOT NULL, most $INT NOT NULL,
    lately $INT NOT NULL, lately_most $INT NOT NULL,
    learned_ms $INT NOT NULL,
    UNIQUE (access_id, vendor_store)
) $TABLE;

CREATE TABLE brought (
    id $INT PRIMARY KEY, owner $TEXT NOT NULL, version $INT NOT NULL, created_ms $INT NOT NULL, updated_ms $INT NOT NULL,
    access_id $INT NOT NULL REFERENCES access (id) ON DELETE CASCADE,
    vendor_store $TEXT NOT NULL
) $TABLE;
CREATE INDEX brought_there ON brought (access_id, vendor_store, created_ms);

INSERT INTO brought (id, owner, version, created_ms, updated_ms, access_id, vendor_store)
    SELECT id, '', 1, created_ms, created_ms, access_id, vendor_store FROM copy WHERE brought = 1 AND created_ms > 1;
