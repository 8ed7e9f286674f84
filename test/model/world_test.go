package model_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Limits of the random operations. They are lower than the limits in section 4 of the contract, at which the service
// holds removals back: a read that would remove 20 live rows of an account, or 20 deletions that are announced within
// an hour.
const (
	mostAbsent     = 12
	mostAnnounced  = 12
	announceWindow = 70 * time.Minute
	mostUnreadable = 3
)

// movement is a movement of money at the bank, together with the rows that the vendor lists for it.
type movement struct {
	account *account
	rows    []*row   // the rows that the vendor lists: none, one, or two while the movement changes its id
	last    *row     // the row that the vendor has listed last
	ids     []string // every id that the movement has had
	frozen  bool     // its id does not change any more, because the contract would leave the result open
}

// world is a connection to one vendor. It contains the vendor's data, and the model of what the service must store.
type world struct {
	*life
	bank      bank
	stream    stream // the bank, if its vendor has a stream of changes
	model     *model
	accounts  []*account
	former    []*account // accounts whose ids have changed
	movements []*movement
	announced map[string][]time.Time // when deletions were announced, by the vendor's id of the account
	fault     string                 // the fault injected into the last read

	id    string            // of the connection
	hook  webhookAddress    // of the connection
	items map[string]object // the records at the last comparison, by id
}

// complete reports whether every read of this vendor is complete. This is so for Belvo, which cannot filter rows by
// id or by time of creation.
func (w *world) complete() bool { return w.bank.vendor() == "belvo" }

func newWorld(l *life, b bank) *world {
	reads := 2
	if b.vendor() == "pluggy" {
		reads = 1
	}
	changes, hasStream := b.(stream)
	w := &world{
		life: l, bank: b, stream: changes, model: newModel(reads, hasStream), announced: map[string][]time.Time{},
	}
	for i, kind := range []accountKind{checking, savings, card} {
		number := fmt.Sprintf("%d%04d%d", 30+reads, l.rand.IntN(10000), i)
		a := &account{kind: kind, listed: true, compared: kind != card || b.vendor() == "plaid"}
		a.external = b.addAccount(kind, number)
		w.accounts = append(w.accounts, a)
		const rungs = 4
		for rung := range rungs {
			v := w.newRow(a)
			v.date = l.day(-300 + 3*rung)
			v.collected = l.clock.Now().AddDate(0, 0, -100+rung)
			a.ladder = append(a.ladder, v)
			b.put(a, v)
		}
		for range 4 {
			w.add()
		}
	}
	return w
}

// day returns the date that is offset days after the first day of the life.
func (l *life) day(offset int) string { return l.began.AddDate(0, 0, offset).Format(time.DateOnly) }

// newRow returns a row of a new movement. No other movement has the same amount or the same text.
func (w *world) newRow(a *account) *row {
	now := w.clock.Now()
	v := &row{
		id: w.newID(), created: now, collected: now.Truncate(time.Microsecond), category: w.word(),
		content: content{
			account: a.external, cents: w.amount(), date: w.day(-w.rand.IntN(60) - 1), text: w.text(), status: "posted",
		},
	}
	if w.rand.IntN(3) == 0 {
		v.status = "pending"
	}
	if w.stream == nil && w.rand.IntN(2) == 0 {
		v.endToEnd = w.endToEnd(v.date)
	}
	return v
}

// newID returns a random UUID.
func (l *life) newID() string {
	var id uuid.UUID
	for i := range id {
		id[i] = byte(l.rand.Uint32())
	}
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return id.String()
}

// amount returns an amount that no movement of this life has had.
func (l *life) amount() int64 {
	for {
		cents := 100 + l.rand.Int64N(5_000_000)
		if l.amounts[cents] {
			continue
		}
		l.amounts[cents] = true
		if l.rand.IntN(3) > 0 {
			return -cents
		}
		return cents
	}
}

// word returns a word that means nothing.
func (l *life) word() string {
	var text strings.Builder
	for range 4 {
		text.WriteByte("BDFGKLMNPRSTVZ"[l.rand.IntN(14)])
		text.WriteByte("AEIOU"[l.rand.IntN(5)])
	}
	return text.String()
}

func (l *life) text() string { return l.word() + " " + l.word() }

// endToEnd returns an end-to-end id of a Pix: E, the bank, the minute and eleven letters or digits.
func (l *life) endToEnd(date string) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	tail := make([]byte, 11)
	for i := range tail {
		tail[i] = letters[l.rand.IntN(len(letters))]
	}
	return fmt.Sprintf("E18236120%s%02d%02d%s",
		strings.ReplaceAll(date, "-", ""), l.rand.IntN(24), l.rand.IntN(60), tail)
}

// records returns the records of a movement that are not superseded.
func (w *world) records(m *movement) (found []*record) {
	for _, id := range m.ids {
		for _, r := range []*record{w.model.byRow[id], w.model.byPast[id]} {
			if r != nil && !slices.Contains(found, r) {
				found = append(found, r)
			}
		}
	}
	return found
}

// known reports whether the movement has exactly one row, the row is readable, and the service has either no record of
// the movement or one record with this row.
func (w *world) known(m *movement) bool {
	records := w.records(m)
	return len(m.rows) == 1 && !m.rows[0].unreadable &&
		(len(records) == 0 || len(records) == 1 && records[0].row == m.rows[0].id)
}

// continues reports whether the record would certainly continue with a copy of v that has another id.
func continues(r *record, v *row) bool {
	c := v.content
	return v.follows(r.row, r.content) || r.content == c ||
		c.endToEnd != "" && r.endToEnd == c.endToEnd && r.account == c.account &&
			r.cents == c.cents && (r.status == c.status || r.status == "pending")
}

// movable reports whether the contract determines the result if the movement's row gets another id.
func (w *world) movable(m *movement) bool {
	if m.frozen || !w.known(m) || !w.mayLeave(m.account) {
		return false
	}
	records := w.records(m)
	return len(records) == 1 && records[0].live() && continues(records[0], m.rows[0])
}

// changing reports whether a movement is changing its id: the service has not yet learned of the new row, or not yet
// of the removal of the old row.
func (w *world) changing() bool {
	return slices.ContainsFunc(w.movements, func(m *movement) bool {
		records := w.records(m)
		return len(m.rows) == 2 || len(records) == 2 ||
			len(m.rows) == 1 && len(records) == 1 && records[0].row != m.rows[0].id
	})
}

// absent returns how many live records of the account have rows that the vendor no longer lists.
func (w *world) absent(a *account) (n int) {
	listed := map[string]bool{}
	for _, v := range w.rowsOf(a) {
		listed[v.id] = true
	}
	for _, r := range w.model.records {
		if r.live() && r.account == a.external && !listed[r.row] {
			n++
		}
	}
	return n
}

// mayLeave reports whether one more row of the account can be removed without a mass removal. A stream announces all
// removals, so recent announcements count, too.
func (w *world) mayLeave(a *account) bool {
	n := w.absent(a)
	if w.stream != nil {
		n += w.recentlyAnnounced(a.external)
	}
	return n < mostAbsent
}

// recentlyAnnounced returns how many deletions of the account's rows were announced within announceWindow.
func (w *world) recentlyAnnounced(account string) int {
	w.announced[account] = slices.DeleteFunc(w.announced[account], func(at time.Time) bool {
		return at.Before(w.clock.Now().Add(-announceWindow))
	})
	return len(w.announced[account])
}

// rowsOf returns the rows of an account that the vendor lists.
func (w *world) rowsOf(a *account) (rows []*row) {
	rows = slices.Clone(a.ladder)
	for _, m := range w.movements {
		if m.account == a {
			rows = append(rows, m.rows...)
		}
	}
	return rows
}

// pick returns a random movement of a listed account for which fits returns true. It returns nil if none is found in
// 30 tries.
func (w *world) pick(fits func(*movement) bool) *movement {
	for range 30 {
		if len(w.movements) == 0 {
			return nil
		}
		if m := w.movements[w.rand.IntN(len(w.movements))]; m.account.listed && fits(m) {
			return m
		}
	}
	return nil
}

// show makes the vendor list a row of the movement. A row that was listed before counts as changed, not as new.
func (w *world) show(m *movement, v *row) {
	w.noteShown(m, v)
	w.bank.put(m.account, v)
}

// noteShown records that the vendor lists a row of the movement.
func (w *world) noteShown(m *movement, v *row) {
	v.collected = w.clock.Now().Truncate(time.Microsecond)
	m.rows, m.last = append(slices.Clone(m.rows), v), v
	a := m.account
	a.deleted = slices.DeleteFunc(a.deleted, func(o *row) bool { return o.id == v.id })
	if slices.Contains(m.ids, v.id) {
		v.created = w.began
		a.updated = append(a.updated, v)
	} else {
		v.created = w.clock.Now()
		m.ids = append(m.ids, v.id)
		a.created = append(a.created, v)
	}
}

// hide removes a row of the movement from the vendor's lists.
func (w *world) hide(m *movement, v *row) {
	a := m.account
	m.rows = slices.DeleteFunc(slices.Clone(m.rows), func(o *row) bool { return o == v })
	same := func(o *row) bool { return o.id == v.id }
	a.created, a.updated = slices.DeleteFunc(a.created, same), slices.DeleteFunc(a.updated, same)
	a.deleted = append(a.deleted, v)
	w.bank.drop(v.id)
}

// change replaces the movement's only row by an edited copy.
func (w *world) change(m *movement, edit func(*row)) {
	v := *m.rows[0]
	v.collected = w.clock.Now().Truncate(time.Microsecond)
	edit(&v)
	m.rows, m.last = []*row{&v}, &v
	m.account.updated = append(slices.DeleteFunc(m.account.updated, func(o *row) bool { return o.id == v.id }), &v)
	m.account.created = replaced(m.account.created, &v)
	w.bank.put(m.account, &v)
}

// replaced returns a copy of rows in which v replaces the row with the same id.
func replaced(rows []*row, v *row) []*row {
	rows = slices.Clone(rows)
	for i, o := range rows {
		if o.id == v.id {
			rows[i] = v
		}
	}
	return rows
}

// add makes a new movement.
func (w *world) add() string {
	a := w.accounts[w.rand.IntN(len(w.accounts))]
	if !a.listed {
		return ""
	}
	m := &movement{account: a}
	w.movements = append(w.movements, m)
	v := w.newRow(a)
	w.show(m, v)
	return about(v)
}

// operation is one kind of random operation of the vendor. do returns "" if the operation is not possible at present.
type operation struct {
	name   string
	weight int
	do     func(w *world) string
	// reads returns the number of complete reads that must follow at once, while the vendor is not synchronising. The
	// contract leaves open what the service knows before these reads.
	reads func(w *world) int
}

func once(*world) int    { return 1 }
func proof(w *world) int { return w.model.reads }

func about(v *row) string { return fmt.Sprintf("%s %+v", v.id, v.content) }

// oneIn returns true with a probability of 1/n.
func (l *life) oneIn(n int) bool { return l.rand.IntN(n) == 0 }

var operations = []operation{
	{"add", 22, (*world).add, nil},
	{"edit quietly", 12, (*world).editQuietly, nil},
	{"edit", 18, (*world).edit, nil},
	{"change id", 16, (*world).changeID, nil},
	{"delete", 10, (*world).delete, nil},
	{"show the same id again", 5, (*world).restore, nil},
	{"show again under a new id", 6, (*world).recreate, nil},
	{"show twice", 3, (*world).double, nil},
	{"end showing twice", 4, (*world).undouble, nil},
	{"return to a past id", 1, (*world).goBack, proof},
	{"show a past id beside the present one", 1, (*world).resurrect, once},
	{"make unreadable", 2, (*world).spoil, nil},
	{"heal", 2, (*world).heal, nil},
	{"change a balance", 1, (*world).shiftBalance, nil},
	{"end listing an account", 1, (*world).vanish, nil},
	{"list an account again", 2, (*world).reappear, nil},
	{"purge", 1, (*world).purge, nil},
}

// operate does one random operation, and returns its kind and a description.
func (w *world) operate() (operation, string) {
	total := 0
	for _, o := range operations {
		total += o.weight
	}
	for {
		n := w.rand.IntN(total)
		for _, o := range operations {
			if n -= o.weight; n < 0 {
				if done := o.do(w); done != "" {
					return o, o.name + " " + done
				}
				break
			}
		}
	}
}

func (w *world) editQuietly() string {
	m := w.pick(func(m *movement) bool { return len(m.rows) == 1 })
	if m == nil {
		return ""
	}
	w.change(m, func(v *row) { v.category = w.word() })
	return m.rows[0].id
}

// edit changes a member of a row so that a new version results. If the movement is changing its id, edit keeps the
// members by which the service recognises the row.
func (w *world) edit() string {
	changing := false
	m := w.pick(func(m *movement) bool {
		if w.known(m) {
			changing = false
			return true
		}
		changing = true
		return !m.frozen && len(m.rows) == 1 && !m.rows[0].unreadable &&
			!slices.ContainsFunc(w.records(m), func(r *record) bool {
				v := m.rows[0]
				return !continues(r, v) || v.endToEnd == "" && !v.follows(r.row, r.content)
			})
	})
	if m == nil {
		return ""
	}
	w.change(m, func(v *row) {
		switch kind := w.rand.IntN(4); {
		case kind == 0 || changing:
			v.text = w.text()
		case kind == 1:
			v.cents = w.amount()
		case kind == 2:
			v.date = w.day(-w.rand.IntN(60) - 1)
		case v.status == "pending" && w.stream == nil: // Plaid never edits the status
			v.status = "posted"
		default:
			v.text = w.text()
		}
	})
	return about(m.rows[0])
}

// successor returns a row with another id that certainly describes the same movement as old.
func (w *world) successor(old *row) *row {
	v := *old
	v.id, v.category, v.unreadable, v.link = w.newID(), w.word(), false, ""
	if v.status == "pending" && w.oneIn(2) {
		v.status = "posted"
	}
	if v.endToEnd != "" && w.oneIn(2) {
		v.text = w.text()
		// The service recognises no row that is dated more than 62 days from the old one (docs/internals/matching.md).
		if day, err := time.Parse(time.DateOnly, v.date); err == nil && w.oneIn(2) {
			v.date = day.AddDate(0, 0, -w.rand.IntN(4)).Format(time.DateOnly)
		}
	}
	if w.stream != nil && v.follows(w.linked(&v, old), old.content) {
		if w.oneIn(2) {
			v.text = w.text()
		}
		if w.oneIn(3) { // a tip
			v.cents = w.amountLike(v.cents)
		}
		if day, err := time.Parse(time.DateOnly, v.date); err == nil && w.oneIn(2) {
			v.date = day.AddDate(0, 0, w.rand.IntN(4)-3).Format(time.DateOnly)
		}
	}
	return &v
}

// linked sometimes links v to the pending row old, which v replaces. It sets a link only if a record has the row old.
// It returns the link of v, or "" if v has none.
func (w *world) linked(v, old *row) string {
	if w.model.byRow[old.id] != nil && w.rand.IntN(3) > 0 {
		v.link = old.id
	}
	if !v.follows(old.id, old.content) {
		v.link = ""
	}
	return v.link
}

// amountLike returns a new amount with the same sign.
func (w *world) amountLike(cents int64) int64 {
	fresh := w.amount()
	if fresh > 0 != (cents > 0) {
		fresh = -fresh
	}
	return fresh
}

func (w *world) changeID() string {
	m := w.pick(w.movable)
	if m == nil {
		return ""
	}
	old := m.rows[0]
	v := w.successor(old)
	w.hide(m, old)
	w.show(m, v)
	return old.id + " to " + about(v)
}

func (w *world) delete() string {
	m := w.pick(func(m *movement) bool {
		if len(m.rows) != 1 || !w.mayLeave(m.account) {
			return false
		}
		records := w.records(m)
		present := w.model.byRow[m.rows[0].id]
		return len(records) == 0 || len(records) == 1 && (present == nil || present == records[0])
	})
	if m == nil {
		return ""
	}
	v := m.rows[0]
	w.hide(m, v)
	return v.id
}

// deleted reports whether the vendor lists no row of the movement, and the service has at most one record of it.
func (w *world) deleted(m *movement) bool { return len(m.rows) == 0 && len(w.records(m)) <= 1 }

func (w *world) restore() string {
	m := w.pick(func(m *movement) bool {
		if !w.deleted(m) {
			return false
		}
		records := w.records(m)
		return len(records) == 0 || records[0].row == m.last.id
	})
	if m == nil {
		return ""
	}
	v := *m.last
	v.unreadable = false
	if w.oneIn(3) {
		v.text = w.text()
	}
	w.show(m, &v)
	return about(&v)
}

func (w *world) recreate() string {
	m := w.pick(func(m *movement) bool {
		if m.frozen || !w.deleted(m) {
			return false
		}
		records := w.records(m)
		return len(records) == 1 && continues(records[0], &row{content: m.last.content})
	})
	if m == nil {
		return ""
	}
	v := w.successor(m.last)
	w.show(m, v)
	return m.ids[len(m.ids)-2] + " to " + about(v)
}

// double makes the vendor list a second row of a movement together with the first one.
func (w *world) double() string {
	m := w.pick(w.movable)
	if m == nil {
		return ""
	}
	v := w.successor(m.rows[0])
	w.show(m, v)
	return m.rows[0].id + " and " + about(v)
}

// undouble makes the vendor remove the older row of a movement with two rows.
func (w *world) undouble() string {
	m := w.pick(func(m *movement) bool { return len(m.rows) == 2 && w.mayLeave(m.account) })
	if m == nil {
		return ""
	}
	v := m.rows[0]
	w.hide(m, v)
	return v.id
}

// hasPast reports whether the movement's record has had an earlier row, to which the vendor can return.
func (w *world) hasPast(m *movement) bool {
	if !m.account.listed || !w.movable(m) {
		return false
	}
	r := w.records(m)[0]
	return len(r.past) > 0 && !r.returned && r.content == m.rows[0].content
}

func (w *world) goBack() string {
	m := w.pick(w.hasPast)
	if m == nil {
		return ""
	}
	v := *m.rows[0]
	r := w.records(m)[0]
	v.id = r.past[len(r.past)-1]
	present := m.rows[0]
	v.link = ""
	w.hide(m, present)
	w.show(m, &v)
	m.frozen = w.complete() // the first read without the present row leaves open what the service does
	return present.id + " to " + v.id
}

func (w *world) resurrect() string {
	m := w.pick(w.hasPast)
	if m == nil {
		return ""
	}
	v := *m.rows[0]
	r := w.records(m)[0]
	v.id, v.link = r.past[len(r.past)-1], ""
	w.show(m, &v)
	return v.id + " beside " + m.rows[0].id
}

// separate splits a movement into two if one read has shown both of its rows.
func (w *world) separate() {
	for _, m := range w.movements {
		if len(m.rows) != 2 || !w.model.together[pair(m.rows[0].id, m.rows[1].id)] {
			continue
		}
		other := m.rows[1]
		m.rows, m.last, m.frozen = m.rows[:1:1], m.rows[0], true
		m.ids = slices.DeleteFunc(m.ids, func(id string) bool { return id == other.id })
		w.movements = append(w.movements, &movement{
			account: m.account, rows: []*row{other}, last: other, ids: []string{other.id}, frozen: true,
		})
	}
}

// unreadable returns the rows that the vendor sends in an unreadable form.
func (w *world) unreadable() (rows []*row) {
	for _, m := range w.movements {
		for _, v := range m.rows {
			if v.unreadable {
				rows = append(rows, v)
			}
		}
	}
	return rows
}

func (w *world) spoil() string {
	m := w.pick(w.known)
	if m == nil || len(w.unreadable()) >= mostUnreadable {
		return ""
	}
	w.change(m, func(v *row) { v.unreadable = true })
	return m.rows[0].id
}

func (w *world) heal() string {
	m := w.pick(func(m *movement) bool { return len(m.rows) == 1 && m.rows[0].unreadable })
	if m == nil {
		return ""
	}
	w.change(m, func(v *row) { v.unreadable = false })
	return m.rows[0].id
}

func (w *world) shiftBalance() string {
	a := w.accounts[w.rand.IntN(len(w.accounts))]
	if a.offset != 0 && w.oneIn(2) {
		a.offset = 0
	} else {
		a.offset += 1 + w.rand.Int64N(10_000)
	}
	return fmt.Sprintf("of %s by %d", a.external, a.offset)
}

func (w *world) vanish() string {
	a := w.accounts[w.rand.IntN(len(w.accounts))]
	if !a.listed || w.absent(a) > 0 {
		return ""
	}
	a.listed = false
	w.bank.setListed(a.external, false)
	return a.external
}

func (w *world) reappear() string {
	a := w.accounts[w.rand.IntN(len(w.accounts))]
	if a.listed {
		return ""
	}
	a.listed = true
	w.bank.setListed(a.external, true)
	return a.external
}

// purge makes Belvo drop its oldest row of an account. The service must not treat this as a deletion.
func (w *world) purge() string {
	a := w.accounts[w.rand.IntN(len(w.accounts))]
	if w.bank.vendor() != "belvo" || len(a.ladder) < 2 {
		return ""
	}
	v := a.ladder[0]
	a.ladder = a.ladder[1:]
	if v.status == "posted" {
		a.purged += v.cents
	}
	w.bank.drop(v.id)
	return about(v)
}
