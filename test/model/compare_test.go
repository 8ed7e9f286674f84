package model_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"
)

// covered lists members of a transaction. A change of any of them creates a new version.
var covered = []string{
	"amount", "currency", "accountAmount", "accountCurrency", "status", "date", "occurredAt", "description",
	"counterparty", "counterpartyDocument", "references", "externalId", "accountId", "connectionId", "warnings",
	"removedAt", "erasedAt", "supersedes", "supersededBy", "possiblySupersedes",
}

// compare compares everything that a tenant sees with the model. It must be called when the service has read all
// changes that were made at the vendor of w.
func (l *life) compare(w *world) {
	ids := w.compareAccounts()
	w.compareRecords(ids)
	w.compareSums()
	w.compareHealth()
	w.compareCompleteness(ids)
	w.compareCloses(ids)
	w.compareClosesAsOf(ids)
	l.compareFeed()
	l.compareEvents()
	w.accept(ids)
	w.closeDay(ids)
}

// cents returns an amount of the API in cents.
func (l *life) cents(amount string) int64 {
	value, ok := new(big.Rat).SetString(amount)
	if !ok {
		l.fail("%q is no amount", amount)
	}
	value.Mul(value, big.NewRat(100, 1))
	if !value.IsInt() {
		l.fail("%q has parts of a cent", amount)
	}
	return value.Num().Int64()
}

// compareAccounts compares the accounts. It returns the service's account ids by the vendor's account ids.
func (w *world) compareAccounts() map[string]string {
	ids := map[string]string{}
	for _, a := range w.list(prefix + "/accounts?limit=200&connectionId=" + w.id) {
		external := text(a, "externalId")
		want := w.model.accounts[external]
		if want == nil || ids[external] != "" {
			w.fail("the account %s is unknown or twice in the list", external)
		}
		ids[external] = text(a, "id")
		if (a["removedAt"] != nil) != want.removed {
			w.fail("account %s: removedAt is %v, want removed %t", external, a["removedAt"], want.removed)
		}
	}
	if len(ids) != len(w.model.accounts) {
		w.fail("%d accounts, want %d", len(ids), len(w.model.accounts))
	}
	return ids
}

// compareRecords compares the list of records. Afterwards each record of the model has the service's id.
func (w *world) compareRecords(accounts map[string]string) {
	w.items = map[string]object{}
	byExternal := map[string][]object{}
	for _, item := range w.list(connections + "/" + w.id + "/transactions?limit=200") {
		if w.items[text(item, "id")] != nil {
			w.fail("the record %s is twice in the list", text(item, "id"))
		}
		w.items[text(item, "id")] = item
		byExternal[text(item, "externalId")] = append(byExternal[text(item, "externalId")], item)
	}
	bound := map[string]bool{}
	for _, r := range w.model.records {
		bound[r.id] = true
	}
	for _, r := range w.model.sorted() {
		for _, item := range byExternal[r.row] {
			supersededFits := r.open || (item["supersededBy"] != nil) == (r.superseded != nil)
			if id := text(item, "id"); r.id == "" && !bound[id] && supersededFits {
				r.id, bound[id] = id, true
			}
		}
		if r.id == "" {
			w.fail("no record has the row %s, want %+v; the records with this row are %v", r.row, *r, byExternal[r.row])
		}
	}
	for _, r := range w.model.sorted() {
		item := w.items[r.id]
		if item == nil {
			w.fail("the record %s of the row %s is no longer listed", r.id, r.row)
		}
		if difference := w.difference(r, item, accounts); difference != "" {
			history := w.life.list(transactions + "/" + r.id + "/history?limit=200")
			w.fail("%s\nthe record is %v\nwant %+v\nits history is %v", difference, item, *r, history)
		}
		r.low, r.high = number(item, "version"), number(item, "version")
	}
	if len(w.items) != len(w.model.records) {
		for id, item := range w.items {
			if item["removedAt"] != nil && w.model.open[text(item, "externalId")] {
				continue
			}
			if !slices.ContainsFunc(w.model.records, func(r *record) bool { return r.id == id }) {
				w.fail("a record that should not exist: %v", item)
			}
		}
	}
}

// difference describes how an item of the list differs from the record. It returns "" if they agree.
func (w *world) difference(r *record, item object, accounts map[string]string) string {
	if r.open && item["removedAt"] != nil {
		return ""
	}
	if version := number(item, "version"); version < r.low || version > r.high {
		return fmt.Sprintf("the version is %d, want %d to %d", version, r.low, r.high)
	}
	if r.superseded != nil {
		if text(item, "supersededBy") != r.superseded.id || item["removedAt"] == nil {
			return "the record is not superseded by " + r.superseded.id
		}
		return ""
	}
	references, _ := item["references"].(object)
	got := []any{
		item["removedAt"] != nil, text(item, "accountId"), w.cents(text(item, "amount")), text(item, "currency"),
		text(item, "date"), text(item, "description"), text(item, "status"), text(references, "endToEndId"),
		text(item, "category"), text(item, "externalId"), text(item, "connectionId"), text(item, "vendor"),
		item["possiblySupersedes"] == nil, item["supersededBy"] == nil, item["warnings"] == nil,
	}
	want := []any{
		r.removed, accounts[r.account], r.cents, "BRL", r.date, r.text, r.status, r.endToEnd,
		r.category, r.row, w.id, w.bank.vendor(), true, true, true,
	}
	for i := range want {
		if got[i] != want[i] {
			return fmt.Sprintf("%v, want %v", got[i], want[i])
		}
	}
	var past []string
	supersedes, _ := item["supersedes"].([]any)
	for _, entry := range supersedes {
		o, _ := entry.(object)
		past = append(past, text(o, "externalId"))
	}
	if !r.returned && !slices.Equal(past, r.past) {
		return fmt.Sprintf("supersedes has %v, want %v", past, r.past)
	}
	return ""
}

// sum contains the totals of one day in the summary.
type sum struct{ in, out, count int64 }

// compareSums compares the sums of posted records by day.
func (w *world) compareSums() {
	want := map[string]sum{}
	add := func(day string, cents int64) {
		s := want[day]
		s.in, s.out, s.count = s.in+max(cents, 0), s.out+max(-cents, 0), s.count+1
		want[day] = s
	}
	for _, r := range w.model.records {
		if r.live() && r.status == "posted" {
			add(r.date, r.cents)
			add("total", r.cents)
		}
	}
	got := map[string]sum{}
	answer := w.get(transactions + "/summary?status=posted&connectionId=" + w.id)
	note := func(day string, o object) {
		got[day] = sum{w.cents(text(o, "in")), w.cents(text(o, "out")), int64(number(o, "count"))}
	}
	for _, item := range itemsOf(answer) {
		note(text(item, "date"), item)
	}
	totals, _ := answer["total"].([]any)
	for _, total := range totals {
		o, _ := total.(object)
		note("total", o)
	}
	if !maps.Equal(want, got) {
		w.fail("the sums of posted records are %v, want %v", got, want)
	}
}

// compareHealth compares the health and the quarantine.
func (w *world) compareHealth() {
	health := w.get(connections + "/" + w.id + "/health")
	if health["health"] != "healthy" || health["warnings"] != nil {
		w.fail("the health is %v", health)
	}
	want := map[string]bool{}
	for _, v := range w.unreadable() {
		if slices.Contains(w.visible(), v) {
			want[v.id] = true
		}
	}
	quarantined := map[string]bool{}
	for _, item := range w.list(connections + "/" + w.id + "/quarantine?limit=200") {
		quarantined[text(item, "externalId")] = true
	}
	for id := range want {
		if !quarantined[id] {
			w.fail("the row %s is not in the quarantine", id)
		}
	}
	for id := range quarantined {
		if v := w.listedRow(id); v != nil && !v.unreadable && slices.Contains(w.visible(), v) {
			w.fail("the row %s is in the quarantine, but was read", id)
		}
	}
	if number(health, "quarantined") != len(quarantined) {
		w.fail("the health counts %v rows in the quarantine, want %d", health["quarantined"], len(quarantined))
	}
}

func (w *world) listedRow(id string) *row {
	for _, m := range w.movements {
		for _, v := range m.rows {
			if v.id == id {
				return v
			}
		}
	}
	return nil
}

// compareCompleteness compares the completeness of the listed accounts with the model. It skips accounts that no
// settled read has returned. A read is settled if the vendor did not synchronise during the read.
func (w *world) compareCompleteness(ids map[string]string) {
	for _, a := range w.accounts {
		want := w.model.accounts[a.external]
		if want == nil || !a.listed || !want.read {
			continue
		}
		got := w.get(prefix + "/accounts/" + ids[a.external] + "/completeness")
		checks, _ := got["checks"].([]any)
		var anchor object
		counted := false
		for _, check := range checks {
			switch o, _ := check.(object); o["check"] {
			case "balance_anchor":
				anchor = o
			case "announced_count":
				counted = o["state"] == got["state"]
			}
		}
		if !a.compared {
			// If the vendor has ever listed fewer rows than it announced, the account has the state of the check
			// announced_count.
			if anchor != nil && anchor["state"] != "unknown" || got["state"] != "unknown" && !counted {
				w.fail("account %s has an invoice balance, but is %v", a.external, got)
			}
			continue
		}
		difference := want.anchor - want.baseline
		if got["basis"] == "first_reading" {
			w.compareFirst(a.external, want, got, anchor)
			continue
		}
		want.confirmed = want.confirmed || got["state"] == "complete"
		fits := func(difference int64, since time.Time) bool {
			state := "complete"
			if !since.IsZero() && w.clock.Now().Sub(since) >= driftGrace {
				state = "drifting"
			}
			return w.cents(text(anchor, "difference")) == difference && got["state"] == state
		}
		may := func(since time.Time) bool { return fits(difference, since) }
		if !slices.ContainsFunc(want.since, may) || got["changedSince"] == true {
			w.fail("account %s is %v, want the difference %d since %v: %+v",
				a.external, got, difference, want.since, *want)
		}
	}
}

// compareFirst checks the completeness of an account whose baseline no later synchronisation has confirmed. Its state
// is unknown. It may stay so only while the vendor has not read the bank again, or while there is a difference.
func (w *world) compareFirst(external string, want *accountModel, got, anchor object) {
	readAt := text(got, "bankReadAt")
	if want.firstReadAt == "" {
		want.firstReadAt = readAt
	}
	differs := slices.ContainsFunc(want.since, func(since time.Time) bool { return !since.IsZero() })
	if got["state"] != "unknown" || anchor == nil || anchor["state"] != "unknown" || want.confirmed ||
		readAt != want.firstReadAt && !differs {
		w.fail("account %s is %v, and the bank was first read at %s: %+v", external, got, want.firstReadAt, *want)
	}
}

// hasUnreadable reports whether rows of the account are unreadable.
func (w *world) hasUnreadable(a *account) bool {
	return slices.ContainsFunc(w.unreadable(), func(v *row) bool { return v.account == a.external })
}

// accept sometimes accepts the difference between the balance and the records of a random account, as an operator
// does.
func (w *world) accept(ids map[string]string) {
	a := w.accounts[w.rand.IntN(len(w.accounts))]
	want := w.model.accounts[a.external]
	if !w.oneIn(4) || !a.compared || !a.listed || want == nil || want.anchor == want.baseline || w.hasUnreadable(a) {
		return
	}
	w.life.note("%s: accept the difference of %s", w.bank.vendor(), a.external)
	path := prefix + "/accounts/" + ids[a.external] + "/completeness/accept"
	w.call(http.StatusOK, http.MethodPost, path, object{"reason": "checked"})
	want.baseline, want.since = want.anchor, []time.Time{{}}
	w.compareCompleteness(ids)
}

// closedDay is a closed day of an account.
type closedDay struct {
	date, digest string
	at           string // the time of the close
	lines        map[string]string
	documents    map[string]string // by format; "" if the format is refused because no balance is known
}

// closeDay sometimes closes a day of an account, and sometimes reopens one.
func (w *world) closeDay(ids map[string]string) {
	a := w.accounts[w.rand.IntN(len(w.accounts))]
	if ids[a.external] == "" || !w.oneIn(4) {
		return
	}
	const mostCloses = 3
	path := prefix + "/accounts/" + ids[a.external] + "/closes/"
	if len(a.closes) == mostCloses {
		w.life.note("%s: reopen %s of %s", w.bank.vendor(), a.closes[0].date, a.external)
		w.call(http.StatusNoContent, http.MethodDelete, path+a.closes[0].date, nil)
		a.closes = a.closes[1:]
		w.reopened = true
		return
	}
	day := w.day(-3 - w.rand.IntN(60))
	if !slices.ContainsFunc(a.closes, func(c closedDay) bool { return c.date == day }) {
		w.closeOn(a, day, path)
	}
}

// closeOn closes a day of an account, and compares the close with the model. path is the path of the account's
// closes.
func (w *world) closeOn(a *account, day, path string) {
	w.life.note("%s: close %s of %s", w.bank.vendor(), day, a.external)
	got := w.decode(w.call(http.StatusOK, http.MethodPut, path+day, nil))
	var count, total int64
	lines := map[string]string{}
	for _, r := range w.model.records {
		if r.live() && r.account == a.external && r.date <= day {
			count, total = count+1, total+r.cents
			lines[r.id] = line(r.id, w.items[r.id])
		}
	}
	digest := digestOf(lines)
	if int64(number(got, "count")) != count || w.cents(text(got, "sum")) != total || text(got, "digest") != digest {
		w.fail("the close is %v, want %d records with the sum %d and the digest %s", got, count, total, digest)
	}
	a.closes = append(a.closes, closedDay{day, digest, text(got, "closedAt"), lines, w.documentsOf(path, day)})
}

// documentsOf returns the documents of a close. path is the path of the account's closes.
func (w *world) documentsOf(path, day string) map[string]string {
	documents := map[string]string{}
	for _, format := range []string{"camt053", "csv"} {
		statement := strings.TrimSuffix(path, "closes/") + "statement?close=" + day + "&format=" + format
		status, raw := w.send(http.MethodGet, statement, nil, "Bearer "+w.token)
		for try := 1; status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests; try++ {
			if try == 20 {
				w.fail("%s answered %d", statement, status)
			}
			time.Sleep(time.Second)
			status, raw = w.send(http.MethodGet, statement, nil, "Bearer "+w.token)
		}
		switch status {
		case http.StatusOK:
			documents[format] = string(raw)
		case http.StatusConflict:
			documents[format] = ""
		default:
			w.fail("%s answered %d: %s", statement, status, raw)
		}
	}
	return documents
}

// compareClosesAsOf reads the records as they were when each day was closed. Their digest must be equal to the digest
// of the close. The documents of the close must not have changed since the day was closed.
func (w *world) compareClosesAsOf(ids map[string]string) {
	for _, a := range w.accounts {
		for _, c := range a.closes {
			lines := map[string]string{}
			for _, o := range w.list(prefix + "/aggregator-connections/" + w.id + "/transactions?limit=200&asOf=" +
				url.QueryEscape(c.at) + "&to=" + c.date) {
				if text(o, "accountId") == ids[a.external] {
					lines[text(o, "id")] = line(text(o, "id"), o)
				}
			}
			if digestOf(lines) != c.digest {
				w.explain(ids[a.external], c.date, lines)
				w.fail("%s as of %s is not the close of %s\nas of then: %v\nclosed: %v",
					a.external, c.at, c.date, lines, c.lines)
			}
			path := prefix + "/accounts/" + ids[a.external] + "/closes/"
			for format, now := range w.documentsOf(path, c.date) {
				if then := c.documents[format]; now != then {
					w.fail("the document %s of the close of %s has changed\nnow:\n%s\nthen:\n%s",
						format, c.date, now, then)
				}
			}
			w.life.closesAsOf++
		}
	}
}

// line returns the text that stands for a record in the digest of a close.
func line(id string, o object) string {
	return strings.Join([]string{
		id, text(o, "date"), text(o, "status"), text(o, "amount"), text(o, "currency"), text(o, "accountAmount"),
		text(o, "accountCurrency"),
	}, "|") + "\n"
}

func digestOf(lines map[string]string) string {
	var all strings.Builder
	for _, id := range slices.Sorted(maps.Keys(lines)) {
		all.WriteString(lines[id])
	}
	digest := sha256.Sum256([]byte(all.String()))
	return hex.EncodeToString(digest[:])
}

// compareCloses undoes the adjustments of each close. The result must be the records that the close contained.
func (w *world) compareCloses(ids map[string]string) {
	adjusted := map[string]string{}
	for _, a := range slices.Concat(w.accounts, w.former) {
		for _, c := range a.closes {
			records := map[string]object{}
			for _, r := range w.model.records {
				if r.live() && r.account == a.external {
					records[r.id] = maps.Clone(w.items[r.id])
				}
			}
			for _, adjustment := range w.list(
				prefix + "/accounts/" + ids[a.external] + "/closes/" + c.date + "/adjustments?limit=200",
			) {
				id := text(adjustment, "transactionId")
				undo(records, id, adjustment)
				if adjusted[id] == "" || c.date < adjusted[id] {
					adjusted[id] = c.date
				}
			}
			lines := map[string]string{}
			for id, o := range records {
				if text(o, "date") <= c.date {
					lines[id] = line(id, o)
				}
			}
			then := maps.Clone(c.lines)
			if !maps.Equal(lines, then) {
				for id := range c.lines {
					if lines[id] == then[id] {
						delete(lines, id)
						delete(then, id)
					}
				}
				w.explain(ids[a.external], c.date, lines, then)
				w.fail("%s without the adjustments of %s is not the close\nonly now: %v\nonly then: %v",
					a.external, c.date, lines, then)
			}
		}
	}
	if w.life.feed.adjusted == nil {
		w.life.feed.adjusted = map[*world]map[string]string{}
	}
	w.life.feed.adjusted[w] = adjusted
}

// explain logs the adjustments of a close. It also logs the history of each record whose id is a key of one of the
// maps in different.
func (w *world) explain(account, date string, different ...map[string]string) {
	for _, lines := range different {
		for id := range lines {
			for _, v := range w.list(transactions + "/" + id + "/history?limit=200") {
				w.life.note("version %v at %v: %v, before %v, after %v",
					v["version"], v["at"], v["change"], v["before"], v["after"])
			}
		}
	}
	for _, a := range w.list(prefix + "/accounts/" + account + "/closes/" + date + "/adjustments?limit=200") {
		w.life.note("adjustment of %s: %v", date, a)
	}
}

// undo undoes an adjustment: it changes the record with this id in records to its state before the adjustment.
func undo(records map[string]object, id string, adjustment object) {
	before, hadBefore := adjustment["before"].(object)
	if !hadBefore {
		delete(records, id)
		return
	}
	if records[id] == nil || adjustment["after"] == nil {
		records[id] = object{}
	}
	for name, value := range before {
		records[id][name] = value
		if value == nil {
			delete(records[id], name)
		}
	}
}

// feed is a reader of the change feed. It keeps copies of its state at earlier cursors.
type feed struct {
	cursor   string
	state    map[string]object
	earlier  []feed
	adjusts  map[string]string            // the member adjusts of the last item of each record
	adjusted map[*world]map[string]string // the earliest closed day that each record adjusts
}

func newFeed() feed { return feed{state: map[string]object{}, adjusts: map[string]string{}} }

func (f feed) clone() feed {
	return feed{cursor: f.cursor, state: maps.Clone(f.state), adjusts: maps.Clone(f.adjusts)}
}

// follow reads the feed to its end.
func (l *life) follow(f *feed) {
	for {
		path := transactions + "/changes?limit=" + fmt.Sprint(1+l.reads.IntN(300))
		if f.cursor != "" {
			path += "&cursor=" + url.QueryEscape(f.cursor)
		}
		page := l.get(path)
		for _, item := range itemsOf(page) {
			l.take(f, item)
		}
		f.cursor = text(page, "nextCursor")
		if page["hasMore"] != true {
			return
		}
	}
}

// take checks an item of the feed, and applies it to the state of the reader.
func (l *life) take(f *feed, item object) {
	now, _ := item["transaction"].(object)
	id := text(now, "id")
	before := f.state[id]
	if number(now, "version") < number(before, "version") {
		l.fail("the feed goes back from version %d: %v", number(before, "version"), item)
	}
	if (text(item, "change") == "removed") != (now["removedAt"] != nil) {
		l.fail("the feed shows %v", item)
	}
	if before != nil && number(now, "version") == number(before, "version")+1 {
		want := []string{}
		for _, member := range covered {
			if !reflect.DeepEqual(before[member], now[member]) {
				want = append(want, member)
			}
		}
		got := []string{}
		all, _ := item["changed"].([]any)
		for _, member := range all {
			// The feed also lists category and metadata if they change together with a new version.
			if member != "category" && member != "metadata" {
				got = append(got, fmt.Sprint(member))
			}
		}
		if slices.Sort(want); !slices.Equal(want, slices.Sorted(slices.Values(got))) {
			l.fail("the feed says that %v changed, want %v: %v after %v", got, want, now, before)
		}
		if len(want) == 0 {
			l.fail("a version without a change: %v after %v", now, before)
		}
	}
	f.state[id] = now
	f.adjusts[id] = text(item, "adjusts")
}

// records returns the records of all connections, as they were when they were last compared.
func (l *life) records() map[string]object {
	all := map[string]object{}
	for _, w := range l.worlds {
		maps.Copy(all, w.items)
	}
	return all
}

// compareFeed reads the changes of the feed after the last cursor. Sometimes it also reads the feed again, from an
// earlier cursor or from the beginning. The resulting records must be equal to the listed records. On PostgreSQL, the
// feed shows a change only after all older transactions have ended.
func (l *life) compareFeed() {
	want := l.records()
	l.eventually("the feed", func() string {
		l.follow(&l.feed)
		return differs(want, l.feed.state)
	})
	const mostEarlier = 4
	if l.reads.IntN(3) == 0 {
		again := newFeed()
		if len(l.feed.earlier) > 0 && l.reads.IntN(2) == 0 {
			again = l.feed.earlier[l.reads.IntN(len(l.feed.earlier))].clone()
		}
		l.follow(&again)
		if difference := differs(want, again.state); difference != "" {
			l.fail("the feed from an earlier cursor: %s", difference)
		}
		for _, adjusted := range l.feed.adjusted {
			for id, day := range adjusted {
				if !l.reopened && again.adjusts[id] != day {
					l.fail("the feed says that %s adjusts %q, want %s", id, again.adjusts[id], day)
				}
			}
		}
	}
	if l.reads.IntN(3) == 0 {
		l.feed.earlier = append(l.feed.earlier, l.feed.clone())
		l.feed.earlier = l.feed.earlier[max(0, len(l.feed.earlier)-mostEarlier):]
	}
}

// differs describes the first record that is missing, is unexpected, or differs in its version or in a member in
// covered. It returns "" if the records are equal.
func differs(want, got map[string]object) string {
	for id, w := range want {
		g := got[id]
		if g == nil {
			return fmt.Sprintf("%v is missing", w)
		}
		for _, member := range append(covered, "version") {
			if !reflect.DeepEqual(w[member], g[member]) {
				return fmt.Sprintf("%s of %s is %v, want %v", member, id, g[member], w[member])
			}
		}
	}
	for id := range got {
		if want[id] == nil {
			return fmt.Sprintf("%v is too much", got[id])
		}
	}
	return ""
}

// compareEvents waits until the subscription has sent all events, and compares the received events with the records.
func (l *life) compareEvents() {
	want := l.records()
	l.eventually("the events", func() string {
		s := l.get(subscriptions + "/" + l.subscription)
		l.receiver.mu.Lock()
		defer l.receiver.mu.Unlock()
		if l.receiver.fault != "" {
			return l.receiver.fault
		}
		if got := fmt.Sprint(len(l.receiver.bySeq)); text(s, "position") != got || text(s, "lastSequence") != got {
			return fmt.Sprintf("%s events arrived, the subscription is %v", got, s)
		}
		first, last := map[string]event{}, map[string]event{}
		state := map[string]object{}
		for n := 1; n <= len(l.receiver.bySeq); n++ {
			e, exists := l.receiver.bySeq[n]
			if !exists {
				return fmt.Sprintf("the sequence %d is missing", n)
			}
			if _, known := first[e.subject]; !known {
				first[e.subject] = e
			}
			last[e.subject], state[e.subject] = e, e.data
		}
		for id, e := range first {
			if e.kind != "studio.lerian.discovery.transaction.added" {
				return fmt.Sprintf("the first event of %s is %s", id, e.kind)
			}
			// A record that was removed before its first event was sent has only this first event.
			removed := last[id].kind == "studio.lerian.discovery.transaction.removed"
			if last[id].id != e.id && removed != (want[id]["removedAt"] != nil) {
				return fmt.Sprintf("the last event of %s is %s, and the record is %v", id, last[id].kind, want[id])
			}
		}
		return differs(want, state)
	})
}

// checkHistories checks the histories of some records. No version may be missing, and each version must change
// something.
func (l *life) checkHistories() {
	left := 20
	for id := range l.records() {
		if left--; left < 0 {
			return
		}
		item := l.get(transactions + "/" + id) // it may have changed since the last comparison
		versions := l.list(transactions + "/" + id + "/history?limit=200")
		if len(versions) != number(item, "version") {
			l.fail("the history of %v has %d versions", item, len(versions))
		}
		for i, v := range versions {
			after, _ := v["after"].(object)
			first := number(v, "version") == 1
			if number(v, "version") != len(versions)-i || !first && len(after) == 0 && v["before"] == nil {
				l.fail("the history of %s: %v", id, versions)
			}
		}
	}
}
