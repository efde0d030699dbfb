-- What auto moderation goes by: word lists, settings, whom moderators trust and
-- whom they block, and why a message did not pass when it arrived.

-- Why the gate did not let it through at arrival (callbackd.HeldReason); empty: the
-- moderation holds everything, or it passed.
ALTER TABLE messages ADD COLUMN reason TEXT NOT NULL DEFAULT '';

-- blocked says again what blocks says, beside the sender. chosen_name is how the
-- sender asked to be called. name_skeleton folds the name that the sender has now;
-- refused_name is that name where it may never be shown, refused_why says why.
ALTER TABLE senders ADD COLUMN trusted BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE senders ADD COLUMN blocked BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE senders ADD COLUMN chosen_name TEXT NOT NULL DEFAULT '';
ALTER TABLE senders ADD COLUMN name_skeleton TEXT NOT NULL DEFAULT '';
ALTER TABLE senders ADD COLUMN refused_name TEXT NOT NULL DEFAULT '';
ALTER TABLE senders ADD COLUMN refused_why TEXT NOT NULL DEFAULT '';
CREATE INDEX senders_skeleton ON senders (account_id, name_skeleton) WHERE name_skeleton <> '';

-- Grows with each step of block and trust: what is remembered of senders outside
-- the rows is of one people_rev.
ALTER TABLE walls ADD COLUMN people_rev BIGINT NOT NULL DEFAULT 0;

-- Who is blocked, by a keyed hash of the openID: it holds when the follower has
-- left and comes back, and when the sender's row is gone.
CREATE TABLE blocks (
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    who @bytes NOT NULL,
    blocked_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, who)
);

-- Words of an account by the name of their list, one a line as they were imported.
CREATE TABLE word_lists (
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    words TEXT NOT NULL,
    word_count BIGINT NOT NULL,
    imported_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, name)
);

-- Settings of the filters as JSON; empty: the defaults. The checker's secret is sealed.
ALTER TABLE accounts ADD COLUMN filters TEXT NOT NULL DEFAULT '';
ALTER TABLE accounts ADD COLUMN checker_secret @bytes;

INSERT INTO schema_log (version) VALUES (3);
