-- The rows that every installation starts with. Both dialects hold the same text.

-- +goose Up

INSERT INTO scopes (id, name, description, resource, created_at, updated_at) VALUES
    ('019b76da-a800-7000-8000-000100000001', 'read:profile', 'See one''s own account', 'profile', '2026-01-01 00:00:00+00:00', '2026-01-01 00:00:00+00:00'),
    ('019b76da-a800-7000-8000-000100000002', 'write:profile', 'Change one''s own account', 'profile', '2026-01-01 00:00:00+00:00', '2026-01-01 00:00:00+00:00'),
    ('019b76da-a800-7000-8000-000100000003', 'read:users', 'See accounts', 'users', '2026-01-01 00:00:00+00:00', '2026-01-01 00:00:00+00:00'),
    ('019b76da-a800-7000-8000-000100000004', 'write:users', 'Create and change accounts', 'users', '2026-01-01 00:00:00+00:00', '2026-01-01 00:00:00+00:00'),
    ('019b76da-a800-7000-8000-000100000005', 'delete:users', 'Delete accounts', 'users', '2026-01-01 00:00:00+00:00', '2026-01-01 00:00:00+00:00'),
    ('019b76da-a800-7000-8000-000100000006', 'admin:users', 'Everything with accounts, roles of users included', 'users', '2026-01-01 00:00:00+00:00', '2026-01-01 00:00:00+00:00'),
    ('019b76da-a800-7000-8000-000100000007', 'read:roles', 'See roles', 'roles', '2026-01-01 00:00:00+00:00', '2026-01-01 00:00:00+00:00'),
    ('019b76da-a800-7000-8000-000100000008', 'write:roles', 'Create and change roles', 'roles', '2026-01-01 00:00:00+00:00', '2026-01-01 00:00:00+00:00'),
    ('019b76da-a800-7000-8000-000100000009', 'admin:roles', 'Everything with roles', 'roles', '2026-01-01 00:00:00+00:00', '2026-01-01 00:00:00+00:00'),
    ('019b76da-a800-7000-8000-000100000010', 'read:scopes', 'See scopes', 'scopes', '2026-01-01 00:00:00+00:00', '2026-01-01 00:00:00+00:00'),
    ('019b76da-a800-7000-8000-000100000011', 'write:scopes', 'Create and change scopes', 'scopes', '2026-01-01 00:00:00+00:00', '2026-01-01 00:00:00+00:00'),
    ('019b76da-a800-7000-8000-000100000012', 'read:clients', 'See service clients', 'clients', '2026-01-01 00:00:00+00:00', '2026-01-01 00:00:00+00:00'),
    ('019b76da-a800-7000-8000-000100000013', 'write:clients', 'Create and change service clients', 'clients', '2026-01-01 00:00:00+00:00', '2026-01-01 00:00:00+00:00'),
    ('019b76da-a800-7000-8000-000100000014', 'admin:clients', 'Everything with service clients', 'clients', '2026-01-01 00:00:00+00:00', '2026-01-01 00:00:00+00:00'),
    ('019b76da-a800-7000-8000-000100000015', 'read:audit', 'Read the audit trail', 'audit', '2026-01-01 00:00:00+00:00', '2026-01-01 00:00:00+00:00'),
    ('019b76da-a800-7000-8000-000100000016', 'read:sessions', 'See the sessions of others', 'sessions', '2026-01-01 00:00:00+00:00', '2026-01-01 00:00:00+00:00'),
    ('019b76da-a800-7000-8000-000100000017', 'write:sessions', 'End the sessions of others', 'sessions', '2026-01-01 00:00:00+00:00', '2026-01-01 00:00:00+00:00'),
    ('019b76da-a800-7000-8000-000100000018', 'introspect:tokens', 'Introspect tokens of any client', 'tokens', '2026-01-01 00:00:00+00:00', '2026-01-01 00:00:00+00:00'),
    ('019b76da-a800-7000-8000-000100000019', 'admin:system', 'Settings and signing keys', 'system', '2026-01-01 00:00:00+00:00', '2026-01-01 00:00:00+00:00');

INSERT INTO roles (id, name, description, version, created_at, updated_at) VALUES
    ('019b76da-a800-7000-8000-000200000001', 'user', 'Every account', 1, '2026-01-01 00:00:00+00:00', '2026-01-01 00:00:00+00:00'),
    ('019b76da-a800-7000-8000-000200000002', 'admin', 'Everything but the system itself', 1, '2026-01-01 00:00:00+00:00', '2026-01-01 00:00:00+00:00');

INSERT INTO role_scopes (role_id, scope_id, assigned_at)
    SELECT r.id, s.id, r.created_at FROM roles AS r, scopes AS s
    WHERE r.name = 'user' AND s.name IN ('read:profile', 'write:profile');

INSERT INTO role_scopes (role_id, scope_id, assigned_at)
    SELECT r.id, s.id, r.created_at FROM roles AS r, scopes AS s
    WHERE r.name = 'admin' AND s.name <> 'admin:system';

INSERT INTO service_clients (id, client_id, name, description, is_active, is_first_party, grant_types, version, created_at, updated_at) VALUES
    ('019b76da-a800-7000-8000-000300000001', 'keystone', 'Keystone', 'The built-in client that acts where a request names none', TRUE, TRUE, 'password refresh_token', 1, '2026-01-01 00:00:00+00:00', '2026-01-01 00:00:00+00:00');

-- +goose Down

DELETE FROM service_clients WHERE id = '019b76da-a800-7000-8000-000300000001';
DELETE FROM roles WHERE id IN ('019b76da-a800-7000-8000-000200000001', '019b76da-a800-7000-8000-000200000002');
DELETE FROM role_scopes WHERE scope_id IN (SELECT id FROM scopes WHERE id BETWEEN '019b76da-a800-7000-8000-000100000001' AND '019b76da-a800-7000-8000-000100000019');
DELETE FROM service_client_scopes WHERE scope_id IN (SELECT id FROM scopes WHERE id BETWEEN '019b76da-a800-7000-8000-000100000001' AND '019b76da-a800-7000-8000-000100000019');
DELETE FROM scopes WHERE id BETWEEN '019b76da-a800-7000-8000-000100000001' AND '019b76da-a800-7000-8000-000100000019';
