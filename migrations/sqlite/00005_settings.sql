-- +goose Up

-- A row without a value was overridden once and is no longer. The version of a
-- row is that of the settings as it changed; theirs is the highest.
CREATE TABLE settings (
    name       TEXT        PRIMARY KEY,
    value      TEXT,
    version    INTEGER      NOT NULL,
    updated_at TIMESTAMP NOT NULL
);

-- +goose Down

DROP TABLE settings;
