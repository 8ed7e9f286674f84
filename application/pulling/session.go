package pulling

import (
	"context"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// session is the part of the store to which one attempt writes. It carries the lease, and adds what is the same for all
// writes of a pull. Each method makes one atomic change. Errors: see ports.PullExecution.
type session interface {
	// Store stores the rows, accounts and progress of a page.
	Store(ctx context.Context, w ports.PageWrite) (domain.Counts, error)
	// Remove stores announced removals: only Removed, Announced, Waits, Released and the progress are set.
	Remove(ctx context.Context, w ports.PageWrite) (domain.Counts, error)
	// Sweep compares a complete listing with the stored rows.
	Sweep(ctx context.Context, w ports.SweepWrite) (domain.Counts, error)
	// SweepAccounts compares a complete listing of the accounts with the stored ones.
	SweepAccounts(ctx context.Context, w ports.AccountSweepWrite) error
	// Publish makes staged rows visible.
	Publish(ctx context.Context, w ports.Publication) (ports.Published, error)
	// Finish ends the attempt and its lease.
	Finish(ctx context.Context, o ports.Outcome) error
}

// leased contains the other calls of an attempt to the store. They change no records.
type leased interface {
	// Unchanged reports for each row, in order, whether it is stored with the same content.
	Unchanged(ctx context.Context, rows []domain.RawTransaction) ([]bool, error)
	FormerAccounts(ctx context.Context) ([]ports.FormerAccount, error)
	// RowsOf returns the rows of a stored account, or the staged rows of an account with this external id.
	RowsOf(ctx context.Context, account domain.AccountID, externalID string) ([]banktext.Row, error)
	FilterHeld(ctx context.Context, externalIDs []string) ([]string, error)
	// BillsReadAt returns when pulls last read the bills of the connection's cards; zero if none was read.
	BillsReadAt(ctx context.Context) (time.Time, error)
	VisitAnnounced(ctx context.Context, visit func(externalIDs []string) error) error
	// Report changes the health and the consent of the connection.
	Report(ctx context.Context, at time.Time, change func(*domain.Connection)) error
	// Extend changes only the expiry of the lease.
	Extend(ctx context.Context, until time.Time) error
	// RequestPull queues a pull of everything.
	RequestPull(ctx context.Context, at time.Time) error
}

// storeSession implements session and leased with the store's methods for all pulls.
type storeSession struct {
	*claim

	identity func(domain.AccountData) domain.AccountIdentity // see identityOf
}

// Store implements session.
func (s storeSession) Store(ctx context.Context, w ports.PageWrite) (domain.Counts, error) {
	return s.Pulls.StorePage(ctx, s.lease, s.withConstants(ctx, w))
}

// Remove implements session.
func (s storeSession) Remove(ctx context.Context, w ports.PageWrite) (domain.Counts, error) {
	return s.Pulls.StorePage(ctx, s.lease, s.withConstants(ctx, w))
}

// Sweep implements session.
func (s storeSession) Sweep(ctx context.Context, w ports.SweepWrite) (domain.Counts, error) {
	w.Page = s.withConstants(ctx, w.Page)
	return s.Pulls.Sweep(ctx, s.lease, w)
}

// SweepAccounts implements session.
func (s storeSession) SweepAccounts(ctx context.Context, w ports.AccountSweepWrite) error {
	return s.Pulls.SweepAccounts(ctx, s.lease, w)
}

// Publish implements session.
func (s storeSession) Publish(ctx context.Context, w ports.Publication) (ports.Published, error) {
	w.Target, w.AccountRef, w.Coverage = s.Connection.Target(), s.Connection.AccountRef, s.Coverage
	w.Identity, w.Matching, w.NewID = s.identity, s.Matching(ctx, s.Connection.Vendor), s.newID
	return s.Pulls.Publish(ctx, s.lease, w)
}

// Finish implements session.
func (s storeSession) Finish(ctx context.Context, o ports.Outcome) error {
	return s.Pulls.Finish(ctx, s.lease, o)
}

// withConstants returns w with the members that are the same for all writes of the pull.
func (s storeSession) withConstants(ctx context.Context, w ports.PageWrite) ports.PageWrite {
	w.AccountRef, w.Coverage = s.Connection.AccountRef, s.Coverage
	w.Identity, w.Matching, w.NewID = s.identity, s.Matching(ctx, s.Connection.Vendor), s.newID
	return w
}

func (s storeSession) newID() domain.TransactionID { return domain.TransactionID{UUID: s.IDs.New()} }

// Unchanged implements leased.
func (s storeSession) Unchanged(ctx context.Context, rows []domain.RawTransaction) ([]bool, error) {
	return s.Pulls.FilterUnchanged(ctx, s.Connection.Tenant, s.Connection.ID, rows)
}

// FormerAccounts implements leased.
func (s storeSession) FormerAccounts(ctx context.Context) ([]ports.FormerAccount, error) {
	return s.Pulls.FormerAccounts(ctx, s.lease)
}

// RowsOf implements leased.
func (s storeSession) RowsOf(
	ctx context.Context, account domain.AccountID, externalID string,
) ([]banktext.Row, error) {
	return s.Pulls.RowsOfAccount(ctx, s.lease, account, externalID, s.matchingRules(ctx, s.Connection.Vendor))
}

// FilterHeld implements leased.
func (s storeSession) FilterHeld(ctx context.Context, externalIDs []string) ([]string, error) {
	return s.Pulls.FilterHeld(ctx, s.lease, externalIDs)
}

// BillsReadAt implements leased.
func (s storeSession) BillsReadAt(ctx context.Context) (time.Time, error) {
	return s.Pulls.BillsReadAt(ctx, s.Connection.Tenant, s.Connection.ID)
}

// VisitAnnounced implements leased.
func (s storeSession) VisitAnnounced(ctx context.Context, visit func(externalIDs []string) error) error {
	return s.Pulls.VisitAnnouncedRemovals(ctx, s.lease, visit)
}

// Report implements leased.
func (s storeSession) Report(ctx context.Context, at time.Time, change func(*domain.Connection)) error {
	return s.Pulls.ReportConnection(ctx, s.lease, at, change)
}

// Extend implements leased.
func (s storeSession) Extend(ctx context.Context, until time.Time) error {
	return s.Pulls.ExtendLease(ctx, s.lease, until)
}

// RequestPull implements leased.
func (s storeSession) RequestPull(ctx context.Context, at time.Time) error {
	_, err := s.Pulls.Request(ctx, s.Connection.Tenant, s.Connection.ID, ports.PullRequest{
		ID: domain.PullID{UUID: s.IDs.New()}, Scope: domain.PullScope{Everything: true}, Trigger: s.Pull.Trigger,
		At: at, Trace: s.Pull.Trace,
	}, nil)
	return err
}
