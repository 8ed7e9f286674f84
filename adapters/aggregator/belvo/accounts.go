package belvo

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// maxAccountPages is the maximum number of pages of an account list. It ends the reading of a
// list whose next page never ends; no link has 10 000 accounts (10 pages of 1000).
const maxAccountPages = 10

// Accounts returns the link's accounts, sorted by external id. A list of more than
// maxAccountPages pages is an error (endless_cursor).
func (a *Adapter) Accounts(ctx context.Context, access ports.Access) ([]domain.AccountData, error) {
	ctx, cancel := a.http.WithTimeout(ctx)
	defer cancel()
	list := newPagedList(access, "accounts", nil)
	l := linkContext{link: access.AccountRef}
	byID := map[string]domain.AccountData{}
	for cursor, pages := "", 0; pages < maxAccountPages; pages++ {
		page, err := a.fetchPage(ctx, access, list, cursor)
		if err != nil {
			return nil, err
		}
		for _, raw := range page.rows {
			account, err := l.normalizeAccount(json.RawMessage(raw))
			if err != nil {
				return nil, err
			}
			byID[account.ExternalID] = account
		}
		if cursor = page.next; cursor == "" {
			return sortedAccounts(byID), nil
		}
	}
	return nil, &domain.Error{Kind: domain.Unavailable, Code: domain.EndlessCursor}
}

// sortedAccounts returns the accounts of byID, sorted by external id. The callers collect
// accounts in a map because the map removes duplicates. The vendor cuts pages by position: an
// account added between two requests makes the last account of the first page appear again on
// the second page.
func sortedAccounts(byID map[string]domain.AccountData) []domain.AccountData {
	accounts := make([]domain.AccountData, 0, len(byID))
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		accounts = append(accounts, byID[id])
	}
	return accounts
}

// accountJSON contains the members of an account that this package reads. Source:
// developers.belvo.com, Accounts.
type accountJSON struct {
	ID       string `json:"id"`
	Link     string `json:"link"`
	Category string `json:"category"`
	Name     string `json:"name"`
	Number   string `json:"number"`
	Currency string `json:"currency"`
	Balance  *struct {
		Current vendorhttp.NumberOrString `json:"current"`
	} `json:"balance"`
}

// normalizeAccount normalizes one account, which is an entry of the account list or is embedded
// in a transaction row. An account of another link is an error (malformed_response), because
// storing it would put one holder's data into another holder's ledger.
func (l linkContext) normalizeAccount(raw json.RawMessage) (domain.AccountData, error) {
	var a accountJSON
	if vendorhttp.Decode(raw, &a) != nil || !validID(a.ID) {
		return domain.AccountData{}, malformed("account")
	}
	if a.Link != "" && !strings.EqualFold(a.Link, l.link) {
		return domain.AccountData{}, malformed("account of another link")
	}
	balance, err := a.balance()
	return domain.AccountData{
		ExternalID: a.ID, Type: a.accountType(), Subtype: domain.CleanText(a.Category),
		Name: domain.CleanText(a.Name), Number: domain.CleanText(a.Number),
		Currency: a.Currency, Balance: balance, Metadata: raw,
	}, err
}

// accountType returns the account type for the vendor's category. It does not use the vendor's
// balance_type, because that would classify a loan as a card.
func (a accountJSON) accountType() domain.AccountType {
	switch a.Category {
	case "CHECKING_ACCOUNT", "SAVINGS_ACCOUNT":
		return domain.BankAccount
	case "CREDIT_CARD":
		return domain.CreditAccount
	}
	return domain.OtherAccount
}

// balance returns the current balance with the vendor's own sign: on a card it is the amount
// owed. It returns nil if the account has no currency or no current balance. An invalid
// currency is an error (malformed_response), because every row of the account would have an
// invalid currency too.
func (a accountJSON) balance() (*domain.Money, error) {
	if a.Currency == "" {
		return nil, nil
	}
	var current vendorhttp.NumberOrString
	if a.Balance != nil {
		current = a.Balance.Current
	}
	money, err := vendorhttp.ParseMoney(cmp.Or(string(current), "0"), a.Currency)
	switch {
	case err != nil:
		return nil, malformed("balance or currency of an account")
	case current == "":
		return nil, nil
	}
	return &money, nil
}
