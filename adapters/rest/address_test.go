package rest

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// forbiddingGuard is an EgressGuard that rejects every address and records the URLs that it was
// asked to check.
type forbiddingGuard struct{ checked []string }

func (w *forbiddingGuard) Check(_ context.Context, rawURL string) error {
	w.checked = append(w.checked, rawURL)
	return &domain.Error{Kind: domain.Rejected, Code: domain.AddressNotAllowed}
}

func TestAForbiddenAddressIsListedWithTheOtherInvalidFields(t *testing.T) {
	put := `{"configName":"","baseUrl":"https://10.0.0.1","accountRef":"a"}`
	for _, c := range []struct {
		name, target, body, at string
		checked                []string
	}{
		{
			"create", "POST " + connectionsPath, `{"vendor":"x","configName":"","baseUrl":"https://10.0.0.1"}`,
			"body.accountRef body.baseUrl body.clientId body.configName body.secret body.vendor",
			[]string{"https://10.0.0.1"},
		},
		{"update", "PUT " + idPath, put, "body.baseUrl body.configName", []string{"https://10.0.0.1"}},
		{"otherwise valid", "POST " + connectionsPath, replaceIn("https://api.pluggy.ai", "https://10.0.0.1"), "", nil},
		{
			"IPv6", "POST " + connectionsPath,
			strings.Replace(withMember(`"more":1`), "https://api.pluggy.ai", "https://[::1]:8443/x", 1),
			"body.baseUrl body.more", []string{"https://[::1]:8443/x"},
		},
		{
			"with missing, unknown and mistyped members", "POST " + connectionsPath,
			`{"more":1,"configName":7,"baseUrl":"https://10.0.0.1"}`,
			"body.accountRef body.baseUrl body.clientId body.configName body.more body.secret body.vendor",
			[]string{"https://10.0.0.1"},
		},
		{"not JSON", "PUT " + idPath, put + "}", "body", nil},
		{
			"a host name is not resolved", "POST " + connectionsPath, replaceIn(`"pluggy-main"`, `""`),
			"body.configName", nil,
		},
		{
			"not a URL", "PUT " + idPath, `{"configName":"","baseUrl":"https://%","accountRef":"a"}`,
			"body.baseUrl body.configName", nil,
		},
		{
			"invalid for two reasons", "PUT " + idPath,
			`{"configName":"","baseUrl":"ftp://10.0.0.1","accountRef":"a"}`, "body.baseUrl body.configName",
			[]string{"ftp://10.0.0.1"},
		},
		{
			"not a string", "PUT " + idPath, `{"configName":"","baseUrl":7,"accountRef":"a"}`,
			"body.baseUrl body.configName", nil,
		},
		{
			"another route's baseUrl", "POST " + tokensPath, `{"baseUrl":"https://10.0.0.1"}`,
			"body.baseUrl body.connection_config_name body.vendor", nil,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			guard := &forbiddingGuard{}
			s := newEnv(t, func(o *Options) { o.Egress = guard })
			method, target, _ := strings.Cut(c.target, " ")
			w := s.call(method, target, c.body)
			if c.at == "" { // the body is otherwise valid, so only the service checks the address
				if w.Code >= 300 || s.service.calls != 1 {
					t.Errorf("status %d, want a success: %s", w.Code, w.Body)
				}
			} else if got := locations(problemIn(t, w, 400, codeInvalid)); got != c.at {
				t.Errorf("locations %q, want %q", got, c.at)
			}
			if diff := cmp.Diff(c.checked, guard.checked); diff != "" {
				t.Errorf("checked other URLs (-want +got):\n%s", diff)
			}
		})
	}
}
