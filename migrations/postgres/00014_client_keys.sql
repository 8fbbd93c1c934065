-- How clients prove themselves, and the public keys of those that sign.

-- +goose Up

ALTER TABLE service_clients ADD COLUMN token_endpoint_auth_method text NOT NULL DEFAULT 'client_secret_basic';
ALTER TABLE service_clients ADD COLUMN jwks text NOT NULL DEFAULT '';
UPDATE service_clients SET token_endpoint_auth_method = 'none' WHERE is_first_party;

-- +goose Down

ALTER TABLE service_clients DROP COLUMN jwks;
ALTER TABLE service_clients DROP COLUMN token_endpoint_auth_method;
