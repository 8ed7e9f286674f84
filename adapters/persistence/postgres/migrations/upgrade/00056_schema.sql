-- +goose Up

-- Brings a database of commit 68f45046, whose schema has version 55, to the schema of ../00056_schema.sql. A test
-- compares the results. The file is removed with version 1.0.

ALTER TABLE transactions ADD COLUMN barcode text NOT NULL COLLATE "C" DEFAULT '';
ALTER TABLE transactions ADD COLUMN tx_id text NOT NULL COLLATE "C" DEFAULT '';
ALTER TABLE transaction_versions ADD COLUMN barcode text NOT NULL COLLATE "C" DEFAULT '';
ALTER TABLE transaction_versions ADD COLUMN tx_id text NOT NULL COLLATE "C" DEFAULT '';

DROP INDEX transactions_end_to_end_id;
DROP INDEX transactions_institution_id;
DROP INDEX transactions_authentication_code;
DROP INDEX transactions_reference_number;
DROP INDEX transactions_receiver_reference_id;
DROP INDEX transactions_tracking_key;
DROP INDEX transactions_cheque_number;
-- The references of transactions. Upper and lower case letters are equal.
CREATE INDEX transactions_end_to_end_id ON transactions (tenant_id, lower(end_to_end_id), date, id)
    WHERE end_to_end_id <> '';
CREATE INDEX transactions_institution_id ON transactions (tenant_id, lower(institution_id), date, id)
    WHERE institution_id <> '';
CREATE INDEX transactions_authentication_code ON transactions (tenant_id, lower(authentication_code), date, id)
    WHERE authentication_code <> '';
CREATE INDEX transactions_reference_number ON transactions (tenant_id, lower(reference_number), date, id)
    WHERE reference_number <> '' AND lower(reference_number) <> lower(end_to_end_id);
CREATE INDEX transactions_receiver_reference_id ON transactions (tenant_id, lower(receiver_reference_id), date, id)
    WHERE receiver_reference_id <> '';
CREATE INDEX transactions_tracking_key ON transactions (tenant_id, lower(tracking_key), date, id)
    WHERE tracking_key <> '';
CREATE INDEX transactions_cheque_number ON transactions (tenant_id, lower(cheque_number), date, id)
    WHERE cheque_number <> '';
CREATE INDEX transactions_barcode ON transactions (tenant_id, lower(barcode), date, id)
    WHERE barcode <> '';
CREATE INDEX transactions_tx_id ON transactions (tenant_id, lower(tx_id), date, id)
    WHERE tx_id <> '';
CREATE INDEX transactions_counterparty_document ON transactions (tenant_id, counterparty_document, date, id)
    WHERE counterparty_document <> '';

-- A list of the pending transactions; few are.
CREATE INDEX transactions_pending ON transactions (connection_id, date, id) WHERE status = 'pending';

ALTER TABLE absent_transactions ADD COLUMN held_sync timestamptz;
ALTER TABLE absent_transactions ADD COLUMN proved_by uuid;
ALTER TABLE accounts ADD COLUMN held_at timestamptz;
ALTER TABLE accounts ADD COLUMN held_sync timestamptz;
