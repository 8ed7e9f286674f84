package rest

import (
	"context"
	"errors"
	"net/netip"
	"net/url"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// addressForbiddenMessage is the message for an address that the egress rules forbid.
const addressForbiddenMessage = "must not resolve to an address that the egress rules forbid"

// addressForbidden reports whether the base URL in the body contains an IP address that the egress rules forbid. It
// returns false for a host name, because a check would require a DNS lookup.
//
// addressForbidden is called only for a body that is already invalid, so that the 400 also lists a forbidden address.
// For a valid body, the service checks the address.
func (s *server) addressForbidden(ctx context.Context, raw []byte) bool {
	var body struct {
		BaseURL string `json:"baseUrl" example:"https://api.pluggy.ai" doc:"The base URL of the vendor's API"`
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

// addressMissing reports whether the body has no base URL, although the connection needs one: neither the body nor the
// connection names an application.
//
// addressMissing is called only for a body that is already invalid, so that the 400 also lists a missing address. For a
// valid body, the service checks this.
func (s *server) addressMissing(ctx context.Context, tenant domain.TenantID, id string, raw []byte) bool {
	var body map[string]jsontext.Value
	if err := json.Unmarshal(raw, &body); err != nil || body["baseUrl"] != nil || body["applicationId"] != nil {
		return false
	}
	connection, err := domain.ParseID[domain.Connection](id)
	if err != nil {
		return true
	}
	c, err := s.service.GetConnection(ctx, tenant, connection)
	return err != nil || c.ApplicationID.IsZero()
}
