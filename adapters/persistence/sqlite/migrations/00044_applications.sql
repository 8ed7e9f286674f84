-- +goose Up

-- The applications that operators have created: credentials that several connections share (domain.Application).
-- renewal_*: the webhook that is to be created at the vendor because the client id has changed.
CREATE TABLE applications (
    id               TEXT NOT NULL,
    vendor           TEXT NOT NULL,
    name             TEXT NOT NULL,
    base_url         TEXT NOT NULL,
    sealed           BLOB NOT NULL,
    revision         INTEGER NOT NULL,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    renewal_due_at   INTEGER,
    renewal_since    INTEGER,
    renewal_attempts INTEGER NOT NULL,
    renewal_receiver TEXT NOT NULL,
    renewal_actor    TEXT NOT NULL,
    tenant_id        TEXT NOT NULL,
    PRIMARY KEY (id, tenant_id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX applications_name ON applications (name, tenant_id);
CREATE INDEX applications_list ON applications (tenant_id, name, id);
CREATE INDEX applications_renewal ON applications (renewal_due_at) WHERE renewal_due_at IS NOT NULL;

-- application_id: the application whose credential the connection, or the link session, uses; NULL if it has a
-- credential of its own.
ALTER TABLE connections ADD COLUMN application_id TEXT;
CREATE INDEX connections_application ON connections (application_id, tenant_id) WHERE application_id IS NOT NULL;

ALTER TABLE link_sessions ADD COLUMN application_id TEXT;
CREATE INDEX link_sessions_application ON link_sessions (application_id, tenant_id) WHERE application_id IS NOT NULL;
