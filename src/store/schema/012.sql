-- Who may do what: access groups, the API keys of programs, and which role a key has in which group.

CREATE TABLE access_group (
    id $INT PRIMARY KEY, owner $TEXT NOT NULL, version $INT NOT NULL, created_ms $INT NOT NULL, updated_ms $INT NOT NULL,
    name $TEXT NOT NULL UNIQUE
) $TABLE;

-- Pure index.
CREATE TABLE access_group_member (
    group_id $INT NOT NULL REFERENCES access_group (id) ON DELETE CASCADE,
    access_id $INT NOT NULL REFERENCES access (id) ON DELETE CASCADE,
    PRIMARY KEY (group_id, access_id)
) $INDEX;
CREATE INDEX access_group_member_access ON access_group_member (access_id);

CREATE TABLE api_key (
    id $INT PRIMARY KEY, owner $TEXT NOT NULL, version $INT NOT NULL, created_ms $INT NOT NULL, updated_ms $INT NOT NULL,
    kind $TEXT NOT NULL,         -- 'key': signs requests with its secret; 'token': is sent as it is
    name $TEXT NOT NULL UNIQUE,
    key_id $TEXT NOT NULL,       -- of a key: its public half; '' otherwise
    secret $BLOB,                -- of a key, as checking a signature needs it: sealed as api_key/<id>/secret
    hash $TEXT NOT NULL,         -- of a token: SHA-256 of its 256 random bits; '' otherwise
    any_owner $INT NOT NULL,     -- 1: not kept to what belongs to `owner`
    may_export $INT NOT NULL,
    expires_ms $INT NOT NULL,    -- 0: never
    last_used_ms $INT NOT NULL   -- 0: never; to the minute
) $TABLE;
CREATE UNIQUE INDEX api_key_key_id ON api_key (key_id) WHERE key_id <> '';
CREATE UNIQUE INDEX api_key_hash ON api_key (hash) WHERE hash <> '';

-- A subject is a row that somebody can be authenticated as. group_id 0 stands for every access and all that belongs to none.
CREATE TABLE access_role (
    subject_id $INT NOT NULL,
    group_id $INT NOT NULL,
    role $INT NOT NULL, -- 1 viewer, 2 operator, 3 approver, 4 admin: each may what those before may
    PRIMARY KEY (subject_id, group_id)
) $INDEX;
CREATE INDEX access_role_group ON access_role (group_id);
