package pluggysim

import (
	"net/http"
	"slices"
)

// cursorPage is the envelope of /v2/transactions: Next is null or a whole query string that begins with "?".
type cursorPage struct {
	Results []*Transaction `json:"results"`
	Next    Text           `json:"next"`
}

func (s *Simulator) transactions(w http.ResponseWriter, r *http.Request, client string) {
	q, bad := parseQuery(r.URL.Query())
	if bad != nil {
		answer(w, bad.Code, bad)
		return
	}
	s.mu.Lock()
	page, ok := s.page(q, client)
	s.mu.Unlock()
	if !ok {
		accountNotFound(w)
		return
	}
	answer(w, http.StatusOK, page)
}

// page collects up to PageSize rows behind the cursor; it asks for one more to know whether there is a next.
func (s *Simulator) page(q query, client string) (cursorPage, bool) {
	l, ok := s.world.ledger(q.account, client)
	if !ok {
		return cursorPage{}, false
	}
	x := s.pick(l, q)
	first, end := x.until(q.upTo()), x.since(q.downTo())
	if q.after != nil {
		first = max(first, x.after(*q.after))
	}
	rows := make([]*Transaction, 0, min(max(end-first, 0), s.opt.PageSize+1))
	for i := first; i < end && len(rows) <= s.opt.PageSize; i++ {
		if q.admits(x.rows[i]) {
			rows = append(rows, x.rows[i])
		}
	}
	if len(rows) <= s.opt.PageSize {
		return cursorPage{Results: rows}, true
	}
	rows = rows[:s.opt.PageSize]
	return cursorPage{Results: rows, Next: Text(q.next(x.placeOf(rows[len(rows)-1])))}, true
}

// pick chooses the order that makes the filter a range: creation for createdAtFrom, else the date; a handful of
// named rows gets an order of its own.
func (s *Simulator) pick(l *ledger, q query) *index {
	switch {
	case q.ids != nil:
		x := &index{key: byDate}
		for _, id := range q.ids {
			if t, ok := s.world.rows[id]; ok && t.AccountID == l.ID && !slices.Contains(x.rows, t) {
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
	t, ok := s.world.rows[r.PathValue("id")]
	if ok {
		_, ok = s.world.ledger(t.AccountID, client)
	}
	s.mu.Unlock()
	if !ok {
		fail(w, http.StatusNotFound, "TRANSACTION_NOT_FOUND", "There is no such transaction")
		return
	}
	answer(w, http.StatusOK, t)
}

// gone is the page-numbered list, which the vendor switches off after 2026-12-31: a client that still calls it
// shall notice here. Its calls are counted as Stats().Deprecated.
func gone(w http.ResponseWriter, _ *http.Request, _ string) {
	fail(w, http.StatusGone, "", "GET /transactions is gone, use GET /v2/transactions")
}
