package blackbox_test

import (
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // registers the driver pgx
)

var statementRecords = flag.Int("statement-records", 50_000, "how many records a large statement has")

// maxStatementMemory is the additional memory, in bytes, that a process may use for an account statement of any size.
const maxStatementMemory = 64 << 20

// An account statement with many records must be complete. The process must not need much more memory for it than for
// a statement with few records.
func TestALargeStatementNeedsLittleMemory(t *testing.T) {
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("the memory of a process can be read only on Linux")
	}
	for name, database := range map[string]func(*testing.T) string{
		"sqlite":   func(*testing.T) string { return "" },
		"postgres": func(t *testing.T) string { return newDatabase(t).url },
	} {
		t.Run(name, func(t *testing.T) {
			h := newEnv(t, database(t))
			p := h.serve()
			p.ready()
			l := newPluggy(t, 1, 10)
			l.connect(h, p)
			l.mustPost(t, p, l.fullPullEvent())
			h.settle(p, l.id)
			account := text(h.all(p, "/aggregator-connections/"+l.id+"/accounts")[0], "id")
			h.copyRecords(t, account, *statementRecords, nil)
			for format, end := range map[string]string{
				"camt053": "</Document>", "ofx": "</OFX>", "csv": "\r\n", "matcher": "]\n",
			} {
				h.checkStatement(t, p, account, format, end)
			}
		})
	}
}

// newestIsIndexed is a query that reports whether the index of the search contains the newest record of the only
// tenant.
const newestIsIndexed = `SELECT EXISTS (SELECT 1 FROM search_progress p
	JOIN (SELECT change_tx, id FROM transactions ORDER BY change_tx DESC, id DESC LIMIT 1) newest
		ON (p.change_tx, p.transaction_id) >= (newest.change_tx, newest.id))`

// copyRecords creates copies of one posted record of the account, with dates on 1,000 different days. replaced maps
// the names of further columns to their values in the copies. Each value is an SQL expression of n, the number of the
// copy.
//
// The process never adds the copies to the index of the search, so that this task needs no memory meanwhile:
// copyRecords waits until the index contains the records, and the copies come before them in the order of the index.
func (h *env) copyRecords(t *testing.T, account string, count int, replaced map[string]string) {
	t.Helper()
	driver, source, columns := "pgx", h.settings["DATABASE_URL"],
		"SELECT column_name FROM information_schema.columns WHERE table_name = 'transactions' ORDER BY ordinal_position"
	values := map[string]string{
		"id":          "('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid",
		"external_id": "'copy ' || n", "date": "(date '2020-01-01' + n % 1000)::text",
	}
	numbers := "generate_series(1, %d) AS n"
	if file, ok := strings.CutPrefix(source, "sqlite://"); ok {
		driver, source, columns = "sqlite", "file:"+file+"?_pragma=busy_timeout(60000)",
			"SELECT name FROM pragma_table_info('transactions')"
		values["id"] = "printf('%08x-0000-7000-8000-%012x', n, n)"
		values["date"] = "date('2020-01-01', (n % 1000) || ' days')"
		numbers = "(WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < %d) SELECT n FROM c)"
	}
	maps.Copy(values, replaced)
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	eventually(t, waitTimeout, "the index of the search", func() (indexed bool) {
		if err := db.QueryRow(newestIsIndexed).Scan(&indexed); err != nil {
			t.Fatal(err)
		}
		return indexed
	})
	rows, err := db.Query(columns)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var names, selected []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		names, selected = append(names, name), append(selected, name)
		if value := values[name]; value != "" {
			selected[len(selected)-1] = value
		}
	}
	if err := rows.Err(); err != nil || !slices.Contains(names, "external_id") {
		t.Fatalf("the columns are %v: %v", names, err)
	}
	_, err = db.Exec(fmt.Sprintf("INSERT INTO transactions (%s) SELECT %s FROM (SELECT * FROM transactions WHERE "+
		"account_id = '%s' AND status = 'posted' AND removed_at IS NULL LIMIT 1) AS one, "+numbers,
		strings.Join(names, ", "), strings.Join(selected, ", "), account, count))
	if err != nil {
		t.Fatal(err)
	}
}

// checkStatement downloads an account statement, and measures the memory of the process during the download.
func (h *env) checkStatement(t *testing.T, p *process, account, format, end string) {
	t.Helper()
	before, begun := residentMemory(t, p), time.Now()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet,
		p.baseURL()+surface+"/accounts/"+account+"/statement?force=true&format="+format, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+h.token)
	response, err := (&http.Client{}).Do(request) // has no timeout; the shared client has one of 20 s
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	first := time.Since(begun)
	var size, peak int
	var tail []byte
	for buffer := make([]byte, 64<<10); err == nil; {
		var n int
		n, err = response.Body.Read(buffer)
		tail = append(tail[max(0, len(tail)-64):], buffer[max(0, n-64):n]...)
		if size += n; size>>20 > (size-n)>>20 {
			peak = max(peak, residentMemory(t, p))
		}
	}
	if !errors.Is(err, io.EOF) || response.StatusCode != http.StatusOK || !strings.HasSuffix(string(tail), end) {
		t.Errorf("%s: %d, %v, ends with %q", format, response.StatusCode, err, tail)
	}
	if peak-before > maxStatementMemory {
		t.Errorf("%s: the process used %d MiB more than the %d MiB before", format, (peak-before)>>20, before>>20)
	}
	if size < 50**statementRecords {
		t.Errorf("%s: the document has only %d bytes", format, size)
	}
	t.Logf("%s: %d records, %d MiB, first byte after %.1f s, end after %.1f s; memory %d MiB before, at most %d MiB",
		format, *statementRecords, size>>20, first.Seconds(), time.Since(begun).Seconds(), before>>20, peak>>20)
}
