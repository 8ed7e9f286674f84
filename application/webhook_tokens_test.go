package application_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

func TestOnlyTheHashOfAMintedTokenIsStored(t *testing.T) {
	e := newEnv(t)
	c := e.createConnection("books")
	minted, err := e.MintToken(e.ctx, e.tenant, ports.MintRequest{Vendor: "pluggy", Name: "books"})
	e.noError(err)
	raw := string(minted.Raw.Reveal())
	if len(raw) != 43 || minted.Hash != domain.HashToken(raw) || minted.Connection != c.ID ||
		minted.Vendor != "pluggy" {
		t.Errorf("got %+v", minted.WebhookToken)
	}
	page, err := e.ListTokens(e.ctx, e.tenant, ports.TokenFilter{Connection: c.ID}, domain.PageRequest{Limit: 5})
	e.noError(err)
	if diff := cmp.Diff([]domain.WebhookToken{minted.WebhookToken}, page.Items); diff != "" {
		t.Error(diff)
	}
	audits := eventsOf[ports.Audited](e.events)
	if last := audits[len(audits)-1]; last.Action != "token.mint" || last.Object != minted.ID.String() {
		t.Errorf("audited %+v", last)
	}
}

func TestMintRefusesUnknownVendorsAndConnections(t *testing.T) {
	e := newEnv(t)
	e.createConnection("books")
	_, err := e.MintToken(e.ctx, e.tenant, ports.MintRequest{Vendor: "unknown", Name: ""})
	e.wantError(err, domain.Invalid)
	if diff := cmp.Diff([]string{"vendor", "connection_config_name"}, fields(err)); diff != "" {
		t.Error(diff)
	}
	_, err = e.MintToken(e.ctx, e.tenant, ports.MintRequest{Vendor: "belvo", Name: "books"})
	e.wantError(err, domain.NotFound)
	_, err = e.MintToken(e.ctx, domain.TenantID{UUID: uuid.New()}, ports.MintRequest{Vendor: "pluggy", Name: "books"})
	e.wantError(err, domain.NotFound)
}

func TestMintNeedsEntropy(t *testing.T) {
	e := newEnv(t)
	e.createConnection("books")
	dry := errors.New("no entropy")
	e.deps.Entropy = &entropy{err: dry}
	_, err := e.newService().MintToken(e.ctx, e.tenant, ports.MintRequest{Vendor: "pluggy", Name: "books"})
	e.wantError(err, dry)
}

func TestATokenIsRotatedWithASecondOne(t *testing.T) {
	e := newEnv(t)
	c := e.createConnection("books")
	old, err := e.MintToken(e.ctx, e.tenant, ports.MintRequest{Vendor: "pluggy", Name: "books"})
	e.noError(err)
	next := e.mintToken(c)
	e.receive(string(old.Raw.Reveal()), eventBody("e1", domain.PullScope{}))
	e.receive(next, eventBody("e2", domain.PullScope{}))
	e.noError(e.RevokeToken(e.ctx, e.tenant, old.ID, false))
	e.wantError(e.RevokeToken(e.ctx, e.tenant, old.ID, false), domain.NotFound)
	_, err = e.Receive(e.ctx, webhookRequest(string(old.Raw.Reveal()), eventBody("e3", domain.PullScope{})))
	e.wantError(err, domain.Unauthenticated)
	e.receive(next, eventBody("e4", domain.PullScope{}))
}

func TestATokenOfAnotherTenantCannotBeRevoked(t *testing.T) {
	e := newEnv(t)
	e.createConnection("books")
	minted, err := e.MintToken(e.ctx, e.tenant, ports.MintRequest{Vendor: "pluggy", Name: "books"})
	e.noError(err)
	e.wantError(e.RevokeToken(e.ctx, domain.TenantID{UUID: uuid.New()}, minted.ID, false), domain.NotFound)
}

func (e *env) tokenLastUsed() time.Time {
	e.Helper()
	page, err := e.ListTokens(e.ctx, e.tenant, ports.TokenFilter{}, domain.PageRequest{Limit: 5})
	e.noError(err)
	return page.Items[0].LastUsedAt
}

// The use of a token must not be written to the store when a webhook is received. It is collected, and written later
// by FlushTokenUsage.
func TestTokenUsageIsFlushedTogether(t *testing.T) {
	e := newEnv(t)
	e.noError(e.FlushTokenUsage(e.ctx))
	token := e.mintToken(e.createConnection("books"))
	e.receive(token, eventBody("e1", domain.PullScope{}))
	if !e.tokenLastUsed().IsZero() {
		t.Fatal("receiving a webhook wrote the usage")
	}
	restore := e.failOperation("Tokens.RecordUsage")
	e.wantError(e.FlushTokenUsage(e.ctx), domain.StoreUnavailable)
	e.clock.pass(time.Hour)
	later := e.receive(token, eventBody("e2", domain.PullScope{})).Delivery.ReceivedAt
	restore()
	e.noError(e.FlushTokenUsage(e.ctx))
	if used := e.tokenLastUsed(); !used.Equal(later) {
		t.Errorf("last used %v, want %v", used, later)
	}
}

func TestAFailedFlushOfTokenUsageIsRetried(t *testing.T) {
	e := newEnv(t)
	token := e.mintToken(e.createConnection("books"))
	at := e.receive(token, eventBody("e1", domain.PullScope{})).Delivery.ReceivedAt
	restore := e.failOperation("Tokens.RecordUsage")
	e.wantError(e.FlushTokenUsage(e.ctx), domain.StoreUnavailable)
	restore()
	e.noError(e.FlushTokenUsage(e.ctx))
	if used := e.tokenLastUsed(); !used.Equal(at) {
		t.Errorf("last used %v, want %v", used, at)
	}
}
