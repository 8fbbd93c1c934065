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

-- +goose Down

DROP INDEX users_search_missing_idx;
ALTER TABLE users DROP COLUMN search;
