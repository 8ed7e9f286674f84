-- +goose Up

-- The account references that connections had before an edit, and those of erased connections. digest: the SHA-256 of
-- the reference (domain.DigestOfReference). account_ref: '' as soon as the erasure has ended. erased: the connection is
-- erased, or being erased.
CREATE TABLE account_references (
    digest        bytea   NOT NULL,
    connection_id uuid    NOT NULL,
    account_ref   text    NOT NULL,
    erased        boolean NOT NULL,
    tenant_id     uuid    NOT NULL,
    PRIMARY KEY (digest, connection_id, tenant_id)
);

CREATE INDEX account_references_by_connection ON account_references (connection_id, tenant_id);

-- +goose Down
DROP TABLE account_references;
