package matching_test

import (
	"fmt"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// positives are the kinds of changes in which a movement of money gets a new row with another external id.
//
//   - share is the number of changes of this kind among 100 changes.
//   - build creates a change of this kind.
var positives = []struct {
	share int
	build func(*generator, int) change
}{
	{11, posts},
	{4, postsWithoutPrefix},
	{5, enriched},
	{1, oddlyNumbered},
	{4, edited},
	{5, instalmentMoves},
	{3, instalmentInText},
	{5, settles},
	{8, keepsKey},
	{4, keepsReference},
	{3, identicalRows},
	{3, transfer},
	{2, weekly},
}

// posts returns a change in which a pending purchase is posted up to three days later. The text of the new row contains
// another number, and its institution key is missing or different.
func posts(g *generator, day int) change {
	m, price, shop := g.newMovement(), g.price(), pick(g, merchants...)
	before := g.keyed(g.row(m, day, price, "COMPRA CARTAO "+shop+g.noise()))
	before.Status = domain.Pending
	after := g.row(m, day+g.IntN(4), price, g.recased("COMPRA CARTAO "+shop)+g.noise())
	if g.chance(50) {
		after = g.keyed(after)
	}
	c := g.replaced("pending posts", before, after, day)
	c.lostKey = true
	return c
}

// postsWithoutPrefix returns a change in which a purchase is posted and its text loses the acquirer's
// prefix.
func postsWithoutPrefix(g *generator, day int) change {
	m, price, shop := g.newMovement(), g.price(), pick(g, merchants...)
	before := g.row(m, day, price, pick(g, acquirers...)+shop)
	before.Status = domain.Pending
	after := g.row(m, day+g.IntN(3), price, shop+g.noise())
	return g.replaced("acquirer prefix goes", before, after, day)
}

// enriched returns a change in which words are added to the text or the text is truncated. In one of twenty changes the
// text is replaced by a different text, so that no rule can recognise the movement.
func enriched(g *generator, day int) change {
	m, price, shop := g.newMovement(), g.price(), pick(g, merchants...)
	before := g.row(m, day, price, shop)
	before.Status = pick(g, domain.Pending, domain.Posted)
	text := shop + pick(g, " SP", " LTDA", " BR", " ME", " SA", " MX")
	switch {
	case g.chance(5):
		text = "PAGAMENTO " + g.digits(9)
	case g.chance(20) && len(shop) > 14:
		text = shop[:len(shop)-2]
	}
	return g.replaced("enriched description", before, g.row(m, day+g.IntN(8), price, g.recased(text)), day)
}

// oddlyNumbered returns a change in which the number in the text has a form that no rule recognises (see oddNoise).
func oddlyNumbered(g *generator, day int) change {
	m, price, shop := g.newMovement(), g.price(), pick(g, merchants...)
	before := g.row(m, day, price, shop+g.oddNoise())
	return g.replaced(
		"volatile part of an unknown form",
		before,
		g.row(m, day+g.IntN(4), price, shop+g.oddNoise()),
		day,
	)
}

// edited returns a change in which the bank corrects the date of a posted row by up to three days.
func edited(g *generator, day int) change {
	m, price, shop := g.newMovement(), g.price(), pick(g, merchants...)
	text := pick(g, "DEBITO VISA ELECTRON ", "COMPRA ", "PAGTO ", "") + shop
	return g.replaced("date edited", g.row(m, day, price, text+g.noise()),
		g.row(m, day-2+g.IntN(6), price, text+g.noise()), day)
}

// instalmentMoves returns a change in which an instalment gets a new date, because it is moved to another credit card
// bill. Both rows have complete instalment metadata.
func instalmentMoves(g *generator, day int) change {
	m, price, shop := g.newMovement(), g.price(), pick(g, merchants...)
	before := g.row(m, day, price, "")
	before.Keys.Instalment = g.purchase(day)
	i := before.Keys.Instalment
	before.Description = fmt.Sprintf("%s PARC %02d/%02d", shop, i.Number, i.Count)
	before.Status = domain.Pending
	after := g.row(m, day+g.IntN(32), price, fmt.Sprintf("%s %d/%d", shop, i.Number, i.Count))
	after.Keys.Instalment = i
	return g.replaced("instalment moves to another bill", before, after, day)
}

// purchase returns a random instalment of a purchase.
func (g *generator) purchase(day int) domain.Instalment {
	count := 2 + g.IntN(11)
	return domain.Instalment{
		PurchaseDate: date(day - g.IntN(300)), Number: 1 + g.IntN(count), Count: count,
		Total: g.digits(4), Card: pick(g, "8670", "1234"),
	}
}

// instalmentInText returns a change of an instalment. The number of the instalment is only in the texts of the rows,
// and not in their metadata.
func instalmentInText(g *generator, day int) change {
	m, price, shop := g.newMovement(), g.price(), pick(g, merchants...)
	i := g.purchase(day)
	before := g.row(m, day, price, fmt.Sprintf("%s PARC %02d/%02d", shop, i.Number, i.Count))
	before.Status = domain.Pending
	after := g.row(m, day+g.IntN(5), price, fmt.Sprintf("%s PARCELA %d DE %d", shop, i.Number, i.Count))
	return g.replaced("instalment in the text", before, after, day)
}

// settles returns a change of a purchase in a foreign currency. The new row is converted at another exchange rate. In
// half of the changes, the text of the row changes, too.
func settles(g *generator, day int) change {
	m, shop, cents := g.newMovement(), pick(g, foreign...), 300+g.IntN(20000)
	price := fmt.Sprintf("-%d.%02d", cents/100, cents%100)
	converted := func(rate int) *domain.Money {
		account := money(fmt.Sprintf("-%d.%04d", cents*rate/10000, cents*rate%10000), "BRL")
		return &account
	}
	before, after := g.row(m, day, price, shop+g.noise()), g.row(m, day+g.IntN(7), price, shop)
	before.Status = domain.Pending
	before.Amount, after.Amount = money(price, "USD"), money(price, "USD")
	rate := 500 + g.IntN(100)
	before.AccountAmount, after.AccountAmount = converted(rate), converted(rate+g.IntN(41)-20)
	if g.chance(10) {
		before.AccountAmount = nil
	}
	if g.chance(50) {
		after.Description += pick(g, " US", " LTD", " NL")
	}
	return g.replaced("foreign purchase settles", before, after, day)
}

// keepsKey returns a change in which the institution's id or authentication code stays the same, while
// the amount, the text and the date may change.
func keepsKey(g *generator, day int) change {
	m, price := g.newMovement(), g.price()
	before := g.row(m, day, price, pick(g, merchants...)+g.noise())
	after := g.row(m, day+g.IntN(12), price, pick(g, merchants...)+g.noise())
	if g.chance(30) {
		after.Amount = money(g.price(), "BRL")
	}
	before.Status = pick(g, domain.Pending, domain.Posted)
	key := g.digits(12)
	if g.chance(50) {
		before.Keys.Transaction, after.Keys.Transaction = key, key
	} else {
		before.Keys.Authentication, after.Keys.Authentication = key, key
	}
	return g.replaced("institution key stays", before, after, day)
}

// keepsReference returns a change in which a PIX payment keeps its reference or its end-to-end id, while
// its text changes.
func keepsReference(g *generator, day int) change {
	m, price := g.newMovement(), g.price()
	before := g.row(m, day, price, "PIX ENVIADO "+pick(g, firstNames...))
	after := g.row(m, day+g.IntN(12), price, "TRANSFERENCIA PIX")
	key := g.digits(10)
	switch g.IntN(3) {
	case 0:
		before.Keys.Reference, after.Keys.Reference = key, key
	case 1:
		before.Keys.ReceiverReference, after.Keys.ReceiverReference = key, key
	default:
		id := " E" + g.digits(8) + "202603011200" + "a" + key
		before.Description, after.Description = before.Description+id, after.Description+id
	}
	return g.replaced("PIX reference stays", before, after, day)
}

// identicalRows returns a change in which two or three equal withdrawals all get new external ids.
func identicalRows(g *generator, day int) change {
	m, price, text := g.newMovement(), g.price(), pick(g, "SAQUE 24H BANCO24HORAS", "RETIRO EN CAJERO")
	leave := day + 1 + g.IntN(5)
	c := change{kind: "k identical rows, k others"}
	for range 2 + g.IntN(2) {
		c.oldRows = append(c.oldRows, removedOn(g.row(m, day, price, text+g.noise()), day, leave))
		c.newRows = append(c.newRows, comes(g.row(m, day, price, text+g.noise()), leave))
	}
	return c
}

// transfer returns a change in which a Mexican transfer is booked. The new row has the same tracking key and, in
// addition, a reference.
func transfer(g *generator, day int) change {
	m, price := g.newMovement(), g.price()
	text := "SPEI ENVIADO " + pick(g, "BANORTE ", "SANTANDER ", "BANAMEX ") + pick(g, firstNames...)
	key := " CLAVE RASTREO " + g.digits(18)
	before := g.row(m, day, price, text+key)
	before.Status = domain.Pending
	after := g.row(m, day+g.IntN(3), price, text+key+" REF "+g.digits(7))
	return g.replaced("transfer", before, after, day)
}

// weekly returns a change in which a pending weekly payment is posted. A second new row is the payment of the next
// week.
func weekly(g *generator, day int) change {
	price, text := g.price(), "ESCOLA DE NATACAO "+pick(g, "CENTRO", "NORTE", "SUL")
	before, after := g.row(g.newMovement(), day, price, text), g.row(g.movements, day, price, text+g.noise())
	before.Status = domain.Pending
	c := g.replaced("weekly payment posts", before, after, day)
	c.newRows = append(c.newRows, comes(g.row(g.newMovement(), day+7, price, text), day+8))
	return c
}
