-- +goose Up

-- A webhook belongs to the connections with the account reference that it names. References that are UUIDs are compared
-- regardless of case.
CREATE INDEX connections_reference ON connections (tenant_id, lower(account_ref COLLATE "C")) WHERE deleted_at IS NULL;

-- The token through which the last webhook of a live connection came.
CREATE TABLE last_webhook_tokens (
    connection_id uuid NOT NULL,
    tenant_id     uuid NOT NULL,
    token_id      uuid NOT NULL,
    PRIMARY KEY (connection_id, tenant_id)
);

CREATE INDEX last_webhook_tokens_token ON last_webhook_tokens (token_id);
