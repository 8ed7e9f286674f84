-- +goose Up

-- The identifiers by which a person reconciles a transaction, and the tax number of the other party with its type
-- before it. A text is empty if it is not known. The indexes serve the search for the exact value of a reference.

ALTER TABLE transactions ADD COLUMN end_to_end_id TEXT NOT NULL DEFAULT '';
ALTER TABLE transactions ADD COLUMN institution_id TEXT NOT NULL DEFAULT '';
ALTER TABLE transactions ADD COLUMN authentication_code TEXT NOT NULL DEFAULT '';
ALTER TABLE transactions ADD COLUMN reference_number TEXT NOT NULL DEFAULT '';
ALTER TABLE transactions ADD COLUMN receiver_reference_id TEXT NOT NULL DEFAULT '';
ALTER TABLE transactions ADD COLUMN tracking_key TEXT NOT NULL DEFAULT '';
ALTER TABLE transactions ADD COLUMN cheque_number TEXT NOT NULL DEFAULT '';
ALTER TABLE transactions ADD COLUMN counterparty_document TEXT NOT NULL DEFAULT '';

ALTER TABLE transaction_versions ADD COLUMN end_to_end_id TEXT NOT NULL DEFAULT '';
ALTER TABLE transaction_versions ADD COLUMN institution_id TEXT NOT NULL DEFAULT '';
ALTER TABLE transaction_versions ADD COLUMN authentication_code TEXT NOT NULL DEFAULT '';
ALTER TABLE transaction_versions ADD COLUMN reference_number TEXT NOT NULL DEFAULT '';
ALTER TABLE transaction_versions ADD COLUMN receiver_reference_id TEXT NOT NULL DEFAULT '';
ALTER TABLE transaction_versions ADD COLUMN tracking_key TEXT NOT NULL DEFAULT '';
ALTER TABLE transaction_versions ADD COLUMN cheque_number TEXT NOT NULL DEFAULT '';
ALTER TABLE transaction_versions ADD COLUMN counterparty_document TEXT NOT NULL DEFAULT '';

CREATE INDEX transactions_end_to_end_id ON transactions (tenant_id, end_to_end_id, date, id) WHERE end_to_end_id <> '';
CREATE INDEX transactions_institution_id ON transactions (tenant_id, institution_id, date, id) WHERE institution_id <> '';
CREATE INDEX transactions_authentication_code ON transactions (tenant_id, authentication_code, date, id) WHERE authentication_code <> '';
CREATE INDEX transactions_reference_number ON transactions (tenant_id, reference_number, date, id) WHERE reference_number <> '';
CREATE INDEX transactions_receiver_reference_id ON transactions (tenant_id, receiver_reference_id, date, id) WHERE receiver_reference_id <> '';
CREATE INDEX transactions_tracking_key ON transactions (tenant_id, tracking_key, date, id) WHERE tracking_key <> '';
CREATE INDEX transactions_cheque_number ON transactions (tenant_id, cheque_number, date, id) WHERE cheque_number <> '';
