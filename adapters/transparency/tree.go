package transparency

import (
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Tree implements ports.AuditTree: it extends the Merkle tree over a tenant's audit log, creates proofs and
// checkpoints, and verifies the stored log.
type Tree struct{}

var _ ports.AuditTree = Tree{}

// EmptyCheckpoint implements ports.AuditTree.
func (t Tree) EmptyCheckpoint(key domain.Secret, tenant domain.TenantID) ([]byte, error) {
	root, err := tlog.TreeHash(0, nil)
	if err != nil {
		return nil, err
	}
	return t.sign(key, tenant, checkpoint{0, root})
}

// Extend implements ports.AuditTree. It reads only the hashes of the right edge of the stored tree, with one call. The
// root of these hashes must equal the root in the newest checkpoint. Without this check, the next checkpoint would hide
// a change of the stored tree.
func (t Tree) Extend(keys []domain.Secret, tenant domain.TenantID, b ports.AuditBatch) (ports.AuditExtension, error) {
	if len(keys) == 0 {
		return ports.AuditExtension{}, errors.New("transparency: there is no key")
	}
	known := hashMap{}
	if size := b.Head.Size; size > 0 {
		edge := known.recording(b.Hashes)
		root, err := tlog.TreeHash(size, edge)
		if err != nil && !errors.Is(err, domain.NotFound) {
			return ports.AuditExtension{}, err
		}
		signed, signedErr := t.open(keys, tenant, b.Head.Checkpoint)
		if err != nil || signedErr != nil || signed != (checkpoint{size, root}) {
			return ports.AuditExtension{}, fmt.Errorf(
				"transparency: the tree of tenant %s does not match its newest checkpoint: run audit verify", tenant)
		}
	}
	extension := ports.AuditExtension{FirstHash: tlog.StoredHashCount(b.Head.Size)}
	next := extension.FirstHash
	for i, e := range b.Pending {
		e.Sequence = b.Head.Size + int64(i)
		hash, err := leafHash(e)
		if err != nil {
			return ports.AuditExtension{}, err
		}
		added, err := tlog.StoredHashesForRecordHash(e.Sequence, hash, known)
		if err != nil {
			return ports.AuditExtension{}, err
		}
		for _, h := range added {
			known[next] = h
			next++
			extension.Hashes = append(extension.Hashes, domain.AuditHash(h))
		}
	}
	size := b.Head.Size + int64(len(b.Pending))
	root, err := tlog.TreeHash(size, known)
	if err != nil {
		return ports.AuditExtension{}, err
	}
	extension.Checkpoint, err = t.sign(keys[0], tenant, checkpoint{size, root})
	return extension, err
}

// ProveConsistency implements ports.AuditTree. If fromSize is 0, the proof is empty, because the empty tree is a prefix
// of every tree.
func (Tree) ProveConsistency(fromSize, toSize int64, hashes ports.AuditHashes) ([]domain.AuditHash, error) {
	if fromSize == 0 {
		return nil, nil
	}
	proof, err := tlog.ProveTree(toSize, fromSize, reader(hashes))
	return hashesOf(proof), err
}

// ProveInclusion implements ports.AuditTree.
func (Tree) ProveInclusion(sequence, size int64, hashes ports.AuditHashes) ([]domain.AuditHash, error) {
	proof, err := tlog.ProveRecord(size, sequence, reader(hashes))
	return hashesOf(proof), err
}

func hashesOf(hashes []tlog.Hash) []domain.AuditHash {
	all := make([]domain.AuditHash, len(hashes))
	for i, h := range hashes {
		all[i] = domain.AuditHash(h)
	}
	return all
}

// reader returns a tlog.HashReader over stored hashes.
func reader(hashes ports.AuditHashes) tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		if len(indexes) == 0 {
			return nil, nil
		}
		read, err := hashes(indexes)
		if err != nil {
			return nil, err
		}
		all := make([]tlog.Hash, len(read))
		for i, h := range read {
			all[i] = tlog.Hash(h)
		}
		return all, nil
	})
}

// hashMap contains hashes of a tree by their indexes. It implements tlog.HashReader.
type hashMap map[int64]tlog.Hash

// ReadHashes implements tlog.HashReader. Errors: NotFound for an index that m does not contain.
func (m hashMap) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	all := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		h, ok := m[index]
		if !ok {
			return nil, domain.NotFoundError()
		}
		all[i] = h
	}
	return all, nil
}

// recording returns a reader over stored hashes. The reader adds every hash that it reads to m.
func (m hashMap) recording(hashes ports.AuditHashes) tlog.HashReader {
	stored := reader(hashes)
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		read, err := stored.ReadHashes(indexes)
		for i, h := range read {
			m[indexes[i]] = h
		}
		return read, err
	})
}
