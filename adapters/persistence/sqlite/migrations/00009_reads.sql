-- +goose Up

-- Lists over all connections of a tenant. Failed pulls are few, so their index is small.
CREATE INDEX connections_of_tenant ON connections (tenant_id, id);
CREATE INDEX accounts_of_tenant ON accounts (tenant_id, external_id, id);
CREATE INDEX pulls_failed ON pulls (tenant_id, created_at, id) WHERE state = 'failed';

-- The key that encrypts positions of the change feed in cursors. It must never change, because a consumer
-- may keep a cursor for any time. It protects nothing but the position.
ALTER TABLE feed ADD COLUMN cursor_key BLOB;
UPDATE feed SET cursor_key = randomblob(32);

-- The highest position that is accepted in a cursor that is not encrypted. Such cursors were returned by
-- earlier versions, and by processes of an earlier version that still run for a while. A new database has none.
ALTER TABLE feed ADD COLUMN plain_until INTEGER NOT NULL DEFAULT 0;
UPDATE feed SET plain_until = tx + 1000000 WHERE EXISTS (SELECT 1 FROM transactions);

-- +goose Down
ALTER TABLE feed DROP COLUMN plain_until;
ALTER TABLE feed DROP COLUMN cursor_key;
DROP INDEX pulls_failed;
DROP INDEX accounts_of_tenant;
DROP INDEX connections_of_tenant;
