package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/adapters/persistence/sqlite"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/storetest"
)

// incomingFor returns a delivery of an event with the given name. The event announces the removal of the transaction
// whose external id equals this name.
func incomingFor(token domain.WebhookToken, name string, at time.Time) ports.IncomingDelivery {
	return ports.IncomingDelivery{
		Delivery: newID[domain.Delivery](), Pull: newID[domain.Pull](), Token: token.Hash, Vendor: token.Vendor,
		At: at, Body: []byte(name),
		SourceAdmitted: true, Event: domain.WebhookEvent{
			Name: "e", ID: name, DedupKey: name, WantsPull: true, Scope: domain.PullScope{Removed: []string{name}},
		},
	}
}

// received stores an incoming delivery and returns the stored delivery.
func received(t *testing.T, s *sqlite.Store, incoming ports.IncomingDelivery) domain.Delivery {
	t.Helper()
	got, err := s.Deliveries().Receive(t.Context(), incoming)
	if err != nil {
		t.Fatal(err)
	}
	return got.Delivery
}

// wantScope claims the pull and fails the test unless the Removed field of the pull's scope equals want.
func wantScope(t *testing.T, s *sqlite.Store, pull domain.PullID, want ...string) {
	t.Helper()
	l := domain.Lease{ID: newID[domain.Lease](), Pull: pull, Until: epoch.Add(24 * time.Hour)}
	claimed, err := s.Pulls().Claim(t.Context(), l, epoch)
	if err != nil {
		t.Fatal(err)
	}
	l.Tenant = claimed.Pull.Tenant
	if diff := cmp.Diff(want, claimed.Pull.Scope.Removed); diff != "" {
		t.Errorf("removals of the scope (-want +got):\n%s", diff)
	}
}

func TestAClaimFindsDeliveriesThatWereReceivedBeforeThePullWasQueued(t *testing.T) {
	s := opened(t, file(t)).Store(nil)
	token := connectionWithToken(t, s)
	first := received(t, s, incomingFor(token, "b", epoch))
	received(t, s, incomingFor(token, "a", epoch.Add(-time.Hour)))
	received(t, s, incomingFor(token, "c", epoch))
	received(t, s, incomingFor(token, "d", epoch.Add(time.Hour)))
	wantScope(t, s, first.Pull, "a", "b", "c", "d")
}

func TestAClaimDoesNotScanTheHistoryOfDeliveries(t *testing.T) {
	db := opened(t, file(t))
	query := sqlite.AttachedDeliveries(domain.Pull{ID: newID[domain.Pull]()}, 1<<20)
	rows, err := db.Writer.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query.SQL, query.Vars...)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var plan strings.Builder
	for rows.Next() {
		var step string
		if err := rows.Scan(new(int), new(int), new(int), &step); err != nil {
			t.Fatal(err)
		}
		plan.WriteString(step + "\n")
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if want := "SEARCH deliveries USING INDEX deliveries_pull (pull_id=?)\n"; plan.String() != want {
		t.Errorf("the plan is %s, want %s", plan.String(), want)
	}
}

// A token must be refused from the next delivery on, whether this process or another one has revoked it. A second DB on
// the same file simulates the other process.
func TestARevokedTokenIsRefusedFromTheNextDeliveryOn(t *testing.T) {
	dsn := file(t)
	here, elsewhere := opened(t, dsn).Store(nil), opened(t, dsn).Store(nil)
	revocations := map[string]func(ctx context.Context, s *sqlite.Store, token domain.WebhookToken) error{
		"token revoked": func(ctx context.Context, s *sqlite.Store, token domain.WebhookToken) error {
			return s.Tokens().Revoke(ctx, token.Tenant, token.ID, epoch, nil, nil)
		},
		"connection deleted": func(ctx context.Context, s *sqlite.Store, token domain.WebhookToken) error {
			_, err := s.Connections().Update(ctx, token.Tenant, domain.Aggregator, token.Connection,
				nil, func(c *domain.Connection) error {
					c.DeletedAt = epoch
					return nil
				})
			return err
		},
	}
	for how, revoke := range revocations {
		for where, s := range map[string]*sqlite.Store{"here": here, "elsewhere": elsewhere} {
			t.Run(how+" "+where, func(t *testing.T) {
				token := connectionWithToken(t, here)
				received(t, here, incomingFor(token, "first", epoch))
				received(t, here, incomingFor(token, "second", epoch))
				if err := revoke(t.Context(), s, token); err != nil {
					t.Fatal(err)
				}
				_, err := here.Deliveries().Receive(t.Context(), incomingFor(token, "third", epoch))
				if !errors.Is(err, domain.Unauthenticated) {
					t.Errorf("error %v, want Unauthenticated", err)
				}
			})
		}
	}
}

func TestNoDeliveryIsAttachedToAPullThatAnotherProcessClaimed(t *testing.T) {
	dsn := file(t)
	here, elsewhere := opened(t, dsn).Store(nil), opened(t, dsn).Store(nil)
	token := connectionWithToken(t, here)
	first := received(t, here, incomingFor(token, "a", epoch))
	received(t, here, incomingFor(token, "b", epoch))
	wantScope(t, elsewhere, first.Pull, "a", "b")
	if late := received(t, here, incomingFor(token, "c", epoch)); late.Pull == first.Pull {
		t.Error("a delivery was attached to a pull that has started")
	}
}

// count returns the number of rows of a table.
func count(t *testing.T, db *sqlite.DB, table string) (n int) {
	t.Helper()
	if err := db.Writer.QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// scansTable matches a step that reads all rows of a table. The steps for the parameters of a statement do not match.
var scansTable = regexp.MustCompile(`^SCAN [^n\dj]`)

// Each webhook is looked up by the hash of its token. A plan that begins with the rows of the tenant takes longer for
// each connection and token of the tenant, and holds the only writer of the database meanwhile.
func TestAWebhookIsLookedUpByTheHashOfItsToken(t *testing.T) {
	for _, statistics := range []bool{false, true} {
		t.Run(fmt.Sprintf("statistics %v", statistics), func(t *testing.T) {
			db := opened(t, file(t))
			token := connectionWithToken(t, db.Store(nil))
			storetest.FillTenant(t, db.DB, token)
			if statistics {
				if err := db.DB.Exec("ANALYZE").Error; err != nil {
					t.Fatal(err)
				}
			}
			var batch []gormstore.PendingDelivery
			for i, ref := range []string{"", "item", "item-7", "item-8", "unknown", "item-7"} {
				incoming := incomingFor(token, fmt.Sprint("event ", i%5), epoch)
				incoming.Event.AccountRef = ref
				batch = append(batch, incoming.Prepare())
			}
			plans, err := db.ReceiptPlans(t.Context(), batch)
			if err != nil {
				t.Fatal(err)
			}
			all := strings.Join(plans, "")
			if n := strings.Count(all, "SEARCH t USING INDEX sqlite_autoindex_webhook_tokens_1 (hash=?)"); n != 2 {
				t.Errorf("%d look-ups by the hash, want 2:\n%s", n, all)
			}
			for step := range strings.Lines(all) {
				if strings.Contains(step, "(tenant_id=?)") || scansTable.MatchString(step) {
					t.Errorf("a statement reads all rows: %s", step)
				}
			}
			if len(plans) < 4 {
				t.Errorf("%d plans, want those of all statements of a receipt:\n%s", len(plans), all)
			}
		})
	}
}
