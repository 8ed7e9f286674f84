-- +goose Up

-- source_hash: the SHA-256 of the token's own source secret. registration: whether the service has created the webhook
-- at the vendor ('' if not). registration_id: the vendor's id of the webhook. registration_due: when the webhook is
-- removed at the vendor, unless the registration is active. No column needs a rewrite of the table.
ALTER TABLE webhook_tokens
    ADD COLUMN source_hash bytea,
    ADD COLUMN registration text NOT NULL DEFAULT '',
    ADD COLUMN registration_id text NOT NULL DEFAULT '',
    ADD COLUMN registration_due timestamptz,
    ADD COLUMN registration_attempts integer NOT NULL DEFAULT 0;

CREATE INDEX webhook_tokens_registration ON webhook_tokens (registration_due)
    WHERE registration IN ('pending', 'removing');

-- +goose Down
ALTER TABLE webhook_tokens
    DROP COLUMN registration_attempts,
    DROP COLUMN registration_due,
    DROP COLUMN registration_id,
    DROP COLUMN registration,
    DROP COLUMN source_hash;
