-- +goose Up

-- scanned_sources: a hash of the sources that were compared with the entries; 0 if none were. failing_since: when the calls
-- to Matcher began to fail; NULL if they do not fail (ports.MatcherState).
ALTER TABLE subscriptions RENAME COLUMN scanned_revision TO scanned_sources;
ALTER TABLE subscriptions ADD COLUMN failing_since INTEGER;
