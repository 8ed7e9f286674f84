package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// statements prints the statements with the highest total execution time since the server started.
func (b *bench) statements(ctx context.Context) error {
	if b.server == nil {
		return nil
	}
	conn, err := pgx.Connect(ctx, b.server.URL())
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, "CREATE EXTENSION IF NOT EXISTS pg_stat_statements"); err != nil {
		return err
	}
	rows, err := conn.Query(ctx, `
		SELECT query, calls, total_exec_time, 100 * total_exec_time / sum(total_exec_time) OVER ()
		FROM pg_stat_statements ORDER BY total_exec_time DESC LIMIT 14`)
	if err != nil {
		return err
	}
	var query string
	var calls int64
	var total, share float64
	_, err = pgx.ForEachRow(rows, []any{&query, &calls, &total, &share}, func() error {
		b.printf("    %5.1f %%  %8d calls  %9.3f ms each  %.110s\n", share, calls, total/float64(calls), oneLine(query))
		return nil
	})
	if err != nil {
		return fmt.Errorf("pg_stat_statements: %w", err)
	}
	return nil
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
