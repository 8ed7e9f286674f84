package porttest

import (
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// VendorFault names a way in which a vendor's data responses fail. If authentication is a
// call of its own, it keeps working.
type VendorFault string

// The faults that every vendor's simulator can produce.
const (
	VendorRateLimits    VendorFault = "rate limit"     // 429 with Retry-After of VendorEnv.RetryAfter
	VendorInternalError VendorFault = "500"            // 500 until Mend
	VendorUnavailable   VendorFault = "503"            // 503 until Mend
	VendorHangs         VendorFault = "hang"           // no response
	VendorTruncates     VendorFault = "cut"            // half of the announced body
	VendorSendsHTML     VendorFault = "html"           // 200 with an HTML page
	VendorSwapsTypes    VendorFault = "types"          // members of another JSON type
	VendorRedirects     VendorFault = "redirect"       // to another host
	VendorOversizes     VendorFault = "oversize"       // more bytes than the client accepts
	VendorOddNumbers    VendorFault = "odd numbers"    // amounts that no decimal can hold; rows only
	VendorForeignCursor VendorFault = "foreign cursor" // a next page on another host; rows only
	vendorCallTimeout               = 15 * time.Second
)

// VendorEnv is a new simulated vendor with an adapter that reaches it. Everything it started
// ends with the test.
type VendorEnv struct {
	Adapter ports.Aggregator
	// Good reaches the data; each of the others differs from it in one member.
	Good, BadCredential, BadAccountRef ports.Access
	// Accounts are the external ids of the accounts of Good, sorted; at least one, and the
	// first is a bank account.
	Accounts []string
	// Today is the vendor's current date.
	Today domain.Date
	// Seed adds n rows to an account, created now, with value dates spread over the year
	// before Today, and returns their ids.
	Seed func(t *testing.T, account string, n int) []string
	// Break makes every data response fail until Mend is called.
	Break  func(t *testing.T, fault VendorFault)
	Repair func(t *testing.T)
	// Unsettled: the vendor never reports that its data is complete, so that Check never
	// sets SyncComplete.
	NeverSyncComplete bool
	// RetryAfter is the delay that a rate limit asks for.
	RetryAfter time.Duration
	// Secrets returns texts that no error may contain, in addition to the credential and
	// the base URL: keys that the vendor issued, texts of its responses.
	Secrets func() []string
}

// VendorSuite creates test environments. Clients should have a short timeout, because the
// suite waits for a hang to time out.
type VendorSuite struct {
	New func(t *testing.T) VendorEnv
	// Webhooks are bodies as the vendor sends them, by any name, at least one of each event.
	Webhooks map[string][]byte
}

// TestAggregator checks an adapter against the contract of ports.Aggregator.
func TestAggregator(t *testing.T, suite VendorSuite) {
	t.Helper()
	for name, run := range map[string]func(*testing.T, VendorSuite){
		"a wrong credential and a wrong account reference are rejected": testAccess,
		"all accounts are returned, in the same order each time":        testAccounts,
		"a plan is a pure function of scope and accounts":               testPlan,
		"every row is read once over all pages":                         testPaging,
		"every kind of scope reads its rows":                            testScopes,
		"every vendor fault is Unavailable with its code":               testFaults,
		"a cancelled call returns the error of its context":             testCancelled,
		"a webhook is parsed, or Invalid":                               testWebhooks,
	} {
		t.Run(name, func(t *testing.T) { run(t, suite) })
	}
}
