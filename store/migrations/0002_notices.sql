-- Notices: viewers and how they are bound, their devices, and how each follower
-- is told of each message.

-- What followers wrote on the page of a wall itself, not in WeChat. No operator
-- page knows of it, so it is no evidence of who its sender is.
ALTER TABLE messages ADD COLUMN web BOOLEAN NOT NULL DEFAULT FALSE;

-- The names of this sender are to be put into the index of names (names).
ALTER TABLE senders ADD COLUMN name_due BOOLEAN NOT NULL DEFAULT TRUE;
CREATE INDEX senders_name_due ON senders (account_id, id) WHERE name_due;

-- Group options and template of an account, as JSON.
ALTER TABLE accounts ADD COLUMN notices TEXT NOT NULL DEFAULT '';

-- Folded names of followers, for mentions and the chooser. In the order of their
-- bytes, so that those with one beginning stand together.
CREATE TABLE names (
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name_key TEXT @bytewise NOT NULL,
    sender_id BIGINT NOT NULL REFERENCES senders (id) ON DELETE CASCADE,
    PRIMARY KEY (account_id, name_key, sender_id)
);
CREATE INDEX names_sender ON names (sender_id);

-- A browser or app that watches the wall of an account. sender_id is the
-- follower whom it is bound to.
CREATE TABLE viewers (
    id BIGINT PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    token @bytes NOT NULL UNIQUE,
    sender_id BIGINT REFERENCES senders (id) ON DELETE CASCADE,
    bound_at BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);
CREATE INDEX viewers_account ON viewers (account_id);
CREATE INDEX viewers_sender ON viewers (sender_id);
CREATE INDEX viewers_seen ON viewers (seen_at);

-- A viewer that asks to be bound. code is a digest; state is waiting, asked
-- (the follower was asked) or agreed (the follower said yes). qr, sealed, is what
-- a QR says that binds like the code. One that is over stays for a while, so that
-- its code is known as a used one.
CREATE TABLE bindings (
    viewer_id BIGINT PRIMARY KEY REFERENCES viewers (id) ON DELETE CASCADE,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    code @bytes NOT NULL,
    qr @bytes,
    state TEXT NOT NULL,
    sender_id BIGINT REFERENCES senders (id) ON DELETE CASCADE,
    asked_at BIGINT NOT NULL DEFAULT 0,
    expires_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX bindings_code ON bindings (account_id, code);
CREATE INDEX bindings_sender ON bindings (sender_id);
CREATE INDEX bindings_expires ON bindings (expires_at);

-- Codes that a follower sent and that were none.
CREATE TABLE code_tries (
    id BIGINT PRIMARY KEY,
    sender_id BIGINT NOT NULL REFERENCES senders (id) ON DELETE CASCADE,
    tried_at BIGINT NOT NULL
);
CREATE INDEX code_tries_sender ON code_tries (sender_id, tried_at);
CREATE INDEX code_tries_at ON code_tries (tried_at);

-- What a follower chose. wechat: WeChat messages are allowed; heard_at: the last
-- command, which opens the platform's window but is no message.
CREATE TABLE preferences (
    sender_id BIGINT PRIMARY KEY REFERENCES senders (id) ON DELETE CASCADE,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    receive BOOLEAN NOT NULL,
    detail BIGINT NOT NULL,
    quiet TEXT NOT NULL,
    idle_after_s BIGINT NOT NULL,
    phone_too BOOLEAN NOT NULL,
    wechat BOOLEAN NOT NULL,
    heard_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX preferences_receive ON preferences (account_id, sender_id) WHERE receive;

-- An end of a follower. target is sealed; target_key is a digest of provider and
-- endpoint or token, proof one of the keys that only the device itself knows.
CREATE TABLE devices (
    id BIGINT PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    viewer_id BIGINT NOT NULL REFERENCES viewers (id) ON DELETE CASCADE,
    sender_id BIGINT NOT NULL REFERENCES senders (id) ON DELETE CASCADE,
    class TEXT NOT NULL,
    provider TEXT NOT NULL,
    name TEXT NOT NULL,
    target @bytes,
    target_key @bytes UNIQUE,
    proof @bytes,
    registered_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);
CREATE INDEX devices_account ON devices (account_id);
CREATE INDEX devices_viewer ON devices (viewer_id);
CREATE INDEX devices_sender ON devices (sender_id);

-- What the chooser of a viewer gave out for a person; it means nothing to others.
CREATE TABLE mention_tokens (
    token TEXT PRIMARY KEY,
    viewer_id BIGINT NOT NULL REFERENCES viewers (id) ON DELETE CASCADE,
    sender_id BIGINT NOT NULL REFERENCES senders (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX mention_tokens_of ON mention_tokens (viewer_id, sender_id);
CREATE INDEX mention_tokens_sender ON mention_tokens (sender_id);
CREATE INDEX mention_tokens_created ON mention_tokens (created_at);

-- Whom a message mentions, decided once, in the order of its text.
CREATE TABLE mentions (
    message_id BIGINT NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    sender_id BIGINT NOT NULL REFERENCES senders (id) ON DELETE CASCADE,
    place BIGINT NOT NULL,
    PRIMARY KEY (message_id, sender_id)
);
CREATE INDEX mentions_sender ON mentions (sender_id);

-- How far the changes of a wall were looked at for notices.
CREATE TABLE notice_cursors (
    account_id BIGINT PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    rev BIGINT NOT NULL
);
INSERT INTO notice_cursors (account_id, rev) SELECT account_id, rev FROM walls;

-- What one follower is told because of one message. sort is of the message or,
-- without one, test or count (so many more messages).
CREATE TABLE notices (
    id BIGINT PRIMARY KEY,
    nid TEXT NOT NULL UNIQUE,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    sender_id BIGINT NOT NULL REFERENCES senders (id) ON DELETE CASCADE,
    message_id BIGINT REFERENCES messages (id) ON DELETE CASCADE,
    author_id BIGINT,
    sort TEXT NOT NULL,
    reason TEXT NOT NULL,
    why TEXT NOT NULL,
    alerted BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    read_at BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX notices_once ON notices (sender_id, message_id);
CREATE INDEX notices_inbox ON notices (sender_id, id);
CREATE INDEX notices_recent ON notices (sender_id, created_at);
CREATE INDEX notices_unread ON notices (sender_id) WHERE read_at = 0;
CREATE INDEX notices_message ON notices (message_id);
CREATE INDEX notices_account ON notices (account_id);
CREATE INDEX notices_author ON notices (author_id, created_at) WHERE reason = 'mention';
CREATE INDEX notices_created ON notices (created_at);

-- The chains that tell them: state is the chain as JSON, rev counts its steps,
-- ended is its end, if it has come. due_at 0: nothing is waited for. scope tells
-- two chains of one notice apart. node made the last step.
CREATE TABLE deliveries (
    notice_id BIGINT NOT NULL REFERENCES notices (id) ON DELETE CASCADE,
    scope TEXT NOT NULL,
    sender_id BIGINT NOT NULL,
    state TEXT NOT NULL,
    ended TEXT NOT NULL,
    rev BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    node TEXT NOT NULL,
    PRIMARY KEY (notice_id, scope)
);
CREATE INDEX deliveries_due ON deliveries (due_at) WHERE due_at > 0;
CREATE INDEX deliveries_of ON deliveries (sender_id) WHERE due_at > 0;
CREATE INDEX deliveries_node ON deliveries (node) WHERE due_at > 0;

-- The trail of a notice, for its follower to read.
CREATE TABLE notice_events (
    id BIGINT PRIMARY KEY,
    notice_id BIGINT NOT NULL REFERENCES notices (id) ON DELETE CASCADE,
    at BIGINT NOT NULL,
    event TEXT NOT NULL,
    step BIGINT NOT NULL,
    device_id BIGINT NOT NULL,
    device_name TEXT NOT NULL,
    transport TEXT NOT NULL,
    how TEXT NOT NULL,
    vendor_status BIGINT NOT NULL,
    vendor_reason TEXT NOT NULL,
    vendor_id TEXT NOT NULL
);
CREATE INDEX notice_events_of ON notice_events (notice_id, id);

-- The ledger of what was sent to a follower in WeChat.
CREATE TABLE wechat_sends (
    id BIGINT PRIMARY KEY,
    sender_id BIGINT NOT NULL REFERENCES senders (id) ON DELETE CASCADE,
    sent_at BIGINT NOT NULL,
    way TEXT NOT NULL
);
CREATE INDEX wechat_sends_of ON wechat_sends (sender_id, sent_at);
CREATE INDEX wechat_sends_at ON wechat_sends (sent_at);

-- Keys of this installation that were made at its first start, sealed.
CREATE TABLE installation_keys (
    name TEXT PRIMARY KEY,
    sealed @bytes NOT NULL
);

INSERT INTO schema_log (version) VALUES (2);
