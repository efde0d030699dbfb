-- Events, and what operators did to a wall as a whole.

-- An occasion of an account; at most one is current. settings is JSON.
CREATE TABLE events (
    id BIGINT PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    moderation TEXT NOT NULL,
    starts_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    settings TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    started_at BIGINT NOT NULL DEFAULT 0,
    ended_at BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX events_current ON events (account_id) WHERE state IN ('live', 'paused');
CREATE INDEX events_account ON events (account_id, id);

-- Logo and background of an event. Those that its settings do not name are dropped.
CREATE TABLE event_pictures (
    id TEXT PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    event_id BIGINT NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    blob TEXT NOT NULL,
    type TEXT NOT NULL,
    size BIGINT NOT NULL
);
CREATE INDEX event_pictures_event ON event_pictures (event_id);
CREATE INDEX event_pictures_account ON event_pictures (account_id);

-- The event in which a message came: 0 of an account without events, -1 outside a
-- live one. host: the account's own announcement.
ALTER TABLE messages ADD COLUMN event_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN host BOOLEAN NOT NULL DEFAULT FALSE;

-- The event that the wall shows, with what of it is asked for each message; and
-- the wall's stage. pins is JSON.
ALTER TABLE walls ADD COLUMN event_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE walls ADD COLUMN event_state TEXT NOT NULL DEFAULT '';
ALTER TABLE walls ADD COLUMN moderation TEXT NOT NULL DEFAULT '';
ALTER TABLE walls ADD COLUMN stage TEXT NOT NULL DEFAULT 'open';
ALTER TABLE walls ADD COLUMN cleared_seq BIGINT NOT NULL DEFAULT 0;
ALTER TABLE walls ADD COLUMN pins TEXT NOT NULL DEFAULT '';
ALTER TABLE walls ADD COLUMN spotlight TEXT NOT NULL DEFAULT '';
ALTER TABLE walls ADD COLUMN control_rev BIGINT NOT NULL DEFAULT 0;
ALTER TABLE walls ADD COLUMN opened_rev BIGINT NOT NULL DEFAULT 0;

INSERT INTO schema_log (version) VALUES (4);
