-- What APIs of vendors want that are answered here: what a task was meant for, lists by page number of what one owner has, and
-- the nonces of signed requests, each of which counts once.

ALTER TABLE task ADD COLUMN type $TEXT NOT NULL DEFAULT ''; -- 'user' or 'cloud' where it was said; '' as its deployments are
CREATE INDEX task_owner ON task (owner, id);
CREATE INDEX certificate_owner ON certificate (owner, id);
CREATE INDEX access_owner ON access (owner, id);
CREATE INDEX contact_owner ON contact (owner, id);
CREATE INDEX resource_shown ON resource (access_id, missing, product, id);

-- Pure index: digests of nonces with the key that used them, until their requests would be too old anyway.
CREATE TABLE nonce (
    digest $TEXT NOT NULL PRIMARY KEY,
    expires_ms $INT NOT NULL
) $INDEX;
CREATE INDEX nonce_expires ON nonce (expires_ms);
