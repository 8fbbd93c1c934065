-- +goose Up

-- A row without a value was overridden once and is no longer. The version of a
-- row is that of the settings as it changed; theirs is the highest.
CREATE TABLE settings (
    name       text        PRIMARY KEY,
    value      text,
    version    bigint      NOT NULL,
    updated_at timestamptz NOT NULL
);

-- +goose Down

DROP TABLE settings;
