package porttest

import (
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// VendorFault names a way in which a vendor's data answers go wrong. Authentication
// stays well, where it is a call of its own.
type VendorFault string

// The faults that every vendor's simulator can play.
const (
	VendorRateLimits  VendorFault = "rate limit"     // 429 with Retry-After of VendorWorld.RetryAfter
	VendorFails       VendorFault = "500"            // 500 for as long as it lasts
	VendorIsAway      VendorFault = "503"            // 503 for as long as it lasts
	VendorHangs       VendorFault = "hang"           // no answer
	VendorCuts        VendorFault = "cut"            // half of the promised body
	VendorSendsHTML   VendorFault = "html"           // 200 with a page
	VendorSwapsTypes  VendorFault = "types"          // members of another JSON type
	VendorRedirects   VendorFault = "redirect"       // to another host
	VendorOverflows   VendorFault = "oversize"       // more bytes than the client takes
	VendorOddNumbers  VendorFault = "odd numbers"    // amounts that no decimal holds; rows only
	VendorMisleads    VendorFault = "foreign cursor" // a next page on another host; rows only
	vendorCallTimeout             = 15 * time.Second
)

// VendorWorld is a fresh vendor with an adapter that reaches it. Whatever it started
// ends with the test.
type VendorEnv struct {
	Adapter ports.Aggregator
	// Good reaches the data; the others differ from it in one thing.
	Good, BadCredential, BadReference ports.Access
	// Accounts are the external ids behind Good, sorted; at least one, the first a bank
	// account.
	Accounts []string
	// Today is the vendor's present day.
	Today domain.Date
	// Seed adds n rows to an account, created now, with value dates spread over the year
	// before Today, and gives their ids.
	Seed func(t *testing.T, account string, n int) []string
	// Break spoils every data answer until Mend.
	Break func(t *testing.T, fault VendorFault)
	Mend  func(t *testing.T)
	// Unsettled: the vendor never says that its data is whole, so that Check never does.
	Unsettled bool
	// RetryAfter is what a rate limit asks for.
	RetryAfter time.Duration
	// Secrets are texts that no error may hold, beside the credential and the base URL:
	// keys that the vendor issued, texts of its answers.
	Secrets func() []string
}

// VendorBench makes worlds. Clients should time out soon: a hang is waited for.
type VendorSuite struct {
	New func(t *testing.T) VendorEnv
	// Webhooks are bodies as the vendor sends them, by any name, at least one of each event.
	Webhooks map[string][]byte
}

// TestAggregator holds an adapter to the contract of ports.Aggregator.
func TestAggregator(t *testing.T, suite VendorSuite) {
	t.Helper()
	for name, run := range map[string]func(*testing.T, VendorSuite){
		"access":   testAccess,
		"accounts": testAccounts,
		"plan":     testPlan,
		"paging":   testPaging,
		"asks":     testScopes,
		"faults":   testFaults,
		"cancel":   testCancelled,
		"webhooks": testWebhooks,
	} {
		t.Run(name, func(t *testing.T) { run(t, suite) })
	}
}
