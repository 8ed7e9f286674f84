-- +goose Up

-- The audit entries that have no number yet. A change of an operator inserts its entry here, in its own transaction.
CREATE TABLE audit_pending (
    id         uuid        NOT NULL,
    made_at    timestamptz NOT NULL,
    actor      text        NOT NULL,
    action     text        NOT NULL,
    object     text        NOT NULL,
    request_id text        NOT NULL,
    detail     text        NOT NULL,
    tenant_id  uuid        NOT NULL,
    PRIMARY KEY (id, tenant_id)
);

-- The numbered audit entries. sequence: the number, which is the index of the leaf in the tenant's Merkle tree.
CREATE TABLE audit_entries (
    sequence   bigint      NOT NULL,
    made_at    timestamptz NOT NULL,
    actor      text        NOT NULL,
    action     text        NOT NULL,
    object     text        NOT NULL,
    request_id text        NOT NULL,
    detail     text        NOT NULL,
    tenant_id  uuid        NOT NULL,
    PRIMARY KEY (sequence, tenant_id)
);

CREATE INDEX audit_entries_tenant ON audit_entries (tenant_id, sequence);
CREATE INDEX audit_entries_object ON audit_entries (object, tenant_id, sequence);
CREATE INDEX audit_entries_actor ON audit_entries (actor, tenant_id, sequence);

-- The hashes of the Merkle trees, by their indexes (StoredHashIndex of golang.org/x/mod/sumdb/tlog).
CREATE TABLE audit_hashes (
    position  bigint NOT NULL,
    hash      bytea  NOT NULL,
    tenant_id uuid   NOT NULL,
    PRIMARY KEY (position, tenant_id)
);

-- The signed checkpoints, one for each batch of numbered entries.
CREATE TABLE audit_checkpoints (
    size      bigint NOT NULL,
    note      bytea  NOT NULL,
    tenant_id uuid   NOT NULL,
    PRIMARY KEY (size, tenant_id)
);

-- The number of numbered entries of each tenant. Who numbers entries locks the row. announced_at: when a checkpoint of
-- the tenant was last logged.
CREATE TABLE audit_heads (
    size         bigint NOT NULL,
    announced_at timestamptz,
    tenant_id    uuid   NOT NULL,
    PRIMARY KEY (tenant_id)
);

-- The sealed key that signs the checkpoints, in at most one row, whose tenant_id is the nil UUID.
CREATE TABLE audit_keys (
    sealed    bytea NOT NULL,
    tenant_id uuid  NOT NULL,
    PRIMARY KEY (tenant_id)
);

-- +goose Down
DROP TABLE audit_keys;
DROP TABLE audit_heads;
DROP TABLE audit_checkpoints;
DROP TABLE audit_hashes;
DROP TABLE audit_entries;
DROP TABLE audit_pending;
