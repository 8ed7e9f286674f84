package vendorhttp

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// TestAnErrorObjectOfTheVendorIsARefusal checks error responses whose code is not known to ClassifyError.
func TestAnErrorObjectOfTheVendorIsARefusal(t *testing.T) {
	errorCode := func(body []byte) (string, bool) {
		code, ok := bytes.CutPrefix(body, []byte(`{"code":`))
		return string(bytes.Trim(code, `"}`)), ok
	}
	vendor := &Vendor{Name: "sim", ErrorCode: errorCode, UpstreamCodes: map[string]bool{"LISTED": true}}
	for name, test := range map[string]struct {
		status   int
		body     string
		want     domain.Code
		upstream string
	}{
		"a listed code":       {400, `{"code":"LISTED"}`, domain.VendorRefused, "LISTED"},
		"an unknown code":     {422, `{"code":"` + canary + `"}`, domain.VendorRefused, ""},
		"an unknown 404":      {404, `{"code":"NEW"}`, domain.VendorRefused, ""},
		"a page of a proxy":   {400, "<html>LISTED</html>", domain.MalformedResponse, ""},
		"status with meaning": {401, `{"code":"LISTED"}`, domain.CredentialRejected, "LISTED"},
		"too many requests":   {429, `{"code":"NEW"}`, domain.VendorRateLimited, ""},
		"failing server":      {500, `{"code":"NEW"}`, domain.VendorUnreachable, ""},
	} {
		t.Run(name, func(t *testing.T) {
			client, call := serve(t, Config{}, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.body)
			})
			call.Vendor = vendor
			_, err := client.Do(t.Context(), call)
			if !errors.Is(err, test.want) || domain.UpstreamCodeOf(err) != test.upstream {
				t.Errorf("got %v with code %q", err, domain.UpstreamCodeOf(err))
			}
			assertNoLeak(t, err, call)
		})
	}
}
