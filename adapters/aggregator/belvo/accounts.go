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

// maxAccountPages ends a list that never does: 10 000 accounts are no one's.
const maxAccountPages = 10

// Accounts reads the link's accounts, sorted by external id.
func (a *Adapter) Accounts(ctx context.Context, at ports.Access) ([]domain.AccountData, error) {
	ctx, cancel := a.http.WithTimeout(ctx)
	defer cancel()
	list := listOf(at, "accounts", nil)
	s := scope{link: at.AccountRef}
	found := map[string]domain.AccountData{}
	for cursor, pages := "", 0; pages < maxAccountPages; pages++ {
		page, err := a.page(ctx, at, list, cursor)
		if err != nil {
			return nil, err
		}
		for _, raw := range page.rows {
			view, err := s.account(json.RawMessage(raw))
			if err != nil {
				return nil, err
			}
			found[view.ExternalID] = view
		}
		if cursor = page.next; cursor == "" {
			return sorted(found), nil
		}
	}
	return nil, &domain.Error{Kind: domain.Unavailable, Code: domain.EndlessCursor}
}

// sorted lists accounts by external id. Pages are cut by position: an account added
// between two of them shows the last one twice.
func sorted(found map[string]domain.AccountData) []domain.AccountData {
	views := make([]domain.AccountData, 0, len(found))
	for _, id := range slices.Sorted(maps.Keys(found)) {
		views = append(views, found[id])
	}
	return views
}

// account holds the members that are normalised. Source: developers.belvo.com, Accounts.
type account struct {
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

// account normalises one account, as a list or a row shows it. An account of another
// link is malformed: it would put one holder's data into another's ledger.
func (s scope) account(raw json.RawMessage) (domain.AccountData, error) {
	var a account
	if vendorhttp.Decode(raw, &a) != nil || !identifier(a.ID) {
		return domain.AccountData{}, malformed("account")
	}
	if a.Link != "" && !strings.EqualFold(a.Link, s.link) {
		return domain.AccountData{}, malformed("account of another link")
	}
	balance, err := a.balance()
	return domain.AccountData{
		ExternalID: a.ID, Type: a.kind(), Subtype: domain.CleanText(a.Category),
		Name: domain.CleanText(a.Name), Number: domain.CleanText(a.Number),
		Currency: a.Currency, Balance: balance, Metadata: raw,
	}, err
}

// kind goes by category; balance_type would call a loan a card.
func (a account) kind() domain.AccountType {
	switch a.Category {
	case "CHECKING_ACCOUNT", "SAVINGS_ACCOUNT":
		return domain.BankAccount
	case "CREDIT_CARD":
		return domain.CreditAccount
	}
	return domain.OtherAccount
}

// balance keeps the vendor's own sign: on a card it is what is owed. It is unknown
// without a currency; a currency that is none is malformed, as every row in it would be.
func (a account) balance() (*domain.Money, error) {
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
