-- +goose Up

-- source_hash: the SHA-256 of the token's own source secret. registration: whether the service has created the webhook
-- at the vendor ('' if not). registration_id: the vendor's id of the webhook. registration_due: when the webhook is
-- removed at the vendor, unless the registration is active.
ALTER TABLE webhook_tokens ADD COLUMN source_hash BLOB;
ALTER TABLE webhook_tokens ADD COLUMN registration TEXT NOT NULL DEFAULT '';
ALTER TABLE webhook_tokens ADD COLUMN registration_id TEXT NOT NULL DEFAULT '';
ALTER TABLE webhook_tokens ADD COLUMN registration_due INTEGER;
ALTER TABLE webhook_tokens ADD COLUMN registration_attempts INTEGER NOT NULL DEFAULT 0;

CREATE INDEX webhook_tokens_registration ON webhook_tokens (registration_due)
    WHERE registration IN ('pending', 'removing');

-- +goose Down
DROP INDEX webhook_tokens_registration;
ALTER TABLE webhook_tokens DROP COLUMN registration_attempts;
ALTER TABLE webhook_tokens DROP COLUMN registration_due;
ALTER TABLE webhook_tokens DROP COLUMN registration_id;
ALTER TABLE webhook_tokens DROP COLUMN registration;
ALTER TABLE webhook_tokens DROP COLUMN source_hash;
