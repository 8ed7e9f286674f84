package ports

import (
	"context"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
)

// Closing closes periods of accounts, so that later changes of reconciled records can be found.
//
// Every method returns NotFound unless the id belongs to an account of the tenant.
type Closing interface {
	// ClosePeriod closes the records of an account up to and including a day, and returns the closed period. If the day
	// is closed already, it returns the stored closed period and changes nothing. Errors: Invalid on "date" if the day
	// has not ended in UTC.
	ClosePeriod(ctx context.Context, tenant domain.TenantID, account domain.AccountID,
		date domain.Date) (books.Close, error)
	// ReopenPeriod deletes the closed period that ends on this day. Errors: NotFound if there is no such period.
	ReopenPeriod(ctx context.Context, tenant domain.TenantID, account domain.AccountID, date domain.Date) error
	// ListCloses returns the closed periods of an account, ordered by day, newest first.
	ListCloses(ctx context.Context, tenant domain.TenantID, account domain.AccountID,
		page domain.PageRequest) (domain.Page[books.Close], error)
	// ListAdjustments returns the adjustments of the closed period that ends on this day, newest first. Errors:
	// NotFound if there is no such period.
	ListAdjustments(ctx context.Context, tenant domain.TenantID, account domain.AccountID, date domain.Date,
		page domain.PageRequest) (domain.Page[books.Adjustment], error)
}

// Closes stores the closed periods of accounts and their adjustments.
//
// An adjustment is a change of a closed record that commits after the period was closed. A change that commits earlier
// is included in the digest of the closed period. PullExecution stores the adjustments in the same atomic change as the
// changed records. If one atomic change contains several changes of a record, a store may combine them into one
// adjustment.
type Closes interface {
	// ClosePeriod computes the digest of the account's live records up to the day, and stores the closed period. Both
	// are one atomic change, during which no record of the account changes. If the day is closed already, ClosePeriod
	// returns the stored period, and wasCreated is false. It does not validate the request. Errors: NotFound if there
	// is no such account.
	ClosePeriod(ctx context.Context, tenant domain.TenantID, account domain.AccountID,
		r books.CloseRequest, entries AuditEntries) (c books.Close, wasCreated bool, err error)

	// ReopenPeriod deletes the closed period that ends on this day. Adjustments that belong only to this period are no
	// longer returned. If an adjustment also belongs to another closed period, it is still returned for the other
	// period. Errors: NotFound if the day is not closed.
	ReopenPeriod(ctx context.Context, tenant domain.TenantID, account domain.AccountID, date domain.Date,
		entries AuditEntries) error

	// Closes returns the closed periods of an account, ordered by day, newest first. A position in the list consists of
	// the day and the id of the account. For an unknown account, it returns none.
	Closes(ctx context.Context, tenant domain.TenantID, account domain.AccountID,
		page domain.PageRequest) (domain.Page[books.Close], error)

	// Adjustments returns the adjustments of a closed period, newest first. The adjustments of one record are ordered
	// by version, highest first. If a caller undoes them in this order, the records are as they were when the period
	// was closed. Errors: NotFound if the day is not closed.
	Adjustments(ctx context.Context, tenant domain.TenantID, account domain.AccountID, date domain.Date,
		page domain.PageRequest) (domain.Page[books.Adjustment], error)
}
