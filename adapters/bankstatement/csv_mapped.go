package bankstatement

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

// The titles of columns that a mapping does not name, and that decide whether a row is a booked movement of the
// account.
const (
	statusTitles   = "STATUS|SITUACAO|ESTADO"
	currencyTitles = "MOEDA|CURRENCY|MONEDA"
	accountTitles  = "CONTA|ACCOUNT|CUENTA|NUMERO DA CONTA|ACCOUNT NUMBER"
)

// pendingStatus contains the states of movements that are not booked.
var pendingStatus = map[string]bool{
	"PENDENTE": true, "PENDING": true, "PENDIENTE": true, "AGENDADO": true, "AGENDADA": true, "SCHEDULED": true,
	"PROGRAMADO": true, "PROGRAMADA": true, "PROCESSANDO": true, "EM PROCESSAMENTO": true, "PROCESSING": true,
}

// accountCell matches a number of an account, and not the code of an item in a chart of accounts.
var accountCell = regexp.MustCompile(`^[0-9][0-9 ]*([./][0-9 ]+)?[0-9 ]*(-[0-9Xx])?$`)

// minAccountDigits is the minimum number of digits of a number of an account.
const minAccountDigits = 4

// readMappedOwners finds the columns of status, currency and account in a file with a mapping. Rows of several accounts
// or currencies are those of several statements. One value for all rows is that of the statement. A column with other
// values than currencies, or numbers of accounts, is none of these.
func (r *csvReader) readMappedOwners(lines []textLine) {
	var cols columns
	account, currency := "", "" // of the first row that states them
	areAccounts, areCurrencies := true, true
	for _, l := range lines {
		cells := r.cellsOf(l)
		if cols == nil {
			if titles, repeated := titlesOf(cells); r.d.matches(titles, repeated) {
				cols = titles
				r.d.status, r.d.currencyOf = r.unnamed(cols, statusTitles), r.unnamed(cols, currencyTitles)
				r.d.account = r.unnamed(cols, accountTitles)
				if r.d.currencyOf == "" && r.d.account == "" {
					return
				}
			}
			continue
		}
		if at := cols.of(r.d.date); at >= len(cells) || !startsWithDate(cells[at]) {
			continue
		}
		if at := cols.of(r.d.account); at >= 0 && at < len(cells) && cells[at] != "" && areAccounts {
			areAccounts = accountCell.MatchString(cells[at]) && len(accountDigits(cells[at])) >= minAccountDigits
			account = cmp.Or(account, cells[at])
		}
		if at := cols.of(r.d.currencyOf); at >= 0 && at < len(cells) && cells[at] != "" && areCurrencies {
			code := currencyCode(cells[at])
			areCurrencies = len(code) == 3 && isLetters(code)
			currency = cmp.Or(currency, code)
		}
	}
	if areAccounts && account != "" {
		r.mapped.Number = account
	} else {
		r.d.account = ""
	}
	if areCurrencies && currency != "" {
		r.d.currency = currency
	} else {
		r.d.currencyOf = ""
	}
}

// unnamed returns the title of a list that the file has and the mapping does not name; "" if there is none.
func (r *csvReader) unnamed(cols columns, titles string) string {
	for title := range strings.SplitSeq(titles, "|") {
		if _, found := cols[title]; found && !slices.Contains(r.d.titles, title) {
			return title
		}
	}
	return ""
}

func isLetters(text string) bool {
	return !strings.ContainsFunc(text, func(c rune) bool { return c < 'A' || c > 'Z' })
}

// currencyCode returns the code of a currency in capital letters.
func currencyCode(text string) string {
	switch text = strings.ToUpper(strings.TrimSpace(text)); text {
	case "R$", "REAL", "REAIS":
		return "BRL"
	case "US$", "DÓLAR", "DOLAR":
		return "USD"
	}
	return text
}

// owner returns the account and the currency of a row. Rows of a file with a mapping that state none, such as those of
// balances, belong to the table above them.
func (r *csvReader) owner(cells []string) (account witness.Account, currency string) {
	account.Number = r.cell(cells, r.d.account)
	currency = currencyCode(r.cell(cells, r.d.currencyOf))
	if r.d.name != mappingName {
		return account, currency
	}
	if r.current != nil && account.Number == "" {
		account.Number = r.current.account.Number
	}
	if r.current != nil && currency == "" {
		currency = r.current.currency
	}
	if account.Number == "" {
		account = r.mapped
	}
	return account, currency
}

// isPending reports whether the status of a row is that of a movement that is not booked.
func (r *csvReader) isPending(cells []string) bool {
	return r.d.status != "" && pendingStatus[normalTitle(r.cell(cells, r.d.status))]
}
