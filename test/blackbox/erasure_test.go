package blackbox_test

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// erasureKills is the number of times that the service is killed while it erases connections. Each of these connections
// has pluggyRows rows if its vendor is Pluggy, and belvoRows rows if it is Belvo.
const (
	erasureKills = 20
	pluggyRows   = 1200
	belvoRows    = 400
)

// TestErasuresSurviveKills kills the service at random points while it erases connections. Afterwards every erasure
// must be complete, no data of the erased connections may be stored, and another connection must be unchanged.
func TestErasuresSurviveKills(t *testing.T) {
	t.Parallel()
	seed := seedOf(t)
	for name, database := range map[string]func(*testing.T) string{
		"sqlite":   func(*testing.T) string { return "" },
		"postgres": func(t *testing.T) string { return newDatabase(t).url },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			killErasures(t, newEnv(t, database(t)), rand.New(rand.NewPCG(seed, 7)), seed)
		})
	}
}

func killErasures(t *testing.T, h *env, random *rand.Rand, seed uint64) {
	p := h.serve()
	p.ready()
	var links []*link
	for i := range uint64(5) {
		links = append(links, newPluggy(t, seed+1+i, pluggyRows), newBelvo(t, seed+101+i, belvoRows))
	}
	for _, l := range links {
		l.connect(h, p)
		l.mustPost(t, p, l.fullPullEvent())
	}
	for _, l := range links {
		h.settle(p, l.id)
	}
	kept, erased := links[0], links[1:]
	before := h.all(p, "/aggregator-connections/"+kept.id+"/transactions")
	if len(before) != pluggyRows {
		t.Fatalf("%d transactions are stored", len(before))
	}
	for i := range erasureKills {
		if n := i / 2; i%2 == 0 && n < len(erased) { // before every second kill, another erasure starts
			path := "/aggregator-connections/" + erased[n].id + "/erasure"
			h.call(p, "POST", path, object{"atVendor": n%2 == 0}, http.StatusAccepted)
		}
		time.Sleep(time.Duration(random.IntN(900)) * time.Millisecond)
		p.kill()
		p = h.serve()
		p.ready()
	}
	running := 0
	for _, e := range h.all(p, "/erasures") {
		if e["status"] == "running" {
			running++
		}
	}
	began := time.Now()
	eventually(t, waitTimeout, "the end of the erasures", func() bool {
		done := 0
		for _, e := range h.all(p, "/erasures") {
			if e["status"] == "done" {
				done++
			}
		}
		return done == len(erased)
	})
	t.Logf("%d of %d erasures were running after %d kills, and ended within %s", running, len(erased), erasureKills,
		time.Since(began).Round(time.Second))
	after := h.all(p, "/aggregator-connections/"+kept.id+"/transactions")
	if len(after) != len(before) || kept.compareRows(t, after) > 0 {
		t.Errorf("the other connection has %d transactions, and had %d", len(after), len(before))
	}
	h.checkVersions(t, p, erased)
	var gone, present []string
	for _, l := range erased {
		_, account, _, _, _ := l.connectionValues()
		gone = append(gone, account, hex.EncodeToString([]byte(account)))
		for id := range l.facts {
			gone = append(gone, id, hex.EncodeToString([]byte(id)))
		}
	}
	for id := range kept.facts {
		present = append(present, id)
	}
	found := search(h.dump(t), slices.Concat(gone, present))
	for _, text := range gone {
		if found[text] {
			t.Fatalf("%s is still stored", text)
		}
	}
	for _, text := range present {
		if !found[text] {
			t.Fatalf("the row %s of the other connection is not found", text)
		}
	}
}

// search returns those of the texts that occur in haystack. For speed, it compares a text only at positions where the
// next eight bytes are equal to the first eight bytes of the text. Every text must have at least eight bytes.
func search(haystack string, texts []string) map[string]bool {
	const window = 8
	starting := map[uint64][]string{}
	for _, text := range texts {
		start := binary.BigEndian.Uint64([]byte(text[:window]))
		starting[start] = append(starting[start], text)
	}
	found := map[string]bool{}
	var last uint64
	for i := range len(haystack) {
		last = last<<8 | uint64(haystack[i])
		for _, text := range starting[last] {
			if i+1 >= window && strings.HasPrefix(haystack[i+1-window:], text) {
				found[text] = true
			}
		}
	}
	return found
}

// checkVersions checks that each transaction was erased exactly once, although the service was killed several times.
func (h *env) checkVersions(t *testing.T, p *process, erased []*link) {
	t.Helper()
	ids := map[string]bool{}
	for _, l := range erased {
		ids[l.id] = true
	}
	n, cursor := 0, ""
	for more := true; more; {
		page := h.call(p, "GET", "/transactions/changes?limit=1000"+cursor, nil, http.StatusOK)
		for _, item := range listed(page) {
			row, _ := item["transaction"].(object)
			if !ids[text(row, "connectionId")] {
				continue
			}
			if n++; item["change"] != "removed" || row["version"] != 2.0 || row["erasedAt"] == nil {
				t.Fatalf("the feed shows %v", item)
			}
		}
		more, cursor = page["hasMore"] == true, "&cursor="+text(page, "nextCursor")
	}
	if want := 5*belvoRows + 4*pluggyRows; n != want {
		t.Errorf("the feed shows %d erased transactions, want %d", n, want)
	}
}

// dump returns everything that the database has stored: the bytes of the SQLite files, or the output of pg_dump.
func (h *env) dump(t *testing.T) string {
	t.Helper()
	url := h.settings["DATABASE_URL"]
	if file, ok := strings.CutPrefix(url, "sqlite://"); ok {
		all := ""
		for _, name := range []string{file, file + "-wal"} {
			raw, err := os.ReadFile(name)
			if err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
			all += string(raw)
		}
		return all
	}
	installed, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pg_dump")
	if len(installed) == 0 {
		t.Skip("pg_dump is not installed")
	}
	out, err := exec.Command(installed[len(installed)-1], "--no-owner", url).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
