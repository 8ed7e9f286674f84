-- What an earlier version's job queue has left in the database: the names of its tables, of a type and of a function
-- that depends on the type. The migration knows only these names, so the columns are few.
CREATE TYPE river_job_state AS ENUM ('available', 'running');
CREATE FUNCTION river_job_state_in_bitmask(bitmask bit, state river_job_state) RETURNS boolean
    LANGUAGE sql IMMUTABLE AS $$ SELECT state = 'running' $$;
CREATE TABLE river_job (
    id    bigserial PRIMARY KEY,
    args  jsonb NOT NULL,
    kind  text NOT NULL,
    queue text NOT NULL,
    state river_job_state NOT NULL
);
CREATE INDEX river_job_state_index ON river_job (id) WHERE river_job_state_in_bitmask(B'1', state);
CREATE TABLE river_client (id text PRIMARY KEY);
CREATE TABLE river_client_queue (id text REFERENCES river_client (id));
CREATE UNLOGGED TABLE river_leader (name text PRIMARY KEY);
CREATE TABLE river_migration (version bigint PRIMARY KEY);
CREATE TABLE river_notification (id bigserial PRIMARY KEY);
CREATE TABLE river_queue (name text PRIMARY KEY);
