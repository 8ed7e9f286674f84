package domain_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Digests and page sizes of stored rows must not change, even if the code that computes them does: with another digest,
// the next pull would write a new version of every row.
func TestDigestsSizesAndChangedMembersOfStoredRowsStay(t *testing.T) {
	base := domain.Transaction{Version: 1, TransactionData: domain.TransactionData{
		ExternalID:   "e",
		Account:      "a",
		Amount:       domain.Money{Amount: decimal.RequireFromString("-12.50"), Currency: "BRL"},
		Status:       domain.Posted,
		Date:         "2026-11-20",
		Description:  "d",
		Category:     "c",
		Counterparty: "p",
		Metadata:     json.RawMessage(`{"a":1}`),
	}}
	var got []string
	for _, edit := range []func(*domain.Transaction){
		func(*domain.Transaction) {},
		func(x *domain.Transaction) { x.Account, x.Description, x.Counterparty = "", "", "" },
		func(x *domain.Transaction) {
			x.AccountMoney = &domain.Money{Amount: decimal.RequireFromString("3"), Currency: "USD"}
		},
		func(x *domain.Transaction) { x.OccurredAt = noon.In(time.FixedZone("elsewhere", 3600)) },
		func(x *domain.Transaction) { x.Warnings = []domain.Warning{domain.DirectionConflict, "other"} },
		func(x *domain.Transaction) {
			x.References = domain.References{
				EndToEndID: "1", TransactionID: "2", AuthenticationCode: "3", ReferenceNumber: "4",
				ReceiverReferenceID: "5", TrackingKey: "6", ChequeNumber: "7",
			}
		},
		func(x *domain.Transaction) { x.CounterpartyDocument = domain.NewPartyDocument("GODE561231GR8") },
		func(x *domain.Transaction) { x.References = domain.References{Barcode: boletos[0].barcode, TxID: "8"} },
		func(x *domain.Transaction) {
			x.AccountMoney = &domain.Money{Amount: decimal.RequireFromString("0.10"), Currency: "USD"}
			x.OccurredAt, x.Warnings = noon, []domain.Warning{"w"}
			x.References.ChequeNumber = "7"
			x.CounterpartyDocument = domain.PartyDocument{Type: domain.OtherDocument, Value: "x\x01"}
			x.Reason, x.RemovedAt, x.SupersededBy.UUID = "why", noon, uuid.Max
			x.Supersedes = []domain.Superseded{{ExternalID: "old"}}
			x.PossiblySupersedes, x.Changed = make([]domain.TransactionID, 2), []string{"amount"}
		},
	} {
		present := base
		edit(&present)
		digest := present.Digest()
		got = append(got, fmt.Sprint(hex.EncodeToString(digest[:4]), " ", domain.ItemSize(&present), " ",
			strings.Join(domain.ChangedMembers(&base, &present), ",")))
	}
	erased := base
	erased.Erase(noon)
	got = append(got, strings.Join(domain.ChangedMembers(nil, &erased), ","))
	want := []string{
		"02f49324 1260 connectionId",
		"269c60b6 1257 description,counterparty",
		"f43776c4 1260 accountAmount,accountCurrency",
		"61832e90 1260 occurredAt",
		"f4d3ed5c 1356 warnings",
		"137a189a 1651 references",
		"d4a7c35a 1417 counterpartyDocument",
		"01caf0d4 1544 references",
		"7ac3cddd 1994 accountAmount,accountCurrency,occurredAt,references,counterpartyDocument,warnings," +
			"removedAt,supersedes,supersededBy,possiblySupersedes",
		"accountId,externalId,amount,currency,accountAmount,accountCurrency,status,date,occurredAt,description," +
			"category,counterparty,references,counterpartyDocument,warnings,metadata,removedAt,excludedAt," +
			"supersedes,supersededBy,possiblySupersedes,erasedAt",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestMembersWithoutVersionsAreLeftOut(t *testing.T) {
	kept := domain.Transaction{Version: 3, TransactionData: domain.TransactionData{
		ExternalID: "e", Description: "d", Counterparty: "p", Status: domain.Posted, Date: "2026-11-20",
	}}
	full := kept
	full.Category, full.Metadata = "c", json.RawMessage(`{"a":1}`)
	full.Bill = domain.CardBill{Month: "2026-12", Basis: "vendor"}
	full.Card = domain.CardFacts{Number: 1, Count: 3, PurchaseDate: "2026-11-19"}
	if diff := cmp.Diff(kept, full.WithoutUnversioned()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if full.Category == "" || full.Card.Count != 3 {
		t.Error("the transaction itself has changed")
	}
}
