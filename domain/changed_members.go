package domain

import (
	"bytes"
	"slices"
)

// comparedMember is a member of a transaction in the API, with a function that reports whether two versions have the
// same value.
type comparedMember struct {
	name  string
	equal func(a, b *Transaction) bool
}

// comparedMembers are the members in which two versions of a transaction can differ. They do not include erasedAt, or
// version and updatedAt, which always differ.
var comparedMembers = []comparedMember{
	{connectionMember, func(a, b *Transaction) bool { return a.Connection == b.Connection }},
	{"accountId", func(a, b *Transaction) bool { return a.AccountID == b.AccountID }},
	{"externalId", func(a, b *Transaction) bool { return a.ExternalID == b.ExternalID }},
	{"amount", func(a, b *Transaction) bool { return a.Amount.Amount.Equal(b.Amount.Amount) }},
	{"currency", func(a, b *Transaction) bool { return a.Amount.Currency == b.Amount.Currency }},
	{"accountAmount", func(a, b *Transaction) bool {
		x, y := a.AccountMoney, b.AccountMoney
		return x == y || x != nil && y != nil && x.Amount.Equal(y.Amount)
	}},
	{"accountCurrency", func(a, b *Transaction) bool {
		x, y := a.AccountMoney, b.AccountMoney
		return x == y || x != nil && y != nil && x.Currency == y.Currency
	}},
	{"status", func(a, b *Transaction) bool { return a.Status == b.Status }},
	{"date", func(a, b *Transaction) bool { return a.Date == b.Date }},
	{"occurredAt", func(a, b *Transaction) bool { return a.OccurredAt.Equal(b.OccurredAt) }},
	{"description", func(a, b *Transaction) bool { return a.Description == b.Description }},
	{"category", func(a, b *Transaction) bool { return a.Category == b.Category }},
	{"counterparty", func(a, b *Transaction) bool { return a.Counterparty == b.Counterparty }},
	{"references", func(a, b *Transaction) bool { return a.References == b.References }},
	{"counterpartyDocument", func(a, b *Transaction) bool { return a.CounterpartyDocument == b.CounterpartyDocument }},
	{"warnings", func(a, b *Transaction) bool { return slices.Equal(a.Warnings, b.Warnings) }},
	{"metadata", func(a, b *Transaction) bool { return bytes.Equal(a.Metadata, b.Metadata) }},
	{"removedAt", func(a, b *Transaction) bool { return a.RemovedAt.Equal(b.RemovedAt) }},
	{"supersedes", func(a, b *Transaction) bool {
		return slices.EqualFunc(a.Supersedes, b.Supersedes, func(x, y Superseded) bool {
			return x.ExternalID == y.ExternalID && x.Rule == y.Rule && x.At.Equal(y.At)
		})
	}},
	{"supersededBy", func(a, b *Transaction) bool { return a.SupersededBy == b.SupersededBy }},
}

const connectionMember = "connectionId"

// ChangedMembers returns the names of the members in which the transaction differs from its previous version, in the
// order of the API's documentation. The members version and updatedAt always differ and are not listed.
//
// The connection of an earlier version is not stored. If no other member differs, the transaction was moved to
// another connection, and ChangedMembers returns connectionId. If the transaction was erased, ChangedMembers returns
// erasedAt and all compared members except connectionId.
func ChangedMembers(previous, present *Transaction) []string {
	if present.Erased() {
		names := make([]string, 0, len(comparedMembers))
		for _, m := range comparedMembers[1:] {
			names = append(names, m.name)
		}
		return append(names, "erasedAt")
	}
	var names []string
	for _, m := range comparedMembers {
		if !m.equal(previous, present) {
			names = append(names, m.name)
		}
	}
	if names == nil {
		names = []string{connectionMember}
	}
	return names
}
