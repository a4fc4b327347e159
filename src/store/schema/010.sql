-- What a plan says of each row: the calls it takes, where the key is copied to, and what to look out for. And resources by what
-- people call them, so that one that was added by name is found among a million.

ALTER TABLE deployment ADD COLUMN calls $TEXT NOT NULL DEFAULT '{}';
ALTER TABLE deployment ADD COLUMN copied_to $TEXT NOT NULL DEFAULT '';
ALTER TABLE deployment ADD COLUMN warnings $TEXT NOT NULL DEFAULT '[]';
CREATE INDEX resource_vendor_id ON resource (vendor_id);
CREATE INDEX resource_title ON resource (title);
