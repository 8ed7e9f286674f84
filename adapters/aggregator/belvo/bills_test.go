package belvo

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/belvo/belvosim"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// billOf returns a bill as the vendor sends it. total is JSON.
func billOf(id, account, total string) json.RawMessage {
	return fmt.Appendf(nil, `{"id":%q,"account":{"id":%q},"due_date":"2026-11-05","currency":"BRL","total_amount":%s,
		"minimum_amount":148.9,"finance_charges":[{"type":"LATE_FEE","amount":4.89,"additional_info":null},
		{"type":"NO_CHARGE","amount":0},{"type":"OTHER","amount":1}],
		"payments":[{"type":"INSTALLMENT","payment_date":"2026-11-05","payment_mode":"PIX","amount":744.52}]}`,
		id, account, total)
}

func TestTheBillsOfACardAreRead(t *testing.T) {
	sim, adapter, access := newSimulatedVendor(t, belvosim.Options{})
	err := sim.SetBills(access.AccountRef, billOf("b1", belvosim.DemoCardAccountID, "744.52"),
		billOf("b2", "another-card", "1"), billOf("b3", belvosim.DemoCardAccountID, `"12"`),
		billOf("b4", belvosim.DemoCardAccountID, `{}`))
	if err != nil {
		t.Fatal(err)
	}
	card := domain.AccountData{ExternalID: belvosim.DemoCardAccountID, Type: domain.CreditAccount}
	list, err := adapter.Bills(t.Context(), access, card)
	if err != nil || len(list.Bills) != 2 || !list.Partial {
		t.Fatalf("%+v, %v", list, err)
	}
	other, unknown := list.Link.Of("another-card"), list.Link.Of("a card without bills")
	if len(other.Bills) != 1 || other.Bills[0].ExternalID != "b2" || len(unknown.Bills) != 0 || !unknown.Partial {
		t.Errorf("of other cards: %+v, %+v", other, unknown)
	}
	b := list.Bills[0]
	if b.ExternalID != "b1" || b.DueDate != "2026-11-05" || b.ClosingDate != "" || b.Total.String() != "744.52" ||
		len(b.FinanceCharges) != 2 || !b.FinanceCharges[1].NoCost || !b.Payments[0].Instalments ||
		b.Payments[0].Mode != "PIX" {
		t.Errorf("%+v", b)
	}
}

// A list of bills that is shorter than its own count may lack any of them, also one of another card.
func TestAListOfBillsThatIsShorterThanItsCountIsPartial(t *testing.T) {
	for counts, partial := range map[[2]int]bool{{3, 3}: true, {2, 3}: true, {2, 2}: false, {1, 1}: false} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next, count, id := fmt.Sprintf("%q", "http://"+r.Host+"/api/bills/?link=l-1&page=2"), counts[0], "a"
			if r.URL.Query().Get("page") == "2" {
				next, count, id = "null", counts[1], "b"
			}
			_, _ = fmt.Fprintf(w, `{"count":%d,"next":%s,"results":[%s,%[3]s]}`, count, next, billOf(id, "card", "1"))
		}))
		client := vendorhttp.New(vendorhttp.Config{AllowHTTP: true, AllowedCIDRs: loopback, MaxBudgetWait: -1})
		access := ports.Access{BaseURL: server.URL, AccountRef: "l-1", Credential: credential("id", "password")}
		list, err := New(client, nil).Bills(t.Context(), access, domain.AccountData{ExternalID: "card"})
		client.Close()
		server.Close()
		if err != nil || list.Partial != partial || list.Link.Of("another card").Partial != partial {
			t.Errorf("counts %d: %+v, %v", counts, list, err)
		}
	}
}

// An amount in another currency than its bill is no part of a sum of the bill.
func TestAnAmountInAnotherCurrencyThanItsBill(t *testing.T) {
	for currency, foreign := range map[string]bool{
		`"BRL"`: false, `"USD"`: true, `null`: false, `7`: true, `"brl"`: true,
	} {
		raw := fmt.Appendf(nil, `{"id":"b","account":{"id":"card"},"due_date":"2026-11-05","currency":"BRL",
			"total_amount":80,"finance_charges":[{"type":"IOF","amount":1,"currency":%[1]s}],
			"payments":[{"payment_date":"2026-11-05","amount":80,"currency":%[1]s}]}`, currency)
		b, _, ok := readBill(raw)
		if !ok || b.UnreadPayments != foreign || (len(b.Payments) == 0) != foreign ||
			b.FinanceCharges[0].NoCost != foreign {
			t.Errorf("%s: %+v", currency, b)
		}
	}
}

func TestTheRowOfACardNamesItsBill(t *testing.T) {
	for text, want := range map[string]string{
		`{"credit_card_bill":{"id":"b1"}}`: "b1", `{"credit_card_bill":null}`: "", `null`: "", `[]`: "",
	} {
		if got := cardFacts(json.RawMessage(text)).Bill; got != want {
			t.Errorf("%s: %q", text, got)
		}
	}
}

func TestTheOperationOfARowSaysThatItIsAPaymentOfABill(t *testing.T) {
	for _, c := range []struct {
		account, kind string
		operation     any
		payment       bool
	}{
		{"card", "INFLOW", "PAGAMENTO_FATURA", true},
		{"card", "OUTFLOW", "PAGAMENTO_FATURA", false},
		{"card", "OUTFLOW", "PAGAMENTO", false},
		{"card", "INFLOW", "ESTORNO", false},
		{"card", "INFLOW", nil, false},
		{"bank", "INFLOW", "PAGAMENTO_FATURA", false},
	} {
		data, err := testContext().normalize(transactionRow(t, map[string]any{
			"account": embedded(c.account), "type": c.kind, "operation_type": c.operation,
		}))
		if err != nil || data.Card.Payment != c.payment {
			t.Errorf("%+v: %v, %v", c, data.Card.Payment, err)
		}
	}
}

// A movement between the balance and the part that the bank invests by itself has no row.
func TestThePartThatTheBankInvestsIsAPartOfTheBalance(t *testing.T) {
	for balance, want := range map[string]string{
		`{"current":1000,"automatically_invested":200.5}`:   "200.5",
		`{"current":1000,"automatically_invested":"200.5"}`: "200.5",
		`{"current":1000,"automatically_invested":null}`:    "0",
		`{"current":1000,"automatically_invested":"many"}`:  "0",
		`{"current":1000,"automatically_invested":{}}`:      "0",
		`{"current":1000}`: "0",
	} {
		for category, parts := range map[string]string{
			"CHECKING_ACCOUNT": want, "CREDIT_CARD": "0", "LOAN_ACCOUNT": "0",
		} {
			account, err := linkContext{link: "l-1"}.normalizeAccount(
				json.RawMessage(`{"id":"a","currency":"BRL","category":"` + category + `","balance":` + balance + `}`))
			if got := new(Adapter).Balance(account); err != nil || got.Parts.String() != parts {
				t.Errorf("%s %s: %+v, %v", category, balance, got, err)
			}
		}
	}
}

// The balance of a card is what was spent in the current period, with which no sum of rows can be compared.
func TestTheBalanceOfACardIsNoAnchor(t *testing.T) {
	money := &domain.Money{Amount: decimal.NewFromInt(20), Currency: "BRL"}
	for kind, missing := range map[domain.AccountType]books.Basis{
		domain.CreditAccount: books.BasisInvoice, domain.BankAccount: "",
	} {
		account := domain.AccountData{Type: kind, Currency: "BRL", Balance: money}
		if got := new(Adapter).Balance(account); got.Missing != missing {
			t.Errorf("%s: %+v", kind, got)
		}
	}
}
