package model_test

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// content contains the members of a row that are stored in its record. Amounts are in cents. Incoming money is
// positive.
type content struct {
	account  string // the vendor's id of the account
	cents    int64
	date     string
	text     string
	status   string // "pending" or "posted"
	endToEnd string // the end-to-end id, a strong identifier; "" if the row has none
}

// follows reports whether the row is posted and its link names the pending row with this id. Both rows must have the
// same account and direction.
func (v *row) follows(id string, pending content) bool {
	return v.link == id && v.link != "" && pending.status == "pending" && v.status == "posted" &&
		v.account == pending.account && v.cents > 0 == (pending.cents > 0)
}

// row is one row of the vendor.
type row struct {
	content
	id         string
	category   string    // enrichment: a change of it makes no new version
	unreadable bool      // the vendor sends the row in a form that cannot be normalised
	created    time.Time // when the vendor created the row
	collected  time.Time // Belvo: when the vendor collected the row
	link       string    // Plaid: the id of the pending row that the vendor says this row replaces; "" if there is none
}

// record is one record of the service, as the contract predicts it.
type record struct {
	content
	id         string   // the service's id, known from the first comparison on
	row        string   // the present external id
	past       []string // external ids of the rows that this record had before, oldest first
	category   string
	link       string // see row
	collected  time.Time
	removed    bool
	superseded *record // the record that continues with this record's row
	returned   bool    // the record went back to a past id; the contract does not say what supersedes then contains
	open       bool    // the contract leaves open whether the removed record is superseded, and its versions

	absent int // successive complete reads that should have shown the row, but did not
	// The record's version is at least low and at most high. Both are equal unless the contract leaves the number of
	// versions open.
	low, high int
	base      int // the lowest version before the present pull
}

// changed adds at least low and at most high versions to the record.
func (r *record) changed(low, high int) { r.low, r.high = r.low+low, r.high+high }

func (r *record) live() bool { return !r.removed && r.superseded == nil }

// take makes v the present row of the record.
func (r *record) take(v *row) {
	if r.removed || r.row != v.id {
		r.removed, r.absent = false, 0
	}
	r.row, r.content, r.category, r.collected, r.link = v.id, v.content, v.category, v.collected, v.link
}

// read contains what one pull has read.
type read struct {
	rows []*row
	// accounts contains the listed accounts whose rows were all read. It is empty for a read of some rows.
	accounts map[string]bool
	// proof is set if the read was complete, and the vendor did not synchronise during the read. Only such reads
	// prove that a missing row is gone.
	proof bool
	// left contains the ids of rows that the vendor's stream of changes reports as removed.
	left []string
	// after is not nil if the same pull has already applied changes: announced deletions or changes of a stream. It
	// contains the records that the announced deletions have removed.
	after []*record
}

// model predicts what a tenant sees of one connection. It follows sections 4, 7 and 8 of the contract and shares no
// code with the service.
type model struct {
	reads    int  // how many successive complete reads without a row prove that it is gone: 1 at Pluggy, 2 at others
	stream   bool // the vendor has a stream of changes, which each complete read also reads
	records  []*record
	byRow    map[string]*record // by present row id; never a superseded record
	byPast   map[string]*record
	together map[[2]string]bool // pairs of row ids that one read has shown
	accounts map[string]*accountModel
	open     map[string]bool // rows of which there may be a removed record; see back
}

// accountModel is what a tenant sees of one account.
type accountModel struct {
	absent   int
	removed  bool
	read     bool  // a settled read has shown the account
	anchored bool  // the account has a baseline
	baseline int64 // the first or the last accepted anchor, in cents
	anchor   int64 // the last balance minus posted amounts, in cents
	// firstReadAt is when the bank was read for the baseline. confirmed means that a later reading has confirmed it, or
	// an operator has accepted it.
	firstReadAt string
	confirmed   bool
	// since contains the possible times at which the present difference began. The zero time means that there is no
	// difference. There are several possible times after a pull in which a page failed, because the service may not
	// have read the balances.
	since []time.Time
}

func newModel(reads int, stream bool) *model {
	return &model{
		reads: reads, stream: stream, byRow: map[string]*record{}, byPast: map[string]*record{},
		together: map[[2]string]bool{},
		accounts: map[string]*accountModel{}, open: map[string]bool{},
	}
}

func pair(a, b string) [2]string { return [2]string{min(a, b), max(a, b)} }

// same reports whether the record's former row and the new row are certainly the same movement. No two movements of an
// account have the same amount, so a row with another amount is another movement, unless its link names the former row.
func (m *model) same(old *record, v *row) bool {
	switch {
	case m.together[pair(old.row, v.id)]:
		return false
	case v.follows(old.row, old.content):
		return true
	case old.account != v.account || old.cents != v.cents:
		return false
	case old.status == "posted" && v.status == "posted" && daysApart(old.date, v.date) > 14:
		return false // the vendor has moved the row by an edit that no read has seen
	}
	settles := old.status == v.status || old.status == "pending"
	if settles && (old.endToEnd != "" && old.endToEnd == v.endToEnd || old.text == v.text && old.date == v.date) {
		return true
	}
	panic(fmt.Sprintf("the generator has made a doubtful pair: %+v and %+v", *old, *v))
}

// daysApart returns the number of days between two dates.
func daysApart(a, b string) int {
	from, _ := time.Parse(time.DateOnly, min(a, b))
	to, _ := time.Parse(time.DateOnly, max(a, b))
	return int(to.Sub(from) / (24 * time.Hour))
}

// apply changes the records as the service must change them after a read.
func (m *model) apply(r read) {
	if r.after == nil {
		m.begin()
	}
	shown := m.note(r.rows)
	gone := m.gone(r, shown)
	var fresh []*row
	for _, v := range r.rows {
		switch old := m.byRow[v.id]; {
		case v.unreadable: // it counts as present, but is not stored
		case old != nil:
			if old.content != v.content || old.removed {
				old.changed(1, 1)
			}
			old.take(v)
		case m.byPast[v.id] != nil:
			m.back(m.byPast[v.id], v, shown, gone)
		default:
			fresh = append(fresh, v)
		}
	}
	for _, v := range fresh {
		m.appear(v, gone, r.after)
	}
	for old := range gone {
		if old.live() && old.row == gone[old] {
			m.remove(old)
		}
	}
}

// note returns the rows by id, and remembers which rows of one movement were shown together.
func (m *model) note(rows []*row) map[string]*row {
	shown := make(map[string]*row, len(rows))
	type key struct {
		account string
		cents   int64
	}
	equal := map[key][]string{}
	for _, v := range rows {
		shown[v.id] = v
		k := key{v.account, v.cents}
		for _, other := range equal[k] {
			m.together[pair(v.id, other)] = true
		}
		equal[k] = append(equal[k], v.id)
	}
	for _, v := range rows {
		if shown[v.link] != nil {
			m.together[pair(v.id, v.link)] = true
		}
	}
	return shown
}

// gone returns the live records whose rows are proved to be gone, with the ids of these rows. There are two kinds of
// proof:
//
//   - As many successive complete reads as m.reads do not return the row. A read that is not complete does not count,
//     even if it returns the row.
//   - Plaid's stream reports the row as removed.
//
// If m.reads is not 1, the absence of an old row proves nothing, because Belvo purges rows by the age of their
// collection. A row is old if it is dated or was collected before the oldest returned row of its account.
func (m *model) gone(r read, shown map[string]*row) map[*record]string {
	gone := map[*record]string{}
	for _, id := range r.left {
		if old := m.byRow[id]; old != nil && old.live() {
			gone[old] = id
		}
	}
	if !r.proof {
		return gone
	}
	for _, old := range m.records {
		if shown[old.row] != nil {
			old.absent = 0
		}
	}
	oldest := map[string]*row{}
	for _, v := range r.rows {
		if first := oldest[v.account]; first == nil || v.date < first.date {
			oldest[v.account] = v
		}
	}
	for _, old := range m.records {
		if !old.live() || !r.accounts[old.account] || shown[old.row] != nil {
			continue
		}
		first := oldest[old.account]
		if m.reads > 1 && (old.date < first.date || old.collected.Before(first.collected)) {
			old.absent = 0
			continue
		}
		if old.absent++; old.absent >= m.reads {
			gone[old] = old.row
		}
	}
	return gone
}

// appear handles a row that belongs to no record. The row continues the record of a row that is gone, or it becomes a
// record of its own.
func (m *model) appear(v *row, gone map[*record]string, after []*record) {
	for _, old := range m.records {
		_, left := gone[old]
		if old.superseded != nil || !old.removed && !left || left && old.row != gone[old] || !m.same(old, v) {
			continue
		}
		// The new row creates a version. An earlier deletion has created another version, unless the same pull has
		// applied the deletion.
		old.changed(1, 1)
		if slices.Contains(after, old) {
			old.low-- // the removal was counted already
		}
		m.replace(old, v)
		return
	}
	r := &record{low: 1, high: 1}
	r.take(v)
	m.records = append(m.records, r)
	m.byRow[v.id] = r
}

// replace makes the record continue with another row.
func (m *model) replace(old *record, v *row) {
	old.past = append(old.past, old.row)
	m.byPast[old.row] = old
	delete(m.byRow, old.row)
	old.take(v)
	m.byRow[v.id] = old
}

// begin stores the lowest possible version of each record before a pull.
func (m *model) begin() {
	for _, r := range m.records {
		r.base = r.low
	}
}

// announce applies deletions that the vendor has announced, and returns the records that it has removed.
func (m *model) announce(ids []string) (removed []*record) {
	m.begin()
	removed = []*record{}
	for _, id := range ids {
		if old := m.byRow[id]; old != nil && old.live() {
			m.remove(old)
			if old.removed {
				removed = append(removed, old)
			}
		}
	}
	return removed
}

// remove marks a record as removed. If the new row of the same movement is already stored as a younger record, the
// older record continues with that row instead, and supersedes the younger one.
func (m *model) remove(old *record) {
	old.changed(1, 1)
	for _, younger := range m.records {
		v := &row{
			content: younger.content, id: younger.row, category: younger.category, collected: younger.collected,
			link: younger.link,
		}
		if younger == old || !younger.live() || younger.account != old.account ||
			younger.cents != old.cents && !v.follows(old.row, old.content) {
			continue
		}
		if m.same(old, v) {
			// The same pull may have read an edit. The contract leaves open whether the edit is a version of the
			// younger record or of the older one.
			if younger.low > younger.base {
				younger.low, old.high = younger.base, old.high+1
			}
			younger.changed(1, 1)
			younger.superseded, younger.removed = old, true
			m.replace(old, v)
			return
		}
	}
	old.removed = true
}

// back handles a former row of a record that the vendor returns again. There are three cases:
//
//   - The vendor also returns the present row. The replacement was wrong and is undone.
//   - The present row is gone. The record goes back to the former row.
//   - Otherwise the read proves nothing about the present row, and nothing changes.
func (m *model) back(old *record, v *row, shown map[string]*row, gone map[*record]string) {
	present := shown[old.row]
	if _, left := gone[old]; present == nil && !left {
		return
	}
	if slices.Index(old.past, v.id) != len(old.past)-1 {
		panic("the generator shows a past id that is not the last one")
	}
	delete(gone, old)
	delete(m.byRow, old.row)
	delete(m.byPast, v.id)
	old.past = old.past[:len(old.past)-1]
	old.changed(1, 4)
	if present == nil {
		m.byPast[old.row] = old
		old.returned = true
		// At Belvo, the previous read did not return the present row either, but it did not prove the removal of that
		// row. The service may already have undone the replacement after that read.
		open := m.reads > 1 && !m.stream
		m.open[old.row] = open
		for _, r := range m.records {
			r.open = r.open || open && r.superseded == old && r.row == old.row
		}
	} else {
		younger := &record{low: 1, high: 4}
		for _, r := range m.records {
			if r.superseded == old && r.row == present.id {
				younger = r
			}
		}
		if younger.superseded == nil {
			m.records = append(m.records, younger)
		} else {
			younger.changed(1, 4)
		}
		younger.superseded = nil
		younger.take(present)
		m.byRow[present.id] = younger
	}
	old.take(v)
	m.byRow[v.id] = old
}

// list records which accounts a read has listed, even if the read was not complete. An account that is listed again is
// no longer removed.
func (m *model) list(listed map[string]bool) {
	for external, a := range m.accounts {
		if listed[external] {
			a.absent, a.removed = 0, false
		}
	}
}

// readBalances is called after a read of changes. It updates the anchors (balances minus posted records) of the
// accounts that have a baseline. certain is false if a page of the read has failed.
func (m *model) readBalances(balances map[string]*int64, now time.Time, certain bool) {
	for external, balance := range balances {
		if a := m.accounts[external]; a != nil && a.anchored && balance != nil {
			a.anchor = *balance - m.posted(external)
			a.compared(now, certain)
		}
	}
}

// readAccounts changes the accounts as the service must change them after a complete read during which the vendor did
// not synchronise. balances contains the vendor's balance of each listed account in cents, or nil if the balance
// cannot be compared. certain is false if a page of the read has failed.
func (m *model) readAccounts(balances map[string]*int64, now time.Time, certain bool) {
	for external := range balances {
		if m.accounts[external] == nil {
			m.accounts[external] = &accountModel{}
		}
	}
	for external, a := range m.accounts {
		balance, listed := balances[external]
		if !listed {
			a.absent++
			a.removed = a.removed || a.absent >= m.reads
			continue
		}
		a.absent, a.removed, a.read = 0, false, true
		if balance == nil {
			continue
		}
		if a.anchor = *balance - m.posted(external); !a.anchored {
			a.anchored, a.baseline = true, a.anchor
		}
		a.compared(now, certain)
	}
}

// compared updates a.since, the times at which the present difference may have begun, after a read. If certain is
// false, the service may not have compared the balance in that read.
func (a *accountModel) compared(now time.Time, certain bool) {
	before := a.since
	if len(before) == 0 {
		before = []time.Time{{}}
	}
	a.since = nil
	for _, since := range before {
		a.since = append(a.since, began(since, a.anchor-a.baseline, now))
		if !certain {
			a.since = append(a.since, since)
		}
	}
	slices.SortFunc(a.since, time.Time.Compare)
	a.since = slices.CompactFunc(a.since, time.Time.Equal)
}

// began returns when the present difference began: at since, or now if since is zero. It returns the zero time if there
// is no difference.
func began(since time.Time, difference int64, now time.Time) time.Time {
	if difference == 0 {
		return time.Time{}
	}
	if since.IsZero() {
		return now
	}
	return since
}

// posted returns the sum of an account's posted records. It omits a record whose row is missing but not yet proved to
// be gone.
func (m *model) posted(account string) (sum int64) {
	for _, r := range m.records {
		if r.account == account && r.live() && r.status == "posted" && r.absent == 0 {
			sum += r.cents
		}
	}
	return sum
}

// sorted returns the records in the order of their external ids.
func (m *model) sorted() []*record {
	return slices.SortedFunc(slices.Values(m.records), func(a, b *record) int { return cmp.Compare(a.row, b.row) })
}
