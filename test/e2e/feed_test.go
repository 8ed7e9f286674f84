package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// follow reads the feed from a cursor to its end.
func (o operator) follow(cursor string, limit int) (all []object, next string) {
	o.t.Helper()
	for {
		page := o.get(changes + "?limit=" + digits(limit) + "&cursor=" + cursor)
		if cursor == "" {
			page = o.get(changes + "?limit=" + digits(limit))
		}
		body := page.want(200).members("items", "limit", "hasMore", "nextCursor")
		all = append(all, page.items()...)
		if cursor = text(body, "nextCursor"); body["hasMore"] == false {
			return all, cursor
		}
	}
}

// news follows the feed until it has told so many changes: one that has committed may wait
// there for transactions that began before it.
func (o operator) news(cursor string, limit, n int) (all []object, next string) {
	o.t.Helper()
	eventually(o.t, "the news", func() bool {
		var items []object
		items, cursor = o.follow(cursor, limit)
		all = append(all, items...)
		return len(all) >= n
	})
	return all, cursor
}

func TestTheFeed(t *testing.T) {
	eachBank(t, func(t *testing.T, w *world, b bank) {
		b.generate(t, 30)
		o := w.operator(t)
		if all, next := o.follow("", 200); len(all) != 0 || next == "" {
			t.Errorf("an empty feed has %d items and the cursor %q", len(all), next)
		}
		_, beginning := o.follow("", 200)
		id := o.connect(b, "main")
		door := o.mint(b, "main")
		o.tell(b, door, "all")
		o.succeeded(id)
		all, next := o.news(beginning, 7, len(b.truth(t)))
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
		o.tell(b, door, "created", added)
		o.succeeded(id)
		b.edit(t, added)
		o.tell(b, door, "updated", added)
		o.succeeded(id)
		items, next := o.news(next, 1, 1)
		// Who looks between the two sees them both; who looks afterwards, the row as it is.
		if kinds := count(items); kinds["modified"] != 1 || len(items) != 1 {
			t.Errorf("an addition and its edit show as %v", kinds)
		}
		b.remove(t, added)
		o.tell(b, door, "deleted", added)
		o.succeeded(id)
		items, next = o.news(next, 1000, 1)
		if kinds := count(items); kinds["removed"] != 1 || len(items) != 1 {
			t.Errorf("a removal shows as %v", kinds)
		}
		if diff := cmp.Diff(o.rows(id)[added], items[0]["transaction"]); diff != "" {
			t.Errorf("the feed shows another row (-list +feed):\n%s", diff)
		}
		o.waits(b, id, next)
		for _, bad := range []string{"limit=0", "limit=1001", "wait=31", "wait=-1", "wait=x", "cursor=x"} {
			name, _, _ := strings.Cut(bad, "=")
			o.get(changes+"?"+bad).problem(400, "MTCH-0001", "query."+name)
		}
	})
}

// waits holds the feed open until news comes.
func (o operator) waits(b bank, id, cursor string) {
	o.t.Helper()
	news := make(chan answer, 1)
	go func() {
		defer close(news) // also where the request fails, which ends this goroutine alone
		news <- o.get(changes + "?wait=30&cursor=" + cursor)
	}()
	b.add(o.t)
	o.pull(id, nil)
	told, answered := <-news
	if !answered {
		o.t.FailNow()
	}
	if items := told.want(200).items(); len(items) != 1 {
		o.t.Errorf("who waited was told %d items", len(items))
	}
}

// A reader beside writers never misses a row, whichever commits first.
func TestTheFeedBesideWriters(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const writers, rows = 3, 60
		o := w.operator(t)
		truth, ids := 0, []string{}
		for i := range writers {
			b := newPluggy(t, smallPages)
			b.generate(t, rows)
			truth += len(b.truth(t))
			id := o.connect(b, digits(i))
			ids = append(ids, id)
			o.do(http.MethodPost, of(id, "/pulls"), nil).want(202)
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
			o.succeeded(id)
		}
	})
}
