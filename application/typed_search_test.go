package application_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// typedRow returns a row with an amount, a date and a counterparty.
func typedRow(id, amount string, date domain.Date, counterparty string) domain.TransactionData {
	r := row(id, "row "+id)
	r.Amount.Amount, r.Date, r.Counterparty = decimal.RequireFromString(amount), date, counterparty
	return r
}

// find reads all pages of what a typed text means. It returns the external ids in the order of the result, and what was
// searched for.
func (e *env) find(typed string, filter domain.TransactionSearch, limit int) (found []string, terms string) {
	e.Helper()
	request := domain.PageRequest{Limit: limit}
	for {
		page, err := e.FindTransactions(e.ctx, e.tenant, typed, filter, request)
		e.noError(err)
		if len(page.Items) > limit {
			e.Fatalf("%d items on a page of %d", len(page.Items), limit)
		}
		for _, item := range page.Items {
			found = append(found, item.Transaction.ExternalID)
		}
		names := make([]string, len(page.Terms))
		for i, term := range page.Terms {
			names[i] = fmt.Sprintf("%s|%s|%v", term.Reference, term.Text, term.Banks)
		}
		terms = strings.Join(names, " or ")
		if page.Next.IsZero() {
			return found, terms
		}
		request.After = page.Next
	}
}

// checkFound checks which transactions each typed text finds, with pages of several sizes. Their ids are separated by
// commas if one of them has a blank.
func (e *env) checkFound(state string, wanted map[string]string) {
	e.Helper()
	for typed, want := range wanted {
		separator := " "
		if strings.Contains(want, ",") {
			separator = ", "
		}
		ids := strings.Split(want, separator)
		if want == "" {
			ids = nil
		}
		for _, limit := range []int{1, 2, 200} {
			got, _ := e.find(typed, domain.TransactionSearch{}, limit)
			if diff := cmp.Diff(ids, got); diff != "" {
				e.Errorf("%s: %q by pages of %d (-want +got):\n%s", state, typed, limit, diff)
			}
		}
	}
}

func TestATypedTextFindsWhatAnyOfItsMeaningsSelects(t *testing.T) {
	e := newEnv(t)
	document := typedRow("document", "-7", "2026-02-11", "Papelaria")
	document.CounterpartyDocument = domain.NewPartyDocument("529.982.247-25")
	inText := typedRow("in text", "-8", "2026-02-12", "TED 529.982.247-25 Ana")
	reference := typedRow("reference", "-9", "2026-02-13", "")
	reference.References.ReferenceNumber = "417"
	e.vendor.rows = []domain.TransactionData{
		typedRow("out", "-1234.56", "2026-02-01", "Papelaria Aurora"), typedRow("in", "1234.56", "2026-02-02", ""),
		typedRow("thousand", "1234", "2026-02-03", ""), typedRow("mills", "-1.234", "2026-02-04", ""),
		typedRow("four hundred", "417", "2026-02-05", "Mercado 417"), document, inText, reference,
	}
	first := e.createConnection("first")
	e.setBank(first.ID, "201", "Itaú Unibanco")
	e.runPull(e.requestFullPull(first))
	referenced := typedRow("referenced", "-1234.56", "2026-01-10", "")
	referenced.References.ReferenceNumber = "A-7"
	e.vendor.rows = []domain.TransactionData{
		referenced,
		typedRow("note", "-1234.56", "2026-01-20", "Nota A-7"),
		typedRow("elsewhere", "-1234.56", "2026-02-06", "Posto"),
		typedRow(
			"transfer",
			"5",
			"2026-02-07",
			"Conta no Itau",
		),
		typedRow("named", "-1234.56", "2026-01-15", "Loja Itau"),
	}
	second := e.createConnection("second")
	e.setBank(second.ID, "612", "Nubank")
	e.runPull(e.requestFullPull(second))
	wanted := map[string]string{
		"R$ 1.234,56":                  "elsewhere in out note named referenced",
		"US$ 1.234,56":                 "",
		"-1.234,56":                    "elsewhere out note named referenced",
		"1.234":                        "mills thousand",
		"417":                          "reference, four hundred",
		"529.982.247-25":               "in text, document",
		"52998224725":                  "in text, document",
		"papelária":                    "document out",
		"papelaria 1.234,56":           "out",
		"nubank":                       "transfer elsewhere note named referenced",
		"itau 1.234,56":                "in out named",
		"itau -1.234,56":               "out named",
		"a-7 1.234,56":                 "note referenced",
		"ITAÚ 5,00":                    "transfer",
		"nothing of this":              "",
		e.idOf(second, "elsewhere"):    "elsewhere",
		strings.Repeat("x", 201) + " ": "",
	}
	e.checkFound("not indexed", wanted)
	_, err := e.IndexTexts(e.ctx, 1000)
	e.noError(err)
	e.checkFound("indexed", wanted)
	if got, _ := e.find(
		"1.234,56",
		domain.TransactionSearch{Connection: first.ID},
		10,
	); !slices.Equal(
		got,
		[]string{"in", "out"},
	) {
		t.Errorf("in one connection: %v", got)
	}
	if _, terms := e.find("itau", domain.TransactionSearch{}, 10); terms !=
		"itau||[] or |itau|[] or ||[Itaú Unibanco]" {
		t.Errorf("searched for %s", terms)
	}
}

// idOf returns the id of a connection's transaction with this external id, in capital letters.
func (e *env) idOf(c domain.Connection, externalID string) string {
	e.Helper()
	page, err := e.ListTransactions(e.ctx, e.tenant, c.ID, ports.TransactionFilter{ExternalID: externalID},
		domain.PageRequest{Limit: 1})
	e.noError(err)
	return strings.ToUpper(page.Items[0].ID.String())
}

func TestAFoundTransactionHasItsConnectionAndItsAccount(t *testing.T) {
	e := newEnv(t)
	e.vendor.setRows("r1")
	c := e.createConnection("books")
	e.setBank(c.ID, "201", "Itaú")
	e.runPull(e.requestFullPull(c))
	find := func() ports.FoundTransaction {
		page, err := e.FindTransactions(
			e.ctx,
			e.tenant,
			"10,50",
			domain.TransactionSearch{},
			domain.PageRequest{Limit: 9},
		)
		e.noError(err)
		return page.Items[0]
	}
	found := find()
	want := domain.BriefConnection{
		ID: c.ID, Vendor: "pluggy", Name: "books", Institution: domain.Institution{ID: "201", Name: "Itaú"},
	}
	if found.Connection != want || found.Account.ID != found.Transaction.AccountID ||
		found.Account.ExternalID != account {
		t.Errorf("found %+v", found)
	}
	e.noError(e.DeleteConnection(e.ctx, e.tenant, c.ID, nil))
	if found := find(); !found.Connection.Deleted || found.Account.ExternalID != account {
		t.Errorf("after the connection was deleted: %+v", found)
	}
}

func TestATypedTextWithoutAMeaningIsRefused(t *testing.T) {
	e := newEnv(t)
	for _, typed := range []string{" ", "\u00a0", "a & b & c" + strings.Repeat(" x", 200)} {
		_, err := e.FindTransactions(e.ctx, e.tenant, typed, domain.TransactionSearch{}, domain.PageRequest{Limit: 1})
		e.wantError(err, domain.Invalid)
	}
}
