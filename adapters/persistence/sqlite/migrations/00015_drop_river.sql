-- +goose Up

-- The job queue is in memory and polls the pulls, so the tables of River are no longer used. No job is lost: the
-- rows of the pulls contain everything, and the poll finds those that are due.
DROP TABLE IF EXISTS river_client_queue;
DROP TABLE IF EXISTS river_client;
DROP TABLE IF EXISTS river_job;
DROP TABLE IF EXISTS river_leader;
DROP TABLE IF EXISTS river_notification;
DROP TABLE IF EXISTS river_queue;
DROP TABLE IF EXISTS river_migration;

-- +goose Down

-- An earlier version creates the tables of River when it migrates.
SELECT 1;
