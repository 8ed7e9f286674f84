-- +goose Up

-- usage_*: what the service has caused at the institution since usage_month (domain.MonthlyUsage).
ALTER TABLE connections
    ADD COLUMN usage_month     timestamptz,
    ADD COLUMN usage_refreshes integer NOT NULL DEFAULT 0,
    ADD COLUMN usage_pulls     integer NOT NULL DEFAULT 0;
