-- Owners whom an account's followers are: who may halt its wall from WeChat.
CREATE TABLE chiefs (
    operator_id BIGINT NOT NULL REFERENCES operators (id) ON DELETE CASCADE,
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    sender_id BIGINT NOT NULL REFERENCES senders (id) ON DELETE CASCADE,
    bound_at BIGINT NOT NULL,
    PRIMARY KEY (operator_id, account_id)
);
CREATE INDEX chiefs_sender ON chiefs (sender_id);

-- Codes that an owner sends from WeChat to become one. code is a digest.
CREATE TABLE chief_codes (
    account_id BIGINT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    operator_id BIGINT NOT NULL REFERENCES operators (id) ON DELETE CASCADE,
    code @bytes NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (operator_id, account_id)
);
CREATE UNIQUE INDEX chief_codes_code ON chief_codes (account_id, code);
CREATE INDEX chief_codes_expires ON chief_codes (expires_at);

INSERT INTO schema_log (version) VALUES (9);
