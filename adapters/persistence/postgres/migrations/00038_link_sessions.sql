-- +goose Up

-- Link sessions for new accounts (domain.LinkSession). connection_id: the id of the connection that the session
-- creates. announced: account references that webhooks have named, as JSON; '' if there are none. receiver: the address
-- of the webhook receiver. hook_hash: the SHA-256 of the webhook token that the vendor was given. due_at: when the
-- session continues, or until when a worker has claimed it; NULL if nothing is left to do. name, base_url, sealed,
-- account_ref, announced, actor and receiver are empty then. The token of the vendor's page is not stored.
CREATE TABLE link_sessions (
    id            uuid        NOT NULL,
    connection_id uuid        NOT NULL,
    vendor        text        NOT NULL,
    name          text        NOT NULL COLLATE "C",
    base_url      text        NOT NULL,
    sealed        bytea       NOT NULL,
    actor         text        NOT NULL,
    receiver      text        NOT NULL,
    hook_hash     bytea,
    state         text        NOT NULL CHECK (state IN ('open', 'connected', 'done', 'closing', 'abandoned')),
    account_ref   text        NOT NULL,
    announced     text        NOT NULL,
    created_at    timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    ended_at      timestamptz,
    due_at        timestamptz,
    attempts      integer     NOT NULL,
    tenant_id     uuid        NOT NULL,
    PRIMARY KEY (id, tenant_id)
);

CREATE UNIQUE INDEX link_sessions_reserved_name ON link_sessions (name, tenant_id) WHERE state = 'open';
CREATE UNIQUE INDEX link_sessions_hook ON link_sessions (hook_hash, tenant_id) WHERE hook_hash IS NOT NULL;
CREATE INDEX link_sessions_due ON link_sessions (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX link_sessions_ended ON link_sessions (ended_at) WHERE due_at IS NULL;
CREATE INDEX link_sessions_of_connection ON link_sessions (connection_id);
