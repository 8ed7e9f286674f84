package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

// The reasons why connections need a person.
const (
	login      = "login"      // the account holder must sign in again
	credential = "credential" // the vendor rejects the credential
	consent    = "consent"    // the consent ends soon
	unreadable = "unreadable" // a row cannot be read
	unread     = "unread"     // the bank was last read unreadDays ago
)

// unreadDays is how many days ago the vendor has read the bank of a connection with the reason unread.
const unreadDays = 5

// reasonOf returns the reason why connection n needs a person, or "". Of a hundred connections, four must sign in
// again, one has a wrong credential, the consent of two ends soon, one has an unreadable row, and the bank of one was
// last read days ago.
func reasonOf(n int) string {
	switch n % 100 {
	case 7, 29, 53, 81:
		return login
	case 61:
		return credential
	case 17, 71:
		return consent
	case 43:
		return unreadable
	case 37:
		return unread
	}
	return ""
}

// nameOf returns the name of connection n, such as "padaria-estrela-curitiba-0042".
func nameOf(n int) string {
	trade, saint, city := trades[n%len(trades)], names[n/len(trades)%len(names)], cities[n/7%len(cities)]
	return strings.ToLower(fmt.Sprintf("%s-%s-%s-%04d", trade, strings.Fields(saint)[0], city, n))
}

// connectorOf returns the bank of connection n.
func connectorOf(n int) json.RawMessage {
	bank := n / 3 % len(banks)
	return json.RawMessage(fmt.Sprintf(`{"id":%d,"name":%q}`, 200+bank, banks[bank]))
}

// largeOf is the interval between large connections. A large connection has fifty times as many records as the others.
const largeOf = 100

// weightOf returns the number of records of connection n, as a multiple of the usual number. It returns 0 for a
// connection with a wrong credential.
func weightOf(n int) int {
	switch {
	case reasonOf(n) == credential:
		return 0
	case n%largeOf == 0:
		return 50
	}
	return 1
}

// recordsByConnection returns the number of records of each connection. The numbers add up to records.
func recordsByConnection(connections, records int) []int {
	all := 0
	for n := range connections {
		all += weightOf(n)
	}
	rows := make([]int, connections)
	for n := range rows {
		rows[n] = records / all * weightOf(n)
	}
	rows[0] += records % all
	return rows
}

var (
	trades = []string{
		"padaria", "mercado", "farmacia", "oficina", "clinica", "escola", "hotel", "loja", "restaurante",
		"transportadora",
	}
	banks = []string{
		"Banco Aurora", "Banco do Planalto", "Caixa das Gerais", "Cooperativa Serrana", "Banco Atlântico",
		"Banco Meridional",
		"Conta Jangada", "Banco Ipê", "Crédito Paulista", "Banco Farol", "Banco Pampa", "Conta Araucária",
	}
	cities = []string{
		"curitiba", "recife", "santos", "manaus", "belem", "natal", "goiania", "campinas", "olinda", "niteroi",
		"londrina",
	}
	names = []string{
		"Ana Paula Souza", "João Batista Lima", "Márcia Conceição", "Carlos Alberto Nunes", "Beatriz Figueiredo",
		"Otávio Guimarães", "Luíza Fernandes", "Rafael Moreira", "Cecília Antunes", "Gustavo Peçanha",
		"Helena Vasconcelos", "Murilo Drummond", "Sônia Albuquerque", "Tomás Rezende", "Yara Quintanilha",
		"Estrela do Norte Ltda", "Gráfica Moderna SA", "Energia Elétrica do Sul", "Posto Três Irmãos", "Auto Peças Ipê",
	}
)

// kind describes one kind of row: the text, the category, whether the name of the other party follows the text, and the
// range of the amount in cents. A negative amount is money out.
type kind struct {
	text, category string
	named          bool
	from, to       int
}

var kinds = []kind{
	{"PIX RECEBIDO", "Transfer - PIX", true, 500, 250_000},
	{"PIX ENVIADO", "Transfer - PIX", true, -300, -180_000},
	{"COMPRA NO DEBITO", "Supplies", true, -450, -90_000},
	{"BOLETO PAGO", "Services", true, -4_000, -350_000},
	{"TED RECEBIDA", "Transfer - TED", true, 20_000, 900_000},
	{"TARIFA DE COBRANCA", "Bank fees", false, -150, -990},
	{"RENDIMENTO DE APLICACAO", "Interest", false, 1, 9_000},
}

// random generates the rows of one connection.
type random struct {
	*rand.Rand

	connection int
}

func newRandom(connection int) random {
	return random{rand.New(rand.NewPCG(27, uint64(connection))), connection}
}

// yearDays is how many days before now the oldest row is.
const yearDays = 330

// row returns row i of an account. The rows are spread over the last yearDays days.
func (r random) row(account string, now time.Time, i int) pluggysim.Transaction {
	k := kinds[r.IntN(len(kinds))]
	name := names[r.IntN(len(names))]
	cents := k.from + r.IntN(max(k.to-k.from, k.from-k.to))*sign(k.to-k.from)
	date := now.Add(-time.Duration(r.IntN(yearDays*24*60)) * time.Minute)
	text := k.text
	if k.named {
		text += " " + strings.ToUpper(name)
	}
	out := pluggysim.Transaction{
		AccountID: account, Description: text, DescriptionRaw: pluggysim.Text(text),
		Category: pluggysim.Text(k.category),
		Amount:   pluggysim.Number(fmt.Sprintf("%.2f", float64(cents)/100)), Type: "CREDIT", Status: "POSTED",
		Date: pluggysim.At(date), CreatedAt: pluggysim.At(date), UpdatedAt: pluggysim.At(date),
		ProviderID: pluggysim.Text(fmt.Sprintf("OF-%04d-%06d", r.connection, i)),
	}
	if cents < 0 {
		out.Type = "DEBIT"
	}
	if k.named {
		party, _ := json.Marshal(map[string]any{"name": name, "documentNumber": documentOf(name)})
		out.PaymentData = json.RawMessage(fmt.Sprintf(`{"payer":%s,"receiver":%s,"paymentMethod":"PIX"}`, party, party))
	}
	return out
}

// documentOf returns the tax number of a name, with its check digits.
func documentOf(name string) map[string]string {
	i := slices.Index(names, name)
	if strings.HasSuffix(name, " Ltda") || strings.HasSuffix(name, " SA") {
		digits := checked(fmt.Sprintf("11222%03d0001", 300+i), 9)
		return map[string]string{"type": "CNPJ", "value": digits}
	}
	return map[string]string{"type": "CPF", "value": checked(fmt.Sprintf("529982%03d", 200+i), 11)}
}

// checked appends the two check digits of a CPF or a CNPJ to its other digits. Weights rise from 2 at the right end,
// and begin again after the largest one.
func checked(digits string, largest int) string {
	for range 2 {
		sum := 0
		for i := range len(digits) {
			weight := 2 + (len(digits)-1-i)%(largest-1)
			sum += weight * int(digits[i]-'0')
		}
		digits += strconv.Itoa(sum * 10 % 11 % 10)
	}
	return digits
}

func sign(n int) int {
	if n < 0 {
		return -1
	}
	return 1
}
