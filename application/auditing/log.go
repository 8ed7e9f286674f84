// Package auditing makes the audit entries of the use cases, numbers them, and proves what the audit log contains. The
// entries of a tenant are the leaves of a Merkle tree, whose newest signed head is the checkpoint.
package auditing

import (
	"context"
	"errors"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Deps holds everything that a Log needs. All members are required, except Keys.
type Deps struct {
	Recorder Recorder
	Tree     ports.AuditTree
	Sealer   ports.Sealer
	Entropy  ports.Entropy

	SealedValues ports.SealedValues

	// WithShare calls do while it holds one of the tenant's shares of costly reads.
	WithShare func(ctx context.Context, tenant domain.TenantID, do func() error) error

	// Keys are the keys that sign and verify the checkpoints; the first one signs. If there are none, the Log generates
	// a key and keeps it sealed in SealedValues.
	Keys []domain.Secret
}

// Log implements ports.Audit, and the methods of ports.Maintenance that concern the audit log. It is safe for
// concurrent use.
type Log struct {
	Deps

	stored storedKey
}

// New returns a Log.
func New(d Deps) *Log { return &Log{Deps: d} }

// refusedAction is the action of the audit entry for a request that lacks a scope or that the access manager refused.
const refusedAction = "access.refused"

// RecordRefusal implements ports.Audit.
func (l *Log) RecordRefusal(ctx context.Context, tenant domain.TenantID, operation string) error {
	return l.Recorder.Append(ctx, tenant, refusedAction, operation)
}

// ListAuditEntries implements ports.Audit. If the audit tree (the Merkle tree over the tenant's audit log) cannot be
// extended by new entries, the failure is only reported as a background error. The entries that already have a number
// can still be read.
func (l *Log) ListAuditEntries(
	ctx context.Context, tenant domain.TenantID, filter domain.AuditFilter, page domain.PageRequest,
) (found domain.Page[domain.AuditEntry], err error) {
	if err := l.numberInRequest(ctx, tenant); err != nil {
		if !internal(err) {
			return domain.Page[domain.AuditEntry]{}, err
		}
		l.Recorder.Observer.Emit(ctx, ports.BackgroundError{Task: "audit", Err: err})
	}
	if filter.Indexed() {
		return l.Recorder.Log.List(ctx, tenant, filter, page)
	}
	err = l.WithShare(ctx, tenant, func() error {
		found, err = l.Recorder.Log.List(ctx, tenant, filter, page)
		return err
	})
	return found, err
}

// internal reports whether err is an internal error. A retry does not help after such an error. All errors are internal
// except a domain.Error and errors that are caused by the end of a context.
func internal(err error) bool {
	var known *domain.Error
	return !errors.As(err, &known) && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
}

// AuditCheckpoint implements ports.Audit.
func (l *Log) AuditCheckpoint(ctx context.Context, tenant domain.TenantID) ([]byte, error) {
	head, err := l.head(ctx, tenant)
	return head.Checkpoint, err
}

// head assigns sequence numbers to the tenant's new entries and returns the head of the audit tree.
func (l *Log) head(ctx context.Context, tenant domain.TenantID) (ports.AuditHead, error) {
	if err := l.numberInRequest(ctx, tenant); err != nil {
		return ports.AuditHead{}, err
	}
	head, err := l.Recorder.Log.Head(ctx, tenant)
	if err != nil || head.Size > 0 {
		return head, err
	}
	keys, err := l.keys(ctx)
	if err == nil {
		head.Checkpoint, err = l.Tree.EmptyCheckpoint(keys[0], tenant)
	}
	return head, err
}

// AuditKey implements ports.Audit.
func (l *Log) AuditKey(ctx context.Context, tenant domain.TenantID) (string, error) {
	bounded, cancel := context.WithTimeout(ctx, requestNumbering)
	defer cancel()
	keys, err := l.keys(bounded)
	if err != nil {
		return "", unavailableIfLate(ctx, bounded, err)
	}
	return l.Tree.VerifierKey(keys[0], tenant)
}

// Prove returns the newest entry that matches the filter. It also returns the proof that the entry is in the tree of
// the newest checkpoint. Errors: NotFound if no entry matches.
func (l *Log) Prove(
	ctx context.Context, tenant domain.TenantID, filter domain.AuditFilter,
) (proven ports.ProvenEntry, err error) {
	head, err := l.head(ctx, tenant)
	if err != nil {
		return proven, err
	}
	page, err := l.Recorder.Log.List(ctx, tenant, filter, domain.PageRequest{Limit: 1})
	if err != nil {
		return proven, err
	}
	// An entry that was numbered after the head was read is not in its tree yet.
	if len(page.Items) == 0 || page.Items[0].Sequence >= head.Size {
		return proven, domain.NotFoundError()
	}
	proven.Entry = page.Items[0]
	hashes, err := l.Tree.ProveInclusion(proven.Entry.Sequence, head.Size, l.hashes(ctx, tenant))
	if err != nil {
		return proven, err
	}
	proven.Proof = domain.AuditProof{Size: head.Size, Hashes: hashes}
	keys, err := l.keys(ctx)
	if err != nil {
		return proven, err
	}
	if proven.Checkpoint, err = l.Tree.SignCheckpoint(keys, tenant, head.Checkpoint); err != nil {
		return proven, err
	}
	proven.Sign = func(text []byte) ([]byte, error) { return l.Tree.SignNote(keys[0], tenant, text) }
	proven.Key, err = l.Tree.VerifierKey(keys[0], tenant)
	return proven, err
}

// ProveAuditConsistency implements ports.Audit.
func (l *Log) ProveAuditConsistency(
	ctx context.Context, tenant domain.TenantID, fromSize int64, toSize *int64,
) (domain.AuditProof, error) {
	size, err := l.provenSize(ctx, tenant, "to", toSize)
	if err != nil {
		return domain.AuditProof{}, err
	}
	if fromSize < 0 || fromSize > size {
		return domain.AuditProof{}, domain.FieldError("from", "must be from 0 to the size of the larger tree")
	}
	hashes, err := l.Tree.ProveConsistency(fromSize, size, l.hashes(ctx, tenant))
	return domain.AuditProof{Size: size, Hashes: hashes}, err
}

// ProveAuditInclusion implements ports.Audit.
func (l *Log) ProveAuditInclusion(
	ctx context.Context, tenant domain.TenantID, sequence int64, size *int64,
) (domain.AuditProof, error) {
	newest, err := l.provenSize(ctx, tenant, "size", nil)
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
	hashes, err := l.Tree.ProveInclusion(sequence, proven, l.hashes(ctx, tenant))
	return domain.AuditProof{Size: proven, Hashes: hashes}, err
}

// provenSize returns the tree size that a caller asked for. If size is nil, provenSize returns the size of the newest
// checkpoint. Errors: Invalid on the given field if the size is negative or larger than the newest checkpoint.
func (l *Log) provenSize(
	ctx context.Context, tenant domain.TenantID, field string, size *int64,
) (int64, error) {
	head, err := l.head(ctx, tenant)
	switch {
	case err != nil || size == nil:
		return head.Size, err
	case *size < 0 || *size > head.Size:
		return 0, domain.FieldError(field, "must not be larger than the newest checkpoint")
	}
	return *size, nil
}

func (l *Log) hashes(ctx context.Context, tenant domain.TenantID) ports.AuditHashes {
	return func(indexes []int64) ([]domain.AuditHash, error) {
		hashes, err := l.Recorder.Log.Hashes(ctx, tenant, indexes)
		if errors.Is(err, domain.NotFound) {
			err = errors.New("application: a hash of the audit tree is missing: run audit verify")
		}
		return hashes, err
	}
}

// announceInterval is the interval at which the newest checkpoint of a tenant is announced.
const announceInterval = 24 * time.Hour

// AnnounceCheckpoints implements ports.Maintenance.
func (l *Log) AnnounceCheckpoints(ctx context.Context, limit int) (int, error) {
	now := l.Recorder.Clock.Now()
	tenants, err := l.Recorder.Log.ClaimAnnouncements(ctx, now, now.Add(-announceInterval), limit)
	if err != nil {
		return 0, err
	}
	var failed []error
	for _, tenant := range tenants {
		failed = append(failed, l.announceCheckpoint(ctx, tenant))
	}
	return len(tenants), errors.Join(failed...)
}

// announceCheckpoint emits the newest checkpoint of a tenant, so that a copy exists outside of the database. It is the
// only place from which checkpoints are announced.
func (l *Log) announceCheckpoint(ctx context.Context, tenant domain.TenantID) error {
	head, err := l.Recorder.Log.Head(ctx, tenant)
	if err == nil {
		l.Recorder.Observer.Emit(
			ctx,
			ports.CheckpointAnnounced{Tenant: tenant, Size: head.Size, Checkpoint: head.Checkpoint},
		)
	}
	return err
}

// VerifyAudit implements ports.Maintenance. For each tenant, it first numbers the entries that have no number, and then
// verifies the tenant's tree. If the numbering fails with an internal error, the tree is verified nevertheless: the
// tree may be damaged, and the verification must find the damage.
func (l *Log) VerifyAudit(ctx context.Context, pastCheckpoints [][]byte) (ports.AuditReport, error) {
	known := map[domain.TenantID][][]byte{}
	for _, checkpoint := range pastCheckpoints {
		tenant, err := l.Tree.TenantOf(checkpoint)
		if err != nil {
			return ports.AuditReport{}, err
		}
		known[tenant] = append(known[tenant], checkpoint)
	}
	keys, err := l.keys(ctx)
	if err != nil {
		return ports.AuditReport{}, err
	}
	tenants, err := l.Recorder.Log.Tenants(ctx)
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
		if err := l.numberEntries(ctx, tenant); err != nil && !internal(err) {
			return report, err
		}
		err := l.Recorder.Log.Snapshot(ctx, tenant, func(snapshot ports.AuditSnapshot) error {
			n, finding, err := l.Tree.Verify(keys, tenant, snapshot, known[tenant])
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
