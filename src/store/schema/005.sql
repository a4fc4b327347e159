-- Who brought a copy into a vendor's certificate store: 1 where an upload of ours made it, 0 where it was found there. What lies
-- there from before is nobody's that could be told, and is never cleaned up.

ALTER TABLE copy ADD COLUMN brought $INT NOT NULL DEFAULT 0;
