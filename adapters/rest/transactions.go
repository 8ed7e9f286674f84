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
	ID           string    `json:"id" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The id of the account"`
	ConnectionID string    `json:"connectionId" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The id of the connection"`
	Vendor       string    `json:"vendor" example:"pluggy" doc:"The aggregator"`
	ExternalID   string    `json:"externalId" doc:"The vendor's id" example:"c0ffee00-0000-4000-8000-000000000002"`
	Type         string    `json:"type" enum:"bank,credit,other" example:"bank" doc:"The kind of account"`
	Subtype      string    `json:"subtype,omitempty" example:"CHECKING_ACCOUNT" doc:"The vendor's own type; absent if unknown"`
	Name         string    `json:"name,omitempty" example:"Conta corrente" doc:"The name at the institution; absent if unknown"`
	Number       string    `json:"number,omitempty" example:"0001/12345-6" doc:"The account number; absent if unknown"`
	Currency     string    `json:"currency,omitempty" doc:"ISO 4217" example:"BRL"`
	Balance      string    `json:"balance,omitempty" doc:"Signed decimal, in the account's currency. Do not add up the balances of cards with sharedLimit" example:"1520.37"`
	BalanceKind  string    `json:"balanceKind,omitempty" enum:"limit_used" example:"limit_used" doc:"limit_used: the balance of a card is the used part of its limit, with the instalments to come, and no amount of a bill; absent if the vendor does not say so"`
	SharedLimit  bool      `json:"sharedLimit,omitzero" example:"true" doc:"The card shares its limit with other cards, each of which can repeat the same balance; absent if the vendor does not say so"`
	Metadata     rawJSON   `json:"metadata,omitzero" doc:"The vendor's own object, unchanged; a parser of JSON may shorten its numbers"`
	FirstSeenAt  time.Time `json:"firstSeenAt" example:"2026-03-01T10:00:00Z" doc:"When a pull first read it"`
	UpdatedAt    time.Time `json:"updatedAt" example:"2026-03-02T10:00:00Z" doc:"When it was last changed"`
	RemovedAt    time.Time `json:"removedAt,omitzero" example:"2026-03-09T10:00:00Z" doc:"When it was detected that the vendor no longer lists the account; absent while it does"`
	HeldSince    time.Time `json:"removalHeldSince,omitzero" example:"2026-03-09T10:00:00Z" doc:"Since when the removal of the account is held back, because a complete read has returned no account at all. It is removed when a complete read at least an hour later returns none either, or by POST /accounts/{id}/removals/apply. Absent if it is not held back"`
	BankReadAt   time.Time `json:"bankReadAt,omitzero" example:"2026-03-02T09:30:00Z" doc:"When the vendor last read the account's transactions at the bank; absent if it does not state that"`
	CoversTo     string    `json:"coversTo,omitempty" format:"date" example:"2026-02-27" doc:"The last day whose transactions the bank had had time to book then; absent without bankReadAt"`

	Institution *institutionView `json:"institution,omitempty" doc:"The bank; absent if the vendor does not state it"`

	MaybeContinues []string               `json:"maybeContinues,omitempty" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The ids of accounts of deleted connections that may be the same bank account; POST /accounts/{id}/continue decides. Absent if there are none"`
	References     []accountReferenceView `json:"references" doc:"The account references under which the account was read, oldest first. Another account reference of the connection, or a new connection, continues the account under its id"`
}

// institutionView is a bank, by the vendor's id and name.
type institutionView struct {
	ID   string `json:"id" example:"612" doc:"The vendor's id of the bank; at Pluggy, that of its connector"`
	Name string `json:"name" example:"Nubank" doc:"The name of the bank at the vendor"`
}

// institutionOf returns nil if the institution is not known.
func institutionOf(i domain.Institution) *institutionView {
	if i.ID == "" {
		return nil
	}
	return &institutionView{i.ID, i.Name}
}

// accountReferenceView describes one account reference under which an account was stored. It contains the id that the
// vendor used for the account, and the period in which the reference was used.
type accountReferenceView struct {
	AccountRef string    `json:"accountRef" example:"c0ffee00-0000-4000-8000-000000000001" doc:"The id at the vendor: of an item at Pluggy, of a link at Belvo, of an Item at Plaid"`
	ExternalID string    `json:"externalId" example:"c0ffee00-0000-4000-8000-000000000002" doc:"The vendor's id of the account under this reference"`
	From       time.Time `json:"from" example:"2026-03-01T10:00:00Z" doc:"When a pull first stored the account under this reference"`
	Until      time.Time `json:"until,omitzero" example:"2026-03-09T10:00:00Z" doc:"When another reference replaced it, or when the account was not found under the next reference; absent for the present reference"`
}

// referencesOf returns the representation of account references. The result is never nil.
func referencesOf(references []domain.AccountReference) []accountReferenceView {
	views := make([]accountReferenceView, 0, len(references))
	for _, r := range references {
		views = append(views, accountReferenceView{
			AccountRef: r.AccountRef, ExternalID: r.ExternalID, From: utcOrZero(r.From), Until: utcOrZero(r.Until),
		})
	}
	return views
}

// accountOf returns the representation of an account. The balance is a string and never a JSON number, so that it
// remains exact.
func accountOf(a domain.Account) accountView {
	kind := ""
	if a.Limit.Used {
		kind = "limit_used"
	}
	return accountView{
		ID: a.ID.String(), ConnectionID: a.Connection.String(), Vendor: string(a.Vendor), ExternalID: a.ExternalID,
		Type: string(a.Type), Subtype: a.Subtype, Name: a.Name, Number: a.Number, Currency: a.Currency,
		Balance: amount(a.Balance), BalanceKind: kind, SharedLimit: a.Limit.Shared, Metadata: rawJSON(a.Metadata),
		FirstSeenAt: utcOrZero(a.FirstSeenAt), UpdatedAt: utcOrZero(a.UpdatedAt),
		RemovedAt: utcOrZero(a.RemovedAt), HeldSince: utcOrZero(a.RemovalHeldSince),
		MaybeContinues: idTexts(a.MaybeContinues), References: referencesOf(a.References),
		BankReadAt: utcOrZero(a.BankReadAt), CoversTo: string(a.CoversTo), Institution: institutionOf(a.Institution),
	}
}

// referencesView contains the identifiers by which a transaction can be found at a bank, for example the id of a PIX
// payment. A response omits the unknown ones.
type referencesView struct {
	EndToEndID          string `json:"endToEndId,omitempty" example:"E18236120202603011212s0a1b2c3d4e" doc:"The end-to-end id of a PIX payment (E…) or of its refund (D…)"`
	TransactionID       string `json:"transactionId,omitempty" example:"675767aa-d7ae-4c0b-9f3e-7f2f1f0f5a11" doc:"The institution's own id of the transaction"`
	AuthenticationCode  string `json:"authenticationCode,omitempty" example:"9A7B.1C2D.3E4F.5061" doc:"The code with which the institution authenticates a payment"`
	ReferenceNumber     string `json:"referenceNumber,omitempty" example:"8703" doc:"The reference that the payer or the institution gave the payment"`
	ReceiverReferenceID string `json:"receiverReferenceId,omitempty" example:"PEDIDO-1024" doc:"The reference that the receiver gave the payment; a static PIX QR code has one for many payments"`
	TrackingKey         string `json:"trackingKey,omitempty" example:"MBAN01002602240078226691" doc:"The clave de rastreo of a SPEI payment"`
	ChequeNumber        string `json:"chequeNumber,omitempty" example:"417" doc:"The number of a cheque, without leading zeros"`
	DigitableLine       string `json:"digitableLine,omitempty" example:"99990444080045722000200123456782116320000021000" doc:"The digitable line of a boleto, 47 or 48 digits; present if and only if barcode is"`
	Barcode             string `json:"barcode,omitempty" example:"99991163200000210000444000457220000012345678" doc:"The barcode of a boleto, 44 digits. A boleto can be paid in parts or twice"`
	TxID                string `json:"txId,omitempty" example:"7978c0c97ea847e78e8849634473c1f1" doc:"The id of a PIX charge: a labelled one, or receiverReferenceId if it has the form of one. A static QR code has one for many payments"`
}

func viewOfReferences(r domain.References) referencesView {
	return referencesView{
		EndToEndID: r.EndToEndID, TransactionID: r.TransactionID, AuthenticationCode: r.AuthenticationCode,
		ReferenceNumber: r.ReferenceNumber, ReceiverReferenceID: r.ReceiverReferenceID, TrackingKey: r.TrackingKey,
		ChequeNumber: r.ChequeNumber, DigitableLine: r.DigitableLine(), Barcode: r.Barcode, TxID: r.ChargeID(),
	}
}

// partyDocumentView is the tax number of the other party of a transaction.
type partyDocumentView struct {
	Type  string `json:"type" enum:"CPF,CNPJ,RFC,other" example:"CNPJ" doc:"The kind of the number, by its form"`
	Value string `json:"value" example:"12ABC34501DE35" doc:"The number without punctuation, with letters in upper case"`
}

// transactionView is the representation of a transaction in responses. Unknown values are omitted. The schema requires
// only id, connectionId and version, so that generated clients can also read erased transactions.
type transactionView struct {
	ID                   string            `json:"id" doc:"Does not change when the transaction is updated" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01"`
	ConnectionID         string            `json:"connectionId" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The connection that the transaction belongs to; it can change"`
	Vendor               string            `json:"vendor,omitempty" required:"false" example:"pluggy" doc:"The aggregator"`
	AccountID            string            `json:"accountId,omitempty" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The id of the account; absent if the vendor's row has none"`
	ExternalID           string            `json:"externalId,omitempty" required:"false" doc:"The vendor's id; unique within its connection, except for superseded transactions" example:"c0ffee00-0000-4000-8000-000000000002"`
	Amount               string            `json:"amount,omitempty" required:"false" example:"-212.45" doc:"Signed decimal: money in is positive, money out negative"`
	Currency             string            `json:"currency,omitempty" required:"false" doc:"ISO 4217; the currency of amount" example:"BRL"`
	AccountAmount        string            `json:"accountAmount,omitempty" doc:"The amount in the account's currency, where that currency differs" example:"-1062.25"`
	AccountCurrency      string            `json:"accountCurrency,omitempty" example:"BRL" doc:"ISO 4217; the currency of accountAmount"`
	Status               string            `json:"status,omitempty" required:"false" enum:"pending,posted" example:"posted" doc:"Whether the institution has booked it"`
	Date                 string            `json:"date,omitempty" required:"false" format:"date" doc:"Value date" example:"2026-03-01"`
	OccurredAt           time.Time         `json:"occurredAt,omitzero" example:"2026-03-01T09:12:44Z" doc:"The time of the transaction, if the vendor gives one"`
	Description          string            `json:"description,omitempty" example:"BOLETO DE ENERGIA" doc:"The description on the statement; absent if unknown"`
	Category             string            `json:"category,omitempty" example:"Electricity" doc:"The vendor's category; absent if unknown"`
	Counterparty         string            `json:"counterparty,omitempty" example:"Companhia de Energia" doc:"The other party; absent if unknown"`
	References           referencesView    `json:"references,omitzero" doc:"The identifiers by which a person reconciles the transaction, as the institution states or prints them; absent if none is known"`
	CounterpartyDocument partyDocumentView `json:"counterpartyDocument,omitzero" doc:"The tax number of the other party; absent if it is unknown or masked"`
	Warnings             []string          `json:"warnings,omitempty" enum:"direction_conflict" doc:"Doubts about this row; absent when there are none. direction_conflict: the vendor's sign and type indicate opposite directions"`
	Metadata             rawJSON           `json:"metadata,omitzero" doc:"The vendor's own object, unchanged; a parser of JSON may shorten its numbers"`
	BillID               string            `json:"billId,omitempty" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a04" doc:"The bill of a card that contains the transaction, or that it settles if it is a payment; absent if it is on no closed bill"`
	BillMonth            string            `json:"billMonth,omitempty" example:"2026-11" doc:"The month in which the bill is due, or is expected to be due"`
	BillBasis            string            `json:"billBasis,omitempty" enum:"vendor,forecast,dates" example:"vendor" doc:"How the bill was found. vendor: the vendor names it. forecast: the bank forecasts the month. dates: the closing dates decide"`
	Instalment           instalmentView    `json:"instalment,omitzero" doc:"The instalment of a purchase; absent if it is none"`
	PurchaseDate         string            `json:"purchaseDate,omitempty" format:"date" example:"2026-09-10" doc:"The day of the purchase, the same for all its instalments"`
	Version              int               `json:"version" doc:"Increases with each modification, removal and reappearance" example:"1"`
	FirstSeenAt          time.Time         `json:"firstSeenAt,omitzero" required:"false" example:"2026-03-01T10:00:00Z" doc:"When a pull first read it"`
	UpdatedAt            time.Time         `json:"updatedAt,omitzero" required:"false" example:"2026-03-02T10:00:00Z" doc:"When it was last changed"`
	RemovedAt            time.Time         `json:"removedAt,omitzero" example:"2026-03-09T10:00:00Z" doc:"When the removal was detected; absent while the vendor lists it"`
	ExcludedAt           time.Time         `json:"excludedAt,omitzero" example:"2026-03-05T10:00:00Z" doc:"When an operator excluded it, so that it counts nowhere; absent if it is not excluded"`
	ExcludedBy           string            `json:"excludedBy,omitempty" example:"alice" doc:"The operator who excluded it; absent if it is not excluded"`
	Supersedes           []supersededView  `json:"supersedes,omitempty" doc:"The vendor's rows that the transaction had before its present one, oldest first; absent when there are none"`
	SupersededBy         string            `json:"supersededBy,omitempty" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a02" doc:"The id of the transaction that continues with the row of this one; this transaction is then removed"`
	PossiblySupersedes   []string          `json:"possiblySupersedes,omitempty" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a03" doc:"The ids of removed transactions that may be the same movement; see GET /possible-replacements. Absent when there are none"`
	ErasedAt             time.Time         `json:"erasedAt,omitzero" example:"2026-03-10T10:00:00Z" doc:"When the transaction was erased. An erased transaction has only id, connectionId, version, removedAt and erasedAt"`
}

// instalmentView is the position of a row among the instalments of a purchase.
type instalmentView struct {
	Number int `json:"number" example:"2" doc:"The number of the instalment, from 1 on"`
	Count  int `json:"count,omitzero" example:"3" doc:"Absent if it is not known"`
}

// transactionOf returns the representation of t. Amounts are strings and never JSON numbers, so
// that they remain exact.
func transactionOf(t domain.Transaction) transactionView {
	if t.Erased() {
		return transactionView{
			ID: t.ID.String(), ConnectionID: t.Connection.String(), Version: t.Version,
			RemovedAt: utcOrZero(t.RemovedAt), ErasedAt: utcOrZero(t.ErasedAt),
		}
	}
	return transactionView{
		ID: t.ID.String(), ConnectionID: t.Connection.String(), Vendor: string(t.Vendor),
		AccountID: idOrEmpty(t.AccountID), ExternalID: t.ExternalID,
		Amount: t.Amount.Amount.String(), Currency: t.Amount.Currency,
		AccountAmount: amount(t.AccountMoney), AccountCurrency: currency(t.AccountMoney),
		Status: string(t.Status), Date: string(t.Date), OccurredAt: utcOrZero(t.OccurredAt),
		Description: t.Description, Category: t.Category, Counterparty: t.Counterparty,
		References:           viewOfReferences(t.References),
		CounterpartyDocument: partyDocumentView{string(t.CounterpartyDocument.Type), t.CounterpartyDocument.Value},
		Warnings:             warningCodes(t.Warnings), Metadata: rawJSON(t.Metadata), Version: t.Version,
		FirstSeenAt: utcOrZero(t.FirstSeenAt), UpdatedAt: utcOrZero(t.UpdatedAt), RemovedAt: utcOrZero(t.RemovedAt),
		ExcludedAt: utcOrZero(t.ExcludedAt), ExcludedBy: t.ExcludedBy,
		BillID: idOrEmpty(t.Bill.ID), BillMonth: string(t.Bill.Month), BillBasis: t.Bill.Basis,
		Instalment:   instalmentView{Number: t.Card.Number, Count: t.Card.Count},
		PurchaseDate: string(t.Card.PurchaseDate),
		Supersedes:   supersedesOf(t.Supersedes), SupersededBy: idOrEmpty(t.SupersededBy),
		PossiblySupersedes: idTexts(t.PossiblySupersedes),
	}
}

// warningCodes returns the codes of the warnings. If there are no warnings, it returns nil, and the response omits
// the member.
func warningCodes(warnings []domain.Warning) []string {
	var codes []string
	for _, warning := range warnings {
		codes = append(codes, string(warning))
	}
	return codes
}

// changeView is one item of the change feed.
type changeView struct {
	Change      string          `json:"change" enum:"added,modified,removed" example:"added" doc:"The kind of the last change"`
	Changed     []string        `json:"changed,omitempty" example:"amount" doc:"The names of the members of transaction that differ from its previous version. Absent for version 1, and if the previous version is not known: compare all members then, and also if the last version that you have is not the previous one. All members are listed for an erased transaction"`
	Adjusts     string          `json:"adjusts,omitempty" format:"date" example:"2026-02-28" doc:"The earliest closed day of which a change of the transaction is an adjustment, not necessarily the last change. Absent if there is none, and after that day was reopened"`
	Transaction transactionView `json:"transaction" doc:"The transaction in its current state"`
}

// changeOf returns the representation of t in the change feed. It contains the transaction and the kind of its last
// change.
func changeOf(t domain.Transaction) changeView {
	return changeView{
		Change: string(t.Change()), Changed: t.Changed, Adjusts: string(t.Adjusts), Transaction: transactionOf(t),
	}
}

// feedPage is one page of the change feed. It always contains a cursor from which the caller can
// continue.
type feedPage struct {
	Items      []changeView `json:"items" doc:"The changes, in the order in which they were made"`
	Limit      int          `json:"limit" example:"20" doc:"The maximum number of items on a page"`
	HasMore    bool         `json:"hasMore" doc:"More changes can be read immediately" example:"true"`
	NextCursor string       `json:"nextCursor" doc:"The cursor of the next request; present even on an empty page" example:"AXgBnA-KbR58O5pSPx1bfooBMjAyNi0wMy0wMQ"`
}

// feedOutput is a response with a page of the change feed.
type feedOutput struct {
	Connection string `header:"Connection" doc:"close while the process shuts down: connect to another process"`
	Body       feedPage
}

const (
	accountsPath     = prefix + "/accounts"
	transactionsPath = prefix + "/transactions"
)

// readRoutes returns the routes that read accounts and transactions.
func (s *server) readRoutes() []route {
	const tag, connectionPath = "Accounts and transactions", connectionsPath + "/{id}"
	return []route{
		{
			id: "list-accounts", method: http.MethodGet, path: connectionPath + "/accounts",
			description: "Returns the accounts of one connection, ordered by external id.",
			status:      http.StatusOK, tag: tag, summary: "List a connection's accounts",
			scope: scopeRead, notFound: connectionNotFound,
			mount: handle(s.listAccounts),
		},
		{
			id: "list-transactions", method: http.MethodGet, path: connectionPath + "/transactions",
			description: "Returns the transactions of one connection, including removed ones, which have " +
				"removedAt. With asOf: those that were live at that moment, as they were then.",
			status: http.StatusOK, tag: tag, summary: "List a connection's transactions by date, newest first",
			scope: scopeRead, notFound: connectionNotFound,
			mount: handle(s.listTransactions),
		},
		{
			id: "list-quarantine", method: http.MethodGet, path: connectionPath + "/quarantine",
			description: "Returns the rows and accounts of a connection that cannot be normalised exactly, with the " +
				"vendor's bytes and the reason. A row leaves the list as soon as it can be read.",
			status: http.StatusOK, tag: tag, summary: "List the vendor's rows that could not be read, newest first",
			scope: scopeRead, notFound: connectionNotFound,
			mount: handle(s.listQuarantine),
		},
		{
			id:          "list-all-accounts",
			method:      http.MethodGet,
			path:        accountsPath,
			description: "Returns the accounts of all connections of the tenant, including deleted connections.",
			status:      http.StatusOK,
			tag:         tag,
			summary:     "List the accounts of all connections, ordered by external id",
			scope:       scopeRead,
			mount:       handle(s.listAllAccounts),
		},
		s.dayCoverageRoute(tag),
		{
			id: "get-account", method: http.MethodGet, path: accountsPath + "/{id}",
			description: "Returns one account of the tenant.",
			status:      http.StatusOK, tag: tag, summary: "Get an account",
			scope: scopeRead, notFound: accountNotFound,
			mount: handle(s.getAccount),
		},
		{
			id: "search-transactions", method: http.MethodGet, path: transactionsPath,
			description: "Returns the transactions that match all given parameters, including those of deleted " +
				"connections. Each request examines about 4,000 transactions at most: a page can be short " +
				"or empty although hasMore is true. Continue with nextCursor until hasMore is false. q takes the " +
				"text that a person types: the response then states in searchedFor what it was taken for, and " +
				"each item its connection, account and bank.",
			status: http.StatusOK, tag: tag, summary: "Search the transactions of all connections, newest first",
			scope: scopeRead,
			mount: handle(s.searchTransactions),
		},
		s.summaryRoute(tag),
		{
			id: "get-transaction", method: http.MethodGet, path: transactionsPath + "/{id}",
			description: "Returns one transaction of the tenant, even if it was removed or erased. With asOf: as it " +
				"was at that moment.",
			status: http.StatusOK, tag: tag, summary: "Get a transaction",
			scope: scopeRead, notFound: transactionNotFound,
			mount: handle(s.getTransaction),
		},
		s.historyRoute(tag),
		{
			id: "read-changes", method: http.MethodGet, path: transactionsPath + "/changes",
			description: "Returns the transactions of the tenant in the order of their last change, each in its " +
				"current state, at least once. nextCursor is always present. A change that commits later " +
				"is never skipped by a cursor that was returned earlier.",
			status: http.StatusOK, tag: tag, summary: "Read the tenant's change feed",
			scope: scopeRead, reservesMemory: true,
			mount: handle(s.changes),
		},
	}
}

// summaryRoute returns the route that sums transactions.
func (s *server) summaryRoute(tag string) route {
	return route{
		id: "sum-transactions", method: http.MethodGet, path: transactionsPath + "/summary",
		description: "Returns the sums of all transactions that match the parameters, by day and currency, and in " +
			"total by currency. Removed and erased transactions are left out. The database computes the sums.",
		status: http.StatusOK, tag: tag, summary: "Sum transactions by day, money in and out, and currency",
		scope: scopeRead,
		mount: handle(s.sumTransactions),
	}
}

// listAccounts returns a page of a connection's accounts.
func (s *server) listAccounts(ctx context.Context, tenant domain.TenantID, in *struct {
	ID     pathID[domain.Connection] `path:"id" doc:"Opaque"`
	Limit  int                       `query:"limit" minimum:"1" maximum:"200" default:"20" doc:"The maximum number of items on the page"`
	Cursor cursor[accountList]       `query:"cursor" doc:"nextCursor of the previous page"`
},
) (*listOutput[accountView], error) {
	p, err := s.service.ListAccounts(ctx, tenant, in.ID.ID, in.Cursor.pageRequest(in.Limit))
	if err != nil {
		return nil, err
	}
	return pageOf[accountList](p, in.Limit, accountOf), nil
}

// quarantinedView is the representation of a quarantined row in responses: a row of the vendor that could not be
// converted exactly.
type quarantinedView struct {
	ID          string    `json:"id" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a05" doc:"The id of the entry in the quarantine"`
	Kind        string    `json:"kind" enum:"transaction,account" example:"transaction" doc:"What the vendor sent"`
	ExternalID  string    `json:"externalId,omitempty" example:"c0ffee00-0000-4000-8000-000000000002" doc:"The vendor's id; absent when it cannot be read"`
	Reason      string    `json:"reason" example:"unknown_status" doc:"Why the row cannot be read exactly: unknown_status, unknown_type, invalid_amount, invalid_currency, invalid_date, invalid_text, invalid_id, invalid_member, duplicate_member, too_deep, too_large, account_mismatch"`
	FirstSeenAt time.Time `json:"firstSeenAt" example:"2026-03-01T10:00:00Z" doc:"When a pull read the row first"`
	LastSeenAt  time.Time `json:"lastSeenAt" example:"2026-03-02T10:00:00Z" doc:"When a pull read the row last"`
	Payload     rawJSON   `json:"payload" doc:"All bytes of the vendor's row; a string when they are not strict JSON"`
}

func quarantinedOf(r domain.QuarantinedRow) quarantinedView {
	return quarantinedView{
		ID: r.ID.String(), Kind: string(r.Kind), ExternalID: r.ExternalID(), Reason: string(r.Reason),
		FirstSeenAt: utcOrZero(r.FirstSeenAt), LastSeenAt: utcOrZero(r.LastSeenAt), Payload: asStrictJSON(r.Payload),
	}
}

// listQuarantine returns a page of a connection's quarantined rows.
func (s *server) listQuarantine(ctx context.Context, tenant domain.TenantID, in *struct {
	ID     pathID[domain.Connection] `path:"id" doc:"Opaque"`
	Limit  int                       `query:"limit" minimum:"1" maximum:"200" default:"20" doc:"The maximum number of items on the page"`
	Cursor cursor[quarantineList]    `query:"cursor" doc:"nextCursor of the previous page"`
},
) (*listOutput[quarantinedView], error) {
	p, err := s.service.ListQuarantine(ctx, tenant, in.ID.ID, in.Cursor.pageRequest(in.Limit))
	if err != nil {
		return nil, err
	}
	return pageOf[quarantineList](p, in.Limit, quarantinedOf), nil
}

// listTransactions returns a page of a connection's transactions. It includes removed transactions,
// which have the member removedAt.
func (s *server) listTransactions(ctx context.Context, tenant domain.TenantID, in *struct {
	ID       pathID[domain.Connection] `path:"id" doc:"Opaque"`
	From     string                    `query:"from" format:"date" doc:"First value date"`
	To       string                    `query:"to" format:"date" doc:"Last value date"`
	Account  idParam[domain.Account]   `query:"accountId" doc:"Only transactions of this account"`
	Status   string                    `query:"status" enum:"pending,posted" doc:"Only items in this state"`
	External string                    `query:"externalId" maxLength:"512" doc:"The present or a past id of the vendor"`
	Pull     idParam[domain.Pull]      `query:"pullId" doc:"Only transactions of which this pull has stored the present version or an earlier one; not together with asOf"`
	AsOf     asOfParam                 `query:"asOf" example:"2026-03-02T10:00:00Z" doc:"The transactions as they were at this moment, without those that were removed then, and without metadata and category; at most 5 s in the future"`
	Limit    int                       `query:"limit" minimum:"1" maximum:"200" default:"20" doc:"The maximum number of items on the page"`
	Cursor   cursor[transactionList]   `query:"cursor" doc:"nextCursor of the previous page"`
},
) (*listOutput[transactionView], error) {
	window := domain.Window{From: domain.Date(in.From), To: domain.Date(in.To)}
	if err := window.Validate(); err != nil {
		return nil, err
	}
	if !in.Pull.ID.IsZero() && !in.AsOf.Time.IsZero() {
		return nil, domain.FieldError("pullId", "must not be given together with asOf")
	}
	filter := ports.TransactionFilter{
		Window: window, Account: in.Account.ID, Status: domain.TransactionStatus(in.Status),
		ExternalID: in.External, Pull: in.Pull.ID, AsOf: in.AsOf.Time,
	}
	p, err := s.service.ListTransactions(ctx, tenant, in.ID.ID, filter, in.Cursor.pageRequest(in.Limit))
	if err != nil {
		return nil, err
	}
	return pageOf[transactionList](p, in.Limit, transactionOf), nil
}

// listAllAccounts returns a page of the accounts of all connections of the tenant. It includes the
// accounts of deleted connections.
func (s *server) listAllAccounts(ctx context.Context, tenant domain.TenantID, in *struct {
	Connection  idParam[domain.Connection] `query:"connectionId" doc:"Only items of this connection"`
	Institution institutionParam           `query:"institution" minLength:"3" maxLength:"1024" doc:"Only accounts of live connections of this bank: the vendor, a colon, and the vendor's id of the institution" example:"pluggy:201"`
	Limit       int                        `query:"limit" minimum:"1" maximum:"200" default:"20" doc:"The maximum number of items on the page"`
	Cursor      cursor[accountList]        `query:"cursor" doc:"nextCursor of the previous page"`
},
) (*listOutput[accountView], error) {
	filter := ports.AccountFilter{Connection: in.Connection.ID, Institution: in.Institution.InstitutionKey}
	p, err := s.service.ListTenantAccounts(ctx, tenant, filter, in.Cursor.pageRequest(in.Limit))
	if err != nil {
		return nil, err
	}
	return pageOf[accountList](p, in.Limit, accountOf), nil
}

// getAccount returns an account.
func (s *server) getAccount(
	ctx context.Context, tenant domain.TenantID, in *idInput[domain.Account],
) (*bodyOutput[accountView], error) {
	a, err := s.service.GetAccount(ctx, tenant, in.ID.ID)
	if err != nil {
		return nil, err
	}
	return &bodyOutput[accountView]{accountOf(a)}, nil
}

// getTransaction returns a transaction, even if it is marked as removed. With asOf, it returns the transaction as it
// was at that moment.
func (s *server) getTransaction(ctx context.Context, tenant domain.TenantID, in *struct {
	ID   pathID[domain.Transaction] `path:"id" doc:"Opaque"`
	AsOf asOfParam                  `query:"asOf" example:"2026-03-02T10:00:00Z" doc:"The transaction as it was at this moment, without metadata and category; at most 5 s in the future. 404 before the transaction existed and while it was removed"`
},
) (*bodyOutput[transactionView], error) {
	t, err := s.service.GetTransaction(ctx, tenant, in.ID.ID, in.AsOf.Time)
	if err != nil {
		return nil, err
	}
	return &bodyOutput[transactionView]{transactionOf(t)}, nil
}

// totalView is a sum of transactions in one currency.
type totalView struct {
	Currency string `json:"currency" example:"BRL" doc:"ISO 4217"`
	In       string `json:"in" example:"1520.37" doc:"Sum of the money in: a decimal"`
	Out      string `json:"out" example:"212.45" doc:"Sum of the money out: a decimal without sign"`
	Count    int    `json:"count" example:"12" doc:"Number of transactions"`
}

func totalOf(t domain.Total) totalView {
	return totalView{Currency: t.Currency, In: t.In.String(), Out: t.Out.String(), Count: t.Count}
}

// dayTotalView is a sum of the transactions of one day in one currency.
type dayTotalView struct {
	Date string `json:"date" format:"date" example:"2026-03-01" doc:"Value date"`
	totalView
}

// transactionSums is the response body with sums of transactions.
type transactionSums struct {
	Items []dayTotalView `json:"items" doc:"One item for each day and currency that has transactions, the latest day first"`
	Total []totalView    `json:"total" doc:"The sum of the items for each currency"`
}

// sumTransactions returns the sums of the transactions that match all given parameters.
func (s *server) sumTransactions(ctx context.Context, tenant domain.TenantID, in *struct {
	Connection idParam[domain.Connection] `query:"connectionId" doc:"Only items of this connection"`
	Account    idParam[domain.Account]    `query:"accountId" doc:"Only transactions of this account"`
	Status     string                     `query:"status" enum:"pending,posted" doc:"Only items in this state"`
	Text       plainText                  `query:"text" minLength:"3" maxLength:"200" doc:"Part of the description or the counterparty, at least 3 characters; case and accents are ignored"`
	From       string                     `query:"from" format:"date" doc:"First value date"`
	To         string                     `query:"to" format:"date" doc:"Last value date"`
},
) (*bodyOutput[transactionSums], error) {
	filter := domain.SumFilter{
		Connection: in.Connection.ID, Account: in.Account.ID, Status: domain.TransactionStatus(in.Status),
		Text: string(in.Text), Window: domain.Window{From: domain.Date(in.From), To: domain.Date(in.To)},
	}
	if err := filter.Window.Validate(); err != nil {
		return nil, err
	}
	days, err := s.service.SumTransactions(ctx, tenant, filter)
	if err != nil {
		return nil, err
	}
	return &bodyOutput[transactionSums]{transactionSums{
		Items: mapItems(days, func(d domain.DayTotal) dayTotalView {
			return dayTotalView{string(d.Date), totalOf(d.Total)}
		}),
		Total: mapItems(domain.SumCurrencies(days), totalOf),
	}}, nil
}

// changes returns a page of the change feed. A long poll waits until there are changes, the requested time has passed,
// or the client disconnects. A HEAD request never waits, because its response cannot contain the changes. A request for
// the end of the feed never waits, because it only asks for the position. Errors:
// errTooManyPolls for a long poll while too many others are waiting.
func (s *server) changes(ctx context.Context, tenant domain.TenantID, in *struct {
	Limit  int        `query:"limit" minimum:"1" maximum:"1000" default:"200" doc:"The maximum number of items on the page"`
	Cursor feedCursor `query:"cursor" doc:"nextCursor of the previous page; without it, the feed starts at its beginning. now: the present end of the feed; the page is then empty"`
	Wait   waitParam  `query:"wait" example:"10s" doc:"How long to wait for changes (long poll): 0 to 30 seconds"`
},
) (*feedOutput, error) {
	if exchangeOf(ctx).isHEAD || in.Cursor.at == domain.FeedEnd {
		in.Wait.Duration = 0
	}
	if in.Wait.Duration > 0 {
		end, err := s.longPolls.start(tenant)
		if err != nil {
			return nil, err
		}
		defer end()
		s.OnWork(-1)
		defer s.OnWork(1)
	}
	p, err := s.readFeed(ctx, tenant, in.Cursor.pageRequest(in.Limit), in.Wait.Duration)
	if err != nil {
		return nil, err
	}
	if in.Wait.Duration > 0 && len(p.Items) > 0 {
		if err := s.checkAccess(ctx, exchangeOf(ctx)); err != nil {
			return nil, err // the access was withdrawn during the wait
		}
	}
	return &feedOutput{Connection: s.drainReader(ctx), Body: feedPage{
		Items: mapItems(p.Items, changeOf), Limit: in.Limit, HasMore: p.More,
		NextCursor: cursorText(changeFeed{}, p.Next),
	}}, nil
}

// readFeed returns a page of the change feed. It reserves memory for a page before it reads the page, and keeps the
// memory for the response. While it waits for changes, it holds no memory.
func (s *server) readFeed(
	ctx context.Context, tenant domain.TenantID, request domain.PageRequest, wait time.Duration,
) (domain.FeedPage, error) {
	for {
		if err := s.reserveMemory(ctx, pageMemory); err != nil {
			return domain.FeedPage{}, err
		}
		page, err := s.service.Changes(ctx, tenant, request, 0)
		if err != nil || len(page.Items) > 0 || wait == 0 {
			return page, err
		}
		releaseMemory(exchangeOf(ctx))
		first := domain.PageRequest{Limit: 1, MaxBytes: 1, After: request.After}
		if page, err = s.service.Changes(ctx, tenant, first, wait); err != nil || len(page.Items) == 0 {
			return page, err
		}
		wait = 0
	}
}

// drainReader returns the value of the Connection header for a response of the change feed. The value is "" in normal
// operation, and "close" while the process shuts down.
//
// Before it returns "close", drainReader waits until the process accepts no more connections. Without the wait, the
// reader could reconnect to this process again and again.
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
