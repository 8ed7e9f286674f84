package application

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// audit logs a change that an operator has made. It does not store an audit entry; the stores and appendAudit do.
func (s *Service) audit(ctx context.Context, tenant domain.TenantID, action, object string) {
	s.Observer.Emit(ctx, ports.Audited{Tenant: tenant, Caller: ports.CallerOf(ctx), Action: action, Object: object})
}

// entriesOf returns one new audit entry, as the argument of the store method that commits it together with its change.
// The argument object is the id of the changed object.
func (s *Service) entriesOf(ctx context.Context, action, object string) ports.AuditEntries {
	return func() []domain.AuditEntry { return s.auditEntries(ctx, action, object) }
}

// appendAudit stores and logs an entry for a use case that changes nothing in the stores, for example because its
// effect is at the vendor.
func (s *Service) appendAudit(ctx context.Context, tenant domain.TenantID, action, object string) error {
	if err := s.AuditLog.Append(ctx, tenant, s.auditEntry(ctx, action, object)); err != nil {
		return err
	}
	s.audit(ctx, tenant, action, object)
	return nil
}

// auditEntry returns a new entry with the actor and the request id of the caller in ctx.
func (s *Service) auditEntry(ctx context.Context, action, object string) domain.AuditEntry {
	caller := ports.CallerOf(ctx)
	return domain.AuditEntry{
		ID: s.IDs.New(), At: s.Clock.Now(), Actor: caller.Actor, Action: action, Object: object,
		RequestID: caller.RequestID,
	}
}

// auditEntries returns one new entry for each of the objects.
func (s *Service) auditEntries(ctx context.Context, action string, objects ...string) []domain.AuditEntry {
	entries := make([]domain.AuditEntry, len(objects))
	for i, object := range objects {
		entries[i] = s.auditEntry(ctx, action, object)
	}
	return entries
}

// auditOfUpdate returns the audit entry for an update of the given members. It skips empty names, so that callers can
// pass the results of ifChanged.
func (s *Service) auditOfUpdate(ctx context.Context, action, object string, members ...string) []domain.AuditEntry {
	e := s.auditEntry(ctx, action, object)
	for _, name := range members {
		if name != "" {
			e.Detail.Changed = append(e.Detail.Changed, name)
		}
	}
	return []domain.AuditEntry{e}
}

// ifChanged returns name if isChanged is true, and "" otherwise.
func ifChanged(isChanged bool, name string) string {
	if isChanged {
		return name
	}
	return ""
}

// refusedAction is the action of the audit entry for a request that lacks a scope or that the access manager refused.
const refusedAction = "access.refused"

// RecordRefusal implements ports.Audit.
func (s *Service) RecordRefusal(ctx context.Context, tenant domain.TenantID, operation string) error {
	return s.appendAudit(ctx, tenant, refusedAction, operation)
}

// ListAuditEntries implements ports.Audit. If the audit tree (the Merkle tree over the tenant's audit log) cannot be
// extended by new entries, the failure is only reported as a background error. The entries that already have a number
// can still be read.
func (s *Service) ListAuditEntries(
	ctx context.Context, tenant domain.TenantID, filter domain.AuditFilter, page domain.PageRequest,
) (domain.Page[domain.AuditEntry], error) {
	if err := s.numberInRequest(ctx, tenant); err != nil {
		if !internal(err) {
			return domain.Page[domain.AuditEntry]{}, err
		}
		s.Observer.Emit(ctx, ports.BackgroundError{Task: "audit", Err: err})
	}
	return s.AuditLog.List(ctx, tenant, filter, page)
}

// internal reports whether err is an internal error. A retry does not help after such an error. All errors are internal
// except a domain.Error and errors that are caused by the end of a context.
func internal(err error) bool {
	var known *domain.Error
	return !errors.As(err, &known) && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
}

// AuditCheckpoint implements ports.Audit.
func (s *Service) AuditCheckpoint(ctx context.Context, tenant domain.TenantID) ([]byte, error) {
	head, err := s.auditHead(ctx, tenant)
	return head.Checkpoint, err
}

// auditHead assigns sequence numbers to the tenant's new entries and returns the head of the audit tree.
func (s *Service) auditHead(ctx context.Context, tenant domain.TenantID) (ports.AuditHead, error) {
	if err := s.numberInRequest(ctx, tenant); err != nil {
		return ports.AuditHead{}, err
	}
	head, err := s.AuditLog.Head(ctx, tenant)
	if err != nil || head.Size > 0 {
		return head, err
	}
	keys, err := s.auditKeys(ctx)
	if err == nil {
		head.Checkpoint, err = s.AuditTree.EmptyCheckpoint(keys[0], tenant)
	}
	return head, err
}

// AuditKey implements ports.Audit.
func (s *Service) AuditKey(ctx context.Context, tenant domain.TenantID) (string, error) {
	bounded, cancel := context.WithTimeout(ctx, requestNumbering)
	defer cancel()
	keys, err := s.auditKeys(bounded)
	if err != nil {
		return "", unavailableIfLate(ctx, bounded, err)
	}
	return s.AuditTree.VerifierKey(keys[0], tenant)
}

// ProveAuditConsistency implements ports.Audit.
func (s *Service) ProveAuditConsistency(
	ctx context.Context, tenant domain.TenantID, fromSize int64, toSize *int64,
) (domain.AuditProof, error) {
	size, err := s.provenSize(ctx, tenant, "to", toSize)
	if err != nil {
		return domain.AuditProof{}, err
	}
	if fromSize < 0 || fromSize > size {
		return domain.AuditProof{}, domain.FieldError("from", "must be from 0 to the size of the larger tree")
	}
	hashes, err := s.AuditTree.ProveConsistency(fromSize, size, s.auditHashes(ctx, tenant))
	return domain.AuditProof{Size: size, Hashes: hashes}, err
}

// ProveAuditInclusion implements ports.Audit.
func (s *Service) ProveAuditInclusion(
	ctx context.Context, tenant domain.TenantID, sequence int64, size *int64,
) (domain.AuditProof, error) {
	newest, err := s.provenSize(ctx, tenant, "size", nil)
	if err != nil {
		return domain.AuditProof{}, err
	}
	if sequence < 0 || sequence >= newest {
		return domain.AuditProof{}, domain.NotFoundError()
	}
	proven := newest
	if size != nil {
		proven = *size
	}
	if proven <= sequence || proven > newest {
		return domain.AuditProof{}, domain.FieldError("size", "must be the size of a tree that contains the entry")
	}
	hashes, err := s.AuditTree.ProveInclusion(sequence, proven, s.auditHashes(ctx, tenant))
	return domain.AuditProof{Size: proven, Hashes: hashes}, err
}

// provenSize returns the tree size that a caller asked for. If size is nil, provenSize returns the size of the newest
// checkpoint. Errors: Invalid on the given field if the size is negative or larger than the newest checkpoint.
func (s *Service) provenSize(
	ctx context.Context, tenant domain.TenantID, field string, size *int64,
) (int64, error) {
	head, err := s.auditHead(ctx, tenant)
	switch {
	case err != nil || size == nil:
		return head.Size, err
	case *size < 0 || *size > head.Size:
		return 0, domain.FieldError(field, "must not be larger than the newest checkpoint")
	}
	return *size, nil
}

func (s *Service) auditHashes(ctx context.Context, tenant domain.TenantID) ports.AuditHashes {
	return func(indexes []int64) ([]domain.AuditHash, error) {
		hashes, err := s.AuditLog.Hashes(ctx, tenant, indexes)
		if errors.Is(err, domain.NotFound) {
			err = errors.New("application: a hash of the audit tree is missing: run audit verify")
		}
		return hashes, err
	}
}

const (
	// auditBatch is the maximum number of entries that are numbered in one transaction.
	auditBatch = 256
	// auditBatches is the maximum number of batches that one call numbers, so that the call ends even if other callers
	// append entries meanwhile.
	auditBatches = 64
)

// requestNumbering limits the time in which a request assigns sequence numbers to new entries, or reads the audit key.
const requestNumbering = 1500 * time.Millisecond

// numberInRequest calls numberEntries with the time limit requestNumbering, because a request must not wait long.
// Errors: those of numberEntries, and Unavailable (database_unavailable) if the time limit is exceeded.
func (s *Service) numberInRequest(ctx context.Context, tenant domain.TenantID) error {
	bounded, cancel := context.WithTimeout(ctx, requestNumbering)
	defer cancel()
	return unavailableIfLate(ctx, bounded, s.numberEntries(bounded, tenant))
}

// unavailableIfLate returns the error of a call that used bounded, a copy of ctx with a time limit. If only the time
// limit has ended the call, the result is Unavailable (database_unavailable). In all other cases the result is err.
func unavailableIfLate(ctx, bounded context.Context, err error) error {
	if err != nil && ctx.Err() == nil && bounded.Err() != nil {
		return &domain.Error{Kind: domain.Unavailable, Code: domain.StoreUnavailable, Cause: err}
	}
	return err
}

// numberEntries assigns sequence numbers to the tenant's entries that were committed before the call and have no number
// yet.
func (s *Service) numberEntries(ctx context.Context, tenant domain.TenantID) error {
	keys, err := s.auditKeys(ctx)
	if err != nil {
		return err
	}
	for range auditBatches {
		n, err := s.AuditLog.Number(ctx, tenant, auditBatch, func(b ports.AuditBatch) (ports.AuditExtension, error) {
			return s.AuditTree.Extend(keys, tenant, b)
		})
		if err != nil || n < auditBatch {
			return err
		}
	}
	return nil
}

// NumberAuditEntries implements ports.Maintenance.
func (s *Service) NumberAuditEntries(ctx context.Context, limit int) (int, error) {
	tenants, err := s.AuditLog.ListPending(ctx, limit)
	if err != nil {
		return 0, err
	}
	var failed []error
	for _, tenant := range tenants {
		if err := s.numberEntries(ctx, tenant); err != nil {
			failed = append(failed, err)
		}
	}
	return len(tenants), errors.Join(failed...)
}

// announceInterval is the interval at which the newest checkpoint of a tenant is announced.
const announceInterval = 24 * time.Hour

// AnnounceCheckpoints implements ports.Maintenance.
func (s *Service) AnnounceCheckpoints(ctx context.Context, limit int) (int, error) {
	now := s.Clock.Now()
	tenants, err := s.AuditLog.ClaimAnnouncements(ctx, now, now.Add(-announceInterval), limit)
	if err != nil {
		return 0, err
	}
	var failed []error
	for _, tenant := range tenants {
		failed = append(failed, s.announceCheckpoint(ctx, tenant))
	}
	return len(tenants), errors.Join(failed...)
}

// announceCheckpoint emits the newest checkpoint of a tenant, so that a copy exists outside of the database. It is the
// only place from which checkpoints are announced.
func (s *Service) announceCheckpoint(ctx context.Context, tenant domain.TenantID) error {
	head, err := s.AuditLog.Head(ctx, tenant)
	if err == nil {
		s.Observer.Emit(ctx, ports.CheckpointAnnounced{Tenant: tenant, Size: head.Size, Checkpoint: head.Checkpoint})
	}
	return err
}

// VerifyAudit implements ports.Maintenance. For each tenant, it first numbers the entries that have no number, and then
// verifies the tenant's tree. If the numbering fails with an internal error, the tree is verified nevertheless: the
// tree may be damaged, and the verification must find the damage.
func (s *Service) VerifyAudit(ctx context.Context, pastCheckpoints [][]byte) (ports.AuditReport, error) {
	known := map[domain.TenantID][][]byte{}
	for _, checkpoint := range pastCheckpoints {
		tenant, err := s.AuditTree.TenantOf(checkpoint)
		if err != nil {
			return ports.AuditReport{}, err
		}
		known[tenant] = append(known[tenant], checkpoint)
	}
	keys, err := s.auditKeys(ctx)
	if err != nil {
		return ports.AuditReport{}, err
	}
	tenants, err := s.AuditLog.Tenants(ctx)
	if err != nil {
		return ports.AuditReport{}, err
	}
	present := map[domain.TenantID]bool{}
	for _, tenant := range tenants {
		present[tenant] = true
	}
	for tenant := range known {
		if !present[tenant] {
			tenants = append(tenants, tenant)
		}
	}
	report := ports.AuditReport{Tenants: len(tenants)}
	for _, tenant := range tenants {
		if err := s.numberEntries(ctx, tenant); err != nil && !internal(err) {
			return report, err
		}
		err := s.AuditLog.Snapshot(ctx, tenant, func(snapshot ports.AuditSnapshot) error {
			n, finding, err := s.AuditTree.Verify(keys, tenant, snapshot, known[tenant])
			report.Entries += n
			if finding != nil {
				report.Findings = append(report.Findings, *finding)
			}
			return err
		})
		if err != nil {
			return report, err
		}
	}
	return report, nil
}

// auditKeyPart is the name of the credential part that contains the seed of the audit key when the key is sealed.
const auditKeyPart = "auditKey"

// auditKeySize is the length of the audit key's seed, in bytes.
const auditKeySize = 32

// storedAuditKey caches the audit key that is kept in the store.
type storedAuditKey struct {
	mu  sync.Mutex
	key domain.Secret
}

// get returns the key, or the zero value if the key is not cached yet.
func (c *storedAuditKey) get() domain.Secret {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.key
}

func (c *storedAuditKey) set(key domain.Secret) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.key = key
}

// auditKeys returns the keys that sign and verify checkpoints; the first one signs. These are the keys of the
// deployment, followed by the stored key, which may have signed earlier checkpoints. If there is no key at all,
// auditKeys generates one and stores it sealed.
func (s *Service) auditKeys(ctx context.Context) ([]domain.Secret, error) {
	stored, err := s.auditKeyInStore(ctx)
	switch {
	case err == nil:
		return append(slices.Clip(s.AuditKeys), stored), nil
	case errors.Is(err, domain.NotFound):
		return s.AuditKeys, nil
	}
	return nil, err
}

// auditKeyInStore returns the key that is kept in the store. If the store contains no key, auditKeyInStore creates one.
// It does not create a key if the deployment has its own keys.
//
// Errors: NotFound if there is no key and none is created; Unavailable (credential_unopened).
func (s *Service) auditKeyInStore(ctx context.Context) (domain.Secret, error) {
	if key := s.auditKey.get(); !key.IsZero() {
		return key, nil
	}
	sealed, err := s.AuditLog.Key(ctx)
	if errors.Is(err, domain.NotFound) && len(s.AuditKeys) == 0 {
		sealed, err = s.createAuditKey(ctx)
	}
	if err != nil {
		return domain.Secret{}, err
	}
	key, err := s.unsealAuditKey(ctx, sealed)
	if err == nil {
		s.auditKey.set(key)
	}
	return key, err
}

// createAuditKey generates a key and stores it, unless another replica has stored one meanwhile.
func (s *Service) createAuditKey(ctx context.Context) (domain.Sealed, error) {
	seed := make([]byte, auditKeySize)
	if _, err := io.ReadFull(s.Entropy, seed); err != nil {
		return nil, err
	}
	sealed, err := s.sealAuditKey(domain.NewSecret(seed))
	clear(seed)
	if err != nil {
		return nil, err
	}
	return s.AuditLog.CreateKey(ctx, sealed)
}

// sealAuditKey seals the key. Its ciphertext is bound to the zero tenant id and the zero connection id. No connection
// has these ids, so the key cannot be opened as a credential, and no credential can be opened as the key.
func (s *Service) sealAuditKey(key domain.Secret) (domain.Sealed, error) {
	return s.Sealer.Seal(domain.TenantID{}, domain.ConnectionID{},
		domain.NewCredential(map[string]domain.Secret{auditKeyPart: key}))
}

func (s *Service) unsealAuditKey(ctx context.Context, sealed domain.Sealed) (domain.Secret, error) {
	credential, err := s.Sealer.Open(domain.TenantID{}, domain.ConnectionID{}, sealed)
	if err != nil {
		s.Observer.Emit(ctx, ports.SealingFailed{Err: err})
	}
	return credential.Part(auditKeyPart), err
}

// resealAuditKey re-encrypts the key in the store if it is not sealed under the primary key of the keyset.
func (s *Service) resealAuditKey(ctx context.Context) error {
	sealed, err := s.AuditLog.Key(ctx)
	if errors.Is(err, domain.NotFound) || err == nil && !s.Sealer.NeedsReseal(sealed) {
		return nil
	}
	if err != nil {
		return err
	}
	key, err := s.unsealAuditKey(ctx, sealed)
	if err != nil {
		return err
	}
	fresh, err := s.sealAuditKey(key)
	if err == nil {
		_, err = s.AuditLog.ResealKey(ctx, sealed, fresh)
	}
	return err
}
