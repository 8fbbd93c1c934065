-- What lists of users look for a text in, folded by the program that writes
-- the row. NULL where a program wrote it that does not know the column.

-- +goose Up

ALTER TABLE users ADD COLUMN search text;
UPDATE users SET search = lower(username || '
' || email || '
' || first_name || '
' || last_name || '
' || display_name);
CREATE INDEX users_search_missing_idx ON users (id) WHERE search IS NULL;

-- An index for parts of words needs an extension that not every server has and
-- not every role may create. Without it lists are read through.
-- +goose StatementBegin
DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE INDEX users_search_idx ON users USING gin (search gin_trgm_ops);
EXCEPTION
    WHEN insufficient_privilege OR undefined_file OR feature_not_supported OR undefined_object THEN
        RAISE NOTICE 'no trigram index: %', SQLERRM;
END
$$;
-- +goose StatementEnd

-- +goose Down

-- The extension stays: others may have come to use it.
DROP INDEX IF EXISTS users_search_idx;
DROP INDEX users_search_missing_idx;
ALTER TABLE users DROP COLUMN search;
