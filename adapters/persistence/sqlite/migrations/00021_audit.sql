-- +goose Up

-- The audit entries that have no number yet. A change of an operator inserts its entry here, in its own transaction.
CREATE TABLE audit_pending (
    id         TEXT    NOT NULL,
    made_at    INTEGER NOT NULL,
    actor      TEXT    NOT NULL,
    action     TEXT    NOT NULL,
    object     TEXT    NOT NULL,
    request_id TEXT    NOT NULL,
    detail     TEXT    NOT NULL,
    tenant_id  TEXT    NOT NULL,
    PRIMARY KEY (id, tenant_id)
) STRICT, WITHOUT ROWID;

-- The numbered audit entries. sequence: the number, which is the index of the leaf in the tenant's Merkle tree.
CREATE TABLE audit_entries (
    sequence   INTEGER NOT NULL,
    made_at    INTEGER NOT NULL,
    actor      TEXT    NOT NULL,
    action     TEXT    NOT NULL,
    object     TEXT    NOT NULL,
    request_id TEXT    NOT NULL,
    detail     TEXT    NOT NULL,
    tenant_id  TEXT    NOT NULL,
    PRIMARY KEY (sequence, tenant_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX audit_entries_tenant ON audit_entries (tenant_id, sequence);
CREATE INDEX audit_entries_object ON audit_entries (object, tenant_id, sequence);
CREATE INDEX audit_entries_actor ON audit_entries (actor, tenant_id, sequence);

-- The hashes of the Merkle trees, by their indexes (StoredHashIndex of golang.org/x/mod/sumdb/tlog).
CREATE TABLE audit_hashes (
    position  INTEGER NOT NULL,
    hash      BLOB    NOT NULL,
    tenant_id TEXT    NOT NULL,
    PRIMARY KEY (position, tenant_id)
) STRICT, WITHOUT ROWID;

-- The signed checkpoints, one for each batch of numbered entries.
CREATE TABLE audit_checkpoints (
    size      INTEGER NOT NULL,
    note      BLOB    NOT NULL,
    tenant_id TEXT    NOT NULL,
    PRIMARY KEY (size, tenant_id)
) STRICT, WITHOUT ROWID;

-- The number of numbered entries of each tenant. Who numbers entries locks the row. announced_at: when a checkpoint of
-- the tenant was last logged.
CREATE TABLE audit_heads (
    size         INTEGER NOT NULL,
    announced_at INTEGER,
    tenant_id    TEXT    NOT NULL,
    PRIMARY KEY (tenant_id)
) STRICT, WITHOUT ROWID;

-- The sealed key that signs the checkpoints, in at most one row, whose tenant_id is the nil UUID.
CREATE TABLE audit_keys (
    sealed    BLOB NOT NULL,
    tenant_id TEXT NOT NULL,
    PRIMARY KEY (tenant_id)
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE audit_keys;
DROP TABLE audit_heads;
DROP TABLE audit_checkpoints;
DROP TABLE audit_hashes;
DROP TABLE audit_entries;
DROP TABLE audit_pending;
