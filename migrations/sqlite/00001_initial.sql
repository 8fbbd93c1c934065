-- +goose Up

CREATE TABLE users (
    id                          TEXT        PRIMARY KEY,
    username                    TEXT        NOT NULL,
    username_folded             TEXT        NOT NULL,
    email                       TEXT        NOT NULL,
    email_folded                TEXT        NOT NULL,
    password_hash               TEXT        NOT NULL,
    first_name                  TEXT        NOT NULL DEFAULT '',
    last_name                   TEXT        NOT NULL DEFAULT '',
    display_name                TEXT        NOT NULL DEFAULT '',
    bio                         TEXT        NOT NULL DEFAULT '',
    is_active                   BOOLEAN     NOT NULL DEFAULT TRUE,
    is_verified                 BOOLEAN     NOT NULL DEFAULT FALSE,
    is_superuser                BOOLEAN     NOT NULL DEFAULT FALSE,
    last_login                  TIMESTAMP,
    failed_login_attempts       INTEGER     NOT NULL DEFAULT 0,
    locked_until                TIMESTAMP,
    password_changed_at         TIMESTAMP,
    email_verification_token    TEXT,
    email_verification_sent_at  TIMESTAMP,
    password_reset_token        TEXT,
    password_reset_sent_at      TIMESTAMP,
    version                     INTEGER     NOT NULL DEFAULT 1,
    created_at                  TIMESTAMP   NOT NULL,
    updated_at                  TIMESTAMP   NOT NULL,
    CONSTRAINT users_username_folded_key UNIQUE (username_folded),
    CONSTRAINT users_email_folded_key UNIQUE (email_folded)
);
CREATE INDEX users_username_idx ON users (username);
CREATE INDEX users_email_idx ON users (email);
CREATE INDEX users_is_active_idx ON users (is_active);
CREATE INDEX users_username_is_active_idx ON users (username, is_active);
CREATE INDEX users_superuser_idx ON users (is_active) WHERE is_superuser;

CREATE TABLE pending_registrations (
    id              INTEGER     PRIMARY KEY AUTOINCREMENT,
    username        TEXT        NOT NULL,
    username_folded TEXT        NOT NULL,
    email           TEXT        NOT NULL,
    email_folded    TEXT        NOT NULL,
    password_hash   TEXT        NOT NULL,
    expires_at      TIMESTAMP   NOT NULL,
    CONSTRAINT pending_registrations_username_folded_key UNIQUE (username_folded)
);
CREATE INDEX pending_registrations_email_folded_idx ON pending_registrations (email_folded);
CREATE INDEX pending_registrations_expires_at_idx ON pending_registrations (expires_at);

CREATE TABLE scopes (
    id          TEXT        PRIMARY KEY,
    name        TEXT        NOT NULL,
    description TEXT        NOT NULL DEFAULT '',
    resource    TEXT        NOT NULL,
    created_at  TIMESTAMP   NOT NULL,
    updated_at  TIMESTAMP   NOT NULL,
    CONSTRAINT scopes_name_key UNIQUE (name)
);

CREATE TABLE roles (
    id          TEXT        PRIMARY KEY,
    name        TEXT        NOT NULL,
    description TEXT        NOT NULL DEFAULT '',
    version     INTEGER     NOT NULL DEFAULT 1,
    created_at  TIMESTAMP   NOT NULL,
    updated_at  TIMESTAMP   NOT NULL,
    CONSTRAINT roles_name_key UNIQUE (name)
);

CREATE TABLE role_scopes (
    role_id     TEXT        NOT NULL CONSTRAINT role_scopes_role_id_fkey REFERENCES roles (id) ON DELETE CASCADE,
    scope_id    TEXT        NOT NULL CONSTRAINT role_scopes_scope_id_fkey REFERENCES scopes (id),
    assigned_at TIMESTAMP   NOT NULL,
    PRIMARY KEY (role_id, scope_id)
);
CREATE INDEX role_scopes_scope_id_idx ON role_scopes (scope_id);

CREATE TABLE user_roles (
    user_id     TEXT        NOT NULL CONSTRAINT user_roles_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
    role_id     TEXT        NOT NULL CONSTRAINT user_roles_role_id_fkey REFERENCES roles (id) ON DELETE CASCADE,
    assigned_at TIMESTAMP   NOT NULL,
    PRIMARY KEY (user_id, role_id)
);
CREATE INDEX user_roles_role_id_idx ON user_roles (role_id);

CREATE TABLE service_clients (
    id                    TEXT        PRIMARY KEY,
    client_id             TEXT        NOT NULL,
    client_secret_hash    TEXT,
    name                  TEXT        NOT NULL,
    description           TEXT        NOT NULL DEFAULT '',
    is_active             BOOLEAN     NOT NULL DEFAULT TRUE,
    is_first_party        BOOLEAN     NOT NULL DEFAULT FALSE,
    grant_types           TEXT        NOT NULL,
    access_token_lifetime INTEGER,
    version               INTEGER     NOT NULL DEFAULT 1,
    created_at            TIMESTAMP   NOT NULL,
    updated_at            TIMESTAMP   NOT NULL,
    CONSTRAINT service_clients_client_id_key UNIQUE (client_id)
);

CREATE TABLE service_client_scopes (
    service_client_id TEXT        NOT NULL CONSTRAINT service_client_scopes_service_client_id_fkey REFERENCES service_clients (id) ON DELETE CASCADE,
    scope_id          TEXT        NOT NULL CONSTRAINT service_client_scopes_scope_id_fkey REFERENCES scopes (id),
    assigned_at       TIMESTAMP   NOT NULL,
    PRIMARY KEY (service_client_id, scope_id)
);
CREATE INDEX service_client_scopes_scope_id_idx ON service_client_scopes (scope_id);

CREATE TABLE sessions (
    id         TEXT        PRIMARY KEY,
    user_id    TEXT        NOT NULL CONSTRAINT sessions_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
    client_id  TEXT        NOT NULL,
    address    TEXT        NOT NULL DEFAULT '',
    user_agent TEXT        NOT NULL DEFAULT '',
    created_at TIMESTAMP   NOT NULL,
    expires_at TIMESTAMP   NOT NULL,
    ended_at   TIMESTAMP,
    end_reason TEXT        NOT NULL DEFAULT ''
);
CREATE INDEX sessions_user_id_idx ON sessions (user_id);
CREATE INDEX sessions_expires_at_idx ON sessions (expires_at);

CREATE TABLE refresh_tokens (
    id            TEXT        PRIMARY KEY,
    jti           TEXT        NOT NULL,
    session_id    TEXT        NOT NULL CONSTRAINT refresh_tokens_session_id_fkey REFERENCES sessions (id) ON DELETE CASCADE,
    user_id       TEXT        NOT NULL,
    client_id     TEXT        NOT NULL,
    scope         TEXT        NOT NULL,
    expires_at    TIMESTAMP   NOT NULL,
    is_revoked    BOOLEAN     NOT NULL DEFAULT FALSE,
    is_used       BOOLEAN     NOT NULL DEFAULT FALSE,
    created_at    TIMESTAMP   NOT NULL,
    used_at       TIMESTAMP,
    successor_key TEXT        NOT NULL DEFAULT '',
    CONSTRAINT refresh_tokens_jti_key UNIQUE (jti)
);
CREATE INDEX refresh_tokens_session_id_idx ON refresh_tokens (session_id);
CREATE INDEX refresh_tokens_user_id_idx ON refresh_tokens (user_id);
CREATE INDEX refresh_tokens_user_id_client_id_idx ON refresh_tokens (user_id, client_id);
CREATE INDEX refresh_tokens_expires_at_idx ON refresh_tokens (expires_at);

CREATE TABLE signing_keys (
    id           TEXT        PRIMARY KEY,
    algorithm    TEXT        NOT NULL,
    state        TEXT        NOT NULL,
    sealed       BLOB        NOT NULL,
    public_jwk   BLOB,
    created_at   TIMESTAMP   NOT NULL,
    activated_at TIMESTAMP,
    retired_at   TIMESTAMP,
    expires_at   TIMESTAMP
);

CREATE TABLE lockouts (
    key          TEXT        PRIMARY KEY,
    failures     INTEGER     NOT NULL,
    pending      INTEGER     NOT NULL,
    pending_at   TIMESTAMP,
    level        INTEGER     NOT NULL,
    locked_until TIMESTAMP,
    version      INTEGER     NOT NULL,
    updated_at   TIMESTAMP
);
CREATE INDEX lockouts_updated_at_idx ON lockouts (updated_at);

CREATE TABLE signals (
    id         INTEGER     PRIMARY KEY AUTOINCREMENT,
    kind       TEXT        NOT NULL,
    subject    TEXT        NOT NULL,
    before     TIMESTAMP,
    expires_at TIMESTAMP   NOT NULL,
    created_at TIMESTAMP   NOT NULL
);
CREATE INDEX signals_created_at_idx ON signals (created_at);
CREATE INDEX signals_expires_at_idx ON signals (expires_at);

CREATE TABLE events (
    seq          INTEGER     PRIMARY KEY AUTOINCREMENT,
    id           TEXT        NOT NULL,
    type         TEXT        NOT NULL,
    outcome      TEXT        NOT NULL,
    reason       TEXT        NOT NULL DEFAULT '',
    actor_kind   TEXT        NOT NULL,
    actor_id     TEXT        NOT NULL,
    actor_name   TEXT        NOT NULL DEFAULT '',
    subject_kind TEXT        NOT NULL,
    subject_id   TEXT        NOT NULL,
    subject_name TEXT        NOT NULL DEFAULT '',
    address      TEXT        NOT NULL DEFAULT '',
    user_agent   TEXT        NOT NULL DEFAULT '',
    request_id   TEXT        NOT NULL DEFAULT '',
    occurred_at  TIMESTAMP   NOT NULL
);
CREATE INDEX events_occurred_at_idx ON events (occurred_at, seq);

CREATE TABLE vault (
    name   TEXT  PRIMARY KEY,
    sealed BLOB  NOT NULL
);

-- +goose Down

DROP TABLE vault;
DROP TABLE events;
DROP TABLE signals;
DROP TABLE lockouts;
DROP TABLE signing_keys;
DROP TABLE refresh_tokens;
DROP TABLE sessions;
DROP TABLE service_client_scopes;
DROP TABLE service_clients;
DROP TABLE user_roles;
DROP TABLE role_scopes;
DROP TABLE roles;
DROP TABLE scopes;
DROP TABLE pending_registrations;
DROP TABLE users;
