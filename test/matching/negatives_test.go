package matching_test

import (
	"fmt"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// negatives are the kinds of changes in which the new row is a different movement from the old row. share is the kind's
// share of all changes, in percent.
var negatives = []struct {
	share int
	build func(*generator, int) change
}{
	{
		6,
		bothShown,
	},
	{5, oneCancelledOfSeveral},
	{1, oddlyNumberedWithdrawals},
	{5, anotherKey},
	{4, anotherReference},
	{2, anotherTransfer},
	{3, nextMonth},
	{3, refunded},
	{3, anotherInstalment},
	{2, learnedLater},
	{3, anotherParty},
	{3, anotherTime},
	{2, longAfter},
	{1, otherDirection},
	{1, otherMerchant},
}

// repeated returns a change in which the new row is another movement with the same amount and text as the old row. The
// new row is dated at most daysApart days later.
func (g *generator) repeated(kind, text string, day, daysApart int) change {
	price := g.price()
	before := removedOn(g.row(g.newMovement(), day, price, text+g.noise()), day, day+1+g.IntN(4))
	after := g.row(g.newMovement(), day+g.IntN(daysApart+1), price, g.recased(text)+g.noise())
	come := int(before.LastRead) - 99 + g.IntN(3)
	return change{kind: kind, sharesText: true, oldRows: []labelled{before}, newRows: []labelled{comes(after, come)}}
}

// setStatus sets the status of the old row and of the new row. The change must have exactly one row of each kind.
func (c *change) setStatus(before, after domain.TransactionStatus) {
	c.oldRows[0].Status, c.newRows[0].Status = before, after
}

// bothShown returns a change in which one of two equal purchases is cancelled after the service has read both together.
func bothShown(g *generator, day int) change {
	c := g.repeated("equal purchase, shown together", pick(g, merchants...), day, 4)
	c.oldRows[0].LastRead = c.newRows[0].FirstRead + uint64(g.IntN(3))
	c.setStatus(domain.Pending, pick(g, domain.Pending, domain.Posted))
	return c
}

// oneCancelledOfSeveral returns a change in which all rows look the same. There are more or fewer new rows than old
// rows. Nobody can know which old and new row belong together. Every match therefore counts as wrong.
func oneCancelledOfSeveral(g *generator, day int) change {
	price, text := g.price(), pick(g, "SAQUE BANCO24HORAS AG 12", "RETIRO SIN TARJETA", "BILHETE UNICO RECARGA")
	leave, moved := day+1+g.IntN(4), g.IntN(3)
	c := change{kind: "k identical rows, m others", sharesText: true}
	oldRows := 1 + g.IntN(3)
	newRows := oldRows + pick(g, -1, 1)
	if newRows == 0 {
		newRows = 2
	}
	for range oldRows {
		c.oldRows = append(c.oldRows, removedOn(g.row(g.newMovement(), day, price, text+g.noise()), day, leave))
	}
	for range newRows {
		c.newRows = append(c.newRows, comes(g.row(g.newMovement(), day+moved, price, text+g.noise()), leave))
	}
	return c
}

// oddlyNumberedWithdrawals returns a change like that of oneCancelledOfSeveral, except that the texts also contain a
// number in a form that no rule recognises (see oddNoise).
func oddlyNumberedWithdrawals(g *generator, day int) change {
	c := oneCancelledOfSeveral(g, day)
	c.kind = "k and m rows, volatile parts of an unknown form"
	for _, rows := range [][]labelled{c.oldRows, c.newRows} {
		for i := range rows {
			rows[i].Description += g.oddNoise()
		}
	}
	return c
}

// anotherKey returns a change in which a purchase is cancelled and repeated at the same merchant. The new purchase has
// a different transaction key.
func anotherKey(g *generator, day int) change {
	c := g.repeated("cancelled and bought again, other keys", "COMPRA CARTAO "+pick(g, merchants...), day, 4)
	status := pick(g, domain.Posted, domain.Pending)
	c.setStatus(status, status)
	c.oldRows[0], c.newRows[0] = g.keyed(c.oldRows[0]), g.keyed(c.newRows[0])
	c.lostKey = true
	return c
}

// anotherTransfer returns a change with two transfers by SPEI to the same person, which have different tracking keys.
func anotherTransfer(g *generator, day int) change {
	c := g.repeated("SPEI with another tracking key", "SPEI ENVIADO "+pick(g, firstNames...), day, 3)
	c.setStatus(domain.Posted, domain.Posted)
	c.oldRows[0].Description += " CLAVE RASTREO " + g.digits(18)
	c.newRows[0].Description += " CLAVE RASTREO " + g.digits(18)
	return c
}

// anotherReference returns a change with two PIX payments of the same amount and with different references. With a
// probability of one half, the two payments were made with the same static QR code.
func anotherReference(g *generator, day int) change {
	c := g.repeated("PIX with another reference", "PIX ENVIADO "+pick(g, firstNames...), day, 3)
	c.setStatus(pick(g, domain.Pending, domain.Posted), domain.Posted)
	c.oldRows[0].Keys.Reference, c.newRows[0].Keys.Reference = g.digits(11), g.digits(11)
	if g.chance(50) {
		code := g.digits(9)
		c.oldRows[0].Keys.ReceiverReference, c.newRows[0].Keys.ReceiverReference = code, code
	}
	return c
}

// nextMonth returns a change in which a subscription is cancelled and charged again in the next month.
func nextMonth(g *generator, day int) change {
	c := g.repeated("subscription, next month", pick(g, subscriptions...), day, 0)
	c.newRows[0].Date = date(day + 28 + g.IntN(4))
	return c
}

// refunded returns a change in which a posted purchase is removed, and the new row is a pending purchase at the same
// merchant.
func refunded(g *generator, day int) change {
	c := g.repeated("posted left, pending came", pick(g, merchants...), day, 4)
	c.setStatus(domain.Posted, domain.Pending)
	return c
}

// anotherInstalment returns a change in which the old row is one instalment of a purchase. The new row is the next
// instalment of the same purchase. Both rows have the same date.
func anotherInstalment(g *generator, day int) change {
	c := g.repeated("another instalment", "", day, 0)
	shop, count := pick(g, merchants...), 4+g.IntN(8)
	number := 1 + g.IntN(count-1)
	c.oldRows[0].Description = fmt.Sprintf("%s PARC %02d/%02d", shop, number, count)
	c.newRows[0].Description = fmt.Sprintf("%s PARC %02d/%02d", shop, number+1, count)
	return c
}

// learnedLater returns a change in which the service learns of the new row more than fourteen days after it learns of
// the removal of the old row.
func learnedLater(g *generator, day int) change {
	c := g.repeated("learned more than 14 days apart", pick(g, merchants...), day, 4)
	c.newRows[0] = comes(c.newRows[0], int(c.oldRows[0].LastRead)-99+15+g.IntN(10))
	return c
}

// anotherParty returns a change with two PIX payments that have equal texts and differ only in the tax numbers of the
// recipients.
func anotherParty(g *generator, day int) change {
	c := g.repeated("PIX to somebody else", "PIX ENVIADO", day, 4)
	c.oldRows[0].Keys.CounterpartyDocument, c.newRows[0].Keys.CounterpartyDocument = g.digits(11), g.digits(11)
	return c
}

// anotherTime returns a change with two withdrawals or two transfers of the same amount. The texts of two withdrawals
// contain different times. The texts of two transfers contain different dates.
func anotherTime(g *generator, day int) change {
	c := g.repeated("another date or time in the text", "", day, 1)
	c.oldRows[0].Description = "SAQUE CAIXA ELETRONICO 09:" + pick(g, "12", "48")
	c.newRows[0].Description = "SAQUE CAIXA ELETRONICO 17:" + pick(g, "12", "48")
	if g.chance(50) {
		c.oldRows[0].Description, c.newRows[0].Description = "PIX TRANSF MARIA 03/03", "PIX TRANSF MARIA 04/03"
	}
	return c
}

// longAfter returns a change in which a similar purchase follows a cancelled one after more than ten days.
func longAfter(g *generator, day int) change {
	c := g.repeated("similar purchase after ten days", pick(g, merchants...), day, 0)
	c.newRows[0].Date = date(day + 11 + g.IntN(4))
	return c
}

// otherDirection returns a change in which a purchase is removed and the new row is its refund.
func otherDirection(g *generator, day int) change {
	c := g.repeated("refund", pick(g, merchants...), day, 4)
	c.newRows[0].Amount = c.newRows[0].Amount.Negate()
	return c
}

// otherMerchant returns a change with two purchases of the same amount at different merchants, whose names
// have words in common.
func otherMerchant(g *generator, day int) change {
	c := g.repeated("another merchant of the same kind", "", day, 4)
	c.sharesText = false
	names := pick(g, [2]string{"UBER *TRIP", "UBER *EATS"}, [2]string{"POSTO SHELL", "POSTO IPIRANGA"},
		[2]string{"PAG*BARDOZE", "PAG*BARDOJOAO"}, [2]string{"MERCADOPAGO*LOJA A", "MERCADOPAGO*LOJA B"})
	c.oldRows[0].Description, c.newRows[0].Description = names[0], names[1]
	return c
}

// indistinguishable are changes in which the two rows look alike, but describe different movements of money. No rule
// can detect the difference. These changes are measured separately, and no limit applies to them.
var indistinguishable = []func(*generator, int) change{
	// A pending purchase is cancelled, and an equal purchase is made and posted.
	func(g *generator, day int) change {
		c := g.repeated("pending cancelled, equal purchase posted", pick(g, merchants...), day, 4)
		c.setStatus(domain.Pending, domain.Posted)
		c.oldRows[0], c.newRows[0] = g.keyed(c.oldRows[0]), g.keyed(c.newRows[0])
		return c
	},
	// A posted purchase is cancelled, and an equal purchase is posted. The institution provides no keys.
	func(g *generator, day int) change {
		c := g.repeated("posted cancelled, equal purchase posted, no keys", pick(g, merchants...), day, 4)
		c.setStatus(domain.Posted, domain.Posted)
		return c
	},
	// A pending weekly payment is cancelled. The new row is another movement: the payment of the next week.
	func(g *generator, day int) change {
		c := g.repeated("weekly payment cancelled, next week posted", "ESCOLA DE NATACAO SUL", day, 0)
		c.newRows[0].Date = date(day + 7)
		c.setStatus(domain.Pending, domain.Posted)
		return c
	},
	// Neither the texts nor the keys of the two PIX payments contain the recipient.
	func(g *generator, day int) change {
		return g.repeated("PIX without reference and party", "PIX ENVIADO", day, 4)
	},
}
