-- +goose Up

-- What the vendor has reported about the consent of the account holder (domain.Consent). consent_notice_at: when it
-- begins to expire; NULL once that was noticed.
--
-- webhook_*: the vendor's synchronisations and their webhooks (domain.WebhookWatch). webhook_every is in microseconds.
-- webhook_due_at: the synchronisation whose webhook is awaited. webhook_missed_at: the one that no webhook has
-- followed; NULL unless the connection is silent.
ALTER TABLE connections
    ADD COLUMN consent_status     text    NOT NULL DEFAULT '',
    ADD COLUMN consent_key        text    NOT NULL DEFAULT '',
    ADD COLUMN consent_expires_at timestamptz,
    ADD COLUMN consent_notice_at  timestamptz,
    ADD COLUMN webhook_next_at    timestamptz,
    ADD COLUMN webhook_every      bigint  NOT NULL DEFAULT 0,
    ADD COLUMN webhook_news_only  boolean NOT NULL DEFAULT false,
    ADD COLUMN webhook_due_at     timestamptz,
    ADD COLUMN webhook_missed_at  timestamptz;

CREATE INDEX connections_consent_expiry ON connections (consent_expires_at)
    WHERE consent_expires_at IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX connections_consent_notice ON connections (consent_notice_at)
    WHERE consent_notice_at IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX connections_webhook_due ON connections (webhook_due_at)
    WHERE webhook_due_at IS NOT NULL AND deleted_at IS NULL AND paused_at IS NULL;
CREATE INDEX connections_silent ON connections (webhook_missed_at)
    WHERE webhook_missed_at IS NOT NULL AND deleted_at IS NULL AND paused_at IS NULL;

-- +goose Down
DROP INDEX connections_silent, connections_webhook_due, connections_consent_notice, connections_consent_expiry;
ALTER TABLE connections
    DROP COLUMN webhook_missed_at,
    DROP COLUMN webhook_due_at,
    DROP COLUMN webhook_news_only,
    DROP COLUMN webhook_every,
    DROP COLUMN webhook_next_at,
    DROP COLUMN consent_notice_at,
    DROP COLUMN consent_expires_at,
    DROP COLUMN consent_key,
    DROP COLUMN consent_status;
