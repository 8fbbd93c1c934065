-- The hashes that passwords had before they were replaced.

-- +goose Up

CREATE TABLE password_history (
    id            INTEGER   PRIMARY KEY AUTOINCREMENT,
    user_id       TEXT      NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    password_hash TEXT      NOT NULL,
    created_at    TIMESTAMP NOT NULL
);
CREATE INDEX password_history_user_id_idx ON password_history (user_id, id);

-- +goose Down

DROP TABLE password_history;
