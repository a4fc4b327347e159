-- What was pushed from a vendor's certificate service to another service, a row for each region.

CREATE TABLE push (
    id $INT PRIMARY KEY, owner $TEXT NOT NULL, version $INT NOT NULL, created_ms $INT NOT NULL, updated_ms $INT NOT NULL,
    access_id $INT NOT NULL,
    certificate_id $INT NOT NULL,
    access $TEXT NOT NULL,
    certificate $TEXT NOT NULL,
    account_id $TEXT NOT NULL,
    product $TEXT NOT NULL,
    region $TEXT NOT NULL,
    state $TEXT NOT NULL, -- 'pushing', 'success', 'error', 'unknown'
    ref $TEXT NOT NULL,
    copy_ref $TEXT NOT NULL,
    text $TEXT NOT NULL,
    finished_ms $INT NOT NULL
) $TABLE;
CREATE UNIQUE INDEX push_once ON push (account_id, certificate_id, product, region) WHERE state <> 'error';
CREATE INDEX push_certificate ON push (certificate_id, id);
