package pulling

import (
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// maxPlanDays is the number of days for which the steps of a pull are valid. Vendors drop old rows, and a dropped row
// must not be mistaken for a removed row. A plan that looks for removed rows therefore leaves out the oldest week. This
// margin is sufficient only if the plan is less than a week old.
const maxPlanDays = 1

// plan returns the progress with the steps of the pull. It plans the steps if there are none yet. It replaces existing
// steps in these cases:
//   - The connection's target has changed.
//   - The steps are older than maxPlanDays.
//   - The scope was widened since.
//   - The vendor now lists an account for which the pull has waited. The other accounts are then read again, because
//     hours may have passed since the pull read them.
//   - The steps were planned for visible rows, but rows are now staged (stored, but not visible yet), or the reverse.
//   - The vendor has synchronised since the pull began to stage rows.
//   - The vendor lists other accounts than when the steps were planned. It may refuse forever to list the rows of an
//     account that has left.
//
// Until a pull has succeeded for the current target, plan requests everything, because the scope may cover only new
// data.
func (r *stepReader) plan() domain.Progress {
	scope, staged := r.scope, r.journal.staging != nil
	if r.listed.initial {
		scope = scope.Merge(domain.PullScope{Everything: true})
	}
	progress, target, today := r.journal.progress, r.Connection.Target(), domain.DateOf(r.Clock.Now())
	awaited := r.awaited()
	old := progress.PlannedOn.AddDays(maxPlanDays) < today || r.listsOthers(progress, scope)
	if !progress.Planned || progress.Target != target || len(awaited) < len(progress.Awaited) || old ||
		progress.Widened || progress.Staged != staged || r.syncedSince(progress) {
		failures := 0
		if progress.Widened { // the wider pull begins with the same changes
			failures = progress.ChangeFailures
		}
		progress = domain.Progress{
			Planned: true, Target: target, PlannedOn: today, Steps: r.stepsOf(scope, today), ChangeFailures: failures,
		}
		if progress.Staged = staged; staged {
			progress.SyncState = r.status.State()
		}
	}
	progress.Awaited = awaited
	return progress
}

// listsOthers reports whether the vendor no longer lists an account that has a step of its own. For a scope that
// requests everything, it also reports whether the vendor lists an account that would have a step, and has none.
func (r *stepReader) listsOthers(progress domain.Progress, scope domain.PullScope) bool {
	planned := map[string]bool{}
	for _, step := range progress.Steps {
		if step.Account != "" {
			planned[step.Account] = true
		}
	}
	// An account whose id cannot be read, or that a contradictory list lacks, may still exist. Its rows are asked for
	// in a few attempts only, so that the other accounts do not wait for it.
	complete := !r.listed.inconsistent && !slices.Contains(r.listed.externalIDs, "") ||
		r.Pull.Attempts > domain.MaxInconsistentAttempts
	for account := range planned {
		if complete && !slices.Contains(r.listed.externalIDs, account) {
			return true
		}
	}
	isNew := func(a domain.AccountData) bool { return !planned[a.ExternalID] }
	if len(planned) == 0 || !scope.Everything || !slices.ContainsFunc(r.listed.accounts, isNew) {
		return false
	}
	return slices.ContainsFunc(r.stepsOf(scope, domain.DateOf(r.Clock.Now())), func(step domain.Step) bool {
		return step.Account != "" && !planned[step.Account]
	})
}

// awaited returns the accounts that the scope names but the vendor does not list. The result maps the external id of
// each account to the time at which the pull began to wait for the account.
//
// Ids under which the vendor no longer lists an account are omitted. The rows of a removed account do not change, and
// an account whose id has changed is listed under its new id.
//
// If the connection's target was changed after the pull was queued, awaited returns nil. The reason is that the scope
// may name accounts of the earlier target.
func (r *stepReader) awaited() map[string]time.Time {
	if r.Pull.CreatedAt.Before(r.Connection.TargetChangedAt) {
		return nil
	}
	var awaited map[string]time.Time
	for _, name := range r.scope.AccountNames() {
		if slices.Contains(r.listed.externalIDs, name) || slices.Contains(r.FormerAccountIDs, name) {
			continue
		}
		since, ok := r.journal.progress.Awaited[name]
		if !ok {
			since = r.Clock.Now()
		}
		if awaited == nil {
			awaited = map[string]time.Time{}
		}
		awaited[name] = since
	}
	return awaited
}

// syncedSince reports whether the rows that earlier attempts have staged are outdated. They are outdated if the vendor
// has synchronised since the steps were planned. syncedSince returns false if stagedTooLong returns true, because such
// rows are published even if they are outdated.
func (r *stepReader) syncedSince(progress domain.Progress) bool {
	return progress.Staged && progress.SyncState != r.status.State() && !r.stagedTooLong()
}

// stagedTooLong reports whether rows of the current account reference have been staged for at least domain.MaxStaged.
func (r *stepReader) stagedTooLong() bool {
	since := r.Connection.StagedSince
	return !since.IsZero() && r.Clock.Now().Sub(since) >= domain.MaxStaged
}

// stepsOf returns the steps that read a scope. If there is a stream position, the steps read the changes since that
// position, with these exceptions:
//   - A scope that requests everything reads the changes first, and then a complete listing. The listing does not
//     contain the removals that the vendor has announced in the stream.
//   - A scope with doubted rows is read without the stream.
//   - Staged rows are read without the stream, because all rows of an account reference must become visible together.
//     The changes are read after the publication; see stepsAfterPublication.
func (r *stepReader) stepsOf(scope domain.PullScope, today domain.Date) []domain.Step {
	var changes []domain.Step
	if stream, ok := r.vendor.(ports.ChangeStream); ok && r.position != "" && len(scope.Doubted) == 0 &&
		r.journal.staging == nil {
		if !scope.Everything {
			return stream.PlanFrom(r.position, scope, r.listed.accounts, today)
		}
		changes = stream.PlanFrom(r.position, domain.PullScope{News: true}, r.listed.accounts, today)
	}
	if scope.News {
		scope = scope.Merge(domain.PullScope{Everything: true})
	}
	return append(changes, r.vendor.Plan(scope, r.listed.accounts, today)...)
}

// stepsAfterPublication returns the steps that read the changes since the stream position of the connection, after
// staged rows were published. The staged rows were read without the stream, so the removals in it are not known yet.
func (r *stepReader) stepsAfterPublication() []domain.Step {
	stream, ok := r.vendor.(ports.ChangeStream)
	if !ok || r.position == "" {
		return nil
	}
	return stream.PlanFrom(r.position, domain.PullScope{News: true}, r.listed.accounts, domain.DateOf(r.Clock.Now()))
}
