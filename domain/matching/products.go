package matching

import "slices"

// productWords map the words of payouts, and of their fees and taxes, to the product that was sold with a card. A
// terminal settles debit and credit sales separately, often with the same amount. Sources: IT-15 (DB, CD), PB-01,
// Inbursa (LIQUIDACION ADQUIRENTE DEBITO; f39655716087), Banregio (ABONO VENTAS TDD_8996711; f47479552716), Sicoob
// (CR COMPRAS CRE OUTRAS BANDEIRAS-CIELO; f20809058345).
var productWords = map[string]string{
	"debito": "debit", "deb": "debit", "db": "debit", "tdd": "debit", "maestro": "debit", "electron": "debit",
	"credito": "credit", "cre": "credit", "cd": "credit", "tdc": "credit",
}

// schemeWords map the words for a card scheme. Sales or purchases with different schemes are different movements.
// Sources: IT-15 (REDE VISA, REDE MAST, REDE ELO), BD-13 (CARTAO VISA ELECTRON, CARTAO MASTERCARD DEBITO), Stone
// (Recebível de cartão VISA).
var schemeWords = map[string]string{
	"visa": "visa", "master": "mastercard", "mastercard": "mastercard", "mast": "mastercard", "maestro": "mastercard",
	"elo": "elo", "amex": "amex", "hiper": "hipercard", "hipercard": "hipercard",
}

// kindWords contain words in the texts of payrolls and payouts. They map each word to what is paid, for example to a
// bonus or an advance. A row without such a word is an ordinary payment: the salary, or the sales of a day. Sources:
// BD-13 (FOLHA PAGTO), PB-01, Stone (Antecipação, Recebimento vendas).
var kindWords = map[Operation]map[string]string{
	Payroll: {
		"13": "thirteenth", "13o": "thirteenth", "13a": "thirteenth", "decimo": "thirteenth",
		"aguinaldo": "thirteenth", "ferias": "holidays", "vacaciones": "holidays", "rescisao": "end", "resc": "end",
		"finiquito": "end", "adiantamento": "advance", "adiant": "advance", "adto": "advance", "vale": "advance",
		"anticipo": "advance", "plr": "bonus", "ppr": "bonus", "bonus": "bonus", "bono": "bonus", "ptu": "bonus",
	},
	Loan:   {"seg": "insurance", "seguro": "insurance", "prestamista": "insurance"},
	Payout: {"antecipacao": "advance", "antecip": "advance", "antec": "advance", "anticipo": "advance"},
}

// generalPayouts are the words of payouts that name neither a payer nor a card scheme.
var generalPayouts = wordSet(
	"vendas venda recebivel recebiveis liberacao antecipacao repasse ganancias ventas")

// isGeneralPayout reports whether a row is a payout that names neither a payer nor a number.
func (e *Evidence) isGeneralPayout() bool {
	named := slices.Concat(e.party, e.documents, e.accounts, e.keys, e.numbers, e.references)
	return e.Operation == Payout && len(named) == 0 && !slices.ContainsFunc(e.words, func(word string) bool {
		return !generalPayouts[word]
	})
}

// hasProduct reports whether the text of such an operation can name a product: debit card sales or credit card sales.
// This is the case for payouts, fees, and taxes on other movements.
func hasProduct(operation Operation) bool {
	return operation == Payout || operation == Fee || operation == Levy
}

// compareProducts compares what the texts of two rows say about these:
//
//   - the card schemes
//   - the products, if both rows are payouts, fees, or taxes on other movements
//   - what is paid, if both rows are payrolls or payouts
//
// A text may name both products: CRED LOJ C DEBITO is the credit entry of debit sales. Two texts contradict each
// other only if they have no product in common.
func (c *comparison) compareProducts() {
	if r := compareSets(c.old.schemes, c.new.schemes); r == differ {
		c.finding("scheme", c.old.schemes, c.new.schemes, r)
	}
	if c.old.Operation != c.new.Operation {
		return
	}
	if r := compareSets(c.old.products, c.new.products); r == differ {
		c.finding("product", c.old.products, c.new.products, r)
	}
	switch x, y := c.old.paid, c.new.paid; {
	case compareSets(x, y) == differ:
		c.finding("paid", x, y, differ)
	case len(x)+len(y) > 0 && (len(x) == 0 || len(y) == 0):
		c.finding("paid", x, y, doubtful)
	}
}
