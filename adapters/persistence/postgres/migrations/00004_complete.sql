-- +goose Up

-- Whether the pull reads everything that the vendor has. Only such pulls put off the next reconciliation
-- of their connection. It is known from the request of the pull, or from its first claim. Of older pulls it is
-- known only for those that requested everything; a connection without such a pull is reconciled once.
ALTER TABLE pulls ADD COLUMN complete boolean NOT NULL DEFAULT false;

UPDATE pulls SET complete = true WHERE trigger = 'reconcile' OR ask LIKE '{"everything":true%';

CREATE INDEX pulls_complete ON pulls (connection_id, finished_at)
    WHERE complete AND state IN ('succeeded', 'failed');

-- +goose Down
DROP INDEX pulls_complete;
ALTER TABLE pulls DROP COLUMN complete;
