-- +goose Up

-- A claim reads the deliveries that joined its pull. They were received since the pull was queued, so they
-- are a range of deliveries_of_connection, and an index over pull_id would only cost every delivery a
-- page. Late joins, which joined a queued pull and were received before it, are recorded here: replayed
-- deliveries by a trigger, and webhooks stored in another order than received by the statement that
-- stores them.
CREATE TABLE strays (
    pull_id     TEXT NOT NULL,
    delivery_id TEXT NOT NULL,
    PRIMARY KEY (pull_id, delivery_id)
) STRICT, WITHOUT ROWID;

INSERT INTO strays (pull_id, delivery_id)
SELECT p.id, d.id FROM pulls p JOIN deliveries d ON d.pull_id = p.id
WHERE p.state = 'queued' AND d.received_at < p.created_at;

DROP INDEX deliveries_pull;

-- +goose StatementBegin
CREATE TRIGGER deliveries_stray AFTER UPDATE OF pull_id ON deliveries WHEN new.pull_id IS NOT NULL BEGIN
    INSERT OR IGNORE INTO strays (pull_id, delivery_id) VALUES (new.pull_id, new.id);
END;
-- +goose StatementEnd

-- The scope of a pull is fixed once it is no longer queued.
-- +goose StatementBegin
CREATE TRIGGER pulls_forget_strays AFTER UPDATE OF state ON pulls WHEN old.state = 'queued' AND new.state <> 'queued' BEGIN
    DELETE FROM strays WHERE pull_id = old.id;
END;
-- +goose StatementEnd

-- +goose Down
CREATE INDEX deliveries_pull ON deliveries (pull_id) WHERE pull_id IS NOT NULL;
DROP TRIGGER pulls_forget_strays;
DROP TRIGGER deliveries_stray;
DROP TABLE strays;
