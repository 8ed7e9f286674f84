-- +goose Up

-- usage_*: what the service has caused at the institution since usage_month (domain.MonthlyUsage).
ALTER TABLE connections ADD COLUMN usage_month INTEGER;
ALTER TABLE connections ADD COLUMN usage_refreshes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE connections ADD COLUMN usage_pulls INTEGER NOT NULL DEFAULT 0;
