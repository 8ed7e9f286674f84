package rest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/ports"
)

const statementPath = accountsPath + "/019b0000-0000-7000-8000-000000000002/statement"

// lines is a fake statement format. It writes the description of each record on a line of its own, and then "end".
type lines struct{ refuse error }

func (lines) Name() string            { return "lines" }
func (lines) Variant() string         { return "" }
func (lines) MediaType() string       { return "text/x-lines" }
func (lines) Extension() string       { return "txt" }
func (lines) HasBalances() bool       { return true }
func (lines) PrintsUnconverted() bool { return false }

func (l lines) Write(w io.Writer, _ books.Statement, records iter.Seq2[books.StatementRecord, error]) error {
	if l.refuse != nil {
		return l.refuse
	}
	for r, err := range records {
		if err == nil {
			_, err = io.WriteString(w, r.Description+"\n")
		}
		if err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, "end\n")
	return err
}

// statementService is a fake service that writes a statement with the given records.
type statementService struct {
	*fake
	records iter.Seq2[books.StatementRecord, error]
}

func (s statementService) WriteStatement(ctx context.Context, tenant domain.TenantID, id domain.AccountID,
	q ports.StatementQuery, writer ports.StatementWriter) error {
	return s.fake.WriteStatement(ctx, tenant, id, q,
		func(st books.Statement, _ iter.Seq2[books.StatementRecord, error]) error {
			return writer(st, s.records)
		})
}

// countTo returns a sequence of n records of about 1 KiB each, with the given pause before each record. If err is not
// nil, the sequence yields err after the last record.
func countTo(n int, pause time.Duration, err error) iter.Seq2[books.StatementRecord, error] {
	return func(yield func(books.StatementRecord, error) bool) {
		for i := range n {
			time.Sleep(pause)
			var record books.StatementRecord
			record.Description = fmt.Sprintf("%01000d", i)
			if !yield(record, nil) {
				return
			}
		}
		if err != nil {
			yield(books.StatementRecord{}, err)
		}
	}
}

// statementServer returns a server whose statements contain the given records. The write timeout of the server is
// short.
func statementServer(
	t *testing.T, format ports.StatementFormat, records iter.Seq2[books.StatementRecord, error],
) (*env, *httptest.Server) {
	t.Helper()
	options := func(o *Options) { o.Statements = []ports.StatementFormat{format} }
	s := newEnvOf(t, statementService{&fake{}, records}, options)
	server := httptest.NewUnstartedServer(s)
	server.Config = NewServer("", s)
	server.Config.WriteTimeout = 300 * time.Millisecond
	server.Start()
	t.Cleanup(server.Close)
	return s, server
}

func getStatement(t *testing.T, server *httptest.Server, method string) (*http.Response, string, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, server.URL+statementPath+"?format=lines", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer tenant-a")
	response, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	return response, string(body), err
}

func TestAStatementIsAnAttachment(t *testing.T) {
	s := newEnv(t)
	w := s.call("GET", statementPath+"?format=lines&from=2026-01-01&to=2026-01-31&force=true", "")
	if w.Code != http.StatusOK || w.Body.String() != "end\n" {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	for name, want := range map[string]string{
		"Content-Type": "text/x-lines", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
		"Content-Disposition": `attachment; filename="statement-019b0000-0000-7000-8000-000000000002-` +
			`2026-01-01-2026-01-31.txt"`,
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	want := ports.StatementQuery{Window: domain.Window{From: "2026-01-01", To: "2026-01-31"}, Balances: true,
		Force: books.StatementForce{Drift: true, Changed: true, NotCovered: true, Omitted: true},
	}
	if diff := cmp.Diff(any(want), s.service.got); diff != "" {
		t.Error(diff)
	}
}

func TestInvalidParametersOfAStatementAreListedTogether(t *testing.T) {
	s := newEnv(t)
	for query, want := range map[string]string{
		"":                                "query.format",
		"?from=x&to=2026-02-30&a=1":       "query.a query.format query.from query.to",
		"?format=pdf&force=yes":           "query.force query.format",
		"?format=":                        "query.format",
		"?format=lines&format=lines":      "query.format",
		"?format=lines&limit=3&cursor=AA": "query.cursor query.limit",
	} {
		p := problemIn(t, s.call("GET", statementPath+query, ""), http.StatusBadRequest, codeInvalid)
		if got := locations(p); got != want {
			t.Errorf("%q: %s, want %s", query, got, want)
		}
	}
	problemIn(t, s.call("GET", accountsPath+"/x/statement?format=lines", ""), http.StatusNotFound, codeNotFound)
	none := newEnv(t, func(o *Options) { o.Statements = nil })
	problemIn(t, none.call("GET", statementPath+"?format=lines", ""), http.StatusBadRequest, codeInvalid)
}

func TestARefusedStatementIsAProblem(t *testing.T) {
	conflict := func(code domain.Code) error { return &domain.Error{Kind: domain.Conflict, Code: code} }
	for name, c := range map[string]struct {
		service, format error
		status          int
		code            string
	}{
		"drifting":        {conflict(domain.AccountDrifting), nil, http.StatusConflict, codeConflict},
		"changed":         {nil, conflict(domain.AccountChanged), http.StatusConflict, codeConflict},
		"no amount":       {conflict(domain.NoAccountAmount), nil, http.StatusConflict, codeConflict},
		"no balance":      {nil, conflict(domain.NoBalance), http.StatusConflict, codeConflict},
		"too many digits": {nil, conflict(domain.NotRepresentable), http.StatusConflict, codeConflict},
		"not found":       {domain.NotFoundError(), nil, http.StatusNotFound, codeNotFound},
		"store is away": {
			&domain.Error{Kind: domain.Unavailable}, nil, http.StatusServiceUnavailable, codeUnavailable,
		},
		"unexpected error": {nil, errors.New(canary), http.StatusInternalServerError, codeInternal},
		"too many": {
			&domain.Error{Kind: domain.Unavailable, Code: domain.TooManyStatements}, nil, http.StatusTooManyRequests,
			codeRateLimited,
		},
	} {
		for _, method := range []string{"GET", "HEAD"} {
			s := newEnv(t, func(o *Options) { o.Statements = []ports.StatementFormat{lines{refuse: c.format}} })
			s.service.err = c.service
			w := s.call(method, statementPath+"?format=lines", "")
			problemIn(t, w, c.status, c.code)
			if w.Header().Get("Content-Disposition") != "" || strings.Contains(w.Body.String(), canary) {
				t.Errorf("%s %s: %v %s", method, name, w.Header(), w.Body)
			}
		}
	}
}

func TestAStatementLargerThanMaxBytesIsAProblem(t *testing.T) {
	s := newEnv(t)
	s.service.err = &domain.Error{Kind: domain.Oversized, Code: domain.DocumentTooLarge, LastDay: "2026-01-14"}
	for _, method := range []string{"GET", "HEAD"} {
		w := s.call(method, statementPath+"?format=lines&maxBytes=5", "")
		p := problemIn(t, w, http.StatusRequestEntityTooLarge, codeTooLarge)
		if method == "GET" && p.To != "2026-01-14" {
			t.Errorf("to is %q", p.To)
		}
	}
	s = newEnv(t)
	for query, status := range map[string]int{
		"maxBytes=4": 200, "maxBytes=0": 400, "maxBytes=x": 400, "maxBytes=-1": 400,
		"maxBytes=4&close=2026-01-31": 200, "maxBytes=3&close=2026-01-31": 413,
	} {
		w := s.call("GET", statementPath+"?format=lines&"+query, "")
		if w.Code != status || strings.Contains(w.Body.String(), `"to"`) {
			t.Errorf("%s: %d %s", query, w.Code, w.Body)
		}
	}
}

func TestAnErrorBeforeTheFirstChunkIsAProblem(t *testing.T) {
	_, server := statementServer(t, lines{}, countTo(10, 0, &domain.Error{Kind: domain.Unavailable}))
	response, body, err := getStatement(t, server, http.MethodGet)
	if err != nil || response.StatusCode != http.StatusServiceUnavailable || !strings.Contains(body, codeUnavailable) {
		t.Errorf("%v %d %s", err, response.StatusCode, body)
	}
}

func TestAnErrorInTheMiddleCutsTheConnection(t *testing.T) {
	s, server := statementServer(t, lines{}, countTo(200, 0, errors.New("of the store")))
	response, body, err := getStatement(t, server, http.MethodGet)
	if !errors.Is(err, io.ErrUnexpectedEOF) || response.StatusCode != http.StatusOK || strings.Contains(body, "end") {
		t.Errorf("the document seems complete: %v, %d, %d bytes", err, response.StatusCode, len(body))
	}
	server.Close() // waits for the handler
	if aborted := s.logs.FilterMessage("document aborted").All(); len(aborted) != 1 ||
		aborted[0].ContextMap()["cause"] != "of the store" || aborted[0].ContextMap()["requestId"] != "made-id" {
		t.Errorf("the log is %v", s.logs.All())
	}
	if s.logs.FilterMessage("request").Len() != 1 {
		t.Error("the access log has no line")
	}
}

// A caller that speaks HTTP/1.0, such as some proxies, cannot distinguish the end of the connection from the end of a
// response of unknown length. It must therefore get a Content-Length.
func TestAnHTTP10CallerGetsTheLength(t *testing.T) {
	for _, failure := range []error{nil, errors.New("of the store")} {
		calls := 0
		records := func(yield func(books.StatementRecord, error) bool) {
			calls++
			countTo(200, 0, map[bool]error{true: failure}[calls == 2])(yield)
		}
		_, server := statementServer(t, lines{}, records)
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		_, _ = fmt.Fprintf(conn, "GET %s?format=lines HTTP/1.0\r\nHost: x\r\nAuthorization: Bearer tenant-a\r\n\r\n",
			statementPath)
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if want := int64(200*1001 + len("end\n")); response.ContentLength != want || (failure == nil) != (err == nil) ||
			failure == nil && int64(len(body)) != want {
			t.Errorf("failure %v: length %d, %d bytes, %v", failure, response.ContentLength, len(body), err)
		}
	}
}

func TestAStatementMayTakeLongerThanTheWriteTimeout(t *testing.T) {
	_, server := statementServer(t, lines{}, countTo(300, 3*time.Millisecond, nil))
	_, body, err := getStatement(t, server, http.MethodGet)
	if err != nil || !strings.HasSuffix(body, "end\n") {
		t.Errorf("%d bytes: %v", len(body), err)
	}
}

func TestHEADOfAStatementReadsNoRecord(t *testing.T) {
	_, server := statementServer(t, lines{}, func(func(books.StatementRecord, error) bool) {
		t.Error("a record was read")
	})
	response, body, err := getStatement(t, server, http.MethodHead)
	if err != nil || response.StatusCode != http.StatusOK || body != "" ||
		response.Header.Get("Content-Type") != "text/x-lines" || response.Header.Get("Content-Disposition") == "" {
		t.Errorf("%v %d %v %q", err, response.StatusCode, response.Header, body)
	}
}

func TestAStatementNeedsTheScope(t *testing.T) {
	s := newEnv(t)
	problemIn(t, s.call("GET", statementPath+"?format=lines", "", "Authorization", ""), http.StatusUnauthorized,
		codeUnauthenticated)
	w := s.call("GET", statementPath+"?format=lines", "", "Authorization", "Bearer tenant-b")
	if w.Code != http.StatusOK {
		t.Errorf("discovery:read gets %d", w.Code)
	}
}
