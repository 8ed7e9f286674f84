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

// closeView is the representation of a close in responses.
type closeView struct {
	AccountID    string    `json:"accountId" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The id of the account"`
	Date         string    `json:"date" format:"date" example:"2026-02-28" doc:"The last day of the closed period"`
	Count        int       `json:"count" minimum:"0" example:"214" doc:"The number of records: the records dated up to and including date that were not removed, including pending ones"`
	Sum          string    `json:"sum,omitempty" example:"1520.37" doc:"The sum of the records in currency, a signed decimal: accountAmount where present, otherwise amount. Absent if a record has no amount in that currency"`
	Currency     string    `json:"currency,omitempty" example:"BRL" doc:"ISO 4217; the currency of the account. Absent if it is not known"`
	Digest       string    `json:"digest" example:"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" doc:"Lower-case hex SHA-256 over one line for each record, ordered by id: id|date|status|amount|currency|accountAmount|accountCurrency, absent members empty, a line feed after each line"`
	ClosedAt     time.Time `json:"closedAt" example:"2026-03-02T10:00:00Z" doc:"When the period was closed"`
	ClosedBy     string    `json:"closedBy" example:"maria" doc:"Who closed it: the sub of the operator's token, otherwise its client_id or azp"`
	Completeness string    `json:"completeness" enum:"unknown,complete,drifting" example:"complete" doc:"The completeness of the account when the period was closed"`
}

func closeOf(c books.Close) closeView {
	v := closeView{
		AccountID: c.Account.String(), Date: string(c.Date), Count: c.Count, Currency: c.Currency,
		Digest: hex.EncodeToString(c.Digest[:]), ClosedAt: utcOrZero(c.ClosedAt), ClosedBy: c.ClosedBy,
		Completeness: string(c.Completeness),
	}
	if c.Sum.Valid {
		v.Sum = c.Sum.Decimal.String()
	}
	return v
}

// adjustmentView is the representation of an adjustment in responses.
type adjustmentView struct {
	TransactionID string         `json:"transactionId" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The id of the transaction"`
	Change        string         `json:"change" example:"modified" doc:"What happened to the record of the account: added, modified, removed or restored. Later versions of the service can add further kinds"`
	At            time.Time      `json:"at" example:"2026-03-03T10:00:00Z" doc:"When the change was stored"`
	Before        changedMembers `json:"before,omitzero" doc:"The members that changed, as they were before; null if absent. All members that the digest covers if the record was removed. Absent if it was added or restored"`
	After         changedMembers `json:"after,omitzero" doc:"The same members as they are after the change. All of them if the record was added or restored. Absent if it was removed"`
}

func adjustmentOf(a books.Adjustment) adjustmentView {
	v := adjustmentView{TransactionID: a.Transaction.String(), Change: string(a.Change), At: utcOrZero(a.At)}
	v.Before, v.After = coveredMembers(a.Before), coveredMembers(a.After)
	if v.Before == nil || v.After == nil {
		return v
	}
	for name := range (changedMembers{
		"date": nil, "status": nil, "amount": nil, "currency": nil, "accountAmount": nil, "accountCurrency": nil,
	}) {
		if string(v.Before[name]) == string(v.After[name]) {
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
	for name, value := range map[string]string{
		"date": m.Date, "status": m.Status, "amount": m.Amount, "currency": m.Currency,
		"accountAmount": m.AccountAmount, "accountCurrency": m.AccountCurrency,
	} {
		if value != "" {
			members[name] = jsontext.Value(`"` + value + `"`)
		}
	}
	return members
}

// closeInput identifies a close.
type closeInput struct {
	ID   string `path:"id" doc:"Opaque"`
	Date string `path:"date" format:"date" example:"2026-02-28" doc:"The last day of the period"`
}

// closeRoutes returns the routes that close periods of accounts.
func (s *server) closeRoutes() []route {
	const tag, all, one = "Closes", accountsPath + "/{id}/closes", accountsPath + "/{id}/closes/{date}"
	return []route{
		{
			id: "close-period", method: http.MethodPut, path: one,
			description: "Closes the records of an account up to and including a day, which must have ended in UTC. " +
				"Later changes of these records are stored as usual, and are adjustments of the close. If the day " +
				"is closed already, the response is that of the first request.",
			status: http.StatusOK, tag: tag, summary: "Close a period of an account",
			scope: scopeWrite, notFound: accountNotFound, idempotent: true, noBody: true,
			mount: handle(s.closePeriod),
		},
		{
			id: "list-closes", method: http.MethodGet, path: all,
			description: "Returns the closed periods of an account.",
			status:      http.StatusOK, tag: tag, summary: "List the closes of an account by day, newest first",
			scope: scopeRead, notFound: accountNotFound,
			mount: handle(s.listCloses),
		},
		{
			id: "reopen-period", method: http.MethodDelete, path: one,
			description: "Deletes a close with its adjustments. Items of the change feed then no longer contain its " +
				"day.",
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
// 400.
func (s *server) closePeriod(ctx context.Context, tenant domain.TenantID, in *struct {
	ID   string `path:"id" doc:"Opaque"`
	Date string `path:"date" example:"2026-02-28" doc:"The last day of the period, YYYY-MM-DD; it must have ended in UTC"`
},
) (*bodyOutput[closeView], error) {
	id, err := domain.ParseID[domain.Account](in.ID)
	if err != nil {
		return nil, err
	}
	c, err := s.service.ClosePeriod(ctx, tenant, id, domain.Date(in.Date))
	if err != nil {
		return nil, err
	}
	return &bodyOutput[closeView]{closeOf(c)}, nil
}

// reopenPeriod deletes a close.
func (s *server) reopenPeriod(ctx context.Context, tenant domain.TenantID, in *closeInput) (*noContent, error) {
	id, err := domain.ParseID[domain.Account](in.ID)
	if err != nil {
		return nil, err
	}
	return &noContent{}, s.service.ReopenPeriod(ctx, tenant, id, domain.Date(in.Date))
}

// listCloses returns a page of the closes of an account.
func (s *server) listCloses(ctx context.Context, tenant domain.TenantID, in *struct {
	ID     string            `path:"id" doc:"Opaque"`
	Limit  int               `query:"limit" minimum:"1" maximum:"200" default:"20" doc:"The maximum number of items on the page"`
	Cursor cursor[closeList] `query:"cursor" doc:"nextCursor of the previous page"`
},
) (*listOutput[closeView], error) {
	id, err := domain.ParseID[domain.Account](in.ID)
	if err != nil {
		return nil, err
	}
	p, err := s.service.ListCloses(ctx, tenant, id, in.Cursor.pageRequest(in.Limit))
	if err != nil {
		return nil, err
	}
	return pageOf[closeList](p, in.Limit, closeOf), nil
}

// listAdjustments returns a page of the adjustments of a close.
func (s *server) listAdjustments(ctx context.Context, tenant domain.TenantID, in *struct {
	ID     string                 `path:"id" doc:"Opaque"`
	Date   string                 `path:"date" format:"date" example:"2026-02-28" doc:"The last day of the period"`
	Limit  int                    `query:"limit" minimum:"1" maximum:"200" default:"20" doc:"The maximum number of items on the page"`
	Cursor cursor[adjustmentList] `query:"cursor" doc:"nextCursor of the previous page"`
},
) (*listOutput[adjustmentView], error) {
	id, err := domain.ParseID[domain.Account](in.ID)
	if err != nil {
		return nil, err
	}
	p, err := s.service.ListAdjustments(ctx, tenant, id, domain.Date(in.Date), in.Cursor.pageRequest(in.Limit))
	if err != nil {
		return nil, err
	}
	return pageOf[adjustmentList](p, in.Limit, adjustmentOf), nil
}
