-- +goose Up

-- reauth_since: when needs_reauth became true. consent_since: when consent_status last changed. Both are NULL for states
-- that an earlier version of the service has stored.
ALTER TABLE connections ADD COLUMN reauth_since timestamptz;
ALTER TABLE connections ADD COLUMN consent_since timestamptz;

-- The list of the connections that need attention reads these tables by tenant.
CREATE INDEX quarantined_rows_of_tenant ON quarantined_rows (tenant_id, connection_id, first_seen_at);
CREATE INDEX absent_transactions_held ON absent_transactions (tenant_id, connection_id, held_at)
    WHERE held_at IS NOT NULL;
CREATE INDEX account_completeness_drifting ON account_completeness (tenant_id, connection_id)
    WHERE drift_since IS NOT NULL;

-- The index of the search. A background task fills it after the commit, in the order of the change feed, so that storing
-- a page does not pay for it. amount: as text without trailing zeros. folded: description and counterparty without case
-- and accents, separated by a line feed. Erased transactions have no row.
CREATE TABLE search_index (
    transaction_id uuid NOT NULL,
    connection_id  uuid NOT NULL,
    date           text NOT NULL COLLATE "C",
    amount         text NOT NULL COLLATE "C",
    folded         text NOT NULL,
    tenant_id      uuid NOT NULL,
    PRIMARY KEY (transaction_id, tenant_id)
);

CREATE INDEX search_index_amount ON search_index (tenant_id, amount, date, transaction_id);
CREATE INDEX search_index_connection ON search_index (connection_id, tenant_id);

-- Up to which position of the change feed the transactions of a tenant are in search_index.
CREATE TABLE search_progress (
    change_tx      bigint NOT NULL,
    transaction_id uuid   NOT NULL,
    tenant_id      uuid   NOT NULL,
    PRIMARY KEY (tenant_id)
);

-- Without the extension pg_trgm, a search for text examines the transactions themselves.
-- +goose StatementBegin
DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE INDEX search_index_folded ON search_index USING gin (folded gin_trgm_ops);
EXCEPTION WHEN OTHERS THEN
    RAISE NOTICE 'the extension pg_trgm is not available: %', SQLERRM;
END
$$;
-- +goose StatementEnd
