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

func TestMintGivesATokenThatOnlyItsHashIsKeptOf(t *testing.T) {
	b := newBench(t)
	c := b.connection("books")
	minted, err := b.MintToken(b.ctx, b.tenant, "pluggy", "books")
	b.ok(err)
	raw := string(minted.Raw.Reveal())
	if len(raw) != 43 || minted.Hash != domain.HashToken(raw) || minted.Connection != c.ID || minted.Vendor != "pluggy" {
		t.Errorf("got %+v", minted.WebhookToken)
	}
	page, err := b.ListTokens(b.ctx, b.tenant, ports.TokenFilter{Connection: c.ID}, domain.PageRequest{Limit: 5})
	b.ok(err)
	if diff := cmp.Diff([]domain.WebhookToken{minted.WebhookToken}, page.Items); diff != "" {
		t.Error(diff)
	}
	audits := noted[ports.Audited](b.seen)
	if last := audits[len(audits)-1]; last.Action != "token.mint" || last.Object != minted.ID.String() {
		t.Errorf("audited %+v", last)
	}
}

func TestMintRefuses(t *testing.T) {
	b := newBench(t)
	b.connection("books")
	_, err := b.MintToken(b.ctx, b.tenant, "nobody", "")
	b.fails(err, domain.Invalid)
	if diff := cmp.Diff([]string{"vendor", "connection_config_name"}, fields(err)); diff != "" {
		t.Error(diff)
	}
	_, err = b.MintToken(b.ctx, b.tenant, "belvo", "books")
	b.fails(err, domain.NotFound)
	_, err = b.MintToken(b.ctx, domain.TenantID{UUID: uuid.New()}, "pluggy", "books")
	b.fails(err, domain.NotFound)
}

func TestMintNeedsEntropy(t *testing.T) {
	b := newBench(t)
	b.connection("books")
	dry := errors.New("no entropy")
	b.deps.Entropy = &entropy{err: dry}
	_, err := b.again().MintToken(b.ctx, b.tenant, "pluggy", "books")
	b.fails(err, dry)
}

func TestRotationOfATokenTakesTwo(t *testing.T) {
	b := newBench(t)
	c := b.connection("books")
	old, err := b.MintToken(b.ctx, b.tenant, "pluggy", "books")
	b.ok(err)
	next := b.mint(c)
	b.receive(string(old.Raw.Reveal()), event("e1", domain.PullScope{}))
	b.receive(next, event("e2", domain.PullScope{}))
	b.ok(b.RevokeToken(b.ctx, b.tenant, old.ID))
	b.fails(b.RevokeToken(b.ctx, b.tenant, old.ID), domain.NotFound)
	_, err = b.Receive(b.ctx, knock(string(old.Raw.Reveal()), event("e3", domain.PullScope{})))
	b.fails(err, domain.Unauthenticated)
	b.receive(next, event("e4", domain.PullScope{}))
}

func TestRevokeIsTheTenantsOwn(t *testing.T) {
	b := newBench(t)
	b.connection("books")
	minted, err := b.MintToken(b.ctx, b.tenant, "pluggy", "books")
	b.ok(err)
	b.fails(b.RevokeToken(b.ctx, domain.TenantID{UUID: uuid.New()}, minted.ID), domain.NotFound)
}

func (b *bench) lastUsed() time.Time {
	b.Helper()
	page, err := b.ListTokens(b.ctx, b.tenant, ports.TokenFilter{}, domain.PageRequest{Limit: 5})
	b.ok(err)
	return page.Items[0].LastUsedAt
}

// The door writes nothing for it: uses are gathered and written later.
func TestUsesAreFlushedTogether(t *testing.T) {
	b := newBench(t)
	b.ok(b.FlushTokenUsage(b.ctx))
	token := b.mint(b.connection("books"))
	b.receive(token, event("e1", domain.PullScope{}))
	if !b.lastUsed().IsZero() {
		t.Fatal("the door wrote")
	}
	over := b.outage("Tokens.Touch")
	b.fails(b.FlushTokenUsage(b.ctx), domain.StoreUnavailable)
	b.clock.pass(time.Hour)
	later := b.receive(token, event("e2", domain.PullScope{})).Delivery.ReceivedAt
	over()
	b.ok(b.FlushTokenUsage(b.ctx))
	if used := b.lastUsed(); !used.Equal(later) {
		t.Errorf("last used %v, want %v", used, later)
	}
}

func TestAFailedFlushIsNotForgotten(t *testing.T) {
	b := newBench(t)
	token := b.mint(b.connection("books"))
	at := b.receive(token, event("e1", domain.PullScope{})).Delivery.ReceivedAt
	over := b.outage("Tokens.Touch")
	b.fails(b.FlushTokenUsage(b.ctx), domain.StoreUnavailable)
	over()
	b.ok(b.FlushTokenUsage(b.ctx))
	if used := b.lastUsed(); !used.Equal(at) {
		t.Errorf("last used %v, want %v", used, at)
	}
}
