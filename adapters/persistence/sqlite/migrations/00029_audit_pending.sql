-- +goose Up

-- The audit entries of committed changes that have no number yet (see 00021_audit.sql). Without a key, an insert appends
-- to the last page; no query needs the key, because the table is nearly empty.
CREATE TABLE unnumbered (
    id         TEXT    NOT NULL,
    made_at    INTEGER NOT NULL,
    actor      TEXT    NOT NULL,
    action     TEXT    NOT NULL,
    object     TEXT    NOT NULL,
    request_id TEXT    NOT NULL,
    detail     TEXT    NOT NULL,
    tenant_id  TEXT    NOT NULL
) STRICT;
INSERT INTO unnumbered SELECT id, made_at, actor, action, object, request_id, detail, tenant_id FROM audit_pending;
DROP TABLE audit_pending;
ALTER TABLE unnumbered RENAME TO audit_pending;

-- +goose Down
CREATE TABLE keyed (
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
INSERT INTO keyed SELECT id, made_at, actor, action, object, request_id, detail, tenant_id FROM audit_pending;
DROP TABLE audit_pending;
ALTER TABLE keyed RENAME TO audit_pending;
