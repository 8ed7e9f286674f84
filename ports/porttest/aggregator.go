package porttest

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// VendorFault names a fault that a simulated vendor can be given. The fault spoils the responses that contain data. If
// the vendor has a separate authentication call, this call still succeeds.
type VendorFault string

// The faults that every vendor's simulator can produce.
const (
	VendorRateLimits    VendorFault = "rate limit"     // status 429; Retry-After is VendorEnv.RetryAfter
	VendorInternalError VendorFault = "500"            // status 500 until Repair is called
	VendorUnavailable   VendorFault = "503"            // status 503 until Repair is called
	VendorHangs         VendorFault = "hang"           // no response
	VendorTruncates     VendorFault = "cut"            // the body ends after half of its announced length
	VendorSendsHTML     VendorFault = "html"           // status 200 with an HTML page
	VendorSwapsTypes    VendorFault = "types"          // values have the wrong JSON type
	VendorRedirects     VendorFault = "redirect"       // a redirect to another host
	VendorOversizes     VendorFault = "oversize"       // a body larger than the client accepts
	VendorOddNumbers    VendorFault = "odd numbers"    // rows have amounts that no decimal can represent
	VendorForeignCursor VendorFault = "foreign cursor" // in lists of rows, the next page is on another host
	vendorCallTimeout               = 15 * time.Second
)

// VendorEnv is a new simulated vendor together with an adapter that can call it. When the test ends, both
// are stopped.
type VendorEnv struct {
	Adapter ports.Aggregator
	// Good is an access that the vendor accepts. BadCredential differs from Good only in the credential, and
	// BadAccountRef differs from Good only in the account reference.
	Good, BadCredential, BadAccountRef ports.Access
	// Accounts are the external ids of the accounts that the adapter returns for Good, sorted. There is at least one
	// account, and the first account is a bank account.
	Accounts []string
	// Today is the vendor's current date.
	Today domain.Date
	// Seed adds n rows to an account and returns their ids. The rows are created now; their value
	// dates are spread over the year before Today.
	Seed func(t *testing.T, account string, n int) []string
	// Break makes every data response fail in the given way until Repair is called.
	Break  func(t *testing.T, fault VendorFault)
	Repair func(t *testing.T)
	// NeverSyncComplete is true if the vendor never reports that its data is complete, so that
	// Check never sets SyncComplete.
	NeverSyncComplete bool
	// RefreshOnce is true if the vendor accepts only one refresh of an account reference in some time. A second refresh
	// is then refused before it is sent.
	RefreshOnce bool
	// OpaqueLinkURL is true if the URL of the hosted page identifies a link token without containing it.
	OpaqueLinkURL bool
	// RetryAfter is the delay that the vendor's rate limit asks for in Retry-After.
	RetryAfter time.Duration
	// Secrets returns texts that no error may contain, for example keys that the vendor issued
	// and texts of its responses. The suite adds the credential and the base URL.
	Secrets func() []string
}

// VendorSuite configures TestAggregator. The adapters that New returns should have a short timeout, because in some
// tests the vendor never responds.
type VendorSuite struct {
	New func(t *testing.T) VendorEnv
	// Webhooks contains webhook bodies as the vendor sends them, at least one for each event. The keys are
	// names for the test output.
	Webhooks map[string][]byte
}

// WebhookBodies returns the files that match the patterns (path/filepath.Match), for VendorSuite.Webhooks. The keys are
// the paths. The test fails if a pattern matches no file.
func WebhookBodies(t *testing.T, patterns ...string) map[string][]byte {
	t.Helper()
	bodies := map[string][]byte{}
	for _, pattern := range patterns {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Errorf("%s has no events: add the body of each event of the vendor as a file (%v)", pattern, err)
		}
		for _, file := range files {
			body, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			bodies[filepath.ToSlash(file)] = body
		}
	}
	return bodies
}

// TestAggregator checks an adapter against the contract of ports.Aggregator.
func TestAggregator(t *testing.T, suite VendorSuite) {
	t.Helper()
	for name, run := range map[string]func(*testing.T, VendorSuite){
		"a wrong credential and a wrong account reference are rejected": testAccess,
		"a link token has the vendor's hosted page and a lifetime":      testLinkToken,
		"an erased account reference is gone at the vendor":             testErase,
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
