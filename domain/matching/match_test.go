package matching_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
	"github.com/LerianStudio/aggregator-connections/domain/matching"
)

// rowsFrom parses a text with one row in each line. The id of a row consists of the prefix and the number of its
// line.
func rowsFrom(t testing.TB, prefix, text string) (rows []banktext.Row) {
	t.Helper()
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			row := parseRow(t, line)
			row.ExternalID = fmt.Sprintf("%s%d", prefix, len(rows)+1)
			rows = append(rows, row)
		}
	}
	return rows
}

func repeat(line string, n int) string { return strings.Repeat(line+"\n", n) }

// TestMatch matches several old rows with several new rows of one account. Each case states the expected pairs and
// the expected number of suggestions.
func TestMatch(t *testing.T) {
	const fee = "2026-11-10 P -9.8 BRL TARIFA TRANSF PGTO PIX 256"
	asMany := matching.Context{AsMany: true}
	const cafe = "2026-11-10 p -25.91 BRL FAST FOOD SOL"
	for name, test := range map[string]struct {
		left, came  string
		context     matching.Context
		pairs       string // old and new ids
		suggestions int
	}{
		"k equal rows, k others":       {repeat(fee, 3), repeat(fee, 3), matching.Context{}, "o1n1 o2n2 o3n3", 0},
		"k equal rows, fewer others":   {repeat(cafe, 3), repeat(cafe, 2), matching.Context{}, "", 6},
		"k equal rows, more others":    {repeat(cafe, 1), repeat(cafe, 5), matching.Context{}, "", 3},
		"as many as possible":          {repeat(cafe, 3), repeat(cafe, 2), asMany, "o1n1 o2n2", 0},
		"as many as possible, reverse": {repeat(cafe, 2), repeat(cafe, 3), asMany, "o1n1 o2n2", 0},
		"more left than came on a day, and one of them may have moved": {
			"2026-03-27 p -200 USD MISSION CUTS\n" + repeat("2026-03-28 p -200 USD MISSION CUTS", 2),
			"2026-03-28 P -200 USD MISSION CUTS\n2026-03-29 P -200 USD MISSION CUTS", matching.Context{}, "", 6},
		"more came than left on a day, and one of them may have moved": {
			"2026-03-27 p -200 USD MISSION CUTS\n2026-03-28 p -200 USD MISSION CUTS",
			repeat("2026-03-28 P -200 USD MISSION CUTS", 2) + "2026-03-29 P -200 USD MISSION CUTS",
			matching.Context{}, "", 6},
		"two purchases of two days, and one posts later": {
			"2026-10-15 p -48.2 USD OAK TABLE\n2026-10-16 p -48.2 USD OAK TABLE",
			"2026-10-17 P -48.2 USD OAK TABLE AUSTIN", matching.Context{}, "", 2},
		"two purchases of two days, and both post later": {
			"2026-10-15 p -48.2 USD OAK TABLE\n2026-10-16 p -48.2 USD OAK TABLE",
			"2026-10-16 P -48.2 USD OAK TABLE AUSTIN\n2026-10-17 P -48.2 USD OAK TABLE AUSTIN",
			matching.Context{}, "o1n2 o2n1", 0},
		"the words of a shop in another order": {
			"2026-11-10 P -34 BRL INGRESSO*CINE MODELO", "2026-11-10 P -34 BRL Cine Modelo Ingresso",
			matching.Context{}, "o1n1", 0},
		"an abbreviated shop": {
			"2026-11-10 P -39.9 BRL FARMACIA S JOAO LUA", "2026-11-10 P -39.9 BRL Farmácia São João Luar",
			matching.Context{}, "o1n1", 0},
		"an abbreviated shop in the new row": {
			"2026-11-10 P -39.9 BRL Farmácia São João Luar", "2026-11-10 P -39.9 BRL FARMACIA S JOAO LUA",
			matching.Context{}, "o1n1", 0},
		"an abbreviated shop, another pharmacy, and the shop with its city": {
			"2026-11-10 P -39.9 BRL FARMACIA S JOAO LUA",
			"2026-11-10 P -39.9 BRL Farmácia São João Luar\n2026-11-09 P -7 BRL Farmácia Popular\n" +
				"2026-11-08 P -8 BRL Farmácia São João Luar Centro",
			matching.Context{}, "o1n1", 0},
		"an abbreviated shop with many rows": {
			"2026-11-10 P -39.9 BRL FARMACIA S JOAO LUA",
			"2026-11-10 P -39.9 BRL Farmácia São João Luar\n" +
				repeat("2026-11-09 P -7 BRL Farmácia São João Luar", 97),
			matching.Context{}, "o1n1", 0},
		"an abbreviation of two shops": {
			"2026-11-10 P -39.9 BRL FARMACIA S JOAO LUA",
			"2026-11-10 P -39.9 BRL Farmácia São João Luar\n2026-11-09 P -7 BRL Farmácia Santo João Lua",
			matching.Context{}, "", 0},
		"the initial of a person": {
			"2026-11-10 P -39.9 BRL PIX ENVIADO JOAO P FERREIRA",
			"2026-11-10 P -39.9 BRL PIX ENVIADO JOAO PAULO FERREIRA",
			matching.Context{}, "", 1},
		"the given names of a person in another order": {
			"2026-11-10 P -34 BRL PIX ENVIADO JOSE MARIA SALES", "2026-11-10 P -34 BRL PIX ENVIADO MARIA JOSE SALES",
			matching.Context{}, "", 1},
		"a name in another order, and the code of the payment": {
			"2026-11-10 P -335 USD Zelle payment to Delaney Sample JPM00ab11cd2",
			"2026-11-10 P -335 USD ZELLE TO SAMPLE DELANEY ON 11/10 REF # JPM00AB11CD2",
			matching.Context{}, "o1n1", 0},
		"the day that the text prints": {
			"2026-10-13 P -36.4 BRL RSHOP-PADARIA BO-12/10", "2026-10-12 P -36.4 BRL Compra débito Padaria Boa Mesa",
			matching.Context{}, "o1n1", 0},
		"the day that the text prints, and the date of another purchase": {
			"2026-10-13 P -36.4 BRL RSHOP-PADARIA BO-12/10\n2026-10-14 P -36.4 BRL RSHOP-PADARIA BO-13/10",
			"2026-10-12 P -36.4 BRL Compra débito Padaria Boa Mesa\n" +
				"2026-10-13 P -36.4 BRL Compra débito Padaria Bom Trigo", matching.Context{}, "", 4},
		"the day that the text prints, and the date of another shop": {
			"2026-10-13 P -36.4 BRL RSHOP-PADARIA BO-12/10",
			"2026-10-12 P -36.4 BRL Compra débito Padaria Boa Mesa\n2026-10-13 P -36.4 BRL Compra débito Livraria",
			matching.Context{}, "o1n1", 0},
		"texts that differ only in a year": {
			"2026-11-10 P -500 BRL CDB VENC 15/03/2028\n2026-11-10 P -500 BRL CDB VENC 15/03/2029",
			"2026-11-10 P -500 BRL CDB VENC 15/03/2029\n2026-11-10 P -500 BRL CDB VENC 15/03/2028",
			matching.Context{}, "o1n2 o2n1", 0},
		"fees for two services, in a whole account": {
			"2026-11-10 P -9.8 BRL TARIFA TRANSFERENCIA", "2026-11-10 P -9.8 BRL TARIFA SAQUE",
			matching.Context{Whole: true}, "", 1},
		"two equal purchases with two cards, and one of them posts": {
			"2026-11-10 p -74 BRL BISTRO {card=4417}\n2026-11-10 p -74 BRL BISTRO {card=9082}",
			"2026-11-11 P -74 BRL BISTRO {card=9082}", matching.Context{}, "o2n1", 0},
		"an authorisation that stays tells two equal purchases apart": {
			"2026-11-10 p -61.5 USD EXAMPLE CHOPHOUSE AUTH 04417",
			"2026-11-11 P -61.5 USD EXAMPLE CHOPHOUSE NASHVILLE AUTH 04418\n" +
				"2026-11-11 P -61.5 USD EXAMPLE CHOPHOUSE NASHVILLE AUTH 04417", matching.Context{}, "o1n2", 0},
		"two authorisations that change": {
			"2026-11-10 p -61.5 USD EXAMPLE CHOPHOUSE AUTH 04417",
			"2026-11-11 P -61.5 USD EXAMPLE CHOPHOUSE NASHVILLE AUTH 04418\n" +
				"2026-11-11 P -61.5 USD EXAMPLE CHOPHOUSE NASHVILLE AUTH 04419", matching.Context{}, "", 2},
		"the minute tells two equal payments apart": {
			"2026-11-10 P 35 BRL Pix - Recebido - 10/11 09:10 Ana Amostra",
			"2026-11-10T18:30 P 35 BRL PIX RECEBIDO ANA AMOSTRA\n2026-11-10T12:10 P 35 BRL PIX RECEBIDO ANA AMOSTRA",
			matching.Context{}, "o1n2", 0},
		"the vendor's links tell equal rows apart": {
			repeat(cafe, 2),
			"2026-11-11 P -25.91 BRL FAST FOOD SOL {link=o2}\n2026-11-11 P -29 BRL FAST FOOD SOL {link=o1}",
			matching.Context{}, "o1n2 o2n1", 0},
		"the vendor links one of three equal rows": {
			repeat(cafe, 3), "2026-11-11 P -25.91 BRL FAST FOOD SOL {link=o2}", matching.Context{}, "o2n1", 0},
		"the vendor links two rows to one": {
			cafe, "2026-11-11 P -25.91 BRL FAST FOOD SOL {link=o1}\n2026-11-11 P -29 BRL FAST FOOD SOL {link=o1}",
			matching.Context{}, "", 2},
		"daily fares that stay on their days": {
			"2026-11-09 P -5.2 BRL QR Pix METRO\n2026-11-10 P -5.2 BRL QR Pix METRO",
			"2026-11-10 P -5.2 BRL QR Pix METRO\n2026-11-09 P -5.2 BRL QR Pix METRO",
			matching.Context{}, "o1n2 o2n1", 0},
		"daily payments that all move a day": {
			"2026-11-09 P -15.21 BRL SEGURO A\n2026-11-10 P -15.21 BRL SEGURO A\n2026-11-11 P -15.21 BRL SEGURO A",
			"2026-11-10 P -15.21 BRL SEGURO A\n2026-11-11 P -15.21 BRL SEGURO A\n2026-11-12 P -15.21 BRL SEGURO A",
			matching.Context{}, "", 9},
		"the identifier decides among equal texts": {
			"2026-11-10 P -10 BRL PIX LOJA {ref=E00000000202611101200AAAAAAAAAAA}\n" +
				"2026-11-10 P -10 BRL PIX LOJA {ref=E00000000202611101205BBBBBBBBBBB}",
			"2026-11-10 P -10 BRL PIX LOJA LTDA {ref=E00000000202611101205BBBBBBBBBBB}", matching.Context{}, "o2n1", 0},
		"one value as two kinds of identifiers": {
			"2026-11-10 P -10 BRL PIX LOJA {id=R1234}\n2026-11-10 P -10 BRL PIX LOJA {ref=R1234}",
			"2026-11-10 P -10 BRL PIX LOJA {ref=R1234}\n2026-11-10 P -10 BRL PIX LOJA {id=R1234}",
			matching.Context{}, "o1n2 o2n1", 0},
		"an authorisation of eight digits that loses its label": {
			"2026-11-10 P -50 BRL PADARIA REAL AUT 34417001\n2026-11-10 P -50 BRL PADARIA REAL AUT 34417002",
			"2026-11-10 P -50 BRL PADARIA REAL 34417002", matching.Context{}, "o2n1", 0},
		"a tip at a merchant of three letters": {
			"2026-11-10 p -100 BRL SOL", "2026-11-10 P -110 BRL SOL", matching.Context{}, "", 1},
		"an identifier that two rows have decides nothing": {
			"2026-11-10 P -10 BRL PADARIA {id=A1B2C3D4E5}\n2026-11-10 P -10 BRL POSTO {id=A1B2C3D4E5}",
			"2026-11-10 P -10 BRL LIVRARIA {id=A1B2C3D4E5}", matching.Context{}, "", 0},
		"the posted row continues, not its provisional one": {
			"2026-11-16 p -1200 BRL LANC. PROVISIONADO ZENITE CONTABILIDADE\n" +
				"2026-11-16 P -1200 BRL PAGTO ELETRON COBRANCA ZENITE CONTABILID",
			"2026-11-16 P -1200 BRL PAGTO ELETRON COBRANCA ZENITE CONTABILIDADE", matching.Context{}, "o2n1", 0},
		"of two equal rows one came, and a row further away is not paired instead": {
			"2026-11-10 p -18.43 BRL LIVRARIA AURORA\n2026-11-10 p -18.43 BRL LIVRARIA AURORA\n" +
				"2026-11-12 p -18.43 BRL LIVRARIA AURORA",
			"2026-11-11 P -18.43 BRL LIVRARIA AURORA", matching.Context{}, "", 3},
		"equal salaries are told apart by their receivers": {
			"2026-11-05 P -2150 BRL SISPAG SALARIOS ANA LE {doc=***.444.777-**}\n" +
				"2026-11-05 P -2150 BRL SISPAG SALARIOS RUI SA {doc=***.982.247-**}",
			"2026-11-06 P -2150 BRL SISPAG SALARIOS {doc=***.982.247-**}\n" +
				"2026-11-06 P -2150 BRL SISPAG SALARIOS {doc=***.444.777-**}", matching.Context{}, "o1n2 o2n1", 0},
		"a whole account: by exclusion": {
			"2026-11-10 P -300 BRL DEB PIX CHAVE", "2026-11-10 P -300 BRL PIX ENVIADO",
			matching.Context{Whole: true}, "o1n1", 0},
		"a whole account: what left and what came are no pair": {
			"2026-11-10 P -300 BRL PIX ENVIADO ANA LEAL", "2026-11-10 P -300 BRL PIX ENVIADO RUI SALES",
			matching.Context{Whole: true}, "", 0},
		"a whole account: nobody against somebody, round": {
			"2026-11-10 P -300 BRL PIX ENVIADO", "2026-11-10 P -300 BRL PIX ENVIADO RUI SALES",
			matching.Context{Whole: true}, "", 1},
		"a whole account: nobody against somebody, odd": {
			"2026-11-10 P -300.17 BRL PIX ENVIADO", "2026-11-10 P -300.17 BRL PIX ENVIADO RUI SALES",
			matching.Context{Whole: true}, "o1n1", 0},
		"a whole account: two of an amount are not excluded": {
			"2026-11-10 P -300 BRL DEB PIX CHAVE\n2026-11-10 P -300 BRL DEB PIX",
			"2026-11-10 P -300 BRL PIX ENVIADO", matching.Context{Whole: true}, "", 2},
		"a whole account: another day is not excluded": {
			"2026-11-10 P -300 BRL DEB PIX CHAVE", "2026-11-11 P -300 BRL PIX ENVIADO",
			matching.Context{Whole: true}, "", 1},
		"chance: an equal text that two other days have shown": {
			"2026-11-09 P -47.31 BRL SEGURO A", "2026-11-10 P -47.31 BRL SEGURO A",
			matching.Context{Shown: func(_, _ *banktext.Row) int { return 2 }}, "", 1},
		"no chance: an equal text that one other day has shown": {
			"2026-11-09 P -47.31 BRL SEGURO A", "2026-11-10 P -47.31 BRL SEGURO A",
			matching.Context{Shown: func(_, _ *banktext.Row) int { return 1 }}, "o1n1", 0},
		"chance: a pending row whose text two other days have shown": {
			"2026-11-09 p -47.31 BRL SEGURO A", "2026-11-10 P -47.31 BRL SEGURO A",
			matching.Context{Shown: func(_, _ *banktext.Row) int { return 2 }}, "", 1},
		"chance: an equal document, shown often": {
			"2026-11-09 P -47.31 BRL PIX ANA LEAL {doc=11144477735}",
			"2026-11-10 P -47.31 BRL PIX ANA LEAL {doc=11144477735}",
			matching.Context{Shown: func(_, _ *banktext.Row) int { return 19 }}, "", 1},
		"no chance: an equal document, shown monthly": {
			"2026-11-09 P -47.31 BRL PIX ANA LEAL {doc=11144477735}",
			"2026-11-10 P -47.31 BRL PIX ANA LEAL {doc=11144477735}",
			matching.Context{Shown: func(_, _ *banktext.Row) int { return 18 }}, "o1n1", 0},
		"chance: an equal document, shown monthly, and two days later": {
			"2026-11-09 p -47.31 BRL PIX ANA LEAL {doc=11144477735}",
			"2026-11-11 P -47.31 BRL PIX ANA LEAL {doc=11144477735}",
			matching.Context{Shown: func(_, _ *banktext.Row) int { return 10 }}, "", 1},
		"no chance: an equal document, shown nine times, and two days later": {
			"2026-11-09 p -47.31 BRL PIX ANA LEAL {doc=11144477735}",
			"2026-11-11 P -47.31 BRL PIX ANA LEAL {doc=11144477735}",
			matching.Context{Shown: func(_, _ *banktext.Row) int { return 9 }}, "o1n1", 0},
		"no chance: one date": {
			"2026-11-10 P -47.31 BRL SEGURO A", "2026-11-10 P -47.31 BRL SEGURO A",
			matching.Context{Shown: func(_, _ *banktext.Row) int { return 500 }}, "o1n1", 0},
		"a reversal that the account knows": {
			"2026-11-09 P -47.31 BRL SEGURO A", "2026-11-10 P -47.31 BRL SEGURO A",
			matching.Context{Reversed: func(*banktext.Row) bool { return true }}, "", 1},
		"forbidden": {
			"2026-11-10 P -47.31 BRL SEGURO A", "2026-11-10 P -47.31 BRL SEGURO A",
			matching.Context{Never: map[domain.MatchPair]bool{{Old: "o1", New: "n1"}: true}}, "", 0},
		"forbidden for every old row": {
			"2026-11-10 P -47.31 BRL SEGURO A", "2026-11-10 P -47.31 BRL SEGURO A",
			matching.Context{Never: map[domain.MatchPair]bool{{New: "n1"}: true}}, "", 0},
		"seen together": {
			"2026-11-10 P -47.31 BRL SEGURO A", "2026-11-10 P -47.31 BRL SEGURO A",
			matching.Context{SeenTogether: func(o, _ *banktext.Row) bool { return o.ExternalID == "o1" }},
			"", 0,
		},
		"reads without a common one": {
			"2026-11-10 P -47.31 BRL SEGURO A {reads=1,3}", "2026-11-10 P -47.31 BRL SEGURO A {reads=2,4}",
			matching.Context{}, "o1n1", 0},
		"reads with a common one": {
			"2026-11-10 P -47.31 BRL SEGURO A {reads=1,3}", "2026-11-10 P -47.31 BRL SEGURO A {reads=2,3}",
			matching.Context{}, "", 0},
		"reads without a common one, of which the new row's end first": {
			"2026-11-10 P -47.31 BRL SEGURO A {reads=1,5}", "2026-11-10 P -47.31 BRL SEGURO A {reads=2,4}",
			matching.Context{}, "o1n1", 0},
		"k equal rows, of which one read showed the first ones together": {
			"2026-11-10 P -47.31 BRL SEGURO A {reads=1}\n2026-11-10 P -47.31 BRL SEGURO A {reads=3}",
			"2026-11-10 P -47.31 BRL SEGURO A {reads=1}\n2026-11-10 P -47.31 BRL SEGURO A {reads=4}",
			matching.Context{}, "o1n2 o2n1", 0},
		"k equal rows, of which one read showed one beside each new one": {
			"2026-11-10 P -47.31 BRL SEGURO A {reads=1,2}\n2026-11-10 P -47.31 BRL SEGURO A {reads=3}",
			"2026-11-10 P -47.31 BRL SEGURO A {reads=1}\n2026-11-10 P -47.31 BRL SEGURO A {reads=2}",
			matching.Context{}, "o2n1", 0},
		"k equal rows, of which one partner is taken": {
			"2026-11-10 P -47.31 BRL SEGURO A {reads=1}\n2026-11-10 P -47.31 BRL SEGURO A {reads=2}\n" +
				"2026-11-10 P -47.31 BRL SEGURO A {reads=4}",
			"2026-11-10 P -47.31 BRL SEGURO A {reads=1,2}\n2026-11-10 P -47.31 BRL SEGURO A {reads=3}\n" +
				"2026-11-10 P -47.31 BRL SEGURO A {reads=3}",
			matching.Context{}, "o1n2 o2n3 o3n1", 0},
		// Both old rows begin with the same word as the new row, so the new row may replace either of them.
		"two rows that are much alike, and one of them": {
			"2026-11-10 P -50 BRL PADARIA REAL\n2026-11-10 P -50 BRL PADARIA NOVA", "2026-11-10 P -50 BRL PADARIA REAL",
			matching.Context{}, "", 1},
		"as many as possible of two rows that are much alike": {
			"2026-11-10 P -50 BRL PADARIA REAL\n2026-11-10 P -50 BRL PADARIA NOVA", "2026-11-10 P -50 BRL PADARIA REAL",
			asMany, "o1n1", 0},
		"a number decides before the length of the name": {
			"2026-11-10 P -50 BRL PADARIA REAL DO CENTRO NSU 123456",
			"2026-11-10 P -50 BRL PADARIA REAL DO CENTRO\n2026-11-10 P -50 BRL PADARIA REAL NSU 123456",
			asMany, "o1n2", 0},
		"the nearest date decides between two of one purchase": {
			"2026-11-09 P -47.31 BRL SEGURO A {bought=2026-11-09}",
			"2026-11-10 P -47.31 BRL SEGURO A {bought=2026-11-09}\n" +
				"2026-11-12 P -47.31 BRL SEGURO A 09:12 {bought=2026-11-09}",
			matching.Context{}, "o1n1", 0},
		"a row that has its partner takes no other one's": {
			"2026-11-10 P -47.31 BRL SEGURO ALFA {bought=2026-11-09}\n" +
				"2026-11-14 P -47.31 BRL SEGURO ALFA BETA CENTRO SUL {bought=2026-11-09}",
			"2026-11-10 P -47.31 BRL SEGURO ALFA {bought=2026-11-09}\n" +
				"2026-11-11 P -47.31 BRL SEGURO ALFA BETA CENTRO {bought=2026-11-09}",
			asMany, "o1n1 o2n2", 0},
		"a row that has its partner is no second one's candidate": {
			"2026-11-10 P -47.31 BRL SEGURO ALFA {bought=2026-11-09}\n" +
				"2026-11-14 P -47.31 BRL SEGURO ALFA BETA CENTRO SUL {bought=2026-11-09}",
			"2026-11-10 P -47.31 BRL SEGURO ALFA {bought=2026-11-09}\n" +
				"2026-11-12 P -47.31 BRL SEGURO ALFA BETA CENTRO {bought=2026-11-09}",
			asMany, "o1n1 o2n2", 0},
		"a row that has its partner is no second one's candidate, reverse": {
			"2026-11-10 P -47.31 BRL SEGURO ALFA {bought=2026-11-09}\n" +
				"2026-11-12 P -47.31 BRL SEGURO ALFA BETA CENTRO {bought=2026-11-09}",
			"2026-11-10 P -47.31 BRL SEGURO ALFA {bought=2026-11-09}\n" +
				"2026-11-14 P -47.31 BRL SEGURO ALFA BETA CENTRO SUL {bought=2026-11-09}",
			asMany, "o1n1 o2n2", 0},
		"the minute of a purchase tells much alike rows apart": {
			"2026-11-10 P -50 BRL PADARIA REAL {bought=2026-11-10T09:12}",
			"2026-11-10 P -50 BRL PADARIA REAL {bought=2026-11-10T09:12}\n" +
				"2026-11-10 P -50 BRL PADARIA NOVA {bought=2026-11-10}",
			matching.Context{}, "o1n1", 0},
		"the day of a purchase tells no much alike rows apart": {
			"2026-11-10 P -50 BRL PADARIA REAL {bought=2026-11-10T09:12}",
			"2026-11-10 P -50 BRL PADARIA REAL {bought=2026-11-10}\n" +
				"2026-11-10 P -50 BRL PADARIA NOVA {bought=2026-11-10}",
			matching.Context{}, "", 2},
		"rows that differ only in a letter": {
			"2026-11-10 P -640 BRL CONDOMINIO SOLAR BLOCO A\n2026-11-10 P -640 BRL CONDOMINIO SOLAR BLOCO B",
			"2026-11-10 P -640 BRL CONDOMINIO SOLAR BLOCO B\n2026-11-10 P -640 BRL CONDOMINIO SOLAR BLOCO A",
			matching.Context{}, "o1n2 o2n1", 0},
		"rows that differ only in a word that may be a channel": {
			"2026-11-10 P -99 BRL DA VIVO MOBILE\n2026-11-10 P -99 BRL DA VIVO INTERNET",
			"2026-11-10 P -99 BRL DA VIVO INTERNET\n2026-11-10 P -99 BRL DA VIVO MOBILE",
			matching.Context{}, "o1n2 o2n1", 0},
		"the minute in the text tells much alike rows apart": {
			"2026-11-10 P -50 BRL PADARIA REAL 09:12",
			"2026-11-10 P -50 BRL PADARIA REAL 09:12\n2026-11-10 P -50 BRL PADARIA NOVA",
			matching.Context{}, "o1n1", 0},
		"a refund came, too": {
			"2026-11-09 P -47.31 BRL SEGURO A",
			"2026-11-10 P -47.31 BRL SEGURO A\n2026-11-10 P 47.31 BRL ESTORNO", matching.Context{}, "", 1},
		"the amount came back with the name": {
			"2026-11-09 P -47.31 BRL SEGURO A",
			"2026-11-10 P -47.31 BRL SEGURO A\n2026-11-10 P 47.31 BRL SEGURO A", matching.Context{}, "", 1},
		"the amount came back with a part of the name": {
			"2026-11-09 P -47.31 BRL SEGURO ALFA CENTRO",
			"2026-11-10 P -47.31 BRL SEGURO ALFA CENTRO\n2026-11-10 P 47.31 BRL SEGURO ALFA",
			matching.Context{}, "", 1},
		"the amount came with another name": {
			"2026-11-09 P -47.31 BRL SEGURO A",
			"2026-11-10 P -47.31 BRL SEGURO A\n2026-11-10 P 47.31 BRL PIX RUI SALES", matching.Context{}, "o1n1", 0},
		"a refund came 14 days later": {
			"2026-11-09 P -47.31 BRL SEGURO A",
			"2026-11-10 P -47.31 BRL SEGURO A\n2026-11-23 P 47.31 BRL ESTORNO", matching.Context{}, "", 1},
		"a refund came 15 days later": {
			"2026-11-09 P -47.31 BRL SEGURO A",
			"2026-11-10 P -47.31 BRL SEGURO A\n2026-11-24 P 47.31 BRL ESTORNO", matching.Context{}, "o1n1", 0},
		"a whole account: of two that are much alike, the one that the new row names": {
			"2026-11-10 P -50 BRL PADARIA REAL\n2026-11-10 P -50 BRL PADARIA NOVA",
			"2026-11-10 P -50 BRL PADARIA REAL DO CENTRO", matching.Context{Whole: true}, "o1n1", 0},
		"a whole account: of daily payments that move a day, those of one date": {
			"2026-11-09 P -15.21 BRL SEGURO A\n2026-11-10 P -15.21 BRL SEGURO A\n2026-11-11 P -15.21 BRL SEGURO A",
			"2026-11-10 P -15.21 BRL SEGURO A\n2026-11-11 P -15.21 BRL SEGURO A\n2026-11-12 P -15.21 BRL SEGURO A",
			matching.Context{Whole: true}, "o2n1 o3n2", 1},
		"a whole account: another operation without a name": {
			"2026-11-10 P -300 BRL SAQUE", "2026-11-10 P -300 BRL PIX ENVIADO", matching.Context{Whole: true}, "", 0},
		"a foreign purchase that posts in the account's currency": {
			"2026-11-10 p -50 USD STREAMING {local=-250 BRL}", "2026-11-10 P -250 BRL STREAMING",
			matching.Context{}, "o1n1", 0},
		"a posted purchase that another connector lists in the account's currency": {
			"2026-11-10 P -50 USD STREAMING {local=-250 BRL}", "2026-11-10 P -250 BRL STREAMING",
			matching.Context{}, "o1n1", 0},
		"no date": {"2026-13-10 P -47.31 BRL SEGURO A", "2026-11-10 P -47.31 BRL SEGURO A", matching.Context{}, "", 0},
	} {
		result := matching.Match(rowsFrom(t, "o", test.left), rowsFrom(t, "n", test.came), test.context)
		var pairs []string
		for _, pair := range result.Pairs {
			pairs = append(pairs, pair.Old+pair.New)
		}
		if strings.Join(pairs, " ") != test.pairs || len(result.Suggestions) != test.suggestions {
			t.Errorf("%s: pairs %q, %d suggestions, want %q and %d", name, strings.Join(pairs, " "),
				len(result.Suggestions), test.pairs, test.suggestions)
		}
	}
}

// TestFirstAndLastRead checks that a row can replace another one only if its first listing is later than the last
// listing of the old row.
func TestFirstAndLastRead(t *testing.T) {
	for _, test := range []struct {
		last, first uint64
		want        matching.Verdict
	}{{1, 2, matching.Same}, {2, 2, matching.Other}, {3, 2, matching.Other}, {3, 0, matching.Same}} {
		oldRow := parseRow(t, "2026-11-10 P -47.31 BRL SEGURO A")
		newRow := oldRow
		oldRow.LastRead, newRow.FirstRead = test.last, test.first
		if got, _ := matching.Judge(oldRow, newRow, matching.Context{}); got != test.want {
			t.Errorf("last %d, first %d: %s", test.last, test.first, got)
		}
	}
}

// TestSuggestionsAreOrdered checks that the best suggestion comes first, and that at most three are made.
func TestSuggestionsAreOrdered(t *testing.T) {
	left := rowsFrom(t, "o", "2026-11-04 P -50 BRL MERCADO BELA VISTA")
	came := rowsFrom(t, "n", `2026-11-17 P -50 BRL MERCADO BELA VISTA
		2026-11-11 P -50 BRL MERCADO BELA VISTA
		2026-11-12 P -50 BRL MERCADO BELA VISTA SP
		2026-11-09 P -50 BRL COMPRA
		2026-11-13 P -50 BRL MERCADO BELA VISTA`)
	result := matching.Match(left, came, matching.Context{})
	var got []string
	for _, s := range result.Suggestions {
		got = append(got, s.New)
	}
	if len(result.Pairs) > 0 || strings.Join(got, " ") != "n2 n3 n5" {
		t.Errorf("%d pairs, suggestions %v", len(result.Pairs), got)
	}
}

// TestTheEvidenceOrdersSuggestions checks that suggestions are ordered by their evidence. Rows with less evidence
// come later, although their dates are nearer to the date of the old row.
func TestTheEvidenceOrdersSuggestions(t *testing.T) {
	for name, test := range map[string]struct{ left, came, want string }{
		"a document, and no name": {
			"2026-11-04 P -50 BRL PIX ENVIADO {doc=11144477735}",
			"2026-11-10 P -50 BRL DEB PIX {doc=11144477735}\n2026-11-05 P -50 BRL PIX EMITIDO", "n1 n2",
		},
		"a document and a longer name, against the same name": {
			"2026-11-04 P -50 BRL PIX ENVIADO ANA LEAL {doc=11144477735}",
			"2026-11-10 P -50 BRL PIX ENVIADO ANA LEAL PRADO {doc=11144477735}\n" +
				"2026-11-06 P -50 BRL PIX ENVIADO ANA LEAL",
			"n1 n2",
		},
		"a number and a longer name, against the same name": {
			"2026-11-04 P -50 BRL PADARIA REAL 77123",
			"2026-11-12 P -50 BRL PADARIA REAL CENTRO 77123\n2026-11-11 P -50 BRL PADARIA REAL", "n1 n2",
		},
		"the same name, against a part of it": {
			"2026-11-04 P -50 BRL POSTO PADARIA REAL",
			"2026-11-10 P -50 BRL POSTO PADARIA REAL\n2026-11-08 P -50 BRL PADARIA REAL", "n1 n2",
		},
		"the same amount, against a tip": {
			"2026-11-04 p -100 BRL RESTAURANTE SOL",
			"2026-11-04 P -110 BRL RESTAURANTE SOL\n2026-11-13 P -100 BRL COMPRA",
			"n2 n1",
		},
		"a name with another rate, against the same amount": {
			"2026-11-04 p -58 USD STREAMING {local=-298 BRL}",
			"2026-11-14 P -58 USD STREAMING {local=-302 BRL}\n2026-11-13 P -58 USD COMPRA {local=-298 BRL}", "n1 n2",
		},
		"too little evidence, against doubtful evidence": {
			"2026-11-04 P -50 BRL COMPRA MERCADO SOL",
			"2026-11-05 P -50 BRL COMPRA MERCADO LUA\n2026-11-13 P -50 BRL COMPRA", "n2 n1",
		},
	} {
		result := matching.Match(rowsFrom(t, "o", test.left), rowsFrom(t, "n", test.came), matching.Context{})
		var got []string
		for _, s := range result.Suggestions {
			got = append(got, s.New)
		}
		if len(result.Pairs) > 0 || strings.Join(got, " ") != test.want {
			t.Errorf("%s: %d pairs, suggestions %v, want %s", name, len(result.Pairs), got, test.want)
		}
	}
}

// Suggestions are ordered by the id of the old row, not by its date.
func TestSuggestionsAreOrderedByTheOldRow(t *testing.T) {
	left := rowsFrom(t, "o", "2026-11-12 P -50 BRL MERCADO SOL\n2026-11-04 P -47 BRL PADARIA REAL")
	came := rowsFrom(t, "n", "2026-11-20 P -50 BRL MERCADO SOL\n2026-11-10 P -47 BRL PADARIA REAL")
	result := matching.Match(left, came, matching.Context{})
	if len(result.Suggestions) != 2 || result.Suggestions[0].Old != "o1" || result.Suggestions[1].Old != "o2" {
		t.Errorf("%v", result.Suggestions)
	}
}

// Two rows that one read has returned are different movements. The numbers in Row.Reads decide about this only if
// Reads is known for both rows. Otherwise, LastRead of the old row is compared with FirstRead of the new row.
func TestTheReadsOfOneRowAreKnown(t *testing.T) {
	for name, test := range map[string]struct {
		oldReads, newReads []uint64
		last, first        uint64
		want               matching.Verdict
	}{
		"the old row's, and the last read is later":    {[]uint64{1, 3}, nil, 3, 2, matching.Other},
		"the old row's, and the last read is earlier":  {[]uint64{1, 3}, nil, 3, 4, matching.Same},
		"the new row's, and the first read is earlier": {nil, []uint64{2, 5}, 3, 2, matching.Other},
		"the new row's, and the first read is later":   {nil, []uint64{4, 5}, 3, 4, matching.Same},
		"both, and they have none in common":           {[]uint64{1, 3}, []uint64{2}, 3, 2, matching.Same},
	} {
		oldRow := parseRow(t, "2026-11-10 P -47.31 BRL SEGURO A")
		newRow := oldRow
		oldRow.Reads, oldRow.LastRead = test.oldReads, test.last
		newRow.Reads, newRow.FirstRead = test.newReads, test.first
		if got, _ := matching.Judge(oldRow, newRow, matching.Context{}); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

// Rows of different accounts, currencies or directions are never one movement, even if they have the same identifier,
// or the vendor links one row to the other.
func TestAccountCurrencyAndDirection(t *testing.T) {
	oldRow := parseRow(t, "2026-11-10 P -50 BRL A {id=A1B2C3D4E5}")
	for name, newRow := range map[string]banktext.Row{
		"currency":  parseRow(t, "2026-11-10 P -50 USD A {id=A1B2C3D4E5}"),
		"direction": parseRow(t, "2026-11-10 P 50 BRL A {id=A1B2C3D4E5}"),
		"account": func() banktext.Row {
			row := oldRow
			row.Account = domain.AccountID{UUID: uuid.Max}
			return row
		}(),
	} {
		newRow.Link = oldRow.ExternalID
		if n := matching.NumberOf(oldRow, newRow, matching.Context{}); n != 1 {
			t.Errorf("another %s: line %d decides", name, n)
		}
	}
}

func TestRules(t *testing.T) {
	for rule, rows := range map[domain.MatchRule][2]string{
		domain.SameKey:         {"2026-11-10 P -50 BRL A {id=A1B2C3D4E5}", "2026-11-11 P -50 BRL B {id=A1B2C3D4E5}"},
		domain.SameDescription: {"2026-11-10 P -50 BRL PADARIA REAL", "2026-11-10 P -50 BRL Padaria Real"},
		domain.SimilarText:     {"2026-11-10 P -50 BRL PADARIA REAL", "2026-11-10 P -50 BRL PADARIA REAL DO CENTRO"},
		domain.ForeignAmount: {
			"2026-11-10 p -58 USD STREAMING {bought=2026-11-10; local=-298 BRL}",
			"2026-11-12 P -58 USD STREAMING {bought=2026-11-10; local=-302 BRL}"},
		matching.VendorLink: {"2026-11-10 p -50 BRL PADARIA", "2026-11-10 P -55 BRL BISTRO {link=o1}"},
		matching.Exclusion:  {"2026-11-10 P -50 BRL PIX CHAVE", "2026-11-10 P -50 BRL PIX ENVIADO"},
	} {
		result := matching.Match(rowsFrom(t, "o", rows[0]), rowsFrom(t, "n", rows[1]), matching.Context{Whole: true})
		if matches := result.Matches(); len(matches) != 1 || matches[0].Rule != rule {
			t.Errorf("%s: %v", rule, matches)
		}
	}
}

func TestFindings(t *testing.T) {
	oldRow := parseRow(t, "2026-11-10 P -50 BRL PIX ENVIADO ANA LEAL {doc=11144477735}")
	newRow := parseRow(t, "2026-11-10 P -50 BRL PIX ENVIADO RUI LEAL {doc=11144477735}")
	verdict, findings := matching.Judge(oldRow, newRow, matching.Context{})
	want := []matching.Finding{
		{Kind: "document", Old: "11144477735", New: "11144477735", Speaks: matching.For},
		{Kind: "operation", Old: "pix", New: "pix", Speaks: matching.For},
		{Kind: "text", Old: "ana leal", New: "rui leal", Speaks: matching.Against},
	}
	if verdict != matching.Other || !slices.Equal(findings, want) {
		t.Errorf("%s %v", verdict, findings)
	}
	pairs := matching.Match(rowsFrom(t, "o", "2026-11-10 P 0.12 BRL REND PAGO APLIC AUT MAIS {balance=500.12}"),
		rowsFrom(t, "n", "2026-11-11 P 0.12 BRL RENDIMENTOS REND PAGO APLIC AUT MAIS {balance=500.12}"),
		matching.Context{}).Pairs
	balance := matching.Finding{Kind: "balance", Old: "500.12", New: "500.12", Speaks: matching.For}
	if len(pairs) != 1 || !slices.Contains(pairs[0].Findings, balance) {
		t.Errorf("the pairs are %v, want one with the balance", pairs)
	}
}

// The evidence of a suggestion contains what speaks for it, also if that is only the amount, the day, or the vendor's
// link.
func TestASuggestionListsWhatSpeaksForIt(t *testing.T) {
	for _, tc := range []struct {
		old  string
		came []string
		want []string
	}{
		{
			"2026-11-10 P -50 BRL PIX ENVIADO", []string{"2026-11-10 P -50 BRL PIX ENVIADO"},
			[]string{"amount -50 -50", "date 2026-11-10 2026-11-10"},
		},
		{
			"2026-11-10 P -50 BRL PIX ENVIADO", []string{"2026-11-11 P -50 BRL PIX ENVIADO"},
			[]string{"amount -50 -50"},
		},
		{
			"2026-11-10 p -50 BRL PADARIA",
			[]string{"2026-11-10 P -55 BRL BISTRO {link=o1}", "2026-11-10 P -56 BRL BAR {link=o1}"},
			[]string{"vendor_link o1 o1", "date 2026-11-10 2026-11-10"},
		},
	} {
		left, came := rowsFrom(t, "o", tc.old), rowsFrom(t, "n", strings.Join(tc.came, "\n"))
		result := matching.Match(left, came, matching.Context{})
		if len(result.Suggestions) != len(tc.came) {
			t.Errorf("%s, %s: %d suggestions, %d pairs", tc.old, tc.came, len(result.Suggestions), len(result.Pairs))
			continue
		}
		var got []string
		for _, f := range result.Suggestions[0].Findings {
			if f.Speaks == matching.For {
				got = append(got, fmt.Sprint(f.Kind, " ", f.Old, " ", f.New))
			}
		}
		for _, want := range tc.want {
			if !slices.Contains(got, want) {
				t.Errorf("%s, %s: %q speaks for it, want %q", tc.old, tc.came, got, want)
			}
		}
	}
}

func TestIsWhole(t *testing.T) {
	for input, want := range map[[3]int]bool{
		{10, 10, 0}: true, {9, 10, 0}: false, {10, 9, 0}: false, {10, 10, 1}: false, {500, 10, 0}: true,
	} {
		if matching.IsWhole(input[0], input[1], input[2]) != want {
			t.Errorf("IsWhole%v = %v", input, !want)
		}
	}
}

// contradictions contains pairs of texts that contradict each other, such as two different times. If one text is
// added to an old row, and the other text to a new row, the two rows are different movements.
var contradictions = [][2]string{
	{"PARC 02/10", "PARC 03/10"},
	{"10/11/2026", "11/11/2026"},
	{"09:12", "17:48"},
	{"11/2026", "12/2026"},
	{
		"CHEQUE 000417",
		"CHEQUE 000418",
	},
	{"CARTAO FINAL 1111", "CARTAO FINAL 2222"},
	{"390.533.447-05", "529.982.247-25"},
	{"E12345678202611101200abcDEF12345", "E12345678202611101200abcDEF12346"},
	{"BNET 1234567890", "BNET 1234567891"},
	{
		"NF 56241",
		"NF 56242",
	},
	{"ana@exemplo.com", "rui@exemplo.com"},
	{"LOTE 77123", "LOTE 77124"},
	{"BIM 04", "BIM 05"},
	{"PEDIDO 2207", "PEDIDO 2208"},
	{"T0418", "T0419"},
	{"GUIA 0126-1013-4567-8901", "GUIA 0126-1013-4567-8910"},
	{"VENC 15/03/2028", "VENC 15/03/2029"},
	{"CUIT 30-71448820-8", "CUIT 30-71448821-6"},
	{"CCI 002-193-001234567890-15", "CCI 002-193-001234567891-15"},
	{"ESTAB DB0087076195", "ESTAB DB0087076203"},
	{"ESTORNO", ""},
}

// TestContradictionsAreNeverSame takes the labelled pairs of rows that are one movement, and adds a contradiction to
// each pair. Without a strong identifier, the verdict must not be Same any more.
func TestContradictionsAreNeverSame(t *testing.T) {
	for _, pair := range loadPairs(t, "testdata/holdout.txt") {
		if pair.verdict != "same" {
			continue
		}
		for _, texts := range contradictions {
			oldRow, newRow := pair.oldRow, pair.newRow
			if strings.HasPrefix(texts[0], "CARTAO") && oldRow.Keys.Instalment.Card != "" {
				continue // the vendor states the card
			}
			oldRow.Description = texts[0] + " " + oldRow.Description + " "
			newRow.Description = texts[1] + " " + newRow.Description + " "
			verdict, findings := matching.Judge(oldRow, newRow, matching.Context{})
			strong := oldRow.Keys.Transaction != "" || oldRow.Keys.Reference != "" ||
				strings.Contains(oldRow.Description, "RAST")
			if verdict == matching.Same && !strong && !strings.Contains(newRow.Keys.Reference, "E0000") {
				t.Errorf("%v: same\n  %s\n  %s\n  %v", texts, oldRow.Description, newRow.Description, findings)
			}
		}
	}
}

// TestMatchIsOneToOne checks the result of Match for random rows: no row is in two pairs, no row of a pair is also
// suggested, and the order of the rows does not matter.
func TestMatchIsOneToOne(t *testing.T) {
	texts := []string{
		"PIX ENVIADO ANA LEAL", "PIX ENVIADO ANA LEAL PRADO", "PIX ENVIADO", "PADARIA REAL", "PADARIA REAL NSU 123",
		"PADARIA REAL 09:12", "LOJA PARC 02/10", "LOJA PARC 03/10", "UBER TRIP", "TARIFA PIX",
	}
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 1))
		build := func(prefix string) (rows []banktext.Row) {
			for i := range 1 + random.IntN(8) {
				rows = append(rows, banktext.Row{
					ExternalID: fmt.Sprintf("%s%d", prefix, i),
					Account:    account,
					Amount:     parseMoney(t, []string{"-50", "-47.31"}[random.IntN(2)], "BRL"),
					Date: domain.Date("2026-11-09").
						AddDays(random.IntN(3)),
					Description: texts[random.IntN(len(texts))],
					Status:      []domain.TransactionStatus{domain.Pending, domain.Posted}[random.IntN(2)],
				})
			}
			return rows
		}
		left, came := build("o"), build("n")
		context := matching.Context{Whole: seed%3 == 0, AsMany: seed%5 == 0}
		result := matching.Match(left, came, context)
		used := map[string]bool{}
		for _, pair := range result.Pairs {
			if used[pair.Old] || used[pair.New] {
				t.Fatalf("seed %d: a row is in two pairs: %v", seed, result.Pairs)
			}
			used[pair.Old], used[pair.New] = true, true
		}
		for _, s := range result.Suggestions {
			if used[s.Old] || used[s.New] {
				t.Fatalf("seed %d: a row of a pair is suggested", seed)
			}
		}
		slices.Reverse(left)
		slices.Reverse(came)
		if again := matching.Match(left, came, context); fmt.Sprint(again.Matches()) != fmt.Sprint(result.Matches()) {
			t.Fatalf("seed %d: the order of the rows matters:\n%v\n%v", seed, result.Matches(), again.Matches())
		}
	}
}

// TestOtherAccounts checks that rows of two accounts are never paired, even by an identifier.
func TestOtherAccounts(t *testing.T) {
	oldRow, newRow := parseRow(
		t,
		"2026-11-10 P -50 BRL A {id=A1B2C3D4E5}",
	), parseRow(
		t,
		"2026-11-10 P -50 BRL A {id=A1B2C3D4E5}",
	)
	newRow.Account = domain.AccountID{UUID: uuid.Max}
	if result := matching.Match(
		[]banktext.Row{oldRow},
		[]banktext.Row{newRow},
		matching.Context{},
	); len(
		result.Pairs,
	) > 0 {
		t.Error("paired")
	}
	newRow.Account = domain.AccountID{}
	if verdict, _ := matching.Judge(oldRow, newRow, matching.Context{}); verdict != matching.Other {
		t.Error("a row without an account is", verdict)
	}
}

func TestAnExcludedRowIsPairedLast(t *testing.T) {
	const cafe = "2026-11-10 p -25.91 BRL FAST FOOD SOL"
	left := rowsFrom(t, "o", repeat(cafe, 3))
	left[0].Excluded = true
	var pairs []string
	for _, pair := range matching.Match(left, rowsFrom(t, "n", repeat(cafe, 2)), matching.Context{AsMany: true}).Pairs {
		pairs = append(pairs, pair.Old)
	}
	if !slices.Equal(pairs, []string{"o2", "o3"}) {
		t.Errorf("the rows %v are paired", pairs)
	}
}

func TestRowsThatCannotBeToldApart(t *testing.T) {
	row := func(change func(*banktext.Row)) banktext.Row {
		r := rowsFrom(t, "a", "2026-11-10 P -50 BRL PADARIA DO ZE")[0]
		if change != nil {
			change(&r)
		}
		return r
	}
	key := func(value string) func(*banktext.Row) {
		return func(r *banktext.Row) { r.Keys.Transaction = value }
	}
	local := func(amount string) func(*banktext.Row) {
		converted := parseMoney(t, amount, "USD")
		return func(r *banktext.Row) { r.AccountAmount = &converted }
	}
	at := func(hour int) func(*banktext.Row) {
		return func(r *banktext.Row) { r.PurchasedAt = time.Date(2026, 11, 9, hour, 12, 0, 0, time.UTC) }
	}
	for name, tc := range map[string]struct {
		x, y func(*banktext.Row)
		want bool
	}{
		"equal":                   {nil, nil, true},
		"pending and posted":      {func(r *banktext.Row) { r.Status = domain.Pending }, nil, true},
		"one has a key":           {key("A1B2C3D4E5"), nil, true},
		"the other one has a key": {nil, key("A1B2C3D4E5"), true},
		"equal keys":              {key("A1B2C3D4E5"), key("A1B2C3D4E5"), true},
		"different keys":          {key("A1B2C3D4E5"), key("A1B2C3D4E6"), false},
		"different amounts":       {func(r *banktext.Row) { r.Amount = r.Amount.Negate() }, nil, false},
		"different texts":         {func(r *banktext.Row) { r.Description = "PADARIA DO JOAO" }, nil, false},
		"different dates":         {func(r *banktext.Row) { r.Date = "2026-11-11" }, nil, false},
		"different amounts in the account's currency": {local("-250"), local("-251"), false},
		"different times of purchase":                 {at(9), at(10), false},
		"no account": {
			func(r *banktext.Row) { r.Account = domain.AccountID{} }, nil, false,
		},
		"different accounts": {func(r *banktext.Row) { r.Account.UUID[0]++ }, nil, false},
	} {
		if got := matching.Alike(row(tc.x), row(tc.y)); got != tc.want {
			t.Errorf("%s: %t, want %t", name, got, tc.want)
		}
	}
}

// TestSeveralPeopleBehindEqualRows checks that rows which cannot be told apart are not paired with rows of several
// people, but with rows of one.
func TestSeveralPeopleBehindEqualRows(t *testing.T) {
	const one, other = "; doc=11144477735}", "; doc=52998224725}"
	for name, test := range map[string]struct{ first, second, pairs string }{
		"two people": {one, other, "o3n3 o4n4 o5n5 o6n6 o7n7 o8n8"},
		"one person": {one, one, "o1n1 o2n2 o3n3 o4n4 o5n5 o6n6 o7n7 o8n8"},
		"no numbers": {"}", "}", "o1n1 o2n2 o3n3 o4n4 o5n5 o6n6 o7n7 o8n8"},
	} {
		left := repeat("2026-11-10 P 1500 BRL PIX TRANSF MARIA E10/11", 2)
		came := "2026-11-10 P 1500 BRL PIX RECEBIDO MARIA EUNICE SOL {party=MARIA EUNICE SOL" + test.first +
			"\n2026-11-10 P 1500 BRL PIX RECEBIDO MARIA EDNA LUA {party=MARIA EDNA LUA" + test.second + "\n"
		for day := 11; day < 17; day++ {
			left += fmt.Sprintf("2026-11-%d P -%d.37 BRL PIX TRANSF RUI SAL%d/11\n", day, 100+day, day)
			came += fmt.Sprintf("2026-11-%d P -%d.37 BRL PIX ENVIADO RUI SALES LIMA\n", day, 100+day)
		}
		if got := pairsOf(t, left, came, matching.Context{Whole: true}); got != test.pairs {
			t.Errorf("%s: %q, want %q", name, got, test.pairs)
		}
	}
}

// A cheque and its return have one number, but they are rows of two directions. Two cheques of one number are not told
// apart.
func TestTheReturnOfAChequeHasItsNumber(t *testing.T) {
	paid, again := parseRow(t, "2026-11-08 P -950 BRL CHEQUE COMPENSADO 000123"),
		parseRow(t, "2026-11-08 P -950 BRL CHQ CMP INTEGRADA 123")
	for text, pairs := range map[string]int{
		"2026-11-10 P 950 BRL CHEQUE DEVOLVIDO 000123 MOTIVO 11": 1,
		"2026-11-10 P -700 BRL CHEQUE COMPENSADO 000123":         0,
	} {
		other := parseRow(t, text)
		got := matching.Match([]banktext.Row{paid}, []banktext.Row{again, other}, matching.Context{}).Pairs
		if len(got) != pairs {
			t.Errorf("%s: %d pairs, want %d", text, len(got), pairs)
		}
	}
}
