package pulling

import (
	"context"
	"sync/atomic"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Limits of one step. Vendors return hundreds of rows per page, so maxPages allows millions of rows. The pagination is
// treated as endless if maxStalePages consecutive pages contain no row or removal that is new to the step.
const (
	maxPages      = 10_000
	maxStalePages = 3
)

// Limits of a batch, which is stored with one write. A batch contains at least one page.
const (
	maxBatchRows  = 1000
	maxBatchBytes = 4 << 20 // a batch whose changed rows have this size gets no further page
)

// pager reads the pages of one step from the vendor, in order, and prefetches them. Three activities run concurrently:
//   - The attempt stores a batch of pages.
//   - The method collect compares a later page with the store, and adds the changed rows to the next batch.
//   - The method fetch requests a page from the vendor. It is at most one page ahead of collect, so the pager holds few
//     pages in memory.
//
// The pager writes nothing to the store. It reads only those fields of the link that stay the same during a step.
// Each field below is owned by one of the three activities. The other two may access the field only after the owner has
// ended.
type pager struct {
	ctx    context.Context // canceled by close
	cancel context.CancelFunc
	link   *link
	step   domain.Step
	differ *differ
	whole  bool // the pager starts at the first page of the step

	// These fields are owned by the attempt. The method collect may read wanted at any time.
	batch  *prefetched[batch] // the next batch
	wanted atomic.Bool        // the attempt is waiting for the next batch
	stored []*pageMemory      // the memory of the batch that next returned last

	// This field is owned by the method collect.
	page *prefetched[fetchedPage] // the next page

	// These fields are owned by the method fetch.
	at    domain.Progress // the position of the next page
	stale int             // number of consecutive pages without a new row or removal
}

// fetchedPage is a page that was requested from the vendor, or the error of the request.
type fetchedPage struct {
	ports.VendorPage
	progress domain.Progress // the pull's progress after the page is stored
	repeated map[string]bool // external ids of rows that are written even if they equal the stored rows
	twice    map[string]bool // external ids of rows that the step has twice; see stepRows.addPage
	// inconsistency is set if this is the last page, and the list contradicts itself.
	inconsistency *domain.Inconsistency
	memory        *pageMemory
	err           error
}

// batch holds the changed rows of one page, or of several pages that are stored with one write.
type batch struct {
	accounts   []domain.AccountData
	rows       []domain.TransactionData
	assumeNew  bool            // none of the rows is expected to be stored already
	twice      map[string]bool // external ids that the step has twice; see addPage
	quarantine quarantineChanges
	unchanged  int             // number of rows that are stored already with the same content
	changed    int             // number of rows that are new or changed
	shown      []string        // external ids for Progress.Shown
	listed     [][]byte        // the rows of each page for Progress.Listed
	nameless   bool            // the external id of a row cannot be read
	progress   domain.Progress // the pull's progress after the batch is stored
	last       bool            // this is the last batch of the step
	memory     []*pageMemory   // the memory of the pages
	// err is the reason why no further page of the step can be read. It is ListChanged if the vendor's list changed
	// during the step, or contradicts itself. Any other error comes from the request for the page after this batch.
	err           error
	inconsistency *domain.Inconsistency // set if err is ListChanged
}

// newPager returns a pager that reads the step, starting at the pull's current progress. The pager
// starts to prefetch immediately.
func newPager(ctx context.Context, l *link, step domain.Step, d *differ) *pager {
	at := l.journal.progress
	p := &pager{link: l, step: step, differ: d, at: at, whole: at.Pages == 0}
	p.ctx, p.cancel = context.WithCancel(ctx)
	p.wanted.Store(true)
	p.page = prefetch(p.link.Go, p.fetch)
	p.batch = prefetch(p.link.Go, p.collect)
	return p
}

// next waits for the next batch and returns it. It also starts to collect the following batch. If a page cannot be
// read, next still returns all earlier pages. The error is then in the last of these batches, or in an empty batch
// after them. The memory of the previous batch is released, so the caller must have stored it. next must not be called
// again after the last batch or after an error.
func (p *pager) next() batch {
	p.releaseStored()
	p.wanted.Store(true)
	p.batch.wait()
	p.wanted.Store(false)
	b := p.batch.value
	p.stored = b.memory
	if !b.last && b.err == nil {
		p.batch = prefetch(p.link.Go, p.collect)
	}
	return b
}

// collect returns the next batch. The batch contains the next page, and the pages that are fetched while the attempt
// still stores the previous batch. Errors: those of fetch and of the store, malformed_response for a row that is not
// JSON, and ListChanged.
func (p *pager) collect() (b batch) {
	for {
		p.page.wait()
		page := p.page.value
		b.memory = append(b.memory, page.memory)
		if page.err == nil && page.Next != "" {
			p.page = prefetch(p.link.Go, p.fetch)
		}
		unchanged, err := 0, page.err
		if err == nil {
			unchanged, err = p.differ.appendChanged(p.ctx, &b, page)
		}
		if err != nil {
			b.err = err
			return b
		}
		// Only the first page of a batch can contain repeated rows (see batch.fits). Later pages are not checked.
		b.assumeNew = (b.assumeNew || b.pages() == 0 && p.differ.empty) && len(page.twice) == 0
		b.listed = append(b.listed, hashedPage(page.Transactions))
		b.unchanged, b.changed = b.unchanged+unchanged, len(b.rows)
		b.progress, b.last = page.progress, page.Next == ""
		if b.inconsistency = page.inconsistency; b.inconsistency != nil {
			b.last, b.err = false, &domain.Error{Kind: domain.Unavailable, Code: domain.ListChanged}
			return b
		}
		if b.last || p.wanted.Load() || !b.fits(p.page) {
			return b
		}
	}
}

// fits reports whether the next page has been fetched and can be stored in the same batch. A page
// with repeated rows does not fit, because each occurrence of a row must be stored separately.
func (b *batch) fits(nextPage *prefetched[fetchedPage]) bool {
	return nextPage.ready.Load() && nextPage.value.err == nil && len(nextPage.value.repeated) == 0 &&
		b.size() < maxBatchBytes &&
		len(b.rows)+len(b.quarantine.added)+b.unchanged+len(nextPage.value.Transactions) <= maxBatchRows
}

// pages returns the number of pages in the batch; 0 if the request for the first page failed.
func (b *batch) pages() int { return len(b.listed) }

// noteTwice notes that the step has a row of the batch twice.
func (b *batch) noteTwice(externalID string) {
	if b.twice == nil {
		b.twice = map[string]bool{}
	}
	b.twice[externalID] = true
}

// size returns the number of bytes of the vendor's rows in the batch.
func (b *batch) size() (bytes int) {
	for i := range b.rows {
		bytes += len(b.rows[i].Metadata)
	}
	for i := range b.quarantine.added {
		bytes += len(b.quarantine.added[i].Payload)
	}
	return bytes
}

// fetch requests the next page of the step from the vendor. Errors: those of the vendor, connection_paused, and
// EndlessCursor if the pagination of the step does not end.
func (p *pager) fetch() fetchedPage {
	if p.stale >= maxStalePages || p.at.Pages >= maxPages {
		return fetchedPage{err: &domain.Error{Kind: domain.Unavailable, Code: domain.EndlessCursor}}
	}
	if err := p.link.checkNotPaused(p.ctx); err != nil {
		return fetchedPage{err: err}
	}
	page, memory, err := p.read()
	if err != nil {
		return fetchedPage{err: err}
	}
	repeated, twice, anyNew := p.differ.read.addPage(&page)
	if p.stale++; anyNew {
		p.stale = 0
	}
	p.at = p.at.Count(len(page.Transactions), page.Total)
	if p.differ.dropElsewhere(&page) {
		p.at.Incomplete, p.at.Inconsistent = true, true
	}
	found := p.inconsistency(page.Next == "")
	if found != nil && p.at.Inconsistency.IsLasting(*found) {
		p.at.Incomplete, p.at.Inconsistent, found = true, true, nil
	}
	if found != nil {
		p.at = p.at.Restart()
	} else {
		p.at = p.at.Advance(page.Next)
	}
	// The position at the end of the first step is kept, so the next pull reads the changes since then again. A
	// complete listing in a later step does not contain the removals among them.
	if page.Next == "" && p.at.StreamPosition == "" {
		p.at.StreamPosition = page.StreamPosition
	}
	p.at.Incomplete = p.at.Incomplete || page.Incomplete
	return fetchedPage{
		VendorPage: page, progress: p.at, repeated: repeated, twice: twice, inconsistency: found, memory: memory,
	}
}

// read reserves memory for the next page and requests the page from the vendor. After an error, no memory is
// reserved. Errors: those of the vendor and of ports.MemoryBudget.
func (p *pager) read() (page ports.VendorPage, memory *pageMemory, err error) {
	memory = &pageMemory{budget: p.link.Memory, tenant: p.link.access.Tenant}
	if err = memory.reserve(p.ctx, ports.SmallResponse); err != nil {
		return page, nil, err
	}
	access := p.link.access
	access.Reserve = memory.reserve
	read := false
	defer func() {
		if !read { // also after a panic
			memory.drop()
		}
	}()
	page, err = p.link.vendor.Read(p.ctx, access, p.step, p.link.listed.accounts, p.at.Cursor)
	read = err == nil
	return page, memory, err
}

// releaseStored releases the memory of the batch that next returned last.
func (p *pager) releaseStored() {
	for _, m := range p.stored {
		m.drop()
	}
	p.stored = nil
}

// inconsistency returns how the vendor's list contradicts itself after its last page; nil if it does not. The list may
// have changed while it was read: a row may then have been skipped, because some vendors cut pages by position.
// inconsistency must be called after the differ has received the page.
//
// There are three cases:
//   - The vendor reported different totals.
//   - The total differs from the number of rows.
//   - A complete list without a total has a row twice.
//
// A row on several pages is counted once. If an earlier attempt has read the first pages, the ids of their rows are
// unknown. In this case, a row on several pages is counted several times.
func (p *pager) inconsistency(last bool) *domain.Inconsistency {
	switch {
	case !last:
		return nil
	case p.at.Total == nil && p.whole && p.step.Sweep && p.differ.read.distinct() < p.at.Rows:
		return &domain.Inconsistency{Repeated: p.at.Rows - p.differ.read.distinct()}
	case p.at.Total == nil:
		return nil
	}
	read := p.at.Rows
	if p.whole {
		read = p.differ.read.distinct()
	}
	if p.at.Complete(read) {
		return nil
	}
	found := p.at.InconsistencyOf(read)
	return &found
}

// close cancels the prefetch, waits until it has ended, and releases the memory of all pages. It panics if the prefetch
// panicked.
func (p *pager) close() {
	p.cancel()
	defer func() { // collect assigns page, so page must not be read before collect has ended
		defer func() {
			p.releaseStored()
			p.stored = append(p.batch.value.memory, p.page.value.memory)
			p.releaseStored()
		}()
		p.page.wait()
	}()
	p.batch.wait()
}

// prefetched is the result of a function that was started concurrently, before its result is needed.
type prefetched[T any] struct {
	wait  func()      // returns as soon as value is set, and panics if the function panicked
	ready atomic.Bool // value is set
	value T
}

// prefetch starts fn with the runner (Deps.Go), and returns a handle for the result of fn.
func prefetch[T any](runner func(work func()) (wait func()), fn func() T) *prefetched[T] {
	p := &prefetched[T]{}
	p.wait = runner(func() {
		p.value = fn()
		p.ready.Store(true)
	})
	return p
}

// hashedPage returns the rows of a page for domain.ListedRows.
func hashedPage(rows []domain.RawTransaction) []byte {
	ids := make([]string, len(rows))
	for i := range rows {
		ids[i] = rows[i].ExternalID
	}
	return domain.HashedPage(ids)
}
