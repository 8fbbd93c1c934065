-- What verification of addresses and phones, and recovery, keep.

-- +goose Up

ALTER TABLE users ADD COLUMN pending_email TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN phone TEXT NOT NULL DEFAULT '';

CREATE TABLE tickets (
    purpose    TEXT        NOT NULL,
    holder     TEXT        NOT NULL,
    id         TEXT        NOT NULL,
    digest     TEXT        NOT NULL,
    data       TEXT        NOT NULL,
    tries      INTEGER     NOT NULL,
    expires_at TIMESTAMP   NOT NULL,
    PRIMARY KEY (purpose, holder)
);
CREATE INDEX tickets_expires_at_idx ON tickets (expires_at);

-- +goose Down

DROP TABLE tickets;
ALTER TABLE users DROP COLUMN phone;
ALTER TABLE users DROP COLUMN pending_email;
