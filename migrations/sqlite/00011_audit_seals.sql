-- +goose Up

CREATE TABLE audit_seals (
    number     INTEGER PRIMARY KEY,
    last       INTEGER NOT NULL,
    count      INTEGER NOT NULL,
    until      TIMESTAMP,
    mac        BLOB NOT NULL,
    checkpoint BLOB
);

-- +goose Down

DROP TABLE audit_seals;
