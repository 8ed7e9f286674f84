package rest

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// The member "changed" must contain the names that the API uses for the members of a transaction, like the members
// "before" and "after" in the history.
func TestChangedContainsTheMembersOfTheHistory(t *testing.T) {
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	money := domain.Money{Amount: decimal.RequireFromString("-5"), Currency: "BRL"}
	var full domain.Transaction
	full.Connection.UUID, full.AccountID.UUID, full.SupersededBy.UUID = someID, someID, someID
	full.TransactionData = domain.TransactionData{
		ExternalID: "e", Amount: money, AccountMoney: &money, Status: domain.Posted, Date: "2026-03-01", OccurredAt: at,
		Description: "d", Category: "c", Counterparty: "p", References: domain.References{ChequeNumber: "1"},
		CounterpartyDocument: domain.NewPartyDocument("GODE561231GR8"),
		Warnings:             []domain.Warning{domain.DirectionConflict}, Metadata: []byte(`{}`),
	}
	full.RemovedAt, full.Supersedes = at, []domain.Superseded{{ExternalID: "old", At: at}}
	empty := domain.Transaction{TransactionData: domain.TransactionData{
		Amount: domain.Money{Amount: decimal.RequireFromString("1"), Currency: "USD"},
	}}
	edited := full
	edited.Description, edited.References = "x", domain.References{}
	for name, versions := range map[string][2]domain.Transaction{
		"everything": {empty, full}, "nothing is left": {full, empty}, "two members": {full, edited},
	} {
		before, _, err := diffMembers(versions[0], versions[1])
		if err != nil {
			t.Fatal(err)
		}
		want := slices.Sorted(maps.Keys(before))
		got := slices.Sorted(slices.Values(domain.ChangedMembers(&versions[0], &versions[1])))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-history +changed):\n%s", name, diff)
		}
	}
}
