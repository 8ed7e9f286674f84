package pluggy

import (
	"cmp"
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// maxAccountPages bounds a list that in practice has one page.
const maxAccountPages = 20

// accountPage is the answer of GET /accounts.
type accountPage struct {
	Page       int              `json:"page"`
	TotalPages int              `json:"totalPages"`
	Results    []jsontext.Value `json:"results"`
}

// account is what is read of an account. Source: the vendor's OpenAPI document, Account.
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

// Accounts reads the item's accounts, by id: GET /accounts?itemId=. All pages or none.
func (a *Adapter) Accounts(ctx context.Context, at ports.Access) ([]domain.AccountData, error) {
	ctx, cancel := a.http.WithTimeout(ctx)
	defer cancel()
	var all []domain.AccountData
	for page := 1; page <= maxAccountPages; page++ {
		got, err := a.accountPage(ctx, at, page)
		if err != nil {
			return nil, err
		}
		for _, raw := range got.Results {
			view, err := normalizeAccount(raw, at.AccountRef)
			if err != nil {
				return nil, err
			}
			all = append(all, view)
		}
		if page >= got.TotalPages {
			return inOrder(all)
		}
	}
	return nil, malformed("more accounts than an item can have")
}

// accountPage reads one page. The vendor has no list that long yet: should it ignore the
// page's number, the answer's own number tells.
func (a *Adapter) accountPage(ctx context.Context, at ports.Access, page int) (accountPage, error) {
	query := url.Values{"itemId": {at.AccountRef}}
	if page > 1 {
		query.Set("page", strconv.Itoa(page))
	}
	var got accountPage
	err := a.get(ctx, at, vendorhttp.Call{
		Vendor: aboutItem, Path: "/accounts", PathTemplate: "/accounts", Query: query.Encode(), Resource: "accounts",
	}, &got)
	if err == nil && (got.Results == nil || got.Page != page && page > 1) {
		err = malformed("another page of accounts than asked for")
	}
	return got, err
}

// inOrder sorts by id, which never changes, so that a plan made again is the same one.
func inOrder(all []domain.AccountData) ([]domain.AccountData, error) {
	slices.SortFunc(all, func(x, y domain.AccountData) int { return cmp.Compare(x.ExternalID, y.ExternalID) })
	for i := 1; i < len(all); i++ {
		if all[i].ExternalID == all[i-1].ExternalID {
			return nil, malformed("an account that stands twice in its list")
		}
	}
	return all, nil
}

// normalizeAccount reads one account of the item. The balance is the vendor's figure:
// on a card, what is owed is positive. A balance without a currency is unknown.
func normalizeAccount(raw jsontext.Value, itemID string) (domain.AccountData, error) {
	var in account
	if err := vendorhttp.Decode(raw, &in); err != nil {
		return domain.AccountData{}, err
	}
	if !validID(in.ID) || in.Item != "" && in.Item != itemID {
		return domain.AccountData{}, malformed("an account of another item, or without an id")
	}
	view := domain.AccountData{
		ExternalID: in.ID, Type: domain.OtherAccount, Subtype: domain.CleanText(in.Subtype),
		Name: domain.CleanText(in.Name), Number: domain.CleanText(in.Number),
		Currency: in.Currency, Metadata: json.RawMessage(raw),
	}
	switch in.Type {
	case "BANK":
		view.Type = domain.BankAccount
	case "CREDIT":
		view.Type = domain.CreditAccount
	}
	if in.Balance == "" || in.Currency == "" {
		return view, nil
	}
	balance, err := vendorhttp.ParseMoney(string(in.Balance), in.Currency)
	if err != nil {
		return domain.AccountData{}, err
	}
	view.Balance = &balance
	return view, nil
}

// validID says whether an id can be stored and sent: printable ASCII without a comma
// (lists of ids are joined by it) and space, at most domain.MaxEventID bytes.
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
