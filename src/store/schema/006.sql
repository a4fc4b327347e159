-- Contacts, and which tasks they hear of.

CREATE TABLE contact (
    id $INT PRIMARY KEY, owner $TEXT NOT NULL, version $INT NOT NULL, created_ms $INT NOT NULL, updated_ms $INT NOT NULL,
    name $TEXT NOT NULL,
    mail $TEXT NOT NULL,
    mobile $TEXT NOT NULL,
    hosts $TEXT NOT NULL,
    webhooks $BLOB, -- a JSON array of URLs, which hold tokens: sealed as contact/<id>/webhooks
    UNIQUE (name, owner)
) $TABLE;

-- Pure index.
CREATE TABLE task_contact (
    task_id $INT NOT NULL REFERENCES task (id) ON DELETE CASCADE,
    contact_id $INT NOT NULL REFERENCES contact (id) ON DELETE CASCADE,
    place $INT NOT NULL,
    PRIMARY KEY (task_id, contact_id)
) $INDEX;
CREATE INDEX task_contact_contact ON task_contact (contact_id);
