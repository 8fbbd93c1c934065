-- An index of the parts of what lists of users look for a text in. On
-- PostgreSQL the extension pg_trgm does it.

-- +goose Up

-- Rows of users have no number that stays: VACUUM may give them others.
CREATE TABLE user_search_keys (
    number  INTEGER PRIMARY KEY,
    user_id TEXT    NOT NULL CONSTRAINT user_search_keys_user_id_key UNIQUE
                    CONSTRAINT user_search_keys_user_id_fkey REFERENCES users (id)
);
INSERT INTO user_search_keys (user_id) SELECT id FROM users ORDER BY id;

-- It keeps no text, only where each three characters stand, and knows no case:
-- the column search is folded already.
CREATE VIRTUAL TABLE user_search USING fts5 (search, content = '', columnsize = 0, tokenize = 'trigram case_sensitive 1');

-- What is taken out leaves nothing behind: the text may be of an erased person.
INSERT INTO user_search (user_search, rank) VALUES ('secure-delete', 1);

INSERT INTO user_search (rowid, search)
SELECT k.number, u.search FROM user_search_keys AS k JOIN users AS u ON u.id = k.user_id ORDER BY k.number;

-- +goose StatementBegin
CREATE TRIGGER users_search_inserted AFTER INSERT ON users
BEGIN
    INSERT INTO user_search_keys (user_id) VALUES (new.id);
    INSERT INTO user_search (rowid, search) SELECT number, new.search FROM user_search_keys WHERE user_id = new.id;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER users_search_updated AFTER UPDATE OF search ON users WHEN new.search IS NOT old.search
BEGIN
    INSERT INTO user_search (user_search, rowid, search) SELECT 'delete', number, old.search FROM user_search_keys WHERE user_id = old.id;
    INSERT INTO user_search (rowid, search) SELECT number, new.search FROM user_search_keys WHERE user_id = old.id;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER users_search_deleted AFTER DELETE ON users
BEGIN
    INSERT INTO user_search (user_search, rowid, search) SELECT 'delete', number, old.search FROM user_search_keys WHERE user_id = old.id;
    DELETE FROM user_search_keys WHERE user_id = old.id;
END;
-- +goose StatementEnd

-- +goose Down

DROP TRIGGER users_search_deleted;
DROP TRIGGER users_search_updated;
DROP TRIGGER users_search_inserted;
DROP TABLE user_search;
DROP TABLE user_search_keys;
