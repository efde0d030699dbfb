-- The desk: who works there, by which links they come in, their sessions.

-- name_key is the folded name. password is a hash by argon2id. everything: owner
-- of all accounts. totp is sealed; totp_step the last step of it that was used.
CREATE TABLE operators (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL UNIQUE,
    password TEXT NOT NULL,
    everything BOOLEAN NOT NULL,
    totp @bytes,
    totp_step BIGINT NOT NULL DEFAULT 0,
    session_rev BIGINT NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE operator_roles (
    operator_id BIGINT NOT NULL REFERENCES operators (id) ON DELETE CASCADE,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    PRIMARY KEY (operator_id, account_id)
);
CREATE INDEX operator_roles_account ON operator_roles (account_id);

CREATE TABLE recovery_codes (
    operator_id BIGINT NOT NULL REFERENCES operators (id) ON DELETE CASCADE,
    digest @bytes NOT NULL,
    PRIMARY KEY (operator_id, digest)
);

-- Links that make one operator each. token is a digest.
CREATE TABLE operator_links (
    token @bytes PRIMARY KEY,
    everything BOOLEAN NOT NULL,
    account_id BIGINT REFERENCES accounts (id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX operator_links_expires ON operator_links (expires_at);

-- token is the digest of what the browser shows.
CREATE TABLE desk_sessions (
    token TEXT PRIMARY KEY,
    data @bytes NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX desk_sessions_expires ON desk_sessions (expires_at);

CREATE TABLE moderator_links (
    id BIGINT PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    label TEXT NOT NULL,
    token @bytes NOT NULL UNIQUE,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    opened_at BIGINT NOT NULL DEFAULT 0,
    device TEXT NOT NULL DEFAULT '',
    seen_at BIGINT NOT NULL DEFAULT 0,
    revoked_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX moderator_links_account ON moderator_links (account_id);
CREATE INDEX moderator_links_expires ON moderator_links (expires_at);

CREATE INDEX audit_account ON audit (account_id, id);

INSERT INTO schema_log (version) VALUES (7);
