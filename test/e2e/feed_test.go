package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// follow reads the feed from cursor to its end, in pages of at most limit items. It returns all items and the cursor
// after the last item.
func (o operator) follow(cursor string, limit int) (items []object, next string) {
	o.t.Helper()
	for {
		page := o.get(changes + "?limit=" + digits(limit) + "&cursor=" + cursor)
		if cursor == "" {
			page = o.get(changes + "?limit=" + digits(limit))
		}
		body := page.want(200).members("items", "limit", "hasMore", "nextCursor")
		items = append(items, page.items()...)
		if cursor = text(body, "nextCursor"); body["hasMore"] == false {
			return items, cursor
		}
	}
}

// changesFrom reads the feed until it has got n changes. It may have to poll, because the feed withholds a committed
// change until the transactions that started before it have ended.
func (o operator) changesFrom(cursor string, limit, n int) (all []object, next string) {
	o.t.Helper()
	eventually(o.t, "the changes", func() bool {
		var items []object
		items, cursor = o.follow(cursor, limit)
		all = append(all, items...)
		return len(all) >= n
	})
	return all, cursor
}

func TestTheFeed(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		b.generate(t, 30)
		o := w.operator(t)
		if all, next := o.follow("", 200); len(all) != 0 || next == "" {
			t.Errorf("an empty feed has %d items and the cursor %q", len(all), next)
		}
		_, beginning := o.follow("", 200)
		id := o.connect(b, "main")
		hook := o.mint(b, "main")
		o.announce(b, hook, "all")
		o.waitForSuccess(id)
		all, next := o.changesFrom(beginning, 7, len(b.truth(t)))
		versions := map[string]float64{}
		count := func(items []object) (kinds map[string]int) {
			kinds = map[string]int{}
			for _, item := range items {
				row, _ := item["transaction"].(object)
				kinds[text(item, "change")]++
				version, _ := row["version"].(float64)
				if external := text(row, "externalId"); version < versions[external] {
					t.Errorf("%s goes back to version %v", external, version)
				} else {
					versions[external] = version
				}
			}
			return kinds
		}
		if kinds := count(all); kinds["added"] != len(b.truth(t)) || len(all) != kinds["added"] {
			t.Errorf("the first pull shows as %v", kinds)
		}
		added := b.add(t)
		o.announce(b, hook, "created", added)
		o.waitForSuccess(id)
		b.edit(t, added)
		o.announce(b, hook, "updated", added)
		o.waitForSuccess(id)
		items, next := o.changesFrom(next, 1, 1)
		// A reader that polls between the addition and the edit gets one item for each. A reader that polls only after
		// the edit gets one item with the current row.
		if kinds := count(items); kinds["modified"] != 1 || len(items) != 1 {
			t.Errorf("an addition and its edit show as %v", kinds)
		}
		b.remove(t, added)
		o.announce(b, hook, "deleted", added)
		o.waitForSuccess(id)
		items, next = o.changesFrom(next, 1000, 1)
		if kinds := count(items); kinds["removed"] != 1 || len(items) != 1 {
			t.Errorf("a removal shows as %v", kinds)
		}
		if diff := cmp.Diff(o.rows(id)[added], items[0]["transaction"]); diff != "" {
			t.Errorf("the feed shows another row (-list +feed):\n%s", diff)
		}
		o.checkWait(b, id, next)
		for _, bad := range []string{"limit=0", "limit=1001", "wait=31", "wait=-1", "wait=x", "cursor=x"} {
			name, _, _ := strings.Cut(bad, "=")
			o.get(changes+"?"+bad).problem(400, "MTCH-0001", "query."+name)
		}
	})
}

// checkWait sends a request for the feed with the parameter wait, then causes a change, and checks that the response
// contains that change.
func (o operator) checkWait(b bank, id, cursor string) {
	o.t.Helper()
	kind := make(chan response, 1)
	go func() {
		// If the request fails, only this goroutine ends. Closing the channel then also ends the receive below.
		defer close(kind)
		kind <- o.get(changes + "?wait=30&cursor=" + cursor)
	}()
	b.add(o.t)
	o.pull(id, nil)
	announced, answered := <-kind
	if !answered {
		o.t.FailNow()
	}
	if items := announced.want(200).items(); len(items) != 1 {
		o.t.Errorf("the waiting request got %d items", len(items))
	}
}

// A reader that runs concurrently with writers must never miss a row, regardless of the order of the commits.
func TestTheFeedMissesNothingWhileWritersCommit(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		const writers, rows = 3, 60
		o := w.operator(t)
		truth, ids := 0, []string{}
		for i := range writers {
			b := newPluggy(t, smallPages)
			b.generate(t, rows)
			truth += len(b.truth(t))
			id := o.connect(b, digits(i))
			ids = append(ids, id)
			o.send(http.MethodPost, pathOf(id, "/pulls"), nil).want(202)
		}
		seen, cursor := map[string]bool{}, ""
		eventually(t, "every row in the feed", func() bool {
			var items []object
			items, cursor = o.follow(cursor, 10)
			for _, item := range items {
				row, _ := item["transaction"].(object)
				seen[text(row, "id")] = true
			}
			return len(seen) == truth
		})
		for _, id := range ids {
			o.waitForSuccess(id)
		}
	})
}
