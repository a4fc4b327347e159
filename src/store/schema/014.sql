-- People: users with passwords, what they are logged in with, and who failed to log in.

CREATE TABLE user_account (
    id $INT PRIMARY KEY, owner $TEXT NOT NULL, version $INT NOT NULL, created_ms $INT NOT NULL, updated_ms $INT NOT NULL,
    name $TEXT NOT NULL UNIQUE,
    password $TEXT NOT NULL,     -- Argon2id
    must_change $INT NOT NULL,   -- 1: somebody else made the password
    disabled $INT NOT NULL,
    any_owner $INT NOT NULL,
    may_export $INT NOT NULL,
    has_totp $INT NOT NULL,
    totp_used $INT NOT NULL,     -- the last time step whose code was taken
    recovery $TEXT NOT NULL,     -- JSON array of the hashes of the codes that are left
    last_login_ms $INT NOT NULL, -- 0: never
    totp $BLOB                   -- the shared secret: sealed as user/<id>/totp
) $TABLE;

CREATE TABLE user_session (
    id $INT PRIMARY KEY, owner $TEXT NOT NULL, version $INT NOT NULL, created_ms $INT NOT NULL, updated_ms $INT NOT NULL,
    user_id $INT NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
    hash $TEXT NOT NULL UNIQUE, -- SHA-256 of what the cookie holds
    source $TEXT NOT NULL,
    seen_ms $INT NOT NULL,
    expires_ms $INT NOT NULL
) $TABLE;
CREATE INDEX user_session_user ON user_session (user_id, id);

-- Names are kept as hashes: what is typed there may be a password.
CREATE TABLE login_failure (
    subject $TEXT PRIMARY KEY,
    failures $INT NOT NULL,
    last_ms $INT NOT NULL,
    until_ms $INT NOT NULL -- nothing is tried before
) $INDEX;
CREATE INDEX login_failure_last ON login_failure (last_ms);
