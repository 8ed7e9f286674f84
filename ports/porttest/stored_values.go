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

// storedValueTests check that a store returns exactly the values that were stored.
var storedValueTests = []storeTest{
	{"metadata is returned byte for byte", metadataIsUnchanged},
	{"amounts are returned exactly", amountsAreExact},
	{"a row is returned with every member", allMembersAreStored},
	{"texts are returned exactly", textsAreExact},
	{"a page's rows are not shared with the caller", pagesAreNotShared},
}

// accountTests check how StorePage stores accounts.
var accountTests = []storeTest{
	{"an account is added, and updated under its id", accountsChange},
	{"an account is returned with every member, or with only its id", accountMembers},
	{"a transaction refers to its account, and is stored without an unknown one", transactionsReferToAccounts},
	{"accounts are sorted by the bytes of their external ids", accountPaging},
}

// metadataIsUnchanged checks that a store returns metadata byte by byte. A JSON column would change some of it:
//
//   - spaces
//   - duplicate members
//   - escapes such as \u0000 and \ud800
//   - numbers that a float cannot represent
func metadataIsUnchanged(f *fixture) {
	c, l := f.runningPull()
	objects := []string{
		"{ \"a\" :\t1,\n\n \"a\":2 }  ", `{"b":1,"a":2}`,
		`{"zero":"\u0000","pair":"\ud83c\udfe6","lone":"\ud800","slash":"\/"}`,
		`{"n":12345678901234567890,"e":1E+2,"f":1.50,"z":-0,"tiny":0.00000000000000000001}`,
		`{"quote":"it's \"x\" \\","percent":"%s %d","emoji":"🏦","combining":"` + "e\u0301" + `"}`,
		`{}`, `null`, `[1, 2]`, `"text"`, `{"` + string(bytes.Repeat([]byte("long"), 20_000)) + `":1}`,
	}
	var page ports.PageWrite
	for i, object := range objects {
		o, a := row(fmt.Sprint(i)), accountData(fmt.Sprint(i))
		o.Metadata, a.Metadata = json.RawMessage(object), json.RawMessage(object)
		page.Transactions, page.Accounts = append(page.Transactions, o), append(page.Accounts, a)
	}
	f.mustStorePage(l, page)
	for i, object := range objects {
		f.equal("transaction's metadata", object, string(f.getRow(c, fmt.Sprint(i)).Metadata))
		accounts := f.listAccounts(c)
		at := slices.IndexFunc(accounts, func(a domain.Account) bool { return a.ExternalID == fmt.Sprint(i) })
		f.equal("account's metadata", object, string(accounts[at].Metadata))
	}
}

// amountsAreExact checks that amounts are returned exactly, including the limits of the decimal type and amounts that a
// float cannot represent.
func amountsAreExact(f *fixture) {
	c, l := f.runningPull()
	amounts := []string{
		"0", "0.01", "-0.01", "1", "-1", "0.1", "900", "1234.5", "9999999999999999999", "-9999999999999999999",
		"0.0000000000000000001", "-0.9999999999999999999", "1234567890.123456789", "9007199254740993",
		"0.30000000000000004",
	}
	var rows []domain.TransactionData
	for _, amount := range amounts {
		rows = append(rows, row(amount, func(o *domain.TransactionData) {
			o.Amount = money(amount, "BRL")
			inAccount := money(amount, "USD")
			o.AccountMoney = &inAccount
		}))
	}
	f.storeRows(l, rows...)
	for _, want := range rows {
		got := f.getRow(c, want.ExternalID)
		f.equal("amount", want.Amount.Amount.String(), got.Amount.Amount.String())
		f.equal("currency", "BRL", got.Amount.Currency)
		f.equal("in the account's currency", want.AccountMoney, got.AccountMoney)
	}
	f.equal("counts again", domain.Counts{Read: len(rows), Unchanged: len(rows)}, f.storeRows(l, rows...))
}

// allMembersAreStored checks that rows are returned exactly: a row with every member, a row with only the required
// members, and a row that occurred at midnight. A store must distinguish midnight from an unknown time (a zero
// OccurredAt).
func allMembersAreStored(f *fixture) {
	c, l := f.runningPull()
	inAccount := money("-3.21", "USD")
	full := domain.TransactionData{
		ExternalID: "full", Account: "a", Amount: money("-17.99", "BRL"), AccountMoney: &inAccount,
		Status: domain.Pending,
		Date:   "2024-02-29", OccurredAt: time.Date(2024, 2, 29, 23, 59, 59, 999999000, time.UTC),
		Description: "description", Category: "category", Counterparty: "counterparty", Metadata: json.RawMessage(`{}`),
		Warnings: []domain.Warning{domain.DirectionConflict, "another_code"},
	}
	bare := domain.TransactionData{ExternalID: "bare", Amount: money("1", "BRL"), Status: domain.Posted,
		Date: "2026-01-01"}
	midnight := bare
	midnight.ExternalID, midnight.OccurredAt = "midnight", time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	f.mustStorePage(l, ports.PageWrite{Accounts: []domain.AccountData{accountData("a")},
		Transactions: []domain.TransactionData{full, bare, midnight}})
	for _, want := range []domain.TransactionData{full, bare, midnight} {
		got := f.getRow(c, want.ExternalID)
		f.equal(want.ExternalID, want, got.TransactionData)
		f.inUTC(got.OccurredAt)
	}
}

// textsAreExact checks that hostile texts in every text member of a row, including the external id, are returned
// exactly.
func textsAreExact(f *fixture) {
	c, l := f.runningPull()
	var rows []domain.TransactionData
	for _, text := range hostileTexts {
		rows = append(rows, row(text, func(o *domain.TransactionData) {
			o.Description, o.Category, o.Counterparty, o.Account, o.Metadata = text, text, text, text, nil
		}))
	}
	f.equal("counts", domain.Counts{Read: len(rows), Added: len(rows)}, f.storeRows(l, rows...))
	f.equal("counts again", domain.Counts{Read: len(rows), Unchanged: len(rows)}, f.storeRows(l, rows...))
	for _, want := range rows {
		f.equal("row", want, f.getRow(c, want.ExternalID).TransactionData)
	}
	f.equal("counts of the removal", domain.Counts{Removed: len(hostileTexts)},
		f.mustStorePage(l, ports.PageWrite{Removed: hostileTexts}))
}

func pagesAreNotShared(f *fixture) {
	c, l := f.runningPull()
	o := row("1")
	inAccount := money("5", "USD")
	o.AccountMoney, o.Warnings = &inAccount, []domain.Warning{domain.DirectionConflict}
	account := accountData("a")
	account.Metadata = json.RawMessage(`{}`)
	f.mustStorePage(l, ports.PageWrite{Accounts: []domain.AccountData{account},
		Transactions: []domain.TransactionData{o}})
	want := f.getRow(c, "1")
	o.Metadata[0], *o.AccountMoney, o.Warnings[0] = '!', money("6", "USD"), "another_code"
	account.Metadata[0], *account.Balance = '!', money("6", "USD")
	stored := f.listAccounts(c)[0]
	f.equal("account", "{} 100", fmt.Sprint(string(stored.Metadata), " ", stored.Balance.Amount))
	stored.Metadata[0], *stored.Balance = '!', money("7", "USD")
	stored = f.listAccounts(c)[0]
	f.equal("account afterwards", "{} 100", fmt.Sprint(string(stored.Metadata), " ", stored.Balance.Amount))
	f.equal("after the caller wrote to the argument", "{", string(f.getRow(c, "1").Metadata[:1]))
	f.equal("amount", money("5", "USD"), *f.getRow(c, "1").AccountMoney)
	got := f.getRow(c, "1")
	f.equal("warnings", []domain.Warning{domain.DirectionConflict}, got.Warnings)
	got.Metadata[0], *got.AccountMoney, got.Warnings[0] = '!', money("7", "USD"), "another_code"
	f.equal("warnings afterwards", []domain.Warning{domain.DirectionConflict}, f.getRow(c, "1").Warnings)
	f.equal("amount afterwards", money("5", "USD"), *f.getRow(c, "1").AccountMoney)
	f.equal("metadata afterwards", string(row("1").Metadata), string(f.getRow(c, "1").Metadata))
	f.equal("version", want.Version, f.getRow(c, "1").Version)
}

func accountsChange(f *fixture) {
	c, l := f.runningPull()
	at := f.now()
	account := accountData("a")
	f.equal("counts", domain.Counts{Accounts: 1},
		f.mustStorePage(l, ports.PageWrite{Accounts: []domain.AccountData{account}, AccountRef: "item-1", At: at}))
	first := f.listAccounts(c)[0]
	want := domain.Account{
		ID: first.ID, Tenant: c.Tenant, Connection: c.ID, Vendor: c.Vendor, AccountData: account,
		FirstSeenAt: at, UpdatedAt: at,
		References: []domain.AccountReference{{AccountRef: "item-1", ExternalID: "a", From: at}},
	}
	f.equal("added", want, first)
	f.equal("id", false, first.ID.IsZero())
	f.inUTC(first.FirstSeenAt, first.UpdatedAt)
	balance := money("-99.01", "USD")
	account.Type, account.Name, account.Balance, account.Currency = domain.CreditAccount, "renamed", &balance, "USD"
	later := f.now()
	f.mustStorePage(l, ports.PageWrite{Accounts: []domain.AccountData{account}, At: later})
	want.AccountData, want.UpdatedAt = account, later
	f.equal("changed", []domain.Account{want}, f.listAccounts(c))
	two, second := f.runningPull()
	f.mustStorePage(second, ports.PageWrite{Accounts: []domain.AccountData{accountData("a")}})
	if f.listAccounts(two)[0].ID == first.ID {
		f.Error("two connections share an account")
	}
}

// accountMembers checks that accounts are returned as they were stored. It uses an account with every member and an
// account without a balance. A store must distinguish an unknown balance from a balance of zero.
func accountMembers(f *fixture) {
	c, l := f.runningPull()
	balance := money("1234567890123456.789", "BRL")
	full := domain.AccountData{
		ExternalID: "a full", Type: domain.OtherAccount, Subtype: "SAVINGS'", Name: "Poupança 🏦",
		Number:   "0001-9/12.345",
		Currency: "BRL", Balance: &balance, Metadata: json.RawMessage(` {"a": 1} `),
	}
	bare := domain.AccountData{ExternalID: "b bare", Type: domain.BankAccount}
	f.mustStorePage(l, ports.PageWrite{Accounts: []domain.AccountData{bare, full}})
	accounts := ids(f.listAccounts(c), func(a domain.Account) domain.AccountData { return a.AccountData })
	f.equal("accounts", []domain.AccountData{full, bare}, accounts)
}

// transactionsReferToAccounts checks the account ids of transactions. One transaction names an account that exists only
// in another connection. This account must be treated as unknown.
func transactionsReferToAccounts(f *fixture) {
	c, l := f.runningPull()
	f.mustStorePage(l, ports.PageWrite{Accounts: []domain.AccountData{accountData("known")}})
	_, other := f.runningPull()
	f.mustStorePage(other, ports.PageWrite{Accounts: []domain.AccountData{accountData("elsewhere")}})
	f.mustStorePage(l, ports.PageWrite{
		Accounts: []domain.AccountData{accountData("same page")},
		Transactions: []domain.TransactionData{
			row("known", withAccount("known")), row("same page", withAccount("same page")),
			row("unknown", withAccount("unknown")),
			row("elsewhere", withAccount("elsewhere")), row("none"),
		},
	})
	byName := map[string]domain.AccountID{}
	for _, a := range f.listAccounts(c) {
		byName[a.ExternalID] = a.ID
	}
	for _, name := range []string{"known", "same page", "unknown", "elsewhere", "none"} {
		got := f.getRow(c, name)
		f.equal("account of "+name, byName[name], got.AccountID)
		f.equal("version of "+name, 1, got.Version)
	}
	f.storeRows(l, row("known", withAccount("same page")))
	f.equal("account of a row that moved", byName["same page"], f.getRow(c, "known").AccountID)
	f.storeRows(l, row("known", withAccount("nowhere")))
	f.equal("account of a row that moved to an unknown one", domain.AccountID{}, f.getRow(c, "known").AccountID)
}

func accountPaging(f *fixture) {
	c, l := f.runningPull()
	var page ports.PageWrite
	for _, text := range hostileTexts {
		page.Accounts = append(page.Accounts, accountData(text))
	}
	f.mustStorePage(l, page)
	names := ids(f.listAccounts(c), func(a domain.Account) string { return a.ExternalID })
	f.equal("by external id", slices.Sorted(slices.Values(hostileTexts)), names)
	first, err := f.Ledger.Accounts(
		f.ctx,
		f.tenant,
		ports.AccountFilter{Connection: c.ID},
		domain.PageRequest{Limit: 4},
	)
	f.noError(err)
	f.equal("position", domain.Position{Key: names[3], ID: first.Items[3].ID.UUID}, first.Next)
	whole, err := f.Ledger.Accounts(
		f.ctx,
		f.tenant,
		ports.AccountFilter{Connection: c.ID},
		domain.PageRequest{Limit: len(hostileTexts)},
	)
	f.noError(err)
	f.equal("position of a last page that is full", domain.Position{}, whole.Next)
}
