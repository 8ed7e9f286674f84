-- +goose Up
-- registration_of_reference: the vendor sends only the events of one account reference to the webhook.
ALTER TABLE webhook_tokens ADD COLUMN registration_of_reference INTEGER NOT NULL DEFAULT 0;
