package main

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx
)

// The dates of the records in the benchmark section "closes" are spread over closedDays days, from firstDay on. Each
// record was first seen at the end of its date, at midnight UTC.
const (
	closedDays  = 1000
	firstDay    = "2020-01-01"
	closedDay   = "2022-12-31"
	middleOfAll = "2021-05-16T00:00:00Z" // half of the records were first seen later
)

// closes measures three operations on an account with b.closeRows records: closing a period, downloading the
// documents of the closed period, and downloading its evidence. It also compares the list of the records as they were
// at a past moment with the present list.
func (b *bench) closes(ctx context.Context) (rows []row, err error) {
	for _, name := range []string{"PostgreSQL", "SQLite"} {
		url := ""
		if name == "PostgreSQL" {
			if url, err = b.database(ctx, "closes"); err != nil {
				return rows, err
			}
		}
		measured, err := b.closesOn(ctx, name, url)
		rows = append(rows, measured...)
		if err != nil {
			return rows, fmt.Errorf("%s: %w", name, err)
		}
	}
	return rows, nil
}

// closesOn runs the measurements of the benchmark section "closes" on one database; url is "" for a new SQLite file.
func (b *bench) closesOn(ctx context.Context, name, url string) (rows []row, err error) {
	a, err := b.newLargeAccount(ctx, url)
	if err != nil {
		return nil, err
	}
	text := fmt.Sprintf("%d records, %s", b.closeRows, name)
	closed, err := a.closePeriod(ctx)
	if err != nil {
		return nil, err
	}
	rows = append(rows, row{what: "close of " + text, also: closed})
	before := map[string]string{}
	for _, format := range []string{"camt053", "csv", "evidence"} {
		var also string
		if before[format], also, err = a.download(ctx, format); err != nil {
			return rows, err
		}
		rows = append(rows, row{what: format + " of the close, " + text, also: also})
	}
	if err := a.change(ctx); err != nil {
		return rows, err
	}
	sum, also, err := a.download(ctx, "camt053")
	if err == nil && sum != before["camt053"] {
		err = errors.New("the document of the close has other bytes after records have changed")
	}
	rows = append(rows, row{what: "camt053 again after a tenth has changed, " + text, also: also + ", equal"})
	if err != nil {
		return rows, err
	}
	compared, err := a.compareLists(ctx, text)
	return append(rows, compared...), err
}

// largeAccount is an account with many records.
type largeAccount struct {
	*service

	db         *sql.DB
	vendor     *vendor
	connection string
	account    string
	closedAt   string // the time of the close
}

// newLargeAccount starts a service with one connection, and copies one of its records b.closeRows times.
func (b *bench) newLargeAccount(ctx context.Context, url string) (*largeAccount, error) {
	e, err := b.newEnv(ctx, url)
	if err != nil {
		return nil, err
	}
	a := &largeAccount{}
	if a.service, err = e.unlimited(ctx); err != nil {
		return nil, err
	}
	a.client.Timeout = 10 * time.Minute
	if a.vendor, err = b.vendor(ctx, 0, true); err != nil {
		return nil, err
	}
	if a.connection, err = a.connect(ctx, a.vendor, "closes"); err != nil {
		return nil, err
	}
	if err := a.pull(ctx, a.connection); err != nil {
		return nil, err
	}
	if a.db, err = openDatabase(e.settings["DATABASE_URL"]); err != nil {
		return nil, err
	}
	b.onClose(func() { _ = a.db.Close() })
	err = a.db.QueryRowContext(ctx, `SELECT CAST(account_id AS text) FROM transactions
		WHERE status = 'posted' AND account_currency = '' LIMIT 1`).Scan(&a.account)
	if err != nil {
		return nil, err
	}
	return a, a.copyRecords(ctx)
}

// openDatabase opens the database of a service.
func openDatabase(url string) (*sql.DB, error) {
	if file, ok := strings.CutPrefix(url, "sqlite://"); ok {
		return sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(60000)&_txlock=immediate")
	}
	return sql.Open("pgx", url)
}

// onSQLite reports whether the database is SQLite.
func (a *largeAccount) onSQLite() bool {
	return strings.HasPrefix(a.settings["DATABASE_URL"], "sqlite:")
}

// copyRecords copies a record of the account b.closeRows times.
func (a *largeAccount) copyRecords(ctx context.Context) error {
	values := map[string]string{
		"id": "gen_random_uuid()", "external_id": "'copy-' || n", "metadata": "convert_to('{}', 'UTF8')",
		"date": fmt.Sprintf("to_char(date '%s' + n %% %d, 'YYYY-MM-DD')", firstDay, closedDays),
	}
	seen := fmt.Sprintf("(date '%s' + n %% %d + 1)::timestamp AT TIME ZONE 'UTC'", firstDay, closedDays)
	numbers := fmt.Sprintf("generate_series(1, %d) AS n", a.bench.closeRows)
	if a.onSQLite() {
		values["id"] = "printf('%08x-0000-7000-8000-%012x', (n * 2654435761) % 4294967296, n)"
		values["metadata"] = "CAST('{}' AS blob)"
		values["date"] = fmt.Sprintf("date('%s', (n %% %d) || ' days')", firstDay, closedDays)
		seen = fmt.Sprintf("(strftime('%%s', '%s') + (n %% %d + 1) * 86400) * 1000000", firstDay, closedDays)
		numbers = fmt.Sprintf("(WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < %d) "+
			"SELECT n FROM c)", a.bench.closeRows)
	}
	values["first_seen_at"], values["updated_at"] = seen, seen
	names, err := a.columns(ctx, "transactions")
	if err != nil {
		return err
	}
	selected := slices.Clone(names)
	for i, name := range names {
		if value := values[name]; value != "" {
			selected[i] = value
		}
	}
	return a.execute(ctx, fmt.Sprintf("INSERT INTO transactions (%s) SELECT %s FROM (SELECT * FROM transactions "+
		"WHERE account_id = '%s' AND status = 'posted' AND account_currency = '' LIMIT 1) AS one, %s",
		strings.Join(names, ", "), strings.Join(selected, ", "), a.account, numbers), "ANALYZE")
}

// change changes the amounts of a tenth of the copies of each day. It stores the replaced versions in the same way as
// the service.
func (a *largeAccount) change(ctx context.Context) error {
	names, err := a.columns(ctx, "transaction_versions")
	if err != nil {
		return err
	}
	names = slices.DeleteFunc(names, func(name string) bool { return name == "replaced_at" })
	now := "clock_timestamp()"
	if a.onSQLite() {
		now = fmt.Sprint(time.Now().UnixMicro())
	}
	if err := a.execute(ctx, "UPDATE change_clocks SET last_at = "+now); err != nil {
		return err
	}
	const tenth = " WHERE external_id LIKE 'copy-%7___'" // the thousands, because the last three digits are the day
	columns := strings.Join(names, ", ")
	return a.execute(ctx,
		"INSERT INTO transaction_versions ("+columns+", replaced_at) SELECT "+columns+
			", (SELECT max(last_at) FROM change_clocks) FROM transactions"+tenth,
		`UPDATE transactions SET amount = amount - 1, version = version + 1,
			updated_at = (SELECT max(last_at) FROM change_clocks)`+tenth,
		"ANALYZE")
}

// columns returns the names of the columns of a table.
func (a *largeAccount) columns(ctx context.Context, table string) (names []string, err error) {
	query := "SELECT column_name FROM information_schema.columns WHERE table_name = '%s' ORDER BY ordinal_position"
	if a.onSQLite() {
		query = "SELECT name FROM pragma_table_info('%s')"
	}
	rows, err := a.db.QueryContext(ctx, fmt.Sprintf(query, table))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, rows.Err()
}

func (a *largeAccount) execute(ctx context.Context, statements ...string) error {
	for _, statement := range statements {
		if _, err := a.db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%w in %.60s", err, oneLine(statement))
		}
	}
	return nil
}

// closePeriod closes the account, and measures the duration. Meanwhile it renames another connection every 20 ms, and
// measures the longest duration of a rename.
func (a *largeAccount) closePeriod(ctx context.Context) (string, error) {
	ended, longest := make(chan struct{}), make(chan time.Duration, 1)
	var failed error
	go func() {
		var slowest time.Duration
		defer func() { longest <- slowest }()
		for n := 0; ; n++ {
			select {
			case <-ended:
				return
			case <-time.After(20 * time.Millisecond):
			}
			begun := time.Now()
			if failed = a.call(ctx, http.MethodPut, "/aggregator-connections/"+a.connection, object{
				"configName": fmt.Sprint("closes-", n), "accountRef": demoItem, "baseUrl": a.vendor.origin,
			}, http.StatusOK, nil); failed != nil {
				return
			}
			slowest = max(slowest, time.Since(begun))
		}
	}()
	var closed struct {
		Count    int
		ClosedAt string
	}
	begun := time.Now()
	err := a.call(ctx, http.MethodPut, "/accounts/"+a.account+"/closes/"+closedDay, nil, http.StatusOK, &closed)
	took := time.Since(begun)
	close(ended)
	slowest := <-longest
	if a.closedAt = closed.ClosedAt; err == nil && closed.Count != a.bench.closeRows {
		err = fmt.Errorf("the close has %d records", closed.Count)
	}
	return fmt.Sprintf("%.1f s; slowest write of another resource meanwhile %v", took.Seconds(),
		slowest.Round(time.Millisecond)), errors.Join(err, failed)
}

// download reads the document of the closed period in the given format, or its evidence if format is "evidence". It
// returns the SHA-256 of the bytes, and a text with the size and the times.
func (a *largeAccount) download(ctx context.Context, format string) (sum, also string, err error) {
	path := "/statement?close=" + closedDay + "&format=" + format
	if format == "evidence" {
		path = "/closes/" + closedDay + "/evidence"
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet,
		"http://"+a.address+surface+"/accounts/"+a.account+path, nil)
	if err != nil {
		return "", "", err
	}
	request.Header.Set("Authorization", "Bearer "+a.token)
	begun := time.Now()
	response, err := a.client.Do(request)
	if err != nil {
		return "", "", err
	}
	defer func() { _ = response.Body.Close() }()
	hash, first := sha256.New(), make([]byte, 1)
	if _, err := io.ReadFull(response.Body, first); err != nil || response.StatusCode != http.StatusOK {
		return "", "", errors.Join(err, fmt.Errorf("%s answered %d", path, response.StatusCode))
	}
	begin := time.Since(begun)
	_, _ = hash.Write(first)
	size, err := io.Copy(hash, response.Body)
	return string(hash.Sum(nil)), fmt.Sprintf("%d MiB, first byte after %.1f s, end after %.1f s",
		size>>20, begin.Seconds(), time.Since(begun).Seconds()), err
}

// compareLists compares the times to read pages of two lists: the list of the records as they were at a past moment,
// and the present list. The pages of both lists begin at the same days.
func (a *largeAccount) compareLists(ctx context.Context, text string) (rows []row, err error) {
	for _, c := range []struct{ what, asOf, to, reach string }{
		{"as of the close, any day", a.closedAt, "", "< 2"},
		{"as of the close, the first page", a.closedAt, closedDay, "< 2"},
		{"as of a moment before half of the records, from its day on", middleOfAll, middleOfAll[:10], "< 2"},
		{"as of a moment before half of the records, the first page", middleOfAll, closedDay, ""},
	} {
		var asOf, present []time.Duration
		r, err := a.bench.versus(ctx, row{
			what: c.what + ", " + text, against: "the present list (time / time, 95th percentile)", reach: c.reach,
		}, a.pages("&asOf="+c.asOf, c.to, &asOf), a.pages("", c.to, &present))
		if err != nil {
			return rows, err
		}
		p95 := func(all []time.Duration) time.Duration {
			slices.Sort(all)
			return loadResult{delays: all}.percentile(0.95).Round(10 * time.Microsecond)
		}
		r.also = fmt.Sprintf("p95 %v, present %v", p95(asOf), p95(present))
		rows = append(rows, r)
	}
	return rows, nil
}

// pages returns a measurement that reads pages of 20 records for the duration of one measurement, and returns the
// 95th percentile of the pages' times. The pages begin at the day to, or at random days if to is "". It appends the
// time of each page to times.
func (a *largeAccount) pages(parameters, to string, times *[]time.Duration) variant {
	first, _ := time.Parse(time.DateOnly, firstDay)
	random := rand.New(rand.NewPCG(1, 2))
	pages := load{
		addresses: []string{a.address}, clients: 1, status: http.StatusOK,
		request: func(buf []byte, _, _ int) []byte {
			day := to
			if day == "" {
				day = first.AddDate(0, 0, random.IntN(closedDays)).Format(time.DateOnly)
			}
			return get(buf, surface+"/aggregator-connections/"+a.connection+"/transactions?limit=20&to="+day+parameters,
				a.token)
		},
	}
	return func(ctx context.Context) (float64, error) {
		result, err := pages.unpaced(ctx, a.bench.turn())
		*times = append(*times, result.delays...)
		return result.percentile(0.95).Seconds(), err
	}
}
