-- Where an access's keys come from: 'stored' (secret), 'command' (what secret_command prints), 'machine' (the instance's
-- metadata service); and the role they are exchanged for, '' where none.

ALTER TABLE access ADD COLUMN key_source $TEXT NOT NULL DEFAULT 'stored';
ALTER TABLE access ADD COLUMN secret_command $TEXT NOT NULL DEFAULT '';
ALTER TABLE access ADD COLUMN role $TEXT NOT NULL DEFAULT '';
ALTER TABLE access ADD COLUMN external_id $TEXT NOT NULL DEFAULT '';
