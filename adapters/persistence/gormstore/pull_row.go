package gormstore

import (
	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// The states of a pull, as stored. Callers see two of the states as domain.PullQueued:
//
//   - A 'queued' pull has not started yet. It is not under way.
//   - A 'waiting' pull waits for its next attempt. It is under way.
const (
	StateQueued    = "queued"
	StateRunning   = "running"
	StateWaiting   = "waiting"
	StateSucceeded = "succeeded"
	StateFailed    = "failed"
)

// SQL conditions on rows of pulls. The states are literals, because a query planner could not use the partial indexes
// if the states were parameters.
const (
	IsQueued   = "state = 'queued'"
	IsUnderWay = "state IN ('running', 'waiting')"
	IsOpen     = "state IN ('queued', 'running', 'waiting')"
	IsEnded    = "state IN ('succeeded', 'failed')"
	IsFailed   = "state = 'failed'"
	IsAwaiting = "state = 'waiting' AND last_error = 'account_not_listed'" // see domain.Pull.AwaitsAccount
	// IsSucceeded contains IsEnded, the condition of the partial index. Without IsEnded, SQLite would not use the
	// index, because SQLite does not infer one condition from another.
	IsSucceeded = IsEnded + " AND state = 'succeeded'"
)

// PullRow is a row of pulls. The columns of the lease are NULL unless the pull is running.
type PullRow struct {
	ID         uuid.UUID     `gorm:"column:id;primaryKey"`
	Tenant     uuid.UUID     `gorm:"column:tenant_id"`
	Connection uuid.UUID     `gorm:"column:connection_id"`
	Vendor     string        `gorm:"column:vendor"`
	Trigger    string        `gorm:"column:trigger"`
	Trace      string        `gorm:"column:trace"`
	State      string        `gorm:"column:state"`
	Scope      string        `gorm:"column:scope"`
	Complete   bool          `gorm:"column:complete"` // see ports.PullMaintenance, ListDueForReconcile
	Progress   string        `gorm:"column:progress"`
	Counts     countColumns  `gorm:"embedded"`
	Attempts   int           `gorm:"column:attempts"`
	LastError  string        `gorm:"column:last_error"`
	Lease      uuid.NullUUID `gorm:"column:lease_id"`
	LeaseUntil Instant       `gorm:"column:lease_until"`
	NotBefore  Instant       `gorm:"column:not_before"`
	Created    Instant       `gorm:"column:created_at"`
	Started    Instant       `gorm:"column:started_at"`
	Finished   Instant       `gorm:"column:finished_at"`
	Uncounted  bool          `gorm:"column:uncounted"` // see pulls.Prune
	Scheduled  Instant       `gorm:"column:scheduled_at"`
	RetryAfter Instant       `gorm:"column:retry_after_until"`
}

// countColumns contains a column for each member of domain.Counts.
type countColumns struct {
	Accounts  int `gorm:"column:seen_accounts"`
	Read      int `gorm:"column:seen_rows"`
	Added     int `gorm:"column:added"`
	Modified  int `gorm:"column:modified"`
	Removed   int `gorm:"column:removed"`
	Unchanged int `gorm:"column:unchanged"`

	Quarantined int `gorm:"column:quarantined"`

	IDChanges int `gorm:"column:id_changes"`
	LateRows  int `gorm:"column:late_rows"`
}

// TableName returns the name of the table in the schema.
func (PullRow) TableName() string { return "pulls" }

// Summary returns the row as a domain.Pull without scope and progress.
func (r PullRow) Summary() domain.Pull {
	p := domain.Pull{
		ID: domain.PullID{UUID: r.ID}, Tenant: domain.TenantID{UUID: r.Tenant},
		Connection: domain.ConnectionID{UUID: r.Connection}, Vendor: domain.Vendor(r.Vendor),
		Trigger: domain.Trigger(r.Trigger), Trace: r.Trace, State: domain.PullState(r.State),
		Counts: domain.Counts(r.Counts), Attempts: r.Attempts, LastError: domain.Code(r.LastError),
		NotBefore: r.NotBefore.Time, CreatedAt: r.Created.Time, StartedAt: r.Started.Time, FinishedAt: r.Finished.Time,
		ScheduledAt: r.Scheduled.Time, RetryAfterUntil: r.RetryAfter.Time,
	}
	if r.State == StateWaiting {
		p.State = domain.PullQueued
	}
	return p
}

// Domain returns the pull with scope and progress. It returns an error if the scope or the progress is not valid JSON,
// which can happen only if another program wrote the row.
func (r PullRow) Domain() (domain.Pull, error) {
	p := r.Summary()
	if err := DecodeJSON(r.Scope, &p.Scope); err != nil {
		return domain.Pull{}, err
	}
	return p, DecodeJSON(r.Progress, &p.Progress)
}

// FailedColumns returns the columns that change when a pull is marked as failed outside of an attempt, with their new
// values.
func FailedColumns(reason domain.Code, at Instant) map[string]any {
	return map[string]any{
		"state": StateFailed, "last_error": string(reason), "finished_at": at,
		"not_before": nil, "lease_id": nil, "lease_until": nil, "scheduled_at": nil, "retry_after_until": nil,
	}
}
