-- +goose Up

-- reauth_since: when needs_reauth became true. consent_since: when consent_status last changed. Both are NULL for states
-- that an earlier version of the service has stored.
ALTER TABLE connections ADD COLUMN reauth_since INTEGER;
ALTER TABLE connections ADD COLUMN consent_since INTEGER;

-- The list of the connections that need attention reads these tables by tenant.
CREATE INDEX quarantined_rows_of_tenant ON quarantined_rows (tenant_id, connection_id, first_seen_at);
CREATE INDEX absent_transactions_held ON absent_transactions (tenant_id, connection_id, held_at)
    WHERE held_at IS NOT NULL;
CREATE INDEX account_completeness_drifting ON account_completeness (tenant_id, connection_id)
    WHERE drift_since IS NOT NULL;
