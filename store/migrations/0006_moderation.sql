-- Moderation: what waits for a moderator, who has it on the desk, and each
-- decision with what it changed.

-- queued_at: since when a moderator is wanted, 0: none is. It is set by whatever
-- makes that true or untrue, in the same transaction. turn: how many decisions
-- were taken on the message, for compare and swap. caption: the words of a voice
-- as a moderator wrote them; null: the recognised ones.
ALTER TABLE messages ADD COLUMN queued_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN turn BIGINT NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN caption TEXT;
ALTER TABLE media ADD COLUMN ready_at BIGINT NOT NULL DEFAULT 0;

UPDATE messages SET queued_at = received_at WHERE state = 'held' OR state = 'shown' AND moderation <> 'open' AND
    EXISTS (SELECT 1 FROM media md WHERE md.message_id = messages.id AND md.state = 'ready' AND NOT md.passed);
UPDATE messages SET queued_at = received_at WHERE queued_at = 0 AND id IN
    (SELECT MAX(m.id) FROM messages m JOIN senders s ON s.id = m.sender_id JOIN persons p ON p.id = s.person_id
     WHERE m.state = 'shown' AND m.moderation <> 'open' AND
     (p.nickname <> '' AND p.nickname <> s.passed_name OR p.avatar <> '' AND p.avatar <> s.passed_avatar) GROUP BY m.sender_id, m.event_id);
CREATE INDEX messages_queue ON messages (account_id, event_id, queued_at, id) WHERE queued_at > 0;

-- Moderators who have the queue open, until when it is believed that they do,
-- and the messages that lie before them.
CREATE TABLE queue_holders (
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    holder TEXT NOT NULL,
    actor TEXT NOT NULL,
    until BIGINT NOT NULL,
    PRIMARY KEY (account_id, holder)
);
CREATE TABLE queue_leases (
    message_id BIGINT PRIMARY KEY REFERENCES messages (id) ON DELETE CASCADE,
    account_id BIGINT NOT NULL,
    holder TEXT NOT NULL,
    FOREIGN KEY (account_id, holder) REFERENCES queue_holders (account_id, holder) ON DELETE CASCADE
);
CREATE INDEX queue_leases_holder ON queue_leases (account_id, holder);

-- What a decision found and what it let through: enough to take it back. name and
-- avatar are what it covered, null: neither. batch is one tap, also of many messages.
CREATE TABLE decisions (
    id BIGINT PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    message_id BIGINT NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    sender_id BIGINT NOT NULL REFERENCES senders (id) ON DELETE CASCADE,
    batch TEXT NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    state_before TEXT NOT NULL,
    state_after TEXT NOT NULL,
    approved_before BOOLEAN NOT NULL,
    passed_media BOOLEAN NOT NULL,
    name TEXT,
    name_before TEXT NOT NULL,
    avatar TEXT,
    avatar_before TEXT NOT NULL,
    undone_at BIGINT NOT NULL DEFAULT 0,
    undone_by TEXT NOT NULL DEFAULT ''
);
CREATE INDEX decisions_message ON decisions (message_id, id);
CREATE INDEX decisions_sender ON decisions (sender_id, id);
CREATE INDEX decisions_batch ON decisions (account_id, batch);
CREATE INDEX decisions_trail ON decisions (account_id, id);

INSERT INTO schema_log (version) VALUES (6);
