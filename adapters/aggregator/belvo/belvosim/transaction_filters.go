package belvosim

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"
)

// member is a JSON member of a transaction. Filters compare the value of the member. The function valueOf returns this
// value; "" means null.
type member struct {
	name    string
	valueOf func(*Transaction) string
}

// dateMembers lists the members that have date filters. A row stores the parsed values of these
// members in the same order.
var dateMembers = [...]member{
	byValueDate: {"value_date", func(t *Transaction) string { return deref(t.ValueDate) }},
	byCreatedAt: {"created_at", func(t *Transaction) string { return t.CreatedAt }},
	2:           {"accounting_date", func(t *Transaction) string { return deref(t.AccountingDate) }},
	3:           {"collected_at", func(t *Transaction) string { return t.CollectedAt }},
}

// The indexes of value_date and created_at in dateMembers. Purge uses these two members, too.
const (
	byValueDate = 0
	byCreatedAt = 1
)

// textFilters maps the name of each text filter to a function that returns the member to compare.
// The value of a filter whose name ends in __in is a comma-separated list.
var textFilters = map[string]func(*Transaction) string{
	"id":          func(t *Transaction) string { return t.ID },
	"id__in":      func(t *Transaction) string { return t.ID },
	"account":     func(t *Transaction) string { return t.Account },
	"account__in": func(t *Transaction) string { return t.Account },
	"type":        func(t *Transaction) string { return deref(t.Type) },
	"status":      func(t *Transaction) string { return deref(t.Status) },
}

// deref returns the text that the pointer refers to, or "" for a nil pointer (null). A filter value is never "", so no
// filter matches null.
func deref(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

// timeSpan is the period that a date or a timestamp covers: a whole UTC day, or one instant. The start is inclusive,
// and the end is exclusive.
type timeSpan struct{ start, end time.Time }

var errNoDate = errors.New("neither a date nor a timestamp")

func parseSpan(text string) (timeSpan, error) {
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return timeSpan{day, day.AddDate(0, 0, 1)}, nil
	}
	// If the client did not escape a + in the query, the + arrives as a space.
	at, err := time.Parse(time.RFC3339, strings.Replace(text, " ", "+", 1))
	if err != nil {
		return timeSpan{}, errNoDate
	}
	return timeSpan{at, at.Add(1)}, nil
}

// comparisons maps the suffix of a date filter's name to its comparison. A bound that is a day
// includes the whole day: __lte=2026-03-10 includes the evening of the tenth.
var comparisons = map[string]func(at time.Time, bound timeSpan) bool{
	"":      func(at time.Time, b timeSpan) bool { return !at.Before(b.start) && at.Before(b.end) },
	"__gt":  func(at time.Time, b timeSpan) bool { return !at.Before(b.end) },
	"__gte": func(at time.Time, b timeSpan) bool { return !at.Before(b.start) },
	"__lt":  func(at time.Time, b timeSpan) bool { return at.Before(b.start) },
	"__lte": func(at time.Time, b timeSpan) bool { return at.Before(b.end) },
}

type predicate func(*row) bool

// parseFilters returns the filters of a query. If a date cannot be parsed, badName is the name of the parameter that
// contains the date; otherwise it is "". Unknown parameters are ignored, as the vendor ignores them.
func parseFilters(query url.Values) (filters []predicate, badName string) {
	for name, values := range query {
		value := values[len(values)-1]
		if value == "" {
			continue
		}
		if read, exists := textFilters[name]; exists {
			filters = append(filters, oneOf(read, name, value))
			continue
		}
		within, exists, err := dateFilter(name, value)
		if err != nil {
			return nil, name
		}
		if exists {
			filters = append(filters, within)
		}
	}
	return filters, ""
}

func oneOf(read func(*Transaction) string, name, value string) predicate {
	accepted := []string{value}
	if strings.HasSuffix(name, "__in") {
		accepted = strings.Split(value, ",")
	}
	return func(r *row) bool { return slices.Contains(accepted, read(r.tx)) }
}

func dateFilter(name, value string) (within predicate, exists bool, err error) {
	of, suffix := name, ""
	if cut := strings.LastIndex(name, "__"); cut >= 0 {
		of, suffix = name[:cut], name[cut:]
	}
	which := slices.IndexFunc(dateMembers[:], func(m member) bool { return m.name == of })
	if which < 0 {
		return nil, false, nil
	}
	compare, bound := comparisons[suffix], timeSpan{}
	if suffix == "__range" {
		compare = comparisons[""]
		bound, err = parseRange(value)
	} else {
		bound, err = parseSpan(value)
	}
	return func(r *row) bool {
		return !r.at[which].IsZero() && compare(r.at[which], bound)
	}, compare != nil, err
}

// parseRange parses a range "a,b" of two dates or timestamps. The result starts with the start of a and ends with the
// end of b.
func parseRange(value string) (timeSpan, error) {
	first, last, _ := strings.Cut(value, ",")
	from, err := parseSpan(first)
	to, err2 := parseSpan(last)
	return timeSpan{from.start, to.end}, errors.Join(err, err2)
}

// selection caches the last filtered list of a link. Requests for the later pages of this list have the same filters,
// so they need not compare every row again.
type selection struct {
	filters  string
	revision int
	rows     []*row
}

// selected returns the rows of a link that match the query. If a date cannot be parsed, badParam is the name of the
// parameter that contains the date; otherwise it is "". The caller holds the simulator's lock.
func (l *link) selected(query url.Values) (rows []*row, badParam string) {
	filters := filterKey(query)
	if l.cached.rows != nil && l.cached.filters == filters && l.cached.revision == l.revision {
		return l.cached.rows, ""
	}
	predicates, badParam := parseFilters(query)
	if badParam != "" || len(predicates) == 0 {
		return l.rows, badParam
	}
	rows = make([]*row, 0)
	for _, r := range l.rows {
		if !slices.ContainsFunc(predicates, func(matches predicate) bool { return !matches(r) }) {
			rows = append(rows, r)
		}
	}
	l.cached = selection{filters: filters, revision: l.revision, rows: rows}
	return rows, ""
}

// filterKey returns the query without the parameters that only select a page of the list.
func filterKey(query url.Values) string {
	filters := url.Values{}
	for name, values := range query {
		if name != "page" && name != "page_size" {
			filters[name] = values
		}
	}
	return filters.Encode()
}
