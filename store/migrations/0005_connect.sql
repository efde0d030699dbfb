-- The code of the file by which the platform sees that our host is an account's.
ALTER TABLE accounts ADD COLUMN mp_verify TEXT NOT NULL DEFAULT '';

INSERT INTO schema_log (version) VALUES (5);
