package application_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// signingVendor is a fake aggregator whose vendor signs its webhooks: the header X-Proof contains the client id of the
// credential.
type signingVendor struct {
	*vendor
	failure error // returned by each verification
	asked   int   // number of verifications
}

func (v *signingVendor) VerifyWebhook(_ context.Context, a ports.Access, r domain.WebhookRequest) error {
	v.asked++
	if v.failure != nil {
		return v.failure
	}
	if !a.Credential.Part(domain.PartClientID).Equal(domain.SecretText(r.Header("X-Proof"))) {
		return &domain.Error{Kind: domain.Unauthenticated}
	}
	return nil
}

// newSigningEnv returns an env in which only the vendor's signature proves the source of webhooks, and a connection
// to a signingVendor.
func newSigningEnv(t *testing.T) (*env, *signingVendor, domain.Connection) {
	t.Helper()
	v := &signingVendor{}
	e := newEnv(t, func(d *application.Deps) {
		v.vendor = d.Aggregators[0].(*vendor)
		d.Aggregators[0] = v
		d.Sources = nil
	})
	return e, v, e.createConnection("books")
}

func signedRequest(token, proof string) domain.WebhookRequest {
	return domain.WebhookRequest{
		Vendor: "pluggy", Token: token, Body: []byte(eventBody("e1", domain.PullScope{Everything: true})),
		Header: func(name string) string {
			if name == "X-Proof" {
				return proof
			}
			return ""
		},
	}
}

func TestASignedWebhookIsVerifiedWithTheCredentialOfItsConnection(t *testing.T) {
	e, v, c := newSigningEnv(t)
	token := e.mintToken(c)
	received, err := e.Receive(e.ctx, signedRequest(token, "id"))
	e.noError(err)
	if received.Delivery.Connection != c.ID || received.Delivery.Status != domain.DeliveryAccepted {
		t.Errorf("%+v", received.Delivery)
	}
	_, err = e.PauseConnection(e.ctx, e.tenant, c.ID)
	e.noError(err)
	_, err = e.Receive(e.ctx, signedRequest(token, "id"))
	e.noError(err)
	if v.asked != 2 {
		t.Errorf("%d verifications", v.asked)
	}
}

func TestAnUnprovedSignedWebhookIsRefused(t *testing.T) {
	e, v, c := newSigningEnv(t)
	good := e.mintToken(c)
	revoked, err := e.MintToken(e.ctx, e.tenant, ports.MintRequest{Vendor: "pluggy", Name: "books"})
	e.noError(err)
	e.noError(e.RevokeToken(e.ctx, e.tenant, revoked.ID, true))
	other := newConnection("other")
	other.Vendor = "belvo"
	b, err := e.CreateConnection(e.ctx, e.tenant, other)
	e.noError(err)
	for _, tc := range []struct {
		token, proof, reason string
		asked                int
	}{
		{good, "", "source not proved", 1},
		{good, "forged", "source not proved", 1},
		{"unknown", "id", "unknown token", 0},
		{string(revoked.Raw.Reveal()), "id", "token revoked", 0},
		{e.mintToken(b), "id", "token of another vendor", 0},
	} {
		v.asked = 0
		request := signedRequest(tc.token, tc.proof)
		request.Authorization = "Bearer " + good // has the form of a source secret, which is no proof here
		_, err := e.Receive(e.ctx, request)
		e.wantError(err, domain.Unauthenticated)
		if reason := errors.Unwrap(err); reason == nil || reason.Error() != tc.reason || v.asked != tc.asked {
			t.Errorf("reason %v, want %s; %d verifications, want %d", reason, tc.reason, v.asked, tc.asked)
		}
	}
}

// If the vendor's key cannot be read, the vendor must send the webhook again.
func TestAWebhookThatCannotBeVerifiedIsNotStored(t *testing.T) {
	e, v, c := newSigningEnv(t)
	token := e.mintToken(c)
	for _, v.failure = range []error{rejected(domain.CredentialRejected), unavailable(domain.VendorUnreachable)} {
		_, err := e.Receive(e.ctx, signedRequest(token, "id"))
		e.wantError(err, domain.Unavailable)
	}
	page, err := e.ListDeliveries(e.ctx, e.tenant, ports.DeliveryFilter{}, domain.PageRequest{Limit: 5})
	e.noError(err)
	if len(page.Items) != 0 {
		t.Errorf("%d deliveries are stored", len(page.Items))
	}
}

func TestASigningVendorHasNoSourceSecret(t *testing.T) {
	e, _, _ := newSigningEnv(t)
	_, err := e.MintToken(e.ctx, e.tenant, ports.MintRequest{Vendor: "pluggy", Name: "books", SourceSecret: true})
	e.wantError(err, domain.Invalid)
	if diff := cmp.Diff([]string{"sourceSecret"}, fields(err)); diff != "" {
		t.Error(diff)
	}
}
