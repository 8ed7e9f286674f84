package belvo

import (
	"cmp"
	"encoding/json"
	"strings"
	"time"
	"unicode"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
)

// transactionJSON contains the members of a row that this package reads. Unknown members are
// ignored, because the vendor may add some. Source: developers.belvo.com, Transactions.
type transactionJSON struct {
	ID             string          `json:"id"`
	Account        json.RawMessage `json:"account"` // the whole account object, or null
	ValueDate      dateTime        `json:"value_date"`
	AccountingDate dateTime        `json:"accounting_date"`
	TransactedAt   dateTime        `json:"transacted_at"`
	// When the money moved: the account holder's local time, with the offset from UTC.
	LocalTransactedAt localDateTime `json:"local_datetime_transacted_at"`
	// Amounts are numbers according to the vendor's data dictionary. In one of the vendor's examples for Brazil's Open
	// Finance, they are strings. "" means null or absent.
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
	InstitutionID vendorhttp.Text `json:"internal_identification"`
	Reference     vendorhttp.Text `json:"reference"`
	Other         jsontext.Value  `json:"counterparty"`
	Card          json.RawMessage `json:"credit_card_data"`
	Operation     vendorhttp.Text `json:"operation_type"`
}

// linkContext contains the inputs of normalization other than the row: the link and its accounts.
type linkContext struct {
	link           string
	accounts       map[string]domain.AccountData // by external id
	sharedCurrency string                        // the currency of all accounts, or "" if they differ
}

func newLinkContext(link string, accounts []domain.AccountData) linkContext {
	l := linkContext{link: link, accounts: make(map[string]domain.AccountData, len(accounts))}
	for i, account := range accounts {
		l.accounts[account.ExternalID] = account
		if i == 0 {
			l.sharedCurrency = account.Currency
		} else if account.Currency != l.sharedCurrency {
			l.sharedCurrency = ""
		}
	}
	return l
}

// normalize decodes and normalizes one row. The Metadata of the result is the unchanged row. It returns the same
// errors as domain.RawTransaction.Normalize.
func (l linkContext) normalize(raw json.RawMessage) (domain.TransactionData, error) {
	data, err := l.convert(raw)
	if err != nil {
		return domain.TransactionData{Metadata: raw}, err
	}
	return data, nil
}

// memberReasons maps a member of a row to the reason why the row is unreadable if the member cannot be decoded.
var memberReasons = map[string]domain.Code{
	"id": domain.InvalidID, "value_date": domain.InvalidDate, "accounting_date": domain.InvalidDate,
	"transacted_at": domain.InvalidDate, "local_datetime_transacted_at": domain.InvalidDate,
	"amount": domain.InvalidAmount, "local_currency_amount": domain.InvalidAmount,
	"currency": domain.InvalidCurrency, "type": domain.UnknownType, "status": domain.UnknownStatus,
	"description": domain.InvalidText, "category": domain.InvalidText,
}

func (l linkContext) convert(raw json.RawMessage) (domain.TransactionData, error) {
	var t transactionJSON
	if err := vendorhttp.DecodeRow(raw, &t, memberReasons); err != nil {
		return domain.TransactionData{}, err
	}
	if !validID(t.ID) {
		return domain.TransactionData{}, domain.UnreadableRow(domain.InvalidID)
	}
	embedded, err := l.embeddedAccount(t.Account)
	if err != nil {
		return domain.TransactionData{}, err
	}
	data := domain.TransactionData{
		ExternalID: t.ID, Date: t.date(), OccurredAt: t.occurredAt().at,
		Description: domain.CleanText(t.Description), Category: domain.CleanText(t.Category),
		Counterparty: t.counterparty(), References: t.references(), CounterpartyDocument: t.document(), Metadata: raw,
	}
	if data.Date == "" {
		return domain.TransactionData{}, domain.UnreadableRow(domain.InvalidDate)
	}
	if data.Status, err = t.status(); err != nil {
		return domain.TransactionData{}, err
	}
	account := l.accountOf(embedded)
	if err := t.setAmounts(&data, account); err != nil {
		return domain.TransactionData{}, err
	}
	if account.Type == domain.CreditAccount {
		data.Card = cardFacts(t.Card)
		data.Card.Payment = t.Operation.Value == billPayment && data.Amount.Amount.IsPositive()
	}
	return data, nil
}

// embeddedAccount returns the account that is embedded in a row, or nil if the row contains no account. Unreadable
// members are allowed except for the id, because many rows need no other member of the account.
//
// Errors: domain.UnreadableRow(domain.AccountMismatch) for a row whose embedded account has an unreadable id or belongs
// to another link; the errors of readAccount.
func (l linkContext) embeddedAccount(raw json.RawMessage) (*domain.AccountData, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	account, err := l.readAccount(raw)
	if err == nil && account.ExternalID == "" {
		err = domain.UnreadableRow(domain.AccountMismatch)
	}
	return &account, err
}

// accountOf returns the account of a row. It prefers the entry of the account list, because an embedded account may be
// abbreviated. For a row without an embedded account, it returns an account of unknown id and type. That account has a
// currency only if all accounts of the link have the same currency.
func (l linkContext) accountOf(embedded *domain.AccountData) domain.AccountData {
	if embedded == nil {
		return domain.AccountData{Type: domain.OtherAccount, Currency: l.sharedCurrency}
	}
	account, listed := l.accounts[embedded.ExternalID]
	if !listed {
		return *embedded
	}
	account.Currency = cmp.Or(account.Currency, embedded.Currency)
	return account
}

// setAmounts sets the account and the amounts of data. A row without a currency gets the currency of its account; if
// the account's currency is unknown too, the row is unreadable. The type decides about the direction. The vendor's
// amounts are always positive. A negative amount that is money in contradicts its type, so data gets a warning.
func (t transactionJSON) setAmounts(data *domain.TransactionData, account domain.AccountData) error {
	data.Account = account.ExternalID
	withSign, err := t.signRule()
	if err != nil {
		return err
	}
	currency := cmp.Or(t.Currency, account.Currency)
	amount, err := vendorhttp.ParseMoney(string(t.Amount), currency)
	if err != nil {
		return err
	}
	data.Amount = withSign(amount)
	if amount.Amount.IsNegative() && data.Amount.Amount.IsPositive() {
		data.Warnings = []domain.Warning{domain.DirectionConflict}
	}
	if t.LocalAmount == "" || account.Currency == "" || account.Currency == currency {
		return nil
	}
	local, err := vendorhttp.ParseMoney(string(t.LocalAmount), account.Currency)
	if err != nil {
		return err
	}
	// Both amounts describe the same movement, so the local amount gets the sign of data.Amount.
	if local = local.In(); data.Amount.Amount.IsNegative() {
		local = local.Out()
	}
	data.AccountMoney = &local
	return nil
}

// signRule returns a function that sets the sign of the row's amount from the account holder's point of view: INFLOW is
// money in and OUTFLOW is money out, also on cards. The vendor's amounts are always positive, so a row without a
// direction (null is documented) does not tell whether money came in or went out. It is unreadable (unknown_type), like
// a row with an undocumented direction.
func (t transactionJSON) signRule() (func(domain.Money) domain.Money, error) {
	switch t.Type {
	case "INFLOW":
		return domain.Money.In, nil
	case "OUTFLOW":
		return domain.Money.Out, nil
	}
	return nil, domain.UnreadableRow(domain.UnknownType)
}

// status returns the domain's status for the vendor's status. UNCATEGORIZED and null mean that the vendor could not
// classify the row; both are treated as posted, like PROCESSED.
func (t transactionJSON) status() (domain.TransactionStatus, error) {
	switch t.Status {
	case "PROCESSED", "UNCATEGORIZED", "":
		return domain.Posted, nil
	case "PENDING":
		return domain.Pending, nil
	}
	return "", domain.UnreadableRow(domain.UnknownStatus)
}

// date returns the date of the movement in the account holder's local time, or "" if the row has no date. It returns
// the first of these dates that the row has:
//
//   - the date of the local timestamp
//   - the value date, which is a date in UTC (for a movement at 22:30 in São Paulo, the next day)
//   - in old schemas: the accounting date, and the date of transacted_at
//
// The date of a timestamp is used as written, because the vendor does not report the institution's time zone.
// created_at and collected_at are never used. They state when the vendor stored and collected the row, which may be
// long after the movement.
func (t transactionJSON) date() domain.Date {
	for _, d := range []dateTime{
		dateTime(t.LocalTransactedAt), t.ValueDate, t.AccountingDate, t.TransactedAt,
	} {
		if d.day != "" {
			return d.day
		}
	}
	return ""
}

// occurredAt returns the time of the movement in UTC if the vendor reports that time, and otherwise
// the time at which the movement was booked. It returns the zero dateTime if the vendor reports
// neither time.
func (t transactionJSON) occurredAt() dateTime {
	for _, d := range []dateTime{t.TransactedAt, dateTime(t.LocalTransactedAt), t.AccountingDate} {
		if d.hasTime() {
			return d
		}
	}
	return dateTime{}
}

// counterparty returns the merchant's name, or "". The vendor's counterparty object is not used, because it contains
// document and account numbers, but no name.
func (t transactionJSON) counterparty() string {
	if t.Merchant == nil {
		return ""
	}
	return domain.CleanText(t.Merchant.Name)
}

// references returns the identifiers by which a person can find the payment, such as an end-to-end id. It reads them
// from the members of the row, and also searches the text of the description for them.
func (t transactionJSON) references() domain.References {
	return banktext.References(domain.References{
		TransactionID: t.InstitutionID.Reference(), ReferenceNumber: t.Reference.Reference(),
	}, t.Description)
}

// document returns the tax number of the other party. It prefers the number in the members of the row to a number in
// the description.
func (t transactionJSON) document() domain.PartyDocument {
	stated := vendorhttp.DecodeObject[partyKeysJSON](t.Other).Document.Value
	if document := domain.NewPartyDocument(stated); !document.IsZero() {
		return document
	}
	return banktext.TextDocument(t.Description)
}

// validID reports whether s can be an id in the ledger: not empty, without control characters,
// and at most domain.MaxEventID bytes long. The vendor's ids are never longer.
func validID(s string) bool {
	return s != "" && len(s) <= domain.MaxEventID && !strings.ContainsFunc(s, unicode.IsControl)
}

// dateTime is a date, or a point in time together with the date that the vendor wrote for it.
type dateTime struct {
	day domain.Date
	at  time.Time // UTC, whole microseconds; zero if there is only a date
}

// UnmarshalJSON accepts YYYY-MM-DD, and RFC 3339 with any number of fractional digits. An empty
// string and null mean that there is no date. A time without a zone is an error.
func (d *dateTime) UnmarshalJSON(raw []byte) error {
	var text string
	if err := jsonv2.Unmarshal(raw, &text); err != nil {
		return err
	}
	if text == "" {
		return nil
	}
	at, err := time.Parse(time.DateOnly, text)
	if err == nil {
		d.day = domain.DateOf(at)
	} else if at, err = time.Parse(time.RFC3339, text); err == nil {
		d.day, d.at = domain.DateOf(at), at.UTC().Truncate(time.Microsecond)
	}
	// The databases accept only the years 1 to 9999. The formats allow the year 0, and the
	// conversion to UTC can lead to the year 10000.
	if err != nil || at.Year() < 1 || at.UTC().Year() < 1 || at.UTC().Year() > 9999 {
		return malformed("date")
	}
	return nil
}

// localDateTime is a dateTime in the account holder's local time.
type localDateTime dateTime

// UnmarshalJSON accepts the same formats as dateTime, and also a time without a zone. It drops the time of day in two
// cases:
//
//   - The text contains no zone.
//   - The time is midnight in the holder's local time. The vendor writes midnight if it knows only the date.
func (d *localDateTime) UnmarshalJSON(raw []byte) error {
	var text string
	if err := jsonv2.Unmarshal(raw, &text); err != nil {
		return err
	}
	if at, err := time.Parse("2006-01-02T15:04:05", text); err == nil && at.Year() >= 1 {
		d.day = domain.DateOf(at)
		return nil
	}
	if err := (*dateTime)(d).UnmarshalJSON(raw); err != nil {
		return err
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil && at.Format(time.TimeOnly) == "00:00:00" {
		d.at = time.Time{}
	}
	return nil
}

// hasTime reports whether d has a time of day. Midnight UTC is treated as a missing time of day, because the vendor
// writes midnight UTC if it knows only the date.
func (d dateTime) hasTime() bool { return !d.at.Equal(d.at.Truncate(24 * time.Hour)) }
