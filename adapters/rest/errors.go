package rest

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/labstack/echo/v4"
	"go.uber.org/zap"

	"github.com/LerianStudio/aggregator-connections/adapters/rest/auth"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// Error codes of problem documents.
const (
	codeInvalid            = "MTCH-0001"
	codeInternal           = "MTCH-0002"
	codeUnauthenticated    = "MTCH-0003"
	codeForbidden          = "MTCH-0004"
	codeNotFound           = "MTCH-0005"
	codeConflict           = "MTCH-0007"
	codeUnavailable        = "MTCH-0008"
	codeRateLimited        = "MTCH-0009"
	codeTooLarge           = "MTCH-0010"
	codeKeyInFlight        = "MTCH-0018"
	codeKeyReused          = "MTCH-0019"
	codePrecondition       = "MTCH-0020"
	codeTokenShownOnce     = "MTCH-0021"
	codeVendorRefused      = "MTCH-0022"
	codeConnectionNotFound = "MTCH-0201"
)

// Errors of the HTTP transport, which have no equivalent in the domain.
var (
	errMethodNotAllowed = errors.New("method not allowed")
	errMediaType        = errors.New("unsupported media type")
	errNoEntityTag      = errors.New("no entity tag matches")
	errFileMediaType    = errors.New("unsupported media type of a file")
	errTooLarge         = errors.New("body too large")
	errHeadersTooLarge  = errors.New("headers too large")
	errBodyTimeout      = errors.New("body read timeout")
	errRateLimited      = errors.New("rate limit exceeded")
	errTooManyPolls     = errors.New("too many waiting long polls")
)

// statusRule maps one error to its HTTP status, code and detail.
type statusRule struct {
	match  error
	status int
	code   string
	detail string
}

// internalError is the detail of a 5xx response that states no reason. The cause of the error is only logged, together
// with the request id.
const internalError = "internal error"

// statusRules translates errors into HTTP statuses; no other code does. The first rule that matches an error is
// applied, so rules for error codes precede rules for error kinds. The detail of a 5xx never reveals its cause.
var statusRules = []statusRule{
	{
		domain.RevisionMismatch, http.StatusPreconditionFailed, codePrecondition,
		"the object has changed since it was read",
	},
	{errNoEntityTag, http.StatusPreconditionFailed, codePrecondition, "the object has no entity tag"},
	{
		domain.KeyReused, http.StatusUnprocessableEntity, codeKeyReused,
		"the idempotency key was used for another request",
	},
	{
		domain.KeyInFlight, http.StatusConflict, codeKeyInFlight,
		"the first request with this idempotency key is still running",
	},
	{domain.VendorRefused, http.StatusBadGateway, codeVendorRefused, "the vendor refused the request"},
	{domain.ShownOnce, http.StatusConflict, codeTokenShownOnce, "the token was shown once and is not stored"},
	{domain.NameTaken, http.StatusConflict, codeConflict, "the name is already in use"},
	{
		domain.NoAnchor, http.StatusConflict, codeConflict,
		"the balance of the account cannot be compared with its transactions",
	},
	{
		domain.NotJoinable, http.StatusConflict, codeConflict,
		"the transactions cannot be decided about together: see the conditions of the operation",
	},
	{
		domain.HeldNone, http.StatusConflict, codeConflict,
		"no removal of the account or of its transactions is held back",
	},
	{
		domain.AccountNotAmbiguous, http.StatusConflict, codeConflict,
		"no rows wait for a decision about the account",
	},
	{
		domain.AccountLeft, http.StatusConflict, codeConflict,
		"the connection of the account is deleted: decide about the account that may continue it",
	},
	{
		domain.CurrencyDiffers, http.StatusConflict, codeConflict,
		"the accounts have different currencies: none continues the other",
	},
	{domain.NothingToUndo, http.StatusConflict, codeConflict, "the transaction has replaced no other row"},
	{
		domain.ConnectionPaused, http.StatusConflict, codeConflict,
		"the connection is paused: no request is sent to its vendor",
	},
	{
		domain.AlreadyErased, http.StatusConflict, codeConflict,
		"the connection is erased already, so its vendor cannot be asked any more",
	},
	{
		domain.ApplicationInUse, http.StatusConflict, codeConflict,
		"a connection, a link session or an erasure at the vendor uses the application",
	},
	{
		domain.ApplicationChanged, http.StatusConflict, codeConflict,
		"the application has changed meanwhile: repeat the request",
	},
	{domain.ApplicationNotFound, http.StatusNotFound, codeNotFound, applicationNotFound.detail},
	{domain.EventAccountNotFound, http.StatusNotFound, codeNotFound, accountNotFound.detail},
	{domain.CloseNotFound, http.StatusNotFound, codeNotFound, closeNotFound.detail},
	{domain.TokenInUse, http.StatusConflict, codeConflict, "the token serves more than one connection"},
	{domain.NotOffered, http.StatusConflict, codeConflict, "the vendor does not offer this"},
	{
		domain.SyncsFailed, http.StatusConflict, codeConflict,
		"the vendor has stopped reading the bank after repeated failures: its support must unlock this",
	},
	{
		domain.LoginDiffers, http.StatusConflict, codeConflict,
		"the vendor accepts only the login with which the account was first connected",
	},
	{domain.SinkLacks, http.StatusConflict, codeConflict, "the sink of the subscription does not have this"},
	{domain.EventNotFailed, http.StatusConflict, codeConflict, "no attempt to send the event has failed"},
	{domain.EventDelivered, http.StatusConflict, codeConflict, "the event was delivered or skipped already"},
	{domain.EventNotStored, http.StatusConflict, codeConflict, "no event with this sequence is stored"},
	{
		domain.AccountChanged, http.StatusConflict, codeConflict,
		"transactions have changed since the balance of the account was read, or were read later than it; " +
			"force=changed writes the statement",
	},
	{
		domain.AccountDrifting, http.StatusConflict, codeConflict,
		"the transactions of the account do not explain its balance; force=drift ignores this",
	},
	{
		domain.NotCovered, http.StatusConflict, codeConflict,
		"the bank was last read too early for the last day of the statement; force=not_covered ignores this",
	},
	{
		domain.InvoiceBalance, http.StatusConflict, codeConflict,
		"the balance of the card is its used limit or open invoice, which is no balance of a statement",
	},
	{domain.NoBalance, http.StatusConflict, codeConflict, "no balance of the account is known"},
	{
		domain.NoAccountAmount, http.StatusConflict, codeConflict,
		"the amount of a transaction in the currency of the account is not known",
	},
	{
		domain.NotRepresentable, http.StatusConflict, codeConflict,
		"an amount of the statement has more digits than the format allows",
	},
	{
		domain.NoEvidence, http.StatusConflict, codeConflict,
		"the period was closed by a version of the service that recorded no evidence; reopen it and close it again",
	},
	{
		domain.TooManySubscriptions, http.StatusConflict, codeConflict,
		"the tenant has the maximum number of subscriptions; delete one first",
	},
	{
		domain.TooManyTokens, http.StatusConflict, codeConflict,
		"the connection has the maximum number of live webhook tokens; revoke one first",
	},
	{
		domain.TooManyLinkSessions, http.StatusConflict, codeConflict,
		"the tenant has the maximum number of open link sessions; wait until one of them ends",
	},
	{domain.Conflict, http.StatusConflict, codeConflict, "the request conflicts with the current state"},
	{domain.Oversized, http.StatusRequestEntityTooLarge, codeTooLarge, "the document is too large"},
	{domain.Unauthenticated, http.StatusUnauthorized, codeUnauthenticated, "authentication is required"},
	{auth.ErrAccessRefused, http.StatusForbidden, codeForbidden, "the access manager refused the request"},
	{
		auth.ErrAccessManagerUnreachable, http.StatusServiceUnavailable, codeUnavailable,
		"the access manager cannot be reached",
	},
	{domain.Forbidden, http.StatusForbidden, codeForbidden, "the token lacks the required scope"},
	{domain.NotFound, http.StatusNotFound, codeNotFound, "path not found"},
	{
		domain.TooManyProbes, http.StatusTooManyRequests, codeRateLimited,
		"too many tests are running",
	},
	{
		domain.TooManyReads, http.StatusTooManyRequests, codeRateLimited,
		"too many costly requests of the tenant are running",
	},
	{
		domain.TooManyStatements, http.StatusTooManyRequests, codeRateLimited,
		"too many statements are being written",
	},
	{
		domain.MemoryExhausted, http.StatusTooManyRequests, codeRateLimited,
		"the other requests of the tenant use all memory of its share",
	},
	{
		domain.RefreshesUsedUp, http.StatusTooManyRequests, codeRateLimited,
		"the vendor allows no further refresh at the moment",
	},
	{
		domain.VendorUnreachable, http.StatusServiceUnavailable, codeUnavailable, "the vendor cannot be reached",
	},
	{
		domain.MalformedResponse, http.StatusServiceUnavailable, codeUnavailable,
		"the vendor's response cannot be read",
	},
	{
		domain.VendorRateLimited, http.StatusServiceUnavailable, codeUnavailable,
		"the vendor accepts no more requests at the moment",
	},
	{
		domain.BudgetExhausted, http.StatusServiceUnavailable, codeUnavailable,
		"the rate budget of the vendor is exhausted",
	},
	{
		domain.CredentialUnopened, http.StatusServiceUnavailable, codeUnavailable,
		"the stored credential cannot be decrypted",
	},
	{
		domain.RegistrationInFlight, http.StatusServiceUnavailable, codeUnavailable,
		"another request creates the webhook of the application",
	},
	{domain.Unavailable, http.StatusServiceUnavailable, codeUnavailable, internalError},
	{context.DeadlineExceeded, http.StatusServiceUnavailable, codeUnavailable, internalError},
	{context.Canceled, http.StatusServiceUnavailable, codeUnavailable, internalError},
	{domain.Invalid, http.StatusBadRequest, codeInvalid, "the request is not valid"},
	{domain.AddressNotAllowed, http.StatusBadRequest, codeInvalid, "the request is not valid"},
	{errMethodNotAllowed, http.StatusMethodNotAllowed, codeNotFound, "the method is not allowed for this path"},
	{
		errMediaType, http.StatusUnsupportedMediaType, codeInvalid,
		"the body must be application/json without a content encoding",
	},
	{
		errFileMediaType, http.StatusUnsupportedMediaType, codeInvalid,
		"the body must be a file as application/octet-stream, or application/json, without a content encoding",
	},
	{errTooLarge, http.StatusRequestEntityTooLarge, codeTooLarge, "the body is too large"},
	{errHeadersTooLarge, http.StatusRequestHeaderFieldsTooLarge, codeInvalid, "the headers are larger than 64 KiB"},
	{errBodyTimeout, http.StatusRequestTimeout, codeInvalid, "the body did not arrive in time"},
	{errRateLimited, http.StatusTooManyRequests, codeRateLimited, "too many requests"},
	{errTooManyPolls, http.StatusTooManyRequests, codeRateLimited, "too many long polls are waiting for changes"},
}

// internalStatusRule is applied to every error that matches none of the rules.
var internalStatusRule = statusRule{nil, http.StatusInternalServerError, codeInternal, internalError}

// notFound contains the code and the detail of an operation's 404 response. It is the zero value for operations that do
// not look up an object.
type notFound struct{ code, detail string }

var (
	connectionNotFound    = notFound{codeConnectionNotFound, "connection not found"}
	applicationNotFound   = notFound{codeNotFound, "application not found"}
	tokenNotFound         = notFound{codeNotFound, "webhook token not found"}
	deliveryNotFound      = notFound{codeNotFound, "delivery not found"}
	pullNotFound          = notFound{codeNotFound, "pull not found"}
	accountNotFound       = notFound{codeNotFound, "account not found"}
	billNotFound          = notFound{codeNotFound, "bill not found"}
	transactionNotFound   = notFound{codeNotFound, "transaction not found"}
	erasureNotFound       = notFound{codeNotFound, "erasure not found"}
	linkSessionNotFound   = notFound{codeNotFound, "link session not found"}
	closeNotFound         = notFound{codeNotFound, "the day of the account is not closed"}
	auditEntryNotFound    = notFound{codeNotFound, "audit entry not found"}
	subscriptionNotFound  = notFound{codeNotFound, "subscription not found"}
	bankStatementNotFound = notFound{codeNotFound, "bank statement not found"}
	conflictNotFound      = notFound{codeNotFound, "conflict not found"}
)

// statusRuleFor returns the first rule that matches err according to errors.Is. If no rule matches, it returns
// internalStatusRule.
func statusRuleFor(err error) statusRule {
	for _, r := range statusRules {
		if errors.Is(err, r.match) {
			return r
		}
	}
	return internalStatusRule
}

// ProblemField describes one invalid value of the request, or the object that the vendor refused.
type ProblemField struct {
	Location string `json:"location" doc:"Where the invalid value is, such as body.configName or query.limit" example:"query.limit"`
	Message  string `json:"message" doc:"Why the value is invalid; never contains a value of the request" example:"must be at least 1"`
}

// Problem is the response body of every failure (RFC 9457).
type Problem struct {
	Type     string         `json:"type" doc:"Always about:blank: problems are distinguished by code" example:"about:blank"`
	Title    string         `json:"title" doc:"The text of the HTTP status, in Portuguese if the Accept-Language header of the request prefers it" example:"Bad Request"`
	Status   int            `json:"status" doc:"The HTTP status" example:"400"`
	Detail   string         `json:"detail" doc:"What went wrong, in the language of the title" example:"the request is not valid"`
	Instance string         `json:"instance" doc:"The requested path, with webhook tokens redacted" example:"/v1/discovery/aggregator-connections"`
	Code     string         `json:"code" example:"MTCH-0001" doc:"A stable error code for programs"`
	To       string         `json:"to,omitempty" format:"date" example:"2026-02-14" doc:"With code MTCH-0010 of a statement: the latest day such that the statement up to it fits. Absent if none does"`
	Errors   []ProblemField `json:"errors,omitempty" doc:"Every invalid input, with code MTCH-0001; why the vendor refused, with code MTCH-0022"`
	// Upstream is nil unless the vendor has refused the request with a code that its documentation lists.
	Upstream *Upstream `json:"upstream,omitempty" doc:"What the vendor said, with codes MTCH-0007, MTCH-0009 and MTCH-0022"`

	headers http.Header
}

// Upstream describes the error of a vendor. It contains no text of the vendor's.
type Upstream struct {
	Code string `json:"code" doc:"The vendor's error code, if the documentation of the vendor lists it" example:"INVALID_ACCESS_TOKEN"`
}

// Error implements error, so that a handler can return a Problem. It returns the detail, which
// does not contain the cause.
func (p *Problem) Error() string { return p.Detail }

// problemType is the media type of problem documents (RFC 9457, section 4.1).
const problemType = "application/problem+json"

// problem returns the problem document that describes err in the given exchange.
func (x *exchange) problem(err error) *Problem { return x.problemAbout(err, x.matchedRoute().notFound) }

// problemAbout returns the problem document that describes err. It names resource as the missing object if err is
// NotFound. A request about several objects has no object in its path.
func (x *exchange) problemAbout(err error, resource notFound) *Problem {
	r := statusRuleFor(err)
	// The detail of these errors names the missing object, which is not the object in the path.
	named := errors.Is(err, domain.ApplicationNotFound) || errors.Is(err, domain.CloseNotFound) ||
		errors.Is(err, domain.EventAccountNotFound)
	if r.status == http.StatusNotFound && resource.code != "" && !named {
		r.code, r.detail = resource.code, resource.detail
	}
	p := &Problem{
		Type: "about:blank", Title: http.StatusText(r.status), Status: r.status,
		Detail: r.detail, Instance: x.instance, Code: r.code, headers: http.Header{},
	}
	if r.status == http.StatusBadRequest || r.status == http.StatusBadGateway {
		p.Errors = x.matchedRoute().problemFields(err)
	}
	refused := r.code == codeVendorRefused || r.code == codeConflict || r.code == codeRateLimited
	if code := domain.UpstreamCodeOf(err); refused && code != "" {
		p.Upstream = &Upstream{code}
	}
	if e := (*domain.Error)(nil); errors.As(err, &e) {
		p.To = string(e.LastDay)
		p.Errors = append(p.Errors, statementFields(e)...)
	}
	p.setHeaders(err)
	if prefersPortuguese(x.language) {
		p.toPortuguese()
	}
	return p
}

// statementFields returns a field error for each reason why a statement was refused: the code of the doubt, or the ids
// of the records without an amount in the currency of the account.
func statementFields(e *domain.Error) (all []ProblemField) {
	if slices.Contains([]domain.Code{domain.AccountDrifting, domain.AccountChanged, domain.NotCovered}, e.Code) {
		return []ProblemField{{"query.force", string(e.Code)}}
	}
	for _, id := range e.Records {
		all = append(all, ProblemField{"transaction", id.String()})
	}
	return all
}

// setHeaders sets the headers that belong to the problem's status. After a refused long poll, the connection is
// closed. Otherwise the idle connection would stay open and would not be available to other callers.
func (p *Problem) setHeaders(err error) {
	switch p.Status {
	case http.StatusUnauthorized:
		p.headers.Set("WWW-Authenticate", "Bearer")
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		p.headers.Set("Retry-After", retryAfterSeconds(domain.RetryAfterOf(err)))
	}
	if errors.Is(err, errTooManyPolls) {
		p.headers.Set("Connection", "close")
	}
}

// retryAfterSeconds returns the wait in seconds, at least 1. It rounds up, because a retry that
// comes too early is refused again.
func retryAfterSeconds(wait time.Duration) string {
	return strconv.Itoa(max(1, int(math.Ceil(wait.Seconds()))))
}

// problemFields returns a field error for each of these errors in err: invalid fields, forbidden addresses, and
// refusals by the vendor. The location of a field is its path in the input of the route, such as "body.baseUrl".
func (r *route) problemFields(err error) []ProblemField {
	var all []ProblemField
	for _, e := range domain.ErrorsOf(err) {
		switch {
		case e.Code == domain.VendorRefused:
			all = append(all, ProblemField{"vendor", e.Message})
		case e.Kind == domain.Invalid:
			all = append(all, ProblemField{r.location(e.Field), cmp.Or(e.Message, "is not valid")})
		case e.Code == domain.AddressNotAllowed:
			all = append(all, ProblemField{r.location(cmp.Or(e.Field, r.addressField)), addressForbiddenMessage})
		}
	}
	return sortFields(all)
}

// location returns the location of a domain field in this route's input, such as "body.baseUrl" or "path.date". It
// uses the name that the field has in the input (see fieldNames). For the field "" it returns "body" or "query".
func (r *route) location(field string) string {
	if other, ok := r.fieldNames[field]; ok {
		field = other
	}
	switch {
	case field == "":
		return r.inputLocation()
	case strings.Contains(r.path, "{"+field+"}"):
		return "path." + field
	}
	return r.inputLocation() + "." + field
}

// sortFields sorts the errors by location and keeps only one error for each location, so that two equal requests get
// exactly the same response.
func sortFields(all []ProblemField) []ProblemField {
	domain.SortLarge(all, func(a, b ProblemField) int { return cmp.Compare(a.Location, b.Location) })
	return slices.CompactFunc(all, func(a, b ProblemField) bool { return a.Location == b.Location })
}

// writeError writes the problem document of err as the response. It is also Echo's error handler,
// which Echo calls for unknown paths and methods.
func (s *server) writeError(err error, c echo.Context) {
	x := exchangeOf(c.Request().Context())
	if he := (*echo.HTTPError)(nil); errors.As(err, &he) {
		err = s.routerError(he, c)
	}
	p := x.problem(err)
	s.logCause(x, p, err)
	if c.Response().Committed {
		return
	}
	writeProblem(c, p)
}

// routerError returns the error of this package that corresponds to an error of the router.
func (s *server) routerError(he *echo.HTTPError, c echo.Context) error {
	switch he.Code {
	case http.StatusNotFound:
		return domain.NotFoundError()
	case http.StatusMethodNotAllowed:
		c.Response().Header().Set(echo.HeaderAllow, s.allowedMethods[c.Path()])
		return errMethodNotAllowed
	}
	return he
}

// writeProblem writes the document with its headers and its media type.
func writeProblem(c echo.Context, p *Problem) {
	header := c.Response().Header()
	maps.Copy(header, p.headers)
	header.Set(echo.HeaderContentType, problemType)
	body, err := json.Marshal(p)
	if err != nil {
		body = nil
	}
	c.Response().WriteHeader(p.Status)
	_, _ = c.Response().Write(body)
}

// logCause logs the cause of a 5xx, together with the request id.
func (s *server) logCause(x *exchange, p *Problem, err error) {
	if p.Status < http.StatusInternalServerError || errors.Is(err, context.Canceled) {
		return // a client that disconnected is not a failure of the service
	}
	fields := []zap.Field{zap.String("requestId", x.requestID), zap.String("cause", errorChain(err))}
	if recovered := (*panicError)(nil); errors.As(err, &recovered) {
		fields = append(fields, zap.ByteString("stack", recovered.stack))
	}
	s.Logger.Error("request failed", fields...)
}

// errorChain returns the text of an error followed by the texts of its causes. Domain errors omit
// their causes from their own text, because causes must appear only in the log.
func errorChain(err error) string {
	texts := []string{err.Error()}
	for e := (*domain.Error)(nil); errors.As(err, &e) && e.Cause != nil; {
		err = e.Cause
		texts = append(texts, err.Error())
	}
	return strings.Join(texts, ": ")
}
