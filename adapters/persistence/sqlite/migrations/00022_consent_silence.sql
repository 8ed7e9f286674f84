-- +goose Up

-- What the vendor has reported about the consent of the account holder (domain.Consent). consent_notice_at: when it
-- begins to expire; NULL once that was noticed.
--
-- webhook_*: the vendor's synchronisations and their webhooks (domain.WebhookWatch). webhook_every is in microseconds.
-- webhook_due_at: the synchronisation whose webhook is awaited. webhook_missed_at: the one that no webhook has
-- followed; NULL unless the connection is silent.
ALTER TABLE connections ADD COLUMN consent_status TEXT NOT NULL DEFAULT '';
ALTER TABLE connections ADD COLUMN consent_key TEXT NOT NULL DEFAULT '';
ALTER TABLE connections ADD COLUMN consent_expires_at INTEGER;
ALTER TABLE connections ADD COLUMN consent_notice_at INTEGER;
ALTER TABLE connections ADD COLUMN webhook_next_at INTEGER;
ALTER TABLE connections ADD COLUMN webhook_every INTEGER NOT NULL DEFAULT 0;
ALTER TABLE connections ADD COLUMN webhook_news_only INTEGER NOT NULL DEFAULT 0;
ALTER TABLE connections ADD COLUMN webhook_due_at INTEGER;
ALTER TABLE connections ADD COLUMN webhook_missed_at INTEGER;

CREATE INDEX connections_consent_expiry ON connections (consent_expires_at)
    WHERE consent_expires_at IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX connections_consent_notice ON connections (consent_notice_at)
    WHERE consent_notice_at IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX connections_webhook_due ON connections (webhook_due_at)
    WHERE webhook_due_at IS NOT NULL AND deleted_at IS NULL AND paused_at IS NULL;
CREATE INDEX connections_silent ON connections (webhook_missed_at)
    WHERE webhook_missed_at IS NOT NULL AND deleted_at IS NULL AND paused_at IS NULL;

-- +goose Down
DROP INDEX connections_silent;
DROP INDEX connections_webhook_due;
DROP INDEX connections_consent_notice;
DROP INDEX connections_consent_expiry;
ALTER TABLE connections DROP COLUMN webhook_missed_at;
ALTER TABLE connections DROP COLUMN webhook_due_at;
ALTER TABLE connections DROP COLUMN webhook_news_only;
ALTER TABLE connections DROP COLUMN webhook_every;
ALTER TABLE connections DROP COLUMN webhook_next_at;
ALTER TABLE connections DROP COLUMN consent_notice_at;
ALTER TABLE connections DROP COLUMN consent_expires_at;
ALTER TABLE connections DROP COLUMN consent_key;
ALTER TABLE connections DROP COLUMN consent_status;
