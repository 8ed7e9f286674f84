package pluggy

import (
	"cmp"
	"encoding/json"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
)

// Balance implements ports.BalanceReader. The result depends on the type of the account:
//
//   - For a bank account, the result is bankData.closingBalance. If that amount cannot be read, the result is
//     account.Balance, an amount without blocked money.
//   - For a card, no balance is usable. Banks send the amount of the open invoice, or the used limit with the
//     instalments to come.
//   - For any other account, balances are not supported.
func (a *Adapter) Balance(account domain.AccountData) books.VendorBalance {
	switch account.Type {
	case domain.BankAccount:
	case domain.CreditAccount:
		return books.VendorBalance{Missing: books.BasisInvoice}
	default:
		return books.VendorBalance{Missing: books.BasisUnsupported}
	}
	var in struct {
		BankData *struct {
			ClosingBalance json.Number `json:"closingBalance"`
		} `json:"bankData"`
	}
	if err := json.Unmarshal(account.Metadata, &in); err == nil && in.BankData != nil {
		closing, err := vendorhttp.ParseMoney(string(in.BankData.ClosingBalance), account.Currency)
		if err == nil {
			return withParts(books.VendorBalance{Amount: closing.Amount, Currency: closing.Currency}, account)
		}
	}
	if account.Balance == nil {
		return books.VendorBalance{Missing: books.BasisNoBalance}
	}
	balance := books.VendorBalance{Amount: account.Balance.Amount, Currency: account.Balance.Currency}
	return withParts(balance, account)
}

// CardLimit implements ports.CardLimitReader. The balance is the used limit if it equals creditLimit minus
// availableCreditLimit, or the used amount of the line that the bank states as the total. Other cards share this line
// if its consolidation is CONSOLIDADO. Source: the vendor's OpenAPI document, CreditData.
func (a *Adapter) CardLimit(account domain.AccountData) domain.CardLimit {
	var in struct {
		CreditData struct {
			Limit     json.RawMessage `json:"creditLimit"`
			Available json.RawMessage `json:"availableCreditLimit"`
			Lines     json.RawMessage `json:"disaggregatedCreditLimits"`
		} `json:"creditData"`
	}
	var lines []struct {
		Kind          string          `json:"creditLineLimitType"`
		Consolidation string          `json:"consolidationType"`
		Used          json.RawMessage `json:"usedAmount"`
	}
	var limit domain.CardLimit
	if account.Type != domain.CreditAccount || json.Unmarshal(account.Metadata, &in) != nil {
		return limit
	}
	isBalance := func(used string) bool {
		amount, err := domain.ParseAmount(used)
		return err == nil && account.Balance != nil && amount.Equal(account.Balance.Amount)
	}
	total, err := domain.ParseAmount(string(in.CreditData.Limit))
	if available, failed := domain.ParseAmount(string(in.CreditData.Available)); err == nil && failed == nil {
		limit.Used = isBalance(total.Sub(available).String())
	}
	_ = json.Unmarshal(in.CreditData.Lines, &lines) // leaves a list of another form empty
	for _, line := range lines {
		if line.Kind != "LIMITE_CREDITO_TOTAL" {
			continue
		}
		limit.Shared = limit.Shared || line.Consolidation == "CONSOLIDADO"
		limit.Used = limit.Used || isBalance(string(line.Used))
	}
	return limit
}

// withParts adds bankData.automaticallyInvestedBalance and the amounts of bankData.reservedBalances to the parts of the
// balance. It leaves out an amount that cannot be read, or that has another currency.
func withParts(balance books.VendorBalance, account domain.AccountData) books.VendorBalance {
	var in struct {
		BankData struct {
			Invested json.RawMessage `json:"automaticallyInvestedBalance"`
			Reserved json.RawMessage `json:"reservedBalances"`
		} `json:"bankData"`
	}
	var reserved []struct {
		Amount   json.RawMessage `json:"amount"`
		Balance  json.RawMessage `json:"balance"`
		Currency string          `json:"currencyCode"`
	}
	if json.Unmarshal(account.Metadata, &in) != nil {
		return balance
	}
	_ = json.Unmarshal(in.BankData.Reserved, &reserved) // leaves a list of another form empty
	add := func(amount, currency string) {
		part, err := vendorhttp.ParseMoney(amount, currency)
		if err == nil && currency == account.Currency {
			balance.Parts = balance.Parts.Add(part.Amount)
		}
	}
	add(string(in.BankData.Invested), account.Currency)
	for _, r := range reserved {
		add(cmp.Or(string(r.Amount), string(r.Balance)), cmp.Or(r.Currency, account.Currency))
	}
	return balance
}

// RunningBalance implements ports.RunningBalanceReader. If the row has no balance that can be read, the result contains
// no balance.
func (a *Adapter) RunningBalance(metadata json.RawMessage) books.RunningBalance {
	return vendorhttp.RunningBalance(metadata, "order")
}

// CreatedAt implements ports.CreationReader. If the row has no creation time that can be read, the
// result is the zero time.
func (a *Adapter) CreatedAt(metadata json.RawMessage) time.Time {
	var in struct {
		CreatedAt string `json:"createdAt"`
	}
	if err := json.Unmarshal(metadata, &in); err != nil {
		return time.Time{}
	}
	at, _ := parseTime(in.CreatedAt)
	return at
}

// UpdatedAt implements ports.UpdateReader. If the row has no time that can be read, the result is the zero time.
func (a *Adapter) UpdatedAt(metadata json.RawMessage) time.Time {
	var in struct {
		UpdatedAt string `json:"updatedAt"`
	}
	if err := json.Unmarshal(metadata, &in); err != nil {
		return time.Time{}
	}
	at, _ := parseTime(in.UpdatedAt)
	return at
}
