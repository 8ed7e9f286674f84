package banktext

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
	"visa": "visa", "mc": "mastercard", "master": "mastercard", "mastercard": "mastercard", "mast": "mastercard",
	"maestro":      "mastercard",
	"interacflash": "interac", "visadebit": "visa debit",
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
	Loan: {
		"seg": "insurance", "seguro": "insurance", "prestamista": "insurance", "insurance": "insurance",
		"ins": "insurance", "mortgage": "mortgage", "mtg": "mortgage",
	},
	Payout: {"antecipacao": "advance", "antecip": "advance", "antec": "advance", "anticipo": "advance"},
}

// generalPayouts are the words of payouts that name neither a payer nor a card scheme.
var generalPayouts = wordSet(
	"vendas venda recebivel recebiveis liberacao antecipacao repasse ganancias ventas release settlement liberacion " +
		"liberada dinero pedido")

// IsGeneralPayout reports whether a row is a payout that names neither a payer nor a number.
func (e *Evidence) IsGeneralPayout() bool {
	if e.Operation != Payout {
		return false
	}
	named := slices.Concat(e.Party, e.Documents, e.Accounts, e.PixKeys, e.Numbers, e.References)
	return len(named) == 0 && !slices.ContainsFunc(e.Words, func(word string) bool {
		return !generalPayouts[word]
	})
}

// PayerWords returns the words of a payout that say neither that it is one nor what was sold.
func (e *Evidence) PayerWords() []string {
	return slices.DeleteFunc(slices.Clone(e.Words), func(word string) bool {
		return generalPayouts[word] || schemeWords[word] != "" || productWords[word] != ""
	})
}

// hasProduct reports whether the text of such an operation can name a product: debit card sales or credit card sales.
// This is the case for payouts, fees, and taxes on other movements.
func hasProduct(operation Operation) bool {
	return operation == Payout || operation == Fee || operation == Levy
}

// sharingWords map words to a kind of movement that shares a number with movements of other kinds: the contract of a
// loan with its insurance and its interest, an invoice with the money that is held for it. Sources: BD-11 (MORA CRED
// PESS, PARC CRED PESS), SI-07 (AMORTIZACAO CONTRATO), MP-05 (Dinheiro retido, Reembolso).
var sharingWords = map[string]string{
	"seg": "insurance", "seguro": "insurance", "seguros": "insurance", "prestamista": "insurance",
	"juros": "interest", "mora": "interest", "multa": "interest", "encargos": "interest", "intereses": "interest",
	"moratorios": "interest", "retido": "hold", "retida": "hold", "retencao": "hold", "retenido": "hold",
	"retencion": "hold", "bloqueio": "hold", "bloqueado": "hold", "bloq": "hold", "liberado": "release",
}
