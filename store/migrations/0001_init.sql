-- One text for SQLite and PostgreSQL. @bytes is BLOB or BYTEA. Ids are drawn by
-- the program (ids.go), times are unix milliseconds, digests 16 bytes.

CREATE TABLE schema_log (version BIGINT PRIMARY KEY);

CREATE TABLE accounts (
    id BIGINT PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    original_id TEXT NOT NULL,
    app_id TEXT NOT NULL,
    app_secret @bytes,
    token @bytes,
    aes_key @bytes,
    previous_aes_key @bytes,
    previous_aes_key_until BIGINT NOT NULL DEFAULT 0,
    mode TEXT NOT NULL,
    moderation TEXT NOT NULL,
    join_url TEXT NOT NULL,
    welcome TEXT NOT NULL,
    owner TEXT NOT NULL,
    mpweb_username TEXT NOT NULL,
    mpweb_password @bytes,
    mpweb_dialect TEXT NOT NULL,
    resolve TEXT NOT NULL,
    config_rev BIGINT NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL
);

-- The counters of a wall. Whoever changes what a wall shows holds this row's
-- lock until it commits, so that the order of rev is the order of commits.
CREATE TABLE walls (
    account_id BIGINT PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    seq BIGINT NOT NULL DEFAULT 0,
    rev BIGINT NOT NULL DEFAULT 0
);

-- request and body are digests of the request that brought it, where its
-- signature covers what repeat_key is made of.
CREATE TABLE callbacks (
    id BIGINT PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    repeat_key @bytes NOT NULL,
    request @bytes,
    body @bytes,
    received_at BIGINT NOT NULL,
    create_time BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    msg_type TEXT NOT NULL,
    event TEXT NOT NULL,
    answer TEXT NOT NULL,
    raw @bytes
);
CREATE UNIQUE INDEX callbacks_repeat ON callbacks (account_id, repeat_key);
-- Each callback stands in one of these two, and goes from the first to the second.
CREATE INDEX callbacks_raw ON callbacks (received_at) WHERE raw IS NOT NULL;
CREATE INDEX callbacks_bare ON callbacks (received_at) WHERE raw IS NULL;

-- Requests that were used, until their timestamp is too old to be accepted:
-- those whose signature does not cover the body, and those of repeats.
CREATE TABLE requests (
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    digest @bytes NOT NULL,
    body @bytes NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, digest)
);
CREATE INDEX requests_expires ON requests (expires_at);

-- A FakeID of an account with its profile. open_id is null on the unresolved
-- list and set on the resolved one (CN103501265A, claims 3, 4 and 6).
CREATE TABLE persons (
    id BIGINT PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    fake_id TEXT NOT NULL,
    open_id TEXT,
    nickname TEXT NOT NULL,
    gender BIGINT NOT NULL DEFAULT 0,
    country TEXT NOT NULL DEFAULT '',
    province TEXT NOT NULL DEFAULT '',
    city TEXT NOT NULL DEFAULT '',
    signature TEXT NOT NULL DEFAULT '',
    avatar TEXT NOT NULL DEFAULT '',
    read_at BIGINT NOT NULL DEFAULT 0,
    listed_at BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX persons_fake ON persons (account_id, fake_id);
CREATE UNIQUE INDEX persons_open ON persons (account_id, open_id);
CREATE INDEX persons_by_fake ON persons (fake_id);

CREATE TABLE senders (
    id BIGINT PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    open_id TEXT NOT NULL,
    public_id TEXT NOT NULL UNIQUE,
    avatar_id TEXT NOT NULL UNIQUE,
    avatar_seed BIGINT NOT NULL,
    person_id BIGINT REFERENCES persons (id),
    approved BIGINT NOT NULL DEFAULT 0,
    removed BIGINT NOT NULL DEFAULT 0,
    following BOOLEAN NOT NULL,
    passed_name TEXT NOT NULL DEFAULT '',
    passed_avatar TEXT NOT NULL DEFAULT '',
    first_seen BIGINT NOT NULL,
    search_due BIGINT NOT NULL DEFAULT 0,
    search_attempts BIGINT NOT NULL DEFAULT 0,
    searched_to BIGINT NOT NULL DEFAULT 0,
    candidates TEXT NOT NULL DEFAULT '',
    profile_due BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX senders_open ON senders (account_id, open_id);
CREATE INDEX senders_search ON senders (account_id, search_due) WHERE search_due > 0;
CREATE INDEX senders_person ON senders (person_id);

-- Pictures of persons, our own copies.
CREATE TABLE avatars (
    id TEXT PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    person_id BIGINT NOT NULL REFERENCES persons (id) ON DELETE CASCADE,
    blob TEXT NOT NULL,
    type TEXT NOT NULL,
    size BIGINT NOT NULL,
    digest @bytes NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX avatars_person ON avatars (person_id);

CREATE TABLE messages (
    id BIGINT PRIMARY KEY,
    public_id TEXT NOT NULL UNIQUE,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    sender_id BIGINT NOT NULL REFERENCES senders (id),
    kind TEXT NOT NULL,
    text TEXT NOT NULL,
    sent_at BIGINT NOT NULL,
    msg_id BIGINT NOT NULL,
    state TEXT NOT NULL,
    moderation TEXT NOT NULL,
    approved BOOLEAN NOT NULL DEFAULT FALSE,
    seq BIGINT,
    rev BIGINT,
    shown_rev BIGINT,
    place_label TEXT NOT NULL DEFAULT '',
    place_lat DOUBLE PRECISION NOT NULL DEFAULT 0,
    place_lon DOUBLE PRECISION NOT NULL DEFAULT 0,
    link_title TEXT NOT NULL DEFAULT '',
    link_description TEXT NOT NULL DEFAULT '',
    link_url TEXT NOT NULL DEFAULT '',
    received_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX messages_seq ON messages (account_id, seq);
CREATE UNIQUE INDEX messages_rev ON messages (account_id, rev);
CREATE INDEX messages_sender ON messages (sender_id, id);
CREATE INDEX messages_state ON messages (account_id, state, id);

CREATE TABLE media (
    id BIGINT PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    message_id BIGINT NOT NULL UNIQUE REFERENCES messages (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL DEFAULT '',
    passed BOOLEAN NOT NULL DEFAULT FALSE,
    wechat_id TEXT NOT NULL,
    highres_id TEXT NOT NULL,
    thumb_id TEXT NOT NULL,
    pic_url TEXT NOT NULL,
    format TEXT NOT NULL,
    source TEXT NOT NULL DEFAULT '',
    duration_ms BIGINT NOT NULL DEFAULT 0,
    width BIGINT NOT NULL DEFAULT 0,
    height BIGINT NOT NULL DEFAULT 0,
    waveform @bytes
);
CREATE INDEX media_account ON media (account_id, state);

CREATE TABLE media_files (
    id TEXT PRIMARY KEY,
    media_id BIGINT NOT NULL REFERENCES media (id) ON DELETE CASCADE,
    variant TEXT NOT NULL,
    blob TEXT NOT NULL,
    type TEXT NOT NULL,
    size BIGINT NOT NULL
);
CREATE UNIQUE INDEX media_files_variant ON media_files (media_id, variant);

CREATE TABLE jobs (
    id BIGINT PRIMARY KEY,
    kind TEXT NOT NULL,
    job_key TEXT NOT NULL,
    serial TEXT NOT NULL,
    account_id BIGINT REFERENCES accounts (id) ON DELETE CASCADE,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0,
    due_at BIGINT NOT NULL,
    deadline BIGINT NOT NULL,
    lease_until BIGINT NOT NULL DEFAULT 0,
    node TEXT NOT NULL DEFAULT '',
    rerun BOOLEAN NOT NULL DEFAULT FALSE,
    error TEXT NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL,
    finished_at BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX jobs_unfinished ON jobs (kind, job_key) WHERE state IN ('ready', 'running');
CREATE UNIQUE INDEX jobs_serial ON jobs (serial) WHERE state = 'running' AND serial <> '';
CREATE INDEX jobs_due ON jobs (kind, due_at) WHERE state = 'ready';
CREATE INDEX jobs_finished ON jobs (finished_at) WHERE finished_at > 0;

CREATE TABLE audit (
    id BIGINT PRIMARY KEY,
    account_id BIGINT,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    message_id BIGINT,
    detail TEXT NOT NULL DEFAULT ''
);
CREATE INDEX audit_at ON audit (at);

-- Sessions of the operator pages, sealed.
CREATE TABLE mpweb_sessions (
    account_id BIGINT PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    sealed @bytes NOT NULL,
    updated_at BIGINT NOT NULL
);

-- Operator pages as they came, so that a better parser needs no new visit.
CREATE TABLE pages (
    id BIGINT PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    page TEXT NOT NULL,
    fetched_at BIGINT NOT NULL,
    body @bytes NOT NULL
);
CREATE INDEX pages_fetched ON pages (fetched_at);

-- What the join QR of an account says.
CREATE TABLE join_codes (
    account_id BIGINT PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    url TEXT NOT NULL,
    source TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);

-- Small durable facts that a part of the program keeps about an account.
CREATE TABLE facts (
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (account_id, name)
);

INSERT INTO schema_log (version) VALUES (1);
