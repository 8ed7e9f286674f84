package rest

import (
	"context"
	"errors"
	"net/netip"
	"net/url"

	"github.com/go-json-experiment/json"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// forbiddenAddress is what the service says of such an address, too.
const forbiddenAddress = "must not lead to an address that egress forbids"

// forbids says whether the body's base URL holds an address that egress forbids. It is
// asked only of a body that is refused already, so that its faults are named at once: the
// service judges every other. A name is not judged here, for that takes a look-up.
func (s *server) forbids(ctx context.Context, raw []byte) bool {
	var body struct {
		BaseURL string `json:"baseUrl"`
	}
	if err := json.Unmarshal(raw, &body); err != nil {
		return false
	}
	u, err := url.Parse(body.BaseURL)
	if err != nil {
		return false
	}
	if _, err := netip.ParseAddr(u.Hostname()); err != nil {
		return false
	}
	return errors.Is(s.Egress.Check(ctx, body.BaseURL), domain.AddressNotAllowed)
}
