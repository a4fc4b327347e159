-- A second person for what deploys to the accesses of marked groups: a task that was submitted waits here for it.

ALTER TABLE access_group ADD COLUMN second_person $INT NOT NULL DEFAULT 0;

CREATE TABLE task_approval (
    id $INT PRIMARY KEY, owner $TEXT NOT NULL, version $INT NOT NULL, created_ms $INT NOT NULL, updated_ms $INT NOT NULL,
    task_id $INT NOT NULL UNIQUE REFERENCES task (id) ON DELETE CASCADE,
    task_version $INT NOT NULL, -- of what was submitted: what was changed since is submitted anew
    who_kind $TEXT NOT NULL,
    who_id $INT NOT NULL,
    who $TEXT NOT NULL,
    request $TEXT NOT NULL      -- when and how far, as it was asked for
) $TABLE;
