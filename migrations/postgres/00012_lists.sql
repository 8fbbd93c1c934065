-- Filters of the list of users walk an index in the order of the list, so a page
-- costs the same wherever it is.

-- +goose Up

CREATE INDEX users_is_active_id_idx ON users (is_active, id);
CREATE INDEX users_is_verified_id_idx ON users (is_verified, id);
CREATE INDEX users_created_at_id_idx ON users (created_at, id);
CREATE INDEX user_roles_role_id_user_id_idx ON user_roles (role_id, user_id);

-- +goose Down

DROP INDEX user_roles_role_id_user_id_idx;
DROP INDEX users_created_at_id_idx;
DROP INDEX users_is_verified_id_idx;
DROP INDEX users_is_active_id_idx;
