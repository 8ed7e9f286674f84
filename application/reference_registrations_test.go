package application_test

import (
	"context"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

// referenceRegistrar is a fake aggregator. Its vendor sends the events of an account reference to one address. The id
// of a webhook is its URL.
type referenceRegistrar struct {
	*vendor
	addresses map[string]string // by account reference
	made      []ports.NewWebhook
}

func (*referenceRegistrar) RegistersReferences() bool { return true }

func (r *referenceRegistrar) CreateWebhook(_ context.Context, a ports.Access, w ports.NewWebhook) (string, error) {
	url := string(w.URL.Reveal())
	r.addresses[a.AccountRef], r.made = url, append(r.made, w)
	return url, nil
}

func (r *referenceRegistrar) Webhooks(_ context.Context, a ports.Access) ([]ports.VendorWebhook, error) {
	if url := r.addresses[a.AccountRef]; url != "" {
		return []ports.VendorWebhook{{ID: url, URL: domain.SecretText(url)}}, nil
	}
	return nil, nil
}

func (r *referenceRegistrar) DeleteWebhook(_ context.Context, _ ports.Access, id string) error {
	for ref, url := range r.addresses {
		if url == id {
			delete(r.addresses, ref)
		}
	}
	return nil
}

// newReferenceEnv returns an env with two connections that have the same client id. It also returns the first of
// them, whose account reference is "item-1".
func newReferenceEnv(t *testing.T) (*env, *referenceRegistrar, domain.Connection) {
	t.Helper()
	r := &referenceRegistrar{addresses: map[string]string{}}
	e := newEnv(t, func(d *application.Deps) {
		r.vendor = d.Aggregators[0].(*vendor)
		d.Aggregators[0] = r
	})
	first := e.createConnection("books")
	other := newConnection("other")
	other.AccountRef = "item-2"
	_, err := e.CreateConnection(e.ctx, e.tenant, other)
	e.noError(err)
	return e, r, first
}

// removeAll removes the webhooks that are due for removal.
func (e *env) removeAll() {
	e.Helper()
	e.clock.pass(time.Hour)
	_, err := porttest.RunDue(e.ctx, e.NextRemoval, 100)
	e.noError(err)
}

// wantAddress fails the test unless the events of an account reference are sent to the URL of the token. If token is
// zero, they must not be sent to any URL.
func (r *referenceRegistrar) wantAddress(e *env, ref string, token ports.MintedToken) {
	e.Helper()
	want := receiver + "/pluggy/" + string(token.Raw.Reveal())
	if token.ID.IsZero() {
		want = ""
	}
	if got := r.addresses[ref]; got != want {
		e.Errorf("the events of %s are sent to %q, want %q", ref, got, want)
	}
}

func TestAWebhookOfAReferenceIsReplaced(t *testing.T) {
	e, r, _ := newReferenceEnv(t)
	first, err := e.register()
	e.noError(err)
	r.wantAddress(e, "item-1", first)
	second, err := e.register()
	e.noError(err)
	if second.Shared || second.ID == first.ID {
		t.Errorf("the second token is shared: %+v", second.WebhookToken)
	}
	r.wantAddress(e, "item-1", second)
	for _, w := range r.made {
		if !w.Authorization.IsZero() {
			t.Error("the vendor is asked to send an Authorization value")
		}
	}
	e.noError(e.RevokeToken(e.ctx, e.tenant, first.ID, true))
	e.removeAll()
	r.wantAddress(e, "item-1", second)
	e.noError(e.RevokeToken(e.ctx, e.tenant, second.ID, true))
	e.removeAll()
	r.wantAddress(e, "item-1", ports.MintedToken{})
}

// The token of an account reference must have no source secret. The receiver must accept each webhook with this token
// that passes the deployment's own checks of the source.
func TestATokenOfAReferenceHasNoSourceSecret(t *testing.T) {
	e, _, _ := newReferenceEnv(t)
	minted, err := e.register()
	e.noError(err)
	if !minted.Source.IsZero() || !minted.Authorization.IsZero() || !minted.Registration.OfReference {
		t.Errorf("%+v", minted.WebhookToken)
	}
	e.receive(string(minted.Raw.Reveal()), eventBody("e1", domain.PullScope{Everything: true}))
}

func TestAWebhookOfAReferenceEndsWithItsConnectionOrReference(t *testing.T) {
	for name, end := range map[string]func(*env, domain.Connection) error{
		"deleted": func(e *env, c domain.Connection) error {
			return e.DeleteConnection(e.ctx, e.tenant, c.ID, nil)
		},
		"repointed": func(e *env, c domain.Connection) error {
			_, err := e.UpdateConnection(e.ctx, e.tenant, c.ID, nil, ports.ConnectionUpdate{
				Name: c.Name, BaseURL: c.BaseURL, AccountRef: "item-3",
			})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			e, r, c := newReferenceEnv(t)
			minted, err := e.register()
			e.noError(err)
			e.noError(end(e, c))
			token, err := e.deps.Tokens.FindByHash(e.ctx, minted.Hash)
			e.noError(err)
			if token.Live() || token.Connection != c.ID {
				t.Errorf("live %t, moved %t", token.Live(), token.Connection != c.ID)
			}
			e.removeAll()
			r.wantAddress(e, "item-1", ports.MintedToken{})
		})
	}
}

func TestARenamedConnectionKeepsTheWebhookOfItsReference(t *testing.T) {
	e, r, c := newReferenceEnv(t)
	minted, err := e.register()
	e.noError(err)
	_, err = e.UpdateConnection(e.ctx, e.tenant, c.ID, nil, ports.ConnectionUpdate{
		Name: "renamed", BaseURL: c.BaseURL, AccountRef: c.AccountRef,
	})
	e.noError(err)
	e.removeAll()
	r.wantAddress(e, "item-1", minted)
}
