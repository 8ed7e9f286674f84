package belvo

import (
	"cmp"
	"encoding/json"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// transaction holds the members that are normalised; an unknown one is the vendor's
// right. Source: developers.belvo.com, Transactions.
type transaction struct {
	ID             string          `json:"id"`
	Account        json.RawMessage `json:"account"` // whole object, or null
	ValueDate      moment          `json:"value_date"`
	AccountingDate moment          `json:"accounting_date"`
	TransactedAt   moment          `json:"transacted_at"`
	CreatedAt      moment          `json:"created_at"`
	// Numbers in the data dictionary, strings in an OFDA example. "": null or absent.
	Amount      vendorhttp.NumberOrString `json:"amount"`
	LocalAmount vendorhttp.NumberOrString `json:"local_currency_amount"`
	Currency    string                    `json:"currency"`
	Type        string                    `json:"type"`
	Status      string                    `json:"status"`
	Description string                    `json:"description"`
	Category    string                    `json:"category"`
	Merchant    *struct {
		Name string `json:"merchant_name"`
	} `json:"merchant"`
}

// scope is what a row is read against.
type scope struct {
	link     string
	accounts map[string]domain.AccountData // by external id
	currency string                        // the one that all accounts share, or ""
}

func newScope(link string, accounts []domain.AccountData) scope {
	s := scope{link: link, accounts: make(map[string]domain.AccountData, len(accounts))}
	for i, account := range accounts {
		s.accounts[account.ExternalID] = account
		if i == 0 {
			s.currency = account.Currency
		} else if account.Currency != s.currency {
			s.currency = ""
		}
	}
	return s
}

// observe normalises one row. raw is kept as it is. Errors: Unavailable
// (malformed_response).
func (s scope) observe(raw json.RawMessage) (domain.TransactionData, error) {
	var t transaction
	if vendorhttp.Decode(raw, &t) != nil || !identifier(t.ID) {
		return domain.TransactionData{}, malformed("transaction")
	}
	embedded, err := s.embedded(t.Account)
	if err != nil {
		return domain.TransactionData{}, err
	}
	o := domain.TransactionData{
		ExternalID: t.ID, Date: t.date(), OccurredAt: t.occurredAt().at,
		Description: domain.CleanText(t.Description), Category: domain.CleanText(t.Category),
		Counterparty: t.counterparty(), Metadata: raw,
	}
	if o.Date == "" {
		return domain.TransactionData{}, malformed("transaction without a date")
	}
	if o.Status, err = t.status(); err != nil {
		return domain.TransactionData{}, err
	}
	if err := t.value(&o, s.holder(embedded)); err != nil {
		return domain.TransactionData{}, err
	}
	o.StableMetadata, err = detail(raw)
	return o, err
}

// embedded reads the account inside a row, which may be null.
func (s scope) embedded(raw json.RawMessage) (*domain.AccountData, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	view, err := s.account(raw)
	return &view, err
}

// holder gives the account of a row, as its own list shows it: what a row carries may
// be shortened. A row without an account is of one of the link's, so that it has the
// currency which all of them share.
func (s scope) holder(embedded *domain.AccountData) domain.AccountData {
	if embedded == nil {
		return domain.AccountData{Currency: s.currency}
	}
	view, listed := s.accounts[embedded.ExternalID]
	if !listed {
		return *embedded
	}
	view.Currency = cmp.Or(view.Currency, embedded.Currency)
	return view
}

// value sets account and amounts. A row without a currency is in its account's, and
// malformed where that is unknown too.
func (t transaction) value(o *domain.TransactionData, account domain.AccountData) error {
	o.Account = account.ExternalID
	directed, err := t.directed(account.Type)
	if err != nil {
		return err
	}
	currency := cmp.Or(t.Currency, account.Currency)
	amount, err := vendorhttp.ParseMoney(string(t.Amount), currency)
	if err != nil {
		return malformed("amount or currency of a transaction")
	}
	o.Amount = directed(amount)
	if t.LocalAmount == "" || account.Currency == "" || account.Currency == currency {
		return nil
	}
	local, err := vendorhttp.ParseMoney(string(t.LocalAmount), account.Currency)
	if err != nil {
		return malformed("local amount of a transaction")
	}
	// Both are the one movement, so that the direction of the first is the second's too,
	// also where only the number's own sign told it.
	if local = local.In(); o.Amount.Amount.IsNeg() {
		local = local.Out()
	}
	o.AccountMoney = &local
	return nil
}

// directed turns a magnitude into the account holder's view: INFLOW is money in and
// OUTFLOW is money out, on cards as on bank accounts, whatever sign the number has.
//
// For a row without a direction (an old schema's null) the number speaks as it would
// on the account's statement: on a bank account a bare number is money in and a
// negative one money out; on a card a bare number is a purchase, money out. The row is
// kept, since a reconciliation can match its magnitude and sees "type": null in its
// metadata; a later direction from the vendor is an edit like any other.
func (t transaction) directed(account domain.AccountType) (func(domain.Money) domain.Money, error) {
	switch {
	case t.Type == "INFLOW":
		return domain.Money.In, nil
	case t.Type == "OUTFLOW":
		return domain.Money.Out, nil
	case t.Type != "":
		return nil, malformed("type of a transaction")
	case account == domain.CreditAccount:
		return domain.Money.Negate, nil
	}
	return func(m domain.Money) domain.Money { return m }, nil
}

// status: what the vendor has given up (UNCATEGORIZED, null) is booked, as PROCESSED is.
func (t transaction) status() (domain.TransactionStatus, error) {
	switch t.Status {
	case "PROCESSED", "UNCATEGORIZED", "":
		return domain.Posted, nil
	case "PENDING":
		return domain.Pending, nil
	}
	return "", malformed("status of a transaction")
}

// date is the value date. Old schemas leave it out: then the first date that the row
// has, by how near it is to the movement. A timestamp's date is the one written, for
// the vendor does not tell the institution's time zone. created_at comes last, and
// collected_at never: it moves with every read and would look like an edit each time.
func (t transaction) date() domain.Date {
	for _, m := range []moment{t.ValueDate, t.AccountingDate, t.TransactedAt, t.CreatedAt} {
		if m.day != "" {
			return m.day
		}
	}
	return ""
}

// occurredAt is the movement's time where the vendor knows one, else its booking's.
func (t transaction) occurredAt() moment {
	for _, m := range []moment{t.TransactedAt, t.AccountingDate} {
		if m.hasTime() {
			return m
		}
	}
	return moment{}
}

// counterparty is the merchant's name. The vendor's counterparty object has numbers of
// a person and of an account, and no name: those stay in the metadata alone.
func (t transaction) counterparty() string {
	if t.Merchant == nil {
		return ""
	}
	return domain.CleanText(t.Merchant.Name)
}
