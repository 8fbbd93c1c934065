-- Versions of scopes, two secrets at once, and the last use of clients.

-- +goose Up

ALTER TABLE scopes ADD COLUMN version bigint NOT NULL DEFAULT 1;

ALTER TABLE service_clients
    ADD COLUMN previous_secret_hash  text,
    ADD COLUMN previous_secret_until timestamptz,
    ADD COLUMN last_used_at          timestamptz;

CREATE INDEX sessions_client_id_ended_at_idx ON sessions (client_id, ended_at);

-- +goose Down

DROP INDEX sessions_client_id_ended_at_idx;

ALTER TABLE service_clients
    DROP COLUMN last_used_at,
    DROP COLUMN previous_secret_until,
    DROP COLUMN previous_secret_hash;

ALTER TABLE scopes DROP COLUMN version;
