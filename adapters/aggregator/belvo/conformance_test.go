package belvo

import (
	"encoding/json"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/belvo/belvosim"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

func TestConformance(t *testing.T) {
	porttest.TestAggregator(t, porttest.VendorSuite{
		New: newVendorEnv, Webhooks: porttest.WebhookBodies(t, "testdata/webhook/*.json"),
	})
}

var noon = time.Date(2026, 11, 19, 12, 0, 0, 0, time.UTC)

const retryAfter = 42 * time.Second

// faults contains a fault of the simulator for each kind of failure in the conformance suite.
var faults = map[porttest.VendorFault]belvosim.Fault{
	porttest.VendorRateLimits: {
		Kind: belvosim.FaultStatus, Status: 429, RetryAfter: strconv.Itoa(int(retryAfter.Seconds())),
	},
	porttest.VendorInternalError: {Kind: belvosim.FaultStatus, Status: 500},
	porttest.VendorUnavailable:   {Kind: belvosim.FaultStatus, Status: 503},
	porttest.VendorHangs:         {Kind: belvosim.FaultHang},
	porttest.VendorTruncates:     {Kind: belvosim.FaultCut},
	porttest.VendorSendsHTML:     {Kind: belvosim.FaultHTML},
	porttest.VendorSwapsTypes:    {Kind: belvosim.FaultTypes},
	porttest.VendorRedirects:     {Kind: belvosim.FaultRedirect},
	porttest.VendorOversizes:     {Kind: belvosim.FaultOversize, Size: 5 << 20},
	porttest.VendorOddNumbers:    {Kind: belvosim.FaultNumber},
	porttest.VendorForeignCursor: {Kind: belvosim.FaultNextHost},
}

// newVendorEnv starts a simulator with one link that has a bank account and a card. It returns
// the environment in which the conformance suite tests an adapter against this simulator.
func newVendorEnv(t *testing.T) porttest.VendorEnv {
	const link, secret = "0c2f6a51-77d0-4b7e-9c39-5d1e8a3b4f60", "hush-hush-password"
	sim := belvosim.New(belvosim.Options{Seed: 5, Now: func() time.Time { return noon }})
	sim.AddSecret("conformance", secret)
	mustAdd(t)(sim.AddLink(belvosim.Link{ID: link}))
	real := "BRL"
	mustAdd(t)(
		sim.AddAccount(belvosim.Account{ID: "a-bank", Link: link, Category: "CHECKING_ACCOUNT", Currency: &real}),
	)
	mustAdd(t)(sim.AddAccount(belvosim.Account{ID: "b-card", Link: link, Category: "CREDIT_CARD", Currency: &real}))
	server := httptest.NewServer(sim)
	client := vendorhttp.New(vendorhttp.Config{
		AllowHTTP: true, AllowedCIDRs: loopback, AttemptTimeout: attemptTimeout, MaxBodyBytes: 4 << 20,
	})
	t.Cleanup(func() {
		client.Close()
		sim.ClearFaults()
		server.Close()
	})
	good := ports.Access{BaseURL: server.URL, AccountRef: link, Credential: credential("conformance", secret)}
	badSecret, badLink := good, good
	badSecret.Credential = credential("conformance", "another-password")
	badLink.AccountRef = "99999999-0000-4000-8000-000000000000"
	return porttest.VendorEnv{
		Adapter: New(client, nil), Good: good, BadCredential: badSecret, BadAccountRef: badLink,
		Accounts: []string{"a-bank", "b-card"}, Today: domain.DateOf(noon),
		NeverSyncComplete: true, RefreshOnce: true, RetryAfter: retryAfter,
		Seed: func(t *testing.T, account string, n int) []string { return seed(t, sim, link, account, n) },
		Break: func(t *testing.T, fault porttest.VendorFault) {
			played := faults[fault]
			played.Times = -1
			inject(t, sim, played)
		},
		Repair: func(*testing.T) { sim.ClearFaults() },
		Secrets: func() []string {
			return []string{basicAuth(good.Credential), "Please wait", "Invalid Secret Keys", "throttled"}
		},
	}
}

// mustAdd returns a function that takes the results of an Add method of the simulator and ends
// the test if the error is not nil.
func mustAdd(t *testing.T) func(any, error) {
	return func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
}

func seed(t *testing.T, sim *belvosim.Simulator, link, account string, n int) []string {
	t.Helper()
	kind, currency := "OUTFLOW", "BRL"
	ids := make([]string, n)
	for i := range ids {
		day := noon.AddDate(0, 0, -364*i/n).Format(time.DateOnly)
		row, err := sim.AddTransaction(link, belvosim.Transaction{
			Account: account, ValueDate: &day, Amount: json.RawMessage(
				strconv.Itoa(i) + ".25",
			), Type: &kind, Currency: &currency,
		})
		if err != nil {
			t.Fatal(err)
		}
		ids[i] = row.ID
	}
	return ids
}
