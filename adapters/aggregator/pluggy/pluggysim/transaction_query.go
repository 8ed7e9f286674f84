package pluggysim

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"
)

// maxIDs is the maximum number of ids in one request. The vendor has the same limit.
const maxIDs = 500

// query is a validated query of /v2/transactions. Both bounds of a date filter are instants and are
// inclusive. A date without a time is midnight UTC, so dateTo=2026-11-18 excludes everything later on that
// day.
type query struct {
	raw         url.Values
	account     string
	ids         []string // nil means no filter by id
	dateFrom    time.Time
	dateTo      time.Time
	createdFrom time.Time
	after       *position
}

func parseQuery(raw url.Values) (query, *apiError) {
	q := query{raw: raw, account: raw.Get("accountId")}
	if _, err := uuid.Parse(q.account); err != nil {
		return q, &apiError{Code: http.StatusBadRequest, Message: "accountId must be a UUID"}
	}
	if raw.Has("ids") {
		q.ids = strings.Split(raw.Get("ids"), ",")
	}
	if len(q.ids) > maxIDs {
		return q, &apiError{
			http.StatusBadRequest, "IDS_PARAMETER_EXCEEDS_MAX_LENGTH", "ids takes 500 transaction ids at most",
		}
	}
	if raw.Has("dateFrom") && raw.Has("createdAtFrom") {
		return q, &apiError{Code: http.StatusBadRequest, Message: "dateFrom and createdAtFrom exclude each other"}
	}
	if name, ok := q.parseTimes(); !ok {
		return q, &apiError{Code: http.StatusBadRequest, Message: name + " must be a valid ISO 8601 date string"}
	}
	return q, q.parseCursor()
}

// parseTimes parses the three times of the query. If one of them is invalid, it returns the name of the parameter and
// false.
func (q *query) parseTimes() (string, bool) {
	for _, f := range []struct {
		name string
		to   *time.Time
	}{{"dateFrom", &q.dateFrom}, {"dateTo", &q.dateTo}, {"createdAtFrom", &q.createdFrom}} {
		text := q.raw.Get(f.name)
		if text == "" {
			continue
		}
		at, err := parseTime(text)
		if err != nil {
			return f.name, false
		}
		*f.to = at
	}
	return "", true
}

func (q *query) parseCursor() *apiError {
	if !q.raw.Has("after") {
		return nil
	}
	bad := &apiError{Code: http.StatusBadRequest, Message: "Invalid cursor"}
	text, err := base64.URLEncoding.DecodeString(q.raw.Get("after"))
	if err != nil {
		return bad
	}
	at, id, ok := strings.Cut(string(text), "|")
	when, err := time.Parse(timeLayout, at)
	if !ok || err != nil || uuid.Validate(id) != nil {
		return bad
	}
	q.after = &position{when, id}
	return nil
}

// encode returns the position as a cursor. It uses the base64 alphabet without '+', because the vendor's
// SDK sends a cursor without escaping it.
func (p position) encode() string {
	return base64.URLEncoding.EncodeToString([]byte(Time{p.at}.String() + "|" + p.id))
}

// next returns the query string of the page after p. It has the same filters and another cursor.
func (q *query) next(p position) string {
	var text strings.Builder
	text.WriteString("?accountId=" + url.QueryEscape(q.account))
	for _, name := range []string{"ids", "dateFrom", "dateTo", "createdAtFrom"} {
		if q.raw.Has(name) {
			text.WriteString("&" + name + "=" + url.QueryEscape(q.raw.Get(name)))
		}
	}
	text.WriteString("&after=" + p.encode())
	return text.String()
}

// newest and oldest return the latest and the earliest key that a requested row can have. The keys are those of the
// index that indexFor returns: dates or creation times. A zero time means no bound. Not every row within the bounds
// is requested, so the method matches checks all filters.
func (q *query) newest() time.Time {
	if q.createdFrom.IsZero() || q.ids != nil {
		return q.dateTo
	}
	return time.Time{}
}

func (q *query) oldest() time.Time {
	if q.createdFrom.IsZero() || q.ids != nil {
		return q.dateFrom
	}
	return q.createdFrom
}

func (q *query) matches(t *Transaction) bool {
	return !t.CreatedAt.Before(q.createdFrom) &&
		!t.Date.Before(q.dateFrom) &&
		(q.dateTo.IsZero() || !t.Date.After(q.dateTo))
}
