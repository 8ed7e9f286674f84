package porttest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// fidelityPromises hold that a store gives back what it was given.
var fidelityPromises = []promise{
	{"metadata comes back byte for byte", metadataIsKept},
	{"amounts come back exactly", amountsAreKept},
	{"a row comes back with every member", membersAreKept},
	{"texts come back exactly, whatever they hold", textsAreKept},
	{"a page's rows are not shared with the caller", pagesAreNotShared},
}

// accountPromises are what a page does with accounts.
var accountPromises = []promise{
	{"an account is added, and changed under its id", accountsChange},
	{"an account comes back with every member, or with none but its id", accountMembers},
	{"a transaction is bound to its account, and stored without an unknown one", accountsBind},
	{"accounts page by external id, by their bytes", accountPaging},
}

// metadataIsKept has what a JSON column would mend: spaces, doubled members, escapes that
// are no character, numbers beyond a float.
func metadataIsKept(b *bench) {
	c, l := b.running()
	objects := []string{
		"{ \"a\" :\t1,\n\n \"a\":2 }  ", `{"b":1,"a":2}`, `{"zero":"\u0000","pair":"\ud83c\udfe6","lone":"\ud800","slash":"\/"}`,
		`{"n":12345678901234567890,"e":1E+2,"f":1.50,"z":-0,"tiny":0.00000000000000000001}`,
		`{"quote":"it's \"x\" \\","percent":"%s %d","emoji":"🏦","combining":"` + "e\u0301" + `"}`,
		`{}`, `null`, `[1, 2]`, `"text"`, `{"` + string(bytes.Repeat([]byte("long"), 20_000)) + `":1}`,
	}
	var page ports.PageWrite
	for i, object := range objects {
		o, a := row(fmt.Sprint(i)), account(fmt.Sprint(i))
		o.Metadata, a.Metadata = json.RawMessage(object), json.RawMessage(object)
		page.Transactions, page.Accounts = append(page.Transactions, o), append(page.Accounts, a)
	}
	b.stored(l, page)
	for i, object := range objects {
		b.same("transaction's metadata", object, string(b.row(c, fmt.Sprint(i)).Metadata))
		accounts := b.accounts(c)
		at := slices.IndexFunc(accounts, func(a domain.Account) bool { return a.ExternalID == fmt.Sprint(i) })
		b.same("account's metadata", object, string(accounts[at].Metadata))
	}
}

// amountsAreKept goes to the ends of the decimal type and past those of a float.
func amountsAreKept(b *bench) {
	c, l := b.running()
	amounts := []string{
		"0", "0.01", "-0.01", "1", "-1", "0.1", "900", "1234.5", "9999999999999999999", "-9999999999999999999",
		"0.0000000000000000001", "-0.9999999999999999999", "1234567890.123456789", "9007199254740993", "0.30000000000000004",
	}
	var rows []domain.TransactionData
	for _, amount := range amounts {
		rows = append(rows, row(amount, func(o *domain.TransactionData) {
			o.Amount = money(amount, "BRL")
			inAccount := money(amount, "USD")
			o.AccountMoney = &inAccount
		}))
	}
	b.write(l, rows...)
	for _, want := range rows {
		got := b.row(c, want.ExternalID)
		b.same("amount", want.Amount.Amount.String(), got.Amount.Amount.String())
		b.same("currency", "BRL", got.Amount.Currency)
		b.same("in the account's currency", want.AccountMoney, got.AccountMoney)
	}
	b.same("counts again", domain.Counts{Read: len(rows), Unchanged: len(rows)}, b.write(l, rows...))
}

// membersAreKept tells no time from midnight: a zero time is no time.
func membersAreKept(b *bench) {
	c, l := b.running()
	inAccount := money("-3.21", "USD")
	full := domain.TransactionData{
		ExternalID: "full", Account: "a", Amount: money("-17.99", "BRL"), AccountMoney: &inAccount, Status: domain.Pending,
		Date: "2024-02-29", OccurredAt: time.Date(2024, 2, 29, 23, 59, 59, 999999000, time.UTC),
		Description: "description", Category: "category", Counterparty: "counterparty", Metadata: json.RawMessage(`{}`),
	}
	bare := domain.TransactionData{ExternalID: "bare", Amount: money("1", "BRL"), Status: domain.Posted, Date: "2026-01-01"}
	midnight := bare
	midnight.ExternalID, midnight.OccurredAt = "midnight", time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	b.stored(l, ports.PageWrite{Accounts: []domain.AccountData{account("a")}, Transactions: []domain.TransactionData{full, bare, midnight}})
	for _, want := range []domain.TransactionData{full, bare, midnight} {
		got := b.row(c, want.ExternalID)
		b.same(want.ExternalID, want, got.TransactionData)
		b.utc(got.OccurredAt)
	}
}

// textsAreKept uses each text as the key, too.
func textsAreKept(b *bench) {
	c, l := b.running()
	var rows []domain.TransactionData
	for _, text := range hostile {
		rows = append(rows, row(text, func(o *domain.TransactionData) {
			o.Description, o.Category, o.Counterparty, o.Account, o.Metadata = text, text, text, text, nil
		}))
	}
	b.same("counts", domain.Counts{Read: len(rows), Added: len(rows)}, b.write(l, rows...))
	b.same("counts again", domain.Counts{Read: len(rows), Unchanged: len(rows)}, b.write(l, rows...))
	for _, want := range rows {
		b.same("row", want, b.row(c, want.ExternalID).TransactionData)
	}
	b.same("counts of the removal", domain.Counts{Removed: len(hostile)}, b.stored(l, ports.PageWrite{Removed: hostile}))
}

func pagesAreNotShared(b *bench) {
	c, l := b.running()
	o := row("1")
	inAccount := money("5", "USD")
	o.AccountMoney = &inAccount
	view := account("a")
	view.Metadata = json.RawMessage(`{}`)
	b.stored(l, ports.PageWrite{Accounts: []domain.AccountData{view}, Transactions: []domain.TransactionData{o}})
	want := b.row(c, "1")
	o.Metadata[0], *o.AccountMoney = '!', money("6", "USD")
	view.Metadata[0], *view.Balance = '!', money("6", "USD")
	kept := b.accounts(c)[0]
	b.same("account", "{} 100", fmt.Sprint(string(kept.Metadata), " ", kept.Balance.Amount))
	kept.Metadata[0], *kept.Balance = '!', money("7", "USD")
	kept = b.accounts(c)[0]
	b.same("account afterwards", "{} 100", fmt.Sprint(string(kept.Metadata), " ", kept.Balance.Amount))
	b.same("after the caller wrote to what it handed over", "{", string(b.row(c, "1").Metadata[:1]))
	b.same("amount", money("5", "USD"), *b.row(c, "1").AccountMoney)
	got := b.row(c, "1")
	got.Metadata[0], *got.AccountMoney = '!', money("7", "USD")
	b.same("amount afterwards", money("5", "USD"), *b.row(c, "1").AccountMoney)
	b.same("metadata afterwards", string(row("1").Metadata), string(b.row(c, "1").Metadata))
	b.same("version", want.Version, b.row(c, "1").Version)
}

func accountsChange(b *bench) {
	c, l := b.running()
	at := b.now()
	view := account("a")
	b.same("counts", domain.Counts{Accounts: 1}, b.stored(l, ports.PageWrite{Accounts: []domain.AccountData{view}, At: at}))
	first := b.accounts(c)[0]
	want := domain.Account{
		ID: first.ID, Tenant: c.Tenant, Connection: c.ID, Vendor: c.Vendor, AccountData: view, FirstSeenAt: at, UpdatedAt: at,
	}
	b.same("added", want, first)
	b.same("id", false, first.ID.IsZero())
	b.utc(first.FirstSeenAt, first.UpdatedAt)
	balance := money("-99.01", "USD")
	view.Type, view.Name, view.Balance, view.Currency = domain.CreditAccount, "renamed", &balance, "USD"
	later := b.now()
	b.stored(l, ports.PageWrite{Accounts: []domain.AccountData{view}, At: later})
	want.AccountData, want.UpdatedAt = view, later
	b.same("changed", []domain.Account{want}, b.accounts(c))
	two, second := b.running()
	b.stored(second, ports.PageWrite{Accounts: []domain.AccountData{account("a")}})
	if b.accounts(two)[0].ID == first.ID {
		b.Error("two connections share an account")
	}
}

// accountMembers has an account without a balance: unknown is not zero.
func accountMembers(b *bench) {
	c, l := b.running()
	balance := money("1234567890123456.789", "BRL")
	full := domain.AccountData{
		ExternalID: "a full", Type: domain.OtherAccount, Subtype: "SAVINGS'", Name: "Poupança 🏦", Number: "0001-9/12.345",
		Currency: "BRL", Balance: &balance, Metadata: json.RawMessage(` {"a": 1} `),
	}
	bare := domain.AccountData{ExternalID: "b bare", Type: domain.BankAccount}
	b.stored(l, ports.PageWrite{Accounts: []domain.AccountData{bare, full}})
	views := ids(b.accounts(c), func(a domain.Account) domain.AccountData { return a.AccountData })
	b.same("accounts", []domain.AccountData{full, bare}, views)
}

// accountsBind has an account of another connection: it is unknown here.
func accountsBind(b *bench) {
	c, l := b.running()
	b.stored(l, ports.PageWrite{Accounts: []domain.AccountData{account("known")}})
	_, other := b.running()
	b.stored(other, ports.PageWrite{Accounts: []domain.AccountData{account("elsewhere")}})
	b.stored(l, ports.PageWrite{
		Accounts: []domain.AccountData{account("same page")},
		Transactions: []domain.TransactionData{
			row("known", of("known")), row("same page", of("same page")), row("unknown", of("unknown")),
			row("elsewhere", of("elsewhere")), row("none"),
		},
	})
	byName := map[string]domain.AccountID{}
	for _, a := range b.accounts(c) {
		byName[a.ExternalID] = a.ID
	}
	for _, name := range []string{"known", "same page", "unknown", "elsewhere", "none"} {
		got := b.row(c, name)
		b.same("account of "+name, byName[name], got.AccountID)
		b.same("version of "+name, 1, got.Version)
	}
	b.write(l, row("known", of("same page")))
	b.same("account of a row that moved", byName["same page"], b.row(c, "known").AccountID)
	b.write(l, row("known", of("nowhere")))
	b.same("account of a row that moved out of sight", domain.AccountID{}, b.row(c, "known").AccountID)
}

func accountPaging(b *bench) {
	c, l := b.running()
	var page ports.PageWrite
	for _, text := range hostile {
		page.Accounts = append(page.Accounts, account(text))
	}
	b.stored(l, page)
	names := ids(b.accounts(c), func(a domain.Account) string { return a.ExternalID })
	b.same("by external id", slices.Sorted(slices.Values(hostile)), names)
	first, err := b.Ledger.Accounts(b.ctx, b.tenant, c.ID, domain.PageRequest{Limit: 4})
	b.ok(err)
	b.same("position", domain.Position{Key: names[3], ID: first.Items[3].ID.UUID}, first.Next)
	whole, err := b.Ledger.Accounts(b.ctx, b.tenant, c.ID, domain.PageRequest{Limit: len(hostile)})
	b.ok(err)
	b.same("position of a last page that is full", domain.Position{}, whole.Next)
}
