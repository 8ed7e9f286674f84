-- +goose Up
-- The rows of the pulls are the queue. They contain everything that the jobs of River contained.
DROP TABLE IF EXISTS river_client_queue, river_client, river_job, river_leader, river_migration, river_notification,
	river_queue;
DROP TYPE IF EXISTS river_job_state CASCADE; -- with River's function that has a parameter of this type
