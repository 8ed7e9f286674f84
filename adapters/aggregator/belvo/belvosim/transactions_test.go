package belvosim_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/belvo/belvosim"
)

const demoRow = "2d94f7a3-b80c-4e16-95d2-f1c06a7e3b48"

func TestUpdateKeepsPlaceAndID(t *testing.T) {
	sim, c := newDemoServer(t, belvosim.Options{})
	before := c.transactions("").ids()
	_, err := sim.UpdateTransaction(demoRow, func(tx *belvosim.Transaction) {
		tx.ID, tx.Description = "another", new("CHANGED")
	})
	if err != nil {
		t.Fatal(err)
	}
	if after := c.transactions("").ids(); !slices.Equal(before, after) {
		t.Errorf("rows moved: %v, were %v", after, before)
	}
	got := get[map[string]any](c, "/api/transactions/"+demoRow+"/", 200)
	if got["description"] != "CHANGED" || got["collected_at"] != "2026-11-19T12:00:00.000000Z" {
		t.Errorf("got %v", got)
	}
}

func TestUpdateInvalidatesTheCachedSelection(t *testing.T) {
	sim, c := newDemoServer(t, belvosim.Options{})
	if got := c.transactions("&status=PENDING"); got.Count != 1 {
		t.Fatalf("%d pending", got.Count)
	}
	if _, err := sim.UpdateTransaction(
		demoRow, func(tx *belvosim.Transaction) { tx.Status = new("PENDING") },
	); err != nil {
		t.Fatal(err)
	}
	if got := c.transactions("&status=PENDING"); got.Count != 2 {
		t.Errorf("%d pending after the update, want 2", got.Count)
	}
}

func TestRemovedRowIsNowhereReturned(t *testing.T) {
	sim, c := newDemoServer(t, belvosim.Options{})
	if err := sim.RemoveTransaction(demoRow); err != nil {
		t.Fatal(err)
	}
	get[errorList](c, "/api/transactions/"+demoRow+"/", 404)
	if slices.Contains(c.transactions("").ids(), demoRow) {
		t.Error("still listed")
	}
}

func TestChurnReplacesTheIDOfARow(t *testing.T) {
	sim, c := newDemoServer(t, belvosim.Options{})
	was := get[map[string]any](c, "/api/transactions/"+demoRow+"/", 200)
	again, err := sim.Churn(demoRow)
	if err != nil || again.ID == demoRow {
		t.Fatalf("got %q, %v", again.ID, err)
	}
	get[errorList](c, "/api/transactions/"+demoRow+"/", 404)
	is := get[map[string]any](c, "/api/transactions/"+again.ID+"/", 200)
	if is["description"] != was["description"] || is["amount"] != was["amount"] ||
		is["created_at"] == was["created_at"] {
		t.Errorf("was %v, is %v", was, is)
	}
	if count := c.transactions("").Count; count != 5 {
		t.Errorf("%d rows, want 5", count)
	}
}

func TestPurgeRemovesOnlyOldRows(t *testing.T) {
	sim, c := newDemoServer(t, belvosim.Options{})
	purged, err := sim.Purge(belvosim.DemoLinkID, time.Date(2026, 11, 18, 0, 0, 0, 0, time.UTC))
	if err != nil || purged != 3 {
		t.Fatalf("purged %d, %v; want 3", purged, err)
	}
	if count := c.transactions("").Count; count != 2 {
		t.Errorf("%d rows left, want 2", count)
	}
	if count := get[list](c, "/api/transactions/?link="+belvosim.DemoOpenFinanceLinkID, 200).Count; count != 3 {
		t.Errorf("another link lost rows: %d left, want 3", count)
	}
}

func TestLinkStatusDoesNotAffectRows(t *testing.T) {
	sim, c := newDemoServer(t, belvosim.Options{})
	for _, status := range []belvosim.LinkStatus{
		belvosim.LinkInvalid, belvosim.LinkUnconfirmed, belvosim.LinkTokenRequired, belvosim.LinkValid,
	} {
		if err := sim.SetLinkStatus(belvosim.DemoLinkID, status); err != nil {
			t.Fatal(err)
		}
		if got := get[belvosim.Link](c, "/api/links/"+belvosim.DemoLinkID+"/", 200); got.Status != status {
			t.Errorf("got %s, want %s", got.Status, status)
		}
	}
	if count := c.transactions("").Count; count != 5 {
		t.Errorf("%d rows, want 5", count)
	}
}

func TestRemoveLinkRemovesItsAccountsAndRows(t *testing.T) {
	sim, c := newDemoServer(t, belvosim.Options{})
	if err := sim.RemoveLink(belvosim.DemoLinkID); err != nil {
		t.Fatal(err)
	}
	get[errorList](c, "/api/links/"+belvosim.DemoLinkID+"/", 404)
	get[errorList](c, "/api/accounts/"+belvosim.DemoAccountID+"/", 404)
	get[errorList](c, "/api/transactions/"+demoRow+"/", 404)
	sim.Seed()
	if count := c.transactions("").Count; count != 5 {
		t.Errorf("%d rows after a second seed, want 5", count)
	}
}

// TestSeedAtMovesEveryDate checks that SeedAt moves every date of the demo data. The vendor collects some rows until
// just before 08:00 UTC. No row may be collected after the time that is passed to SeedAt. If that time is before 08:00
// UTC, the rows are therefore collected on the previous day.
func TestSeedAtMovesEveryDate(t *testing.T) {
	zone := time.FixedZone("", -3*3600)
	for at, want := range map[time.Time]string{
		time.Date(2025, 3, 2, 6, 0, 0, 0, zone):  "2025-02-27", // at 09:00 UTC: rows collected on 2 March
		time.Date(2025, 3, 1, 23, 0, 0, 0, zone): "2025-02-26", // at 02:00 UTC: rows collected on 1 March
	} {
		sim := belvosim.New(belvosim.Options{Seed: 1})
		sim.SeedAt(at)
		for _, row := range sim.Transactions(belvosim.DemoLinkID) {
			if row.ID == demoRow && *row.ValueDate != want {
				t.Errorf("at %v the value date is %s, want %s", at, *row.ValueDate, want)
			}
			if collected, err := time.Parse(time.RFC3339, row.CollectedAt); err != nil || collected.After(at) {
				t.Errorf("at %v the row %s was collected at %s, %v", at, row.ID, row.CollectedAt, err)
			}
		}
		// The last access must be the time that was passed to SeedAt, so that no refresh is overdue. UpdateLink changes
		// nothing here; it only returns the link.
		link, err := sim.UpdateLink(belvosim.DemoOpenFinanceLinkID, func(*belvosim.Link) {})
		if accessed, _ := time.Parse(time.RFC3339, link.LastAccessedAt); err != nil || !accessed.Equal(at) {
			t.Errorf("at %v the link was last accessed at %s, %v", at, link.LastAccessedAt, err)
		}
	}
}

func TestUnknownAndTakenIDsChangeNothing(t *testing.T) {
	sim, c := newDemoServer(t, belvosim.Options{})
	first := func(_ any, err error) error { return err }
	for name, test := range map[string]struct{ got, want error }{
		"link exists": {
			first(sim.AddLink(belvosim.Link{ID: belvosim.DemoLinkID})), belvosim.ErrTaken,
		},
		"account exists": {
			first(sim.AddAccount(belvosim.Account{ID: belvosim.DemoAccountID, Link: belvosim.DemoLinkID})),
			belvosim.ErrTaken,
		},
		"account of an unknown link": {first(sim.AddAccount(belvosim.Account{Link: "x"})), belvosim.ErrNotFound},
		"transaction exists": {
			first(sim.AddTransaction(belvosim.DemoLinkID, belvosim.Transaction{ID: demoRow})), belvosim.ErrTaken,
		},
		"transaction of an unknown link": {
			first(sim.AddTransaction("x", belvosim.Transaction{})), belvosim.ErrNotFound,
		},
		"account of another link": {
			first(
				sim.AddTransaction(
					belvosim.DemoOpenFinanceLinkID, belvosim.Transaction{Account: belvosim.DemoAccountID},
				),
			),
			belvosim.ErrNotFound,
		},
		"update": {first(sim.UpdateTransaction("x", nil)), belvosim.ErrNotFound},
		"update to an unknown account": {
			first(sim.UpdateTransaction(demoRow, func(tx *belvosim.Transaction) { tx.Account = "x" })),
			belvosim.ErrNotFound,
		},
		"remove":      {sim.RemoveTransaction("x"), belvosim.ErrNotFound},
		"churn":       {first(sim.Churn("x")), belvosim.ErrNotFound},
		"purge":       {first(sim.Purge("x", noon)), belvosim.ErrNotFound},
		"status":      {sim.SetLinkStatus("x", belvosim.LinkValid), belvosim.ErrNotFound},
		"remove link": {sim.RemoveLink("x"), belvosim.ErrNotFound},
		"generate":    {sim.Generate("x", 1), belvosim.ErrNotFound},
	} {
		if !errors.Is(test.got, test.want) {
			t.Errorf("%s: %v, want %v", name, test.got, test.want)
		}
	}
	if links, rows := get[list](c, "/api/links/", 200).Count, c.transactions("").Count; links != 2 || rows != 5 {
		t.Errorf("%d links, %d rows", links, rows)
	}
}

func TestRevokedSecretIsRejectedImmediately(t *testing.T) {
	sim, c := newDemoServer(t, belvosim.Options{})
	get[map[string]string](c, "/api/", 200)
	sim.RemoveSecret(belvosim.DemoSecretID)
	get[errorList](c, "/api/", 401)
}

func TestUpdateDuringConcurrentReads(t *testing.T) {
	sim, c := newDemoServer(t, belvosim.Options{})
	if err := sim.Generate(belvosim.DemoAccountID, 500); err != nil {
		t.Fatal(err)
	}
	edited := make(chan error, 1)
	go func() { edited <- editManyTimes(sim, demoRow) }()
	for range 20 {
		c.transactions("&status=PROCESSED")
		c.transactions("&page_size=1000")
	}
	if err := <-edited; err != nil {
		t.Fatal(err)
	}
	if count := c.transactions("").Count; count != 505 {
		t.Errorf("%d rows, want 505", count)
	}
}

func editManyTimes(sim *belvosim.Simulator, id string) error {
	for range 200 {
		again, err := sim.Churn(id)
		if err != nil {
			return err
		}
		id = again.ID
		if _, err := sim.UpdateTransaction(
			id, func(tx *belvosim.Transaction) { tx.Description = new("EDITED") },
		); err != nil {
			return err
		}
	}
	return nil
}

// BenchmarkPageOfAHundredThousand measures the request of one page of a list of 100 000 rows. The
// cost of a page must not depend on the length of the list.
func BenchmarkPageOfAHundredThousand(b *testing.B) {
	sim := belvosim.New(belvosim.Options{Seed: 1})
	sim.Seed()
	if err := sim.Generate(belvosim.DemoAccountID, 100_000); err != nil {
		b.Fatal(err)
	}
	request, recorder := benchRequest("/api/transactions/?page=900&link=" + belvosim.DemoLinkID)
	for b.Loop() {
		sim.ServeHTTP(recorder(), request)
	}
}

func TestTransactionsReturnsACopyInOrder(t *testing.T) {
	sim := belvosim.New(belvosim.Options{Seed: 1})
	sim.Seed()
	rows := sim.Transactions(belvosim.DemoLinkID)
	if len(rows) == 0 || sim.Transactions("unknown") != nil {
		t.Fatalf("%d rows of the demo link", len(rows))
	}
	first := rows[0].ID
	rows[0].ID = "changed"
	if again := sim.Transactions(belvosim.DemoLinkID); again[0].ID != first {
		t.Fatal("the simulator's data was changed through the copy")
	}
}
