package rest

import (
	"archive/zip"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/go-json-experiment/json"
	"github.com/labstack/echo/v4"

	"github.com/LerianStudio/aggregator-connections/adapters/rest/operation"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// maxStatements is the maximum number of accounts whose statements are in one archive.
const maxStatements = 200

// statementsRequest is the body of the operation that downloads the statements of several accounts. Its members are
// the parameters of the operation for one account.
type statementsRequest struct {
	AccountIDs []string `json:"accountIds" minItems:"1" maxItems:"200" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The ids of the accounts"`
	From       string   `json:"from,omitempty" format:"date" example:"2026-02-01" doc:"First value date; by default the date of the first record of each account"`
	To         string   `json:"to,omitempty" format:"date" example:"2026-02-28" doc:"Last value date; by default as for the statement of one account"`
	Format     string   `json:"format" enum:"camt053,ofx,csv,matcher" example:"ofx" doc:"The format of the documents"`
	Version    string   `json:"version,omitempty" enum:"220,102" example:"102" doc:"Only with the format ofx: the version of OFX"`
	Locale     string   `json:"locale,omitempty" enum:"pt-BR" example:"pt-BR" doc:"Only with the format csv. pt-BR: the form for spreadsheets in Brazil"`
	ExternalID string   `json:"externalId,omitempty" enum:"id,reference" example:"id" doc:"The value of external_id in the format matcher"`
	Close      string   `json:"close,omitempty" format:"date" example:"2026-02-28" doc:"Print the periods that end on this day as they were when they were closed; not together with from, to and force"`
	MaxBytes   int      `json:"maxBytes,omitzero" minimum:"1" maximum:"9007199254740991" example:"33554432" doc:"The maximum size of each document in bytes"`
	Force      []string `json:"force,omitempty" maxItems:"6" enum:"true,drift,changed,unsettled,not_covered,omitted" example:"drift" doc:"What the caller accepts; see the statement of one account"`
}

// of returns the parameters of the statement of one account.
func (r *statementsRequest) of(account domain.AccountID) *statementInput {
	return &statementInput{
		ID: pathID[domain.Account]{ID: account}, From: r.From, To: r.To, Format: r.Format, Version: r.Version,
		Locale: r.Locale, ExternalID: r.ExternalID, Close: r.Close, MaxBytes: r.MaxBytes,
		Force: strings.Join(r.Force, ","),
	}
}

// checkStatements returns the format of the statements. Errors: an unknown format; members that must not be used
// together.
func (s *server) checkStatements(r *statementsRequest) (ports.StatementFormat, error) {
	format, unknown := s.formatOf(r.Format, r.Version, r.Locale)
	invalid := []error{unknown}
	for name, used := range map[string]bool{"from": r.From != "", "to": r.To != "", "force": len(r.Force) > 0} {
		if used && r.Close != "" {
			invalid = append(invalid, domain.FieldError(name, "must be absent if close is given"))
		}
	}
	if n := len(r.AccountIDs); n == 0 || n > maxStatements {
		invalid = append(invalid, domain.FieldError("accountIds", "must have 1 to 200 items"))
	}
	return format, errors.Join(invalid...)
}

// statementsFaults implements route.bodyFaults.
func (s *server) statementsFaults(_ context.Context, body []byte) []ProblemField {
	var request statementsRequest
	if json.Unmarshal(body, &request) != nil {
		return nil
	}
	_, err := s.checkStatements(&request)
	foundBySchema := func(e *domain.Error) bool { return e.Field == "format" } // or the version, or the locale
	return bodyFields(slices.DeleteFunc(domain.ErrorsOf(err), foundBySchema))
}

// statementsRoute returns the route that downloads the statements of several accounts.
func (s *server) statementsRoute(tag string) route {
	return route{
		id: "get-statements", method: http.MethodPost, path: prefix + "/statements",
		description: "Returns a ZIP archive with one statement for each of up to 200 accounts. Each file is named by " +
			"the institution, the account and the month. If the statement of an account cannot be written, the " +
			"archive has a text file of its name that says why, with the status and the code that the statement of " +
			"this account alone would get. If writing fails after the first byte, the connection is closed before " +
			"the end of the archive.",
		status: http.StatusOK, tag: tag, summary: "Download the statements of several accounts",
		scope: scopeRead, bodyFaults: s.statementsFaults, mount: mountStatements,
	}
}

// statementsEndpoint serves archives of statements.
type statementsEndpoint struct {
	*server
	input *operation.Input[struct{ Body statementsRequest }]
}

// mountStatements is the value of route.mount for archives of statements. It adds the operation to the OpenAPI document
// and returns its Echo handler.
func mountStatements(s *server, r *route) echo.HandlerFunc {
	op := s.describe(r)
	e := &statementsEndpoint{server: s, input: operation.NewInput[struct{ Body statementsRequest }](s.api, op)}
	op.Responses[statusText(http.StatusOK)] = &operation.Response{
		Description: http.StatusText(http.StatusOK),
		Content: map[string]*operation.MediaType{zipType: {Schema: &operation.Schema{
			Type: operation.TypeString, Format: "binary", Description: "A ZIP archive",
			Examples: []any{"the archive"},
		}}},
		Headers: map[string]*operation.Header{"Content-Disposition": {
			Schema: &operation.Schema{
				Type: operation.TypeString,
			},
			Description: "attachment; filename=\"statements.zip\"",
		}},
	}
	s.api.Document.Add(r.method, r.path, op)
	checks := s.middlewares(r)
	return func(c echo.Context) error { return e.serve(c, checks) }
}

// serve checks the request and writes the archive.
func (e *statementsEndpoint) serve(c echo.Context, checks []middleware) error {
	x := exchangeOf(c.Request().Context())
	for _, check := range checks {
		if err := check(c, x); err != nil {
			return err
		}
	}
	x.invalid = append(x.invalid, invalidParams(c.Request().URL.RawQuery, e.input.HasQuery)...)
	in, err := readInput(c, x, e.input)
	if in == nil {
		return err
	}
	format, err := e.checkStatements(&in.Body)
	if err != nil {
		return err
	}
	if err := e.reserveMemory(c.Request().Context(), 2*statementMemory); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), statementTimeout)
	defer cancel()
	deadline, _ := ctx.Deadline()
	w := &statementWriter{c: c, format: format, deadline: deadline}
	chunks := &chunkWriter{statementWriter: w, header: http.Header{
		echo.HeaderContentType:        {zipType},
		echo.HeaderContentDisposition: {`attachment; filename="statements.zip"`},
	}}
	a := &statementArchive{server: e.server, x: x, format: format, zip: zip.NewWriter(chunks), names: map[string]int{}}
	err = a.write(ctx, x.principal.Tenant, &in.Body)
	if err != nil && c.Response().Committed {
		e.abort(x, w, err)
	}
	return err
}

// statementArchive writes the statements of several accounts into a ZIP archive.
type statementArchive struct {
	*server
	x      *exchange
	format ports.StatementFormat
	zip    *zip.Writer
	names  map[string]int // how many files have each name
}

// write writes the file of each account, and the end of the archive.
func (a *statementArchive) write(ctx context.Context, tenant domain.TenantID, r *statementsRequest) error {
	for _, text := range r.AccountIDs {
		id, _ := domain.ParseID[domain.Account](text) // an invalid id is zero, the id of no account
		f := &archivedStatement{archive: a, name: plainName(text)}
		if r.Close != "" {
			f.maxBytes = int64(r.MaxBytes)
		}
		err := a.writeAccount(ctx, tenant, r.of(id), f)
		if err != nil && f.file == nil && isRefusal(err) {
			err = a.explain(f, err)
		}
		if err != nil {
			return err
		}
	}
	return a.zip.Close()
}

// isRefusal reports whether err concerns the account, and not the service.
func isRefusal(err error) bool {
	return errors.Is(err, domain.NotFound) || errors.Is(err, domain.Conflict) || errors.Is(err, domain.Oversized)
}

// writeAccount writes the statement of one account. While too many statements are being written, it tries again.
func (a *statementArchive) writeAccount(
	ctx context.Context, tenant domain.TenantID, in *statementInput, f *archivedStatement,
) error {
	for {
		var err error
		if in.Close != "" {
			err = a.service.WriteClosedStatement(ctx, tenant, in.ID.ID, domain.Date(in.Close), f.write)
		} else {
			err = a.service.WriteStatement(ctx, tenant, in.ID.ID, in.query(a.format), f.write)
		}
		var e *domain.Error
		if ctx.Err() != nil || !errors.As(err, &e) || e.Code != domain.TooManyStatements {
			return err
		}
	}
}

// explain writes a text file with the reason why an account has no statement.
func (a *statementArchive) explain(f *archivedStatement, err error) error {
	p := a.x.problemAbout(err, accountNotFound)
	a.logCause(a.x, p, err)
	file, err := a.create(f.name, "txt")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(file, "%d %s\n%s\n", p.Status, p.Code, p.Detail)
	return err
}

// create begins a file of the archive. If the name is taken, it adds a number.
func (a *statementArchive) create(name, extension string) (io.Writer, error) {
	a.names[name]++
	if n := a.names[name]; n > 1 {
		name = fmt.Sprintf("%s_%d", name, n)
	}
	return a.zip.CreateHeader(&zip.FileHeader{
		Name: name + "." + extension, Method: zip.Deflate, Modified: time.Now().UTC(),
	})
}

// archivedStatement is a statement in an archive.
type archivedStatement struct {
	archive  *statementArchive
	maxBytes int64 // the maximum size of the document of a close; 0 means no bound
	name     string
	file     io.Writer // nil until the format has written the first byte
}

// write implements ports.StatementWriter.
func (f *archivedStatement) write(s books.Statement, records iter.Seq2[books.StatementRecord, error]) error {
	f.name = archiveName(s)
	if f.maxBytes > 0 {
		var length counter
		if err := f.archive.format.Write(&length, s, records); err != nil {
			return err
		}
		if int64(length) > f.maxBytes {
			return &domain.Error{Kind: domain.Oversized, Code: domain.DocumentTooLarge}
		}
	}
	return f.archive.format.Write(f, s, records)
}

// Write implements io.Writer. It creates the file before the first byte, so that a statement that the format refuses
// leaves no empty file.
func (f *archivedStatement) Write(p []byte) (n int, err error) {
	if f.file == nil {
		if f.file, err = f.archive.create(f.name, f.archive.format.Extension()); err != nil {
			return 0, err
		}
	}
	return f.file.Write(p)
}

// archiveName returns the name of a statement's file, without its extension: the institution, the number of the account
// and the month, or the first and the last month.
func archiveName(s books.Statement) string {
	const month = len("2026-02")
	parts := []string{
		plainName(cmp.Or(s.Account.Institution.Name, s.Bank, string(s.Account.Vendor))),
		plainName(cmp.Or(s.Account.Number, s.Account.Name, s.Account.ID.String())),
		string(s.Period.From)[:month],
	}
	if last := string(s.Period.To)[:month]; last != parts[2] {
		parts = append(parts, last)
	}
	return strings.Join(parts, "_")
}

// maxNamePart is the maximum length of a part of a file name, in characters.
const maxNamePart = 60

// plainName returns the text with a hyphen in place of each run of characters that are no letters or digits. An account
// number that is masked therefore has no asterisks.
func plainName(text string) string {
	words := strings.FieldsFunc(books.Truncate(text, maxNamePart), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	return cmp.Or(strings.Join(words, "-"), "account")
}
