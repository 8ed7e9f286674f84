package porttest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// searchTests check the reads that cover all connections of a tenant.
var searchTests = []storeTest{
	{"a search merges the connections of the tenant by date, newest first", searchMerges},
	{"a search selects by every member, on all stores alike", searchSelects},
	{"a search finds a rare row that is older than many others", searchFindsRareRow},
	{"a search finds a row that is older than many rows with long texts", searchFindsRowAfterLongTexts},
	{"a search finds each reference by its value in upper or lower case, over all connections", searchReferences},
	{"a search finds a boleto by its barcode and by every printed form of its digitable line", searchBoletos},
	{"a search finds an end-to-end id by its printed forms", searchGroupedIDs},
	{"a search finds the transactions with a counterparty by its tax number", searchDocuments},
	{"a search in both directions finds every amount once, by pages of any size", searchBothDirections},
	{"a search of the index ends soon", searchOfIndexEndsSoon},
	{"the index of the search forgets erased transactions", indexForgetsErased},
	{"a search of another tenant finds nothing", searchIsTenantScoped},
	{"a search refuses a position of another list", searchPositions},
	{"one transaction or account is found by its id, by its tenant only", oneRowByID},
	{"the accounts of a tenant are listed over all connections", accountsOfTenant},
	{"a transaction is found by its external id", transactionByExternalID},
	{"connections and accounts are read without their data, by id or all of a tenant", briefReads},
}

// search returns the transactions that match the search. It reads all pages, with at most limit rows each. A page can
// have fewer rows even if it is not the last one.
func (f *fixture) search(s domain.TransactionSearch, limit int) []domain.Transaction {
	f.Helper()
	const most = 1000
	var all []domain.Transaction
	request := domain.PageRequest{Limit: limit}
	for range most {
		page, err := f.Ledger.Search(f.ctx, f.tenant, s, request)
		f.noError(err)
		if len(page.Items) > limit {
			f.Fatalf("a page of %d rows, limit %d", len(page.Items), limit)
		}
		all = append(all, page.Items...)
		if page.Next.IsZero() {
			return all
		}
		request.After = page.Next
	}
	f.Fatalf("the search does not end after %d pages", most)
	return nil
}

// searchMerges checks a search over so many connections that a store probably reads them in several steps. One of the
// connections is deleted.
func searchMerges(f *fixture) {
	var want []domain.Transaction
	for i := range 20 {
		c, l := f.runningPull()
		var rows []domain.TransactionData
		for k := range 5 + 8*(i%5) {
			rows = append(rows, row(fmt.Sprint(k), withDate(domain.Date("2026-02-01").AddDays((i+3*k)%17))))
		}
		f.mustStorePage(l, ports.PageWrite{Transactions: rows})
		f.mustStorePage(l, ports.PageWrite{Removed: []string{"1"}})
		want = append(want, f.allRows(c)...)
		if i == 7 {
			f.deleteConnection(c)
		}
	}
	slices.SortFunc(want, newestFirst)
	for _, limit := range []int{1, 7, domain.MaxLimit} {
		f.equal(fmt.Sprintf("by pages of %d", limit), want, f.search(domain.TransactionSearch{}, limit))
	}
}

func searchSelects(f *fixture) {
	c, l := f.runningPull()
	other, otherLease := f.runningPull()
	amount := func(text string) func(*domain.TransactionData) {
		return func(o *domain.TransactionData) { o.Amount = money(text, "BRL") }
	}
	inAccount := func(text string) func(*domain.TransactionData) {
		converted := money(text, "USD")
		return func(o *domain.TransactionData) { o.AccountMoney = &converted }
	}
	third := []func(*domain.TransactionData){
		amount("0.1000"), inAccount("0.1"), withDescription("Pão de Açúcar"), withDate("2026-02-03"),
	}
	party := func(o *domain.TransactionData) {
		o.Counterparty = "ÁGUAS do Norte 100% Straße,\u00a0Łódź  ltda\r\n\tfilial 2"
	}
	f.storeRows(l, row("1", amount("12.5"), withDate("2026-02-01")), row("2", amount("-12.5"), withDate("2026-02-02")),
		row("3", third...))
	f.mustStorePage(l, ports.PageWrite{Removed: []string{"1"}})
	f.storeRows(otherLease, row("4", amount("1e3"), inAccount("298.19"), party, withDate("2026-02-04")))
	decimals := func(text string) domain.TransactionSearch {
		value, err := domain.ParseAmount(text)
		f.noError(err)
		return domain.TransactionSearch{Amount: &value}
	}
	for _, state := range []string{"not indexed", "indexed", "partly indexed"} {
		switch state {
		case "indexed":
			f.indexTexts()
		case "partly indexed": // the index has the text and the amount of another version of 3, and not 4
			f.storeRows(l, row("3", amount("7"), inAccount("5"), withDate("2026-02-03")))
			f.indexTexts()
			f.storeRows(l, row("3", third...))
		}
		f.checkSearches(state, c, other, decimals)
	}
}

// indexTexts calls Ledger.IndexTexts until every transaction is in the index.
func (f *fixture) indexTexts() {
	f.Helper()
	for range 1000 {
		n, err := f.Ledger.IndexTexts(f.ctx, 100)
		f.noError(err)
		if n == 0 {
			return
		}
	}
	f.Fatalf("IndexTexts does not come to an end")
}

// checkSearches searches the rows that the test searchSelects has stored, by every member of
// domain.TransactionSearch.
func (f *fixture) checkSearches(
	state string, c, other domain.Connection, decimals func(string) domain.TransactionSearch,
) {
	f.Helper()
	yes, no := true, false
	for _, tc := range []struct {
		search domain.TransactionSearch
		want   []string
	}{
		{domain.TransactionSearch{}, []string{"4", "3", "2", "1"}},
		{domain.TransactionSearch{Text: "ACUCAR"}, []string{"3"}},
		{domain.TransactionSearch{Text: "de a", Connection: c.ID}, []string{"3"}},
		{domain.TransactionSearch{Text: "de a", Connection: other.ID}, []string{}},
		{domain.TransactionSearch{Text: "row", Removed: &yes}, []string{"1"}},
		{domain.TransactionSearch{Text: "row", Removed: &no}, []string{"4", "2"}},
		{domain.TransactionSearch{Text: `"r_w%`}, []string{}},
		{domain.TransactionSearch{Amount: decimals("12.50").Amount, Removed: &no}, []string{}},
		{domain.TransactionSearch{Amount: decimals("12.50").Amount, Text: "ROW"}, []string{"1"}},
		{domain.TransactionSearch{Amount: decimals("12.50").Amount, Text: "other"}, []string{}},
		{
			domain.TransactionSearch{
				Amount: decimals("12.50").Amount, Window: domain.Window{From: "2026-02-02"},
			}, []string{},
		},
		{domain.TransactionSearch{Connection: other.ID}, []string{"4"}},
		{domain.TransactionSearch{Connection: c.ID, Removed: &no}, []string{"3", "2"}},
		{domain.TransactionSearch{Connection: newID[domain.Connection]()}, []string{}},
		{domain.TransactionSearch{Among: []domain.ConnectionID{other.ID}}, []string{"4"}},
		{domain.TransactionSearch{Among: []domain.ConnectionID{other.ID, c.ID}, Removed: &yes}, []string{"1"}},
		{domain.TransactionSearch{Among: []domain.ConnectionID{other.ID}, Text: "row"}, []string{"4"}},
		{domain.TransactionSearch{Among: []domain.ConnectionID{c.ID}, Amount: decimals("1000").Amount}, []string{}},
		{domain.TransactionSearch{Among: []domain.ConnectionID{c.ID}, Amount: decimals("0.1").Amount}, []string{"3"}},
		{domain.TransactionSearch{Among: []domain.ConnectionID{}}, []string{}},
		{domain.TransactionSearch{ID: f.idOf(other, "4")}, []string{"4"}},
		{domain.TransactionSearch{ID: f.idOf(c, "1"), Removed: &no}, []string{}},
		{domain.TransactionSearch{ID: f.idOf(c, "1"), Connection: other.ID}, []string{}},
		{domain.TransactionSearch{ID: newID[domain.Transaction]()}, []string{}},
		{domain.TransactionSearch{Removed: &yes}, []string{"1"}},
		{decimals("12.50"), []string{"1"}},
		{decimals("-12.500"), []string{"2"}},
		{domain.TransactionSearch{Amount: decimals("12.50").Amount, BothDirections: true}, []string{"2", "1"}},
		{domain.TransactionSearch{Amount: decimals("-12.50").Amount, BothDirections: true}, []string{"2", "1"}},
		{domain.TransactionSearch{Amount: decimals("0.1").Amount, BothDirections: true}, []string{"3"}},
		{
			domain.TransactionSearch{
				Amount: decimals("12.5").Amount, BothDirections: true, Window: domain.Window{To: "2026-02-01"},
			}, []string{"1"},
		},
		{decimals("0.1"), []string{"3"}},
		{decimals("1000.00"), []string{"4"}},
		{decimals("12.51"), []string{}},
		{decimals("5"), []string{}},
		{decimals("298.190"), []string{"4"}},
		{domain.TransactionSearch{Amount: decimals("298.19").Amount, Currency: "USD"}, []string{"4"}},
		{domain.TransactionSearch{Amount: decimals("298.19").Amount, Currency: "BRL"}, []string{}},
		{domain.TransactionSearch{Amount: decimals("1000").Amount, Currency: "BRL"}, []string{"4"}},
		{domain.TransactionSearch{Amount: decimals("1000").Amount, Currency: "USD"}, []string{}},
		{decimals("-298.19"), []string{}},
		{domain.TransactionSearch{Amount: decimals("-298.19").Amount, BothDirections: true}, []string{"4"}},
		{domain.TransactionSearch{Amount: decimals("298.19").Amount, Connection: c.ID}, []string{}},
		{domain.TransactionSearch{Text: "PÃO DE AÇÚ"}, []string{"3"}},
		{domain.TransactionSearch{Text: "águas"}, []string{"4"}},
		{domain.TransactionSearch{Text: "strasse, lodz"}, []string{"4"}},
		{domain.TransactionSearch{Text: "lodz ltda filial 2"}, []string{"4"}},
		{domain.TransactionSearch{Text: "lodz\u00a0 ltda\nfilial"}, []string{"4"}},
		{domain.TransactionSearch{Text: "100%"}, []string{"4"}},
		{domain.TransactionSearch{Text: "_"}, []string{}},
		{domain.TransactionSearch{Text: "row"}, []string{"4", "2", "1"}},
		{domain.TransactionSearch{Window: domain.Window{From: "2026-02-02", To: "2026-02-03"}}, []string{"3", "2"}},
		{domain.TransactionSearch{Window: domain.Window{To: "2026-02-01"}, Text: "ROW"}, []string{"1"}},
	} {
		f.equal(fmt.Sprintf("%s: %+v", state, tc.search), tc.want, ids(f.search(tc.search, 1), externalID))
	}
}

// idOf returns the id of the connection's transaction with this external id.
func (f *fixture) idOf(c domain.Connection, id string) domain.TransactionID {
	f.Helper()
	for _, t := range f.allRows(c) {
		if t.ExternalID == id {
			return t.ID
		}
	}
	f.Fatalf("no transaction %s", id)
	return domain.TransactionID{}
}

// searchOfIndexEndsSoon checks that a search for a rare text, a rare amount, or a text without a hit needs only one
// page if the index contains the transactions.
func searchOfIndexEndsSoon(f *fixture) {
	_, l := f.runningPull()
	for p := range 6 {
		var rows []domain.TransactionData
		for i := range 1000 {
			rows = append(rows, row(fmt.Sprint(p, "-", i), withDate(domain.Date("2026-02-01").AddDays(p))))
		}
		f.mustStorePage(l, ports.PageWrite{Transactions: rows, AssumeNew: true})
	}
	f.storeRows(l, row("rare", withDate("2026-01-01"), withDescription("a rare needle"), withAmount("77.7", "BRL")))
	const limit = 1000
	if n, err := f.Ledger.IndexTexts(f.ctx, limit); err != nil || n != 0 && n != limit { // 0: a store without an index
		f.Fatalf("IndexTexts indexed %d transactions, limit %d: %v", n, limit, err)
	}
	f.indexTexts()
	amount, _ := domain.ParseAmount("77.70")
	for _, search := range []domain.TransactionSearch{{Text: "RARE NEED"}, {Amount: &amount}, {Text: "no such text"}} {
		pages, found := 0, 0
		for request := (domain.PageRequest{Limit: 20}); ; {
			page, err := f.Ledger.Search(f.ctx, f.tenant, search, request)
			f.noError(err)
			pages, found = pages+1, found+len(page.Items)
			if request.After = page.Next; page.Next.IsZero() {
				break
			}
		}
		want := 1
		if search.Text == "no such text" {
			want = 0
		}
		f.equal("found", want, found)
		if pages > 1 {
			f.Errorf("the search has %d pages", pages)
		}
	}
}

// indexForgetsErased checks that an erased transaction is not found, and that its text is not indexed again.
func indexForgetsErased(f *fixture) {
	c, l := f.runningPull()
	f.storeRows(l, row("1", withDescription("A SECRET OF THE HOLDER")))
	f.indexTexts()
	search := domain.TransactionSearch{Text: "secret of"}
	f.equal("before", 1, len(f.search(search, 10)))
	f.erase(c)
	f.equal("after the erasure", 0, len(f.search(search, 10)))
	f.indexTexts()
	f.equal("after the next indexing", 0, len(f.search(search, 10)))
}

// searchFindsRareRow checks that a search finds a single row among more rows than a store examines in one call.
func searchFindsRareRow(f *fixture) {
	_, l := f.runningPull()
	const pages, perPage = 6, 1000
	for p := range pages {
		var rows []domain.TransactionData
		for i := range perPage {
			rows = append(rows, row(fmt.Sprint(p, "-", i), withDate(domain.Date("2026-02-01").AddDays(p))))
		}
		f.mustStorePage(l, ports.PageWrite{Transactions: rows, AssumeNew: true})
	}
	f.storeRows(l, row("rare", withDate("2026-01-01"), withDescription("needle")))
	f.equal("found", []string{"rare"}, ids(f.search(domain.TransactionSearch{Text: "NEEDLE"}, 20), externalID))
}

// searchFindsRowAfterLongTexts checks that a search finds a row after more text than a store examines in one call.
func searchFindsRowAfterLongTexts(f *fixture) {
	l := f.storeLongTexts()
	f.storeRows(l, row("rare", withDate("2026-01-01"), withDescription("needle")))
	f.equal("found", []string{"rare"}, ids(f.search(domain.TransactionSearch{Text: "NEEDLE"}, 20), externalID))
}

// storeLongTexts stores 2.4 MB of descriptions, in 600 rows of one connection.
func (f *fixture) storeLongTexts() domain.Lease {
	f.Helper()
	_, l := f.runningPull()
	var rows []domain.TransactionData
	for i := range 600 {
		rows = append(rows, row(fmt.Sprint(i), withDate(domain.Date("2026-02-01").AddDays(i%20)),
			withDescription(strings.Repeat("hay ", 1000))))
	}
	f.mustStorePage(l, ports.PageWrite{Transactions: rows, AssumeNew: true})
	return l
}

// TestBoundedSearch checks that one call of Ledger.Search examines a bounded amount of text, even if there are only a
// few rows. It is for stores in a database.
func TestBoundedSearch(t *testing.T, stores Stores) {
	f := newFixture(t, stores)
	f.storeLongTexts()
	search := domain.TransactionSearch{Text: "needle"}
	page, err := f.Ledger.Search(f.ctx, f.tenant, search, domain.PageRequest{Limit: 20})
	f.noError(err)
	f.equal("rows of the first page", 0, len(page.Items))
	f.equal("a next page", true, !page.Next.IsZero())
}

func searchIsTenantScoped(f *fixture) {
	c, l := f.runningPull()
	f.storeRows(l, row("1"))
	for _, s := range []domain.TransactionSearch{{}, {Connection: c.ID}} {
		page, err := f.Ledger.Search(f.ctx, newTenant(), s, domain.PageRequest{Limit: 10})
		f.noError(err)
		f.equal("rows of another tenant", 0, len(page.Items))
		f.equal("next page", true, page.Next.IsZero())
	}
}

func searchPositions(f *fixture) {
	_, l := f.runningPull()
	f.storeRows(l, row("1"))
	for _, key := range []string{"a name", domain.TimeKey(epoch), "17", "2026-02-30", "';--"} {
		_, err := f.Ledger.Search(f.ctx, f.tenant, domain.TransactionSearch{}, domain.PageRequest{
			Limit: 10, After: domain.Position{Key: key, ID: newUUID()},
		})
		f.invalidCursor(key, err)
	}
}

func oneRowByID(f *fixture) {
	c, l := f.runningPull()
	f.mustStorePage(l, ports.PageWrite{Accounts: []domain.AccountData{accountData("a")},
		Transactions: []domain.TransactionData{row("1", withAccount("a")), row("2")}, Removed: []string{"2"}})
	for _, want := range f.allRows(c) {
		got, err := f.Ledger.Transaction(f.ctx, f.tenant, want.ID, time.Time{})
		f.noError(err)
		f.equal("transaction", want, got)
	}
	transaction := func(tenant domain.TenantID, id domain.TransactionID) error {
		_, err := f.Ledger.Transaction(f.ctx, tenant, id, time.Time{})
		return err
	}
	f.sameNotFound("Transaction", transaction(newTenant(), f.getRow(c, "1").ID),
		transaction(f.tenant, newID[domain.Transaction]()))
	a := f.listAccounts(c)[0]
	got, err := f.Ledger.Account(f.ctx, f.tenant, a.ID)
	f.noError(err)
	f.equal("account", a, got)
	account := func(tenant domain.TenantID, id domain.AccountID) error {
		_, err := f.Ledger.Account(f.ctx, tenant, id)
		return err
	}
	f.sameNotFound("Account", account(newTenant(), a.ID), account(f.tenant, newID[domain.Account]()))
}

func accountsOfTenant(f *fixture) {
	var want []domain.Account
	for _, names := range [][]string{{"b", "é", "B"}, {"a", "b"}, {}} {
		c, l := f.runningPull()
		var accounts []domain.AccountData
		for _, name := range names {
			accounts = append(accounts, accountData(name))
		}
		f.mustStorePage(l, ports.PageWrite{Accounts: accounts})
		want = append(want, f.listAccounts(c)...)
	}
	list := func(tenant domain.TenantID) []domain.Account {
		return collectPages(f, 2, func(page domain.PageRequest) (domain.Page[domain.Account], error) {
			return f.Ledger.Accounts(f.ctx, tenant, ports.AccountFilter{}, page)
		}, nil)
	}
	got := list(f.tenant)
	f.equal("order", []string{"B", "a", "b", "b", "é"}, ids(got, func(a domain.Account) string { return a.ExternalID }))
	accountID := func(a domain.Account) domain.AccountID { return a.ID }
	exactlyOnce(f, ids(want, accountID), ids(got, accountID))
	f.equal("accounts of another tenant", 0, len(list(newTenant())))
}

// briefReads checks Connections.Brief and Ledger.BriefAccounts: a connection with two accounts, of which the vendor no
// longer lists one, a deleted connection with an account, and those of another tenant.
func briefReads(f *fixture) {
	c, l := f.runningPull()
	f.storeAccounts(l, true, "a", "b")
	f.sweepAccounts(l, domain.OneRead, "a")
	readAt := f.now().Add(-time.Hour)
	f.readBank(l, bankOf(readAt), true)
	gone, goneLease := f.runningPull()
	f.storeAccounts(goneLease, true, "c")
	f.deleteConnection(gone)
	brief := func(tenant domain.TenantID, ids []domain.ConnectionID) []string {
		found, err := f.Connections.Brief(f.ctx, tenant, ids)
		f.noError(err)
		texts := make([]string, len(found))
		for i, b := range found {
			texts[i] = fmt.Sprint(
				b.ID == c.ID,
				" ",
				b.Vendor,
				" ",
				b.Name == c.Name,
				" ",
				b.Institution,
				" ",
				b.Deleted,
			)
		}
		slices.Sort(texts)
		return texts
	}
	live, deleted := "true pluggy true {612 Nubank} false", "false pluggy false { } true"
	f.equal("connections", []string{deleted, live}, brief(f.tenant, nil))
	f.equal("one connection", []string{live}, brief(f.tenant, []domain.ConnectionID{c.ID}))
	f.equal("no connection", []string{}, brief(f.tenant, []domain.ConnectionID{}))
	f.equal("connections of another tenant", []string{}, brief(newTenant(), []domain.ConnectionID{c.ID}))

	accounts := func(tenant domain.TenantID, ids []domain.AccountID) []domain.Account {
		found, err := f.Ledger.BriefAccounts(f.ctx, tenant, ids)
		f.noError(err)
		return found
	}
	stored := f.listAccounts(c)[0]
	f.equal("accounts", []domain.Account{{
		ID: stored.ID, Connection: c.ID, Vendor: c.Vendor, BankReadAt: readAt, AccountData: domain.AccountData{
			ExternalID: "a", Type: domain.BankAccount, Name: "account a", Currency: "BRL",
		},
	}}, accounts(f.tenant, nil))
	of := []domain.AccountID{f.listAccounts(c)[1].ID, f.listAccounts(gone)[0].ID}
	found := ids(accounts(f.tenant, of), func(a domain.Account) string { return a.ExternalID })
	slices.Sort(found)
	f.equal("removed accounts by id", []string{"b", "c"}, found)
	f.equal("accounts of another tenant", 0, len(accounts(newTenant(), of)))
}

func transactionByExternalID(f *fixture) {
	c, l := f.runningPull()
	f.storeRows(l, row("1"), row("11"), row("É"))
	for id, want := range map[string][]string{"1": {"1"}, "É": {"É"}, "é": {}, "2": {}, "1\x00": {}} {
		got := f.listTransactions(c, ports.TransactionFilter{ExternalID: id}, 10, nil)
		f.equal(id, want, ids(got, externalID))
	}
}

// A boleto, and the printed form of its digitable line.
const (
	barcode       = "99991163200000210000444000457220000012345678"
	digitableLine = "99990.44408 00457.220002 00123.456782 1 16320000021000"
)

// searchBoletos checks that the search by reference finds a boleto by its barcode and by its digitable line in any
// printed form, and no other boleto.
func searchBoletos(f *fixture) {
	_, l := f.runningPull()
	first, second := row("a"), row("b")
	first.References.Barcode = barcode
	second.References.Barcode = "83680000000874501622026111800000000004410998"
	f.storeRows(l, first, second)
	for text, want := range map[string]string{
		barcode: "a", digitableLine: "a", strings.NewReplacer(".", "", " ", "").Replace(digitableLine): "a",
		"83680000000-9 87450162202-9 61118000000-6 00004410998-1": "b", digitableLine[1:]: "", barcode[:43]: "",
	} {
		f.equal(text, want, strings.Join(ids(f.search(domain.TransactionSearch{Reference: text}, 9), externalID), " "))
	}
}

// searchGroupedIDs checks that the search by reference finds an end-to-end id by its printed forms, in each member of
// the references, and also a reference that the vendor itself has sent in groups.
func searchGroupedIDs(f *fixture) {
	const id, grouped = "E12345678202611101200abcDEF12345", "E12345678 202611101200 ABCdef12345"
	_, l := f.runningPull()
	first, second, third := row("a"), row("b"), row("c")
	first.References.EndToEndID, second.References.ReferenceNumber = id, id
	third.References.TransactionID = grouped
	f.storeRows(l, first, second, third)
	for text, want := range map[string]string{
		id: "b a", grouped: "c b a", "e-12345678.2026.1110.1200-abcdef12345": "b a",
		"E12345678 202611101200 abcdef1234": "", "E12345678/202611101200/abcDEF12345": "",
	} {
		f.equal(text, want, strings.Join(ids(f.search(domain.TransactionSearch{Reference: text}, 9), externalID), " "))
	}
}

// searchDocuments checks the search by the tax number of the counterparty, over all connections and together with other
// conditions.
func searchDocuments(f *fixture) {
	_, l := f.runningPull()
	_, otherLease := f.runningPull()
	company, person := domain.NewPartyDocument("12.ABC.345/01DE-35"), domain.NewPartyDocument("390.533.447-05")
	with := func(id string, d domain.PartyDocument, date domain.Date) domain.TransactionData {
		o := row(id, withDate(date))
		o.CounterpartyDocument, o.References.ReferenceNumber = d, "R"
		return o
	}
	f.storeRows(l, with("a", company, "2026-02-01"), with("b", person, "2026-02-02"), row("c"))
	f.storeRows(otherLease, with("d", company, "2026-02-03"))
	for _, limit := range []int{1, 9} {
		for want, s := range map[string]domain.TransactionSearch{
			"d a": {Document: company}, "b": {Document: person},
			"a": {Document: company, Window: domain.Window{To: "2026-02-02"}},
			"d": {Document: company, Reference: "r", Window: domain.Window{From: "2026-02-02"}},
			"":  {Document: domain.PartyDocument{Type: domain.OtherDocument, Value: company.Value}},
		} {
			f.equal(fmt.Sprintf("%+v", s), want, strings.Join(ids(f.search(s, limit), externalID), " "))
		}
	}
}

// searchBothDirections checks a search for an amount that many rows have in one direction and a few in the other.
func searchBothDirections(f *fixture) {
	_, l := f.runningPull()
	var rows []domain.TransactionData
	const n = 1100 // more than one read of the index
	for i := range n {
		amount, converted := "7", money("-7", "USD")
		if i%500 == 250 {
			amount = "-7"
		}
		change := func(o *domain.TransactionData) { o.Amount = money(amount, "BRL") }
		if i%500 == 100 {
			change = func(o *domain.TransactionData) { o.AccountMoney = &converted }
		}
		rows = append(rows, row(fmt.Sprintf("%04d", i), withDate(domain.Date("2024-01-01").AddDays(i)), change))
	}
	f.storeRows(l, rows...)
	f.indexTexts()
	value := decimal.NewFromInt(7)
	got := ids(f.search(domain.TransactionSearch{Amount: &value, BothDirections: true}, 200), externalID)
	if len(got) != n || !slices.IsSortedFunc(got, func(a, b string) int { return strings.Compare(b, a) }) {
		f.Errorf("%d rows, want %d, the newest first", len(got), n)
	}
	out := value.Neg()
	f.equal("money out", []string{"0750", "0600", "0250", "0100"},
		ids(f.search(domain.TransactionSearch{Amount: &out}, 200), externalID))
}

// searchReferences checks the search by reference. It must find every member of domain.References, with pages of any
// size and together with other conditions. It must not find a value that only an earlier version of a record had.
func searchReferences(f *fixture) {
	first, l := f.runningPull()
	second, otherLease := f.runningPull()
	members := []func(*domain.References, string){
		func(r *domain.References, value string) { r.EndToEndID = value },
		func(r *domain.References, value string) { r.TransactionID = value },
		func(r *domain.References, value string) { r.AuthenticationCode = value },
		func(r *domain.References, value string) { r.ReferenceNumber = value },
		func(r *domain.References, value string) { r.ReceiverReferenceID = value },
		func(r *domain.References, value string) { r.TrackingKey = value },
		func(r *domain.References, value string) { r.ChequeNumber = value },
		func(r *domain.References, value string) { r.TxID = value },
	}
	for i, set := range members {
		o := row(fmt.Sprint("a", i), withDate(domain.Date("2026-02-01").AddDays(i)))
		set(&o.References, "REF-7")
		f.storeRows(l, o)
	}
	both := row("b", withDate("2026-02-20"), withDescription("both"))
	both.References = domain.References{EndToEndID: "REF-7", TransactionID: "REF-7"}
	f.storeRows(otherLease, both, row("c"))
	longer := row("d")
	longer.References.ReferenceNumber = "REF-70"
	f.storeRows(l, longer)
	names := func(s domain.TransactionSearch, limit int) string {
		f.Helper()
		return strings.Join(ids(f.search(s, limit), externalID), " ")
	}
	payment := row("e", withDate("2026-02-21"))
	payment.References = domain.References{EndToEndID: "E-8", ReferenceNumber: "E-8"}
	other := row("f", withDate("2026-02-22"))
	other.References = domain.References{EndToEndID: "E-9", ReferenceNumber: "E-8"}
	f.storeRows(l, payment, other)
	f.equal("an end-to-end id that is the reference number, too", "f e",
		names(domain.TransactionSearch{Reference: "E-8"}, 1))
	all := domain.TransactionSearch{Reference: "REF-7"}
	for _, limit := range []int{1, 3, 200} {
		f.equal(fmt.Sprintf("by pages of %d", limit), "b a7 a6 a5 a4 a3 a2 a1 a0", names(all, limit))
	}
	live, removed := false, true
	for want, s := range map[string]domain.TransactionSearch{
		"b": {Reference: "REF-7", Connection: second.ID},
		"a2 a1": {
			Reference: "REF-7", Connection: first.ID, Window: domain.Window{From: "2026-02-02", To: "2026-02-03"},
		},
		"d": {Reference: "REF-70"},
		"a7 a6 a5 a4": {
			Reference: "REF-7", Removed: &live, Connection: first.ID, Window: domain.Window{From: "2026-02-05"},
		},
	} {
		f.equal("found", want, names(s, 2))
	}
	f.equal("with a text", "b", names(domain.TransactionSearch{Reference: "REF-7", Text: "BOTH"}, 1))
	f.equal("in lower case", "b", names(domain.TransactionSearch{Reference: "ref-7", Text: "BOTH"}, 1))
	for _, other := range []string{"REF", "REF-7 ", "%", "\x00", "\xff"} {
		f.equal("another value", "", names(domain.TransactionSearch{Reference: other}, 2))
	}
	f.equal("removed", "", names(domain.TransactionSearch{Reference: "REF-7", Removed: &removed}, 2))
	f.storeRows(otherLease, row("b", withDate("2026-02-20")))
	f.equal("after an edit", "a7 a6 a5 a4 a3 a2 a1 a0", names(all, 3))
}
