package matching

// productWords map the words of payouts, and of their fees and taxes, to the product that was sold with a card. A
// terminal settles debit and credit sales apart, often with one amount. Sources: IT-15 (DB, CD), PB-01, Inbursa
// (LIQUIDACION ADQUIRENTE DEBITO; f39655716087), Banregio (ABONO VENTAS TDD_8996711; f47479552716), Sicoob (CR COMPRAS
// CRE OUTRAS BANDEIRAS-CIELO; f20809058345).
var productWords = map[string]string{
	"debito": "debit", "deb": "debit", "db": "debit", "tdd": "debit", "maestro": "debit", "electron": "debit",
	"credito": "credit", "cre": "credit", "cd": "credit", "tdc": "credit",
}

// schemeWords map the words for a card scheme. Sales, and purchases with two cards, of two schemes are two movements.
// Sources: IT-15 (REDE VISA, REDE MAST, REDE ELO), BD-13 (CARTAO VISA ELECTRON, CARTAO MASTERCARD DEBITO), Stone
// (Recebível de cartão VISA).
var schemeWords = map[string]string{
	"visa": "visa", "master": "mastercard", "mastercard": "mastercard", "mast": "mastercard", "maestro": "mastercard",
	"elo": "elo", "amex": "amex", "hiper": "hipercard", "hipercard": "hipercard",
}

// hasProduct reports whether a movement of the operation may be of a debit or of a credit product.
func hasProduct(operation Operation) bool {
	return operation == Payout || operation == Fee || operation == Levy
}

// compareProducts compares the card schemes of two rows, and the products of two payouts, fees or taxes. A text may
// name both products: CRED LOJ C DEBITO is the credit entry of debit sales. Two texts contradict each other only if
// they have no product in common.
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
}
