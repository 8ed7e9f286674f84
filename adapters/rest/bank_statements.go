package rest

import (
	"context"
	"errors"
	"mime"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/LerianStudio/aggregator-connections/adapters/rest/operation"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// witnessRequest is the request body that compares an account with another one.
type witnessRequest struct {
	AccountID string `json:"accountId" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a02" doc:"The id of another account of the tenant, which is the witness"`
	From      string `json:"from" format:"date" example:"2026-02-01" doc:"The first day to compare"`
	To        string `json:"to" format:"date" example:"2026-02-28" doc:"The last day to compare"`
}

// decisionRequest is the request body that decides about a bank statement.
type decisionRequest struct {
	Lines    []int  `json:"lines,omitempty" maxItems:"1000" example:"3" doc:"The positions of lines. Required for decisions about groups; otherwise, absent means the whole statement"`
	Decision string `json:"decision" enum:"explained,group_confirmed,group_rejected,accepted" example:"explained" doc:"explained: the difference has a reason elsewhere. group_confirmed: the records of a proposed group are the line. group_rejected: they are not. accepted: the differences need no attention"`
	Note     string `json:"note" minLength:"1" maxLength:"1000" example:"the bank corrects it on Monday" doc:"Why"`
}

const (
	bankStatementTag = "Bank statements"
	compareLines     = "Booked lines are compared with posted records, one to one. Nothing is written to the records. "
)

// bankStatementRoutes returns the routes that compare accounts with second witnesses.
func (s *server) bankStatementRoutes() []route {
	return append(s.witnessRoutes(), s.comparisonRoutes()...)
}

// witnessRoutes returns the routes below an account.
func (s *server) witnessRoutes() []route {
	const tag, ofAccount = bankStatementTag, accountsPath + "/{id}/bank-statements"
	return []route{
		{
			id: "add-bank-statement", method: http.MethodPost, path: ofAccount,
			description: "Compares the account with a statement file of the bank, which is the body, of at most " +
				"8 MiB. Or, with a JSON body, with another account of the tenant. " + compareLines + "The same " +
				"witness for the same account returns 200 and the same bank statement.",
			status: http.StatusCreated, otherStatus: http.StatusOK, tag: tag, summary: "Add a bank statement",
			scope: scopeWrite, notFound: accountNotFound, takesFile: true, bodyOptional: true, reservesMemory: true,
			conflict: true, tooLarge: true,
			mount: handle(s.addBankStatement),
		},
		{
			id: "list-bank-statements", method: http.MethodGet, path: ofAccount,
			description: "Returns the bank statements of an account. Withdrawn ones are listed only with " +
				"withdrawn=true.",
			status: http.StatusOK, tag: tag, summary: "List the bank statements of an account, the latest upload first",
			scope: scopeRead, notFound: accountNotFound, mount: handle(s.listBankStatements),
		},
		{
			id: "set-csv-mapping", method: http.MethodPut, path: accountsPath + "/{id}/csv-mapping",
			description: "Keeps the titles of the columns of the account's CSV files. Files that wait for it are " +
				"read again.",
			status: http.StatusOK, tag: tag, summary: "Set the columns of an account's CSV files",
			scope: scopeWrite, notFound: accountNotFound, reservesMemory: true, mount: handle(s.setCSVMapping),
		},
		{
			id: "get-account-coverage", method: http.MethodGet, path: accountsPath + "/{id}/coverage",
			description: "Returns what the aggregator and the bank statements say about each month.",
			status:      http.StatusOK, tag: tag, summary: "Get what both witnesses cover, by month",
			scope: scopeRead, notFound: accountNotFound, mount: handle(s.accountCoverage),
		},
	}
}

// comparisonRoutes returns the routes of one bank statement.
func (s *server) comparisonRoutes() []route {
	const tag, one = bankStatementTag, prefix + "/bank-statements/{id}"
	return []route{
		{
			id: "get-bank-statement", method: http.MethodGet, path: one,
			description: "Returns a bank statement with its latest comparison.",
			status:      http.StatusOK, tag: tag, summary: "Get a bank statement",
			scope: scopeRead, notFound: bankStatementNotFound, mount: handle(s.getBankStatement),
		},
		{
			id: "list-bank-statement-lines", method: http.MethodGet, path: one + "/lines",
			description: "Returns the entries of the statement in their order, and then the records without a line, " +
				"by date.",
			status: http.StatusOK, tag: tag, summary: "List the lines of a comparison",
			scope: scopeRead, notFound: bankStatementNotFound, mount: handle(s.listBankStatementLines),
		},
		{
			id: "compare-bank-statement", method: http.MethodPost, path: one + "/comparisons",
			description: compareLines + "The service does this by itself within a minute after a pull that changed a " +
				"record.",
			status: http.StatusOK, tag: tag, summary: "Compare a bank statement with the present records",
			scope: scopeWrite, notFound: bankStatementNotFound, noBody: true, conflict: true, reservesMemory: true,
			mount: handle(s.compareBankStatement),
		},
		{
			id: "decide-bank-statement", method: http.MethodPost, path: one + "/decisions",
			description: "Keeps a decision beside the verdict. Only confirmed groups change the comparison, which is " +
				"made again at once.",
			status: http.StatusOK, tag: tag, summary: "Decide about a bank statement",
			scope: scopeWrite, notFound: bankStatementNotFound, conflict: true, reservesMemory: true,
			mount: handle(s.decideBankStatement),
		},
		{
			id: "get-bank-statement-file", method: http.MethodGet, path: one + "/file",
			description: "Returns the bytes of the file as they came. Each download has an audit entry.",
			status:      http.StatusOK, tag: tag, summary: "Download the file of a bank statement",
			scope: scopeRead, notFound: bankStatementNotFound, memory: fileMemory, mount: mountBankStatementFile,
		},
		{
			id: "withdraw-bank-statement", method: http.MethodDelete, path: one,
			description: "Removes the file and the lines of a bank statement. It stays in lists with withdrawn=true.",
			status:      http.StatusNoContent, tag: tag, summary: "Withdraw a bank statement",
			scope: scopeWrite, notFound: bankStatementNotFound, reservesMemory: true, ifMatch: true,
			mount: handle(s.withdrawBankStatement),
		},
	}
}

// bankStatementOutput is a response with a bank statement; Status is 201 or 200.
type bankStatementOutput struct {
	Status int
	ETag   string `header:"ETag" doc:"The entity tag of the revision, for If-Match"`
	Body   bankStatementView
}

func (s *server) addBankStatement(ctx context.Context, tenant domain.TenantID, in *struct {
	ID               pathID[domain.Account] `path:"id" doc:"Opaque"`
	Name             string                 `query:"name" maxLength:"200" example:"extrato-2026-02.ofx" doc:"The name of the file"`
	Format           string                 `query:"format" enum:"ofx,cnab240,csv,camt,mt940" doc:"The format of the file; found by its content if absent"`
	StatementAccount string                 `query:"statementAccount" maxLength:"200" example:"0341/1234/56789-0" doc:"The account in the file whose statement is compared, as statementAccount or reason of an earlier response names it"`
	Body             *witnessRequest
},
) (*bankStatementOutput, error) {
	var view ports.BankStatementView
	var created bool
	var err error
	if body := in.Body; body != nil {
		other, parseErr := domain.ParseID[domain.Account](body.AccountID)
		if parseErr != nil {
			return nil, domain.FieldError("accountId", "is not the id of an account")
		}
		days := domain.Window{From: domain.Date(body.From), To: domain.Date(body.To)}
		view, created, err = s.service.AddWitnessAccount(ctx, tenant, in.ID.ID, other, days)
	} else {
		view, created, err = s.service.AddBankStatement(ctx, tenant, in.ID.ID, ports.BankStatementFile{
			Content: exchangeOf(ctx).file, Name: in.Name, Format: witness.Format(in.Format),
			Account: in.StatementAccount,
		})
	}
	if err != nil {
		return nil, err
	}
	out := &bankStatementOutput{http.StatusOK, etag(view.Revision), bankStatementOf(view)}
	if created {
		out.Status = http.StatusCreated
	}
	return out, nil
}

func (s *server) listBankStatements(ctx context.Context, tenant domain.TenantID, in *struct {
	ID        pathID[domain.Account]    `path:"id" doc:"Opaque"`
	Verdict   string                    `query:"verdict" enum:"differs,inconclusive,dates_differ,agrees,lines_agree" doc:"Only those with this verdict"`
	From      string                    `query:"from" format:"date" example:"2026-02-01" doc:"Only those with a line or a covered day on this day or later"`
	To        string                    `query:"to" format:"date" example:"2026-02-28" doc:"Only those with a line or a covered day on this day or earlier"`
	Withdrawn string                    `query:"withdrawn" enum:"true,false" default:"false" doc:"true: only those that were withdrawn"`
	Limit     int                       `query:"limit" minimum:"1" maximum:"200" default:"20" doc:"The maximum number of items on the page"`
	Cursor    cursor[bankStatementList] `query:"cursor" doc:"nextCursor of the previous page"`
},
) (*listOutput[bankStatementView], error) {
	p, err := s.service.ListBankStatements(ctx, tenant, in.ID.ID, ports.BankStatementFilter{
		Verdict: witness.Verdict(in.Verdict), Withdrawn: in.Withdrawn == "true",
		Window: domain.Window{From: domain.Date(in.From), To: domain.Date(in.To)},
	}, in.Cursor.pageRequest(in.Limit))
	if err != nil {
		return nil, err
	}
	return pageOf[bankStatementList](p, in.Limit, bankStatementOf), nil
}

// bankStatementInput identifies a bank statement.
type bankStatementInput struct {
	ID pathID[witness.BankStatement] `path:"id" doc:"Opaque"`
}

func (s *server) getBankStatement(
	ctx context.Context, tenant domain.TenantID, in *bankStatementInput,
) (*taggedOutput[bankStatementView], error) {
	return bankStatementBody(s.service.GetBankStatement(ctx, tenant, in.ID.ID))
}

func bankStatementBody(view ports.BankStatementView, err error) (*taggedOutput[bankStatementView], error) {
	if err != nil {
		return nil, err
	}
	return &taggedOutput[bankStatementView]{etag(view.Revision), bankStatementOf(view)}, nil
}

func (s *server) listBankStatementLines(ctx context.Context, tenant domain.TenantID, in *struct {
	ID     pathID[witness.BankStatement] `path:"id" doc:"Opaque"`
	Bucket string                        `query:"bucket" enum:"both,different,only_theirs,only_ours,proposed_group,pending,outside,apart,refused,balance_row" doc:"Only the lines of this bucket"`
	Limit  int                           `query:"limit" minimum:"1" maximum:"200" default:"20" doc:"The maximum number of items on the page"`
	Cursor cursor[statementLineList]     `query:"cursor" doc:"nextCursor of the previous page"`
},
) (*listOutput[bankStatementLineView], error) {
	p, err := s.service.ListBankStatementLines(ctx, tenant, in.ID.ID, witness.Bucket(in.Bucket),
		in.Cursor.pageRequest(in.Limit))
	if err != nil {
		return nil, err
	}
	return pageOf[statementLineList](p, in.Limit, bankStatementLineOf), nil
}

func (s *server) compareBankStatement(
	ctx context.Context, tenant domain.TenantID, in *bankStatementInput,
) (*taggedOutput[bankStatementView], error) {
	return bankStatementBody(s.service.CompareAgain(ctx, tenant, in.ID.ID))
}

func (s *server) decideBankStatement(ctx context.Context, tenant domain.TenantID, in *struct {
	ID   pathID[witness.BankStatement] `path:"id" doc:"Opaque"`
	Body decisionRequest
},
) (*taggedOutput[bankStatementView], error) {
	return bankStatementBody(s.service.DecideBankStatement(ctx, tenant, in.ID.ID, witness.Decision{
		Kind: witness.DecisionKind(in.Body.Decision), Lines: in.Body.Lines, Note: in.Body.Note,
	}))
}

func (s *server) withdrawBankStatement(
	ctx context.Context, tenant domain.TenantID, in *conditionalInput[witness.BankStatement],
) (*noContent, error) {
	return &noContent{}, s.service.WithdrawBankStatement(ctx, tenant, in.ID.ID, in.IfMatch.IfMatch)
}

func (s *server) setCSVMapping(ctx context.Context, tenant domain.TenantID, in *struct {
	ID   pathID[domain.Account] `path:"id" doc:"Opaque"`
	Body csvMappingView
},
) (*bodyOutput[csvMappingView], error) {
	if err := s.service.SetCSVMapping(ctx, tenant, in.ID.ID, witness.CSVMapping(in.Body)); err != nil {
		return nil, err
	}
	return &bodyOutput[csvMappingView]{in.Body}, nil
}

// monthParam is a month in a query, or a date in the month. Its value is the date, or the first day of the month.
type monthParam struct{ date domain.Date }

var errInvalidMonth = errors.New("must be a month (YYYY-MM) or a date (YYYY-MM-DD)")

var isMonth = regexp.MustCompile(`^\d{4}-\d{2}$`)

// UnmarshalText parses a month or a date.
func (m *monthParam) UnmarshalText(text []byte) error {
	full := string(text)
	if isMonth.MatchString(full) {
		full += "-01"
	}
	date, err := domain.ParseDate(full)
	if err != nil {
		return errInvalidMonth
	}
	m.date = date
	return nil
}

func (s *server) accountCoverage(ctx context.Context, tenant domain.TenantID, in *struct {
	ID   pathID[domain.Account] `path:"id" doc:"Opaque"`
	From monthParam             `query:"from" example:"2026-01" doc:"The first month, or a date in it; absent for the first one that is known"`
	To   monthParam             `query:"to" example:"2026-03" doc:"The last month, or a date in it; absent for the present one"`
},
) (*listOutput[monthCoverageView], error) {
	months, err := s.service.AccountCoverage(ctx, tenant, in.ID.ID, in.From.date, in.To.date)
	if err != nil {
		return nil, err
	}
	return &listOutput[monthCoverageView]{page[monthCoverageView]{
		Items: mapItems(months, monthCoverageOf), Limit: len(months),
	}}, nil
}

// fileMemory is the memory of a request for the file of a bank statement: the file, its ciphertext, and garbage.
const fileMemory = 4 * witness.MaxFileBytes

// fileEndpoint serves the files of bank statements.
type fileEndpoint struct {
	*server

	input *operation.Input[bankStatementInput]
}

// mountBankStatementFile is the value of route.mount for files of bank statements.
func mountBankStatementFile(s *server, r *route) echo.HandlerFunc {
	op := s.describe(r)
	e := &fileEndpoint{server: s, input: operation.NewInput[bankStatementInput](s.api, op)}
	op.Responses[statusText(http.StatusOK)] = &operation.Response{
		Description: http.StatusText(http.StatusOK),
		Content:     map[string]*operation.MediaType{octetStream: {Schema: fileSchema("The file as it came")}},
		Headers: map[string]*operation.Header{"Content-Disposition": {
			Schema:      &operation.Schema{Type: operation.TypeString},
			Description: "attachment, with the name of the file",
		}},
	}
	s.api.Document.Add(r.method, r.path, op)
	checks := s.middlewares(r)
	return func(c echo.Context) error { return e.serve(c, checks) }
}

func fileSchema(description string) *operation.Schema {
	return &operation.Schema{
		Type: operation.TypeString, Format: "binary", Description: description, Examples: []any{"the file"},
	}
}

func (e *fileEndpoint) serve(c echo.Context, checks []middleware) error {
	ctx := c.Request().Context()
	x := exchangeOf(ctx)
	for _, check := range checks {
		if err := check(c, x); err != nil {
			return err
		}
	}
	if err := e.reserveMemory(ctx, fileMemory); err != nil {
		return err
	}
	x.invalid = append(x.invalid, invalidParams(c.Request().URL.RawQuery, e.input.HasQuery)...)
	in, err := readInput(c, x, e.input)
	if in == nil {
		return err
	}
	content, name, err := e.service.BankStatementFile(ctx, x.principal.Tenant, in.ID.ID)
	if err != nil {
		return err
	}
	if name == "" {
		name = "bank-statement-" + in.ID.String()
	}
	h := c.Response().Header()
	h.Set(echo.HeaderContentDisposition, mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	h.Set(echo.HeaderContentType, octetStream)
	h.Set(echo.HeaderContentLength, strconv.Itoa(len(content)))
	w := &progressWriter{ResponseWriter: c.Response(), end: time.Now().Add(writeTimeout)}
	_, err = w.Write(content)
	return err
}
