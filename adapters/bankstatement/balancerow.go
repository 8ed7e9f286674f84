package bankstatement

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

// balanceTexts are the texts of rows that look like movements and are balances. The whole text must be one of them:
// "RESGATE SALDO APLIC" is a movement.
var balanceTexts = map[string]witness.Role{
	"SALDO ANTERIOR":                witness.Opening,
	"SALDO INICIAL":                 witness.Opening,
	"SALDO DE ABERTURA":             witness.Opening,
	"SALDO DIA":                     witness.DayEnd,
	"SALDO DO DIA":                  witness.DayEnd,
	"SALDO TOTAL DISPONIVEL DIA":    witness.DayEnd,
	"SALDO TOTAL DISPONIVEL DO DIA": witness.DayEnd,
	"SALDO FINAL":                   witness.DayEnd,
	"SALDO FINAL DO DIA":            witness.DayEnd,
	"SALDO DE FECHAMENTO":           witness.DayEnd,
	"S A L D O":                     witness.DayEnd,
	"SALDO":                         witness.DayEnd,
	"SALDO DIARIO":                  witness.DayEnd,
	"SALDO EM CONTA":                witness.DayEnd,
	"SALDO EM CONTA CORRENTE":       witness.DayEnd,
	"SALDO EM C/C":                  witness.DayEnd,
	"SALDO ATUAL":                   witness.Ledger,
}

// informativeTexts are the texts of rows with balances that are not those of the booked movements: they lack blocked
// money, or include limits or investments. Again the whole text must be one of them.
var informativeTexts = map[string]bool{
	"SALDO BLOQUEADO": true, "SALDO DISPONIVEL": true, "SALDO FINAL DISPONIVEL": true,
	"SALDO DISPONIVEL PARA SAQUE": true, "SDO CTA/APL AUTOMATICAS": true, "SALDO APLIC AUT MAIS": true,
}

// informativeBalance is the reason why such a row is apart.
const informativeBalance = "informative: not the balance of the booked movements"

// isInformative reports whether the texts are those of a balance that proves nothing.
func isInformative(texts ...string) bool {
	found := false
	for _, text := range texts {
		if len(text) > maxBalanceText || text != "" && text[0] > ' ' && text[0] != 'S' && text[0] != 's' {
			return false
		}
		text = normalText(text)
		_, known := balanceTexts[text]
		if text != "" && !known && !informativeTexts[text] {
			return false
		}
		found = found || informativeTexts[text]
	}
	return found
}

// namesBalance matches the beginning of the text of a balance. It decides only about rows without an amount.
var namesBalance = regexp.MustCompile(`^(SALDOS?|SDO|BALANCE|BAL)\b`)

// finalBalances are the texts of the balance at the end of a file.
var finalBalances = map[string]bool{"SALDO FINAL": true, "SALDO DE FECHAMENTO": true, "S A L D O": true}

// englishBalance matches the texts of balance rows of banks in the United States, which contain a date.
var englishBalance = regexp.MustCompile(`^(BEGINNING|ENDING) BALANCE( AS OF [0-9/]+)?$`)

// normalText returns a text in capital letters, without accents and repeated spaces.
func normalText(text string) string { return oneSpaced(domain.FoldText(text)) }

// oneSpaced returns a text with one space between its words, and none around it.
func oneSpaced(text string) string {
	before := byte(' ')
	for i := range len(text) {
		c := text[i]
		if c >= utf8.RuneSelf || c < ' ' || c == ' ' && before == ' ' {
			return strings.Join(strings.Fields(text), " ")
		}
		before = c
	}
	return strings.TrimSuffix(text, " ")
}

// maxBalanceText is the maximum length of the text of a balance row.
const maxBalanceText = 500

// balanceRole returns the role of a balance row. ok is false if the texts are those of a movement. All texts that are
// not empty must be texts of balances.
func balanceRole(texts ...string) (role witness.Role, limit, ok bool) {
	for _, text := range texts {
		if len(text) > maxBalanceText || text != "" && text[0] > ' ' && text[0] < utf8.RuneSelf &&
			strings.IndexByte("SsBbEe", text[0]) < 0 {
			return "", false, false // it is too long, or begins like none of them
		}
		if text = normalText(text); text == "" {
			continue
		}
		found, known := balanceTexts[text]
		if m := englishBalance.FindStringSubmatch(text); m != nil {
			known, found = true, witness.DayEnd
			if m[1] == "BEGINNING" {
				found = witness.Opening
			}
		}
		if !known {
			return "", false, false
		}
		if !ok {
			role, ok = found, true
		}
		limit = limit || strings.Contains(text, "DISPONIVEL")
	}
	return role, limit, ok
}
