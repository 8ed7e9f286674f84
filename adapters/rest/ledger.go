package rest

import (
	"context"
	"net/http"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// accountView is an account as stored.
type accountView struct {
	ID           string    `json:"id"`
	ConnectionID string    `json:"connectionId"`
	Vendor       string    `json:"vendor"`
	ExternalID   string    `json:"externalId" doc:"The vendor's id"`
	Type         string    `json:"type" enum:"bank,credit,other"`
	Subtype      string    `json:"subtype,omitempty"`
	Name         string    `json:"name,omitempty"`
	Number       string    `json:"number,omitempty"`
	Currency     string    `json:"currency,omitempty" doc:"ISO 4217"`
	Balance      string    `json:"balance,omitempty" doc:"Signed decimal, in the account's currency"`
	Metadata     rawJSON   `json:"metadata,omitzero" doc:"The vendor's own object"`
	FirstSeenAt  time.Time `json:"firstSeenAt"`
	UpdatedAt    time.Time `json:"updatedAt"`
}

// accountOf writes a balance as text, never as a number.
func accountOf(a domain.Account) accountView {
	return accountView{
		ID: a.ID.String(), ConnectionID: a.Connection.String(), Vendor: string(a.Vendor), ExternalID: a.ExternalID,
		Type: string(a.Type), Subtype: a.Subtype, Name: a.Name, Number: a.Number, Currency: a.Currency,
		Balance: amount(a.Balance), Metadata: rawJSON(a.Metadata),
		FirstSeenAt: utc(a.FirstSeenAt), UpdatedAt: utc(a.UpdatedAt),
	}
}

// transactionView is a transaction as stored; what is unknown is absent.
type transactionView struct {
	ID              string    `json:"id" doc:"Stable over updates"`
	ConnectionID    string    `json:"connectionId"`
	Vendor          string    `json:"vendor"`
	AccountID       string    `json:"accountId,omitempty"`
	ExternalID      string    `json:"externalId" doc:"The vendor's id; unique in its connection"`
	Amount          string    `json:"amount" example:"-212.45" doc:"Signed decimal: money in is positive, money out negative"`
	Currency        string    `json:"currency" doc:"ISO 4217, of amount"`
	AccountAmount   string    `json:"accountAmount,omitempty" doc:"The same movement in the account's currency, where that differs"`
	AccountCurrency string    `json:"accountCurrency,omitempty"`
	Status          string    `json:"status" enum:"pending,posted"`
	Date            string    `json:"date" format:"date" doc:"Value date"`
	OccurredAt      time.Time `json:"occurredAt,omitzero"`
	Description     string    `json:"description,omitempty"`
	Category        string    `json:"category,omitempty"`
	Counterparty    string    `json:"counterparty,omitempty"`
	Metadata        rawJSON   `json:"metadata,omitzero" doc:"The vendor's own object, unchanged"`
	Version         int       `json:"version" doc:"Rises with each edit, removal and return"`
	FirstSeenAt     time.Time `json:"firstSeenAt"`
	UpdatedAt       time.Time `json:"updatedAt"`
	RemovedAt       time.Time `json:"removedAt,omitzero"`
}

// transactionOf writes amounts as text, never as numbers.
func transactionOf(t domain.Transaction) transactionView {
	return transactionView{
		ID: t.ID.String(), ConnectionID: t.Connection.String(), Vendor: string(t.Vendor),
		AccountID: shown(t.AccountID), ExternalID: t.ExternalID,
		Amount: t.Amount.Amount.String(), Currency: t.Amount.Currency,
		AccountAmount: amount(t.AccountMoney), AccountCurrency: currency(t.AccountMoney),
		Status: string(t.Status), Date: string(t.Date), OccurredAt: utc(t.OccurredAt),
		Description: t.Description, Category: t.Category, Counterparty: t.Counterparty,
		Metadata: rawJSON(t.Metadata), Version: t.Version,
		FirstSeenAt: utc(t.FirstSeenAt), UpdatedAt: utc(t.UpdatedAt), RemovedAt: utc(t.RemovedAt),
	}
}

// changeView is one item of the feed.
type changeView struct {
	Change      string          `json:"change" enum:"added,modified,removed"`
	Transaction transactionView `json:"transaction"`
}

// changeOf tells what the transaction's last change was.
func changeOf(t domain.Transaction) changeView {
	return changeView{Change: string(t.Change()), Transaction: transactionOf(t)}
}

// feedPage is a page whose cursor is always there: it is where to go on.
type feedPage struct {
	Items      []changeView `json:"items"`
	Limit      int          `json:"limit"`
	HasMore    bool         `json:"hasMore" doc:"More changes are readable already"`
	NextCursor string       `json:"nextCursor" doc:"Where to go on, also after an empty page"`
}

// readRoutes read what pulls brought.
func (s *server) readRoutes() []route {
	const tag, of = "Accounts and transactions", connectionsPath + "/{id}"
	return []route{
		{id: "list-accounts", method: http.MethodGet, path: of + "/accounts", status: http.StatusOK, tag: tag, summary: "List a connection's accounts",
			scope: scopeRead, missing: codeMissingConnection, mount: by(s.listAccounts)},
		{id: "list-transactions", method: http.MethodGet, path: of + "/transactions", status: http.StatusOK, tag: tag, summary: "List a connection's transactions by date, newest first",
			scope: scopeRead, missing: codeMissingConnection, mount: by(s.listTransactions)},
		{id: "read-changes", method: http.MethodGet, path: prefix + "/transactions/changes", status: http.StatusOK, tag: tag, summary: "Read the tenant's change feed",
			scope: scopeRead, mount: by(s.changes)},
	}
}

// listAccounts gives a connection's accounts.
func (s *server) listAccounts(ctx context.Context, tenant domain.TenantID, in *struct {
	strict
	ID     string              `path:"id" doc:"Opaque"`
	Limit  int                 `query:"limit" minimum:"1" maximum:"200" default:"20"`
	Cursor cursor[accountList] `query:"cursor" doc:"nextCursor of the page before"`
},
) (*listed[accountView], error) {
	id, err := domain.ParseID[domain.Connection](in.ID)
	if err != nil {
		return nil, err
	}
	p, err := s.service.ListAccounts(ctx, tenant, id, domain.PageRequest{Limit: in.Limit, After: in.Cursor.Position})
	if err != nil {
		return nil, err
	}
	return pageOf[accountList](p, in.Limit, accountOf), nil
}

// listTransactions shows removed ones too, with removedAt.
func (s *server) listTransactions(ctx context.Context, tenant domain.TenantID, in *struct {
	strict
	ID      string                   `path:"id" doc:"Opaque"`
	From    string                   `query:"from" format:"date" doc:"First value date"`
	To      string                   `query:"to" format:"date" doc:"Last value date"`
	Account filterID[domain.Account] `query:"accountId"`
	Status  string                   `query:"status" enum:"pending,posted"`
	Limit   int                      `query:"limit" minimum:"1" maximum:"200" default:"20"`
	Cursor  cursor[transactionList]  `query:"cursor" doc:"nextCursor of the page before"`
},
) (*listed[transactionView], error) {
	id, err := domain.ParseID[domain.Connection](in.ID)
	if err != nil {
		return nil, err
	}
	window := domain.Window{From: domain.Date(in.From), To: domain.Date(in.To)}
	if err := window.Validate(); err != nil {
		return nil, err
	}
	filter := ports.TransactionFilter{Window: window, Account: in.Account.ID, Status: domain.TransactionStatus(in.Status)}
	p, err := s.service.ListTransactions(ctx, tenant, id, filter, domain.PageRequest{Limit: in.Limit, After: in.Cursor.Position})
	if err != nil {
		return nil, err
	}
	return pageOf[transactionList](p, in.Limit, transactionOf), nil
}

// changes may be held open until there is news; the caller's going ends it. A HEAD, which
// could not show the news, is not.
func (s *server) changes(ctx context.Context, tenant domain.TenantID, in *struct {
	strict
	Limit  int                `query:"limit" minimum:"1" maximum:"1000" default:"200"`
	Cursor cursor[changeFeed] `query:"cursor" doc:"nextCursor of the page before; none is the beginning"`
	Wait   wait               `query:"wait" example:"10s" doc:"How long to wait for news: 0 to 30 seconds"`
},
) (*plainBody[feedPage], error) {
	if exchangeOf(ctx).head {
		in.Wait.Duration = 0
	}
	p, err := s.service.Changes(ctx, tenant, domain.PageRequest{Limit: in.Limit, After: in.Cursor.Position}, in.Wait.Duration)
	if err != nil {
		return nil, err
	}
	return &plainBody[feedPage]{feedPage{
		Items: views(p.Items, changeOf), Limit: in.Limit, HasMore: p.More, NextCursor: cursor[changeFeed]{p.Next}.String(),
	}}, nil
}
