package main

import (
	"context"
	"net/http"
	"strconv"
)

// readConnections is the number of connections that exist while the reads are measured.
const readConnections = 200

// readColumns are the columns of a connection that a response contains. The SELECT statements with which the service is
// compared read the same columns.
const readColumns = "id, tenant_id, kind, name, vendor, base_url, account_ref, created_at, updated_at, revision"

// readCase is one GET request and the SELECT statement with which it is compared.
type readCase struct{ profile, what, path, script string }

// readCases returns the measured reads. The service and the SELECT statements read the same rows repeatedly, so neither
// of them reads from disk.
func readCases(connection string) []readCase {
	return []readCase{
		{
			"read-one",
			"GET one connection, 32 clients, JWT verified",
			surface + "/aggregator-connections/" + connection,
			"SELECT " + readColumns +
				" FROM connections WHERE id = :id AND tenant_id = :tenant AND kind = 'aggregator' AND deleted_at IS NULL;",
		},
		{
			"read-page",
			"GET a page of 20, 32 clients, JWT verified",
			surface + "/aggregator-connections?limit=20",
			"SELECT " + readColumns +
				" FROM connections WHERE tenant_id = :tenant AND kind = 'aggregator' AND deleted_at IS NULL ORDER BY name, id LIMIT 21;",
		},
	}
}

// measureReads measures two GET requests, in requests per second: for one connection, and for a page of
// connections. It compares the rates with the rates of SELECT statements that read the same rows.
func (b *bench) measureReads(ctx context.Context) ([]row, error) {
	url, err := b.database(ctx, "reads")
	if err != nil {
		return nil, err
	}
	s, connection, err := b.serveWithConnections(ctx, url)
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, q := range readCases(connection) {
		reference := pgbench{
			url:       url,
			clients:   32,
			script:    q.script,
			variables: map[string]string{"id": connection, "tenant": s.tenant},
		}
		ours := load{
			addresses: []string{s.address},
			clients:   32,
			status:    http.StatusOK,
			request: func(buf []byte, _, _ int) []byte {
				return get(buf, q.path, s.token)
			},
		}
		profiled, err := b.profiled(s, q.profile)
		if err != nil {
			return nil, err
		}
		got, err := b.versus(ctx, row{what: q.what, against: "pgbench, the select of the same rows", reach: "≥ 0.5"},
			profiled(ours.rate(b.turn())), func(ctx context.Context) (float64, error) { return reference.run(ctx, b) })
		if err != nil {
			return nil, err
		}
		rows = append(rows, got)
	}
	return rows, nil
}

// serveWithConnections starts the service, creates readConnections connections, and returns the service and the id of
// the last connection.
func (b *bench) serveWithConnections(ctx context.Context, url string) (s *service, connection string, err error) {
	e, err := b.newEnv(ctx, url)
	if err != nil {
		return nil, "", err
	}
	if s, err = e.serve(ctx); err != nil {
		return nil, "", err
	}
	v, err := b.vendor(ctx, 0, true)
	for i := 0; err == nil && i < readConnections; i++ {
		connection, err = s.connect(ctx, v, "connection-"+strconv.Itoa(i))
	}
	if err != nil {
		return nil, "", err
	}
	// Without statistics the planner would choose a plan by guessing, and might choose another one in the
	// next run.
	return s, connection, execute(ctx, url, "VACUUM ANALYZE connections")
}
