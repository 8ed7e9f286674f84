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

// strictQuery rejects ambiguous queries: a known parameter must not occur twice and must not be
// empty. Unknown parameters are ignored.
type strictQuery struct{}

// Resolve returns the validation errors of the query. huma calls it in addition to its own
// validation.
func (strictQuery) Resolve(ctx huma.Context) []error {
	u := ctx.URL()
	if u.RawQuery == "" {
		return nil
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return []error{&huma.ErrorDetail{Location: "query", Message: parseErrorPrefix + "must be a URL-encoded query"}}
	}
	var invalid []error
	for _, param := range ctx.Operation().Parameters {
		values := query[param.Name]
		if param.In == "query" && (len(values) > 1 || (len(values) == 1 && values[0] == "")) {
			invalid = append(invalid, &huma.ErrorDetail{
				Location: "query." + param.Name, Message: parseErrorPrefix + "must have exactly one value",
			})
		}
	}
	return invalid
}

// idParam is an id in a query. A malformed id is a validation error here, unlike in a path, where
// it is a 404.
type idParam[T any] struct{ domain.ID[T] }

// UnmarshalText parses the canonical form of a UUID.
func (f *idParam[T]) UnmarshalText(text []byte) error {
	id, err := domain.ParseID[T](string(text))
	if err != nil {
		return errors.New("must be a UUID")
	}
	f.ID = id
	return nil
}

// dateTimeParam is a point in time in a query.
type dateTimeParam struct{ time.Time }

// UnmarshalText parses an RFC 3339 date-time or a date. A date means its first moment in UTC.
func (i *dateTimeParam) UnmarshalText(text []byte) error {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(layout, string(text)); err == nil {
			i.Time = at.UTC()
			return nil
		}
	}
	return errors.New("must be an RFC 3339 date-time or a date")
}

// checkTimeRange rejects a time range that ends before it starts. The range is open at an end that
// is zero. domain.Window has the same rule for dates. Errors: Invalid on "to".
func checkTimeRange(from, to time.Time) error {
	if !from.IsZero() && !to.IsZero() && to.Before(from) {
		return domain.FieldError("to", "must not be before from")
	}
	return nil
}

// dateTimeText is a point in time in a body. It is parsed only after the whole body has been
// validated, so that a parse error is reported together with the other errors.
type dateTimeText string

// Schema returns a schema that allows everything that dateTimeParam parses, and also days that the
// month does not have.
func (dateTimeText) Schema(huma.Registry) *huma.Schema {
	schema := &huma.Schema{
		Type: huma.TypeString, PatternDescription: "an RFC 3339 date-time or a date",
		Pattern: `^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])` +
			`(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9]))?$`,
	}
	schema.PrecomputeMessages()
	return schema
}

// maxWait is the maximum time that a long poll of the change feed waits.
const maxWait = 30 * time.Second

// waitParam is the time that a long poll waits for changes.
type waitParam struct{ time.Duration }

// UnmarshalText parses a number of whole seconds, or a duration with a unit. It accepts 0 to 30
// seconds.
func (w *waitParam) UnmarshalText(text []byte) error {
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

// ifMatchHeader is an If-Match condition on a revision (RFC 9110, section 13.1.1).
type ifMatchHeader struct{ ports.IfMatch }

// noRevision replaces every entity tag that the service did not issue. No connection has this
// revision.
const noRevision = -1

// UnmarshalText parses a list of entity tags, or "*" for any revision. An entity tag that is not a
// strong tag issued by the service matches no revision. So if a client sends a wrong tag, nothing
// is changed.
func (m *ifMatchHeader) UnmarshalText(text []byte) error {
	m.IfMatch = nil
	if string(text) == "*" {
		return nil
	}
	for tag := range strings.SplitSeq(string(text), ",") {
		m.IfMatch = append(m.IfMatch, revisionOf(strings.TrimSpace(tag)))
	}
	return nil
}

// revisionOf returns the revision of an entity tag. The tag must have exactly the form that etag
// returns; for any other tag, revisionOf returns noRevision.
func revisionOf(tag string) int64 {
	number, err := strconv.ParseInt(strings.Trim(tag, `"`), 10, 64)
	if err != nil || etag(number) != tag {
		return noRevision
	}
	return number
}

// etag returns the strong entity tag of a revision.
func etag(revision int64) string { return `"` + strconv.FormatInt(revision, 10) + `"` }
