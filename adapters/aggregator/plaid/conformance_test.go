package plaid

import (
	"strconv"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/sim/faultinject"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

func TestConformance(t *testing.T) {
	porttest.TestAggregator(t, porttest.VendorSuite{
		New: newVendorEnv, Webhooks: porttest.WebhookBodies(t, "testdata/webhook/*.json"),
	})
}

const retryAfter = 42 * time.Second

// faults contains a fault of the simulator for each kind of failure in the conformance suite. The vendor's cursors
// are not URLs, so a cursor that contains a URL is malformed.
var faults = map[porttest.VendorFault]faultinject.Fault{
	porttest.VendorRateLimits: {
		Kind: faultinject.Status, Status: 429, RetryAfter: strconv.Itoa(int(retryAfter.Seconds())),
	},
	porttest.VendorInternalError: {Kind: faultinject.Status, Status: 500},
	porttest.VendorUnavailable:   {Kind: faultinject.Status, Status: 503},
	porttest.VendorHangs:         {Kind: faultinject.Hang},
	porttest.VendorTruncates:     {Kind: faultinject.Cut},
	porttest.VendorSendsHTML:     {Kind: faultinject.HTML},
	porttest.VendorSwapsTypes:    {Kind: faultinject.Types},
	porttest.VendorRedirects:     {Kind: faultinject.Redirect},
	porttest.VendorOversizes:     {Kind: faultinject.Oversize, Size: 5 << 20},
	porttest.VendorOddNumbers:    {Kind: faultinject.Number},
	porttest.VendorForeignCursor: {Kind: faultinject.Replace, Replacements: map[string]string{
		`"next_cursor":"`: `"next_cursor":"` + faultinject.OtherOrigin + `/`,
	}},
}

// newVendorEnv returns the environment in which the conformance suite tests the adapter.
func newVendorEnv(t *testing.T) porttest.VendorEnv {
	e := newEnv(t)
	badSecret, badItem := e.access, e.access
	badSecret.Credential = credential(clientID, "another-secret", e.item.AccessToken)
	badItem.AccountRef = "anotherItem99"
	return porttest.VendorEnv{
		Adapter: e.adapter, Good: e.access, BadCredential: badSecret, BadAccountRef: badItem,
		Accounts: []string{bank, card}, Today: domain.DateOf(noon),
		NeverSyncComplete: true, OpaqueLinkURL: true, RetryAfter: retryAfter,
		Seed: func(_ *testing.T, account string, n int) []string { return e.add(account, n) },
		Break: func(_ *testing.T, fault porttest.VendorFault) {
			played := faults[fault]
			played.Times = -1
			e.noError(e.sim.Inject(played))
		},
		Repair: func(*testing.T) { e.sim.ClearFaults() },
		Secrets: func() []string {
			return []string{"Please wait", "an unexpected error", "rate limit exceeded", "invalid client_id"}
		},
	}
}
