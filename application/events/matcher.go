package events

import (
	"context"
	"errors"
	"hash/fnv"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/domain/lerianmatcher"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Limits of a round. In each round, the worker of a subscription handles the entries that are due; an entry is what
// was sent to Matcher for one record.
const (
	// matcherBatch is the maximum number of entries that are read at once.
	matcherBatch = 2000
	// maxFileRows and maxFileBytes bound a file of rows that is uploaded to Matcher.
	maxFileRows  = 2000
	maxFileBytes = 2<<20 - 4096
	// maxFiles, maxIgnores and maxSearches bound the calls of a round, so that no kind of call delays the others.
	maxFiles    = 4
	maxIgnores  = 50
	maxSearches = 30
	// notYet is the time after which an entry is due again if the round had no call left for it.
	notYet = time.Second
	// matcherPoll is the longest time between two searches for due entries, while the calls to Matcher succeed. If
	// this process handles an event about a changed record, the worker searches earlier.
	matcherPoll = 5 * time.Second
	// sharedInterval is the interval at which the worker reads which accounts are sent through another connection.
	sharedInterval = time.Minute
	// manyTries is the number of failed uploads after which the worker tests whether Matcher answers other calls. If
	// so, the file is assumed to contain a bad row.
	manyTries = 12
	// importPatience is how long after an upload the worker waits while Matcher shows the import as running. If
	// Matcher was stopped during an import, it shows the import as running for ever. If the import is in fact still
	// running, Matcher skips its rows in the next upload.
	importPatience = 30 * time.Second
	// maxReference is the maximum length of a reference that is used as an external id. Matcher stores 255
	// characters. The external ids of later imports of the same record are longer, because a suffix is added.
	maxReference = 200
	// maxVersions is the number of versions of a record among which a transaction is searched.
	maxVersions = 100
)

// matcherWorker keeps the transactions in Matcher equal to the records of one subscription. Its calls run one after the
// other, in the goroutine of run.
type matcherWorker struct {
	*Service
	sub     events.Subscription
	lease   ports.SubscriptionLease
	client  ports.MatcherClient
	byRef   bool
	from    domain.Date
	mapped  []ports.MatcherSource                     // of all accounts, as the operator has set them
	sources map[domain.AccountID]lerianmatcher.Target // without the accounts that an older connection has
	checkAt time.Time                                 // when the shared accounts are read again

	awake    chan struct{} // receives an element when entries were marked
	state    ports.MatcherState
	failures int                                    // number of consecutive failed rounds
	refused  map[lerianmatcher.Target]refusedTarget // the targets that Matcher has refused
	workedAt time.Time                              // when an upload has succeeded
	failedAt time.Time                              // when an upload has ended with an internal error of Matcher
	marker   matcherMarker
	// report gives the result of a round to the runner. If disable is set, the subscription is disabled.
	report func(attempt events.EventAttempt, disable bool)
}

// refusedTarget is the state of a target (a source of Matcher in its context) for which Matcher has refused calls.
// Matcher may still accept calls for other targets.
type refusedTarget struct {
	failures int       // number of consecutive refusals
	until    time.Time // no call is made before this time
}

// newMatcherWorker returns the worker of a subscription, or nil if its sink is not Matcher.
func (s *Service) newMatcherWorker(
	ctx context.Context, sub events.Subscription, l ports.SubscriptionLease,
) (*matcherWorker, error) {
	sink, ok := s.Sinks[sub.Sink.Kind].(ports.MatcherSink)
	if !ok {
		return nil, nil
	}
	secrets, err := s.openSubscription(ctx, sub)
	if err != nil {
		return nil, err
	}
	stored := s.settingsOf(sub, secrets)
	settings := sink.MatcherSettings(stored)
	w := &matcherWorker{
		Service: s, sub: sub, lease: l, byRef: settings.ByReference, from: settings.DateFrom,
		client: sink.OpenMatcher(ports.SinkTarget{Tenant: sub.Tenant, Settings: stored}),
		mapped: settings.Sources, awake: make(chan struct{}, 1), refused: map[lerianmatcher.Target]refusedTarget{},
	}
	w.marker.worker = w
	return w, nil
}

// run handles the due entries, round after round, until ctx ends or a store call fails. It compares each entry with
// its record, and makes the necessary calls to Matcher.
func (w *matcherWorker) run(ctx context.Context) error {
	defer w.client.Close()
	var err error
	if w.state, err = w.MatcherEntries.State(ctx, w.lease); err != nil {
		return err
	}
	if w.state.FailingSince.Before(w.sub.StateSince) { // these failures are older than the last change of the state
		w.state.FailingSince = time.Time{}
	}
	for ctx.Err() == nil {
		if err := w.checkSources(ctx); err != nil {
			return err
		}
		wait, whole, err := w.round(ctx)
		if err != nil {
			return err
		}
		w.sleep(ctx, wait, whole)
	}
	return nil
}

// sleep waits for the duration. If whole is false, sleep returns earlier when an entry has become due because its
// record has changed.
func (w *matcherWorker) sleep(ctx context.Context, wait time.Duration, whole bool) {
	if wait <= 0 {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if !whole {
		go func() {
			select {
			case <-w.awake:
				cancel()
			case <-ctx.Done():
			}
		}()
	}
	_ = w.Sleeper.Sleep(ctx, wait)
}

// checkSources reads, once a minute, which accounts are sent through another connection. The worker does not send the
// records of these accounts. If the sources of the other accounts have changed, checkSources makes two kinds of
// entries due:
//   - Entries that have lost their source.
//   - Entries of the posted records of accounts that have got a source. If the subscription does not begin with the
//     first record, only the entries of records that were created after the subscription become due.
func (w *matcherWorker) checkSources(ctx context.Context) error {
	now := w.Clock.Now()
	if now.Before(w.checkAt) {
		return nil
	}
	shared, err := w.MatcherEntries.SharedAccounts(ctx, w.sub.Tenant)
	if err != nil {
		return err
	}
	before := w.sources
	w.sources = make(map[domain.AccountID]lerianmatcher.Target, len(w.mapped))
	effective := make([]ports.MatcherSource, 0, len(w.mapped))
	for _, m := range w.mapped {
		if !shared[m.Account] {
			w.sources[m.Account] = m.Target
			effective = append(effective, m)
		}
	}
	w.checkAt = now.Add(sharedInterval)
	state := ports.MatcherState{ScannedSources: w.hashOf(effective), FailingSince: w.state.FailingSince}
	if state == w.state {
		return nil
	}
	if err := w.MatcherEntries.MarkUnmapped(ctx, w.lease, effective, now); err != nil {
		return err
	}
	// A new subscription needs no scan: the events make all records of its first sources due.
	if w.state.ScannedSources != 0 || w.sub.Revision > 1 {
		for account := range w.sources {
			if _, had := before[account]; had {
				continue
			}
			if err := w.scanAccount(ctx, account); err != nil && !errors.Is(err, domain.NotFound) {
				return err
			}
		}
	}
	return w.setState(ctx, state)
}

// hashOf returns a hash of the settings that decide which records are sent. It is not 0.
func (w *matcherWorker) hashOf(sources []ports.MatcherSource) int64 {
	lines := make([]string, 0, len(sources)+1)
	for _, s := range sources {
		lines = append(lines, s.Account.String()+" "+s.Target.Context+" "+s.Target.Source)
	}
	slices.Sort(lines)
	h := fnv.New32a()
	_, _ = io.WriteString(h, strings.Join(append(lines, string(w.from)), "\n")) // a hash returns no errors
	return int64(h.Sum32()) + 1
}

// setState stores the state of the worker if it has changed.
func (w *matcherWorker) setState(ctx context.Context, state ports.MatcherState) error {
	if state == w.state {
		return nil
	}
	w.state = state
	return w.MatcherEntries.SetState(ctx, w.lease, state)
}

// scanAccount makes the entries of those posted records of an account due that Matcher does not have yet. Errors:
// NotFound.
func (w *matcherWorker) scanAccount(ctx context.Context, account domain.AccountID) error {
	return w.Ledger.Snapshot(ctx, w.sub.Tenant, account, func(view ports.AccountView) error {
		var marks []ports.MatcherMark
		flush := func() error {
			if len(marks) == 0 {
				return nil
			}
			err := w.MatcherEntries.MarkUnsent(ctx, w.lease, marks, w.Clock.Now())
			marks = marks[:0]
			return err
		}
		for posted, err := range view.Posted(ctx, domain.Window{From: w.from}) {
			if err != nil {
				return err
			}
			if at := timeOfID(posted.ID.UUID); !w.sub.FromStart && at.Before(w.sub.CreatedAt) {
				continue
			}
			marks = append(marks, ports.MatcherMark{Record: posted.ID, Connection: view.Account.Connection})
			if len(marks) == eventBatch {
				if err := flush(); err != nil {
					return err
				}
			}
		}
		return flush()
	})
}

// timeOfID returns the time in a UUID of version 7; the zero time for any other UUID.
func timeOfID(id uuid.UUID) time.Time {
	if id.Version() != 7 {
		return time.Time{}
	}
	return time.Unix(id.Time().UnixTime())
}

// round handles the entries that are due, and returns how long to wait before the next round. If whole is true, the
// next round must not begin before the end of this wait, even if further entries become due. Errors: those of the
// stores. An error of Matcher only delays the next round.
func (w *matcherWorker) round(ctx context.Context) (wait time.Duration, whole bool, err error) {
	now := w.Clock.Now()
	due, next, err := w.MatcherEntries.Due(ctx, w.lease, now, matcherBatch)
	if err != nil {
		return 0, false, err
	}
	if len(due) == 0 {
		if next.IsZero() {
			return matcherPoll, false, nil
		}
		return min(max(next.Sub(w.Clock.Now()), 0), matcherPoll), false, nil
	}
	r := &matcherRound{
		matcherWorker: w, now: now, wanted: make(map[domain.TransactionID]*wantedRecord, len(due)),
		read: make(map[domain.TransactionID]bool, len(due)),
	}
	if err := r.readAll(ctx, due); errors.Is(err, domain.MemoryExhausted) {
		return max(domain.RetryAfterOf(err), notYet), true, nil
	} else if err != nil {
		return 0, false, err
	}
	if err := r.plan(ctx, due); err != nil {
		return 0, false, err
	}
	started := w.Clock.Now()
	failure, err := r.call(ctx)
	if err != nil || ctx.Err() != nil || r.called == 0 {
		return 0, false, err
	}
	return r.end(ctx, started, failure)
}

// end reports the calls of a round, and returns how long to wait before the next one; see matcherWorker.round. A
// refusal because of Matcher's rate limit does not count as a failure.
func (r *matcherRound) end(ctx context.Context, started time.Time, failure error) (time.Duration, bool, error) {
	now := r.Clock.Now()
	limited := errors.Is(failure, ports.ErrRateLimited)
	if limited {
		wait := max(domain.RetryAfterOf(failure), notYet)
		if r.called > 1 {
			r.reportCalls(ctx, r.refusedAttempt(started, now), r.refusal, false)
		}
		return wait, true, nil
	}
	if failure == nil {
		r.reportCalls(ctx, r.refusedAttempt(started, now), r.refusal, false)
		r.failures = 0
		return 0, false, r.setState(ctx, ports.MatcherState{ScannedSources: r.state.ScannedSources})
	}
	since := r.state.FailingSince
	if since.IsZero() {
		since = now
	}
	wait := domain.Backoff(r.failures+1, domain.Jitter(r.Entropy), domain.RetryAfterOf(failure))
	attempt := events.EventAttempt{At: started, Took: now.Sub(started), Answer: r.client.Answer()}
	disable := !now.Before(events.GivesUpAt(since))
	if !disable {
		attempt.NextAttempt = now.Add(wait)
	}
	r.reportCalls(ctx, attempt, failure, disable)
	r.failures++
	return wait, true,
		r.setState(ctx, ports.MatcherState{ScannedSources: r.state.ScannedSources, FailingSince: since})
}

// refusedAttempt returns the attempt of a round that has not failed, with the answer of the last refusal in it.
func (r *matcherRound) refusedAttempt(started, ended time.Time) events.EventAttempt {
	return events.EventAttempt{
		At: started, Took: ended.Sub(started), Answer: r.refusalAnswer, NextAttempt: r.retryAt,
	}
}

// reportCalls records the calls of a round as one attempt of the subscription, of which the times and the answer are
// set.
func (r *matcherRound) reportCalls(ctx context.Context, attempt events.EventAttempt, failure error, disable bool) {
	r.Observer.Emit(ctx, ports.EventAttempted{
		Subscription: r.sub.ID, Sink: r.sub.Sink.Kind, Took: attempt.Took, Err: failure,
		Changed: (failure != nil) != (r.failures > 0),
	})
	attempt.ID, attempt.Event = events.AttemptID{UUID: r.IDs.New()}, events.EventID{UUID: r.IDs.New()}
	attempt.Type, attempt.Subject, attempt.Number = events.MatcherCalls, r.sub.ID.String(), r.failures+1
	if failure != nil {
		attempt.Error = domain.CodeOf(failure)
	}
	r.report(attempt, disable)
}

// readAll reads the records of the entries, and decides which transactions Matcher should have for them.
func (r *matcherRound) readAll(ctx context.Context, due []lerianmatcher.Entry) error {
	for batch := range slices.Chunk(due, eventBatch) {
		left := make(map[domain.TransactionID]bool, len(batch))
		for _, e := range batch {
			left[e.Record] = true
		}
		for more := true; more && len(left) > 0; {
			found, further, err := r.readRecords(ctx, slices.Collect(maps.Keys(left)))
			if err != nil {
				return err
			}
			for _, t := range found {
				delete(left, t.ID)
				r.read[t.ID] = true
				if record := r.wantedOf(t); record != nil {
					r.wanted[t.ID] = record
				}
			}
			more = further && len(found) > 0
		}
	}
	return r.nameRecords(ctx, due, r.wanted)
}

// readRecords reads the transactions with these ids, until they have a total size of maxLoadBytes. It reserves memory
// for this size during the read. The second result reports whether transactions were left out because of the size.
func (w *matcherWorker) readRecords(
	ctx context.Context, ids []domain.TransactionID,
) ([]domain.Transaction, bool, error) {
	if w.Memory != nil {
		free, err := w.Memory.Acquire(ctx, w.sub.Tenant, ports.MemoryPerByte*maxLoadBytes)
		if err != nil {
			return nil, false, err
		}
		defer free()
	}
	return w.Subscriptions.Transactions(ctx, w.sub.Tenant, ids, maxLoadBytes)
}

// wantedRecord is the transaction that Matcher should have for one of our records.
type wantedRecord struct {
	lerianmatcher.Wanted

	account domain.AccountID
}

// wantedOf returns the transaction that Matcher should have for a record. Its external id is the id of the record.
// wantedOf returns nil if Matcher should have no transaction for the record.
func (w *matcherWorker) wantedOf(t domain.Transaction) *wantedRecord {
	target, mapped := w.sources[t.AccountID]
	if !mapped || t.Status != domain.Posted || !t.Counts() || t.Date < w.from {
		return nil
	}
	money := sentMoney(t)
	content := lerianmatcher.Content{
		ExternalID: t.ID.String(), Version: t.Version, Amount: money.Amount, Currency: money.Currency, Date: t.Date,
		Description: t.Description, Counterparty: t.Counterparty,
	}
	content.SetReferences(t.References)
	return &wantedRecord{Wanted: lerianmatcher.Wanted{Target: target, Content: content}, account: t.AccountID}
}

// sentMoney returns the amount that Matcher is sent for a transaction, in the currency of its account if that is known.
func sentMoney(t domain.Transaction) domain.Money {
	if t.AccountMoney != nil {
		return *t.AccountMoney
	}
	return t.Amount
}

// nameRecords sets the external ids under which records are imported into Matcher for the first time. If byRef is
// set, the external id of a record is its reference, unless another record of the source has the same reference.
func (w *matcherWorker) nameRecords(
	ctx context.Context, due []lerianmatcher.Entry, wanted map[domain.TransactionID]*wantedRecord,
) error {
	if !w.byRef {
		return nil
	}
	bySource := map[string][]domain.TransactionID{}
	for _, e := range due {
		record := wanted[e.Record]
		if record == nil || e.Imports > 0 || e.State == lerianmatcher.Importing {
			continue
		}
		if reference := record.Content.Reference; reference != "" && len(reference) <= maxReference {
			bySource[record.Target.Source] = append(bySource[record.Target.Source], e.Record)
		}
	}
	for source, records := range bySource {
		domain.SortLarge(records, domain.TransactionID.Compare)
		references := make([]string, len(records))
		for i, id := range records {
			references[i] = wanted[id].Content.Reference
		}
		taken, err := w.MatcherEntries.Taken(ctx, w.lease, source, references)
		if err != nil {
			return err
		}
		for i, id := range records {
			if owner, isTaken := taken[references[i]]; isTaken && owner != id {
				continue
			}
			taken[references[i]] = id
			wanted[id].Content.ExternalID = references[i]
		}
	}
	return nil
}

// matcherFile is a file of rows. It is to be uploaded to Matcher, or it was uploaded and the result is not known yet.
type matcherFile struct {
	target  lerianmatcher.Target
	name    string
	entries []lerianmatcher.Entry
}

// matcherRound carries out the actions of the entries that are due.
type matcherRound struct {
	*matcherWorker
	wanted map[domain.TransactionID]*wantedRecord // without the records of which Matcher should have nothing
	// read contains the records that were found. A record that was moved to another connection is not found until the
	// event about the move has made its entry due.
	read map[domain.TransactionID]bool
	now  time.Time

	ignores  []lerianmatcher.Entry
	lookups  []lerianmatcher.Entry
	checks   []*matcherFile
	uploads  []*matcherFile
	called   int   // number of calls
	searches int   // number of calls that search for one transaction
	refusal  error // the last error of Matcher that did not end the round; nil if there was none
	// refusalAnswer and retryAt belong to refusal: Matcher's answer, and when the refused target is called again. If
	// another call is made instead, retryAt is zero.
	refusalAnswer events.SinkAnswer
	retryAt       time.Time
}

// wantedFor returns the transaction that Matcher should have for the record of an entry, in the form that Entry.Next
// expects. It returns nil if Matcher should have no transaction.
func (r *matcherRound) wantedFor(e lerianmatcher.Entry) *lerianmatcher.Wanted {
	if record := r.wanted[e.Record]; record != nil {
		return &record.Wanted
	}
	return nil
}

// plan chooses the next action of each entry, and stores the entries before any call is made. Entries that exceed the
// limits of a round become due again later.
func (r *matcherRound) plan(ctx context.Context, due []lerianmatcher.Entry) error {
	var saved, fresh []lerianmatcher.Entry
	checks := map[string]*matcherFile{}
	for _, e := range due {
		if !r.read[e.Record] {
			e.DueAt = r.now.Add(matcherPoll)
			saved = append(saved, e)
			continue
		}
		e, action := e.Next(r.wantedFor(e), r.now)
		if record := r.wanted[e.Record]; record != nil {
			e.Account = record.account
		}
		if until := r.refused[e.Target].until; action != lerianmatcher.Nothing && r.now.Before(until) {
			e.DueAt = until
			saved = append(saved, e)
			continue
		}
		switch action {
		case lerianmatcher.Nothing:
			saved = append(saved, e)
		case lerianmatcher.Ignore:
			if len(r.ignores) == maxIgnores {
				e.DueAt = r.now.Add(notYet)
			} else {
				r.ignores = append(r.ignores, e)
			}
			saved = append(saved, e)
		case lerianmatcher.Search:
			if len(r.lookups) == maxSearches {
				e.DueAt = r.now.Add(notYet)
				saved = append(saved, e)
			} else {
				r.lookups = append(r.lookups, e)
			}
		case lerianmatcher.Check:
			file := checks[e.Target.Source+e.File]
			if file == nil && len(r.checks) < maxFiles {
				file = &matcherFile{target: e.Target, name: e.File}
				checks[e.Target.Source+e.File] = file
				r.checks = append(r.checks, file)
			}
			if file == nil {
				e.DueAt = r.now.Add(notYet)
				saved = append(saved, e)
			} else {
				file.entries = append(file.entries, e)
			}
		case lerianmatcher.Upload:
			fresh = append(fresh, e)
		}
	}
	saved = append(saved, r.fill(fresh)...)
	if len(saved) == 0 {
		return nil
	}
	return r.MatcherEntries.Save(ctx, r.lease, saved, r.now)
}

// fill distributes entries over files, and returns the entries to be stored. All rows of a file have the same target
// and the same limit for the number of rows (Entry.MaxRow).
func (r *matcherRound) fill(fresh []lerianmatcher.Entry) []lerianmatcher.Entry {
	type kind struct {
		target lerianmatcher.Target
		rows   int
	}
	open, sizes := map[kind]*matcherFile{}, map[*matcherFile]int{}
	for i, e := range fresh {
		k := kind{e.Target, e.MaxRow}
		size := r.client.RowSize(rowOf(e))
		file := open[k]
		limit := maxFileRows
		if e.MaxRow > 0 {
			limit = min(limit, e.MaxRow)
		}
		if file != nil && (len(file.entries) >= limit || sizes[file]+size > maxFileBytes) {
			file = nil
		}
		if file == nil && len(r.uploads) < maxFiles {
			file = &matcherFile{target: e.Target, name: "discovery-" + r.IDs.New().String() + ".json"}
			open[k] = file
			r.uploads = append(r.uploads, file)
		}
		if file == nil {
			fresh[i].DueAt = r.now.Add(notYet)
			continue
		}
		sizes[file] += size
		fresh[i] = e.Sent(file.name, r.now)
		file.entries = append(file.entries, fresh[i])
	}
	return fresh
}

func rowOf(e lerianmatcher.Entry) ports.MatcherRow {
	return ports.MatcherRow{Record: e.Record, Content: e.Content}
}

// call makes the calls of the round, and stores the result of each. failure is the error of Matcher that ended the
// round; nil if none did.
func (r *matcherRound) call(ctx context.Context) (failure, err error) {
	for _, file := range r.checks {
		failure, err = r.check(ctx, file)
		if failure = r.keepOn(file.target, failure); failure != nil || err != nil {
			return failure, errors.Join(err, r.unsend(ctx, r.uploads))
		}
	}
	if failure, err = r.callEach(ctx, r.ignores, r.ignore); failure == nil && err == nil {
		failure, err = r.callEach(ctx, r.lookups, r.lookUp)
	}
	if failure != nil || err != nil {
		return failure, errors.Join(err, r.unsend(ctx, r.uploads))
	}
	for i, file := range r.uploads {
		if r.refused[file.target].until.After(r.now) {
			err = r.unsend(ctx, r.uploads[i:i+1])
		} else {
			failure, err = r.upload(ctx, file)
			failure = r.keepOn(file.target, failure)
		}
		if failure != nil || err != nil {
			return failure, errors.Join(err, r.unsend(ctx, r.uploads[i+1:]))
		}
	}
	return nil, nil
}

// keepOn returns nil if the round can continue after a call, and otherwise the failure of the call. If Matcher has
// refused only the target t, the round continues, but makes no calls for t for some time. A success ends this pause.
func (r *matcherRound) keepOn(t lerianmatcher.Target, failure error) error {
	if failure == nil {
		delete(r.refused, t)
		return nil
	}
	if !errors.Is(failure, ports.ErrTargetRefused) {
		return failure
	}
	failures := r.refused[t].failures + 1
	wait := domain.Backoff(failures, domain.Jitter(r.Entropy), domain.RetryAfterOf(failure))
	r.refused[t] = refusedTarget{failures: failures, until: r.Clock.Now().Add(wait)}
	r.refuse(failure, r.refused[t].until)
	return nil
}

// refuse keeps an error of the last call that does not end the round.
func (r *matcherRound) refuse(failure error, retryAt time.Time) {
	r.refusal, r.refusalAnswer, r.retryAt = failure, r.client.Answer(), retryAt
}

// unsend stores, in the entries of the files, that they were not uploaded.
func (r *matcherRound) unsend(ctx context.Context, files []*matcherFile) error {
	var saved []lerianmatcher.Entry
	for _, file := range files {
		for _, e := range file.entries {
			saved = append(saved, e.Sent("", r.Clock.Now()))
		}
	}
	return r.save(ctx, saved)
}

func (r *matcherRound) save(ctx context.Context, entries []lerianmatcher.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	return r.MatcherEntries.Save(context.WithoutCancel(ctx), r.lease, entries, r.Clock.Now())
}

// callEach makes a call to Matcher for each entry, and stores the results.
func (r *matcherRound) callEach(
	ctx context.Context, entries []lerianmatcher.Entry,
	call func(context.Context, lerianmatcher.Entry) (lerianmatcher.Entry, error),
) (failure, err error) {
	done := make([]lerianmatcher.Entry, 0, len(entries))
	for _, e := range entries {
		if r.refused[e.Target].until.After(r.now) {
			continue
		}
		next, refusal := call(ctx, e)
		if refusal == nil {
			done = append(done, next)
		}
		if failure = r.keepOn(e.Target, refusal); failure != nil {
			break
		}
	}
	return failure, r.save(ctx, done)
}

// lookUp searches Matcher for the transaction of an entry whose record Matcher should no longer have.
func (r *matcherRound) lookUp(ctx context.Context, e lerianmatcher.Entry) (lerianmatcher.Entry, error) {
	r.called++
	shown, err := r.client.FindTransaction(ctx, e.Target, e.Content.ExternalID)
	if errors.Is(err, domain.NotFound) {
		return e.NotFound(r.Clock.Now()), nil
	}
	if err != nil {
		return e, err
	}
	return r.found(ctx, e, shown)
}

// found returns the entry after a search has found a transaction with the external id of its import.
func (r *matcherRound) found(
	ctx context.Context, e lerianmatcher.Entry, t lerianmatcher.Transaction,
) (lerianmatcher.Entry, error) {
	origin, err := r.originOf(ctx, e, t)
	if err != nil {
		return e, err
	}
	return e.Found(t, origin, r.wantedFor(e), r.Clock.Now()), nil
}

// originOf returns what has created a transaction that no known import of the entry has created. An import whose answer
// was lost has the content of the entry. The entry may also have been deleted with its subscription; the transaction
// then shows an earlier version of the record. Any other transaction is not the record's, even if it has the record's
// reference, so it must not be ignored.
func (r *matcherRound) originOf(
	ctx context.Context, e lerianmatcher.Entry, t lerianmatcher.Transaction,
) (lerianmatcher.Origin, error) {
	shown := t.Shows(domain.Money{Amount: e.Content.Amount, Currency: e.Content.Currency}, e.Content.Date)
	if !e.IsNamedByID() {
		taken, err := r.MatcherEntries.Taken(ctx, r.lease, e.Target.Source, []string{e.Content.ExternalID})
		if err != nil {
			return 0, err
		}
		if owner, isTaken := taken[e.Content.ExternalID]; isTaken && owner != e.Record {
			return lerianmatcher.OtherRecord, nil
		}
	}
	switch {
	case shown || e.Imports > 0: // the external ids of later imports are our own
		return lerianmatcher.OwnImport, nil
	case e.IsNamedByID():
		return lerianmatcher.EarlierImport, nil
	}
	return r.earlierOrOther(ctx, e, t)
}

// earlierOrOther reads the versions of the record, and returns EarlierImport if one of them is what the transaction
// shows.
func (r *matcherRound) earlierOrOther(
	ctx context.Context, e lerianmatcher.Entry, t lerianmatcher.Transaction,
) (lerianmatcher.Origin, error) {
	versions, err := r.Ledger.History(ctx, r.sub.Tenant, e.Record, domain.PageRequest{Limit: maxVersions})
	if err != nil && !errors.Is(err, domain.NotFound) {
		return 0, err
	}
	for _, version := range versions.Items {
		if t.Shows(sentMoney(version.Transaction), version.Transaction.Date) {
			return lerianmatcher.EarlierImport, nil
		}
	}
	return lerianmatcher.OtherRecord, nil
}

func (r *matcherRound) ignore(ctx context.Context, e lerianmatcher.Entry) (lerianmatcher.Entry, error) {
	r.called++
	wanted := r.wantedFor(e)
	err := r.client.IgnoreTransaction(ctx, e.Target, e.MatcherID, ignoreReason(e, wanted))
	switch {
	case err == nil || errors.Is(err, domain.NotFound):
		return e.Ignored(r.Clock.Now()), nil
	case !errors.Is(err, domain.Conflict):
		return e, err
	}
	r.called++
	shown, err := r.client.FindTransaction(ctx, e.Target, e.Content.ExternalID)
	if errors.Is(err, domain.NotFound) {
		return e.Ignored(r.Clock.Now()), nil
	}
	return e.Found(shown, lerianmatcher.OwnImport, wanted, r.Clock.Now()), err
}

// ignoreReason returns the reason that Matcher shows for an ignored transaction.
func ignoreReason(e lerianmatcher.Entry, wanted *lerianmatcher.Wanted) string {
	switch {
	case wanted == nil:
		return "no longer posted at the institution, or not sent to this source any more"
	case wanted.Target != e.Target:
		return "sent to another source"
	}
	return "corrected at the institution"
}

// check asks Matcher for the result of an earlier upload.
func (r *matcherRound) check(ctx context.Context, file *matcherFile) (failure, err error) {
	r.called++
	job, failure := r.client.FindJob(ctx, file.target, file.name)
	switch {
	case errors.Is(failure, domain.NotFound):
		return r.results(ctx, file, nil, 0)
	case failure != nil:
		return failure, nil
	}
	if !job.Done && r.Clock.Now().Sub(file.uploadedAt()) < importPatience {
		for i := range file.entries {
			file.entries[i].DueAt = r.Clock.Now().Add(matcherPoll)
		}
		return nil, r.save(ctx, file.entries)
	}
	return r.readJob(ctx, file, job)
}

// uploadedAt returns the time at which the name of the file was chosen. The name contains this time in a UUID of
// version 7. If it contains none, the result is the zero time.
func (f *matcherFile) uploadedAt() time.Time {
	id, _ := uuid.Parse(strings.TrimSuffix(strings.TrimPrefix(f.name, "discovery-"), ".json"))
	return timeOfID(id)
}

// upload uploads a file, and reads its result.
func (r *matcherRound) upload(ctx context.Context, file *matcherFile) (failure, err error) {
	rows := make([]ports.MatcherRow, len(file.entries))
	for i, e := range file.entries {
		rows[i] = rowOf(e)
	}
	r.called++
	job, failure := r.client.Upload(ctx, file.target, file.name, rows)
	now := r.Clock.Now()
	switch {
	case failure == nil:
		r.workedAt = now
		return r.readJob(ctx, file, job)
	case errors.Is(failure, domain.Rejected) && domain.CodeOf(failure) == domain.SinkRefused:
		r.refuse(failure, time.Time{})
		return nil, r.isolate(ctx, file)
	case errors.Is(failure, ports.ErrUploadFailed):
		return r.uploadFailed(ctx, file, failure)
	}
	if domain.CodeOf(failure) != domain.SinkUnreachable && domain.CodeOf(failure) != domain.Interrupted {
		return failure, r.unsend(ctx, []*matcherFile{file}) // Matcher has not carried out the call
	}
	for i := range file.entries {
		file.entries[i].DueAt = now
	}
	return failure, r.save(ctx, file.entries)
}

// uploadFailed stores that Matcher has answered an upload with an internal error. If Matcher has imported rows since
// the last such error, this file contains a bad row. If this is not known, the file is divided once, because one part
// may then succeed.
func (r *matcherRound) uploadFailed(ctx context.Context, file *matcherFile, failure error) (_, err error) {
	now, first := r.Clock.Now(), file.entries[0]
	works := r.workedAt.After(r.failedAt)
	r.failedAt = now
	r.refuse(failure, time.Time{}) // reported only if the round does not end here
	if len(file.entries) == 1 {
		return r.rowFailed(ctx, first, works)
	}
	if !works && first.Tries >= manyTries {
		r.called++
		_, err := r.client.FindTransaction(ctx, file.target, first.Content.ExternalID)
		works = err == nil || errors.Is(err, domain.NotFound)
	}
	if works {
		return nil, r.isolate(ctx, file)
	}
	if first.MaxRow == 0 {
		return failure, r.isolate(ctx, file)
	}
	for i, e := range file.entries {
		file.entries[i] = e.Missing(now)
	}
	return failure, r.save(ctx, file.entries)
}

// rowFailed stores that the upload of one row has ended with an internal error. Matcher may have imported the row, so
// it is searched. If Matcher does not have it, it is uploaded again, and counts as refused only after many uploads.
// works reports whether Matcher has imported other rows since the last error.
func (r *matcherRound) rowFailed(ctx context.Context, e lerianmatcher.Entry, works bool) (failure, err error) {
	now := r.Clock.Now()
	r.called++
	shown, failure := r.client.FindTransaction(ctx, e.Target, e.Content.ExternalID)
	switch {
	case failure == nil:
		e, err = r.found(ctx, e, shown)
	case !errors.Is(failure, domain.NotFound):
		e = e.Missing(now)
	default:
		failure, e = nil, e.Failed(works, r.wantedFor(e), now)
	}
	if err != nil {
		return nil, err
	}
	return failure, r.save(ctx, []lerianmatcher.Entry{e})
}

// isolate stores that a file contains a bad row, so that its rows are uploaded again in smaller files.
func (r *matcherRound) isolate(ctx context.Context, file *matcherFile) error {
	now := r.Clock.Now()
	for i, e := range file.entries {
		file.entries[i] = e.Isolate(len(file.entries), r.wantedFor(e), now)
	}
	return r.save(ctx, file.entries)
}

// readJob reads the transactions that an import in Matcher has created, and stores the result of the file.
func (r *matcherRound) readJob(ctx context.Context, file *matcherFile, job ports.MatcherJob) (failure, err error) {
	r.called++
	shown, failure := r.client.JobTransactions(ctx, file.target, job.ID)
	if failure != nil {
		for i := range file.entries {
			file.entries[i].DueAt = r.Clock.Now()
		}
		return failure, r.save(ctx, file.entries)
	}
	byID := make(map[string]lerianmatcher.Transaction, len(shown))
	for _, t := range shown {
		byID[t.ExternalID] = t
	}
	return r.results(ctx, file, byID, job.FailedRows)
}

// results stores the result of an uploaded file. shown contains the transactions that the import of the file has
// created. failed is the number of rows that Matcher has refused.
func (r *matcherRound) results(
	ctx context.Context, file *matcherFile, shown map[string]lerianmatcher.Transaction, failed int,
) (failure, err error) {
	now := r.Clock.Now()
	var missing []int
	for i, e := range file.entries {
		if t, found := shown[e.Content.ExternalID]; found {
			file.entries[i] = e.Found(t, lerianmatcher.OwnImport, r.wantedFor(e), now)
		} else {
			missing = append(missing, i)
		}
	}
	var absent []int
	for _, i := range missing {
		e := file.entries[i]
		if e.Tries == 0 || r.searches >= maxSearches || failure != nil {
			absent = append(absent, i)
			continue
		}
		r.called, r.searches = r.called+1, r.searches+1
		var t lerianmatcher.Transaction
		switch t, failure = r.client.FindTransaction(ctx, e.Target, e.Content.ExternalID); {
		case failure == nil:
			if file.entries[i], err = r.found(ctx, e, t); err != nil {
				return nil, err
			}
		case errors.Is(failure, domain.NotFound):
			failure = nil
			absent = append(absent, i)
		default:
			absent = append(absent, i)
		}
	}
	rows := len(file.entries)
	if failed > 0 && failed == len(absent) {
		rows = 1 // each of them was refused
	}
	for _, i := range absent {
		if failed > 0 {
			file.entries[i] = file.entries[i].Isolate(rows, r.wantedFor(file.entries[i]), now)
		} else {
			file.entries[i] = file.entries[i].Missing(now)
		}
	}
	return failure, r.save(ctx, file.entries)
}

// matcherMarker makes the Matcher entries of changed records due. A mark is the request for one record. The marks of
// concurrent calls are stored together.
type matcherMarker struct {
	worker *matcherWorker

	mu      sync.Mutex
	waiting *matcherMarks // the marks that the next write stores; nil if there are none
	writing sync.Mutex
}

// matcherMarks is a group of marks that are stored with one write.
type matcherMarks struct {
	marks map[domain.TransactionID]ports.MatcherMark
	done  chan struct{} // closed when the marks are stored
	err   error
}

// mark makes the entry of the event's record due. It returns when this is stored. It ignores events of other resources.
func (m *matcherMarker) mark(ctx context.Context, e events.SubscriptionEvent) error {
	if e.Type.Resource() != events.TransactionAdded.Resource() {
		return nil
	}
	id, err := domain.ParseID[domain.Transaction](e.Subject)
	if err != nil {
		return nil
	}
	m.mu.Lock()
	group, first := m.waiting, m.waiting == nil
	if first {
		group = &matcherMarks{marks: map[domain.TransactionID]ports.MatcherMark{}, done: make(chan struct{})}
		m.waiting = group
	}
	group.marks[id] = ports.MatcherMark{Record: id, Connection: e.Connection}
	m.mu.Unlock()
	if first {
		m.write(ctx, group)
	}
	<-group.done
	return group.err
}

// write stores a group of marks. Further marks are added to the group until the previous write has ended.
func (m *matcherMarker) write(ctx context.Context, group *matcherMarks) {
	m.writing.Lock()
	defer m.writing.Unlock()
	m.mu.Lock()
	m.waiting = nil
	m.mu.Unlock()
	defer close(group.done)
	marks := make([]ports.MatcherMark, 0, len(group.marks))
	for _, mark := range group.marks {
		marks = append(marks, mark)
	}
	group.err = m.worker.MatcherEntries.Mark(ctx, m.worker.lease, marks, m.worker.Clock.Now())
	select {
	case m.worker.awake <- struct{}{}:
	default:
	}
}
