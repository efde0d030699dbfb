-- Grows with each change of an account's word lists: a compiled list is of one words_rev.
ALTER TABLE walls ADD COLUMN words_rev BIGINT NOT NULL DEFAULT 0;

INSERT INTO schema_log (version) VALUES (8);
