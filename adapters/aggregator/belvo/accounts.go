package belvo

import (
	"cmp"
	"context"
	"encoding/json"
	"strings"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// maxAccountPages is the maximum number of pages of an account list. It prevents an endless read if every page names
// a next page. In practice, no link has 10 000 accounts (10 pages of 1000).
const maxAccountPages = 10

// Accounts returns the link's accounts, sorted by external id. The vendor divides the list into pages by position. If
// an account is added between two requests, another account can be on two pages; the list is then read again (see
// [vendorhttp.ReadAccounts]). A list of more than maxAccountPages pages is an error (endless_cursor).
func (a *Adapter) Accounts(ctx context.Context, access ports.Access) ([]domain.AccountData, error) {
	ctx, cancel := a.http.WithTimeout(ctx)
	defer cancel()
	return vendorhttp.ReadAccounts(func() (vendorhttp.AccountList, error) { return a.accountList(ctx, access) })
}

// accountList reads all pages of the list of accounts once.
func (a *Adapter) accountList(ctx context.Context, access ports.Access) (all vendorhttp.AccountList, err error) {
	list := newPagedList(access, "accounts", nil)
	l := linkContext{link: access.AccountRef}
	for cursor, pages := "", 0; pages < maxAccountPages; pages++ {
		page, err := a.fetchPage(ctx, access, list, cursor)
		if err != nil {
			return all, err
		}
		accounts := make([]domain.AccountData, len(page.rows))
		for i, raw := range page.rows {
			if accounts[i], err = l.readAccount(json.RawMessage(raw)); err != nil {
				return all, err
			}
		}
		all.Add(accounts, page.total)
		if cursor = page.next; cursor == "" {
			return all, nil
		}
	}
	return all, &domain.Error{Kind: domain.Unavailable, Code: domain.EndlessCursor}
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

// normalizeAccount normalizes an entry of the account list, or the account in a transaction row.
//
// An account of another link is an error, because its data would enter the ledger of the wrong account holder.
//
// Errors: an error created by domain.UnreadableRow, or malformed_response for an account that is not JSON.
func (l linkContext) normalizeAccount(raw json.RawMessage) (domain.AccountData, error) {
	var a accountJSON
	if err := vendorhttp.DecodeRow(raw, &a, accountReasons); err != nil {
		return domain.AccountData{}, err
	}
	switch {
	case a.Link != "" && !strings.EqualFold(a.Link, l.link):
		return domain.AccountData{}, domain.UnreadableRow(domain.AccountMismatch)
	case !validID(a.ID):
		return domain.AccountData{}, domain.UnreadableRow(domain.InvalidID)
	}
	balance, err := a.balance()
	return domain.AccountData{
		ExternalID: a.ID, Type: accountType(a.Category), Subtype: domain.CleanText(a.Category),
		Name: domain.CleanText(a.Name), Number: domain.CleanText(a.Number),
		Currency: a.Currency, Balance: balance, Metadata: raw,
	}, err
}

// accountReasons maps a member of an account to the reason why the account is unreadable if the member
// has the wrong JSON type.
var accountReasons = map[string]domain.Code{
	"id": domain.InvalidID, "link": domain.AccountMismatch, "category": domain.UnknownType,
	"name": domain.InvalidText, "number": domain.InvalidText, "currency": domain.InvalidCurrency,
	"balance": domain.InvalidAmount,
}

// readAccount normalises an account. If the account cannot be normalised exactly, the result is marked as unreadable.
// It then has only the members that could be read. If the account belongs to another link or has an invalid id, the
// result has only its metadata. Errors: malformed_response for an account that is not JSON.
func (l linkContext) readAccount(raw json.RawMessage) (domain.AccountData, error) {
	account, err := l.normalizeAccount(raw)
	reason := domain.UnreadableReason(err)
	if err == nil || reason == "" {
		return account, err
	}
	account = domain.AccountData{Metadata: raw, Unreadable: reason}
	known := vendorhttp.StringMembers(raw, "id", "link", "category", "currency")
	foreign := known["link"] != "" && !strings.EqualFold(known["link"], l.link)
	if reason == domain.AccountMismatch || foreign || !validID(known["id"]) {
		return account, nil
	}
	account.ExternalID = known["id"]
	if known["category"] != "" {
		account.Type = accountType(known["category"])
	}
	if _, err := domain.ParseMoney("0", known["currency"]); err == nil {
		account.Currency = known["currency"]
	}
	return account, nil
}

// accountType returns the account type for the vendor's category. It does not use the vendor's
// balance_type, because that would classify a loan as a card.
func accountType(category string) domain.AccountType {
	switch category {
	case "CHECKING_ACCOUNT", "SAVINGS_ACCOUNT":
		return domain.BankAccount
	case "CREDIT_CARD":
		return domain.CreditAccount
	}
	return domain.OtherAccount
}

// balance returns the current balance with the vendor's sign: on a card, the amount owed is positive. It returns nil
// if the account has no currency or no current balance. Its errors are created by domain.UnreadableRow. An invalid
// currency is an error even if there is no balance.
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
		return nil, err
	case current == "":
		return nil, nil
	}
	return &money, nil
}
