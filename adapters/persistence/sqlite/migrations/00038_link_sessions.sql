-- +goose Up

-- Link sessions for new accounts (domain.LinkSession). connection_id: the id of the connection that the session
-- creates. announced: account references that webhooks have named, as JSON; '' if there are none. receiver: the address
-- of the webhook receiver. hook_hash: the SHA-256 of the webhook token that the vendor was given. due_at: when the
-- session continues, or until when a worker has claimed it; NULL if nothing is left to do. name, base_url, sealed,
-- account_ref, announced, actor and receiver are empty then. The token of the vendor's page is not stored.
CREATE TABLE link_sessions (
    id            TEXT NOT NULL,
    connection_id TEXT NOT NULL,
    vendor        TEXT NOT NULL,
    name          TEXT NOT NULL,
    base_url      TEXT NOT NULL,
    sealed        BLOB NOT NULL,
    actor         TEXT NOT NULL,
    receiver      TEXT NOT NULL,
    hook_hash     BLOB,
    state         TEXT NOT NULL CHECK (state IN ('open', 'connected', 'done', 'closing', 'abandoned')),
    account_ref   TEXT NOT NULL,
    announced     TEXT NOT NULL,
    created_at    INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    ended_at      INTEGER,
    due_at        INTEGER,
    attempts      INTEGER NOT NULL,
    tenant_id     TEXT NOT NULL,
    PRIMARY KEY (id, tenant_id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX link_sessions_reserved_name ON link_sessions (name, tenant_id) WHERE state = 'open';
CREATE UNIQUE INDEX link_sessions_hook ON link_sessions (hook_hash, tenant_id) WHERE hook_hash IS NOT NULL;
CREATE INDEX link_sessions_due ON link_sessions (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX link_sessions_ended ON link_sessions (ended_at) WHERE due_at IS NULL;
CREATE INDEX link_sessions_of_connection ON link_sessions (connection_id);
