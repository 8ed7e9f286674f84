package pluggy

import (
	"context"
	"encoding/json"
	"net/url"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// maxAccountPages is the maximum number of pages of an account list that are read. In practice, a list has only one
// page.
const maxAccountPages = 20

// accountPage is a response of GET /accounts.
type accountPage struct {
	Page       int  `json:"page"`
	TotalPages int  `json:"totalPages"`
	Total      *int `json:"total"`
	results    []jsontext.Value
}

// account contains the members of an account that the adapter needs.
// Source: the vendor's OpenAPI document, Account.
type account struct {
	ID       string            `json:"id"`
	Item     string            `json:"itemId"`
	Type     string            `json:"type"`
	Subtype  string            `json:"subtype"`
	Number   string            `json:"number"`
	Name     string            `json:"name"`
	Currency string            `json:"currencyCode"`
	Balance  vendorhttp.Number `json:"balance"`
}

// Accounts returns all accounts of the item, sorted by id: GET /accounts?itemId=. It reads
// all pages of the list; if it cannot read one of them, it returns an error. An account that cannot be
// normalised is returned as unreadable. See [vendorhttp.ReadAccounts] for lists that contradict themselves.
func (a *Adapter) Accounts(ctx context.Context, at ports.Access) ([]domain.AccountData, error) {
	ctx, cancel := a.http.WithTimeout(ctx)
	defer cancel()
	return vendorhttp.ReadAccounts(func() (vendorhttp.AccountList, error) { return a.accountList(ctx, at) })
}

// accountList reads all pages of the list of accounts once.
func (a *Adapter) accountList(ctx context.Context, at ports.Access) (all vendorhttp.AccountList, err error) {
	for page := 1; page <= maxAccountPages; page++ {
		got, err := a.accountPage(ctx, at, page)
		if err != nil {
			return all, err
		}
		accounts := make([]domain.AccountData, len(got.results))
		for i, raw := range got.results {
			if accounts[i], err = readAccount(raw, at.AccountRef); err != nil {
				return all, err
			}
		}
		if all.Add(accounts, got.Total); page >= got.TotalPages {
			return all, nil
		}
	}
	return all, malformed("more accounts than an item can have")
}

// accountPage returns one page of the list. For a later page, it returns an error if the page number in the response is
// wrong. Account lists with a second page have not been observed, so the vendor might ignore the page number.
func (a *Adapter) accountPage(ctx context.Context, at ports.Access, page int) (accountPage, error) {
	query := url.Values{"itemId": {at.AccountRef}}
	if page > 1 {
		query.Set("page", strconv.Itoa(page))
	}
	body, err := a.send(ctx, at, vendorhttp.Call{
		Vendor: itemAPI, Path: "/accounts", PathTemplate: "/accounts", Query: query.Encode(), Resource: "accounts",
	})
	if err != nil {
		return accountPage{}, err
	}
	var got accountPage
	if got.results, err = vendorhttp.DecodeList(body, "results", &got); err != nil {
		return accountPage{}, err
	}
	if got.results == nil || got.Page != page && page > 1 {
		return accountPage{}, malformed("a page of accounts other than the requested one")
	}
	return got, nil
}

// accountReasons maps a member of an account to the reason why the account is unreadable if the member
// has the wrong JSON type.
var accountReasons = map[string]domain.Code{
	"id": domain.InvalidID, "itemId": domain.AccountMismatch, "type": domain.UnknownType,
	"subtype": domain.UnknownType, "number": domain.InvalidText, "name": domain.InvalidText,
	"currencyCode": domain.InvalidCurrency, "balance": domain.InvalidAmount,
}

// readAccount returns an account of the item itemID. If the account cannot be normalised exactly, the result is marked
// as unreadable. It then has only the members that could be read. If the account belongs to another item or has an
// invalid id, the result has no external id. The rows of an account without external id are not read. Errors:
// malformed_response for an account that is not JSON.
func readAccount(raw jsontext.Value, itemID string) (domain.AccountData, error) {
	account, err := normalizeAccount(raw, itemID)
	reason := domain.UnreadableReason(err)
	if err == nil || reason == "" {
		return account, err
	}
	account = domain.AccountData{Metadata: json.RawMessage(raw), Unreadable: reason}
	known := vendorhttp.StringMembers(raw, "id", "itemId", "type", "currencyCode")
	if reason == domain.AccountMismatch || known["itemId"] != "" && known["itemId"] != itemID || !validID(known["id"]) {
		return account, nil
	}
	account.ExternalID = known["id"]
	if known["type"] != "" {
		account.Type = accountType(known["type"])
	}
	if _, err := domain.ParseMoney("0", known["currencyCode"]); err == nil {
		account.Currency = known["currencyCode"]
	}
	return account, nil
}

// accountType returns the account type for the vendor's type.
func accountType(vendorType string) domain.AccountType {
	switch vendorType {
	case "BANK":
		return domain.BankAccount
	case "CREDIT":
		return domain.CreditAccount
	}
	return domain.OtherAccount
}

// normalizeAccount converts an account of the item itemID. The balance keeps the vendor's sign: on a card, an amount
// that is owed is positive. A balance without a currency is ignored. A currency that is not an ISO 4217 code has two
// possible results:
//
//   - An account with a balance is unreadable.
//   - An account without a balance has an unknown currency.
func normalizeAccount(raw jsontext.Value, itemID string) (domain.AccountData, error) {
	var in account
	if err := vendorhttp.DecodeRow(raw, &in, accountReasons); err != nil {
		return domain.AccountData{}, err
	}
	switch {
	case in.Item != "" && in.Item != itemID:
		return domain.AccountData{}, domain.UnreadableRow(domain.AccountMismatch)
	case !validID(in.ID):
		return domain.AccountData{}, domain.UnreadableRow(domain.InvalidID)
	}
	out := domain.AccountData{
		ExternalID: in.ID, Type: accountType(in.Type), Subtype: domain.CleanText(in.Subtype),
		Name: domain.CleanText(in.Name), Number: domain.CleanText(in.Number),
		Currency: in.Currency, Metadata: json.RawMessage(raw),
	}
	if in.Balance == "" {
		if _, err := vendorhttp.ParseMoney("0", in.Currency); err != nil {
			out.Currency = ""
		}
		return out, nil
	}
	if in.Currency == "" {
		return out, nil
	}
	balance, err := vendorhttp.ParseMoney(string(in.Balance), in.Currency)
	if err != nil {
		return domain.AccountData{}, err
	}
	out.Balance = &balance
	return out, nil
}

// validID reports whether an id can be stored and sent: it is printable ASCII, without a space
// and without a comma (which separates ids in a list), and at most domain.MaxEventID bytes long.
func validID(id string) bool {
	if id == "" || len(id) > domain.MaxEventID {
		return false
	}
	for i := range len(id) {
		if id[i] <= ' ' || id[i] >= 0x7f || id[i] == ',' {
			return false
		}
	}
	return true
}
