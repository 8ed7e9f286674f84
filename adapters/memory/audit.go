package memory

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// audit contains the audit entries of one tenant, and the Merkle tree over them.
type audit struct {
	pending     []domain.AuditEntry
	entries     []domain.AuditEntry // ordered by number
	hashes      []domain.AuditHash  // ordered by index
	checkpoints []ports.AuditCheckpoint
	announcedAt time.Time
}

// head returns the size and the newest checkpoint of the tree.
func (a *audit) head() ports.AuditHead {
	if len(a.checkpoints) == 0 {
		return ports.AuditHead{}
	}
	newest := a.checkpoints[len(a.checkpoints)-1]
	return ports.AuditHead{Size: newest.Size, Checkpoint: slices.Clone(newest.Note)}
}

// auditOf returns the audit of a tenant. It creates an empty one if the tenant has none.
func (s *Store) auditOf(tenant domain.TenantID) *audit { return entryOf(s.audits, tenant) }

// record stores the audit entries of the change that the calling store method has made.
func (s *Store) record(tenant domain.TenantID, entries ports.AuditEntries) {
	for _, e := range entries.Make() {
		a := s.auditOf(tenant)
		a.pending = append(a.pending, cloneEntry(e.Clean()))
	}
}

func cloneEntry(e domain.AuditEntry) domain.AuditEntry {
	e.Detail = e.Detail.Clone()
	return e
}

// auditLog implements ports.AuditLog on a Store.
type auditLog struct{ *Store }

// Append implements ports.AuditLog. It stores an audit entry that does not belong to a change of other data.
func (v auditLog) Append(ctx context.Context, tenant domain.TenantID, e domain.AuditEntry) error {
	return v.exclusive(ctx, "AuditLog.Append", func() error {
		a := v.auditOf(tenant)
		a.pending = append(a.pending, cloneEntry(e.Clean()))
		return nil
	})
}

// ListPending implements ports.AuditLog. It returns the tenants in the order of their ids.
func (v auditLog) ListPending(ctx context.Context, limit int) ([]domain.TenantID, error) {
	return exclusiveResult(ctx, v.Store, "AuditLog.ListPending", func() ([]domain.TenantID, error) {
		all := v.tenantsWith(func(a *audit) bool { return len(a.pending) > 0 })
		return all[:min(limit, len(all))], nil
	})
}

// tenantsWith returns the tenants for which fn returns true, ordered by id.
func (s *Store) tenantsWith(fn func(*audit) bool) []domain.TenantID {
	var all []domain.TenantID
	for tenant, a := range s.audits {
		if fn(a) {
			all = append(all, tenant)
		}
	}
	slices.SortFunc(all, domain.TenantID.Compare)
	return all
}

// Number implements ports.AuditLog. It numbers the pending entries. It calls the function extend with the mutex locked.
func (v auditLog) Number(ctx context.Context, tenant domain.TenantID, limit int,
	extend func(ports.AuditBatch) (ports.AuditExtension, error)) (int, error) {
	return exclusiveResult(ctx, v.Store, "AuditLog.Number", func() (int, error) {
		a := v.auditOf(tenant)
		if len(a.pending) == 0 {
			return 0, nil
		}
		slices.SortFunc(a.pending, func(x, y domain.AuditEntry) int {
			return cmp.Or(x.At.Compare(y.At), bytes.Compare(x.ID[:], y.ID[:]))
		})
		n := min(limit, len(a.pending))
		batch := ports.AuditBatch{Head: a.head(), Hashes: a.read}
		for i, e := range a.pending[:n] {
			e = cloneEntry(e)
			e.Sequence = batch.Head.Size + int64(i)
			batch.Pending = append(batch.Pending, e)
		}
		added, err := extend(batch)
		if err != nil {
			return 0, err
		}
		if added.FirstHash != int64(len(a.hashes)) {
			return 0, fmt.Errorf("memory: the hash %d follows %d hashes", added.FirstHash, len(a.hashes))
		}
		a.entries, a.pending = append(a.entries, batch.Pending...), slices.Clone(a.pending[n:])
		a.hashes = append(a.hashes, added.Hashes...)
		a.checkpoints = append(a.checkpoints, ports.AuditCheckpoint{
			Size: int64(len(a.entries)), Note: slices.Clone(added.Checkpoint),
		})
		return n, nil
	})
}

// The method read returns the stored hashes with these indexes. Errors: NotFound if one of them is not stored.
func (a *audit) read(indexes []int64) ([]domain.AuditHash, error) {
	hashes := make([]domain.AuditHash, len(indexes))
	for i, index := range indexes {
		if index < 0 || index >= int64(len(a.hashes)) {
			return nil, domain.NotFoundError()
		}
		hashes[i] = a.hashes[index]
	}
	return hashes, nil
}

// Head implements ports.AuditLog. It returns the newest checkpoint.
func (v auditLog) Head(ctx context.Context, tenant domain.TenantID) (ports.AuditHead, error) {
	return exclusiveResult(ctx, v.Store, "AuditLog.Head", func() (ports.AuditHead, error) {
		return v.auditOf(tenant).head(), nil
	})
}

// Hashes implements ports.AuditLog. It returns the stored hashes with the given indexes.
func (v auditLog) Hashes(
	ctx context.Context, tenant domain.TenantID, indexes []int64,
) ([]domain.AuditHash, error) {
	return exclusiveResult(ctx, v.Store, "AuditLog.Hashes", func() ([]domain.AuditHash, error) {
		return v.auditOf(tenant).read(indexes)
	})
}

// List implements ports.AuditLog. It returns the entries newest first.
func (v auditLog) List(ctx context.Context, tenant domain.TenantID, filter domain.AuditFilter,
	page domain.PageRequest) (domain.Page[domain.AuditEntry], error) {
	type result = domain.Page[domain.AuditEntry]
	return exclusiveResult(ctx, v.Store, "AuditLog.List", func() (found result, err error) {
		entries := v.auditOf(tenant).entries
		end := int64(len(entries))
		if !page.After.IsZero() {
			end, err = strconv.ParseInt(page.After.Key, 10, 64)
			if err != nil || end < 0 || page.After.ID != tenant.UUID {
				return found, foreignCursor()
			}
		}
		built := domain.PageBuilder[domain.AuditEntry]{Request: page}
		for n := min(end, int64(len(entries))) - 1; n >= 0; n-- {
			switch e := entries[n]; {
			case !filter.Selects(e):
			case built.Complete() || built.Full():
				next := domain.Position{Key: strconv.FormatInt(end, 10), ID: tenant.UUID}
				return result{Items: built.Items, Next: next}, nil
			default:
				built.Add(cloneEntry(e))
				end = n
			}
		}
		return result{Items: built.Items}, nil
	})
}

// Tenants implements ports.AuditLog. It returns the tenants in the order of their ids.
func (v auditLog) Tenants(ctx context.Context) ([]domain.TenantID, error) {
	return exclusiveResult(ctx, v.Store, "AuditLog.Tenants", func() ([]domain.TenantID, error) {
		return v.tenantsWith(func(a *audit) bool { return len(a.pending)+len(a.entries) > 0 }), nil
	})
}

// Snapshot implements ports.AuditLog. It copies the tree under the lock, and calls fn after it has released the lock.
func (v auditLog) Snapshot(
	ctx context.Context, tenant domain.TenantID, fn func(ports.AuditSnapshot) error,
) error {
	snapshot, err := exclusiveResult(ctx, v.Store, "AuditLog.Snapshot", func() (ports.AuditSnapshot, error) {
		a := v.auditOf(tenant)
		hashes := make([]ports.AuditStoredHash, len(a.hashes))
		for i, h := range a.hashes {
			hashes[i] = ports.AuditStoredHash{Index: int64(i), Hash: h}
		}
		return ports.AuditSnapshot{
			Size: a.head().Size, Checkpoints: slices.Clone(a.checkpoints),
			Entries: yieldAll(ctx, slices.Clone(a.entries)), Hashes: yieldAll(ctx, hashes),
		}, nil
	})
	if err != nil {
		return err
	}
	return fn(snapshot)
}

// yieldAll returns a sequence of the items. When ctx ends, the sequence yields the error of ctx and ends, too.
func yieldAll[T any](ctx context.Context, items []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, item := range items {
			if err := ctx.Err(); !yield(item, err) || err != nil {
				return
			}
		}
	}
}

// ClaimAnnouncements implements ports.AuditLog. It returns the tenants in the order of their ids.
func (v auditLog) ClaimAnnouncements(ctx context.Context, now, cutoff time.Time, limit int) ([]domain.TenantID,
	error) {
	return exclusiveResult(ctx, v.Store, "AuditLog.ClaimAnnouncements", func() ([]domain.TenantID, error) {
		due := v.tenantsWith(func(a *audit) bool { return len(a.entries) > 0 && a.announcedAt.Before(cutoff) })
		due = due[:min(limit, len(due))]
		for _, tenant := range due {
			v.audits[tenant].announcedAt = now
			v.recordEvents(tenant, domain.ConnectionID{}, now, records.OfCheckpoint(tenant))
		}
		return due, nil
	})
}
