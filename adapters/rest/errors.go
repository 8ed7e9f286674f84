package rest

import (
	"cmp"
	"context"
	"errors"
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Codes of problem documents.
const (
	codeInvalid           = "MTCH-0001"
	codeInternal          = "MTCH-0002"
	codeUnauthenticated   = "MTCH-0003"
	codeForbidden         = "MTCH-0004"
	codeMissing           = "MTCH-0005"
	codeConflict          = "MTCH-0007"
	codeUnavailable       = "MTCH-0008"
	codeRate              = "MTCH-0009"
	codeTooLarge          = "MTCH-0010"
	codeInFlight          = "MTCH-0018"
	codeReused            = "MTCH-0019"
	codePrecondition      = "MTCH-0020"
	codeShownOnce         = "MTCH-0021"
	codeMissingConnection = "MTCH-0201"
)

// Failures of the transport, which the domain has no word for.
var (
	errMethod    = errors.New("method not allowed")
	errMediaType = errors.New("unsupported media type")
	errTooLarge  = errors.New("body too large")
	errSlow      = errors.New("body too slow")
	errTooMany   = errors.New("rate limit")
)

// rule says how one failure is answered.
type rule struct {
	match  error
	status int
	code   string
	detail string
}

// internalError is all that a 5xx says; its cause is in the log under the request's id.
const internalError = "internal error"

// rules is the only translation of failures into statuses. The first that matches
// answers, so codes stand before their kinds. A 5xx tells nothing of its cause.
var rules = []rule{
	{domain.RevisionMismatch, http.StatusPreconditionFailed, codePrecondition, "it has changed since it was read"},
	{domain.KeyReused, http.StatusUnprocessableEntity, codeReused, "the idempotency key was used for another request"},
	{domain.KeyInFlight, http.StatusConflict, codeInFlight, "the first request with this idempotency key is still running"},
	{domain.ShownOnce, http.StatusConflict, codeShownOnce, "the token was shown once and is not kept"},
	{domain.NameTaken, http.StatusConflict, codeConflict, "the config name is taken"},
	{domain.Conflict, http.StatusConflict, codeConflict, "the state of things forbids it"},
	{domain.Unauthenticated, http.StatusUnauthorized, codeUnauthenticated, "authentication is required"},
	{domain.Forbidden, http.StatusForbidden, codeForbidden, "the scope is missing"},
	{domain.NotFound, http.StatusNotFound, codeMissing, "there is no such thing"},
	{domain.Unavailable, http.StatusServiceUnavailable, codeUnavailable, internalError},
	{context.DeadlineExceeded, http.StatusServiceUnavailable, codeUnavailable, internalError},
	{context.Canceled, http.StatusServiceUnavailable, codeUnavailable, internalError},
	{domain.Invalid, http.StatusBadRequest, codeInvalid, "the request is not valid"},
	{domain.AddressNotAllowed, http.StatusBadRequest, codeInvalid, "the request is not valid"},
	{errMethod, http.StatusMethodNotAllowed, codeMissing, "the method is not allowed here"},
	{errMediaType, http.StatusUnsupportedMediaType, codeInvalid, "the body must be application/json, without an encoding"},
	{errTooLarge, http.StatusRequestEntityTooLarge, codeTooLarge, "the body is too large"},
	{errSlow, http.StatusRequestTimeout, codeInvalid, "the body did not arrive in time"},
	{errTooMany, http.StatusTooManyRequests, codeRate, "too many requests"},
}

// internalRule answers whatever no rule knows.
var internalRule = rule{nil, http.StatusInternalServerError, codeInternal, internalError}

// ruleOf finds the rule of a failure, however it is wrapped.
func ruleOf(err error) rule {
	for _, r := range rules {
		if errors.Is(err, r.match) {
			return r
		}
	}
	return internalRule
}

// Fault names one input at fault.
type ProblemField struct {
	Location string `json:"location" doc:"Where the fault is, such as body.configName or query.limit"`
	Message  string `json:"message" doc:"What is wrong with it; never a value of the request"`
}

// Problem is the one form of every failure (RFC 9457).
type Problem struct {
	Type     string         `json:"type" doc:"Always about:blank: code tells problems apart"`
	Title    string         `json:"title" doc:"The status in words"`
	Status   int            `json:"status" doc:"The HTTP status"`
	Detail   string         `json:"detail" doc:"What went wrong"`
	Instance string         `json:"instance" doc:"The path that was asked for, webhook tokens cut out"`
	Code     string         `json:"code" example:"MTCH-0001" doc:"A stable code to act on"`
	Errors   []ProblemField `json:"errors,omitempty" doc:"Every input at fault; with code MTCH-0001"`

	headers http.Header
}

// Error makes a Problem what a handler can return. The detail holds no cause.
func (p *Problem) Error() string { return p.Detail }

// GetStatus tells huma the status.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders tells huma the headers that belong to the status.
func (p *Problem) GetHeaders() http.Header { return p.headers }

// ContentType tells huma the media type, whatever was negotiated.
func (p *Problem) ContentType(string) string { return problemType }

// problemType is the media type of RFC 9457, section 4.1.
const problemType = "application/problem+json"

// problem words a failure for the exchange it happened in.
func (x *exchange) problem(err error) *Problem {
	r := ruleOf(err)
	if r.status == http.StatusNotFound {
		r.code = cmp.Or(x.row().missing, r.code)
	}
	p := &Problem{
		Type: "about:blank", Title: http.StatusText(r.status), Status: r.status,
		Detail: r.detail, Instance: x.instance, Code: r.code, headers: http.Header{},
	}
	if r.status == http.StatusBadRequest {
		p.Errors = x.row().faults(err)
	}
	p.head(err)
	return p
}

// head adds the headers that a status is answered with.
func (p *Problem) head(err error) {
	switch p.Status {
	case http.StatusUnauthorized:
		p.headers.Set("WWW-Authenticate", "Bearer")
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		p.headers.Set("Retry-After", seconds(domain.RetryAfterOf(err)))
	}
}

// seconds rounds up, since an early retry is a wasted one.
func seconds(wait time.Duration) string {
	return strconv.Itoa(max(1, int(math.Ceil(wait.Seconds()))))
}

// faults turns the domain's fields into locations of this route's input.
func (r *route) faults(err error) []ProblemField {
	var all []ProblemField
	for _, e := range domain.ErrorsOf(err) {
		switch {
		case e.Kind == domain.Invalid:
			all = append(all, ProblemField{r.location(e.Field), cmp.Or(e.Message, "is not valid")})
		case e.Code == domain.AddressNotAllowed:
			all = append(all, ProblemField{r.location(cmp.Or(e.Field, r.address)), "must be an address that may be called"})
		}
	}
	return tidy(all)
}

// location spells a domain field as the caller did. Names with a place of their own
// (header.If-Match) stay as they are.
func (r *route) location(field string) string {
	if other, ok := r.renamed[field]; ok {
		field = other
	}
	if field == "" {
		return r.input()
	}
	return r.input() + "." + field
}

// tidy sorts faults and drops repetitions, so that the same request always gets the
// same bytes.
func tidy(all []ProblemField) []ProblemField {
	slices.SortStableFunc(all, func(a, b ProblemField) int { return cmp.Compare(a.Location, b.Location) })
	return slices.CompactFunc(all, func(a, b ProblemField) bool { return a.Location == b.Location })
}
