-- First contact: where a write to a product was seen to work on an access. What succeeded before counts.

CREATE TABLE first_contact (
    id $INT PRIMARY KEY, owner $TEXT NOT NULL, version $INT NOT NULL, created_ms $INT NOT NULL, updated_ms $INT NOT NULL,
    access_id $INT NOT NULL REFERENCES access (id) ON DELETE CASCADE,
    product $TEXT NOT NULL,
    UNIQUE (access_id, product)
) $TABLE;

INSERT INTO first_contact (id, owner, version, created_ms, updated_ms, access_id, product)
    SELECT min(id), '', 1, max(finished_ms), max(finished_ms), access_id, product FROM deployment
    WHERE state = 'success' AND writes > 0 AND access_id IN (SELECT id FROM access) GROUP BY access_id, product;
