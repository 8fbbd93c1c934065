-- Filters of the list of users walk an index in the order of the list, so a page
-- costs the same wherever it is.

-- No transaction, and concurrently: an older program goes on writing users while
-- a large table is indexed. What a run that broke off left, which may be an
-- index that is not valid, is made anew.

-- +goose NO TRANSACTION

-- +goose Up

DROP INDEX CONCURRENTLY IF EXISTS users_is_active_id_idx;
CREATE INDEX CONCURRENTLY users_is_active_id_idx ON users (is_active, id);
DROP INDEX CONCURRENTLY IF EXISTS users_is_verified_id_idx;
CREATE INDEX CONCURRENTLY users_is_verified_id_idx ON users (is_verified, id);
DROP INDEX CONCURRENTLY IF EXISTS users_created_at_id_idx;
CREATE INDEX CONCURRENTLY users_created_at_id_idx ON users (created_at, id);
DROP INDEX CONCURRENTLY IF EXISTS user_roles_role_id_user_id_idx;
CREATE INDEX CONCURRENTLY user_roles_role_id_user_id_idx ON user_roles (role_id, user_id);

-- +goose Down

DROP INDEX CONCURRENTLY IF EXISTS user_roles_role_id_user_id_idx;
DROP INDEX CONCURRENTLY IF EXISTS users_created_at_id_idx;
DROP INDEX CONCURRENTLY IF EXISTS users_is_verified_id_idx;
DROP INDEX CONCURRENTLY IF EXISTS users_is_active_id_idx;
