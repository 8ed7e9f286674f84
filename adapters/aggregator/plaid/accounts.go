package plaid

import (
	"context"
	"encoding/json"
	"strings"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/ports"
)

var (
	_ ports.BalanceReader     = (*Adapter)(nil)
	_ ports.AccountIdentifier = (*Adapter)(nil)
)

// Accounts returns the Item's accounts, sorted by external id. The balances are from the vendor's last update. A
// request to the institution would cost money and take up to 30 seconds. The vendor does not return closed accounts.
func (a *Adapter) Accounts(ctx context.Context, access ports.Access) ([]domain.AccountData, error) {
	body, err := a.send(ctx, access, newCall(access, "/accounts/get", budgetAccounts), nil)
	if err != nil {
		return nil, err
	}
	return readAccounts(body, access.AccountRef)
}

// readAccounts decodes the account list of an Item. Errors: malformed_response; account_not_found if the list belongs
// to another Item.
func readAccounts(body []byte, itemID string) ([]domain.AccountData, error) {
	var got struct {
		Accounts []json.RawMessage `json:"accounts"`
		Item     struct {
			ID string `json:"item_id"`
		} `json:"item"`
	}
	if err := vendorhttp.Decode(body, &got); err != nil {
		return nil, err
	}
	if got.Accounts == nil || got.Item.ID == "" {
		return nil, malformed("list of accounts")
	}
	if got.Item.ID != itemID {
		return nil, &domain.Error{Kind: domain.Rejected, Code: domain.AccountNotFound}
	}
	accounts := make([]domain.AccountData, 0, len(got.Accounts))
	for _, raw := range got.Accounts {
		account, err := readAccount(raw)
		if err != nil {
			return nil, err
		}
		accounts = append(accounts, account)
	}
	return vendorhttp.SortAccounts(accounts), nil
}

// accountJSON contains the members of an account that this package reads. Source: plaid.com/docs, accounts.
type accountJSON struct {
	ID       string `json:"account_id"`
	Name     string `json:"name"`
	Official string `json:"official_name"`
	Mask     string `json:"mask"`
	Type     string `json:"type"`
	Subtype  string `json:"subtype"`
	Balances struct {
		Current  vendorhttp.Number `json:"current"`
		Currency string            `json:"iso_currency_code"`
	} `json:"balances"`
}

// accountReasons maps a member of an account to the reason why the account is unreadable if the member has the wrong
// JSON type.
var accountReasons = map[string]domain.Code{
	"account_id": domain.InvalidID, "name": domain.InvalidText, "official_name": domain.InvalidText,
	"mask": domain.InvalidText, "type": domain.UnknownType, "subtype": domain.InvalidText,
	"balances": domain.InvalidAmount,
}

// readAccount normalises an account. If the account cannot be normalised exactly, the result is marked as unreadable.
// It then has only its metadata, and its id if that can be read. Errors: malformed_response for an account that is not
// JSON.
func readAccount(raw json.RawMessage) (domain.AccountData, error) {
	account, err := normalizeAccount(raw)
	reason := domain.UnreadableReason(err)
	if err == nil || reason == "" {
		return account, err
	}
	account = domain.AccountData{Metadata: raw, Unreadable: reason}
	if id := vendorhttp.StringMembers(raw, "account_id")["account_id"]; validID(id) {
		account.ExternalID = id
	}
	return account, nil
}

// normalizeAccount normalises an account. An account whose currency is not in ISO 4217, such as a crypto wallet, has no
// currency and no balance. Errors: an error created by domain.UnreadableRow, or malformed_response for an account that
// is not JSON.
func normalizeAccount(raw json.RawMessage) (domain.AccountData, error) {
	var a accountJSON
	if err := vendorhttp.DecodeRow(raw, &a, accountReasons); err != nil {
		return domain.AccountData{}, err
	}
	if !validID(a.ID) {
		return domain.AccountData{}, domain.UnreadableRow(domain.InvalidID)
	}
	account := domain.AccountData{
		ExternalID: a.ID, Type: accountType(a.Type), Subtype: domain.CleanText(a.Subtype),
		Name: domain.CleanText(a.Name), Number: domain.CleanText(a.Mask), Currency: a.Balances.Currency, Metadata: raw,
	}
	if account.Currency == "" {
		return account, nil
	}
	amount := string(a.Balances.Current)
	if amount == "" {
		amount = "0" // only the currency is checked
	}
	balance, err := vendorhttp.ParseMoney(amount, account.Currency)
	if err != nil {
		return domain.AccountData{}, err
	}
	if a.Balances.Current != "" {
		account.Balance = &balance
	}
	return account, nil
}

// accountType returns the account type for the vendor's type.
func accountType(vendorType string) domain.AccountType {
	switch vendorType {
	case "depository":
		return domain.BankAccount
	case "credit":
		return domain.CreditAccount
	}
	return domain.OtherAccount
}

// Balance implements ports.BalanceReader. On a card, the vendor reports the amount owed, so Balance negates it. Other
// accounts, such as loans and investments, have no balance, because their rows do not explain it.
func (*Adapter) Balance(account domain.AccountData) books.VendorBalance {
	return books.BalanceWithDebtOnCards(account)
}

// AccountIdentity implements ports.AccountIdentifier. For three institutions, the vendor reports an account id that
// is the same in all Items. The mask (the last digits of the account number) is not unique, and it may change.
func (*Adapter) AccountIdentity(account domain.AccountData) domain.AccountIdentity {
	in := vendorhttp.DecodeObject[struct {
		ID   vendorhttp.Text `json:"persistent_account_id"`
		Mask vendorhttp.Text `json:"mask"`
	}](jsontext.Value(account.Metadata))
	identity := domain.NewAccountIdentity("", "", "", "", in.ID.Clean())
	identity.Mask, identity.Institution = in.Mask.Clean(), account.Institution
	return identity
}

// validID reports whether s can be an id in the ledger: not empty, without control characters, and at most
// domain.MaxEventID bytes long. The vendor's ids are never longer.
func validID(s string) bool {
	return s != "" && len(s) <= domain.MaxEventID && !strings.ContainsFunc(s, unicode.IsControl)
}
