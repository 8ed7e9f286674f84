package porttest

import (
	"net/url"
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// testLinkToken checks CreateLinkToken if the adapter implements ports.LinkTokens. It also checks that CreateLinkToken
// and Refresh reject an unknown account reference. It skips a method that the adapter does not implement.
func testLinkToken(t *testing.T, suite VendorSuite) {
	env := suite.New(t)
	for name, call := range env.vendorCalls() {
		if name != "CreateLinkToken" && name != "Refresh" {
			continue
		}
		if err := call(t.Context(), env.BadAccountRef); !isError(err, domain.Rejected, domain.AccountNotFound) {
			t.Errorf("%s of an unknown account reference: %v", name, err)
		} else {
			env.assertNoLeak(t, err)
		}
		if err := call(t.Context(), env.Good); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := call(t.Context(), env.Good); !env.repeats(name, err) {
			t.Errorf("%s for the second time: %v", name, err)
		}
	}
	vendor, ok := env.Adapter.(ports.LinkTokens)
	if !ok {
		return
	}
	got, err := vendor.CreateLinkToken(t.Context(), env.Good)
	if err != nil {
		t.Fatal(err)
	}
	page, err := url.Parse(string(got.URL.Reveal()))
	if err != nil || page.Scheme != "https" || page.Host == "" {
		t.Errorf("the hosted page is not an https URL: %v", err)
	}
	found := env.OpaqueLinkURL
	for _, values := range page.Query() {
		found = found || strings.Join(values, "") == string(got.Token.Reveal())
	}
	if got.Token.IsZero() || !found || got.Lifetime <= 0 {
		t.Errorf("token empty: %t, in the URL: %t, lifetime %v", got.Token.IsZero(), found, got.Lifetime)
	}
}
