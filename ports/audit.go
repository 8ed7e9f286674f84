package ports

import (
	"context"
	"iter"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Audit returns the record of operators' changes, and proofs that this record was not changed.
//
// The entries of a tenant are the leaves of a Merkle tree (RFC 6962). A leaf consists of the byte 0 followed by the
// canonical JSON of the entry (RFC 8785). A checkpoint is a signed note (C2SP tlog-checkpoint) that states the number
// of entries and the root of their tree.
type Audit interface {
	// RecordRefusal records that a request was refused because the caller's token lacks a scope, or because the access
	// manager refused the access. The request is identified by its operation id in the OpenAPI document (operation).
	// Errors: only those of the store.
	RecordRefusal(ctx context.Context, tenant domain.TenantID, operation string) error
	// ListAuditEntries returns the entries that match the filter, newest first. Before it reads the entries, it numbers
	// all entries that were committed before the call.
	ListAuditEntries(ctx context.Context, tenant domain.TenantID, filter domain.AuditFilter,
		page domain.PageRequest) (domain.Page[domain.AuditEntry], error)
	// AuditCheckpoint returns the checkpoint of all entries that were committed before the call.
	AuditCheckpoint(ctx context.Context, tenant domain.TenantID) ([]byte, error)
	// AuditKey returns the key that verifies the tenant's checkpoints, in the verifier key format of signed notes.
	AuditKey(ctx context.Context, tenant domain.TenantID) (string, error)
	// ProveAuditConsistency returns a proof that the tree of fromSize entries is a prefix of the tree of toSize
	// entries: no earlier entry was changed. If toSize is nil, the size of the newest checkpoint is used. Errors:
	// Invalid on "from" and "to".
	ProveAuditConsistency(
		ctx context.Context,
		tenant domain.TenantID,
		fromSize int64,
		toSize *int64,
	) (domain.AuditProof, error)
	// ProveAuditInclusion returns a proof that the tree of the given size contains the entry with this sequence number.
	// If size is nil, the size of the newest checkpoint is used. Errors: NotFound if there is no such entry; Invalid on
	// "size".
	ProveAuditInclusion(ctx context.Context, tenant domain.TenantID, sequence int64,
		size *int64) (domain.AuditProof, error)
}

// ProvenEntry is an audit entry with the proof that the tree of a checkpoint contains it.
type ProvenEntry struct {
	Entry      domain.AuditEntry
	Proof      domain.AuditProof // its size is that of the checkpoint
	Checkpoint []byte            // a note with one signature, that of Key
	Key        string            // the verifier key
	// Sign returns a signed note with the text, which must end with a line feed. Key verifies the note.
	Sign func(text []byte) ([]byte, error)
}

// AuditEntries returns the audit entries of a change, or none. The entries have no sequence numbers yet. A nil
// AuditEntries returns none; it is the argument for changes that the service makes for its own work.
//
// The methods of stores with which operators change rows have an AuditEntries as an argument:
//
//   - The method stores the returned entries in the same atomic change as its own rows, for the same tenant. If the
//     method fails or changes nothing, no entry is stored.
//   - The method calls AuditEntries before the change commits. If it has other functions as arguments, it calls those
//     first. So the entries can describe what the functions have changed.
//   - The method may call AuditEntries more than once, if it repeats its change. It stores only the entries of the last
//     call.
type AuditEntries func() []domain.AuditEntry

// About returns the entries of e about the objects with these ids. A method that changes only some of the objects that
// it was called with stores only the entries about those.
func (e AuditEntries) About(objects []string) AuditEntries {
	return func() (entries []domain.AuditEntry) {
		for _, entry := range e.Make() {
			if slices.Contains(objects, entry.Object) {
				entries = append(entries, entry)
			}
		}
		return entries
	}
}

// WithMoved returns the entries of e, followed by one entry for each of the tokens. The change that e describes has
// moved these tokens to another connection. If e returns no entry, the returned function returns none.
func (e AuditEntries) WithMoved(tokens []domain.WebhookToken) AuditEntries {
	return func() []domain.AuditEntry {
		entries := e.Make()
		if len(entries) == 0 {
			return nil
		}
		cause := entries[0]
		for _, token := range tokens {
			entries = append(entries, domain.TokenMoved(cause, token))
		}
		return entries
	}
}

// Make returns the result of e, or nil if e is nil.
func (e AuditEntries) Make() []domain.AuditEntry {
	if e == nil {
		return nil
	}
	return e()
}

// AuditHead describes the current state of the Merkle tree over a tenant's audit entries.
type AuditHead struct {
	Size       int64  // number of numbered entries
	Checkpoint []byte // the signed note of the tree with Size entries; nil if Size is 0
}

// AuditBatch is a batch of entries to number. Pending[i] gets the number Head.Size + i.
type AuditBatch struct {
	Head    AuditHead
	Pending []domain.AuditEntry // at least one
	Hashes  AuditHashes
}

// AuditHashes is a function that returns stored hashes of a tree, one for each given index, in the same order.
// tlog.StoredHashIndex defines the indexes. Errors: NotFound if a hash is not stored.
type AuditHashes func(indexes []int64) ([]domain.AuditHash, error)

// AuditExtension contains the hashes and the checkpoint that a batch adds to a tree.
type AuditExtension struct {
	FirstHash  int64 // the index of the first hash in Hashes
	Hashes     []domain.AuditHash
	Checkpoint []byte // the signed note of the tree that includes the batch
}

// AuditCheckpoint is a stored checkpoint: a signed note that states the size and the root of a tenant's tree.
type AuditCheckpoint struct {
	Size int64 // the size of the tree when the checkpoint was signed
	Note []byte
}

// AuditSnapshot contains all stored data of a tenant's tree, at one moment.
type AuditSnapshot struct {
	Size        int64
	Checkpoints []AuditCheckpoint // by size
	// Entries yields the entries in the order of their numbers. An entry that cannot be decoded, because another
	// program has written it, has the action "".
	Entries iter.Seq2[domain.AuditEntry, error]
	// Hashes yields the stored hashes with their indexes, in the order of the indexes. A hash that does not have 32
	// bytes is replaced with the zero hash.
	Hashes iter.Seq2[AuditStoredHash, error]
}

// AuditStoredHash is a stored hash of a tree, with its index as tlog.StoredHashIndex defines it.
type AuditStoredHash struct {
	Index int64
	Hash  domain.AuditHash
}

// AuditLog stores entries, and the Merkle trees that they form.
//
// An entry is stored first without a number, so that concurrent changes of a tenant do not wait for each other. The
// method Number assigns the numbers later.
type AuditLog interface {
	// Append stores an entry that does not belong to a change in a store, for example an entry about a refused request.
	// The entries of a change are stored by the method that makes the change (see AuditEntries).
	Append(ctx context.Context, tenant domain.TenantID, e domain.AuditEntry) error

	// ListPending returns at most limit tenants with pending entries, which have no number yet. It searches all
	// tenants.
	ListPending(ctx context.Context, limit int) ([]domain.TenantID, error)

	// Number assigns numbers to at most limit pending entries of the tenant, ordered by time and id. It returns how
	// many entries it has numbered. In one atomic change, it calls extend with the entries and stores the returned
	// extension.
	//
	//   - If no entry is pending, extend is not called.
	//   - If extend fails, Number changes nothing and returns the same error.
	//   - Concurrent calls for one tenant are serialised.
	Number(ctx context.Context, tenant domain.TenantID, limit int,
		extend func(AuditBatch) (AuditExtension, error)) (int, error)

	// Head returns the head of the tenant's tree. The head is zero as long as Number has not numbered any entry of the
	// tenant.
	Head(ctx context.Context, tenant domain.TenantID) (AuditHead, error)

	// Hashes returns the stored hashes with the given indexes from the tenant's tree. See AuditHashes for details.
	Hashes(ctx context.Context, tenant domain.TenantID, indexes []int64) ([]domain.AuditHash, error)

	// List returns numbered entries, newest first. A position in the list consists of the number and the tenant's id.
	// A call examines a bounded number of entries. If an index does not serve the whole filter (see
	// domain.AuditFilter.Indexed), a page can therefore be short or empty although others follow.
	List(ctx context.Context, tenant domain.TenantID, filter domain.AuditFilter,
		page domain.PageRequest) (domain.Page[domain.AuditEntry], error)

	// Tenants returns the tenants with any stored audit data, ordered by id. It is not limited to one tenant.
	Tenants(ctx context.Context) ([]domain.TenantID, error)

	// Snapshot passes a snapshot of the tenant's tree to fn, and returns the error of fn.
	Snapshot(ctx context.Context, tenant domain.TenantID, fn func(AuditSnapshot) error) error

	// ClaimAnnouncements returns at most limit tenants whose newest checkpoint must be announced. These are tenants
	// with numbered entries (see Number) and without an announcement since cutoff.
	//
	// In the same atomic change, ClaimAnnouncements stores now as the time of each returned tenant's last announcement.
	// It also stores the event events.AuditCheckpoint. Concurrent calls never return the same tenant.
	// ClaimAnnouncements is not limited to one tenant.
	ClaimAnnouncements(ctx context.Context, now, cutoff time.Time, limit int) ([]domain.TenantID, error)
}

// AuditReport is the result of Maintenance.VerifyAudit.
type AuditReport struct {
	Tenants  int
	Entries  int64                 // entries that were recomputed
	Findings []domain.AuditFinding // for each tenant with wrong entries, a finding about the first wrong entry
}

// AuditTree computes the Merkle trees of entries, and signs and verifies their checkpoints. The methods do no I/O,
// except through the functions that they receive.
//
// Each key argument contains the seed of an Ed25519 private key (RFC 8032). If a method has several keys as an
// argument, it signs with the first key, and accepts the signatures of all keys.
type AuditTree interface {
	// VerifierKey returns the verifier key of the tenant's checkpoints.
	VerifierKey(key domain.Secret, tenant domain.TenantID) (string, error)

	// Extend adds a batch to the tree of a tenant. Errors: internal, if the tree does not match its checkpoint or the
	// checkpoint is not signed by one of the keys.
	Extend(keys []domain.Secret, tenant domain.TenantID, b AuditBatch) (AuditExtension, error)

	// EmptyCheckpoint returns the checkpoint of a tenant without entries.
	EmptyCheckpoint(key domain.Secret, tenant domain.TenantID) ([]byte, error)

	// ProveConsistency returns the hashes that prove that the tree of fromSize entries is a prefix of the tree of
	// toSize entries. It requires that fromSize <= toSize.
	ProveConsistency(fromSize, toSize int64, hashes AuditHashes) ([]domain.AuditHash, error)

	// ProveInclusion returns the hashes that prove that the tree of the given size contains the entry with this
	// sequence number. It requires that sequence < size.
	ProveInclusion(sequence, size int64, hashes AuditHashes) ([]domain.AuditHash, error)

	// Verify recomputes the tree of a snapshot. It compares the tree with all stored hashes and checkpoints, and with
	// pastCheckpoints, which were read earlier. It returns the number of entries, and a finding about the first wrong
	// entry; nil if no entry is wrong. Errors: those of the snapshot.
	Verify(keys []domain.Secret, tenant domain.TenantID, s AuditSnapshot,
		pastCheckpoints [][]byte) (entries int64, finding *domain.AuditFinding, err error)

	// SignNote returns a signed note with the text, which must end with a line feed. The note has the signature of the
	// tenant's checkpoints.
	SignNote(key domain.Secret, tenant domain.TenantID, text []byte) ([]byte, error)

	// SignCheckpoint returns the note of a checkpoint with one signature, that of the first key. Errors: internal, if
	// none of the keys has signed the checkpoint.
	SignCheckpoint(keys []domain.Secret, tenant domain.TenantID, checkpoint []byte) ([]byte, error)

	// TenantOf returns the tenant of a checkpoint. It does not verify the signature. Errors: Invalid if the text is
	// not a checkpoint of this service.
	TenantOf(checkpoint []byte) (domain.TenantID, error)
}
