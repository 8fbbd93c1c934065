-- +goose Up

CREATE TABLE users (
    id                          uuid        PRIMARY KEY,
    username                    text        NOT NULL,
    username_folded             text        NOT NULL,
    email                       text        NOT NULL,
    email_folded                text        NOT NULL,
    password_hash               text        NOT NULL,
    first_name                  text        NOT NULL DEFAULT '',
    last_name                   text        NOT NULL DEFAULT '',
    display_name                text        NOT NULL DEFAULT '',
    bio                         text        NOT NULL DEFAULT '',
    is_active                   boolean     NOT NULL DEFAULT TRUE,
    is_verified                 boolean     NOT NULL DEFAULT FALSE,
    is_superuser                boolean     NOT NULL DEFAULT FALSE,
    last_login                  timestamptz,
    failed_login_attempts       integer     NOT NULL DEFAULT 0,
    locked_until                timestamptz,
    password_changed_at         timestamptz,
    email_verification_token    text,
    email_verification_sent_at  timestamptz,
    password_reset_token        text,
    password_reset_sent_at      timestamptz,
    version                     bigint      NOT NULL DEFAULT 1,
    created_at                  timestamptz NOT NULL,
    updated_at                  timestamptz NOT NULL,
    CONSTRAINT users_username_folded_key UNIQUE (username_folded),
    CONSTRAINT users_email_folded_key UNIQUE (email_folded)
);
CREATE INDEX users_username_idx ON users (username);
CREATE INDEX users_email_idx ON users (email);
CREATE INDEX users_is_active_idx ON users (is_active);
CREATE INDEX users_username_is_active_idx ON users (username, is_active);
CREATE INDEX users_superuser_idx ON users (is_active) WHERE is_superuser;

CREATE TABLE pending_registrations (
    id              bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    username        text        NOT NULL,
    username_folded text        NOT NULL,
    email           text        NOT NULL,
    email_folded    text        NOT NULL,
    password_hash   text        NOT NULL,
    expires_at      timestamptz NOT NULL,
    CONSTRAINT pending_registrations_username_folded_key UNIQUE (username_folded)
);
CREATE INDEX pending_registrations_email_folded_idx ON pending_registrations (email_folded);
CREATE INDEX pending_registrations_expires_at_idx ON pending_registrations (expires_at);

CREATE TABLE scopes (
    id          uuid        PRIMARY KEY,
    name        text        NOT NULL,
    description text        NOT NULL DEFAULT '',
    resource    text        NOT NULL,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    CONSTRAINT scopes_name_key UNIQUE (name)
);

CREATE TABLE roles (
    id          uuid        PRIMARY KEY,
    name        text        NOT NULL,
    description text        NOT NULL DEFAULT '',
    version     bigint      NOT NULL DEFAULT 1,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    CONSTRAINT roles_name_key UNIQUE (name)
);

CREATE TABLE role_scopes (
    role_id     uuid        NOT NULL CONSTRAINT role_scopes_role_id_fkey REFERENCES roles (id) ON DELETE CASCADE,
    scope_id    uuid        NOT NULL CONSTRAINT role_scopes_scope_id_fkey REFERENCES scopes (id),
    assigned_at timestamptz NOT NULL,
    PRIMARY KEY (role_id, scope_id)
);
CREATE INDEX role_scopes_scope_id_idx ON role_scopes (scope_id);

CREATE TABLE user_roles (
    user_id     uuid        NOT NULL CONSTRAINT user_roles_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
    role_id     uuid        NOT NULL CONSTRAINT user_roles_role_id_fkey REFERENCES roles (id) ON DELETE CASCADE,
    assigned_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, role_id)
);
CREATE INDEX user_roles_role_id_idx ON user_roles (role_id);

CREATE TABLE service_clients (
    id                    uuid        PRIMARY KEY,
    client_id             text        NOT NULL,
    client_secret_hash    text,
    name                  text        NOT NULL,
    description           text        NOT NULL DEFAULT '',
    is_active             boolean     NOT NULL DEFAULT TRUE,
    is_first_party        boolean     NOT NULL DEFAULT FALSE,
    grant_types           text        NOT NULL,
    access_token_lifetime integer,
    version               bigint      NOT NULL DEFAULT 1,
    created_at            timestamptz NOT NULL,
    updated_at            timestamptz NOT NULL,
    CONSTRAINT service_clients_client_id_key UNIQUE (client_id)
);

CREATE TABLE service_client_scopes (
    service_client_id uuid        NOT NULL CONSTRAINT service_client_scopes_service_client_id_fkey REFERENCES service_clients (id) ON DELETE CASCADE,
    scope_id          uuid        NOT NULL CONSTRAINT service_client_scopes_scope_id_fkey REFERENCES scopes (id),
    assigned_at       timestamptz NOT NULL,
    PRIMARY KEY (service_client_id, scope_id)
);
CREATE INDEX service_client_scopes_scope_id_idx ON service_client_scopes (scope_id);

CREATE TABLE sessions (
    id         uuid        PRIMARY KEY,
    user_id    uuid        NOT NULL CONSTRAINT sessions_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
    client_id  text        NOT NULL,
    address    text        NOT NULL DEFAULT '',
    user_agent text        NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at   timestamptz,
    end_reason text        NOT NULL DEFAULT ''
);
CREATE INDEX sessions_user_id_idx ON sessions (user_id);
CREATE INDEX sessions_expires_at_idx ON sessions (expires_at);

CREATE TABLE refresh_tokens (
    id            uuid        PRIMARY KEY,
    jti           text        NOT NULL,
    session_id    uuid        NOT NULL CONSTRAINT refresh_tokens_session_id_fkey REFERENCES sessions (id) ON DELETE CASCADE,
    user_id       uuid        NOT NULL,
    client_id     text        NOT NULL,
    scope         text        NOT NULL,
    expires_at    timestamptz NOT NULL,
    is_revoked    boolean     NOT NULL DEFAULT FALSE,
    is_used       boolean     NOT NULL DEFAULT FALSE,
    created_at    timestamptz NOT NULL,
    used_at       timestamptz,
    successor_key text        NOT NULL DEFAULT '',
    CONSTRAINT refresh_tokens_jti_key UNIQUE (jti)
) WITH (fillfactor = 90); -- room for the one update that spends a token, on its own page
CREATE INDEX refresh_tokens_session_id_idx ON refresh_tokens (session_id);
CREATE INDEX refresh_tokens_user_id_idx ON refresh_tokens (user_id);
CREATE INDEX refresh_tokens_user_id_client_id_idx ON refresh_tokens (user_id, client_id);
CREATE INDEX refresh_tokens_expires_at_idx ON refresh_tokens (expires_at);

CREATE TABLE signing_keys (
    id           text        PRIMARY KEY,
    algorithm    text        NOT NULL,
    state        text        NOT NULL,
    sealed       bytea       NOT NULL,
    public_jwk   bytea,
    created_at   timestamptz NOT NULL,
    activated_at timestamptz,
    retired_at   timestamptz,
    expires_at   timestamptz
);

CREATE TABLE lockouts (
    key          text        PRIMARY KEY,
    failures     integer     NOT NULL,
    pending      integer     NOT NULL,
    pending_at   timestamptz,
    level        integer     NOT NULL,
    locked_until timestamptz,
    version      bigint      NOT NULL,
    updated_at   timestamptz
);
CREATE INDEX lockouts_updated_at_idx ON lockouts (updated_at);

CREATE TABLE signals (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind       text        NOT NULL,
    subject    text        NOT NULL,
    before     timestamptz,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX signals_created_at_idx ON signals (created_at);
CREATE INDEX signals_expires_at_idx ON signals (expires_at);

CREATE TABLE events (
    seq          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id           uuid        NOT NULL,
    type         text        NOT NULL,
    outcome      text        NOT NULL,
    reason       text        NOT NULL DEFAULT '',
    actor_kind   text        NOT NULL,
    actor_id     text        NOT NULL,
    actor_name   text        NOT NULL DEFAULT '',
    subject_kind text        NOT NULL,
    subject_id   text        NOT NULL,
    subject_name text        NOT NULL DEFAULT '',
    address      text        NOT NULL DEFAULT '',
    user_agent   text        NOT NULL DEFAULT '',
    request_id   text        NOT NULL DEFAULT '',
    occurred_at  timestamptz NOT NULL
);
CREATE INDEX events_occurred_at_idx ON events (occurred_at, seq);

CREATE TABLE vault (
    name   text  PRIMARY KEY,
    sealed bytea NOT NULL
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
