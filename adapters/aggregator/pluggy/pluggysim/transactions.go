package pluggysim

import (
	"net/http"
	"slices"
)

// cursorPage is the envelope of /v2/transactions. Next is null, or a complete query string that starts
// with "?".
type cursorPage struct {
	Results []*Transaction `json:"results"`
	Next    Text           `json:"next"`
}

func (s *Simulator) transactions(w http.ResponseWriter, r *http.Request, client string) {
	q, bad := parseQuery(r.URL.Query())
	if bad != nil {
		writeJSON(w, bad.Code, bad)
		return
	}
	s.mu.Lock()
	page, ok := s.page(q, client)
	s.mu.Unlock()
	if !ok {
		accountNotFound(w)
		return
	}
	writeJSON(w, http.StatusOK, page)
}

// page returns at most PageSize rows after the cursor, and reports whether the client is allowed to read the account.
// It searches for one more row, in order to find out whether there is a next page.
func (s *Simulator) page(q query, client string) (cursorPage, bool) {
	l, ok := s.store.visibleAccount(q.account, client)
	if !ok {
		return cursorPage{}, false
	}
	if s.consentEnded(l.ItemID) {
		return cursorPage{Results: []*Transaction{}}, true
	}
	x := s.indexFor(l, q)
	first, end := x.indexUntil(q.newest()), x.countSince(q.oldest())
	if q.after != nil {
		first = max(first, x.indexAfter(*q.after))
	}
	rows := make([]*Transaction, 0, min(max(end-first, 0), s.opt.PageSize+1))
	for i := first; i < end && len(rows) <= s.opt.PageSize; i++ {
		if q.matches(x.rows[i]) {
			rows = append(rows, x.rows[i])
		}
	}
	if len(rows) <= s.opt.PageSize {
		return cursorPage{Results: rows}, true
	}
	rows = rows[:s.opt.PageSize]
	return cursorPage{Results: rows, Next: Text(q.next(x.positionOf(rows[len(rows)-1])))}, true
}

// indexFor returns an index in which the requested rows are adjacent:
//
//   - for a filter by ids, a new index of these rows
//   - for createdAtFrom, the index by creation time
//   - for all other filters, the index by date.
func (s *Simulator) indexFor(l *accountRows, q query) *index {
	switch {
	case q.ids != nil:
		x := &index{key: byDate}
		for _, id := range q.ids {
			if t, ok := s.store.rows[id]; ok && t.AccountID == l.ID && !slices.Contains(x.rows, t) {
				x.add(t)
			}
		}
		return x
	case !q.createdFrom.IsZero():
		return &l.created
	default:
		return &l.dates
	}
}

func (s *Simulator) transaction(w http.ResponseWriter, r *http.Request, client string) {
	s.mu.Lock()
	t, ok := s.store.rows[r.PathValue("id")]
	if ok {
		_, ok = s.store.visibleAccount(t.AccountID, client)
	}
	s.mu.Unlock()
	if !ok {
		writeError(w, http.StatusNotFound, "TRANSACTION_NOT_FOUND", "There is no such transaction")
		return
	}
	writeJSON(w, http.StatusOK, t)
}

// deprecatedList responds with 410 to a request for GET /transactions, the older list with numbered pages. The vendor
// removes that list after 2026-12-31, so a client that still requests it must fail here. Stats().Deprecated counts
// these requests.
func deprecatedList(w http.ResponseWriter, _ *http.Request, _ string) {
	writeError(w, http.StatusGone, "", "GET /transactions is gone, use GET /v2/transactions")
}
