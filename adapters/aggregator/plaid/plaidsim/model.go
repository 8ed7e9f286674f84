package plaidsim

import (
	"encoding/json"
	"errors"
	"slices"
	"time"
)

// ErrNotFound is returned if a method was called with an unknown id. The method changed nothing.
var ErrNotFound = errors.New("plaidsim: unknown id")

// Item is one login at one institution.
type Item struct {
	ID          string
	AccessToken string
	Institution string // "" means "First Platypus Bank"
	Webhook     string // the address to which events are sent; "" if there is none
	// Error is the code of the Item's error, such as ITEM_LOGIN_REQUIRED; "" if the Item is healthy.
	Error string
	// ConsentExpiresAt is when the consent expires; zero if this is not known.
	ConsentExpiresAt time.Time
	// History is the value of transactions_update_status; "" means HISTORICAL_UPDATE_COMPLETE.
	History string
	// NotReady is the number of requests to /transactions/sync that will return no data and the status NOT_READY. It
	// decreases with each such request.
	NotReady int
	// RateLimited is the number of requests about the Item that will be answered with 429. A negative number means
	// all requests.
	RateLimited int
	// NoRefresh makes the Item refuse /transactions/refresh, as for clients without this product.
	NoRefresh bool
}

// Account is an account of an Item. It has the same members as the vendor's object.
type Account struct {
	ID           string   `json:"account_id"`
	Balances     Balances `json:"balances"`
	Mask         string   `json:"mask"`
	Name         string   `json:"name"`
	OfficialName *string  `json:"official_name"`
	Type         string   `json:"type"`
	Subtype      string   `json:"subtype"`
	PersistentID string   `json:"persistent_account_id,omitempty"`
}

// Balances contains the balances of an account. A nil member is null.
type Balances struct {
	Available  *json.Number `json:"available"`
	Current    *json.Number `json:"current"`
	Limit      *json.Number `json:"limit"`
	Currency   *string      `json:"iso_currency_code"`
	Unofficial *string      `json:"unofficial_currency_code"`
}

// Transaction is a row of an account. It has the same members as the vendor's object. A nil member is null.
type Transaction struct {
	ID           string      `json:"transaction_id"`
	Account      string      `json:"account_id"`
	Amount       json.Number `json:"amount"` // positive if money moves out
	Currency     *string     `json:"iso_currency_code"`
	Unofficial   *string     `json:"unofficial_currency_code"`
	Date         string      `json:"date"` // YYYY-MM-DD
	DateTime     *string     `json:"datetime"`
	Authorized   *string     `json:"authorized_date"`
	AuthorizedAt *string     `json:"authorized_datetime"`
	Name         string      `json:"name"`
	Merchant     *string     `json:"merchant_name"`
	Original     *string     `json:"original_description"`
	Pending      bool        `json:"pending"`
	PendingID    *string     `json:"pending_transaction_id"`
	Channel      string      `json:"payment_channel"`
	Category     *Category   `json:"personal_finance_category"`
	Payment      Payment     `json:"payment_meta"`
	Cheque       *string     `json:"check_number"`
}

// Category is the vendor's classification of a row.
type Category struct {
	Primary  string `json:"primary"`
	Detailed string `json:"detailed"`
}

// Payment contains what the institution states about a payment.
type Payment struct {
	Payee     *string `json:"payee"`
	Payer     *string `json:"payer"`
	ByOrderOf *string `json:"by_order_of"`
	Reference *string `json:"reference_number"`
	Reason    *string `json:"reason"`
}

// item is an Item with its data.
type item struct {
	Item
	accounts []Account
	// liabilities is nil if the Item does not have the product.
	liabilities []CardLiability
	rows        map[string]Transaction
	changes     []change // in the order of their occurrence
	updated     time.Time
	code        string // the code of the last webhook; "" if there was none
	removed     bool
}

// change is one change to the rows of an Item. Its position in the stream is its index plus one.
type change struct {
	id      string
	account string
	// existed and exists report whether the row existed before and after the change.
	existed, exists bool
}

// put adds a row or changes it.
func (i *item) put(t Transaction, now time.Time) {
	_, existed := i.rows[t.ID]
	i.rows[t.ID] = t
	i.changes, i.updated = append(i.changes, change{t.ID, t.Account, existed, true}), now
}

// drop removes a row.
func (i *item) drop(id string, now time.Time) {
	row := i.rows[id]
	delete(i.rows, id)
	i.changes, i.updated = append(i.changes, change{id, row.Account, true, false}), now
}

// since combines the changes at the indexes from (included) to until (excluded). It returns one change for each row,
// ordered by the last change. A row that neither existed before these changes nor exists after them is omitted.
func (i *item) since(from, until int) []change {
	first, last := map[string]change{}, map[string]int{}
	for n := from; n < until; n++ {
		c := i.changes[n]
		if _, ok := first[c.id]; !ok {
			first[c.id] = c
		}
		last[c.id] = n
	}
	var all []change
	for n := from; n < until; n++ {
		c := i.changes[n]
		if last[c.id] != n {
			continue
		}
		c.existed = first[c.id].existed
		if c.existed || c.exists {
			all = append(all, c)
		}
	}
	return all
}

func (i *item) account(id string) (Account, bool) {
	at := slices.IndexFunc(i.accounts, func(a Account) bool { return a.ID == id })
	if at < 0 {
		return Account{}, false
	}
	return i.accounts[at], true
}
