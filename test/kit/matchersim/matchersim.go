// Package matchersim simulates the API for imports of Lerian's Matcher 2.1.1. It behaves like the public code of
// Matcher:
//
//   - An import skips every row whose external id its source already has. It also skips a row whose external id is
//     marked as being imported. Matcher keeps these marks in a second store (Redis) and removes them when the import
//     ends. If the process dies, each mark lasts for TTL.
//   - Rows are stored in chunks. The rows of a failed import are removed again. If the process dies, the rows remain.
//   - Rows without an external id, with an unknown currency, or with a date or an amount that cannot be read are
//     refused. The response contains only the number of refused rows. A row that the database refuses fails the whole
//     import.
//   - Only unmatched transactions can be ignored. A second request to ignore a transaction gets a 409. A request with
//     the idempotency key of an earlier request gets the earlier response. Without a key, the body serves as the key.
//   - The number of requests a minute is limited. Further requests get a 429 with Retry-After.
package matchersim

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
)

// The limits of Matcher.
const (
	chunkSize     = 1000
	maxBody       = 32 << 20
	maxExternalID = 255
	// DefaultTTL and DefaultRate are Matcher's defaults.
	DefaultTTL  = time.Hour
	DefaultRate = 100
)

// Transaction is a transaction that was imported into a source.
type Transaction struct {
	ID, Job, Source, Context, ExternalID string
	Amount                               decimal.Decimal
	Currency, Date, Description          string
	Status                               string // UNMATCHED, MATCHED, PENDING_REVIEW or IGNORED
	Record                               string // the member transaction_id of its row
	created                              int
}

type job struct {
	id, context, source, file, status string
	rows, failed                      int
	created                           int
}

// Server is a simulated Matcher. It is an http.Handler. Its data remains when Interrupt makes the process die.
type Server struct {
	// Rate is the maximum number of requests a minute; 0 means no limit. TTL is the lifetime of the marks that an
	// import leaves if the process dies. Now is the clock.
	Rate int
	TTL  time.Duration
	Now  func() time.Time
	// Token is the value that the header Authorization must have. If Token is "", every request is accepted.
	Token string
	// Interrupt is called before each chunk of an import, without a lock. If it returns true, the process dies there.
	Interrupt func(chunk int) bool
	// Down makes every request fail with a 500 while it is set.
	Down atomic.Bool
	// Lose is called after each successful request. If it returns true, the response is lost.
	Lose func(r *http.Request) bool
	// Fail is called before and after the import of each upload. If it returns true, the answer is a 500; done tells
	// whether the rows were imported.
	Fail func(done bool) bool

	mu           sync.Mutex
	sources      map[string]string // the contexts of the sources
	jobs         []*job
	transactions []*Transaction
	byKey        map[string]*Transaction // by source and external id
	marks        map[string]time.Time    // the time at which each mark expires
	window       time.Time
	used         int
	requests     map[string]int
	ignored      map[string]map[string]any // the responses to requests to ignore, by path and idempotency key
	mux          *http.ServeMux
}

// New returns a server with Matcher's default limits and without sources.
func New() *Server {
	s := &Server{
		Rate: DefaultRate, TTL: DefaultTTL, Now: time.Now, sources: map[string]string{},
		byKey: map[string]*Transaction{}, marks: map[string]time.Time{}, requests: map[string]int{},
		ignored: map[string]map[string]any{}, mux: http.NewServeMux(),
	}
	handle := func(pattern string, fn func(w http.ResponseWriter, r *http.Request) (int, any)) {
		s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			s.count(pattern)
			if s.Down.Load() {
				reply(w, http.StatusInternalServerError, problem("internal_server_error"))
				return
			}
			if status, body := s.admit(w, r); status != 0 {
				reply(w, status, body)
				return
			}
			status, body := fn(w, r)
			if s.Lose != nil && status < 300 && s.Lose(r) {
				panic(http.ErrAbortHandler)
			}
			reply(w, status, body)
		})
	}
	const contexts = "/v1/imports/contexts/{context}/"
	handle("POST "+contexts+"sources/{source}/upload", func(w http.ResponseWriter, r *http.Request) (int, any) {
		if s.Fail != nil && s.Fail(false) {
			return http.StatusInternalServerError, problem("internal_server_error")
		}
		status, body := s.upload(w, r)
		if s.Fail != nil && s.Fail(true) {
			return http.StatusInternalServerError, problem("internal_server_error")
		}
		return status, body
	})
	handle("GET "+contexts+"jobs", s.listJobs)
	handle("GET "+contexts+"jobs/{job}/transactions", s.listJobTransactions)
	handle("GET "+contexts+"transactions/search", s.search)
	handle("POST "+contexts+"transactions/{transaction}/ignore", s.ignore)
	return s
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// AddSource creates a context with one source, and returns the ids of both.
func (s *Server) AddSource() (context, source string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	context, source = newID(), newID()
	s.sources[source] = context
	return context, source
}

// Transactions returns the transactions of a source, in the order of their creation.
func (s *Server) Transactions(source string) (all []Transaction) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.transactions {
		if t.Source == source {
			all = append(all, *t)
		}
	}
	return all
}

// Open returns the transactions of a source that are not ignored.
func (s *Server) Open(source string) []Transaction {
	return slices.DeleteFunc(s.Transactions(source), func(t Transaction) bool { return t.Status == "IGNORED" })
}

// SetStatus changes the status of a transaction, like a matching run or a user of Matcher.
func (s *Server) SetStatus(source, externalID, status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.byKey[source+" "+externalID]; t != nil {
		t.Status = status
	}
}

// Requests returns the number of requests for each last segment of a route, such as "upload".
func (s *Server) Requests() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	counted := map[string]int{}
	for pattern, n := range s.requests {
		counted[pattern[strings.LastIndexByte(pattern, '/')+1:]] += n
	}
	return counted
}

func (s *Server) count(pattern string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests[pattern]++
}

func newID() string {
	id, _ := uuid.NewRandomFromReader(rand.Reader)
	return id.String()
}

// admit checks the credential and the rate limit. It returns 0 if the request is admitted.
func (s *Server) admit(w http.ResponseWriter, r *http.Request) (int, any) {
	if s.Token != "" && r.Header.Get("Authorization") != s.Token {
		return http.StatusUnauthorized, problem("unauthorized")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.Now()
	if now.Sub(s.window) >= time.Minute {
		s.window, s.used = now, 0
	}
	s.used++
	if s.Rate > 0 && s.used > s.Rate {
		wait := s.window.Add(time.Minute).Sub(now)
		w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
		return http.StatusTooManyRequests, problem("rate_limit_exceeded")
	}
	return 0, nil
}

func problem(code string) any { return map[string]string{"code": code, "message": code} }

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// row is a row of an imported file, with the members of Matcher's default field map.
type row struct {
	ExternalID    string `json:"external_id"`
	TransactionID string `json:"transaction_id"`
	Amount        string `json:"amount"`
	Currency      string `json:"currency"`
	Date          string `json:"date"`
	Description   string `json:"description"`
}

var errNotARow = errors.New("refused")

// read returns the transaction of a row. Errors: errNotARow if Matcher refuses the row.
func (r row) read() (Transaction, error) {
	amount, err := decimal.NewFromString(strings.TrimSpace(r.Amount))
	currency := strings.ToUpper(strings.TrimSpace(r.Currency))
	if err != nil || strings.TrimSpace(r.ExternalID) == "" || !slices.Contains(currencies, currency) {
		return Transaction{}, errNotARow
	}
	date, err := time.Parse(time.DateOnly, strings.TrimSpace(r.Date))
	if err != nil {
		return Transaction{}, errNotARow
	}
	return Transaction{
		ID: newID(), ExternalID: r.ExternalID, Amount: amount, Currency: currency, Record: r.TransactionID,
		Date: date.Format(time.RFC3339), Description: r.Description, Status: "UNMATCHED",
	}, nil
}

// currencies are some of the currencies that Matcher knows.
var currencies = []string{"BRL", "USD", "EUR", "MXN", "COP"}

func (s *Server) upload(_ http.ResponseWriter, r *http.Request) (int, any) {
	r.Body = http.MaxBytesReader(nil, r.Body, maxBody)
	file, header, err := r.FormFile("file")
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return http.StatusRequestEntityTooLarge, problem("request_entity_too_large")
	case err != nil || r.FormValue("format") != "json" || header.Size == 0:
		return http.StatusBadRequest, problem("invalid_request")
	}
	content, _ := io.ReadAll(file)
	s.mu.Lock()
	defer s.mu.Unlock()
	source := r.PathValue("source")
	if s.sources[source] != r.PathValue("context") {
		return http.StatusNotFound, problem("ingestion_source_not_found")
	}
	j := &job{
		id: newID(), context: r.PathValue("context"), source: source, file: header.Filename, status: "PROCESSING",
		created: len(s.jobs),
	}
	s.jobs = append(s.jobs, j)
	var rows []row
	if err := json.Unmarshal(content, &rows); err != nil || len(rows) == 0 {
		j.status = "FAILED"
		return http.StatusBadRequest, problem("ingestion_empty_file")
	}
	if err := s.importRows(j, rows); err != nil {
		return http.StatusInternalServerError, problem("internal_server_error")
	}
	return http.StatusAccepted, shownJob(j)
}

// importRows imports the rows in chunks. The lock is held, except while Interrupt is called.
func (s *Server) importRows(j *job, rows []row) error {
	marked := map[string]bool{}
	defer func() {
		if j.status != "PROCESSING" {
			for key := range marked {
				delete(s.marks, key)
			}
		}
	}()
	chunks := slices.Collect(slices.Chunk(rows, chunkSize))
	for i, chunk := range chunks {
		var fresh []Transaction
		for _, one := range chunk {
			j.rows++
			t, err := one.read()
			if err != nil {
				j.failed++
				continue
			}
			key := j.source + " " + t.ExternalID
			if until, seen := s.marks[key]; seen && s.Now().Before(until) {
				continue
			}
			s.marks[key] = s.Now().Add(s.TTL)
			marked[key] = true
			if s.byKey[key] == nil {
				fresh = append(fresh, t)
			}
		}
		if s.interrupted(i) {
			panic(http.ErrAbortHandler)
		}
		for _, t := range fresh {
			if len(t.ExternalID) > maxExternalID || t.Amount.Abs().Cmp(decimal.New(1, 12)) >= 0 ||
				strings.ContainsRune(t.Description, 0) {
				s.fail(j)
				return errNotARow
			}
		}
		for _, t := range fresh {
			t.Job, t.Source, t.Context, t.created = j.id, j.source, j.context, len(s.transactions)
			s.transactions = append(s.transactions, &t)
			s.byKey[j.source+" "+t.ExternalID] = &t
		}
	}
	if s.interrupted(len(chunks)) {
		panic(http.ErrAbortHandler)
	}
	j.status = "COMPLETED"
	return nil
}

func (s *Server) interrupted(chunk int) bool {
	if s.Interrupt == nil {
		return false
	}
	s.mu.Unlock()
	defer s.mu.Lock()
	return s.Interrupt(chunk)
}

// fail marks an import as failed, and removes the transactions that it has stored.
func (s *Server) fail(j *job) {
	j.status = "FAILED"
	s.transactions = slices.DeleteFunc(s.transactions, func(t *Transaction) bool {
		if t.Job == j.id {
			delete(s.byKey, t.Source+" "+t.ExternalID)
		}
		return t.Job == j.id
	})
}

func shownJob(j *job) map[string]any {
	return map[string]any{
		"id": j.id, "contextId": j.context, "sourceId": j.source, "status": j.status, "fileName": j.file,
		"totalRows": j.rows, "failedRows": j.failed, "createdAt": "2026-01-01T00:00:00Z",
	}
}

func shownTransaction(t *Transaction) map[string]any {
	return map[string]any{
		"id": t.ID, "jobId": t.Job, "sourceId": t.Source, "contextId": t.Context, "externalId": t.ExternalID,
		"amount": t.Amount.String(), "currency": t.Currency, "date": t.Date, "description": t.Description,
		"status": t.Status, "extractionStatus": "COMPLETE", "createdAt": "2026-01-01T00:00:00Z",
	}
}

// paged returns a page of a list.
func paged[T any](r *http.Request, all []T, show func(T) map[string]any) (int, any) {
	limit := 20
	if text := r.FormValue("limit"); text != "" {
		var err error
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 {
			return http.StatusBadRequest, problem("invalid_pagination")
		}
	}
	limit = min(limit, 200)
	var after int
	if cursor := r.FormValue("cursor"); cursor != "" {
		if _, err := fmt.Sscanf(cursor, "c%d", &after); err != nil || after > len(all) {
			return http.StatusBadRequest, problem("invalid_cursor")
		}
	}
	items := []map[string]any{}
	rest := all[after:]
	for _, one := range rest[:min(limit, len(rest))] {
		items = append(items, show(one))
	}
	page := map[string]any{"items": items, "limit": limit, "hasMore": len(rest) > limit}
	if len(rest) > limit {
		page["nextCursor"] = fmt.Sprintf("c%d", after+limit)
	}
	return http.StatusOK, page
}

func (s *Server) listJobs(_ http.ResponseWriter, r *http.Request) (int, any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []*job
	for _, j := range slices.Backward(s.jobs) {
		if j.context == r.PathValue("context") {
			found = append(found, j)
		}
	}
	if r.FormValue("sort_order") == "asc" {
		slices.Reverse(found)
	}
	return paged(r, found, shownJob)
}

func (s *Server) listJobTransactions(_ http.ResponseWriter, r *http.Request) (int, any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := slices.ContainsFunc(s.jobs, func(j *job) bool {
		return j.id == r.PathValue("job") && j.context == r.PathValue("context")
	})
	if !known {
		return http.StatusNotFound, problem("ingestion_job_not_found")
	}
	var found []*Transaction
	for _, t := range s.transactions {
		if t.Job == r.PathValue("job") {
			found = append(found, t)
		}
	}
	return paged(r, found, shownTransaction)
}

// search finds transactions by their external id and source.
func (s *Server) search(_ http.ResponseWriter, r *http.Request) (int, any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	items := []map[string]any{}
	for _, t := range s.transactions {
		reference, source := r.FormValue("reference"), r.FormValue("source_id")
		if t.Context == r.PathValue("context") && (reference == "" || t.ExternalID == reference) &&
			(source == "" || t.Source == source) && len(items) < 50 {
			items = append(items, shownTransaction(t))
		}
	}
	return http.StatusOK, map[string]any{"items": items, "total": len(items), "limit": 50, "offset": 0}
}

func (s *Server) ignore(_ http.ResponseWriter, r *http.Request) (int, any) {
	var body struct{ Reason string }
	if json.NewDecoder(r.Body).Decode(&body) != nil || strings.TrimSpace(body.Reason) == "" {
		return http.StatusBadRequest, problem("invalid_request")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key := r.URL.Path + " " + cmp.Or(r.Header.Get("X-Idempotency-Key"), "body "+body.Reason)
	if shown := s.ignored[key]; shown != nil {
		return http.StatusOK, shown
	}
	for _, t := range s.transactions {
		if t.ID != r.PathValue("transaction") || t.Context != r.PathValue("context") {
			continue
		}
		if t.Status != "UNMATCHED" {
			return http.StatusConflict, problem("invalid_state")
		}
		t.Status = "IGNORED"
		s.ignored[key] = shownTransaction(t)
		return http.StatusOK, s.ignored[key]
	}
	return http.StatusNotFound, problem("not_found")
}
