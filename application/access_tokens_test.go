package application_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// tokenVendor is a fake aggregator whose connections have one access token each.
type tokenVendor struct{ *vendor }

func (tokenVendor) UsesAccessToken() bool { return true }

// newTokenEnv returns an env whose vendor "pluggy" uses access tokens.
func newTokenEnv(t *testing.T) *env {
	t.Helper()
	return newEnv(t, func(d *application.Deps) {
		d.Aggregators = []ports.Aggregator{tokenVendor{d.Aggregators[0].(*vendor)}, d.Aggregators[1]}
	})
}

// partsOf returns the parts of the connection's stored credential.
func (e *env) partsOf(c domain.Connection) map[string]string {
	e.Helper()
	stored, err := e.GetConnection(e.ctx, e.tenant, c.ID)
	e.noError(err)
	credential, err := e.sealer.Open(e.tenant, c.ID, stored.Sealed)
	e.noError(err)
	parts := map[string]string{}
	for _, name := range credential.Names() {
		parts[name] = string(credential.Part(name).Reveal())
	}
	return parts
}

func (e *env) wantParts(c domain.Connection, clientID, secret, accessToken string) {
	e.Helper()
	want := map[string]string{"clientId": clientID, "secret": secret, "accessToken": accessToken}
	if diff := cmp.Diff(want, e.partsOf(c)); diff != "" {
		e.Error(diff)
	}
}

func (e *env) createTokenConnection(name, accessToken string) domain.Connection {
	e.Helper()
	n := newConnection(name)
	n.AccessToken = domain.SecretText(accessToken)
	c, err := e.CreateConnection(e.ctx, e.tenant, n)
	e.noError(err)
	return c
}

func TestAnAccessTokenIsRequiredOnlyWhereTheVendorUsesIt(t *testing.T) {
	e := newTokenEnv(t)
	for _, tc := range []struct {
		vendor, token string
		edit          func(*ports.NewConnection)
		want          []string
	}{
		{"pluggy", "", nil, []string{"accessToken"}},
		{"belvo", "token", nil, []string{"accessToken"}},
		{"pluggy", string(make([]byte, domain.MaxSecret+1)), nil, []string{"accessToken"}},
		{"pluggy", "", func(n *ports.NewConnection) {
			n.BaseURL, n.ClientID, n.Secret, n.Application = "", domain.Secret{}, domain.Secret{},
				e.createApplication("production").ID
		}, []string{"accessToken"}},
	} {
		n := newConnection("books")
		n.Vendor, n.AccessToken = tc.vendor, domain.SecretText(tc.token)
		if tc.edit != nil {
			tc.edit(&n)
		}
		_, err := e.CreateConnection(e.ctx, e.tenant, n)
		e.wantError(err, domain.Invalid)
		if diff := cmp.Diff(tc.want, fields(err)); diff != "" {
			t.Errorf("%s: %s", tc.vendor, diff)
		}
	}
	e.wantParts(e.createTokenConnection("books", "token-1"), "id", "right", "token-1")
	n := newConnection("other")
	n.Vendor = "belvo"
	c, err := e.CreateConnection(e.ctx, e.tenant, n)
	e.noError(err)
	if diff := cmp.Diff(map[string]string{"clientId": "id", "secret": "right"}, e.partsOf(c)); diff != "" {
		t.Error(diff)
	}
}

func TestAnUpdateKeepsTheParts(t *testing.T) {
	e := newTokenEnv(t)
	c := e.createTokenConnection("books", "token-1")
	update := func(edit func(*ports.ConnectionUpdate)) error {
		u := ports.ConnectionUpdate{Name: "books", BaseURL: c.BaseURL, AccountRef: "item-1"}
		edit(&u)
		_, err := e.UpdateConnection(e.ctx, e.tenant, c.ID, nil, u)
		return err
	}
	e.noError(update(func(u *ports.ConnectionUpdate) { u.Name = "renamed" }))
	e.wantParts(c, "id", "right", "token-1")
	e.noError(update(func(u *ports.ConnectionUpdate) { u.AccessToken = domain.SecretText("token-2") }))
	e.wantParts(c, "id", "right", "token-2")
	e.noError(update(func(u *ports.ConnectionUpdate) {
		u.ClientID, u.Secret = domain.SecretText("id-2"), domain.SecretText("secret-2")
	}))
	e.wantParts(c, "id-2", "secret-2", "token-2")
	err := update(func(u *ports.ConnectionUpdate) {
		u.AccountRef, u.ClientID, u.Secret = "item-2", domain.SecretText("id-3"), domain.SecretText("secret-3")
	})
	e.wantError(err, domain.Invalid)
	if diff := cmp.Diff([]string{"accessToken"}, fields(err)); diff != "" {
		t.Error(diff)
	}
	e.wantParts(c, "id-2", "secret-2", "token-2")
	e.noError(update(func(u *ports.ConnectionUpdate) {
		u.AccountRef, u.AccessToken = "item-2", domain.SecretText("token-3")
	}))
	e.wantParts(c, "id-2", "secret-2", "token-3")
	err = update(func(u *ports.ConnectionUpdate) {
		u.AccountRef, u.ClientID, u.AccessToken = "item-2", domain.SecretText("id-4"), domain.SecretText("token-4")
	})
	e.wantError(err, domain.Invalid, domain.HalfCredential)
}

func TestAnUpdateOfAMissingConnectionIsNotFound(t *testing.T) {
	e := newTokenEnv(t)
	c := e.createTokenConnection("books", "token-1")
	e.noError(e.DeleteConnection(e.ctx, e.tenant, c.ID, nil))
	_, err := e.UpdateConnection(e.ctx, e.tenant, c.ID, nil, ports.ConnectionUpdate{
		Name: "books", BaseURL: c.BaseURL, AccountRef: "item-2", AccessToken: domain.SecretText("token-2"),
	})
	e.wantError(err, domain.NotFound)
}

// An update that was prepared for one account reference must not be stored with the access token of another one.
func TestAConcurrentUpdateDoesNotMixAccessTokens(t *testing.T) {
	e := newTokenEnv(t)
	c := e.createTokenConnection("books", "token-1")
	once := true
	e.sealer.onOpen = func() {
		if !once {
			return
		}
		once = false
		_, err := e.UpdateConnection(e.ctx, e.tenant, c.ID, nil, ports.ConnectionUpdate{
			Name: "books", BaseURL: c.BaseURL, AccountRef: "item-2", ClientID: domain.SecretText("id-2"),
			Secret: domain.SecretText("secret-2"), AccessToken: domain.SecretText("token-2"),
		})
		e.noError(err)
	}
	_, err := e.UpdateConnection(e.ctx, e.tenant, c.ID, nil, ports.ConnectionUpdate{
		Name: "books", BaseURL: c.BaseURL, AccountRef: "item-1", ClientID: domain.SecretText("id-3"),
		Secret: domain.SecretText("secret-3"),
	})
	e.wantError(err, domain.Invalid) // the account reference is another one now, so an access token is required
	e.wantParts(c, "id-2", "secret-2", "token-2")
}

func TestARotationOfAnApplicationKeepsTheAccessTokens(t *testing.T) {
	e := newTokenEnv(t)
	a := e.createApplication("production")
	var members []domain.Connection
	for _, name := range []string{"1", "2"} {
		c, err := e.CreateConnection(e.ctx, e.tenant, ports.NewConnection{
			Vendor: "pluggy", Name: name, AccountRef: "item-" + name, Application: a.ID,
			AccessToken: domain.SecretText("token-" + name),
		})
		e.noError(err)
		e.wantParts(c, "id", "right", "token-"+name)
		members = append(members, c)
	}
	_, err := e.rotateApplication(a, "id-2", "right", false)
	e.noError(err)
	for i, c := range members {
		e.wantParts(c, "id-2", "right", "token-"+members[i].Name)
	}
	_, err = e.UpdateConnection(e.ctx, e.tenant, members[0].ID, nil, ports.ConnectionUpdate{
		Name: "1", AccountRef: "item-1", AccessToken: domain.SecretText("token-3"),
	})
	e.noError(err)
	e.wantParts(members[0], "id-2", "right", "token-3")
	own := e.createTokenConnection("own", "token-own")
	_, err = e.UpdateConnection(e.ctx, e.tenant, own.ID, nil, ports.ConnectionUpdate{
		Name: "own", AccountRef: own.AccountRef, Application: a.ID,
	})
	e.noError(err)
	e.wantParts(own, "id-2", "right", "token-own")
}
