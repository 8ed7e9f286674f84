package rest

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// strict refuses what a query could otherwise say in two ways: a known parameter twice,
// or without a value. Unknown parameters are passed over.
type strict struct{}

// Resolve is called by huma beside its own validation.
func (strict) Resolve(ctx huma.Context) []error {
	u := ctx.URL()
	if u.RawQuery == "" {
		return nil
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return []error{&huma.ErrorDetail{Location: "query", Message: parsed + "must be a URL-encoded query"}}
	}
	var faults []error
	for _, param := range ctx.Operation().Parameters {
		values := query[param.Name]
		if param.In == "query" && (len(values) > 1 || (len(values) == 1 && values[0] == "")) {
			faults = append(faults, &huma.ErrorDetail{Location: "query." + param.Name, Message: parsed + "must have one value"})
		}
	}
	return faults
}

// filterID is an id in a query: unlike one in a path, a malformed one is a fault.
type filterID[T any] struct{ domain.ID[T] }

// UnmarshalText reads the canonical form.
func (f *filterID[T]) UnmarshalText(text []byte) error {
	id, err := domain.ParseID[T](string(text))
	if err != nil {
		return errors.New("must be a UUID")
	}
	f.ID = id
	return nil
}

// instant is a moment in a query.
type instant struct{ time.Time }

// UnmarshalText reads RFC 3339, or a date for its first moment in UTC.
func (i *instant) UnmarshalText(text []byte) error {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(layout, string(text)); err == nil {
			i.Time = at.UTC()
			return nil
		}
	}
	return errors.New("must be an RFC 3339 date-time or a date")
}

// span refuses a range of instants that ends before it begins; a zero end is open. It is
// domain.Window's rule for dates. Errors: Invalid on "to".
func span(from, to time.Time) error {
	if !from.IsZero() && !to.IsZero() && to.Before(from) {
		return domain.FieldError("to", "must not be before from")
	}
	return nil
}

// when is an instant in a body. It stays text until all the body is judged, so that its
// fault is named beside the others.
type when string

// Schema admits what instant reads, but for the length of months.
func (when) Schema(huma.Registry) *huma.Schema {
	schema := &huma.Schema{
		Type: huma.TypeString, PatternDescription: "an RFC 3339 date-time or a date",
		Pattern: `^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])` +
			`(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9]))?$`,
	}
	schema.PrecomputeMessages()
	return schema
}

// maxWait is the longest a change feed may be held open.
const maxWait = 30 * time.Second

// wait is how long to wait for news.
type wait struct{ time.Duration }

// UnmarshalText reads whole seconds, or a duration with its unit; 0 to 30 seconds.
func (w *wait) UnmarshalText(text []byte) error {
	length, err := time.ParseDuration(string(text))
	if whole, atoiErr := strconv.Atoi(string(text)); atoiErr == nil {
		length, err = time.Duration(min(max(whole, -1), 31))*time.Second, nil
	}
	if err != nil || length < 0 || length > maxWait {
		return errors.New("must be 0 to 30 seconds")
	}
	w.Duration = length
	return nil
}

// ifMatch is a condition on a revision (RFC 9110, section 13.1.1).
type ifMatch struct{ ports.IfMatch }

// noRevision is in the place of every tag that is not one of ours: it matches nothing.
const noRevision = -1

// UnmarshalText reads a list of entity tags, or "*" for any revision. What is not a
// strong tag of ours matches nothing, so that a client's mistake changes nothing.
func (m *ifMatch) UnmarshalText(text []byte) error {
	m.IfMatch = nil
	if string(text) == "*" {
		return nil
	}
	for tag := range strings.SplitSeq(string(text), ",") {
		m.IfMatch = append(m.IfMatch, revisionOf(strings.TrimSpace(tag)))
	}
	return nil
}

// revisionOf reads a strong tag in the one spelling that etag writes.
func revisionOf(tag string) int64 {
	number, err := strconv.ParseInt(strings.Trim(tag, `"`), 10, 64)
	if err != nil || etag(number) != tag {
		return noRevision
	}
	return number
}

// etag is the strong entity tag of a revision.
func etag(revision int64) string { return `"` + strconv.FormatInt(revision, 10) + `"` }
