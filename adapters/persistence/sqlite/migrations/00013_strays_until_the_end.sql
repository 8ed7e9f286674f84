-- +goose Up

-- A pull that waits for an account hands its deliveries over to the next pull of its connection, so the late
-- joins are recorded until the pull has ended.
DROP TRIGGER pulls_forget_strays;
-- +goose StatementBegin
CREATE TRIGGER pulls_forget_strays AFTER UPDATE OF state ON pulls WHEN new.state IN ('succeeded', 'failed') BEGIN
    DELETE FROM strays WHERE pull_id = old.id;
END;
-- +goose StatementEnd

-- +goose Down
DROP TRIGGER pulls_forget_strays;
-- +goose StatementBegin
CREATE TRIGGER pulls_forget_strays AFTER UPDATE OF state ON pulls WHEN old.state = 'queued' AND new.state <> 'queued' BEGIN
    DELETE FROM strays WHERE pull_id = old.id;
END;
-- +goose StatementEnd
