package domain

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"slices"
	"strings"
	"time"
)

// member describes one member of a transaction in the API, and what the service derives from its value.
type member struct {
	name string
	// equal reports whether two versions have the same value. It is nil if versions are not compared in this member.
	equal func(a, b *Transaction) bool
	// size returns the size of the value in a page in addition to memberSize; nil if memberSize is enough.
	size func(t *Transaction) int
	// optional members are not in every item. Their size includes memberSize.
	optional bool
	// hash appends the value to the input of the Digest. It is nil if a change of the value is not an edit.
	hash func(input []byte, d *TransactionData) []byte
	// group is the position of hash among those of the other members. Members of the same group are hashed in the
	// order of the list.
	group hashGroup
	// text returns the value of a member that is a text, and is nil for every other member.
	text func(d *TransactionData) string
	// searched reports whether searches for a text examine the member.
	searched bool
	// clear removes the value. It is set for the members that have no versions.
	clear func(t *Transaction)
}

// hashGroup orders the members in the input of the Digest. The order must never change, because the digests are stored.
type hashGroup int

const (
	alwaysHashed    hashGroup = iota // hashed even if the value is ""
	hashedIfKnown                    // hashed with a label, only if the value is known
	hashedIfKnown2                   // like hashedIfKnown; the group of every new member
	alwaysHashedEnd                  // like alwaysHashed
	hashGroups
)

// members is the list of all members of a transaction, in the order of the API's documentation. The results of Digest,
// ItemSize, ChangedMembers, WithoutUnversioned and of the searches follow from it. Reason and changed are members of
// the items of the history and of the change feed.
//
// A new member that is hashed must be optional in the Digest: it belongs to the group hashedIfKnown2, after all other
// members of this group. Otherwise the next pull would write a new version of every stored row.
var members = []member{
	{name: "id"},
	{name: connectionMember, equal: same(func(t *Transaction) ConnectionID { return t.Connection })},
	{name: "vendor"},
	{
		name: "accountId", equal: same(func(t *Transaction) AccountID { return t.AccountID }),
		size: func(t *Transaction) int { return textSize(t.Account) },
		hash: func(input []byte, d *TransactionData) []byte { return hashed(input, d.Account) },
	},
	text("externalId", func(d *TransactionData) string { return d.ExternalID }),
	{
		name: "amount", equal: func(a, b *Transaction) bool { return a.Amount.Amount.Equal(b.Amount.Amount) },
		hash: func(input []byte, d *TransactionData) []byte { return hashed(input, d.Amount.Amount.String()) },
	},
	{
		name: "currency", equal: same(func(t *Transaction) string { return t.Amount.Currency }),
		hash: func(input []byte, d *TransactionData) []byte { return hashed(input, d.Amount.Currency) },
	},
	{
		name: "accountAmount", equal: func(a, b *Transaction) bool {
			x, y := a.AccountMoney, b.AccountMoney
			return x == y || x != nil && y != nil && x.Amount.Equal(y.Amount)
		},
		group: hashedIfKnown, hash: func(input []byte, d *TransactionData) []byte {
			if d.AccountMoney == nil {
				return input
			}
			return hashed(input, "account", d.AccountMoney.Amount.String(), d.AccountMoney.Currency)
		},
	},
	{name: "accountCurrency", equal: func(a, b *Transaction) bool {
		x, y := a.AccountMoney, b.AccountMoney
		return x == y || x != nil && y != nil && x.Currency == y.Currency
	}}, // hashed with accountAmount
	{
		name: "status", equal: same(func(t *Transaction) TransactionStatus { return t.Status }),
		hash: func(input []byte, d *TransactionData) []byte { return hashed(input, string(d.Status)) },
	},
	{
		name: "date", equal: same(func(t *Transaction) Date { return t.Date }),
		hash: func(input []byte, d *TransactionData) []byte { return hashed(input, string(d.Date)) },
	},
	{
		name: "occurredAt", equal: func(a, b *Transaction) bool { return a.OccurredAt.Equal(b.OccurredAt) },
		group: hashedIfKnown, hash: func(input []byte, d *TransactionData) []byte {
			if d.OccurredAt.IsZero() {
				return input
			}
			return append(d.OccurredAt.UTC().AppendFormat(hashed(input, "at"), time.RFC3339Nano), 0)
		},
	},
	text("description", func(d *TransactionData) string { return d.Description }).hashedAndSearched(),
	text("category", func(d *TransactionData) string { return d.Category }).
		unversioned(func(t *Transaction) { t.Category = "" }), // the vendor's own enrichment, so a change is no edit
	text("counterparty", func(d *TransactionData) string { return d.Counterparty }).hashedAndSearched(),
	{
		name: "references", equal: same(func(t *Transaction) References { return t.References }),
		optional: true, size: func(t *Transaction) int { return t.References.size() },
		group: hashedIfKnown2,
		hash:  func(input []byte, d *TransactionData) []byte { return d.References.hash(input) },
	},
	{
		name: "counterpartyDocument", equal: same(func(t *Transaction) PartyDocument { return t.CounterpartyDocument }),
		optional: true, size: func(t *Transaction) int { return t.CounterpartyDocument.size() },
		group: hashedIfKnown2, hash: func(input []byte, d *TransactionData) []byte {
			if d.CounterpartyDocument.IsZero() {
				return input
			}
			return hashed(input, "document", string(d.CounterpartyDocument.Type), d.CounterpartyDocument.Value)
		},
	},
	{
		name: "warnings", equal: func(a, b *Transaction) bool { return slices.Equal(a.Warnings, b.Warnings) },
		size:  func(t *Transaction) int { return len(t.Warnings) * memberSize },
		group: hashedIfKnown, hash: func(input []byte, d *TransactionData) []byte {
			for _, warning := range d.Warnings {
				input = hashed(input, "warning", string(warning))
			}
			return input
		},
	},
	// Vendors add members to their objects, and some members change with every read, so a change is no edit.
	{
		name: "metadata", equal: func(a, b *Transaction) bool { return bytes.Equal(a.Metadata, b.Metadata) },
		size: func(t *Transaction) int { return len(t.Metadata) }, clear: func(t *Transaction) { t.Metadata = nil },
	},
	{
		name: "billId", optional: true, size: func(t *Transaction) int { return optionalSize(!t.Bill.ID.IsZero()) },
		clear: func(t *Transaction) { t.Bill = CardBill{} },
	},
	{
		name: "billMonth", optional: true, size: func(t *Transaction) int { return optionalSize(t.Bill.Month != "") },
	}, // cleared with billId, like billBasis
	{
		name: "billBasis", optional: true, size: func(t *Transaction) int { return optionalSize(t.Bill.Basis != "") },
	},
	{
		name: "instalment", optional: true, size: func(t *Transaction) int { return optionalSize(t.Card.Number > 0) },
		clear: func(t *Transaction) { t.Card = CardFacts{} },
	},
	{
		name: "purchaseDate", optional: true,
		size: func(t *Transaction) int { return optionalSize(t.Card.PurchaseDate != "") },
	},
	{name: "version"},
	{name: "firstSeenAt"},
	{name: "updatedAt"},
	{name: "removedAt", equal: func(a, b *Transaction) bool { return a.RemovedAt.Equal(b.RemovedAt) }},
	{
		name: "excludedAt", equal: func(a, b *Transaction) bool { return a.ExcludedAt.Equal(b.ExcludedAt) },
		optional: true, size: func(t *Transaction) int { return t.excludedSize() },
	},
	{name: "excludedBy", optional: true}, // sized with excludedAt
	{
		name: "supersedes", equal: func(a, b *Transaction) bool {
			return slices.EqualFunc(a.Supersedes, b.Supersedes, func(x, y Superseded) bool {
				return x.ExternalID == y.ExternalID && x.Rule == y.Rule && x.At.Equal(y.At)
			})
		},
		size: func(t *Transaction) int { return len(t.Supersedes)*(6*memberSize) + supersededSize(t.Supersedes) },
	},
	{name: "supersededBy", equal: same(func(t *Transaction) TransactionID { return t.SupersededBy })},
	{
		name: "possiblySupersedes", equal: func(a, b *Transaction) bool {
			return slices.Equal(a.PossiblySupersedes, b.PossiblySupersedes)
		},
		size: func(t *Transaction) int { return len(t.PossiblySupersedes) * memberSize },
	},
	{name: "erasedAt"},
	{name: "reason", size: func(t *Transaction) int { return textSize(t.Reason) }},
	{name: "changed", optional: true, size: func(t *Transaction) int { return len(t.Changed) * memberSize }},
}

// optionalSize returns the size of an optional member with a short value.
func optionalSize(present bool) int {
	if !present {
		return 0
	}
	return memberSize
}

const connectionMember = "connectionId"

// text returns a member whose value is a text.
func text(name string, of func(d *TransactionData) string) member {
	return member{
		name: name, text: of,
		equal: func(a, b *Transaction) bool { return of(&a.TransactionData) == of(&b.TransactionData) },
		size:  func(t *Transaction) int { return textSize(of(&t.TransactionData)) },
	}
}

// hashedAndSearched returns a text member whose changes are edits, and which searches examine.
func (m member) hashedAndSearched() member {
	m.group, m.searched = alwaysHashedEnd, true
	m.hash = func(input []byte, d *TransactionData) []byte { return hashed(input, m.text(d)) }
	return m
}

// unversioned returns a member that has no versions. The function clear removes its value.
func (m member) unversioned(clear func(*Transaction)) member {
	m.clear = clear
	return m
}

// same returns a function that compares values with ==.
func same[V comparable](of func(t *Transaction) V) func(a, b *Transaction) bool {
	return func(a, b *Transaction) bool { return of(a) == of(b) }
}

// hashed appends the parts of a value to the input of the Digest.
func hashed(input []byte, parts ...string) []byte {
	for _, part := range parts {
		input = append(append(input, part...), 0)
	}
	return input
}

// The members that the functions below need.
var (
	comparedMembers = membersWith(func(m member) bool { return m.equal != nil })
	sizedMembers    = membersWith(func(m member) bool { return m.size != nil })
	hashedMembers   = Sorted(
		slices.Values(membersWith(func(m member) bool { return m.hash != nil })),
		func(x, y member) int { return cmp.Compare(x.group, y.group) },
	)
	searchedMembers    = membersWith(func(m member) bool { return m.searched })
	unversionedMembers = membersWith(func(m member) bool { return m.clear != nil })
	// fixedSize is the number of bytes that are counted for each transaction in a page, whatever its values are.
	fixedSize = memberSize * len(membersWith(func(m member) bool { return !m.optional }))
)

// membersWith returns the members for which condition returns true.
func membersWith(condition func(member) bool) []member {
	return slices.DeleteFunc(slices.Clone(members), func(m member) bool { return !condition(m) })
}

// Digest returns a hash of the members whose change is an edit of the row. A stored row with an equal digest gets no
// new version. ExternalID is not hashed, because only rows with the same ExternalID are compared.
func (o *TransactionData) Digest() [sha256.Size]byte {
	input := make([]byte, 0, 512)
	for i := range hashedMembers {
		input = hashedMembers[i].hash(input, o)
	}
	return sha256.Sum256(input)
}

// size returns the result of ItemSize without reflection. It must be fast, because pages contain many transactions.
func (t *Transaction) size() int {
	size := fixedSize
	for i := range sizedMembers {
		size += sizedMembers[i].size(t)
	}
	return size
}

// containsText reports whether a member that is searched contains the text, which is the result of FoldText.
func containsText(t *Transaction, folded string) bool {
	return folded == "" || slices.ContainsFunc(searchedMembers, func(m member) bool {
		return strings.Contains(FoldText(m.text(&t.TransactionData)), folded)
	})
}

// WithoutUnversioned returns the transaction without the members that have no versions.
func (t Transaction) WithoutUnversioned() Transaction {
	for _, m := range unversionedMembers {
		m.clear(&t)
	}
	return t
}

// ChangedMembers returns the names of the members in which the transaction differs from its previous version, in the
// order of the API's documentation. The members version and updatedAt always differ and are not listed.
//
// The connection of an earlier version is not stored. If no other member differs, the transaction was moved to
// another connection, and ChangedMembers returns connectionId. If the transaction was erased, ChangedMembers returns
// erasedAt and all compared members except connectionId.
func ChangedMembers(previous, present *Transaction) []string {
	var names []string
	erased := present.Erased()
	for i := range comparedMembers {
		m := &comparedMembers[i]
		if erased && m.name != connectionMember || !erased && !m.equal(previous, present) {
			names = append(names, m.name)
		}
	}
	switch {
	case erased:
		return append(names, "erasedAt")
	case names == nil:
		return []string{connectionMember}
	}
	return names
}
