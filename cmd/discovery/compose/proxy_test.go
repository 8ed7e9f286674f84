package compose_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
	"github.com/LerianStudio/aggregator-connections/configs"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/test/kit/forwardproxy"
	"github.com/LerianStudio/aggregator-connections/test/kit/harness"
)

// The hosts do not resolve in the service: only the proxy knows them.
func TestVendorsAndTheIssuerAreCalledThroughTheProxy(t *testing.T) {
	_, baseURL := vendor(t)
	address := strings.TrimPrefix(baseURL, "http://")
	proxy := forwardproxy.New(t, map[string]string{"vendor.invalid:80": address, "issuer.invalid:80": address})
	cfg, log := settings(t), &harness.Journal{}
	cfg.Egress.Proxy = domain.SecretText(proxy.URL(forwardproxy.Password))
	cfg.BaseURLs = map[domain.Vendor][]string{"pluggy": {"http://vendor.invalid"}}
	app, _, end := serve(t, cfg, compose.Overrides{LogTo: log})
	defer end()
	tenant, _ := connect(t, app, "http://vendor.invalid")
	result, err := app.Service.TestConnection(t.Context(), tenant, "pluggy", "main")
	if err != nil || !result.Healthy {
		t.Errorf("%+v, %v", result, err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://issuer.invalid/jwks", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := compose.IssuerClientOf(app).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	asked := strings.Join(proxy.Asked(), " ")
	if !strings.Contains(asked, "vendor.invalid:80") || !strings.Contains(asked, "issuer.invalid:80") {
		t.Errorf("the proxy was asked for %q", asked)
	}
	if strings.Contains(log.String(), forwardproxy.Password) {
		t.Error("the log contains the password of the proxy")
	}
}

// The log says what failed: the proxy, neither the issuer nor the vendor. It names the proxy's host at the start.
func TestTheLogNamesTheProxyThatRefuses(t *testing.T) {
	proxy := forwardproxy.New(t, nil)
	cfg, log := settings(t), &harness.Journal{}
	cfg.Egress.Proxy = domain.SecretText(proxy.URL("canary-wrong-password"))
	cfg.BaseURLs = map[domain.Vendor][]string{"pluggy": {"http://vendor.invalid"}}
	cfg.Auth = configs.Auth{JWKSURL: "http://issuer.invalid/jwks", TenantClaim: "tenant_id"}
	app, _, end := serve(t, cfg, compose.Overrides{LogTo: log})
	defer end()
	tenant, _ := connect(t, app, "http://vendor.invalid")
	result, err := app.Service.TestConnection(t.Context(), tenant, "pluggy", "main")
	if err != nil || result.Healthy || result.Reason != domain.VendorUnreachable {
		t.Errorf("%+v, %v", result, err)
	}
	for _, want := range []string{
		`"egressProxy":"127.0.0.1"`,
		`"issuer keys","error":"the egress proxy: it answered CONNECT with status 407"`,
		`(vendor_unreachable); caused by: the egress proxy: it answered CONNECT with status 407`,
	} {
		deadline := time.Now().Add(20 * time.Second)
		for !strings.Contains(log.String(), want) && time.Now().Before(deadline) {
			time.Sleep(20 * time.Millisecond)
		}
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not contain %s: %s", want, log.String())
		}
	}
	for _, secret := range []string{"canary-wrong-password", forwardproxy.User} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log contains %s", secret)
		}
	}
}
