package rest

import (
	"context"
	"net/http"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// accountView is the representation of a stored account in responses.
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

// accountOf returns the representation of a. The balance is a string and never a JSON number, so
// that it remains exact.
func accountOf(a domain.Account) accountView {
	return accountView{
		ID: a.ID.String(), ConnectionID: a.Connection.String(), Vendor: string(a.Vendor), ExternalID: a.ExternalID,
		Type: string(a.Type), Subtype: a.Subtype, Name: a.Name, Number: a.Number, Currency: a.Currency,
		Balance: amount(a.Balance), Metadata: rawJSON(a.Metadata),
		FirstSeenAt: utcOrZero(a.FirstSeenAt), UpdatedAt: utcOrZero(a.UpdatedAt),
	}
}

// transactionView is the representation of a stored transaction in responses. Unknown values are
// omitted.
type transactionView struct {
	ID              string    `json:"id" doc:"Does not change when the transaction is updated"`
	ConnectionID    string    `json:"connectionId"`
	Vendor          string    `json:"vendor"`
	AccountID       string    `json:"accountId,omitempty"`
	ExternalID      string    `json:"externalId" doc:"The vendor's id; unique within its connection"`
	Amount          string    `json:"amount" example:"-212.45" doc:"Signed decimal: money in is positive, money out negative"`
	Currency        string    `json:"currency" doc:"ISO 4217; the currency of amount"`
	AccountAmount   string    `json:"accountAmount,omitempty" doc:"The amount in the account's currency, where that currency differs"`
	AccountCurrency string    `json:"accountCurrency,omitempty"`
	Status          string    `json:"status" enum:"pending,posted"`
	Date            string    `json:"date" format:"date" doc:"Value date"`
	OccurredAt      time.Time `json:"occurredAt,omitzero"`
	Description     string    `json:"description,omitempty"`
	Category        string    `json:"category,omitempty"`
	Counterparty    string    `json:"counterparty,omitempty"`
	Warnings        []string  `json:"warnings,omitempty" enum:"direction_conflict" doc:"Doubts about this row; absent when there are none. direction_conflict: the vendor's sign and type name opposite directions"`
	Metadata        rawJSON   `json:"metadata,omitzero" doc:"The vendor's own object, unchanged"`
	Version         int       `json:"version" doc:"Increases with each modification, removal and reappearance"`
	FirstSeenAt     time.Time `json:"firstSeenAt"`
	UpdatedAt       time.Time `json:"updatedAt"`
	RemovedAt       time.Time `json:"removedAt,omitzero"`
}

// transactionOf returns the representation of t. Amounts are strings and never JSON numbers, so
// that they remain exact.
func transactionOf(t domain.Transaction) transactionView {
	return transactionView{
		ID: t.ID.String(), ConnectionID: t.Connection.String(), Vendor: string(t.Vendor),
		AccountID: idOrEmpty(t.AccountID), ExternalID: t.ExternalID,
		Amount: t.Amount.Amount.String(), Currency: t.Amount.Currency,
		AccountAmount: amount(t.AccountMoney), AccountCurrency: currency(t.AccountMoney),
		Status: string(t.Status), Date: string(t.Date), OccurredAt: utcOrZero(t.OccurredAt),
		Description: t.Description, Category: t.Category, Counterparty: t.Counterparty,
		Warnings: warningCodes(t.Warnings), Metadata: rawJSON(t.Metadata), Version: t.Version,
		FirstSeenAt: utcOrZero(t.FirstSeenAt), UpdatedAt: utcOrZero(t.UpdatedAt), RemovedAt: utcOrZero(t.RemovedAt),
	}
}

// warningCodes returns the codes of the warnings. It returns nil if there are none; then the
// response omits the member.
func warningCodes(warnings []domain.Warning) []string {
	var codes []string
	for _, warning := range warnings {
		codes = append(codes, string(warning))
	}
	return codes
}

// changeView is one item of the change feed.
type changeView struct {
	Change      string          `json:"change" enum:"added,modified,removed"`
	Transaction transactionView `json:"transaction"`
}

// changeOf returns the item of the change feed for t: the transaction with the kind of its last
// change.
func changeOf(t domain.Transaction) changeView {
	return changeView{Change: string(t.Change()), Transaction: transactionOf(t)}
}

// feedPage is one page of the change feed. It always contains a cursor from which the caller can
// continue.
type feedPage struct {
	Items      []changeView `json:"items"`
	Limit      int          `json:"limit"`
	HasMore    bool         `json:"hasMore" doc:"More changes can be read immediately"`
	NextCursor string       `json:"nextCursor" doc:"Where to continue; present on an empty page, too"`
}

// feedOutput is a response with a page of the change feed.
type feedOutput struct {
	Connection string `header:"Connection" doc:"close while the process shuts down: connect to another process"`
	Body       feedPage
}

// readRoutes returns the routes that read accounts and transactions.
func (s *server) readRoutes() []route {
	const tag, of = "Accounts and transactions", connectionsPath + "/{id}"
	return []route{
		{
			id: "list-accounts", method: http.MethodGet, path: of + "/accounts",
			status: http.StatusOK, tag: tag, summary: "List a connection's accounts",
			scope: scopeRead, notFound: connectionNotFound,
			mount: handle(s.listAccounts),
		},
		{
			id: "list-transactions", method: http.MethodGet, path: of + "/transactions",
			status: http.StatusOK, tag: tag, summary: "List a connection's transactions by date, newest first",
			scope: scopeRead, notFound: connectionNotFound,
			mount: handle(s.listTransactions),
		},
		{
			id: "read-changes", method: http.MethodGet, path: prefix + "/transactions/changes",
			status: http.StatusOK, tag: tag, summary: "Read the tenant's change feed",
			scope: scopeRead,
			mount: handle(s.changes),
		},
	}
}

// listAccounts returns a page of a connection's accounts.
func (s *server) listAccounts(ctx context.Context, tenant domain.TenantID, in *struct {
	ID     string              `path:"id" doc:"Opaque"`
	Limit  int                 `query:"limit" minimum:"1" maximum:"200" default:"20"`
	Cursor cursor[accountList] `query:"cursor" doc:"nextCursor of the previous page"`
},
) (*listOutput[accountView], error) {
	id, err := domain.ParseID[domain.Connection](in.ID)
	if err != nil {
		return nil, err
	}
	p, err := s.service.ListAccounts(ctx, tenant, id, in.Cursor.pageRequest(in.Limit))
	if err != nil {
		return nil, err
	}
	return pageOf[accountList](p, in.Limit, accountOf), nil
}

// listTransactions returns a page of a connection's transactions. It includes removed transactions,
// which have the member removedAt.
func (s *server) listTransactions(ctx context.Context, tenant domain.TenantID, in *struct {
	ID      string                  `path:"id" doc:"Opaque"`
	From    string                  `query:"from" format:"date" doc:"First value date"`
	To      string                  `query:"to" format:"date" doc:"Last value date"`
	Account idParam[domain.Account] `query:"accountId"`
	Status  string                  `query:"status" enum:"pending,posted"`
	Limit   int                     `query:"limit" minimum:"1" maximum:"200" default:"20"`
	Cursor  cursor[transactionList] `query:"cursor" doc:"nextCursor of the previous page"`
},
) (*listOutput[transactionView], error) {
	id, err := domain.ParseID[domain.Connection](in.ID)
	if err != nil {
		return nil, err
	}
	window := domain.Window{From: domain.Date(in.From), To: domain.Date(in.To)}
	if err := window.Validate(); err != nil {
		return nil, err
	}
	filter := ports.TransactionFilter{
		Window: window, Account: in.Account.ID, Status: domain.TransactionStatus(in.Status),
	}
	p, err := s.service.ListTransactions(ctx, tenant, id, filter, in.Cursor.pageRequest(in.Limit))
	if err != nil {
		return nil, err
	}
	return pageOf[transactionList](p, in.Limit, transactionOf), nil
}

// changes returns a page of the change feed. It may wait (long poll) until there are changes, until
// the requested time has passed, or until the client disconnects. It never waits for a HEAD
// request, because the response to HEAD could not contain the changes. Errors: errTooManyPolls if the
// request wants to wait while too many other requests wait.
func (s *server) changes(ctx context.Context, tenant domain.TenantID, in *struct {
	Limit  int                `query:"limit" minimum:"1" maximum:"1000" default:"200"`
	Cursor cursor[changeFeed] `query:"cursor" doc:"nextCursor of the previous page; without it, the feed starts at its beginning"`
	Wait   waitParam          `query:"wait" example:"10s" doc:"How long to wait for changes (long poll): 0 to 30 seconds"`
},
) (*feedOutput, error) {
	if exchangeOf(ctx).isHEAD {
		in.Wait.Duration = 0
	}
	if in.Wait.Duration > 0 {
		end, err := s.longPolls.start(tenant)
		if err != nil {
			return nil, err
		}
		defer end()
	}
	p, err := s.service.Changes(ctx, tenant, in.Cursor.pageRequest(in.Limit), in.Wait.Duration)
	if err != nil {
		return nil, err
	}
	return &feedOutput{Connection: s.drainReader(ctx), Body: feedPage{
		Items: mapItems(p.Items, changeOf), Limit: in.Limit, HasMore: p.More,
		NextCursor: cursor[changeFeed]{p.Next}.String(),
	}}, nil
}

// drainReader returns the Connection header for a reader of the change feed. While the process
// serves, this is "". While the process drains, drainReader waits until the process accepts no more
// connections, and returns "close". Without the wait, the reader could reconnect to this process,
// get an empty page at once, and so on until the process has ended.
func (s *server) drainReader(ctx context.Context) string {
	if !s.Draining() {
		return ""
	}
	if s.NotAccepting != nil {
		select {
		case <-s.NotAccepting:
		case <-ctx.Done():
		}
	}
	return "close"
}
