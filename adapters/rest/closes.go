package rest

import (
	"context"
	"encoding/hex"
	"net/http"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
)

// closeView is the representation of a close (a closed period of an account) in responses.
type closeView struct {
	AccountID     string    `json:"accountId" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The id of the account"`
	Date          string    `json:"date" format:"date" example:"2026-02-28" doc:"The last day of the closed period"`
	Count         int       `json:"count" minimum:"0" example:"214" doc:"The number of records: the records dated up to and including date that were not removed, including pending ones"`
	Sum           string    `json:"sum,omitempty" example:"1520.37" doc:"The sum of the records in currency, a signed decimal: accountAmount where present, otherwise amount. It leaves out withoutAmount records"`
	WithoutAmount int       `json:"withoutAmount,omitzero" minimum:"0" example:"2" doc:"The number of records without an amount in currency, which sum and postedSum leave out. Absent if there are none"`
	Currency      string    `json:"currency,omitempty" example:"BRL" doc:"ISO 4217; the currency of the account. Absent if it is not known"`
	Digest        string    `json:"digest" example:"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" doc:"Lower-case hex SHA-256 over one line for each record, ordered by id: id|date|status|amount|currency|accountAmount|accountCurrency, absent members empty, a line feed after each line"`
	ClosedAt      time.Time `json:"closedAt" example:"2026-03-02T10:00:00Z" doc:"When the period was closed"`
	ClosedBy      string    `json:"closedBy" example:"maria" doc:"Who closed it: the sub of the operator's token, otherwise its client_id or azp"`
	Completeness  string    `json:"completeness" enum:"unknown,complete,drifting,unverified,not_covered" example:"complete" doc:"The completeness of the account when the period was closed. not_covered: the bank had last been read too early for date. unverified: records had changed since the last settled read, or only they had been read late enough for date, not the balance"`

	BankReadAt          time.Time `json:"bankReadAt,omitzero" example:"2026-03-02T09:30:00Z" doc:"When the vendor had last read the bank when the period was closed; absent if that was not known"`
	CoveredSince        time.Time `json:"coveredSince,omitzero" example:"2026-03-03T10:00:00Z" doc:"When a later reading of the bank covered date, or a later bill of a card reached it; only if completeness is not_covered, or unknown for a card, and absent before that"`
	CoveredCompleteness string    `json:"coveredCompleteness,omitempty" enum:"unknown,complete,drifting,unverified" example:"complete" doc:"What a close would have stated at coveredSince"`

	FirstDay       string    `json:"firstDay,omitempty" format:"date" example:"2026-02-01" doc:"The first day of the statement of the period: the day after the close before it, otherwise that of the request, or the date of the first record. Absent if the amount of a posted record in currency was not known"`
	OpeningBalance string    `json:"openingBalance,omitempty" example:"1000" doc:"The balance before firstDay, as it was known when the period was closed. Absent if none was known"`
	ClosingBalance string    `json:"closingBalance,omitempty" example:"1520.37" doc:"The balance at the end of date, as it was known when the period was closed. Absent if none was known"`
	PostedCount    *int      `json:"postedCount,omitempty" minimum:"0" example:"37" doc:"The number of the posted records from firstDay to date: the entries of the statement"`
	PostedSum      string    `json:"postedSum,omitempty" example:"520.37" doc:"The sum of the posted records from firstDay to date: closingBalance minus openingBalance"`
	ReopenedAt     time.Time `json:"reopenedAt,omitzero" example:"2026-03-05T10:00:00Z" doc:"When the period was reopened; absent unless it was"`

	Witness *closeWitnessView `json:"witness,omitempty" doc:"The bank statement with the newest comparison of a day from firstDay to date, if it covers all of these days. It is the present one, also in the response to a repeated request"`
}

// closeWitnessView is the bank statement that covers a closed period.
type closeWitnessView struct {
	BankStatementID string `json:"bankStatementId" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8b01" doc:"The id of the bank statement"`
	SHA256          string `json:"sha256,omitempty" example:"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" doc:"The SHA-256 hash of the file, in lower-case hex; absent if another account is the witness"`
	Verdict         string `json:"verdict" enum:"differs,inconclusive,dates_differ,agrees,lines_agree" example:"agrees" doc:"The result of the comparison"`
}

func closeOf(c books.Close) closeView {
	v := closeView{
		AccountID: c.Account.String(), Date: string(c.Date), Count: c.Count, Currency: c.Currency,
		Digest: hex.EncodeToString(c.Digest[:]), ClosedAt: utcOrZero(c.ClosedAt), ClosedBy: c.ClosedBy,
		Completeness: string(c.Completeness), BankReadAt: utcOrZero(c.BankReadAt),
		CoveredSince: utcOrZero(c.CoveredSince), CoveredCompleteness: string(c.CoveredCompleteness),
		WithoutAmount: c.WithoutAmount,
	}
	if c.Sum.Valid {
		v.Sum = c.Sum.Decimal.String()
	}
	v.ReopenedAt = utcOrZero(c.ReopenedAt)
	if w := c.Witness; w != nil {
		v.Witness = &closeWitnessView{w.ID.String(), w.SHA256, string(w.Verdict)}
	}
	if s := c.Statement; s != nil {
		count := s.PostedCount()
		v.FirstDay, v.PostedCount, v.PostedSum = string(s.From), &count, s.PostedSum().String()
		if s.Balances != nil {
			v.OpeningBalance, v.ClosingBalance = s.Balances.Opening.String(), s.Balances.Closing.String()
		}
	}
	return v
}

// closeRequest is the request body that closes a period of an account.
type closeRequest struct {
	From string `json:"from,omitempty" format:"date" example:"2026-02-01" doc:"The first day that the statement of the period prints; by default the date of the first record. Only if the account has no earlier close, whose next day is the first one otherwise"`
}

// closesRequest is the request body that closes a period of several accounts. The period of each account ends on the
// same day.
type closesRequest struct {
	Date       string   `json:"date" format:"date" example:"2026-02-28" doc:"The last day of the period; it must have ended"`
	AccountIDs []string `json:"accountIds" minItems:"1" maxItems:"200" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The ids of the accounts"`
	From       string   `json:"from,omitempty" format:"date" example:"2026-02-01" doc:"The first day that the statements print of the accounts without an earlier close; by default the date of the first record of each"`
}

// closeResultView is the result of closing a period of one account: a close, or an error.
type closeResultView struct {
	AccountID string          `json:"accountId" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The id of the account"`
	Close     *closeView      `json:"close,omitempty" doc:"The close of the account; absent if it could not be closed"`
	Error     *closeErrorView `json:"error,omitempty" doc:"Why the account could not be closed; absent if it was"`
}

// closeErrorView describes why an account could not be closed.
type closeErrorView struct {
	Status int    `json:"status" example:"404" doc:"The HTTP status of the same failure for a single account"`
	Code   string `json:"code" example:"MTCH-0005" doc:"A stable error code for programs"`
	Detail string `json:"detail" example:"no such account" doc:"What went wrong"`
}

// closesView contains the results of closing a period of several accounts.
type closesView struct {
	Results []closeResultView `json:"results" doc:"One result for each account, in the order of the request"`
}

// adjustmentView is the representation of an adjustment in responses: a change of a closed period's records that was
// made after the close.
type adjustmentView struct {
	TransactionID string         `json:"transactionId" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The id of the transaction"`
	Change        string         `json:"change" example:"modified" doc:"What happened to the record of the account: added, modified, removed, restored, excluded or included. Later versions of the service can add further kinds"`
	At            time.Time      `json:"at" example:"2026-03-03T10:00:00Z" doc:"When the change was stored"`
	Before        changedMembers `json:"before,omitzero" doc:"The members that changed, as they were before; null if absent. All members that the digest covers if the record was removed or excluded, or if its date moved into the period or out of it. Absent if it was added, restored or included"`
	After         changedMembers `json:"after,omitzero" doc:"The same members as they are after the change. All of them if the record was added, restored or included. Absent if it was removed or excluded"`
}

// adjustmentOf returns the representation of an adjustment of the period that ends on the given day. For a modified
// record, it normally contains only the changed members. If the date of the record has moved into or out of the
// period, it contains all covered members, because changes of a record outside the period are not adjustments.
func adjustmentOf(a books.Adjustment, day domain.Date) adjustmentView {
	v := adjustmentView{TransactionID: a.Transaction.String(), Change: string(a.Change), At: utcOrZero(a.At)}
	v.Before, v.After = coveredMembers(a.Before), coveredMembers(a.After)
	if v.Before == nil || v.After == nil {
		return v
	}
	moved := domain.Date(a.Before.Date) > day || domain.Date(a.After.Date) > day
	for name := range a.Before.All() {
		if !moved && string(v.Before[name]) == string(v.After[name]) {
			delete(v.Before, name)
			delete(v.After, name)
			continue
		}
		v.Before[name], v.After[name] = orNull(v.Before[name]), orNull(v.After[name])
	}
	return v
}

// coveredMembers returns the members of m as JSON strings, without empty ones. The values contain no characters that
// JSON must escape. If m is nil, coveredMembers returns nil.
func coveredMembers(m *domain.CoveredMembers) changedMembers {
	if m == nil {
		return nil
	}
	members := changedMembers{}
	for name, value := range m.All() {
		if value != "" {
			members[name] = jsontext.Value(`"` + value + `"`)
		}
	}
	return members
}

// closeInput identifies a close.
type closeInput struct {
	ID   pathID[domain.Account] `path:"id" doc:"Opaque"`
	Date string                 `path:"date" format:"date" example:"2026-02-28" doc:"The last day of the period"`
}

// closeRoutes returns the routes that close periods of accounts.
func (s *server) closeRoutes() []route {
	const tag, all, one = "Closes", accountsPath + "/{id}/closes", accountsPath + "/{id}/closes/{date}"
	return []route{
		s.evidenceRoute(tag),
		{
			id:     "close-period",
			method: http.MethodPut,
			path:   one,
			description: "Closes the records of an account up to and including a day, which must have ended " +
				"at CLOSE_OFFSET. " +
				"Later changes of these records are stored as usual, and are adjustments of the close. If the day " +
				"is closed already, the response is that of the first request, with the present witness.",
			status:       http.StatusOK,
			tag:          tag,
			summary:      "Close a period of an account",
			scope:        scopeWrite,
			notFound:     accountNotFound,
			idempotent:   true,
			bodyOptional: true,
			mount:        handle(s.closePeriod),
		},
		{
			id:     "close-periods",
			method: http.MethodPost,
			path:   prefix + "/closes",
			description: "Closes the same day of up to 200 accounts, each for itself. The response has one " +
				"result for " +
				"each account: its close, or an error.",
			status:     http.StatusOK,
			tag:        tag,
			summary:    "Close a period of several accounts",
			scope:      scopeWrite,
			idempotent: true,
			mount:      handle(s.closePeriods),
		},
		{
			id: "list-closes", method: http.MethodGet, path: all,
			description: "Returns the closed periods of an account. With reopened=true: those that were reopened, by " +
				"the time of the reopening.",
			status: http.StatusOK, tag: tag, summary: "List the closes of an account by day, newest first",
			scope: scopeRead, notFound: accountNotFound,
			mount: handle(s.listCloses),
		},
		{
			id: "reopen-period", method: http.MethodDelete, path: one,
			description: "Ends a close, and deletes its adjustments. Items of the change feed then no longer contain " +
				"its day. The close is still listed with reopened=true, and its statement can be printed.",
			status: http.StatusNoContent, tag: tag, summary: "Reopen a period of an account",
			scope: scopeWrite, notFound: closeNotFound,
			mount: handle(s.reopenPeriod),
		},
		{
			id:     "list-adjustments",
			method: http.MethodGet,
			path:   one + "/adjustments",
			description: "Returns the changes after the close that concern it: changes of the members that the " +
				"digest covers, in records that are or were dated up to its day. Undoing them in this order in the " +
				"present records restores the records of the close.",
			status:   http.StatusOK,
			tag:      tag,
			summary:  "List the adjustments of a close, newest first",
			scope:    scopeRead,
			notFound: closeNotFound,
			mount:    handle(s.listAdjustments),
		},
	}
}

// closePeriod closes a period of an account. In the OpenAPI document, the parameter date has no "format". With a
// format, an invalid date would be an invalid path parameter, and the response would be a 404. The response must be a
// 400. The field Body is a pointer, because the request body is optional.
func (s *server) closePeriod(ctx context.Context, tenant domain.TenantID, in *struct {
	ID   pathID[domain.Account] `path:"id" doc:"Opaque"`
	Date string                 `path:"date" example:"2026-02-28" doc:"The last day of the period, YYYY-MM-DD; it must have ended"`
	Body *closeRequest
},
) (*bodyOutput[closeView], error) {
	period := domain.Window{To: domain.Date(in.Date)}
	if in.Body != nil {
		period.From = domain.Date(in.Body.From)
	}
	c, err := s.service.ClosePeriod(ctx, tenant, in.ID.ID, period)
	if err != nil {
		return nil, err
	}
	return &bodyOutput[closeView]{closeOf(c)}, nil
}

// maxClosedAccounts is the maximum number of accounts for which one request closes a period.
const maxClosedAccounts = 200

// closePeriods closes a period of several accounts. The period of each account ends on the same day.
func (s *server) closePeriods(
	ctx context.Context, tenant domain.TenantID, in *struct{ Body closesRequest },
) (*bodyOutput[closesView], error) {
	if n := len(in.Body.AccountIDs); n == 0 || n > maxClosedAccounts {
		return nil, domain.FieldError("accountIds", "must have 1 to 200 items")
	}
	accounts := make([]domain.AccountID, len(in.Body.AccountIDs))
	for i, text := range in.Body.AccountIDs {
		id, err := domain.ParseID[domain.Account](text)
		if err == nil {
			accounts[i] = id // otherwise zero, which is the id of no account
		}
	}
	period := domain.Window{From: domain.Date(in.Body.From), To: domain.Date(in.Body.Date)}
	results, err := s.service.ClosePeriods(ctx, tenant, accounts, period)
	if err != nil {
		return nil, err
	}
	views := make([]closeResultView, len(results))
	for i, result := range results {
		views[i].AccountID = in.Body.AccountIDs[i]
		if result.Err != nil {
			p := exchangeOf(ctx).problemAbout(result.Err, accountNotFound)
			s.logCause(exchangeOf(ctx), p, result.Err)
			views[i].Error = &closeErrorView{Status: p.Status, Code: p.Code, Detail: p.Detail}
			continue
		}
		view := closeOf(result.Close)
		views[i].Close = &view
	}
	return &bodyOutput[closesView]{closesView{views}}, nil
}

// reopenPeriod ends a close: the period is open again, and the close is listed among the reopened ones.
func (s *server) reopenPeriod(ctx context.Context, tenant domain.TenantID, in *closeInput) (*noContent, error) {
	return &noContent{}, s.service.ReopenPeriod(ctx, tenant, in.ID.ID, domain.Date(in.Date))
}

// listCloses returns a page of the closes (closed periods) of an account.
func (s *server) listCloses(ctx context.Context, tenant domain.TenantID, in *struct {
	ID       pathID[domain.Account] `path:"id" doc:"Opaque"`
	Reopened string                 `query:"reopened" enum:"true,false" default:"false" doc:"true: the closes that were reopened, instead of the present ones"`
	Limit    int                    `query:"limit" minimum:"1" maximum:"200" default:"20" doc:"The maximum number of items on the page"`
	Cursor   cursor[closeList]      `query:"cursor" doc:"nextCursor of the previous page"`
},
) (*listOutput[closeView], error) {
	p, err := s.service.ListCloses(ctx, tenant, in.ID.ID, in.Reopened == "true", in.Cursor.pageRequest(in.Limit))
	if err != nil {
		return nil, err
	}
	return pageOf[closeList](p, in.Limit, closeOf), nil
}

// listAdjustments returns a page of the adjustments of a close: changes of the period's records that were made after
// the close.
func (s *server) listAdjustments(ctx context.Context, tenant domain.TenantID, in *struct {
	ID     pathID[domain.Account] `path:"id" doc:"Opaque"`
	Date   string                 `path:"date" format:"date" example:"2026-02-28" doc:"The last day of the period"`
	Limit  int                    `query:"limit" minimum:"1" maximum:"200" default:"20" doc:"The maximum number of items on the page"`
	Cursor cursor[adjustmentList] `query:"cursor" doc:"nextCursor of the previous page"`
},
) (*listOutput[adjustmentView], error) {
	day := domain.Date(in.Date)
	p, err := s.service.ListAdjustments(ctx, tenant, in.ID.ID, day, in.Cursor.pageRequest(in.Limit))
	if err != nil {
		return nil, err
	}
	view := func(a books.Adjustment) adjustmentView { return adjustmentOf(a, day) }
	return pageOf[adjustmentList](p, in.Limit, view), nil
}
