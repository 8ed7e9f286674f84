package events

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/domain/matcher"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Limits of a round of a subscription to Matcher.
const (
	// matcherBatch is the maximum number of entries that are read at once.
	matcherBatch = 2000
	// maxFileRows and maxFileBytes bound a file.
	maxFileRows  = 2000
	maxFileBytes = 2<<20 - 4096
	// maxFiles, maxIgnores and maxSearches bound the calls of a round, so that no kind of call delays the others.
	maxFiles    = 4
	maxIgnores  = 50
	maxSearches = 30
	// notYet is the time after which an entry is due again for which the round had no call left.
	notYet = time.Second
	// matcherPoll is the interval at which entries are looked for that no event of this process has made due.
	matcherPoll = 5 * time.Second
	// sharedInterval is the interval at which it is checked which accounts an older connection has.
	sharedInterval = time.Minute
	// importPatience is how long an import that Matcher shows as running is waited for. Matcher does not end imports
	// that it was stopped in.
	importPatience = 2 * time.Minute
	// maxReference is the maximum length of a reference that is used as an external id. Matcher stores 255 characters,
	// and the external ids of later imports are longer.
	maxReference = 200
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
	mapped  []ports.MatcherSource               // of all accounts, as the operator has set them
	sources map[domain.AccountID]matcher.Target // without the accounts that an older connection has
	checkAt time.Time                           // when the shared accounts are read again

	awake    chan struct{} // receives an element when entries were marked
	failures int           // number of consecutive failed rounds
	marker   matcherMarker
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
		mapped: settings.Sources, awake: make(chan struct{}, 1),
	}
	w.marker.worker = w
	return w, nil
}

// run compares due entries with their records, and makes the calls to Matcher, until ctx ends or a store call fails.
func (w *matcherWorker) run(ctx context.Context) error {
	defer w.client.Close()
	for ctx.Err() == nil {
		if err := w.checkSources(ctx); err != nil {
			return err
		}
		wait, err := w.round(ctx)
		if err != nil {
			return err
		}
		w.sleep(ctx, wait)
	}
	return nil
}

// sleep waits for the duration. Without a failure, it also returns when entries were marked.
func (w *matcherWorker) sleep(ctx context.Context, wait time.Duration) {
	if wait <= 0 {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if w.failures == 0 {
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

// checkSources reads, once a minute, which accounts an older connection has, and compares the sources of the other
// accounts with the entries. Entries without their source are marked. If the subscription began with the first record,
// the posted records of accounts that have got a source are marked, too.
func (w *matcherWorker) checkSources(ctx context.Context) error {
	now := w.Clock.Now()
	if now.Before(w.checkAt) {
		return nil
	}
	shared, err := w.MatcherEntries.SharedAccounts(ctx, w.sub.Tenant)
	if err != nil {
		return err
	}
	before, first := w.sources, w.sources == nil
	w.sources = make(map[domain.AccountID]matcher.Target, len(w.mapped))
	effective := make([]ports.MatcherSource, 0, len(w.mapped))
	for _, m := range w.mapped {
		if !shared[m.Account] {
			w.sources[m.Account] = m.Target
			effective = append(effective, m)
		}
	}
	w.checkAt = now.Add(sharedInterval)
	if !first && maps.Equal(before, w.sources) {
		return nil
	}
	if err := w.MatcherEntries.MarkStrays(ctx, w.lease, effective, now); err != nil {
		return err
	}
	scanned, err := w.MatcherEntries.Scanned(ctx, w.lease)
	if err != nil {
		return err
	}
	// Of the first revision, the events mark all records.
	if w.sub.FromStart && (!first || scanned != w.sub.Revision && w.sub.Revision > 1) {
		for account := range w.sources {
			if _, had := before[account]; had {
				continue
			}
			if err := w.scanAccount(ctx, account); err != nil && !errors.Is(err, domain.NotFound) {
				return err
			}
		}
	}
	return w.MatcherEntries.SetScanned(ctx, w.lease, w.sub.Revision)
}

// scanAccount marks the posted records of an account that Matcher does not have. Errors: NotFound.
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

// round handles the entries that are due, and returns when the next round should begin. Errors: those of the stores. An
// error of Matcher delays the next round.
func (w *matcherWorker) round(ctx context.Context) (wait time.Duration, err error) {
	now := w.Clock.Now()
	due, err := w.MatcherEntries.Due(ctx, w.lease, now, matcherBatch)
	if err != nil {
		return 0, err
	}
	if len(due) == 0 {
		next, err := w.MatcherEntries.NextDue(ctx, w.lease)
		if err != nil || next.IsZero() {
			return matcherPoll, err
		}
		return min(max(next.Sub(w.Clock.Now()), 0), matcherPoll), nil
	}
	r := &matcherRound{
		matcherWorker: w, now: now, wanted: make(map[domain.TransactionID]*wantedRecord, len(due)),
		read: make(map[domain.TransactionID]bool, len(due)),
	}
	if err := r.readAll(ctx, due); errors.Is(err, domain.MemoryExhausted) {
		return max(domain.RetryAfterOf(err), notYet), nil
	} else if err != nil {
		return 0, err
	}
	if err := r.plan(ctx, due); err != nil {
		return 0, err
	}
	started := w.Clock.Now()
	failure, err := r.call(ctx)
	if err != nil || ctx.Err() != nil {
		return 0, err
	}
	if r.called > 0 {
		w.Observer.Emit(ctx, ports.EventAttempted{
			Subscription: w.sub.ID, Sink: w.sub.Sink.Kind, Took: w.Clock.Now().Sub(started), Err: failure,
			Changed: (failure != nil) != (w.failures > 0),
		})
	}
	if failure == nil {
		w.failures = 0
		return 0, nil
	}
	w.failures++
	return domain.Backoff(w.failures, domain.Jitter(w.Entropy), domain.RetryAfterOf(failure)), nil
}

// readAll reads the records of the entries, and decides which transactions Matcher should have for them.
func (r *matcherRound) readAll(ctx context.Context, due []matcher.Entry) error {
	for batch := range slices.Chunk(due, eventBatch) {
		left := make(map[domain.TransactionID]bool, len(batch))
		var connections []domain.ConnectionID
		for _, e := range batch {
			left[e.Record] = true
			if !slices.Contains(connections, e.Connection) {
				connections = append(connections, e.Connection)
			}
		}
		for more := true; more && len(left) > 0; {
			found, further, err := r.readRecords(ctx, connections, slices.Collect(maps.Keys(left)))
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

// readRecords reads transactions, with the memory of one load.
func (w *matcherWorker) readRecords(
	ctx context.Context, connections []domain.ConnectionID, ids []domain.TransactionID,
) ([]domain.Transaction, bool, error) {
	if w.Memory != nil {
		free, err := w.Memory.Acquire(ctx, w.sub.Tenant, ports.MemoryPerByte*maxLoadBytes)
		if err != nil {
			return nil, false, err
		}
		defer free()
	}
	return w.Subscriptions.Transactions(ctx, w.sub.Tenant, connections, ids, maxLoadBytes)
}

// wantedRecord is what Matcher should have for a record.
type wantedRecord struct {
	matcher.Wanted

	account domain.AccountID
}

// wantedOf returns what Matcher should have for a record, with the record's id as its external id. It returns nil if
// Matcher should have nothing.
func (w *matcherWorker) wantedOf(t domain.Transaction) *wantedRecord {
	target, mapped := w.sources[t.AccountID]
	if !mapped || t.Status != domain.Posted || !t.RemovedAt.IsZero() || t.Erased() || t.Date < w.from {
		return nil
	}
	money := t.Amount
	if t.AccountMoney != nil {
		money = *t.AccountMoney
	}
	content := matcher.Content{
		ExternalID: t.ID.String(), Version: t.Version, Amount: money.Amount, Currency: money.Currency, Date: t.Date,
		Description: t.Description, Counterparty: t.Counterparty,
	}
	content.SetReferences(t.References)
	return &wantedRecord{Wanted: matcher.Wanted{Target: target, Content: content}, account: t.AccountID}
}

// nameRecords sets the external ids of the records that are imported for the first time, to their references where no
// other record of the source has the same one.
func (w *matcherWorker) nameRecords(
	ctx context.Context, due []matcher.Entry, wanted map[domain.TransactionID]*wantedRecord,
) error {
	if !w.byRef {
		return nil
	}
	bySource := map[string][]domain.TransactionID{}
	for _, e := range due {
		record := wanted[e.Record]
		if record == nil || e.Imports > 0 || e.State == matcher.Importing {
			continue
		}
		if reference := record.Content.Reference; reference != "" && len(reference) <= maxReference {
			bySource[record.Target.Source] = append(bySource[record.Target.Source], e.Record)
		}
	}
	for source, records := range bySource {
		slices.SortFunc(records, func(x, y domain.TransactionID) int { return bytes.Compare(x.UUID[:], y.UUID[:]) })
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

// matcherFile is a file that is uploaded, or whose result is looked for.
type matcherFile struct {
	target  matcher.Target
	name    string
	entries []matcher.Entry
}

// matcherRound carries out the actions of the entries that are due.
type matcherRound struct {
	*matcherWorker
	wanted map[domain.TransactionID]*wantedRecord // without the records of which Matcher should have nothing
	// read contains the records that were found. A record that was moved to another connection is not found until the
	// event about the move has marked it.
	read map[domain.TransactionID]bool
	now  time.Time

	ignores  []matcher.Entry
	checks   []*matcherFile
	uploads  []*matcherFile
	called   int
	searches int
}

// wantedFor returns the argument of Entry.Next.
func (r *matcherRound) wantedFor(e matcher.Entry) *matcher.Wanted {
	if record := r.wanted[e.Record]; record != nil {
		return &record.Wanted
	}
	return nil
}

// plan finds the actions of the entries, and stores their intents. Entries beyond the limits of a round are due again
// later.
func (r *matcherRound) plan(ctx context.Context, due []matcher.Entry) error {
	var saved, fresh []matcher.Entry
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
		switch action {
		case matcher.Nothing:
			saved = append(saved, e)
		case matcher.Ignore:
			if len(r.ignores) == maxIgnores {
				e.DueAt = r.now.Add(notYet)
			} else {
				r.ignores = append(r.ignores, e)
			}
			saved = append(saved, e)
		case matcher.Check:
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
		case matcher.Upload:
			fresh = append(fresh, e)
		}
	}
	saved = append(saved, r.fill(fresh)...)
	if len(saved) == 0 {
		return nil
	}
	return r.MatcherEntries.Save(ctx, r.lease, saved, r.now)
}

// fill distributes entries over files, and returns them as they are to be stored. A file contains rows of one source
// with the same maximum number of rows.
func (r *matcherRound) fill(fresh []matcher.Entry) []matcher.Entry {
	type kind struct {
		target matcher.Target
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

func rowOf(e matcher.Entry) ports.MatcherRow {
	return ports.MatcherRow{Record: e.Record, Content: e.Content}
}

// call makes the calls of the round, and stores the result of each. failure is the error of Matcher that ended the
// round; nil if none did.
func (r *matcherRound) call(ctx context.Context) (failure, err error) {
	for _, file := range r.checks {
		if failure, err = r.check(ctx, file); failure != nil || err != nil {
			return failure, errors.Join(err, r.unsend(ctx, r.uploads))
		}
	}
	if failure, err = r.ignoreAll(ctx); failure != nil || err != nil {
		return failure, errors.Join(err, r.unsend(ctx, r.uploads))
	}
	for i, file := range r.uploads {
		if failure, err = r.upload(ctx, file); failure != nil || err != nil {
			return failure, errors.Join(err, r.unsend(ctx, r.uploads[i+1:]))
		}
	}
	return nil, nil
}

// unsend stores that files were not uploaded.
func (r *matcherRound) unsend(ctx context.Context, files []*matcherFile) error {
	var saved []matcher.Entry
	for _, file := range files {
		for _, e := range file.entries {
			saved = append(saved, e.Sent("", r.Clock.Now()))
		}
	}
	return r.save(ctx, saved)
}

func (r *matcherRound) save(ctx context.Context, entries []matcher.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	return r.MatcherEntries.Save(context.WithoutCancel(ctx), r.lease, entries, r.Clock.Now())
}

// ignoreAll sets transactions to ignored.
func (r *matcherRound) ignoreAll(ctx context.Context) (failure, err error) {
	done := make([]matcher.Entry, 0, len(r.ignores))
	for _, e := range r.ignores {
		var next matcher.Entry
		if next, failure = r.ignore(ctx, e); failure != nil {
			break
		}
		done = append(done, next)
	}
	return failure, r.save(ctx, done)
}

func (r *matcherRound) ignore(ctx context.Context, e matcher.Entry) (matcher.Entry, error) {
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
	return e.Found(shown, false, wanted, r.Clock.Now()), err
}

// ignoreReason returns the reason that Matcher shows for an ignored transaction.
func ignoreReason(e matcher.Entry, wanted *matcher.Wanted) string {
	switch {
	case wanted == nil:
		return "no longer posted at the institution, or not sent to this source any more"
	case wanted.Target != e.Target:
		return "sent to another source"
	}
	return "corrected at the institution"
}

// check looks for the result of an upload.
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

// uploadedAt returns when the name of the file was chosen. It is the time in the name, a UUID of version 7; the zero
// time if there is none.
func (f *matcherFile) uploadedAt() time.Time {
	name := strings.TrimSuffix(strings.TrimPrefix(f.name, "discovery-"), ".json")
	id, err := domain.ParseID[matcher.Entry](name)
	if err != nil || id.Version() != 7 {
		return time.Time{}
	}
	seconds, nanoseconds := id.Time().UnixTime()
	return time.Unix(seconds, nanoseconds)
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
	var isolated bool
	switch {
	case failure == nil:
		return r.readJob(ctx, file, job)
	case errors.Is(failure, domain.Rejected) && domain.CodeOf(failure) == domain.SinkRefused:
		isolated, err = true, r.isolate(ctx, file, true)
	case errors.Is(failure, ports.ErrUploadFailed):
		isolated, err = true, r.isolate(ctx, file, false)
	}
	if isolated {
		return failure, err
	}
	if domain.CodeOf(failure) != domain.SinkUnreachable && domain.CodeOf(failure) != domain.Interrupted {
		return failure, r.unsend(ctx, []*matcherFile{file}) // Matcher has not carried out the call
	}
	for i := range file.entries {
		file.entries[i].DueAt = now
	}
	return failure, r.save(ctx, file.entries)
}

// isolate stores that a file contains a bad row.
func (r *matcherRound) isolate(ctx context.Context, file *matcherFile, definite bool) error {
	now := r.Clock.Now()
	for i, e := range file.entries {
		file.entries[i] = e.Isolate(len(file.entries), definite, r.wantedFor(e), now)
	}
	return r.save(ctx, file.entries)
}

// readJob reads the transactions of an import.
func (r *matcherRound) readJob(ctx context.Context, file *matcherFile, job ports.MatcherJob) (failure, err error) {
	r.called++
	shown, failure := r.client.JobTransactions(ctx, file.target, job.ID)
	if failure != nil {
		for i := range file.entries {
			file.entries[i].DueAt = r.Clock.Now()
		}
		return failure, r.save(ctx, file.entries)
	}
	byID := make(map[string]matcher.Transaction, len(shown))
	for _, t := range shown {
		byID[t.ExternalID] = t
	}
	return r.results(ctx, file, byID, job.FailedRows)
}

// results stores the result of a file. shown are the transactions that its import has created. failed is the number of
// its rows that Matcher has refused.
func (r *matcherRound) results(
	ctx context.Context, file *matcherFile, shown map[string]matcher.Transaction, failed int,
) (failure, err error) {
	now := r.Clock.Now()
	var missing []int
	for i, e := range file.entries {
		if t, found := shown[e.Content.ExternalID]; found {
			file.entries[i] = e.Found(t, true, r.wantedFor(e), now)
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
		var t matcher.Transaction
		switch t, failure = r.client.FindTransaction(ctx, e.Target, e.Content.ExternalID); {
		case failure == nil:
			file.entries[i] = e.Found(t, false, r.wantedFor(e), now)
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
			file.entries[i] = file.entries[i].Isolate(rows, true, r.wantedFor(file.entries[i]), now)
		} else {
			file.entries[i] = file.entries[i].Missing(now)
		}
	}
	return failure, r.save(ctx, file.entries)
}

// matcherMarker marks the records of events. Concurrent calls are stored together.
type matcherMarker struct {
	worker *matcherWorker

	mu      sync.Mutex
	waiting *matcherMarks // the marks that the next write stores; nil if there are none
	writing sync.Mutex
}

// matcherMarks are marks that are stored together.
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
