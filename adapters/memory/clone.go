package memory

import (
	"maps"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// The functions below make complete copies of arguments and results, so that no caller shares memory with a
// stored row.

func cloneConnection(c domain.Connection) domain.Connection {
	c.Config, c.Sealed = slices.Clone(c.Config), slices.Clone(c.Sealed)
	c.Ambiguity.Before, c.Ambiguity.After = slices.Clone(c.Ambiguity.Before), slices.Clone(c.Ambiguity.After)
	c.Ambiguity.Continues = maps.Clone(c.Ambiguity.Continues)
	return c
}

func cloneToken(t domain.WebhookToken) domain.WebhookToken {
	t.Registration.Access.Sealed = slices.Clone(t.Registration.Access.Sealed)
	return t
}

func cloneDelivery(d domain.Delivery) domain.Delivery {
	d.Body, d.Scope = slices.Clone(d.Body), cloneScope(d.Scope)
	return d
}

func cloneScope(a domain.PullScope) domain.PullScope {
	a.Window = clonePointer(a.Window)
	a.Created, a.Removed = maps.Clone(a.Created), slices.Clone(a.Removed)
	a.Changed, a.Consents = maps.Clone(a.Changed), slices.Clone(a.Consents)
	for account, ids := range a.Changed {
		a.Changed[account] = slices.Clone(ids)
	}
	a.Doubted = maps.Clone(a.Doubted)
	for account, ids := range a.Doubted {
		a.Doubted[account] = slices.Clone(ids)
	}
	return a
}

func clonePull(p domain.Pull) domain.Pull {
	p.Scope, p.Progress = cloneScope(p.Scope), cloneProgress(p.Progress)
	return p
}

func cloneProgress(p domain.Progress) domain.Progress {
	p.Steps, p.Total, p.Awaited = slices.Clone(p.Steps), clonePointer(p.Total), maps.Clone(p.Awaited)
	for i := range p.Steps {
		p.Steps[i].IDs = slices.Clone(p.Steps[i].IDs)
	}
	return p
}

func cloneAccount(a domain.Account) domain.Account {
	a.Balance, a.Metadata = clonePointer(a.Balance), slices.Clone(a.Metadata)
	a.References = slices.Clone(a.References)
	return a
}

func cloneTransaction(t domain.Transaction) domain.Transaction {
	t.AccountMoney, t.Metadata = clonePointer(t.AccountMoney), slices.Clone(t.Metadata)
	t.Warnings, t.Supersedes = slices.Clone(t.Warnings), slices.Clone(t.Supersedes)
	t.PossiblySupersedes = slices.Clone(t.PossiblySupersedes)
	return t
}

func cloneResponse(a ports.StoredResponse) *ports.StoredResponse {
	a.Headers, a.Body = maps.Clone(a.Headers), slices.Clone(a.Body)
	return &a
}

func clonePointer[T any](p *T) *T {
	if p == nil {
		return nil
	}
	return new(*p)
}
