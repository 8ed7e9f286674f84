package pluggysim

import (
	"fmt"
	"net/http"
	"slices"
)

// Bill is a closed bill of a card. A nil list is sent as an empty one.
type Bill struct {
	ID        string    `json:"id"`
	AccountID string    `json:"accountId"`
	Due       Text      `json:"dueDate"`
	Closing   Text      `json:"billClosingDate"`
	Total     Number    `json:"totalAmount"`
	Currency  string    `json:"totalAmountCurrencyCode"`
	Minimum   Number    `json:"minimumPaymentAmount"`
	Charges   []Charge  `json:"financeCharges"`
	Payments  []Payment `json:"payments"`
	CreatedAt Time      `json:"createdAt"`
	UpdatedAt Time      `json:"updatedAt"`
}

// Charge is a finance charge of a bill.
type Charge struct {
	ID       string `json:"id"`
	Type     string `json:"type"`
	Amount   Number `json:"amount"`
	Currency string `json:"currencyCode"`
	Info     Text   `json:"additionalInfo"`
}

// Payment is a payment that the vendor lists with a bill.
type Payment struct {
	ID       string `json:"id"`
	Kind     string `json:"valueType"`
	Date     Text   `json:"paymentDate"`
	Mode     Text   `json:"paymentMode"`
	Amount   Number `json:"amount"`
	Currency string `json:"currencyCode"`
}

// billsOf contains the bills of a card.
type billsOf struct {
	bills  []Bill
	denied bool
}

// SetBills replaces the bills of a card. Errors: ErrNotFound for an unknown account.
func (s *Simulator) SetBills(account string, bills ...Bill) error {
	return s.changeBills(account, func(b *billsOf) {
		for i := range bills {
			bills[i].AccountID = account
			setDefault(&bills[i].Currency, "BRL")
			s.fillIn(&bills[i].ID, &bills[i].CreatedAt, &bills[i].UpdatedAt)
		}
		b.bills = bills
	})
}

// DenyBills sets whether the vendor denies the list of the bills of a card, as without the permission of the account
// holder. Errors: ErrNotFound for an unknown account.
func (s *Simulator) DenyBills(account string, denied bool) error {
	return s.changeBills(account, func(b *billsOf) { b.denied = denied })
}

func (s *Simulator) changeBills(account string, change func(*billsOf)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.store.accounts[account] == nil {
		return fmt.Errorf("account: %w", ErrNotFound)
	}
	b := s.store.bills[account]
	change(&b)
	s.store.bills[account] = b
	return nil
}

// listBills serves the bills of a card, the newest first.
func (s *Simulator) listBills(w http.ResponseWriter, r *http.Request, client string) {
	account := r.URL.Query().Get("accountId")
	s.mu.Lock()
	found := s.store.accounts[account]
	visible := false
	if found != nil {
		_, visible = s.store.visibleItem(found.ItemID, client)
	}
	bills := s.store.bills[account]
	list := slices.Clone(bills.bills)
	s.mu.Unlock()
	switch {
	case !visible:
		writeError(w, http.StatusNotFound, "ACCOUNT_NOT_FOUND", "There is no such account")
	case found.Type != "CREDIT":
		writeError(w, http.StatusBadRequest, "INVALID_ACCOUNT_TYPE", "Only a card has bills")
	case bills.denied:
		writeError(w, http.StatusForbidden, "CREDIT_CARD_BILLS_NOT_ALLOWED", "The consent does not include bills")
	default:
		for i := range list {
			if list[i].Charges == nil {
				list[i].Charges = []Charge{}
			}
			if list[i].Payments == nil {
				list[i].Payments = []Payment{}
			}
		}
		writeJSON(w, http.StatusOK, onePage(list))
	}
}
