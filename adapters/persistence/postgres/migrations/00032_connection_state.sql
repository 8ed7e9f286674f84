-- +goose Up

-- usage_*: what the service has caused at the institution since usage_month (domain.MonthlyUsage).
ALTER TABLE connections
    ADD COLUMN usage_month     timestamptz,
    ADD COLUMN usage_refreshes integer NOT NULL DEFAULT 0,
    ADD COLUMN usage_pulls     integer NOT NULL DEFAULT 0;

-- *_announced: an event has reported the problem, and no event has reported its end yet (domain.Announced).
ALTER TABLE connections
    ADD COLUMN reauth_announced  boolean NOT NULL DEFAULT false,
    ADD COLUMN failure_announced boolean NOT NULL DEFAULT false;
UPDATE connections SET reauth_announced = true WHERE needs_reauth AND kind = 'aggregator';
