package belvo

import (
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/belvo/belvosim"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// attemptTimeout is the timeout of each request. It ends the requests to a vendor that does not respond. It is long, so
// that no other request fails on a busy machine.
const attemptTimeout = 5 * time.Second

// newSimulatedVendor starts a simulator with the demo data. It returns the simulator, an adapter
// whose egress rules allow the simulator's address, and the access to the demo link.
func newSimulatedVendor(t testing.TB, options belvosim.Options) (*belvosim.Simulator, *Adapter, ports.Access) {
	t.Helper()
	options.Seed = 11
	sim := belvosim.New(options)
	sim.Seed()
	server := httptest.NewServer(sim)
	client := vendorhttp.New(vendorhttp.Config{
		AllowHTTP: true, AllowedCIDRs: loopback, AttemptTimeout: attemptTimeout,
		MaxBudgetWait: -1, MaxBodyBytes: 4 << 20,
	})
	t.Cleanup(func() {
		client.Close()
		sim.ClearFaults()
		server.Close()
	})
	return sim, New(client, nil), ports.Access{
		BaseURL: server.URL, AccountRef: belvosim.DemoLinkID,
		Credential: credential(belvosim.DemoSecretID, belvosim.DemoSecretPassword),
	}
}

func credential(id, password string) domain.Credential {
	return domain.AggregatorCredential(domain.SecretText(id), domain.SecretText(password))
}

// listAccounts returns the accounts of one link.
func listAccounts(t *testing.T, a *Adapter, access ports.Access) []domain.AccountData {
	t.Helper()
	accounts, err := a.Accounts(t.Context(), access)
	if err != nil {
		t.Fatal(err)
	}
	return accounts
}

// readAll reads all pages of a step. It returns the normalized rows and the number of pages.
func readAll(t *testing.T, a *Adapter, access ports.Access, step domain.Step) ([]domain.TransactionData, int) {
	t.Helper()
	accounts := listAccounts(t, a, access)
	var rows []domain.TransactionData
	for cursor, pages := "", 1; ; pages++ {
		page, err := a.Read(t.Context(), access, step, accounts, cursor)
		if err != nil {
			t.Fatal(err)
		}
		for _, raw := range page.Transactions {
			row, err := raw.Normalize()
			if err != nil {
				t.Fatal(err)
			}
			rows = append(rows, row)
		}
		if cursor = page.Next; cursor == "" {
			return rows, pages
		}
	}
}

func inject(t *testing.T, sim *belvosim.Simulator, f belvosim.Fault) {
	t.Helper()
	if err := sim.Inject(f); err != nil {
		t.Fatal(err)
	}
}
