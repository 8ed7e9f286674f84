package vendorhttp

import (
	"strings"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
)

// BalanceText returns the balance in a member of a row, a number or a string, as a decimal without trailing zeros. It
// returns "" if the member is no amount.
func BalanceText(member []byte) string {
	amount, err := domain.ParseAmount(strings.Trim(string(member), `"`))
	if err != nil {
		return ""
	}
	return amount.String()
}

// RunningBalance returns the balance that a stored row states in its member "balance", a number or a string, and the
// position of the row in its day, the whole number in the member with the name order. If order is "" or there is no
// such number, the position is 0. If the row is not an object, or states no valid balance, the result is zero.
func RunningBalance(row []byte, order string) books.RunningBalance {
	var balance, position string
	var valid bool
	for m := range Members(row, &valid) {
		switch {
		case m.isNamed("balance"):
			balance = strings.Trim(string(m.Value), `"`)
		case order != "" && m.isNamed(order):
			position = string(m.Value)
		}
	}
	amount, err := domain.ParseAmount(balance)
	if err != nil || !valid {
		return books.RunningBalance{}
	}
	return books.RunningBalance{Order: WholeNumber(position), Balance: &amount}
}
