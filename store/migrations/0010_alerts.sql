-- Browsers of operators that want to be told when something needs a human. target
-- is the push subscription, sealed; target_key a digest that names it.
CREATE TABLE operator_devices (
    id BIGINT PRIMARY KEY,
    operator_id BIGINT NOT NULL REFERENCES operators (id) ON DELETE CASCADE,
    target @bytes NOT NULL,
    target_key @bytes NOT NULL UNIQUE,
    created_at BIGINT NOT NULL
);
CREATE INDEX operator_devices_operator ON operator_devices (operator_id);

INSERT INTO schema_log (version) VALUES (10);
