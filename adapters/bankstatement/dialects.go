package bankstatement

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

// The layouts of dates.
const (
	dmy      = "02/01/2006"
	dmyShort = "02/01/06"
	mdy      = "01/02/2006"
	iso      = "2006-01-02"
)

// dialect describes the columns of a CSV file. A column is named by its title as normalTitle returns it. Several
// possible titles are separated by "|".
type dialect struct {
	name     string
	titles   []string // all of them are in the row of titles
	optional []string // may be there, too; only checked for a dialect with few titles

	date, value         string
	amount              string
	credit, debit, mark string
	text                []string
	balance             string
	ids                 []string
	stable              string // the one of ids that names a movement for ever
	account, currencyOf string
	status              string // only of a mapping

	layouts  []string // of dates
	decimal  byte     // the decimal separator; 0 if it varies
	currency string
	bank     string
	card     bool
	inverted bool // money out is positive
	daily    bool // balance is that of the day
	// pending states that the newest movements are pending as long as they have no balance, and the others have one.
	pending bool
	// doubtful states that balances of movements count only if most of them hold.
	doubtful bool
	// unsigned states that balance rows have no sign.
	unsigned bool
	// byEvidence states that all dates of a file decide which layout is meant.
	byEvidence bool
	// exact states that this service writes the form: each row is a movement, whatever its text is, and amounts have no
	// marks of thousands.
	exact     bool
	continued []string // beginnings of rows that continue the text of the row above
}

// dialects are the known files of banks. A file with other titles needs a mapping.
var dialects = []dialect{
	{
		name: "nubank-account", titles: []string{"DATA", "VALOR", "IDENTIFICADOR", "DESCRICAO"}, date: "DATA",
		amount: "VALOR", text: []string{"DESCRICAO"}, ids: []string{"IDENTIFICADOR"}, stable: "IDENTIFICADOR",
		layouts: []string{dmy}, decimal: '.', currency: "BRL", bank: "260",
	},
	{
		name: "nubank-card", titles: []string{"DATE", "TITLE", "AMOUNT"}, optional: []string{"CATEGORY"}, date: "DATE",
		amount: "AMOUNT", text: []string{"TITLE"}, layouts: []string{iso}, currency: "BRL", bank: "260", card: true,
		inverted: true,
	},
	{
		name: "itau", titles: []string{"DATA", "LANCAMENTO|LANCAMENTOS", "VALOR R|VALOR", "SALDO R|SALDOS R|SALDO"},
		optional: []string{"AG ORIGEM", "AG", "RAZAO SOCIAL", "CPF CNPJ"}, date: "DATA",
		amount: "VALOR R|VALOR", text: []string{"LANCAMENTO|LANCAMENTOS"}, balance: "SALDO R|SALDOS R|SALDO",
		layouts: []string{dmy}, decimal: ',', currency: "BRL", bank: "341", doubtful: true,
	},
	{
		name: "bb", titles: []string{"DATA", "LANCAMENTO", "DETALHES", "N DOCUMENTO|NUMERO DOCUMENTO", "VALOR",
			"TIPO LANCAMENTO"}, date: "DATA", amount: "VALOR", mark: "TIPO LANCAMENTO",
		text: []string{"LANCAMENTO", "DETALHES"}, ids: []string{"N DOCUMENTO|NUMERO DOCUMENTO"}, layouts: []string{dmy},
		decimal: ',', currency: "BRL", bank: "1", unsigned: true,
	},
	{
		name: "bb-2012", titles: []string{"DATA", "DEPENDENCIA ORIGEM", "HISTORICO", "DATA DO BALANCETE",
			"NUMERO DO DOCUMENTO", "VALOR"}, date: "DATA", value: "DATA DO BALANCETE", amount: "VALOR",
		text: []string{"HISTORICO"}, ids: []string{"NUMERO DO DOCUMENTO"}, layouts: []string{mdy, dmy},
		byEvidence: true,
		currency:   "BRL", bank: "1",
	},
	{
		name: "caixa", titles: []string{"CONTA", "DATA MOV", "NR DOC", "HISTORICO", "VALOR", "DEB CRED"},
		date:   "DATA MOV",
		amount: "VALOR", mark: "DEB CRED", text: []string{"HISTORICO"}, ids: []string{"NR DOC"}, account: "CONTA",
		layouts: []string{"20060102", dmy}, currency: "BRL", bank: "104",
	},
	{
		name: "bradesco", titles: []string{"DATA", "HISTORICO|LANCAMENTO", "DOCTO|DCTO", "CREDITO R|CREDITO",
			"DEBITO R|DEBITO"}, date: "DATA", credit: "CREDITO R|CREDITO", debit: "DEBITO R|DEBITO",
		text: []string{"HISTORICO|LANCAMENTO"}, ids: []string{"DOCTO|DCTO"}, balance: "SALDO R|SALDO",
		layouts: []string{dmyShort, dmy}, decimal: ',', currency: "BRL", bank: "237", continued: []string{"REM:",
			"DES:"},
	},
	{
		name: "inter", titles: []string{"DATA LANCAMENTO", "DESCRICAO", "VALOR", "SALDO"},
		optional: []string{"HISTORICO"},
		date:     "DATA LANCAMENTO", amount: "VALOR", text: []string{"HISTORICO", "DESCRICAO"}, balance: "SALDO",
		layouts: []string{dmy}, decimal: ',', currency: "BRL", bank: "77",
	},
	{
		name: "c6", titles: []string{"DATA LANCAMENTO", "DATA CONTABIL", "TITULO", "DESCRICAO", "ENTRADA R", "SAIDA R",
			"SALDO DO DIA R"}, date: "DATA LANCAMENTO", value: "DATA CONTABIL", credit: "ENTRADA R", debit: "SAIDA R",
		text: []string{"TITULO", "DESCRICAO"}, balance: "SALDO DO DIA R", layouts: []string{dmy}, currency: "BRL",
		bank: "336", daily: true,
	},
	{
		name: "mercado-pago", titles: []string{"RELEASE DATE", "TRANSACTION TYPE", "REFERENCE ID",
			"TRANSACTION NET AMOUNT", "PARTIAL BALANCE"}, date: "RELEASE DATE", amount: "TRANSACTION NET AMOUNT",
		text: []string{"TRANSACTION TYPE"}, balance: "PARTIAL BALANCE", ids: []string{"REFERENCE ID"},
		stable: "REFERENCE ID", layouts: []string{"02-01-2006"}, bank: "323",
	},
	{
		name: "pagbank", titles: []string{"CODIGO DA TRANSACAO", "DATA", "TIPO", "DESCRICAO", "VALOR"}, date: "DATA",
		amount: "VALOR", text: []string{"TIPO", "DESCRICAO"}, ids: []string{"CODIGO DA TRANSACAO"},
		stable: "CODIGO DA TRANSACAO", layouts: []string{dmy}, decimal: ',', currency: "BRL", bank: "290",
	},
	{
		name: "sicredi", titles: []string{"DATA", "DESCRICAO", "DOCUMENTO", "VALOR R|VALOR", "SALDO R|SALDO"},
		date: "DATA", amount: "VALOR R|VALOR", text: []string{"DESCRICAO"}, balance: "SALDO R|SALDO",
		ids: []string{"DOCUMENTO"}, layouts: []string{dmy}, decimal: ',', currency: "BRL", bank: "748", doubtful: true,
	},
	{
		name: "cora", titles: []string{"DATA", "TRANSACAO", "TIPO TRANSACAO", "IDENTIFICACAO", "VALOR"}, date: "DATA",
		amount: "VALOR", mark: "TIPO TRANSACAO", text: []string{"TRANSACAO", "IDENTIFICACAO"}, layouts: []string{dmy},
		currency: "BRL", bank: "403",
	},
	{
		name: "efi", titles: []string{"TIPO", "PROTOCOLO", "DATA", "VALOR"}, optional: []string{"SALDO"}, date: "DATA",
		amount: "VALOR", text: []string{"TIPO"}, balance: "SALDO", ids: []string{"PROTOCOLO"}, layouts: []string{dmy},
		decimal: ',', currency: "BRL", bank: "364",
	},
	{
		name: "xp", titles: []string{"DATA", "HORA", "DESCRICAO", "VALOR", "SALDO"}, date: "DATA", amount: "VALOR",
		text: []string{"DESCRICAO"}, balance: "SALDO", layouts: []string{dmyShort, dmy}, decimal: ',', currency: "BRL",
		bank: "348",
	},
	{
		name: "banorte", titles: []string{"CUENTA", "FECHA DE OPERACION", "DEPOSITOS", "RETIROS", "SALDO",
			"MOVIMIENTO"},
		date: "FECHA DE OPERACION", value: "FECHA", credit: "DEPOSITOS", debit: "RETIROS",
		text: []string{"DESCRIPCION", "DESCRIPCION DETALLADA"}, balance: "SALDO", ids: []string{"REFERENCIA"},
		account: "CUENTA", layouts: []string{dmy}, decimal: '.', currency: "MXN", bank: "072",
	},
	{
		name: "santander-mx", titles: []string{"CUENTA", "FECHA", "DESCRIPCION", "+/-|CARGO ABONO", "IMPORTE", "SALDO"},
		date: "FECHA", amount: "IMPORTE", mark: "+/-|CARGO ABONO", text: []string{"DESCRIPCION", "CONCEPTO"},
		balance: "SALDO", ids: []string{"REFERENCIA", "CLAVE DE RASTREO"}, stable: "CLAVE DE RASTREO",
		account: "CUENTA",
		layouts: []string{"02012006", dmy}, decimal: '.', currency: "MXN", bank: "014",
	},
	{
		name: "bbva-mx", titles: []string{"FECHA|DIA", "DESCRIPCION|CONCEPTO REFERENCIA", "CARGO", "ABONO", "SALDO"},
		date: "FECHA|DIA", credit: "ABONO", debit: "CARGO", text: []string{"DESCRIPCION|CONCEPTO REFERENCIA"},
		balance: "SALDO", layouts: []string{dmy}, decimal: '.', currency: "MXN", bank: "012",
	},
	{
		name: "chase", titles: []string{"DETAILS", "POSTING DATE", "DESCRIPTION", "AMOUNT", "TYPE", "BALANCE"},
		date: "POSTING DATE", amount: "AMOUNT", text: []string{"DESCRIPTION"}, balance: "BALANCE",
		ids: []string{"CHECK OR SLIP"}, layouts: []string{mdy}, decimal: '.', currency: "USD", pending: true,
	},
	{
		name: "chase-card", titles: []string{"TRANSACTION DATE", "POST DATE", "DESCRIPTION", "CATEGORY", "TYPE",
			"AMOUNT"},
		date: "POST DATE", value: "TRANSACTION DATE", amount: "AMOUNT", text: []string{"DESCRIPTION"},
		layouts: []string{mdy}, decimal: '.', currency: "USD", card: true,
	},
	{
		name: "bofa", titles: []string{"DATE", "DESCRIPTION", "AMOUNT", "RUNNING BAL"}, date: "DATE", amount: "AMOUNT",
		text: []string{"DESCRIPTION"}, balance: "RUNNING BAL", layouts: []string{mdy}, decimal: '.', currency: "USD",
	},
	{
		name: "capital-one", titles: []string{"TRANSACTION DATE", "POSTED DATE", "DESCRIPTION", "CATEGORY", "DEBIT",
			"CREDIT"}, date: "POSTED DATE", value: "TRANSACTION DATE", credit: "CREDIT", debit: "DEBIT",
		text: []string{"DESCRIPTION"}, layouts: []string{iso, mdy}, decimal: '.', currency: "USD", card: true,
	},
	{
		name: "discover", titles: []string{"TRANS DATE", "POST DATE", "DESCRIPTION", "AMOUNT", "CATEGORY"},
		date: "POST DATE", value: "TRANS DATE", amount: "AMOUNT", text: []string{"DESCRIPTION"}, layouts: []string{mdy},
		decimal: '.', currency: "USD", card: true, inverted: true,
	},
	{ // this service writes it
		name: "records", titles: []string{"ID", "DATE", "AMOUNT", "CURRENCY", "DESCRIPTION", "COUNTERPARTY",
			"EXTERNALID",
			"ENDTOENDID"}, date: "DATE", amount: "AMOUNT", text: []string{"DESCRIPTION"}, currencyOf: "CURRENCY",
		ids: []string{"ID", "EXTERNALID", "ENDTOENDID"}, stable: "ENDTOENDID", layouts: []string{iso}, decimal: '.',
		exact: true,
	},
	{ // the same for spreadsheets in Brazil
		name: "records-pt-br", titles: []string{"ID", "DATA", "VALOR", "MOEDA", "DESCRICAO", "CONTRAPARTE",
			"ID NO AGREGADOR",
			"ENDTOENDID"}, date: "DATA", amount: "VALOR", text: []string{"DESCRICAO"}, currencyOf: "MOEDA",
		ids: []string{"ID", "ID NO AGREGADOR", "ENDTOENDID"}, stable: "ENDTOENDID", layouts: []string{dmy},
		decimal: ',', exact: true,
	},
}

// minTitles is the number of titles from which on a dialect allows columns that it does not name.
const minTitles = 5

// mappingName is the name of the dialect that a caller has described.
const mappingName = "mapping"

// dialectOfMapping returns the dialect that a caller has described.
func dialectOfMapping(m witness.CSVMapping) dialect {
	layout, _ := witness.DateLayout(m.DateFormat)
	d := dialect{
		name: mappingName, date: normalTitle(m.Date), amount: normalTitle(m.Amount), credit: normalTitle(m.Credit),
		debit: normalTitle(m.Debit), balance: normalTitle(m.Balance), layouts: []string{layout}, inverted: m.Inverted,
	}
	if m.Decimal != "" {
		d.decimal = m.Decimal[0]
	}
	for _, title := range m.Description {
		d.text = append(d.text, normalTitle(title))
	}
	if m.ID != "" {
		d.ids = []string{normalTitle(m.ID)}
	}
	titles := slices.Concat([]string{d.date, d.amount, d.credit, d.debit, d.balance}, d.text, d.ids)
	for _, title := range titles {
		if title != "" {
			d.titles = append(d.titles, title)
		}
	}
	return d
}

var ordinals = strings.NewReplacer("º", "", "ª", "")

// normalTitle returns a title in capital letters, without accents, punctuation and units. A title that consists of
// punctuation stays as it is.
func normalTitle(title string) string {
	title = strings.TrimSpace(ordinals.Replace(title))
	words := strings.FieldsFunc(domain.FoldText(title), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	if len(words) == 0 {
		return title
	}
	return strings.Join(words, " ")
}

// isTitle reports whether normalTitle returns the title for a cell. For most other cells it costs nothing.
func isTitle(cell, title string) bool {
	if cell == "" {
		return false
	}
	at := strings.IndexFunc(cell, func(r rune) bool {
		return r >= utf8.RuneSelf || unicode.IsLetter(r) || unicode.IsDigit(r)
	})
	if at >= 0 && cell[at] < utf8.RuneSelf && !strings.EqualFold(cell[at:at+1], title[:min(len(title), 1)]) {
		return false
	}
	return normalTitle(cell) == title && title != ""
}

// columns are the indexes of the columns by their normal titles.
type columns map[string]int

// of returns the index of the first title of a list that is there; -1 if there is none.
func (c columns) of(titles string) int {
	for title := range strings.SplitSeq(titles, "|") {
		if i, found := c[title]; found && title != "" {
			return i
		}
	}
	return -1
}

// maxTitles is the maximum number of cells in a row of titles.
const maxTitles = 100

// titlesOf returns the columns by their titles, and the titles that occur more than once. It returns nil if the row is
// none of titles: it begins with a date, or has too many cells.
func titlesOf(cells []string) (c columns, repeated map[string]bool) {
	if len(cells) < 2 || len(cells) > maxTitles || startsWithDate(cells[0]) {
		return nil, nil
	}
	c, repeated = columns{}, map[string]bool{}
	for i, cell := range cells {
		if len(cell) > maxTitles {
			return nil, nil
		}
		if title := normalTitle(cell); title != "" {
			_, known := c[title]
			repeated[title] = repeated[title] || known
			c[title] = i
		}
	}
	return c, repeated
}

// matches reports whether a row of titles is that of the dialect. Each required title occurs once.
func (d *dialect) matches(c columns, repeated map[string]bool) bool {
	if c == nil {
		return false
	}
	known := map[string]bool{}
	for _, title := range d.titles {
		if c.of(title) < 0 {
			return false
		}
		for option := range strings.SplitSeq(title, "|") {
			if repeated[option] {
				return false
			}
			known[option] = true
		}
	}
	for _, title := range d.optional {
		known[title] = true
	}
	for title := range c {
		if len(d.titles) < minTitles && !known[title] && d.name != mappingName {
			return false
		}
	}
	return true
}
