package belvosim

import (
	"cmp"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// routes returns the handler of the vendor's API. Every path ends in a slash; a request for a path
// without the slash is redirected to the path with the slash.
func (s *Simulator) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/api/{$}", s.root)
	mux.HandleFunc("/api/links/{$}", s.listLinks)
	mux.HandleFunc("/api/links/{id}/{$}", s.getLink)
	mux.HandleFunc("DELETE /api/links/{id}/{$}", s.deleteLink)
	mux.HandleFunc("/api/accounts/{$}", s.listAccounts)
	mux.HandleFunc("/api/accounts/{id}/{$}", s.getAccount)
	mux.HandleFunc("/api/bills/{$}", s.listBills)
	mux.HandleFunc("/api/transactions/{$}", s.listTransactions)
	mux.HandleFunc("/api/transactions/{id}/{$}", s.getTransaction)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { s.writeFailure(w, notFound) })
	return s.withTokens(readOnly(s, mux))
}

// deleteLink deletes a link with its accounts and transactions. It sends no webhook; the event link_deleted can be sent
// with the control surface.
func (s *Simulator) deleteLink(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	found := s.visible(secretOf(r), r.PathValue("id")) != nil
	s.mu.Unlock()
	if !found || s.RemoveLink(r.PathValue("id")) != nil {
		s.writeFailure(w, notFound)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// refreshInterval is how long a link cannot be refreshed again.
const refreshInterval = 10 * time.Minute

// refreshLink accepts a request to read the bank now: POST /api/links/{id}/refresh/. It changes no data and sends no
// webhook; a test does both with the other methods. A second request within refreshInterval gets a 409.
func (s *Simulator) refreshLink(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Resources []string `json:"fetch_resources"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&in); err != nil && err != io.EOF {
		s.writeFailure(w, apiError{status: http.StatusBadRequest, code: "invalid", message: "Not valid JSON."})
		return
	}
	s.mu.Lock()
	l, now := s.visible(secretOf(r), r.PathValue("id")), s.now()
	wait := time.Duration(0)
	if l != nil {
		if wait = l.refreshedAt.Add(refreshInterval).Sub(now); wait <= 0 {
			l.refreshedAt, l.refreshes = now, append(l.refreshes, in.Resources)
		}
	}
	s.mu.Unlock()
	switch {
	case l == nil:
		s.writeFailure(w, notFound)
	case wait > 0:
		minutes := strconv.Itoa(int(math.Ceil(wait.Minutes())))
		s.writeFailure(w, apiError{
			status: http.StatusConflict, code: "conflict",
			message: "The link has already been refreshed. Please wait " + minutes + " minutes before trying again.",
		})
	default:
		writeJSON(w, http.StatusAccepted, map[string]string{"request_id": s.newHexID()})
	}
}

// Refreshes returns the resources of each refresh of a link that was accepted, oldest first.
func (s *Simulator) Refreshes(id string) [][]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.links[id]; l != nil {
		return slices.Clone(l.refreshes)
	}
	return nil
}

// isDeletion reports whether the request deletes a link.
func isDeletion(r *http.Request) bool {
	rest, ok := strings.CutPrefix(r.URL.Path, "/api/links/")
	return ok && r.Method == http.MethodDelete && strings.Count(rest, "/") == 1
}

// readOnly returns a middleware that rejects every method except GET, HEAD and the deletion of a link. All other
// changes are made through the control surface.
func readOnly(s *Simulator, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead && !isDeletion(r) {
			w.Header().Set("Allow", "GET, HEAD")
			s.writeFailure(
				w,
				apiError{
					status: http.StatusMethodNotAllowed, code: "method_not_allowed", message: "Method not allowed.",
				},
			)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// root serves the names and URLs of the lists that the API has. It is the cheapest authenticated call.
func (s *Simulator) root(w http.ResponseWriter, r *http.Request) {
	directory := map[string]string{}
	for _, name := range []string{"links", "accounts", "bills", "transactions"} {
		directory[name] = origin(r) + "/api/" + name + "/"
	}
	writeJSON(w, http.StatusOK, directory)
}

// listLinks serves the list of links. If the query has an external_id, the list contains only the links with this id.
func (s *Simulator) listLinks(w http.ResponseWriter, r *http.Request) {
	external := r.URL.Query().Get("external_id")
	s.mu.Lock()
	links := make([]Link, 0, len(s.linkOrder))
	for _, l := range s.linkOrder {
		if s.visible(secretOf(r), l.ID) != nil && (external == "" || deref(l.ExternalID) == external) {
			links = append(links, l.Link)
		}
	}
	s.mu.Unlock()
	sendPage(s, w, pageOf(r, links, false))
}

func (s *Simulator) getLink(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	l := s.visible(secretOf(r), r.PathValue("id"))
	var found Link
	if l != nil {
		found = l.Link
	}
	s.mu.Unlock()
	s.writeObject(w, l != nil, found)
}

func (s *Simulator) listAccounts(w http.ResponseWriter, r *http.Request) {
	only := r.URL.Query().Get("link")
	s.mu.Lock()
	accounts := []*Account{}
	for _, l := range s.linkOrder {
		if (only == "" || only == l.ID) && s.visible(secretOf(r), l.ID) != nil {
			accounts = append(accounts, l.accounts...)
		}
	}
	s.mu.Unlock()
	sendPage(s, w, pageOf(r, accounts, false))
}

func (s *Simulator) getAccount(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	a := s.accounts[r.PathValue("id")]
	found := a != nil && s.visible(secretOf(r), a.Link) != nil
	s.mu.Unlock()
	s.writeObject(w, found, a)
}

// listTransactions serves the list of transactions. The parameter link is required.
func (s *Simulator) listTransactions(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if query.Get("link") == "" {
		s.writeFailure(w, required("link"))
		return
	}
	found, bad := s.transactionPage(r, query)
	if bad != "" {
		s.writeFailure(w, malformed(bad))
		return
	}
	sendPage(s, w, found)
}

// transactionPage returns a copy of the requested page. If a filter's date cannot be parsed, the
// second result is the name of its parameter; otherwise it is "". transactionPage holds the lock
// only while it copies; the caller encodes the page without the lock.
func (s *Simulator) transactionPage(r *http.Request, query url.Values) (page[wireTransaction], string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	// A link that belongs to another secret is served as a link without rows.
	l := cmp.Or(s.visible(secretOf(r), query.Get("link")), &link{})
	rows, bad := l.selected(query)
	if bad != "" {
		return page[wireTransaction]{}, bad
	}
	part := pageOf(r, rows, s.newestFirst)
	sent := page[wireTransaction]{Count: part.Count, Next: part.Next, Previous: part.Previous, beyond: part.beyond}
	sent.Results = make([]wireTransaction, 0, len(part.Results))
	for _, found := range part.Results {
		sent.Results = append(sent.Results, s.toWire(found))
	}
	return sent, ""
}

func (s *Simulator) getTransaction(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	row := s.rows[r.PathValue("id")]
	found := row != nil && s.visible(secretOf(r), row.link.ID) != nil
	var sent wireTransaction
	if found {
		sent = s.toWire(row)
	}
	s.mu.Unlock()
	s.writeObject(w, found, sent)
}

// toWire returns the row's transaction with the whole account instead of the account's id. The
// caller holds the lock.
func (s *Simulator) toWire(r *row) wireTransaction {
	return wireTransaction{
		ID:                     r.tx.ID,
		InternalIdentification: r.tx.InternalIdentification,
		Account:                s.accounts[r.tx.Account],
		Transaction:            r.tx,
	}
}

// writeObject sends body as JSON if found is true, and otherwise the vendor's 404 response.
func (s *Simulator) writeObject(w http.ResponseWriter, found bool, body any) {
	if !found {
		s.writeFailure(w, notFound)
		return
	}
	writeJSON(w, http.StatusOK, body)
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	encoded, err := json.Marshal(body)
	if err != nil { // a RawMessage that the caller has added is not valid JSON
		http.Error(w, "belvosim: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(encoded)
}
