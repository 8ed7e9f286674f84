package rest

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"io"
	"iter"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"go.uber.org/zap"

	"github.com/LerianStudio/aggregator-connections/adapters/rest/operation"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Limits of a response that contains an account statement. The response may take longer than the timeout of other
// responses, so each chunk has its own timeout.
const (
	statementTimeout = 15 * time.Minute // for the whole response, which occupies a database connection
	chunkTimeout     = 10 * time.Second // the maximum time in which the caller must accept a chunk
	chunkSize        = 64 << 10
)

// statementInput is the input of the operation that writes an account statement.
type statementInput struct {
	ID         pathID[domain.Account]   `path:"id" doc:"Opaque"`
	From       string                   `query:"from" format:"date" doc:"First value date; by default the date of the first record"`
	To         string                   `query:"to" format:"date" doc:"Last value date; by default the last day that is covered (camt053, ofx: coversTo of the account), otherwise the present day in UTC, or the date of a later record"`
	Format     string                   `query:"format" doc:"The format of the document"`
	Version    string                   `query:"version" enum:"220,102" example:"102" doc:"Only with the format ofx: the version of OFX. By default 220 (OFX 2.2); 102: OFX 1.0.2 in UTF-8"`
	Locale     string                   `query:"locale" enum:"pt-BR" example:"pt-BR" doc:"Only with the format csv. pt-BR: the form for spreadsheets in Brazil"`
	ExternalID string                   `query:"externalId" enum:"id,reference" default:"id" doc:"The value of external_id in the format matcher. id: the id of the transaction. reference: its reference, if it is the first transaction of the account, by id, that ever had this reference, otherwise its id"`
	Close      string                   `query:"close" format:"date" example:"2026-02-28" doc:"Print the period that ends on this day as it was when it was closed; not together with from, to and force"`
	Bill       idParam[domain.CardBill] `query:"bill" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a04" doc:"Print the posted transactions of this bill of a card (csv, ofx, matcher). OFX states the total of the bill as the balance. Not together with from, to, close and force"`
	MaxBytes   int                      `query:"maxBytes" minimum:"1" maximum:"9007199254740991" example:"33554432" doc:"The maximum size of the document in bytes; if it is larger, the response is a 413. By default there is no maximum"`
	Force      string                   `query:"force" pattern:"^(true|false|(drift|changed|unsettled|not_covered|omitted)(,(drift|changed|unsettled|not_covered|omitted))*)$" default:"false" example:"drift,not_covered" doc:"What the caller accepts, separated by commas; true: all of it. drift: the account drifts. changed (or unsettled): transactions have changed since its balance was read, or were read later than it. not_covered: the bank was last read too early for the last day. These three concern statements with balances (camt053, ofx). omitted: transactions without an amount in the currency of the account are left out"`
}

// matcherRecord describes, in the OpenAPI document, one item of an account statement in the format "matcher".
type matcherRecord struct {
	MatchingID    string `json:"external_id" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The id of the transaction, or its reference; see the parameter externalId"`
	TransactionID string `json:"transaction_id" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The id of the transaction"`
	Amount        string `json:"amount" example:"-212.45" doc:"Signed decimal, in the currency of the account"`
	Currency      string `json:"currency" example:"BRL" doc:"ISO 4217; the currency of the account"`
	Date          string `json:"date" format:"date" example:"2026-03-01" doc:"Value date"`
	Description   string `json:"description" example:"BOLETO DE ENERGIA" doc:"The description on the statement; empty if unknown"`
	Reference     string `json:"reference,omitempty" example:"E18236120202603011212s0a1b2c3d4e" doc:"The first of end-to-end id, transaction id, tracking key and reference number that is known; absent if none is"`
	Counterparty  string `json:"counterparty,omitempty" example:"Companhia de Energia" doc:"The other party; absent if unknown"`
	Type          string `json:"type" enum:"credit,debit" example:"debit" doc:"debit: money out"`
}

// statementRoute returns the route that downloads account statements.
func (s *server) statementRoute(tag string) route {
	return route{
		id: "get-statement", method: http.MethodGet, path: accountsPath + "/{id}/statement",
		description: "Returns the posted transactions of an account as a document. All amounts are in the currency " +
			"of the account. The balances and all records show the same moment. The response is a 409 in these " +
			"cases, unless force names it: an amount in the currency of the account is not known (csv prints the row " +
			"without an amount); the format has balances (camt053, ofx), and the account drifts, its transactions " +
			"have changed since its balance was read or were read later than it, or the bank was last read too early " +
			"for the last day. It is also a 409 if the format needs a balance and none is known. With close, the " +
			"document is that of a closed period: the same bytes each time, whatever changed since; the response is " +
			"a 404 if the day was never closed. With maxBytes, a larger document is a 413 whose member to is the " +
			"latest day such that the statement up to it fits; it is absent if that of the first day does not fit, " +
			"and with close. If writing fails after the first byte, the connection is closed before the end of the " +
			"document.",
		status: http.StatusOK, tag: tag, summary: "Download a statement of an account",
		scope: scopeRead, notFound: accountNotFound, conflict: true, tooLarge: true,
		mount: mountStatement,
	}
}

// statementEndpoint serves statements.
type statementEndpoint struct {
	*server
	route *route
	input *operation.Input[statementInput]
}

// mountStatement is the value of route.mount for statements. It adds the operation to the OpenAPI document and returns
// its Echo handler. The generic version, handle, supports only JSON responses.
func mountStatement(s *server, r *route) echo.HandlerFunc {
	op := s.describe(r)
	e := &statementEndpoint{server: s, route: r, input: operation.NewInput[statementInput](s.api, op)}
	e.describe(op)
	s.api.Document.Add(r.method, r.path, op)
	checks := s.middlewares(r)
	return func(c echo.Context) error { return e.serve(c, checks) }
}

// describe adds the statement formats to the description of the operation.
func (e *statementEndpoint) describe(op *operation.Operation) {
	text := &operation.Schema{Type: operation.TypeString}
	response := &operation.Response{
		Description: http.StatusText(http.StatusOK), Content: map[string]*operation.MediaType{},
		Headers: map[string]*operation.Header{"Content-Disposition": {
			Schema: text, Description: "attachment, with a file name made of the account's id and the period",
		}, "X-Completeness": {
			Schema: text, Description: "The completeness of the account when the period was closed; with close only",
		}, "X-Forced": {
			Schema: text, Description: "What force has made possible: drift, changed, not_covered, omitted",
		}, "X-Omitted-Records": {
			Schema: text, Description: "The number of transactions that force=omitted leaves out",
		}},
	}
	op.Responses[statusText(http.StatusOK)] = response
	for _, p := range op.Parameters {
		if p.Name == "format" {
			p.Required, p.Schema.Enum = true, e.formatNames()
		}
	}
	for _, format := range e.Statements {
		if response.Content[format.MediaType()] != nil {
			continue // a variant of a format that is described already
		}
		schema := &operation.Schema{
			Type: operation.TypeString, Description: "A document of the format " + format.Name(),
			Examples: []any{"the document"},
		}
		if format.MediaType() == jsonType {
			schema = e.api.Schemas().Of(reflect.TypeFor[[]matcherRecord]())
		}
		response.Content[format.MediaType()] = &operation.MediaType{Schema: schema}
	}
}

// serve checks the request and writes the account statement.
func (e *statementEndpoint) serve(c echo.Context, checks []middleware) error {
	x := exchangeOf(c.Request().Context())
	for _, check := range checks {
		if err := check(c, x); err != nil {
			return err
		}
	}
	x.invalid = append(x.invalid, invalidParams(c.Request().URL.RawQuery, e.input.HasQuery)...)
	if !c.QueryParams().Has("format") {
		x.invalid = append(x.invalid, ProblemField{"query.format", "is required"})
	}
	if query := c.QueryParams(); query.Has("close") {
		for _, name := range []string{"from", "to", "force"} {
			if query.Has(name) {
				x.invalid = append(x.invalid, ProblemField{"query." + name, "must be absent if close is given"})
			}
		}
	}
	if query := c.QueryParams(); query.Has("bill") {
		for _, name := range []string{"from", "to", "close", "force"} {
			if query.Has(name) {
				x.invalid = append(x.invalid, ProblemField{"query." + name, "must be absent if bill is given"})
			}
		}
		if query.Get("format") == "camt053" {
			x.invalid = append(x.invalid, ProblemField{"query.format", "must be csv, ofx or matcher if bill is given"})
		}
	}
	in, err := readInput(c, x, e.input)
	if in == nil {
		return err
	}
	format, err := e.formatOf(in.Format, in.Version, in.Locale)
	if err != nil {
		return err
	}
	if err := e.reserveMemory(c.Request().Context(), statementMemory); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), statementTimeout)
	defer cancel()
	deadline, _ := ctx.Deadline()
	w := &statementWriter{c: c, format: format, deadline: deadline}
	switch {
	case !in.Bill.ID.IsZero():
		w.maxBytes = int64(in.MaxBytes)
		err = e.service.WriteBillStatement(ctx, x.principal.Tenant, in.ID.ID, in.Bill.ID, in.ExternalID == "reference",
			w.write)
	case in.Close != "":
		w.maxBytes = int64(in.MaxBytes)
		err = e.service.WriteClosedStatement(ctx, x.principal.Tenant, in.ID.ID, domain.Date(in.Close), w.write)
	default:
		err = e.service.WriteStatement(ctx, x.principal.Tenant, in.ID.ID, in.query(format), w.write)
	}
	if err != nil && c.Response().Committed {
		e.abort(x, w, err)
	}
	return err
}

// query returns the selection of the statement.
func (in *statementInput) query(format ports.StatementFormat) ports.StatementQuery {
	q := ports.StatementQuery{
		Window:      domain.Window{From: domain.Date(in.From), To: domain.Date(in.To)},
		Force:       forceOf(in.Force),
		Balances:    format.HasBalances(),
		ByReference: in.ExternalID == "reference",
		MaxBytes:    int64(in.MaxBytes),
	}
	if q.MaxBytes > 0 {
		q.Format = format
	}
	return q
}

// forceOf parses the parameter force, which is valid.
func forceOf(text string) (f books.StatementForce) {
	for name := range strings.SplitSeq(text, ",") {
		f.Drift = f.Drift || name == "drift" || name == "true"
		f.Changed = f.Changed || name == "changed" || name == "unsettled" || name == "true"
		f.NotCovered = f.NotCovered || name == "not_covered" || name == "true"
		f.Omitted = f.Omitted || name == "omitted" || name == "true"
	}
	return f
}

// forceNames are the names in the header X-Forced.
var forceNames = map[domain.Code]string{
	domain.AccountDrifting: "drift", domain.AccountChanged: "changed", domain.NotCovered: "not_covered",
}

// setForced sets the headers that state what was forced, and how many records the document leaves out.
func (w *statementWriter) setForced(header http.Header, s books.Statement) {
	var forced []string
	for _, code := range s.Forced {
		forced = append(forced, forceNames[code])
	}
	if n := len(s.Unconverted) + s.Omitted; n > 0 && s.OmitUnconverted && !w.format.PrintsUnconverted() {
		forced = append(forced, "omitted")
		header.Set("X-Omitted-Records", strconv.Itoa(n))
	}
	if len(forced) > 0 {
		header.Set("X-Forced", strings.Join(forced, ","))
	}
}

// formatNames returns the names of the statement formats.
func (s *server) formatNames() (names []any) {
	for _, format := range s.Statements {
		if format.Variant() == "" {
			names = append(names, format.Name())
		}
	}
	return names
}

// defaultVersion is the version of OFX that a request without a version gets.
const defaultVersion = "220"

// formatOf returns the statement format with this name, in the version or the locale; "" means none. Errors:
// Invalid on "format", "version" and "locale".
func (s *server) formatOf(name, version, locale string) (ports.StatementFormat, error) {
	if !slices.Contains(s.formatNames(), any(name)) {
		return nil, domain.FieldError("format", "is not known")
	}
	if version != "" && name != "ofx" {
		return nil, domain.FieldError("version", "must be absent unless the format is ofx")
	}
	if locale != "" && name != "csv" {
		return nil, domain.FieldError("locale", "must be absent unless the format is csv")
	}
	variant := cmp.Or(locale, version)
	if variant == defaultVersion {
		variant = ""
	}
	for _, format := range s.Statements {
		if format.Name() == name && format.Variant() == variant {
			return format, nil
		}
	}
	return nil, domain.FieldError("format", "has no such version or locale")
}

// abort closes the connection before the end of the response, so that the caller notices that the document is
// incomplete. If the cause is the caller's own connection, abort does not log it as an error.
func (s *server) abort(x *exchange, w *statementWriter, err error) {
	fields := []zap.Field{zap.String("requestId", x.requestID), zap.String("cause", errorChain(err))}
	if w.failed || errors.Is(err, context.Canceled) {
		s.Logger.Info("document not accepted by the caller", fields...)
	} else {
		s.Logger.Error("document aborted", fields...)
	}
	panic(http.ErrAbortHandler)
}

// statementWriter writes an account statement to the caller.
type statementWriter struct {
	c        echo.Context
	format   ports.StatementFormat
	deadline time.Time // when the whole response must have been sent
	failed   bool      // a write to the caller has failed
	// maxBytes is the maximum size of the document of a close; 0 means no bound. The period of a close is fixed.
	// Therefore no shorter period is suggested.
	maxBytes int64
}

// write implements ports.StatementWriter. Nothing is sent before the first chunk is complete. If an error occurs before
// that, the response can still be a problem document.
func (w *statementWriter) write(s books.Statement, records iter.Seq2[books.StatementRecord, error]) error {
	header := http.Header{
		echo.HeaderContentType:        {w.format.MediaType()},
		echo.HeaderContentDisposition: {`attachment; filename="` + w.fileName(s) + `"`},
	}
	if s.Completeness != "" {
		header["X-Completeness"] = []string{string(s.Completeness)}
	}
	w.setForced(header, s)
	if w.maxBytes > 0 {
		var length counter
		if err := w.format.Write(&length, s, records); err != nil {
			return err
		}
		if int64(length) > w.maxBytes {
			return &domain.Error{Kind: domain.Oversized, Code: domain.DocumentTooLarge}
		}
	}
	r := w.c.Request()
	if exchangeOf(r.Context()).isHEAD {
		return w.writeHead(header, s)
	}
	if !r.ProtoAtLeast(1, 1) {
		// An HTTP/1.0 response without a Content-Length ends when the connection is closed. The caller would not notice
		// that a statement was aborted. Therefore the statement is written twice. The first time, its bytes are only
		// counted.
		var length counter
		if err := w.format.Write(&length, s, records); err != nil {
			return err
		}
		header.Set(echo.HeaderContentLength, strconv.FormatInt(int64(length), 10))
	}
	chunks := bufio.NewWriterSize(&chunkWriter{statementWriter: w, header: header}, chunkSize)
	if err := w.format.Write(chunks, s, records); err != nil {
		return err
	}
	return chunks.Flush()
}

// writeHead writes the response to HEAD. It checks whether the format can express the statement, but reads no
// records.
func (w *statementWriter) writeHead(header http.Header, s books.Statement) error {
	none := func(func(books.StatementRecord, error) bool) {}
	if err := w.format.Write(io.Discard, s, none); err != nil {
		return err
	}
	(&chunkWriter{statementWriter: w, header: header}).begin()
	return nil
}

// fileName returns a file name that contains only letters, digits, dots and hyphens.
func (w *statementWriter) fileName(s books.Statement) string {
	return "statement-" + s.Account.ID.String() + "-" + string(s.Period.From) + "-" + string(s.Period.To) + "." +
		w.format.Extension()
}

// chunkWriter writes chunks, each with its own deadline. It writes the status and the header before the first chunk.
type chunkWriter struct {
	*statementWriter
	header http.Header // nil after begin was called
}

// begin writes the status and the header.
func (w *chunkWriter) begin() {
	maps.Copy(w.c.Response().Header(), w.header)
	w.header = nil
	w.c.Response().WriteHeader(http.StatusOK)
}

// Write implements io.Writer. It sets a write deadline for the chunk, which replaces the server's timeout for a whole
// response. An error from setting the deadline is ignored, because the response recorder in tests supports no deadline
// and needs none.
func (w *chunkWriter) Write(chunk []byte) (int, error) {
	deadline := time.Now().Add(chunkTimeout)
	if w.deadline.Before(deadline) {
		deadline = w.deadline
	}
	_ = http.NewResponseController(w.c.Response()).SetWriteDeadline(deadline)
	if w.header != nil {
		w.begin()
	}
	n, err := w.c.Response().Write(chunk)
	w.failed = w.failed || err != nil
	return n, err
}

// counter counts the bytes that are written to it.
type counter int64

// Write implements io.Writer.
func (n *counter) Write(p []byte) (int, error) {
	*n += counter(len(p))
	return len(p), nil
}
