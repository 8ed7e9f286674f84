-- +goose Up

-- On Citus, a transaction that changes several tables needs this setting. Elsewhere it has no effect.
SET LOCAL citus.multi_shard_modify_mode = 'sequential';

-- The applications that operators have created: credentials that several connections share (domain.Application).
-- renewal_*: the webhook that is to be created at the vendor because the client id has changed.
CREATE TABLE applications (
    id               uuid NOT NULL,
    vendor           text NOT NULL,
    name             text NOT NULL COLLATE "C",
    base_url         text NOT NULL,
    sealed           bytea NOT NULL,
    revision         bigint NOT NULL,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    renewal_due_at   timestamptz,
    renewal_since    timestamptz,
    renewal_attempts integer NOT NULL,
    renewal_receiver text NOT NULL,
    renewal_actor    text NOT NULL,
    tenant_id        uuid NOT NULL,
    PRIMARY KEY (id, tenant_id)
);

CREATE UNIQUE INDEX applications_name ON applications (name, tenant_id);
CREATE INDEX applications_list ON applications (tenant_id, name, id);
CREATE INDEX applications_renewal ON applications (renewal_due_at) WHERE renewal_due_at IS NOT NULL;

-- application_id: the application whose credential the connection, or the link session, uses; NULL if it has a
-- credential of its own.
ALTER TABLE connections ADD COLUMN application_id uuid;
CREATE INDEX connections_application ON connections (application_id, tenant_id) WHERE application_id IS NOT NULL;

ALTER TABLE link_sessions ADD COLUMN application_id uuid;
CREATE INDEX link_sessions_application ON link_sessions (application_id, tenant_id) WHERE application_id IS NOT NULL;
