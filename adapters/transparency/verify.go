package transparency

import (
	"cmp"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Verify implements ports.AuditTree. It recomputes the tenant's Merkle tree from the entries and compares the tree with
// the signed checkpoints. If an entry was changed, the first checkpoint that covers the entry does not match. Nobody
// without the key can sign a matching checkpoint.
func (t Tree) Verify(keys []domain.Secret, tenant domain.TenantID, s ports.AuditSnapshot, pastCheckpoints [][]byte,
) (entries int64, finding *domain.AuditFinding, err error) {
	v := verification{tenant: tenant, differs: -1}
	if err := v.readEntries(s); err != nil {
		return 0, nil, err
	}
	if err := v.compareHashes(s); err != nil {
		return 0, nil, err
	}
	v.compareCheckpoints(t, keys, s)
	v.compareEarlier(t, keys, pastCheckpoints)
	return v.size, v.first, nil
}

// verification is the state of Verify.
type verification struct {
	tenant domain.TenantID
	size   int64        // number of entries before the first one that is missing or unreadable
	hashes computedTree // the tree that was computed from these entries
	// differs is the number of the first entry whose computed hashes differ from the stored hashes, or -1 if there is
	// none. The stored hashes are not signed: they can locate a wrong entry, but only a checkpoint proves that the
	// entry is wrong.
	differs int64
	first   *domain.AuditFinding
}

// computedTree contains the hashes of a tree by their indexes. It implements tlog.HashReader.
type computedTree []tlog.Hash

// ReadHashes implements tlog.HashReader. Errors: NotFound for an index outside the tree.
func (c computedTree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	all := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index < 0 || index >= int64(len(c)) {
			return nil, domain.NotFoundError()
		}
		all[i] = c[index]
	}
	return all, nil
}

// found records that the entry with the given number is wrong. Of all findings, only the one with the smallest number
// is kept.
func (v *verification) found(sequence int64, format string, args ...any) {
	v.foundAmong(sequence, sequence, format, args...)
}

// foundAmong is like found if only a range of entries is known that contains the first wrong one.
func (v *verification) foundAmong(sequence, last int64, format string, args ...any) {
	sequence = max(sequence, 0)
	if v.first == nil || sequence < v.first.Sequence {
		v.first = &domain.AuditFinding{
			Tenant: v.tenant, Sequence: sequence, Last: max(sequence, last), Reason: fmt.Sprintf(format, args...),
		}
	}
}

// readEntries computes the hashes of the entries up to the first one that is missing or cannot be read.
func (v *verification) readEntries(s ports.AuditSnapshot) error {
	for e, err := range s.Entries {
		switch {
		case err != nil:
			return err
		case e.Sequence < v.size:
			v.found(e.Sequence, "it was added: its number is negative or was given twice")
			return nil
		case e.Sequence > v.size:
			v.found(v.size, "it was dropped")
			return nil
		}
		hash, err := leafHash(e)
		if err != nil {
			v.found(v.size, "it was changed: it cannot be read")
			return nil
		}
		added, err := tlog.StoredHashesForRecordHash(v.size, hash, v.hashes)
		if err != nil {
			return err
		}
		v.hashes = append(v.hashes, added...)
		v.size++
	}
	return nil
}

// compareHashes compares the stored hashes with the computed ones.
func (v *verification) compareHashes(s ports.AuditSnapshot) error {
	next, same := int64(0), true
	for stored, err := range s.Hashes {
		if err != nil {
			return err
		}
		same = stored.Index == next && next < int64(len(v.hashes)) && v.hashes[next] == tlog.Hash(stored.Hash)
		if !same {
			break
		}
		next++
	}
	if !same || next < int64(len(v.hashes)) {
		v.differs = entryOf(next)
		v.found(v.differs, "it or its hash was changed, dropped, added or reordered")
	}
	return nil
}

// entryOf returns the sequence number of an audit entry: the entry that was stored together with the hash at the given
// index.
func entryOf(index int64) int64 {
	level, n := tlog.SplitStoredHashIndex(index)
	return (n+1)<<level - 1
}

// compareCheckpoints compares the stored checkpoints with the computed tree.
func (v *verification) compareCheckpoints(t Tree, keys []domain.Secret, s ports.AuditSnapshot) {
	newest, verified := int64(0), int64(0)
	for _, stored := range s.Checkpoints {
		signed, err := t.open(keys, v.tenant, stored.Note)
		if err == nil && signed.size != stored.Size {
			err = errNoCheckpoint
		}
		if err != nil {
			v.found(stored.Size-1, "its checkpoint was changed: %v", err)
			continue
		}
		newest = max(newest, signed.size)
		if v.matches(signed) {
			verified = max(verified, signed.size)
			continue
		}
		v.foundBetween(verified, signed.size, "a stored checkpoint")
	}
	switch {
	case v.size < max(newest, s.Size):
		v.found(v.size, "it was dropped")
	case v.size > newest:
		v.found(newest, "it was added: no checkpoint covers it")
	case s.Size != newest:
		v.found(min(s.Size, newest), "the size of the tree is not that of the newest checkpoint")
	}
}

// compareEarlier compares checkpoints that an operator has kept outside of the store with the computed tree.
func (v *verification) compareEarlier(t Tree, keys []domain.Secret, checkpoints [][]byte) {
	var known []checkpoint
	for _, signed := range checkpoints {
		c, err := t.open(keys, v.tenant, signed)
		if err != nil {
			v.foundAmong(0, v.size-1, "the earlier checkpoint does not fit: %v", err)
			continue
		}
		known = append(known, c)
	}
	domain.SortLarge(known, func(x, y checkpoint) int { return cmp.Compare(x.size, y.size) })
	verified := int64(0)
	for _, c := range known {
		if v.matches(c) {
			verified = c.size
			continue
		}
		v.foundBetween(verified, c.size, "the earlier checkpoint")
	}
}

// matches compares the checkpoint with the computed tree. It reports whether the tree over the first c.size entries has
// the root that the checkpoint contains.
func (v *verification) matches(c checkpoint) bool {
	if c.size > v.size {
		return false
	}
	root, err := tlog.TreeHash(c.size, v.hashes)
	return err == nil && root == c.root
}

// foundBetween records a checkpoint that does not match the computed tree:
//
//   - size is the number of entries that the checkpoint covers.
//   - verified is the number of entries that another checkpoint has proven correct, or 0. The wrong entry comes after
//     them.
//   - name describes the checkpoint in the finding.
func (v *verification) foundBetween(verified, size int64, name string) {
	switch {
	case size > v.size:
		v.found(v.size, "it was dropped: %s has %d entries", name, size)
	case verified == size-1:
		v.found(verified, "it is not that of %s", name)
	case verified <= v.differs && v.differs < size:
		v.found(v.differs, "it is not that of %s", name)
	default:
		v.foundAmong(verified, size-1, "they are not those of %s: the first wrong one is among them", name)
	}
}
