-- +goose Up

CREATE TABLE audit_seals (
    number     bigint PRIMARY KEY,
    last       bigint NOT NULL,
    count      INTEGER NOT NULL,
    until      timestamptz,
    mac        bytea NOT NULL,
    checkpoint bytea
);

-- +goose Down

DROP TABLE audit_seals;
