package rest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/LerianStudio/aggregator-connections/adapters/rest/operation"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// zipType is the media type of evidence packs.
const zipType = "application/zip"

// evidenceRoute returns the route that downloads evidence packs. An evidence pack proves which records a closed
// period contained.
func (s *server) evidenceRoute(tag string) route {
	return route{
		id: "get-close-evidence", method: http.MethodGet, path: accountsPath + "/{id}/closes/{date}/evidence",
		description: "Returns a ZIP archive that proves which records the period contained when it was closed: the " +
			"records, the hashes of the vendor's rows, the statement, and the audit entry of the close with its " +
			"proof and signatures. It is checked without this service, by discovery evidence verify. Also of a " +
			"period that was reopened since. The response is a 409 if an earlier version of the service has closed " +
			"the period. If writing fails after the first byte, the connection is closed before the end of the file.",
		status: http.StatusOK, tag: tag, summary: "Download the evidence of a close",
		scope: scopeRead, notFound: closeNotFound, conflict: true, tooLarge: true,
		mount: mountEvidence,
	}
}

// evidenceEndpoint serves evidence packs.
type evidenceEndpoint struct {
	*server
	input *operation.Input[closeInput]
}

// mountEvidence is the value of route.mount for evidence packs. It adds the operation to the OpenAPI document and
// returns its Echo handler.
func mountEvidence(s *server, r *route) echo.HandlerFunc {
	op := s.describe(r)
	e := &evidenceEndpoint{server: s, input: operation.NewInput[closeInput](s.api, op)}
	op.Responses[statusText(http.StatusOK)] = &operation.Response{
		Description: http.StatusText(http.StatusOK),
		Content: map[string]*operation.MediaType{zipType: {Schema: &operation.Schema{
			Type: operation.TypeString, Format: "binary", Description: "A ZIP archive",
			Examples: []any{"the archive"},
		}}},
		Headers: map[string]*operation.Header{"Content-Disposition": {
			Schema:      &operation.Schema{Type: operation.TypeString},
			Description: "attachment, with a file name made of the account's id and the day",
		}},
	}
	s.api.Document.Add(r.method, r.path, op)
	checks := s.middlewares(r)
	return func(c echo.Context) error { return e.serve(c, checks) }
}

// errHEAD stops the writing of an evidence pack when a response to HEAD has its headers.
var errHEAD = errors.New("a response to HEAD has no body")

// serve checks the request and writes the evidence pack.
func (e *evidenceEndpoint) serve(c echo.Context, checks []middleware) error {
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
	if err := e.reserveMemory(c.Request().Context(), statementMemory); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), statementTimeout)
	defer cancel()
	deadline, _ := ctx.Deadline()
	w := &statementWriter{c: c, deadline: deadline}
	name := "evidence-" + in.ID.ID.String() + "-" + in.Date + ".zip"
	begin := func(size int64) io.Writer {
		chunks := &chunkWriter{statementWriter: w, header: http.Header{
			echo.HeaderContentType:        {zipType},
			echo.HeaderContentLength:      {strconv.FormatInt(size, 10)},
			echo.HeaderContentDisposition: {`attachment; filename="` + name + `"`},
		}}
		if x.isHEAD {
			chunks.begin()
			return failingWriter{errHEAD}
		}
		return chunks
	}
	err = e.service.WriteEvidence(ctx, x.principal.Tenant, in.ID.ID, domain.Date(in.Date),
		func(ctx context.Context, evidence ports.Evidence) error {
			return e.Evidence.Write(ctx, evidence, begin)
		})
	if errors.Is(err, errHEAD) {
		return nil
	}
	if err != nil && c.Response().Committed {
		e.abort(x, w, err)
	}
	return err
}

// failingWriter is an io.Writer that returns its error.
type failingWriter struct{ err error }

// Write implements io.Writer.
func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }
