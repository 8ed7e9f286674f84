-- +goose Up

-- usage_*: what the service has caused at the institution since usage_month (domain.MonthlyUsage).
ALTER TABLE connections ADD COLUMN usage_month INTEGER;
ALTER TABLE connections ADD COLUMN usage_refreshes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE connections ADD COLUMN usage_pulls INTEGER NOT NULL DEFAULT 0;

-- *_announced: an event has reported the problem, and no event has reported its end yet (domain.Announced).
ALTER TABLE connections ADD COLUMN reauth_announced INTEGER NOT NULL DEFAULT 0;
ALTER TABLE connections ADD COLUMN failure_announced INTEGER NOT NULL DEFAULT 0;
UPDATE connections SET reauth_announced = 1 WHERE needs_reauth <> 0 AND kind = 'aggregator';
