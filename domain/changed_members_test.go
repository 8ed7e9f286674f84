package domain_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestChangedMembersNamesWhatDiffers(t *testing.T) {
	zone := time.FixedZone("elsewhere", 3600)
	money := func(amount, currency string) domain.Money {
		m, err := domain.ParseMoney(amount, currency)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	reais, dollars := money("-5", "BRL"), money("-5", "USD")
	base := domain.Transaction{Version: 1, TransactionData: domain.TransactionData{
		ExternalID: "e", Amount: money("-12.5", "BRL"), Status: domain.Posted, Date: "2026-11-20", OccurredAt: noon,
		AccountMoney: &reais, Metadata: json.RawMessage(`{}`),
	}}
	for name, tc := range map[string]struct {
		edit func(*domain.Transaction)
		want []string
	}{
		"amount":   {func(x *domain.Transaction) { x.Amount = money("-12.51", "BRL") }, []string{"amount"}},
		"currency": {func(x *domain.Transaction) { x.Amount = money("-12.5", "USD") }, []string{"currency"}},
		"account amount": {
			func(x *domain.Transaction) { x.AccountMoney = nil }, []string{"accountAmount", "accountCurrency"},
		},
		"account currency": {func(x *domain.Transaction) { x.AccountMoney = &dollars }, []string{"accountCurrency"}},
		"status":           {func(x *domain.Transaction) { x.Status = domain.Pending }, []string{"status"}},
		"date and time": {
			func(x *domain.Transaction) { x.Date, x.OccurredAt = "2026-11-21", time.Time{} },
			[]string{"date", "occurredAt"},
		},
		"texts": {
			func(x *domain.Transaction) { x.Description, x.Category, x.Counterparty = "d", "c", "p" },
			[]string{"description", "category", "counterparty"},
		},
		"references": {
			func(x *domain.Transaction) { x.References.ChequeNumber = "1" }, []string{"references"},
		},
		"document": {
			func(x *domain.Transaction) { x.CounterpartyDocument = domain.NewPartyDocument("GODE561231GR8") },
			[]string{"counterpartyDocument"},
		},
		"warnings": {
			func(x *domain.Transaction) { x.Warnings = []domain.Warning{domain.DirectionConflict} },
			[]string{"warnings"},
		},
		"metadata": {func(x *domain.Transaction) { x.Metadata = nil }, []string{"metadata"}},
		"ids": {
			func(x *domain.Transaction) {
				x.Connection.UUID, x.AccountID.UUID, x.ExternalID = uuid.Max, uuid.Max, "f"
			},
			[]string{"connectionId", "accountId", "externalId"},
		},
		"removal": {func(x *domain.Transaction) { x.RemovedAt = noon }, []string{"removedAt"}},
		"replacement": {
			func(x *domain.Transaction) {
				x.Supersedes, x.SupersededBy.UUID = []domain.Superseded{{ExternalID: "old"}}, uuid.Max
			},
			[]string{"supersedes", "supersededBy"},
		},
		"only the number of the version": {func(*domain.Transaction) {}, []string{"connectionId"}},
		"other notations of the same values": {
			func(x *domain.Transaction) {
				x.Amount, x.OccurredAt = money("-12.500", "BRL"), noon.In(zone)
				x.AccountMoney = &domain.Money{Amount: reais.Amount, Currency: reais.Currency}
			},
			[]string{"connectionId"},
		},
	} {
		present := base
		present.Version++
		tc.edit(&present)
		if got := domain.ChangedMembers(&base, &present); !slices.Equal(got, tc.want) {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
	erased := base
	erased.Erase(noon)
	got := domain.ChangedMembers(nil, &erased)
	if !slices.Contains(got, "erasedAt") || !slices.Contains(got, "amount") || slices.Contains(got, "connectionId") {
		t.Errorf("of an erased transaction: %q", got)
	}
}
