-- +goose Up

-- A claim reads the deliveries that joined its pull. They came since the pull was queued,
-- so that they are a range of deliveries_of_connection, and an index over pull_id would
-- only cost every delivery a page. Those that joined a queued pull and came before it are
-- written down here: what is replayed, by a trigger, and what the door takes in another
-- order than it came, by the door.
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

-- What a pull asks for is fixed when it is queued no more.
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
