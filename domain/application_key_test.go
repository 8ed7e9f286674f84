package domain_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestClientIDsAreComparedByAKeyedHash(t *testing.T) {
	key, other := domain.SecretText("key"), domain.SecretText("another key")
	a, b := domain.TenantID{UUID: uuid.UUID{1}}, domain.TenantID{UUID: uuid.UUID{2}}
	id := domain.SecretText("client")
	hash := domain.HashClientID(key, a, id)
	if hash.IsZero() || hash != domain.HashClientID(key, a, domain.SecretText("client")) {
		t.Error("equal client ids have different hashes")
	}
	for what, different := range map[string]domain.ClientKey{
		"another key": domain.HashClientID(other, a, id), "another tenant": domain.HashClientID(key, b, id),
		"another client id": domain.HashClientID(key, a, domain.SecretText("client2")),
	} {
		if different == hash {
			t.Errorf("%s: the hash is the same", what)
		}
	}
	if !domain.HashClientID(key, a, domain.Secret{}).IsZero() {
		t.Error("an empty client id has a hash")
	}
}

func TestAnApplicationIsAVendorAnOriginAndAClient(t *testing.T) {
	c := domain.Connection{Vendor: "pluggy", BaseURL: "https://api.example/v1", Client: domain.ClientKey{1}}
	same := c
	same.BaseURL, same.AccountRef = "https://API.example:443/v2", "item"
	if c.Application().IsZero() || c.Application() != same.Application() {
		t.Error("another path and account make another application")
	}
	for what, change := range map[string]func(*domain.Connection){
		"vendor": func(c *domain.Connection) { c.Vendor = "belvo" },
		"origin": func(c *domain.Connection) { c.BaseURL = "https://api2.example" },
		"client": func(c *domain.Connection) { c.Client = domain.ClientKey{2} },
	} {
		different := c
		change(&different)
		if different.Application() == c.Application() {
			t.Errorf("another %s is the same application", what)
		}
	}
	c.Client = domain.ClientKey{}
	if !c.Application().IsZero() {
		t.Error("a connection without a known client has an application")
	}
}

// member returns a connection whose client id has the key client. The connection was created on the given day of
// January.
func member(id byte, client byte, day int) domain.Connection {
	at := time.Date(2026, time.January, day, 0, 0, 0, 0, time.UTC)
	return domain.Connection{
		ID: domain.ConnectionID{UUID: uuid.UUID{id}}, Kind: domain.Aggregator, Vendor: "pluggy",
		BaseURL: "https://api.example", AccountRef: "item-1", Sealed: domain.Sealed{id, client},
		Client: domain.ClientKey{client}, CreatedAt: at, UpdatedAt: at,
	}
}

func TestTokensOfAConnectionThatChanges(t *testing.T) {
	at := time.Date(2026, time.March, 1, 0, 0, 0, 0, time.UTC)
	owner, older, younger, outsider := member(1, 7, 2), member(2, 7, 1), member(3, 7, 3), member(4, 8, 4)
	deleted := func(c *domain.Connection) { c.Delete(at) }
	account := func(c *domain.Connection) { c.Repoint(c.BaseURL, "item-2", at) }
	origin := func(c *domain.Connection) { c.Repoint("https://other.example", c.AccountRef, at) }
	client := func(c *domain.Connection) { c.Rotate(domain.Sealed("x"), domain.ClientKey{9}) }
	plain := domain.WebhookToken{ID: domain.TokenID{UUID: uuid.UUID{9}}, Connection: owner.ID}
	registered := func(state domain.RegistrationState) domain.WebhookToken {
		token := plain
		token.Application, token.Registration.State = owner.Application(), state
		return token
	}
	active, unknown := registered(domain.RegistrationActive), registered(domain.RegistrationActive)
	unknown.Application = domain.ApplicationKey{}
	ofReference := registered(domain.RegistrationActive)
	ofReference.Registration.OfReference = true
	revoked := plain
	revoked.RevokedAt = owner.CreatedAt
	removing := registered(domain.RegistrationRemoving)
	removing.RevokedAt = at
	unknownClient := func(c *domain.Connection) { c.Rotate(domain.Sealed{1, 7}, domain.ClientKey{}) }
	unknownCredential := func(c *domain.Connection) { c.Rotate(domain.Sealed("x"), domain.ClientKey{}) }
	type outcome struct {
		Changed bool
		Owner   byte
		Live    bool
		State   domain.RegistrationState
		Access  string // the base URL of the access that is kept
	}
	const kept = "https://api.example"
	for rule, test := range map[string]struct {
		change func(*domain.Connection)
		token  domain.WebhookToken
		others []domain.Connection
		want   outcome
	}{
		"a deletion moves it to the youngest of the application": {
			deleted, active, []domain.Connection{older, younger, outsider}, outcome{true, 3, true, "active", ""},
		},
		"a deletion without another one removes it": {
			deleted, active, []domain.Connection{outsider}, outcome{true, 1, false, "removing", ""},
		},
		"an unknown application is not handed over": {
			deleted, unknown, []domain.Connection{younger}, outcome{true, 1, false, "removing", ""},
		},
		"a plain token moves to any connection of the origin": {
			deleted, plain, []domain.Connection{older, outsider}, outcome{true, 4, true, "", ""},
		},
		"a plain token is revoked if there is none": {deleted, plain, nil, outcome{true, 1, false, "", ""}},
		"another account moves it": {
			account, active, []domain.Connection{older}, outcome{true, 2, true, "active", ""},
		},
		"another account of the only connection changes nothing": {
			account, active, []domain.Connection{outsider}, outcome{false, 1, true, "active", ""},
		},
		"another origin moves it": {origin, active, []domain.Connection{older}, outcome{true, 2, true, "active", ""}},
		"another origin of the only connection keeps the access": {
			origin, active, nil, outcome{true, 1, false, "removing", kept},
		},
		"another client of the only connection keeps the access": {
			client, active, nil, outcome{true, 1, false, "removing", kept},
		},
		"a client that is no longer known is the same while the credential is": {
			unknownClient, active, nil, outcome{false, 1, true, "active", ""},
		},
		"a client that is no longer known is another one with another credential": {
			unknownCredential, active, nil, outcome{true, 1, false, "removing", kept},
		},
		"a client that is no longer known is another one at another origin": {
			func(c *domain.Connection) { unknownClient(c); origin(c) }, active, nil,
			outcome{true, 1, false, "removing", kept},
		},
		"a revoked token stays with a deleted connection": {
			deleted, revoked, []domain.Connection{older}, outcome{false, 1, false, "", ""},
		},
		"a registration of a reference is never handed over": {
			deleted, ofReference, []domain.Connection{older}, outcome{true, 1, false, "removing", ""},
		},
		"a registration of a reference is removed with the reference": {
			account, ofReference, []domain.Connection{older}, outcome{true, 1, false, "removing", kept},
		},
		"a registration of a reference is removed with the application": {
			client, ofReference, []domain.Connection{older}, outcome{true, 1, false, "removing", kept},
		},
		"a registration of a reference survives another name of it": {
			func(c *domain.Connection) { c.Rotate(domain.Sealed("fresh"), c.Client); c.Name = "other" }, ofReference,
			[]domain.Connection{older}, outcome{false, 1, true, "active", ""},
		},
		"a plain token ignores another client": {client, plain, nil, outcome{false, 1, true, "", ""}},
		"a pending one is revoked": {
			client, registered("pending"), []domain.Connection{older}, outcome{true, 1, false, "pending", kept},
		},
		"a pending one survives another account": {
			account, registered("pending"), []domain.Connection{older}, outcome{false, 1, true, "pending", ""},
		},
		"a removal keeps its access": {client, removing, nil, outcome{true, 1, false, "removing", kept}},
		"a new secret changes nothing": {
			func(c *domain.Connection) { c.Rotate(domain.Sealed("fresh"), c.Client) }, active,
			[]domain.Connection{older}, outcome{false, 1, true, "active", ""},
		},
	} {
		after := owner
		test.change(&after)
		live := []domain.Receiver{domain.ReceiverOf(after)}
		for _, c := range test.others {
			live = append(live, domain.ReceiverOf(c))
		}
		token := test.token
		changed := domain.RebindTokens(owner, after, []domain.WebhookToken{token}, live)
		if len(changed) > 0 {
			token = changed[0]
		}
		got := outcome{
			len(changed) > 0, token.Connection.UUID[0], token.Live(), token.Registration.State,
			token.Registration.Access.BaseURL,
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", rule, diff)
		}
		end := after.UpdatedAt
		if !after.Live() {
			end = after.DeletedAt
		}
		if test.token.Live() && !token.Live() && !token.RevokedAt.Equal(end) {
			t.Errorf("%s: revoked at %v, want the time of the change, %v", rule, token.RevokedAt, end)
		}
		if left := token.RemovalAccess(after); test.want.Access != "" && left.BaseURL != kept {
			t.Errorf("%s: the webhook is removed at %s", rule, left.BaseURL)
		}
	}
}

func TestTheMoveOfATokenIsAnEntryOfItsOwn(t *testing.T) {
	entry := domain.AuditEntry{
		ID: uuid.Must(uuid.NewV7()), Actor: "ana", Action: "connection.delete", Object: "x", At: hour(1),
		Detail: domain.AuditDetail{Changed: []string{"name"}},
	}
	token := domain.WebhookToken{
		ID: domain.TokenID{UUID: uuid.UUID{9}}, Connection: domain.ConnectionID{UUID: uuid.UUID{2}},
	}
	got := domain.TokenMoved(entry, token)
	want := entry
	want.ID, want.Action, want.Object = got.ID, "token.move", token.ID.String()
	want.Detail = domain.AuditDetail{IDs: map[string]uuid.UUID{"connectionId": {2}}}
	if diff := cmp.Diff(want, got); diff != "" || got.ID == entry.ID || got.ID.Version() != 7 {
		t.Errorf("id %s (-want +got):\n%s", got.ID, diff)
	}
	if again := domain.TokenMoved(entry, token); again.ID != got.ID {
		t.Error("the same move has another id")
	}
}
