package matching_test

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
	"github.com/LerianStudio/aggregator-connections/domain/matching"
)

// movement is a labelled change at a bank: everything that the vendor listed before and after it. testdata/README.md
// describes the members.
type movement struct {
	Name, Category, Bank, Why string
	Account                   struct{ Type, Currency string }
	Before, After             []vendorRow
	Expect                    []struct{ Old, New, Verdict string }
	Interchangeable           []struct{ Old, New []string }
}

// vendorRow is a transaction object of Pluggy.
type vendorRow struct {
	ID, Description, DescriptionRaw, CurrencyCode, Date, Status, Type string
	Amount                                                            json.Number
	AmountInAccountCurrency                                           *json.Number
	ProviderCode, ProviderID, OperationType                           string
	Balance                                                           *json.Number
	PaymentData                                                       *struct {
		Payer, Receiver                                             *vendorParty
		PaymentMethod, ReferenceNumber, ReceiverReferenceID, Reason string
		AuthenticationCode                                          string
		BoletoMetadata                                              *struct{ DigitableLine, Barcode string }
	}
	CreditCardMetadata *struct {
		InstallmentNumber, TotalInstallments int
		TotalAmount                          *json.Number
		PurchaseDate, CardNumber             string
	}
	Merchant *struct{ Name, BusinessName, CNPJ string }
}

type vendorParty struct {
	Name, AccountNumber, BranchNumber, RoutingNumber string
	DocumentNumber                                   *struct{ Type, Value string }
}

// account is the account of all rows in tests.
var account = domain.AccountID{UUID: uuid.UUID{6: 0x70, 8: 0x80, 15: 1}}

// row converts a vendor's object in the same way as the vendor's adapter.
func (v vendorRow) row(t testing.TB, kind, currency string) banktext.Row {
	t.Helper()
	amount := v.money(t, v.Amount, v.CurrencyCode, kind)
	row := banktext.Row{
		ExternalID: v.ID, Account: account, Amount: amount, Status: domain.Posted,
		Description: v.Description, RawDescription: v.DescriptionRaw, Code: v.ProviderCode,
		VendorOperation: v.OperationType,
	}
	if v.Balance != nil {
		row.Balance = v.money(t, *v.Balance, currency, "BANK").Amount.String()
	}
	if v.Status == "PENDING" {
		row.Status = domain.Pending
	}
	if v.AmountInAccountCurrency != nil && v.CurrencyCode != currency {
		converted := v.money(t, *v.AmountInAccountCurrency, currency, kind)
		row.AccountAmount = &converted
	}
	row.Date, row.OccurredAt = localDate(v.Date, currency)
	row.Keys.Transaction = v.ProviderID
	v.addPayment(&row)
	v.addCard(&row, currency)
	return row
}

func (v vendorRow) money(t testing.TB, amount json.Number, currency, kind string) domain.Money {
	t.Helper()
	m, err := domain.ParseMoney(amount.String(), currency)
	if err != nil {
		t.Fatal(err)
	}
	if kind == "CREDIT" {
		return m.Negate()
	}
	return m
}

func (v vendorRow) addPayment(row *banktext.Row) {
	if v.PaymentData == nil {
		return
	}
	row.Keys.Reference, row.Keys.ReceiverReference = v.PaymentData.ReferenceNumber, v.PaymentData.ReceiverReferenceID
	row.Reason, row.Keys.Authentication = v.PaymentData.Reason, v.PaymentData.AuthenticationCode
	if slip := v.PaymentData.BoletoMetadata; slip != nil {
		row.Keys.Barcode, _ = domain.ParseBoleto(cmp.Or(slip.Barcode, slip.DigitableLine))
		row.Keys.Barcode = cmp.Or(row.Keys.Barcode, domain.UncheckedBoletoLine(slip.DigitableLine))
	}
	if row.VendorOperation == "" {
		row.VendorOperation = v.PaymentData.PaymentMethod
	}
	party := v.PaymentData.Payer
	if row.Amount.Amount.IsNegative() {
		party = v.PaymentData.Receiver
	}
	if party == nil {
		return
	}
	row.Counterparty = banktext.Party{Name: party.Name, Account: party.AccountNumber, Bank: party.RoutingNumber}
	if party.DocumentNumber != nil {
		row.Counterparty.Document = party.DocumentNumber.Value
	}
}

func (v vendorRow) addCard(row *banktext.Row, currency string) {
	if v.CreditCardMetadata == nil {
		return
	}
	card := v.CreditCardMetadata
	row.Keys.Instalment = domain.Instalment{
		Number: card.InstallmentNumber, Count: card.TotalInstallments, Card: card.CardNumber,
	}
	if card.TotalAmount != nil {
		row.Keys.Instalment.Total = card.TotalAmount.String()
	}
	if card.PurchaseDate != "" {
		row.Keys.Instalment.PurchaseDate, row.PurchasedAt = localDate(card.PurchaseDate, currency)
	}
}

// localDate parses a date or a time. It returns the date in the country of the currency; the time is zero if the text
// contains no time of day.
func localDate(text, currency string) (domain.Date, time.Time) {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return domain.Date(text), time.Time{}
	}
	if at.Equal(at.Truncate(24 * time.Hour)) {
		return domain.DateOf(at), time.Time{}
	}
	offset := -3
	if currency == "MXN" {
		offset = -6
	}
	local := at.In(time.FixedZone("", offset*60*60))
	if local.Hour() == 0 && local.Minute() == 0 && local.Second() == 0 {
		return domain.DateOf(local), time.Time{}
	}
	return domain.DateOf(local), at
}

func loadMovements(t testing.TB, file string) (movements []movement) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var m movement
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			t.Fatal(err)
		}
		m.expectInterchangeable()
		movements = append(movements, m)
	}
	return movements
}

// expectInterchangeable expects a pair for each row of a set of interchangeable rows that no other pair with the label
// same contains.
func (m *movement) expectInterchangeable() {
	expected := map[string]bool{}
	for _, e := range m.Expect {
		if e.Verdict == "same" {
			expected[e.Old], expected[e.New] = true, true
		}
	}
	for _, set := range m.Interchangeable {
		isExpected := func(id string) bool { return expected[id] }
		if len(set.Old) != len(set.New) || slices.ContainsFunc(slices.Concat(set.Old, set.New), isExpected) {
			continue
		}
		for i, id := range set.Old {
			m.Expect = append(m.Expect, struct{ Old, New, Verdict string }{id, set.New[i], "same"})
		}
	}
}

// match calls Match with the differences between two complete reads: one before the change and one after it.
func (m movement) match(t testing.TB) matching.Result {
	t.Helper()
	left, came := m.rows(t)
	stayed := len(m.Before) - len(left)
	return matching.Match(left, came, matching.Context{
		Whole: matching.IsWhole(len(left), len(came), stayed), Shown: m.shown(t),
	})
}

// shown returns the function Context.Shown for the rows that the vendor listed both before and after the change.
func (m movement) shown(t testing.TB) func(oldRow, newRow *banktext.Row) int {
	t.Helper()
	isListed := map[string]bool{}
	for _, row := range m.After {
		isListed[row.ID] = true
	}
	var frequency matching.Frequency
	for _, listed := range m.Before {
		if isListed[listed.ID] {
			row := listed.row(t, m.Account.Type, m.Account.Currency)
			frequency.Add(matching.ShownRecord{
				ExternalID: row.ExternalID, Amount: row.Amount.Amount.String(), Currency: row.Amount.Currency,
				Date: row.Date, Text: matching.ShownText(row.Description),
			})
		}
	}
	return frequency.Count
}

// rows returns the old rows and the new rows of the change.
func (m movement) rows(t testing.TB) (left, came []banktext.Row) {
	t.Helper()
	listed := func(rows []vendorRow) map[string]bool {
		ids := map[string]bool{}
		for _, row := range rows {
			ids[row.ID] = true
		}
		return ids
	}
	before, after := listed(m.Before), listed(m.After)
	for _, row := range m.Before {
		if !after[row.ID] {
			left = append(left, row.row(t, m.Account.Type, m.Account.Currency))
		}
	}
	for _, row := range m.After {
		if !before[row.ID] {
			came = append(came, row.row(t, m.Account.Type, m.Account.Currency))
		}
	}
	return left, came
}

// tally contains the number of expected pairs of one category. The first key is the verdict of the label. The second
// key is the decision of Match: kept, suggested or apart.
type tally map[string]map[string]int

func (t tally) add(verdict, decided string) {
	if t[verdict] == nil {
		t[verdict] = map[string]int{}
	}
	t[verdict][decided]++
}

func (t tally) addAll(other tally) {
	for verdict, counts := range other {
		for decided, n := range counts {
			if t[verdict] == nil {
				t[verdict] = map[string]int{}
			}
			t[verdict][decided] += n
		}
	}
}

// score compares the decisions of Match with the labels. If Match has kept a pair that is not Same, the test fails.
// Each Same pair that Match has not kept is logged.
func score(t *testing.T, movements []movement) (byCategory map[string]tally, total, whole tally) {
	byCategory, total, whole = map[string]tally{}, tally{}, tally{}
	for _, m := range movements {
		result := m.match(t)
		kept, suggested := map[string]string{}, map[string]bool{}
		for _, pair := range result.Pairs {
			kept[pair.Old] = pair.New
		}
		for _, s := range result.Suggestions {
			suggested[s.Old+s.New] = true
		}
		for _, e := range m.Expect {
			decided := "apart"
			switch {
			case kept[e.Old] == e.New || e.Verdict == "same" && m.areInterchangeable(e.Old, kept[e.Old]):
				decided = "kept"
			case suggested[e.Old+e.New]:
				decided = "suggested"
			}
			if decided == "kept" && e.Verdict != "same" {
				t.Errorf("wrong same: %s (%s): %s", m.Name, m.Bank, m.Why)
			}
			if decided != "kept" && e.Verdict == "same" {
				t.Logf("missed: %s (%s, %s): %s", m.Name, m.Bank, decided, m.Why)
			}
			if byCategory[m.Category] == nil {
				byCategory[m.Category] = tally{}
			}
			byCategory[m.Category].add(e.Verdict, decided)
			if m.Category == "account-churn" {
				whole.add(e.Verdict, decided)
			} else {
				total.add(e.Verdict, decided)
			}
		}
	}
	return byCategory, total, whole
}

func (m movement) areInterchangeable(oldID, newID string) bool {
	return slices.ContainsFunc(m.Interchangeable, func(set struct{ Old, New []string }) bool {
		return slices.Contains(set.Old, oldID) && slices.Contains(set.New, newID)
	})
}

// TestMovements checks how Match decides about the labelled changes. A pair is kept if Match has matched its rows. No
// pair with the label "other" or "open" may be kept. Of the pairs with the label "same", at least 85 % must be kept,
// and at least 97 % must be kept or suggested.
func TestMovements(t *testing.T) {
	byCategory, total, whole := score(t, loadMovements(t, "testdata/movements.jsonl"))
	for _, category := range slices.Sorted(maps.Keys(byCategory)) {
		t.Logf("%-22s %s", category, byCategory[category])
	}
	t.Logf("%-22s %s", "single pairs", total)
	t.Logf("%-22s %s", "whole accounts", whole)
	checkShares(t, total)
	checkShares(t, whole)
}

// TestFurtherMovements checks the changes of all sets. Many of them lack names or numbers. No pair with the label
// "other" or "open" may be kept. Of the pairs with the label "same" that are no part of a whole account, at least 85 %
// must be kept, and at least 97 % must be kept or suggested; of those of whole accounts, at least 95 % must be kept.
func TestFurtherMovements(t *testing.T) {
	singles, accounts := tally{}, tally{}
	for _, name := range []string{
		"movements", "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth",
		"eighteenth", "nineteenth", "twentieth", "twentyfirst",
	} {
		_, total, whole := score(t, loadMovements(t, "testdata/"+name+".jsonl"))
		t.Logf("%s: single pairs %s; whole accounts %s", name, total, whole)
		singles.addAll(total)
		accounts.addAll(whole)
	}
	t.Logf("all: single pairs %s; whole accounts %s", singles, accounts)
	checkShares(t, singles)
	same := accounts["same"]
	if all := same["kept"] + same["suggested"] + same["apart"]; same["kept"]*100 < all*95 {
		t.Errorf("same pairs of whole accounts: %d kept of %d", same["kept"], all)
	}
}

// A comparison that ends early, because something contradicts, decides as one that compares everything. Each old row of
// a change is compared with each new row.
func TestAComparisonThatEndsEarlyDecidesTheSame(t *testing.T) {
	counts := map[matching.Verdict]int{}
	check := func(name string, oldRow, newRow banktext.Row) {
		verdict, learned := matching.VerdictOf(oldRow, newRow, false)
		want, wantLearned := matching.VerdictOf(oldRow, newRow, true)
		if verdict != want || learned != wantLearned {
			t.Errorf("%s: %s and %s are %s (%v), want %s (%v)", name, oldRow.ExternalID, newRow.ExternalID, verdict,
				learned, want, wantLearned)
		}
		counts[verdict]++
	}
	for _, file := range []string{"movements.jsonl", "thirteenth.jsonl", "eighteenth.jsonl"} {
		for _, m := range loadMovements(t, "testdata/"+file) {
			left, came := m.rows(t)
			for i := range min(len(left), 20) {
				for j := range min(len(came), 20) {
					check(m.Name, left[i], came[j])
				}
			}
		}
	}
	// A card contradicts, but the rows share an id that may be a counter of the institution, because the names differ.
	check("counter", parseRow(t, "2026-11-10 P -50 BRL COMPRA PADARIA DOCE LAR {id=12345678; card=1111}"),
		parseRow(t, "2026-11-12 P -50 BRL COMPRA FARMACIA VIDA {id=12345678; card=2222}"))
	if counts[matching.Other] < 2000 || counts[matching.Possible] < 200 || counts[matching.Same] < 200 {
		t.Errorf("the verdicts are %v", counts)
	}
}

func checkShares(t *testing.T, counts tally) {
	t.Helper()
	same := counts["same"]
	all := same["kept"] + same["suggested"] + same["apart"]
	if same["kept"]*100 < all*85 || (same["kept"]+same["suggested"])*100 < all*97 {
		t.Errorf("same pairs: %d kept and %d suggested of %d", same["kept"], same["suggested"], all)
	}
}

func (t tally) String() string {
	var parts []string
	for _, verdict := range []string{"same", "other", "open"} {
		if counts := t[verdict]; counts != nil {
			parts = append(parts, fmt.Sprintf("%s: %d kept, %d suggested, %d apart", verdict, counts["kept"],
				counts["suggested"], counts["apart"]))
		}
	}
	return strings.Join(parts, "; ")
}
