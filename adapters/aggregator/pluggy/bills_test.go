package pluggy_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/bills"
)

// billsEnv returns an environment with the card that has bills.
func billsEnv(t *testing.T) (*env, domain.AccountData) {
	t.Helper()
	e := newEnv(t, vendorhttp.Config{})
	if err := e.sim.SeedBillsAt(testNow); err != nil {
		t.Fatal(err)
	}
	return e, domain.AccountData{ExternalID: pluggysim.BillsCardID, Type: domain.CreditAccount, Currency: "BRL"}
}

func TestTheBillsOfACardAreRead(t *testing.T) {
	e, card := billsEnv(t)
	list, err := e.adapter.Bills(t.Context(), e.access, card)
	if err != nil || len(list.Bills) != 4 || list.Partial || list.LatestOnly {
		t.Fatalf("%+v, %v", list, err)
	}
	second := list.Bills[1]
	if second.ExternalID != pluggysim.SecondBillID || second.DueDate != "2026-10-05" ||
		second.ClosingDate != "2026-09-28" || second.Total.String() != "744.52" || second.Currency != "BRL" ||
		second.MinimumPayment.String() != "148.9" || len(second.FinanceCharges) != 5 ||
		second.FinanceCharges[0].Description != "" || !second.FinanceCharges[4].NoCost ||
		second.FinanceCharges[3].NoCost || len(second.Payments) != 1 || second.Payments[0].Mode != "DEBIT_ACCOUNT" ||
		second.Payments[0].Date != "2026-10-05" || second.Payments[0].Amount.String() != "744.52" {
		t.Errorf("%+v", second)
	}
}

func TestADeniedListOfBillsIsNoEmptyList(t *testing.T) {
	e, card := billsEnv(t)
	if err := e.sim.SetBills(card.ExternalID); err != nil {
		t.Fatal(err)
	}
	if list, err := e.adapter.Bills(t.Context(), e.access, card); err != nil || len(list.Bills) != 0 {
		t.Errorf("an empty list: %+v, %v", list, err)
	}
	_, err := e.sim.UpdateItem(pluggysim.DemoItemID, func(i *pluggysim.Item) {
		i.StatusDetail = json.RawMessage(`{"creditCards":{"warnings":[{"code":"CC_005","message":"no permission"}]}}`)
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.adapter.Bills(t.Context(), e.access, card); !errors.Is(err, domain.AccessDenied) {
		t.Errorf("an empty list with the warning: %v", err)
	}
	if status, err := e.adapter.Check(t.Context(), e.access); err != nil || !status.BillsDenied {
		t.Errorf("the status with the warning: %+v, %v", status, err)
	}
	if err := e.sim.DenyBills(card.ExternalID, true); err != nil {
		t.Fatal(err)
	}
	if _, err := e.adapter.Bills(t.Context(), e.access, card); !errors.Is(err, domain.AccessDenied) {
		t.Errorf("a denied list: %v", err)
	}
}

// answerBills makes the vendor answer each request for bills with this status and body.
func (e *env) answerBills(t *testing.T, status int, body string) {
	t.Helper()
	srv := httptest.NewServer(e.record(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/bills" {
			e.sim.ServeHTTP(w, r)
			return
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	})))
	t.Cleanup(func() { srv.CloseClientConnections(); srv.Close() })
	e.access.BaseURL = srv.URL
}

// A 403 of the list of bills alone is a missing permission, whatever its body is. The other statuses keep their
// meaning.
func TestAForbiddenListOfBillsIsDenied(t *testing.T) {
	for _, test := range []struct {
		status int
		body   string
		want   domain.Code
	}{
		{403, `{"code":403,"codeDescription":"CREDIT_CARD_BILLS_NOT_ALLOWED","message":"no"}`, domain.AccessDenied},
		{403, `{"code":403,"message":"Forbidden"}`, domain.AccessDenied},
		{403, `{"code":403,"message":"Missing or invalid authorization token"}`, domain.AccessDenied},
		{403, ``, domain.AccessDenied},
		{403, `<html>Forbidden</html>`, domain.AccessDenied},
		{401, `{"code":401,"message":"Unauthorized"}`, domain.VendorUnreachable},
		{404, `{"code":404,"codeDescription":"ACCOUNT_NOT_FOUND","message":"no"}`, domain.VendorRefused},
		{429, `{"code":429,"message":"Too many requests"}`, domain.VendorRateLimited},
		{500, `{"code":500,"message":"oops"}`, domain.VendorUnreachable},
	} {
		e, card := billsEnv(t)
		e.answerBills(t, test.status, test.body)
		_, err := e.adapter.Bills(t.Context(), e.access, card)
		if !errors.Is(err, test.want) {
			t.Errorf("%d %s: %v, want %s", test.status, test.body, err, test.want)
		}
		if test.status == http.StatusForbidden && e.requestsTo("/auth") != 1 {
			t.Errorf("%d %s: %d authentications", test.status, test.body, e.requestsTo("/auth"))
		}
	}
}

// requestsTo returns the number of requests to a path.
func (e *env) requestsTo(path string) (n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, r := range e.requests {
		if r.URL.Path == path {
			n++
		}
	}
	return n
}

// A 403 of the list of bills says nothing about the permission while the vendor refuses the credential or the API keys.
func TestAnExpiredAPIKeyIsNoDeniedListOfBills(t *testing.T) {
	e, card := billsEnv(t)
	if _, err := e.adapter.Bills(t.Context(), e.access, card); err != nil {
		t.Fatal(err)
	}
	e.inject(t, pluggysim.Fault{Kind: pluggysim.FaultExpire}, "/bills")
	if list, err := e.adapter.Bills(t.Context(), e.access, card); err != nil || len(list.Bills) != 4 {
		t.Errorf("after the key has expired: %+v, %v", list, err)
	}
	e.answerBills(t, http.StatusForbidden, "{}")
	e.inject(t, pluggysim.Fault{Kind: pluggysim.FaultStatus, Times: -1}, "/items/*")
	if _, err := e.adapter.Bills(t.Context(), e.access, card); !errors.Is(err, domain.VendorUnreachable) {
		t.Errorf("while the item cannot be read: %v", err)
	}
}

// The dates have two forms, and members may be missing. A bill that cannot be read leaves the others.
func TestABillThatCannotBeReadLeavesTheOthers(t *testing.T) {
	e, card := billsEnv(t)
	err := e.sim.SetBills(card.ExternalID,
		pluggysim.Bill{ID: "a", Due: "2023-07-20T00:00:00", Total: "-12.5"},
		pluggysim.Bill{ID: "b", Due: "soon", Total: "1"}, pluggysim.Bill{ID: "c", Due: "2023-08-20"})
	if err != nil {
		t.Fatal(err)
	}
	list, err := e.adapter.Bills(t.Context(), e.access, card)
	if err != nil || len(list.Bills) != 1 || !list.Partial || list.Bills[0].Total.String() != "-12.5" ||
		list.Bills[0].DueDate != "2023-07-20" || list.Bills[0].ClosingDate != "" ||
		list.Bills[0].MinimumPayment != nil {
		t.Errorf("%+v, %v", list, err)
	}
}

// A payment that cannot be read may settle the bill.
func TestPaymentsThatCannotBeReadAreNoted(t *testing.T) {
	e, card := billsEnv(t)
	payment := pluggysim.Payment{Date: "2023-07-20T00:00:00", Amount: "12.5", Currency: "BRL"}
	undated, foreign := payment, payment
	undated.Date, foreign.Currency = "", "USD"
	for name, payments := range map[string][]pluggysim.Payment{
		"whole": {payment}, "without a date": {payment, undated}, "in another currency": {payment, foreign},
	} {
		bill := pluggysim.Bill{ID: "a", Due: "2023-07-20", Total: "12.5", Currency: "BRL", Payments: payments}
		if err := e.sim.SetBills(card.ExternalID, bill); err != nil {
			t.Fatal(err)
		}
		list, err := e.adapter.Bills(t.Context(), e.access, card)
		if err != nil || len(list.Bills) != 1 || len(list.Bills[0].Payments) != 1 ||
			list.Bills[0].UnreadPayments != (name != "whole") {
			t.Errorf("%s: %+v, %v", name, list, err)
		}
	}
}

// A list of bills that is shorter than its own count may lack any of them.
func TestAListOfBillsThatIsShorterThanItsCountIsPartial(t *testing.T) {
	for total, partial := range map[int]bool{3: true, 2: false} {
		adapter, access := newAccountsVendor(t, func(string) string {
			bill := func(id string) string {
				return `{"id":"` + id + `","dueDate":"2026-10-05","totalAmount":1,"totalAmountCurrencyCode":"BRL"}`
			}
			return fmt.Sprintf(`{"page":1,"total":%d,"totalPages":1,"results":[%s,%s,%s]}`, total, bill("a"), bill("b"),
				bill("b"))
		})
		list, err := adapter.Bills(t.Context(), access, domain.AccountData{ExternalID: "card"})
		if err != nil || list.Partial != partial {
			t.Errorf("of %d bills: %+v, %v", total, list, err)
		}
	}
}

// The rules read the simulated card as the documentation of the scenario says.
func TestTheRulesReadTheSimulatedCard(t *testing.T) {
	e, account := billsEnv(t)
	list, err := e.adapter.Bills(t.Context(), e.access, account)
	if err != nil {
		t.Fatal(err)
	}
	card := bills.Card{Today: domain.DateOf(testNow), CoversTo: domain.DateOf(testNow).AddDays(-1), Currency: "BRL"}
	for _, b := range list.Bills {
		card.Bills = append(card.Bills, bills.Bill{Data: b, ID: b.ExternalID, CoversTo: card.CoversTo})
	}
	step := domain.Step{Account: account.ExternalID}
	page, err := e.adapter.Read(t.Context(), e.access, step, []domain.AccountData{account}, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, raw := range page.Transactions {
		data, err := raw.Normalize()
		if err != nil {
			t.Fatal(err)
		}
		card.Rows = append(card.Rows, bills.RowOf(domain.Transaction{TransactionData: data}, "BRL"))
	}
	result := bills.Evaluate(card)
	states := map[string]string{}
	for _, b := range result.Bills {
		if b.SameAs == "" {
			states[b.ID] = string(b.Check) + " " + string(b.State) + " " + b.Difference.String()
		}
	}
	for id, want := range map[string]string{
		pluggysim.FirstBillID: "adds_up carried 0", pluggysim.SecondBillID: "adds_up paid 0",
		pluggysim.ThirdBillID: "differs overdue 108.98",
	} {
		if states[id] != want {
			t.Errorf("%s: %q, want %q (all: %v)", id, states[id], want, states)
		}
	}
}
