-- The hashes that passwords had before they were replaced.

-- +goose Up

CREATE TABLE password_history (
    id            bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id       uuid        NOT NULL CONSTRAINT password_history_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
    password_hash text        NOT NULL,
    created_at    timestamptz NOT NULL
);
CREATE INDEX password_history_user_id_idx ON password_history (user_id, id);

-- +goose Down

DROP TABLE password_history;
