package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/belvo/belvosim"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

// holderAccount describes an account of a holder at Pluggy.
type holderAccount struct {
	kind, subtype, number, transfer, document string
	connector                                 string // the id of the connector; "" if the item names none
}

// holderRowsAt is the time of all rows of the accounts of holders. A bank that gives an account another id does not
// change the times of its rows.
var holderRowsAt = pluggysim.At(time.Now().Add(-24 * time.Hour))

// addHolder adds an item with one account, whose rows do not depend on the holder. It returns the ids of both.
func (b *pluggyBank) addHolder(t *testing.T, h holderAccount, rows int) (item, account string) {
	t.Helper()
	i := pluggysim.Item{ClientID: b.id}
	if h.connector != "" {
		i.Connector = json.RawMessage(fmt.Sprintf(`{"id":%s,"name":"Banco %s"}`, h.connector, h.connector))
	}
	item = b.sim.AddItem(i).ID
	return item, b.addHolderAccount(t, item, h, rows)
}

// addHolderAccount adds an account to an item.
func (b *pluggyBank) addHolderAccount(t *testing.T, item string, h holderAccount, rows int) string {
	t.Helper()
	a := pluggysim.Account{
		ItemID: item, Type: h.kind, Subtype: h.subtype, Number: pluggysim.Text(h.number),
		TaxNumber: pluggysim.Text(h.document), CurrencyCode: "BRL",
	}
	if h.transfer != "" {
		a.BankData = json.RawMessage(fmt.Sprintf(`{"transferNumber":%q}`, h.transfer))
	}
	account, err := b.sim.AddAccount(a)
	if err != nil {
		t.Fatal(err)
	}
	for n := range rows {
		if _, err := b.sim.AddTransaction(pluggysim.Transaction{
			AccountID: account.ID, Type: "DEBIT", Amount: pluggysim.Number(fmt.Sprintf("-%d.17", 20+n)),
			Description: fmt.Sprintf("LOJA %d", n), Date: holderRowsAt,
		}); err != nil {
			t.Fatal(err)
		}
	}
	return account.ID
}

// accountsOf returns the accounts of a connection that are not marked as removed.
func (o operator) accountsOf(id string) []object {
	return slices.DeleteFunc(o.pages(pathOf(id, "/accounts"), 50), func(a object) bool { return a["removedAt"] != nil })
}

// severityOf returns the severity of a connection's reason for attention; "" if it does not have the reason.
func (o operator) severityOf(id, reason string) string {
	health := o.get(pathOf(id, "/health")).want(http.StatusOK).json()
	reasons, _ := health["attention"].([]any)
	for _, r := range reasons {
		if r.(object)["reason"] == reason {
			return text(r.(object), "severity")
		}
	}
	return ""
}

const (
	holderA, holderB = "111.444.777-35", "529.982.247-25"
	fullNumber       = "341/0001/12345-6"
)

// A new connection continues the account of a deleted one only if a full number or an id names the account. The last
// digits of a card, or a number without its bank, may be those of another person.
func TestANewConnectionContinuesAnAccountByItsIdentityOnly(t *testing.T) {
	const continues, maybe, isNew = "continues", "maybe", "new"
	card := func(document, connector string) holderAccount {
		return holderAccount{"CREDIT", "CREDIT_CARD", "8671", "", document, connector}
	}
	bank := func(number, transfer, document, connector string) holderAccount {
		return holderAccount{"BANK", "CHECKING_ACCOUNT", number, transfer, document, connector}
	}
	savings := bank("0001/12345-6", fullNumber, holderA, "201")
	savings.subtype = "SAVINGS_ACCOUNT"
	for name, c := range map[string]struct {
		first, second holderAccount
		want          string
	}{
		"a card of another holder and bank":    {card(holderA, "201"), card(holderB, "202"), isNew},
		"a card of another holder of the bank": {card(holderA, "201"), card(holderB, "201"), isNew},
		"a card of another bank":               {card(holderA, "201"), card(holderA, "202"), isNew},
		"a card of the holder and the bank":    {card(holderA, "201"), card(holderA, "201"), maybe},
		"a card of the bank":                   {card("", "201"), card("", "201"), maybe},
		"a card of an unknown bank":            {card("", ""), card("", ""), isNew},
		"a number without its bank": {
			bank("0001/12345-0", "", holderA, ""), bank("0001/12345-0", "", holderB, ""), isNew,
		},
		"a number without its bank, of one holder": {
			bank("0001/12345-0", "", holderA, "201"), bank("0001/12345-0", "", holderA, "201"), maybe,
		},
		"a full number": {
			bank("0001/12345-6", fullNumber, holderA, "201"), bank("12345-6", "341/1/012345-6", holderA, "612"),
			continues,
		},
		"a full number of another holder": {
			bank("0001/12345-6", fullNumber, holderA, "201"), bank("0001/12345-6", fullNumber, holderB, "201"), maybe,
		},
		"a full number of a masked holder": {
			bank("0001/12345-6", fullNumber, holderA, "201"), bank("0001/12345-6", fullNumber, "***.444.777-**", "201"),
			continues,
		},
		"a full number of another masked holder": {
			bank("0001/12345-6", fullNumber, holderA, "201"), bank("0001/12345-6", fullNumber, "***.982.247-**", "201"),
			maybe,
		},
		"a card of a masked holder":       {card("***.444.777-**", "201"), card(holderA, "201"), maybe},
		"a card of another masked holder": {card("***.444.777-**", "201"), card(holderB, "201"), isNew},
		"a card of masked holders":        {card("***.444.777-**", "201"), card("111.***.***-**", "201"), maybe},
		"a full number beside another number": {
			bank("12345-6", fullNumber, holderA, "201"), bank("99999-9", fullNumber, holderA, "201"), maybe,
		},
		"a full number beside another agency": {
			bank("0001/12345-6", fullNumber, holderA, "201"), bank("0002/12345-6", fullNumber, holderA, "201"), maybe,
		},
		"a full number beside one without a check digit": {
			bank("0001/12345-6", fullNumber, holderA, "201"), bank("12345", fullNumber, holderA, "201"), continues,
		},
		"a full number of another bank": {
			bank("0001/12345-6", fullNumber, holderA, ""), bank("0001/12345-6", "237/0001/12345-6", holderA, ""), isNew,
		},
		"another check digit": {
			bank("0001/12345-6", fullNumber, holderA, "201"), bank("0001/12345-7", "341/0001/12345-7", holderA, "201"),
			isNew,
		},
		"a full number of another type": {bank("0001/12345-6", fullNumber, holderA, "201"), savings, isNew},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *env) {
				b, o := newPluggy(t), w.operator(t)
				b.item, _ = b.addHolder(t, c.first, 12)
				first := o.connect(b, "first")
				o.pull(first, nil)
				former := text(o.accountsOf(first)[0], "id")
				before := o.liveIDs(first)
				o.send(http.MethodDelete, pathOf(first, ""), nil).want(http.StatusNoContent)
				b.item, _ = b.addHolder(t, c.second, 12)
				second := o.connect(b, "second")
				o.pull(second, nil)
				account := o.accountsOf(second)[0]
				got, severity := isNew, o.severityOf(second, "account_ambiguous")
				switch candidates, _ := account["maybeContinues"].([]any); {
				case text(account, "id") == former:
					got = continues
				case len(candidates) == 1 && candidates[0] == former:
					got = maybe
				case len(candidates) > 0:
					t.Errorf("the account is %v", account)
				}
				if got != c.want || severity != map[string]string{maybe: "soon"}[c.want] {
					t.Errorf("the account is %s (%s), want %s", got, severity, c.want)
				}
				after := o.liveIDs(second)
				for id := range after {
					if before[id] != (c.want == continues) {
						t.Errorf("the record %s of the first connection: %t", id, before[id])
					}
				}
				if len(after) != 12 {
					t.Errorf("%d records are live, want 12", len(after))
				}
			})
		})
	}
}

// The operator says that a new account continues none of those that it may continue.
func TestAnOperatorSaysThatANewAccountContinuesNone(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		b, o := newPluggy(t), w.operator(t)
		card := holderAccount{"CREDIT", "CREDIT_CARD", "8671", "", holderA, "201"}
		b.item, _ = b.addHolder(t, card, 3)
		first := o.connect(b, "first")
		o.pull(first, nil)
		o.send(http.MethodDelete, pathOf(first, ""), nil).want(http.StatusNoContent)
		b.item, _ = b.addHolder(t, card, 3)
		second := o.connect(b, "second")
		o.pull(second, nil)
		account := o.accountsOf(second)[0]
		path := allAccounts + "/" + text(account, "id") + "/continue"
		now := o.send(http.MethodPost, path, object{"none": true}).want(http.StatusOK).json()
		if now["id"] != account["id"] || now["maybeContinues"] != nil {
			t.Errorf("the account is %v", now)
		}
		if got := o.severityOf(second, "account_ambiguous"); got != "" {
			t.Errorf("account_ambiguous is still %s", got)
		}
		o.send(http.MethodPost, path, object{"none": true}).want(http.StatusConflict)
		o.send(http.MethodPost, path, object{}).want(http.StatusBadRequest)
		o.pull(second, nil)
		if again := o.accountsOf(second)[0]; again["maybeContinues"] != nil || again["id"] != account["id"] {
			t.Errorf("after a pull the account is %v", again)
		}
	})
}

// The vendor gives an account another id within one item.
func TestAnAccountWhoseIDChangesKeepsItsRecords(t *testing.T) {
	full := holderAccount{"BANK", "CHECKING_ACCOUNT", "0001/12345-6", fullNumber, holderA, "201"}
	digits := full
	digits.transfer = ""
	plain := full
	plain.transfer, plain.number = "", ""
	other := full
	other.transfer, other.number = "341/0001/54321-0", "0001/54321-0"
	savings := full
	savings.subtype = "SAVINGS_ACCOUNT"
	for name, c := range map[string]struct {
		before, after holderAccount
		rows          int
		continues     bool
		withheld      bool
	}{
		"by its full number":           {full, full, 3, true, false},
		"by its rows":                  {plain, plain, 15, true, false},
		"by its rows, of another type": {full, savings, 15, true, false},
		"with too few rows":            {digits, digits, 3, false, true},
		"another number":               {full, other, 15, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *env) {
				b, o := newPluggy(t), w.operator(t)
				var old string
				b.item, old = b.addHolder(t, c.before, c.rows)
				id := o.connect(b, "main")
				o.pull(id, nil)
				o.awaitFeed(id)
				before, cursor, account := o.liveIDs(id), o.feedEnd(), text(o.accountsOf(id)[0], "id")
				if err := b.sim.SetAccountListed(old, false); err != nil {
					t.Fatal(err)
				}
				present := b.addHolderAccount(t, b.item, c.after, c.rows)
				o.pull(id, nil)
				severity := o.severityOf(id, "account_ambiguous")
				if severity != map[bool]string{true: "now"}[c.withheld] {
					t.Errorf("account_ambiguous is %q", severity)
				}
				switch {
				case c.continues:
					o.checkContinued(id, cursor, before)
					now := o.accountsOf(id)
					if len(now) != 1 || text(now[0], "id") != account || text(now[0], "externalId") != present {
						t.Errorf("the accounts are %v", now)
					}
				case c.withheld:
					if live := o.liveIDs(id); len(live) != c.rows {
						t.Errorf("%d records are live, want %d", len(live), c.rows)
					}
				default:
					if now := o.accountsOf(id); len(now) != 1 || text(now[0], "id") == account {
						t.Errorf("the accounts are %v", now)
					}
				}
			})
		})
	}
}

// belvoHolder adds a link with one account of five rows, and returns its id.
func (b *belvoBank) belvoHolder(t *testing.T, institution string, edit func(*belvosim.Account)) string {
	t.Helper()
	link, err := b.sim.AddLink(belvosim.Link{Institution: institution})
	if err != nil {
		t.Fatal(err)
	}
	b.belvoAccount(t, link.ID, institution, edit)
	return link.ID
}

func (b *belvoBank) belvoAccount(t *testing.T, link, institution string, edit func(*belvosim.Account)) string {
	t.Helper()
	currency := "BRL"
	a := belvosim.Account{
		Link: link, Institution: belvosim.Institution{Name: institution, Type: "bank"}, Currency: &currency,
		Category: "CREDIT_CARD", Number: "8671",
	}
	edit(&a)
	account, err := b.sim.AddAccount(a)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 5 {
		text, kind, day := fmt.Sprintf("LOJA %d", n), "OUTFLOW", time.Now().AddDate(0, 0, -n-1).Format(time.DateOnly)
		if _, err := b.sim.AddTransaction(link, belvosim.Transaction{
			Account: account.ID, Amount: json.RawMessage(fmt.Sprintf("%d.17", 20+n)), Type: &kind, Currency: &currency,
			Description: &text, ValueDate: &day,
		}); err != nil {
			t.Fatal(err)
		}
	}
	return account.ID
}

func TestANewConnectionAtBelvoContinuesAnAccountByItsIdentityOnly(t *testing.T) {
	of := func(id string) func(*belvosim.Account) {
		return func(a *belvosim.Account) { a.InternalIdentification = &id }
	}
	const strong = "c7e9-41d0-55ab"
	none := func(*belvosim.Account) {}
	full := func(a *belvosim.Account) {
		name, value := "AGENCY/ACCOUNT", "0444/45722-0"
		a.Category, a.Number = "CHECKING_ACCOUNT", "45722"
		a.PublicIdentificationName, a.PublicIdentificationValue = &name, &value
	}
	for name, c := range map[string]struct {
		firstBank, secondBank string
		first, second         func(*belvosim.Account)
		continues, maybe      bool
	}{
		"a card of another bank with another id":  {"itau_br", "bradesco_br", of("k"), of("z"), false, false},
		"a card with another id":                  {"itau_br", "itau_br", of("k"), of("z"), false, true},
		"a card without an id":                    {"itau_br", "itau_br", none, none, false, true},
		"a card with the same id":                 {"itau_br", "itau_br", of(strong), of(strong), true, false},
		"a card with the same id of another bank": {"itau_br", "bradesco_br", of(strong), of(strong), false, false},
		"a card with the same short id":           {"itau_br", "itau_br", of("0001"), of("0001"), false, true},
		"a card with the same id of zeros":        {"itau_br", "itau_br", of("00000000"), of("00000000"), false, true},
		"a card with the same id of ones":         {"itau_br", "itau_br", of("11111111"), of("11111111"), false, true},
		"a card with a date as its id":            {"itau_br", "itau_br", of("20260301"), of("20260301"), false, true},
		"a full number":                           {"itau_br", "itau_br", full, full, true, false},
		"a full number of another bank":           {"itau_br", "bradesco_br", full, full, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *env) {
				b, o := newBelvo(t), w.operator(t)
				b.link = b.belvoHolder(t, c.firstBank, c.first)
				first := o.connect(b, "first")
				o.pull(first, nil)
				former := text(o.accountsOf(first)[0], "id")
				o.send(http.MethodDelete, pathOf(first, ""), nil).want(http.StatusNoContent)
				b.link = b.belvoHolder(t, c.secondBank, c.second)
				second := o.connect(b, "second")
				o.pull(second, nil)
				account := o.accountsOf(second)[0]
				if (text(account, "id") == former) != c.continues || (account["maybeContinues"] != nil) != c.maybe {
					t.Errorf("the former account is %s, and the new one %v", former, account)
				}
			})
		})
	}
}

// At Belvo, one complete read is enough if the identity of the account decides.
func TestAnAccountAtBelvoWhoseIDChangesKeepsItsRecords(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		b, o := newBelvo(t), w.operator(t)
		identity := func(a *belvosim.Account) {
			id := "k"
			a.InternalIdentification = &id
		}
		b.link = b.belvoHolder(t, "itau_br", identity)
		id := o.connect(b, "main")
		o.pull(id, nil)
		o.awaitFeed(id)
		before, cursor, account := o.liveIDs(id), o.feedEnd(), o.accountsOf(id)[0]
		if err := b.sim.SetAccountListed(text(account, "externalId"), false); err != nil {
			t.Fatal(err)
		}
		for _, row := range b.sim.Transactions(b.link) {
			if err := b.sim.RemoveTransaction(row.ID); err != nil {
				t.Fatal(err)
			}
		}
		present := b.belvoAccount(t, b.link, "itau_br", identity)
		o.pull(id, nil)
		o.checkContinued(id, cursor, before)
		if now := o.accountsOf(
			id,
		); len(now) != 1 || now[0]["id"] != account["id"] ||
			text(now[0], "externalId") != present {
			t.Errorf("the accounts are %v", now)
		}
	})
}
