package ports

import (
	"context"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Closing closes periods of accounts, so that later changes of reconciled records can be found.
//
// Every method returns NotFound unless the id belongs to an account of the tenant.
type Closing interface {
	// ClosePeriod closes the records of an account up to and including a day, and returns the close. If the
	// day is closed already, it returns that close and changes nothing. Errors: Invalid on "date" unless the
	// day has ended in UTC.
	ClosePeriod(ctx context.Context, tenant domain.TenantID, account domain.AccountID,
		date domain.Date) (domain.Close, error)
	// ReopenPeriod deletes the close of a day. Errors: NotFound, also if the day is not closed.
	ReopenPeriod(ctx context.Context, tenant domain.TenantID, account domain.AccountID, date domain.Date) error
	// ListCloses returns the closes of an account, ordered by day, newest first.
	ListCloses(ctx context.Context, tenant domain.TenantID, account domain.AccountID,
		page domain.PageRequest) (domain.Page[domain.Close], error)
	// ListAdjustments returns the adjustments of a close, newest first. Errors: NotFound, also if the day is not
	// closed.
	ListAdjustments(ctx context.Context, tenant domain.TenantID, account domain.AccountID, date domain.Date,
		page domain.PageRequest) (domain.Page[domain.Adjustment], error)
}

// Closes stores the closes of accounts and their adjustments, which are later changes of the closed records.
// PullExecution adds the adjustments: if an atomic change of records commits after a close, it also stores the
// adjustments that result from the change. If the change commits before the close, the digest of the close includes it.
// If one atomic change contains several changes of a record, a store may report them as one adjustment.
type Closes interface {
	// ClosePeriod computes the digest of the account's live records up to the day, and stores the close, in one atomic
	// change. No record of the account changes while it does so. If the day is closed already, it returns that close;
	// created is false. It does not validate the request. Errors: NotFound if there is no such account.
	ClosePeriod(ctx context.Context, tenant domain.TenantID, account domain.AccountID,
		r domain.CloseRequest) (c domain.Close, created bool, err error)

	// ReopenPeriod deletes the close of the day. Adjustments that also belong to other closes are still returned for
	// these closes; the other adjustments are no longer returned. Errors: NotFound if the day is not closed.
	ReopenPeriod(ctx context.Context, tenant domain.TenantID, account domain.AccountID, date domain.Date) error

	// Closes returns the closes of an account, ordered by day, newest first. A position in the list consists of the day
	// and the id of the account. For an unknown account, it returns none.
	Closes(ctx context.Context, tenant domain.TenantID, account domain.AccountID,
		page domain.PageRequest) (domain.Page[domain.Close], error)

	// Adjustments returns the adjustments of a close, newest first. The adjustments of one record are ordered by
	// version, highest first. If a caller undoes them in this order, starting from the present records, it gets the
	// records as they were at the time of the close. Errors: NotFound if the day is not closed.
	Adjustments(ctx context.Context, tenant domain.TenantID, account domain.AccountID, date domain.Date,
		page domain.PageRequest) (domain.Page[domain.Adjustment], error)
}
