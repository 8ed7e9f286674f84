-- +goose Up

-- client_key: the keyed hash of the client id in the sealed credential. application_key: a hash of vendor, origin and
-- client_key. Both are NULL while the client id is not known, and for connections of the engine.
ALTER TABLE connections ADD COLUMN client_key BLOB;
ALTER TABLE connections ADD COLUMN application_key BLOB;
CREATE INDEX connections_unidentified ON connections (id)
    WHERE client_key IS NULL AND kind = 'aggregator' AND deleted_at IS NULL;

-- application_key: the application to which a webhook belongs that the service has created at the vendor.
-- registration_base_url, registration_sealed: how this webhook is removed, if its connection has another address or
-- client id now; empty and NULL otherwise.
ALTER TABLE webhook_tokens ADD COLUMN application_key BLOB;
ALTER TABLE webhook_tokens ADD COLUMN registration_base_url TEXT NOT NULL DEFAULT '';
ALTER TABLE webhook_tokens ADD COLUMN registration_sealed BLOB;
CREATE UNIQUE INDEX webhook_tokens_application ON webhook_tokens (application_key, tenant_id)
    WHERE revoked_at IS NULL;

-- The key with which client ids are hashed, sealed. One row.
CREATE TABLE client_hash_keys (
    sealed    BLOB NOT NULL,
    tenant_id TEXT NOT NULL,
    PRIMARY KEY (tenant_id)
) STRICT, WITHOUT ROWID;
