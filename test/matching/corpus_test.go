// Package matching_test measures the precision and the recall of matching.Match on generated rows for which the
// correct matches are known.
//
// Each seed generates a corpus of several accounts. An account has changes of several kinds within 60 days. One call of
// Match gets all changes of an account, so that changes of one kind can disturb the matching of another kind.
package matching_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
)

// change is one change at the vendor: the vendor removes the old rows and creates the new rows.
//
//   - In a positive change, a new row describes the same movement of money as an old row.
//   - In a negative change, no new row describes the same movement as an old row.
//
// Rows of one movement have the same movement number. Movements that nobody can distinguish also share a number.
type change struct {
	kind             string
	sharesText       bool // a new row has the amount and the text of an old row
	lostKey          bool // the institution key of a movement changed or is missing
	oldRows, newRows []labelled
}

// labelled is a row together with the number of its movement.
type labelled struct {
	banktext.Row
	movement int
}

// generator builds the changes of one account. The same seed builds the same changes.
type generator struct {
	*rand.Rand
	account   domain.AccountID
	rows      int // number of rows built so far; part of their external ids
	movements int
}

func newGenerator(seed, account uint64) *generator {
	random := rand.New(rand.NewPCG(seed, account))
	id := uuid.UUID{6: 0x70, 8: 0x80, 15: 1}
	return &generator{Rand: random, account: domain.AccountID{UUID: id}}
}

func (g *generator) chance(percent int) bool { return g.IntN(100) < percent }

func pick[T any](g *generator, values ...T) T { return values[g.IntN(len(values))] }

// digits returns n random digits. The first digit is not zero.
func (g *generator) digits(n int) string {
	text := fmt.Sprint(1 + g.IntN(9))
	for len(text) < n {
		text += fmt.Sprint(g.IntN(10))
	}
	return text
}

func (g *generator) newMovement() int {
	g.movements++
	return g.movements
}

// price returns a random negative amount. One in five amounts is a common price, which many purchases have.
func (g *generator) price() string {
	if g.chance(20) {
		return pick(g, "-9.90", "-14.90", "-19.90", "-29.90", "-39.90", "-50", "-100", "-200", "-4.40", "-35")
	}
	return fmt.Sprintf("-%d.%02d", 3+g.IntN(600), g.IntN(100))
}

func money(amount, currency string) domain.Money {
	m, err := domain.ParseMoney(amount, currency)
	if err != nil {
		panic(err)
	}
	return m
}

// Merchants as Brazilian and Mexican statements print them: in upper case and truncated.
var (
	merchants = []string{
		"PADARIA SANTA RITA", "SUPERMERCADO BOM PRECO", "POSTO IPIRANGA CENTRO", "DROGARIA SAO PAULO",
		"FARMACIA POPULAR", "RESTAURANTE SABOR DA TERRA", "LIVRARIA CULTURA", "ACOUGUE BOI GORDO",
		"PET SHOP AMIGO FIEL", "LOJAS CEM CENTRO", "MAGAZINE LUIZA", "CASAS BAHIA", "RENNER SHOPPING NORTE",
		"UBER *TRIP", "UBER *EATS", "99APP VIAGEM", "IFOOD SAO PAULO", "ESTACIONAMENTO CENTRAL", "CINEMARK BRASIL",
		"AUTO ESCOLA MODELO", "OTICA VISAO", "HOTEL BEIRA MAR", "PAPELARIA ESTUDANTE", "SACOLAO DO BAIRRO",
		"OXXO INSURGENTES", "WALMART TOLUCA", "SORIANA HIPER", "FARMACIAS GUADALAJARA", "LIVERPOOL POLANCO",
		"GASOLINERIA PEMEX 4471", "TAQUERIA EL CALIFA", "SANBORNS CAFE", "CHEDRAUI SELECTO", "COPPEL CENTRO",
		"BODEGA AURRERA", "SEVEN ELEVEN REFORMA", "DECATHLON", "PANIFICADORA NOVA ERA", "MERCADO LIVRE",
		"BAR DO PORTO", "CAFE COLONIAL", "LAVANDERIA EXPRESSA",
	}
	subscriptions = []string{
		"NETFLIX.COM", "SPOTIFY BRASIL", "GOOGLE *YOUTUBE PREMIUM", "AMAZON PRIME BR", "ACADEMIA SMART FIT",
		"APPLE.COM/BILL", "CLARO NET SERVICOS", "VIVO FIBRA MENSAL",
	}
	foreign = []string{
		"STEAM GAMES",
		"BOOKING HOTEL AMSTERDAM",
		"OPENAI CHATGPT",
		"AIRBNB HMX",
		"ALIEXPRESS",
		"ZOOM US",
	}
	acquirers  = []string{"PAG*", "MERCADOPAGO*", "MP *", "IFD*", "EC *", "PAYPAL *", "SUMUP *", "CLIP MX*", "EBANX*"}
	firstNames = []string{"MARIA", "JOSE", "ANA", "JOAO", "ANTONIO", "FRANCISCA", "GUADALUPE", "JUAN"}
)

// noise returns a number for the end of a description, such as a document number. A bank prints a different number each
// time it books the same movement.
func (g *generator) noise() string {
	switch g.IntN(7) {
	case 0:
		return " NSU " + g.digits(6)
	case 1:
		return " AUT " + g.digits(6)
	case 2:
		return " DOC " + g.digits(7)
	case 3:
		return " " + g.digits(9)
	case 4:
		return " FOLIO: " + g.digits(5)
	case 5:
		return " CARTAO FINAL " + g.digits(4)
	}
	return ""
}

// oddNoise is like noise, but its result has a form that no matching rule recognises.
func (g *generator) oddNoise() string {
	letter := func() string { return string(rune('A' + g.IntN(26))) }
	return pick(g, " LOTE "+g.digits(2)+"-"+g.digits(1), " ID "+g.digits(3), " @"+letter()+letter()+letter(),
		" OP/"+letter()+letter()+letter(), " S-"+g.digits(3))
}

// row creates a posted row that the vendor returns from the given day on. The service reads the vendor once a day.
func (g *generator) row(movement, day int, amount, text string) labelled {
	g.rows++
	return labelled{banktext.Row{
		ExternalID: fmt.Sprintf("%08x-%d", g.Uint32(), g.rows), Account: g.account, Amount: money(amount, "BRL"),
		Status: domain.Posted, Date: date(day), Description: text,
	}, movement}
}

// firstDay is day 0 of a corpus.
var firstDay = time.Date(2026, 3, 1, 6, 0, 0, 0, time.UTC)

func date(day int) domain.Date { return domain.DateOf(firstDay.AddDate(0, 0, day)) }

// removedOn returns r as an old row that the vendor removes on the given day. The service reads the row for the first
// time on the day shownFrom, and for the last time one day before the removal.
func removedOn(r labelled, shownFrom, day int) labelled {
	r.FirstRead, r.LastRead = uint64(shownFrom+100), uint64(day+99)
	r.LearnedAt = firstDay.AddDate(0, 0, day)
	return r
}

// comes returns a copy of r as a new row. The service first reads the new row on the given day.
func comes(r labelled, day int) labelled {
	r.FirstRead, r.LastRead = uint64(day+100), uint64(day+200)
	r.LearnedAt = firstDay.AddDate(0, 0, day)
	return r
}

// replaced returns a change in which the vendor replaces oldRow with newRow. The service usually learns of the removal
// and of the new row on the same day. Sometimes the service learns of one or both up to three days later.
func (g *generator) replaced(kind string, oldRow, newRow labelled, day int) change {
	leave := day + 1 + g.IntN(6)
	come := leave
	if g.chance(15) {
		come += g.IntN(4) // delay the day on which the service learns of the new row
	}
	oldRow = removedOn(oldRow, day, leave)
	if g.chance(15) {
		oldRow.LearnedAt = oldRow.LearnedAt.AddDate(0, 0, g.IntN(4)) // the service learns of the removal later
	}
	return change{kind: kind, oldRows: []labelled{oldRow}, newRows: []labelled{comes(newRow, come)}}
}

// keyed returns a copy of r with a random transaction key. An institution uses a transaction key to identify a
// transaction.
func (g *generator) keyed(r labelled) labelled {
	r.Keys.Transaction = g.digits(16)
	return r
}

// recased returns the text as another system may print it: unchanged, in lower case, with double spaces or with
// accents.
func (g *generator) recased(text string) string {
	switch g.IntN(4) {
	case 0:
		return strings.ToLower(text)
	case 1:
		return strings.ReplaceAll(text, " ", "  ")
	case 2:
		return strings.ReplaceAll(strings.ReplaceAll(text, "CAO", "ÇÃO"), "SAO", "São")
	}
	return text
}
