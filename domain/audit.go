package domain

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
)

// AuditEntry records one change by an operator, or one request that was refused because the caller lacked a scope or
// the access manager did not permit it.
//
// An entry is kept after an erasure. Object and Detail therefore contain only ids of this service, names of members,
// numbers, and the day and the hashes of a close. They never contain a value from a vendor, an account reference or a
// config name.
type AuditEntry struct {
	// ID identifies the entry until Sequence is assigned. It is not part of the entry that callers see.
	ID       uuid.UUID
	Sequence int64 // the index, from 0, of the entry's leaf in the Merkle tree over the tenant's audit log
	At       time.Time
	Actor    string // as ports.CallerOf returns it
	Action   string // "connection.create", "token.mint", …
	// Object is the id of the object that was changed. For an object without an id of its own, it contains the ids that
	// lead to the object, separated by "/".
	Object    string
	RequestID string // "" if there is none
	Detail    AuditDetail
}

// Clean returns the entry with its texts in the form that CleanText returns, which every store accepts.
func (e AuditEntry) Clean() AuditEntry {
	e.Actor, e.Action, e.Object = CleanText(e.Actor), CleanText(e.Action), CleanText(e.Object)
	e.RequestID = CleanText(e.RequestID)
	return e
}

// AuditDetail describes a change. Its members are typed, so that it cannot contain text from a caller or a vendor. The
// names in Changed and the map keys must be JSON member names of this service's API or of its audit entries.
type AuditDetail struct {
	Changed []string             // names of the members that were changed
	IDs     map[string]uuid.UUID // other objects that the change concerns
	Numbers map[string]int64
	Dates   map[string]Date      // days that an operator has chosen
	Hashes  map[string]AuditHash // SHA-256 hashes
}

// Clone returns a copy of the detail that shares no map and no slice with it.
func (d AuditDetail) Clone() AuditDetail {
	return AuditDetail{
		Changed: slices.Clone(d.Changed), IDs: maps.Clone(d.IDs), Numbers: maps.Clone(d.Numbers),
		Dates: maps.Clone(d.Dates), Hashes: maps.Clone(d.Hashes),
	}
}

// WithID returns a copy of the detail with an additional id in IDs. It is the id of another object that the change
// concerns.
func (d AuditDetail) WithID(name string, id uuid.UUID) AuditDetail {
	ids := maps.Clone(d.IDs)
	if ids == nil {
		ids = map[string]uuid.UUID{}
	}
	ids[name] = id
	d.IDs = ids
	return d
}

// changedMember is the name of the JSON member that contains AuditDetail.Changed.
const changedMember = "changed"

// MarshalJSON returns an object with one member for each id, number, day and hash, and the member "changed" if Changed
// is not empty. A hash is written as lower-case hex. Names are in byte order, so equal details have equal texts.
func (d AuditDetail) MarshalJSON() ([]byte, error) {
	if len(d.Changed)+len(d.IDs)+len(d.Numbers)+len(d.Dates)+len(d.Hashes) == 0 {
		return []byte("{}"), nil // as in most entries
	}
	members := map[string]any{}
	for name, id := range d.IDs {
		members[name] = id.String()
	}
	for name, n := range d.Numbers {
		members[name] = n
	}
	for name, date := range d.Dates {
		members[name] = date
	}
	for name, hash := range d.Hashes {
		members[name] = hex.EncodeToString(hash[:])
	}
	if len(d.Changed) > 0 {
		members[changedMember] = slices.Sorted(slices.Values(d.Changed))
	}
	return json.Marshal(members)
}

// errAuditDetail is the error that ParseAuditDetail returns for a text that is not an audit detail.
var errAuditDetail = errors.New("the text is not the detail of an audit entry")

// ParseAuditDetail parses a text that MarshalJSON returned. It returns an error for every other text.
func ParseAuditDetail(text []byte) (AuditDetail, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return AuditDetail{}, errAuditDetail
	}
	var d AuditDetail
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if !d.parseMember(name, members[name]) {
			return AuditDetail{}, errAuditDetail
		}
	}
	if same, err := json.Marshal(d); err != nil || !bytes.Equal(same, text) {
		return AuditDetail{}, errAuditDetail
	}
	return d, nil
}

// parseMember adds a member to the detail. It reports whether the value has a type that a detail can contain.
func (d *AuditDetail) parseMember(name string, value json.RawMessage) bool {
	var id uuid.UUID
	var n int64
	var text string
	switch {
	case name == changedMember:
		return json.Unmarshal(value, &d.Changed) == nil
	case json.Unmarshal(value, &n) == nil:
		if d.Numbers == nil {
			d.Numbers = map[string]int64{}
		}
		d.Numbers[name] = n
		return n >= -maxExactNumber && n <= maxExactNumber
	case json.Unmarshal(value, &id) == nil:
		if d.IDs == nil {
			d.IDs = map[string]uuid.UUID{}
		}
		d.IDs[name] = id
		return true
	case json.Unmarshal(value, &text) != nil:
		return false
	}
	return d.parseText(name, text)
}

// parseText adds a member that is a day or a hash. It reports whether the text is one of them.
func (d *AuditDetail) parseText(name, text string) bool {
	if date, err := ParseDate(text); err == nil {
		if d.Dates == nil {
			d.Dates = map[string]Date{}
		}
		d.Dates[name] = date
		return true
	}
	hash, err := hex.DecodeString(text)
	if err != nil || len(hash) != len(AuditHash{}) {
		return false
	}
	if d.Hashes == nil {
		d.Hashes = map[string]AuditHash{}
	}
	d.Hashes[name] = AuditHash(hash)
	return true
}

// maxExactNumber is the largest number that every JSON parser reads exactly (RFC 8259, section 6). Canonical JSON has
// no larger integers.
const maxExactNumber = 1<<53 - 1

// AuditHash is a SHA-256 hash: a node of a Merkle tree, or a hash in the detail of an entry.
type AuditHash [32]byte

// AuditProof proves that a Merkle tree contains an entry, or that a smaller tree is the beginning of the tree (RFC
// 6962, sections 2.1.1 and 2.1.2).
type AuditProof struct {
	Size   int64 // the number of entries in the tree; the proof is verified with the root hash of this tree
	Hashes []AuditHash
}

// AuditFinding describes the first audit entry of a tenant that differs from what was recorded.
type AuditFinding struct {
	Tenant   TenantID
	Sequence int64
	// Last is Sequence, or the last entry of those among which the first wrong one is if its number is not known.
	Last   int64
	Reason string // what is wrong with the entry
}

// AuditFilter restricts a list of entries. A zero member does not restrict the list.
type AuditFilter struct {
	Actor, Action, Object string
	From                  time.Time // only entries at or after this time
	To                    time.Time // only entries before this time
}

// Selects reports whether the entry matches the filter.
func (f AuditFilter) Selects(e AuditEntry) bool {
	return (f.Actor == "" || f.Actor == e.Actor) && (f.Action == "" || f.Action == e.Action) &&
		(f.Object == "" || f.Object == e.Object) && (f.From.IsZero() || !e.At.Before(f.From)) &&
		(f.To.IsZero() || e.At.Before(f.To))
}

// Indexed reports whether an index over actors, objects or the order of entries serves the whole filter.
func (f AuditFilter) Indexed() bool {
	return f.Action == "" && f.From.IsZero() && f.To.IsZero() && (f.Actor == "" || f.Object == "")
}

// Storable reports whether an entry with the texts of the filter can be stored. If not, no entry matches the filter.
func (f AuditFilter) Storable() bool {
	for _, text := range []string{f.Actor, f.Action, f.Object} {
		if text != CleanText(text) {
			return false
		}
	}
	return true
}
