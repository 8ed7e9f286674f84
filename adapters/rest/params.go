package rest

import (
	"errors"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/adapters/rest/operation"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// maxUnknownParams is the maximum number of unknown query parameters that a response lists by name.
const maxUnknownParams = 20

// invalidParams returns an error for each query parameter that is unknown, occurs twice or is empty. The function
// isKnown reports whether the operation has a parameter with this name. More than maxUnknownParams unknown parameters
// cause only one error, so that a short request cannot cause a long response.
func invalidParams(rawQuery string, isKnown func(name string) bool) []ProblemField {
	if rawQuery == "" {
		return nil
	}
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		return []ProblemField{{"query", "must be a URL-encoded query"}}
	}
	var invalid, unknown []ProblemField
	for name, values := range query {
		location := strings.TrimSuffix(printableLocation("query."+name), ".")
		switch {
		case !isKnown(name):
			unknown = append(unknown, ProblemField{location, "is not a parameter of this operation"})
		case len(values) > 1:
			invalid = append(invalid, ProblemField{location, "must have exactly one value"})
		case values[0] == "":
			invalid = append(invalid, ProblemField{location, "must not be empty"})
		}
	}
	if len(unknown) > maxUnknownParams {
		unknown = []ProblemField{{"query", "contains too many unknown parameters"}}
	}
	return append(invalid, unknown...)
}

// pathID is the id of an object in a path. A malformed id gets the same 404 as an unknown id.
type pathID[T any] struct{ domain.ID[T] }

// UnmarshalText parses the canonical form of a UUID. Errors: NotFound.
func (p *pathID[T]) UnmarshalText(text []byte) (err error) {
	p.ID, err = domain.ParseID[T](string(text))
	return err
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

// amountParam is an exact amount in a query.
type amountParam struct {
	value  *decimal.Decimal
	signed bool // the text begins with a sign
}

// UnmarshalText parses a decimal number without rounding it. A URL turns a leading "+" into a blank. Exponents are
// refused: people and callers write amounts without them, so "1e3" is more likely a mistake.
func (a *amountParam) UnmarshalText(text []byte) error {
	digits := strings.TrimLeft(string(text), "+ ")
	a.signed = digits != string(text) || strings.HasPrefix(digits, "-")
	if len(text)-len(digits) > 1 || len(text) > len(digits) && strings.HasPrefix(digits, "-") ||
		strings.ContainsAny(digits, "eE") {
		digits = "" // several signs, or an exponent
	}
	value, err := domain.ParseAmount(digits)
	if err != nil {
		return errors.New("must be a decimal number of at most 19 digits")
	}
	a.value = &value
	return nil
}

// dateTimeParam is a point in time in a query.
type dateTimeParam struct{ time.Time }

// UnmarshalText parses an RFC 3339 date-time or a date. A date means the first moment of that day in UTC.
func (i *dateTimeParam) UnmarshalText(text []byte) error {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(layout, string(text)); err == nil {
			i.Time = at.UTC()
			return nil
		}
	}
	return errors.New("must be an RFC 3339 date-time or a date")
}

// asOfParam is a moment in a query. The records are read as they were at this moment. The zero value means the
// present.
type asOfParam struct{ time.Time }

// UnmarshalText parses an RFC 3339 date-time.
func (p *asOfParam) UnmarshalText(text []byte) error {
	at, err := time.Parse(time.RFC3339, string(text))
	if err != nil {
		return errors.New("must be an RFC 3339 date-time")
	}
	if p.Time = at.UTC(); p.Year() < 1970 {
		p.Time = time.Unix(0, 0).UTC() // nothing was stored before, and every database can store this time
	}
	return nil
}

// dayParam is a date in a query. Its value is the first moment of that day in UTC.
type dayParam struct{ time.Time }

// UnmarshalText parses a date.
func (d *dayParam) UnmarshalText(text []byte) error {
	at, err := time.Parse(time.DateOnly, string(text))
	if err != nil {
		return errors.New("must be a date (YYYY-MM-DD)")
	}
	if d.Time = at; at.Year() < 1970 {
		d.Time = time.Unix(0, 0).UTC() // nothing that is stored is earlier, and every database can store this time
	}
	return nil
}

// institutionParam is a bank in a query, as VENDOR:ID.
type institutionParam struct{ domain.InstitutionKey }

// UnmarshalText parses a bank. The id may contain further colons.
func (p *institutionParam) UnmarshalText(text []byte) error {
	vendor, id, _ := strings.Cut(string(text), ":")
	if vendor == "" || id == "" {
		return errors.New("must be VENDOR:ID")
	}
	p.InstitutionKey = domain.InstitutionKey{Vendor: domain.Vendor(vendor), ID: id}
	return nil
}

// checkTimeRange rejects a time range that ends before it starts. A zero time means that the range has no limit at that
// end. domain.Window (a range of dates) has the same rule. The error is Invalid on "to".
func checkTimeRange(from, to time.Time) error {
	if !from.IsZero() && !to.IsZero() && to.Before(from) {
		return domain.FieldError("to", "must not be before from")
	}
	return nil
}

// dateTimeText is a point in time in a body. It is parsed only after the whole body has been
// validated, so that a parse error is reported together with the other errors.
type dateTimeText string

// Schema returns a schema that allows everything that dateTimeParam parses, and also dates that do not exist, such as
// February 30.
func (dateTimeText) Schema() *operation.Schema {
	schema := &operation.Schema{
		Type: operation.TypeString, PatternDescription: "an RFC 3339 date-time or a date",
		Pattern: `^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])` +
			`(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9]))?$`,
	}
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

// noRevision is the revision for every entity tag that the service did not issue. No connection has this revision.
const noRevision = -1

// invalidIfMatch is the message for a malformed If-Match header.
const invalidIfMatch = `must be * or a list of entity tags such as "1"`

var (
	// entityTagList matches a list of entity tags. A list can have empty elements (RFC 9110, section
	// 5.6.1.2), but has at least one entity tag.
	entityTagList = regexp.MustCompile(`^[ \t,]*((W/)?"[^"\x00-\x20\x7f]*"[ \t]*(,[ \t,]*|$))+$`)
	// entityTag matches each entity tag in a list. A tag can contain a comma.
	entityTag = regexp.MustCompile(`(W/)?"[^"]*"`)
)

// UnmarshalText parses a list of entity tags, or "*" for any revision. A tag that the service did not issue matches no
// revision. Any other text is an error, because it is a mistake of the client.
func (m *ifMatchHeader) UnmarshalText(text []byte) error {
	m.IfMatch = nil
	switch {
	case string(text) == "*":
		return nil
	case !entityTagList.Match(text):
		return errors.New(invalidIfMatch)
	}
	for _, tag := range entityTag.FindAllString(string(text), -1) {
		m.IfMatch = append(m.IfMatch, revisionOf(tag))
	}
	return nil
}

// proxyMark matches what proxies append to an entity tag when they compress the response: "3-gzip" (Apache mod_deflate,
// mod_brotli), "3--gzip" (Jetty), "3;gzip" (others).
var proxyMark = regexp.MustCompile(`(--?|;)(gzip|br|zstd|deflate)"$`)

// revisionOf returns the revision of an entity tag. Apart from the changes of proxies, the tag must have exactly the
// form that etag returns; for any other tag, revisionOf returns noRevision.
//
// A proxy that compresses a response weakens its tag (nginx: W/"3") or marks it. RFC 9110, section 13.1.1, demands the
// strong comparison of tags, by which a weakened tag never matches: every conditional request behind such a proxy would
// fail. The revision identifies the content all the same, because no compression changes it.
func revisionOf(tag string) int64 {
	tag = proxyMark.ReplaceAllString(strings.TrimPrefix(tag, "W/"), `"`)
	number, err := strconv.ParseInt(strings.Trim(tag, `"`), 10, 64)
	if err != nil || etag(number) != tag {
		return noRevision
	}
	return number
}

// etag returns the strong entity tag of a revision.
func etag(revision int64) string { return `"` + strconv.FormatInt(revision, 10) + `"` }
