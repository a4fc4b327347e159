-- Owners: accounts with a verified entity. Rows name theirs by its id as text; '' is the default owner, whose row has id 1.

CREATE TABLE owner (
    id $INT PRIMARY KEY, owner $TEXT NOT NULL, version $INT NOT NULL, created_ms $INT NOT NULL, updated_ms $INT NOT NULL,
    name $TEXT NOT NULL UNIQUE,
    entity $TEXT NOT NULL,     -- the person or enterprise; '' unknown
    verified_by $TEXT NOT NULL -- what showed it; '' while it is a mere claim
) $TABLE;
INSERT INTO owner (id, owner, version, created_ms, updated_ms, name, entity, verified_by) VALUES (1, '', 1, 0, 0, 'default', '', '');

-- Quota is a ledger: rows are only ever added, and a balance is a sum over them. `owner` is the account, '' the common one.

CREATE TABLE quota_entry (
    id $INT PRIMARY KEY, owner $TEXT NOT NULL, version $INT NOT NULL, created_ms $INT NOT NULL, updated_ms $INT NOT NULL,
    kind $TEXT NOT NULL,       -- 'grant', 'revoke', 'close', 'hold', 'use', 'refund'
    available $INT NOT NULL,   -- what the entry adds to each balance
    held $INT NOT NULL,
    used $INT NOT NULL,
    counted $INT NOT NULL,     -- 0: of a hold, and what followed it, while nothing limited the account
    task_id $INT NOT NULL,     -- 0: none. No foreign keys: the ledger outlives tasks
    resource_id $INT NOT NULL,
    deployment_id $INT NOT NULL,
    text $TEXT NOT NULL        -- the resource's title; the note of a grant
) $TABLE;
CREATE INDEX quota_entry_balance ON quota_entry (owner, counted, available, held, used);
CREATE INDEX quota_entry_unit ON quota_entry (task_id, resource_id, id) WHERE task_id > 0;
CREATE INDEX quota_entry_limit ON quota_entry (owner, id) WHERE kind IN ('grant', 'revoke', 'close');

-- Whether the deployment's resource costs a unit. What was planned before costs none.
ALTER TABLE deployment ADD COLUMN charged $INT NOT NULL DEFAULT 0;

-- The same certificate may belong to several owners: who may not share one brings it in anew. SQLite changes no constraint of a
-- table in place; what would go with the old one waits aside.
CREATE TABLE copy_aside (
    id $INT PRIMARY KEY, owner $TEXT NOT NULL, version $INT NOT NULL, created_ms $INT NOT NULL, updated_ms $INT NOT NULL,
    access_id $INT NOT NULL, certificate_id $INT NOT NULL, vendor_store $TEXT NOT NULL, ref $TEXT NOT NULL, name $TEXT NOT NULL,
    brought $INT NOT NULL
) $TABLE;
INSERT INTO copy_aside (id, owner, version, created_ms, updated_ms, access_id, certificate_id, vendor_store, ref, name, brought)
    SELECT id, owner, version, created_ms, updated_ms, access_id, certificate_id, vendor_store, ref, name, brought FROM copy;
DELETE FROM copy;

CREATE TABLE certificate_new (
    id $INT PRIMARY KEY, owner $TEXT NOT NULL, version $INT NOT NULL, created_ms $INT NOT NULL, updated_ms $INT NOT NULL,
    name $TEXT NOT NULL,
    kind $TEXT NOT NULL,
    fingerprint $TEXT NOT NULL,
    serial $TEXT NOT NULL,
    issuer $TEXT NOT NULL,
    common_name $TEXT NOT NULL,
    domains $TEXT NOT NULL,
    key_type $TEXT NOT NULL,
    key_bits $INT NOT NULL,
    not_before_ms $INT NOT NULL,
    not_after_ms $INT NOT NULL,
    chain_complete $INT NOT NULL,
    revoked $INT NOT NULL,
    warnings $TEXT NOT NULL,
    leaf_pem $TEXT NOT NULL,
    chain_pem $TEXT NOT NULL,
    roots_pem $TEXT NOT NULL,
    sm2_encryption_pem $TEXT NOT NULL,
    private_key $BLOB,        -- sealed as certificate/<id>/key
    sm2_encryption_key $BLOB, -- sealed as certificate/<id>/sm2_encryption_key
    has_key $INT NOT NULL DEFAULT 1,
    UNIQUE (name, owner),
    UNIQUE (fingerprint, owner)
) $TABLE;
INSERT INTO certificate_new (id, owner, version, created_ms, updated_ms, name, kind, fingerprint, serial, issuer, common_name, domains,
    key_type, key_bits, not_before_ms, not_after_ms, chain_complete, revoked, warnings, leaf_pem, chain_pem, roots_pem,
    sm2_encryption_pem, private_key, sm2_encryption_key, has_key)
    SELECT id, owner, version, created_ms, updated_ms, name, kind, fingerprint, serial, issuer, common_name, domains,
    key_type, key_bits, not_before_ms, not_after_ms, chain_complete, revoked, warnings, leaf_pem, chain_pem, roots_pem,
    sm2_encryption_pem, private_key, sm2_encryption_key, has_key FROM certificate;
DROP TABLE certificate;
ALTER TABLE certificate_new RENAME TO certificate;
INSERT INTO copy (id, owner, version, created_ms, updated_ms, access_id, certificate_id, vendor_store, ref, name, brought)
    SELECT id, owner, version, created_ms, updated_ms, access_id, certificate_id, vendor_store, ref, name, brought FROM copy_aside;
DROP TABLE copy_aside;
