-- +goose Up

-- Lists over all connections of a tenant. Failed pulls are few, so their index is small.
CREATE INDEX connections_of_tenant ON connections (tenant_id, id);
CREATE INDEX accounts_of_tenant ON accounts (tenant_id, external_id, id);
CREATE INDEX pulls_failed ON pulls (tenant_id, created_at, id) WHERE state = 'failed';

-- The key that encrypts positions of the change feed in cursors. It must never change, because a consumer
-- may keep a cursor for any time. It protects nothing but the position.
ALTER TABLE feed ADD COLUMN cursor_key bytea;
UPDATE feed SET cursor_key = sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));
ALTER TABLE feed ALTER COLUMN cursor_key SET NOT NULL;

-- The highest position that is accepted in a cursor that is not encrypted. Such cursors were returned by
-- earlier versions, and by processes of an earlier version that still run for a while. A new database has none.
ALTER TABLE feed ADD COLUMN plain_until bigint NOT NULL DEFAULT 0;
-- In a cluster that a dump was restored into, the ids of transactions may be lower than those in the rows.
UPDATE feed SET plain_until = 1000000 + CASE
    WHEN cluster = (SELECT system_identifier FROM pg_control_system()) THEN shift + pg_current_xact_id()::text::bigint
    ELSE greatest(shift, (SELECT max(change_tx) FROM transactions)) END
    WHERE EXISTS (SELECT 1 FROM transactions);

-- +goose Down
ALTER TABLE feed DROP COLUMN plain_until;
ALTER TABLE feed DROP COLUMN cursor_key;
DROP INDEX pulls_failed;
DROP INDEX accounts_of_tenant;
DROP INDEX connections_of_tenant;
