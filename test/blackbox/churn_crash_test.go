package blackbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/belvo/belvosim"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

// TestKilledPullsKeepIDs changes all row ids of an account before or while a process pulls it, and kills the process
// with SIGKILL between two pages. Another process takes up the pull. Each row must keep the id of its record.
//
// CHURN_CRASH_ROWS is the number of rows. By default the lists of both vendors have several pages.
func TestKilledPullsKeepIDs(t *testing.T) {
	for backend, at := range map[string]func(*testing.T) string{
		"sqlite":   func(*testing.T) string { return "" },
		"postgres": func(t *testing.T) string { return newDatabase(t).url },
	} {
		t.Run(backend, func(t *testing.T) {
			t.Parallel()
			for _, moment := range []string{"before the pull", "while the pull waits for a page"} {
				t.Run(moment, func(t *testing.T) {
					h := newEnv(t, at(t))
					for vendor, l := range map[string]*link{
						"pluggy": newPluggy(t, 1, 0), "belvo": newBelvo(t, 2, 0),
					} {
						t.Run(vendor, func(t *testing.T) {
							c := churnCrash{env: h, link: l}
							c.run(t, moment == "before the pull")
						})
					}
				})
			}
		})
	}
}

// churnCrash is an account whose row ids all change. The process that pulls the account is killed.
type churnCrash struct {
	*env
	link *link
	old  []string // the external ids before the change; now contains those after the change
	now  []string
}

func (c *churnCrash) run(t *testing.T, before bool) {
	p := c.serve()
	p.ready()
	n := c.fill(t)
	c.link.connect(c.env, p)
	for range 2 {
		c.pull(p)
		c.settle(p)
	}
	known := c.liveRecords(p)
	if len(known) != n {
		t.Fatalf("%d records before the change, want %d", len(known), n)
	}
	if before {
		c.changeIDs(t)
	}
	c.link.hang(1)
	c.pull(p)
	eventually(t, waitTimeout, "the request of the second page", func() bool { return c.link.faults() > 0 })
	p.kill()
	if !before {
		c.changeIDs(t)
	}
	c.link.clearFaults()
	p = c.serve()
	p.ready()
	c.settle(p)
	for range 3 {
		c.pull(p)
		c.settle(p)
	}
	after, kept := c.liveRecords(p), 0
	for i, old := range c.old {
		if after[c.now[i]] != "" && after[c.now[i]] == known[old] {
			kept++
		}
	}
	if kept != n || len(after) != n {
		t.Errorf("%d of %d transactions keep their record; %d records are live", kept, n, len(after))
	}
	t.Logf("%d of %d transactions keep their record", kept, n)
	p.kill()
}

// settle waits for the end of the pulls. The timeout is long: Pluggy's list of 10,000 rows has 400 pages, and the lease
// of a killed process may have to end first.
func (c *churnCrash) settle(p *process) { c.settleWithin(10*time.Minute, p, c.link.id) }

func (c *churnCrash) pull(p *process) {
	c.call(p, http.MethodPost, "/aggregator-connections/"+c.link.id+"/pulls", nil, http.StatusAccepted)
}

// liveRecords returns the ids of the records that are not removed, by external id.
func (c *churnCrash) liveRecords(p *process) map[string]string {
	live := map[string]string{}
	for _, record := range c.all(p, "/aggregator-connections/"+c.link.id+"/transactions") {
		if record["removedAt"] == nil {
			live[text(record, "externalId")] = text(record, "id")
		}
	}
	return live
}

// fill adds rows with distinct texts, amounts and dates, and returns their number. At Belvo, the rows were collected
// a day ago.
func (c *churnCrash) fill(t *testing.T) int {
	b, ofPluggy := c.link.bank.(*pluggyBank)
	n := number(t, "CHURN_CRASH_ROWS", map[bool]int{true: 60, false: 1100}[ofPluggy])
	today := time.Now().UTC().Truncate(24 * time.Hour)
	for i := range n {
		date, name := today.AddDate(0, 0, -21-i%300), "LOJA "+nameOf(i)
		if ofPluggy {
			c.old = append(c.old, must(b.sim.AddTransaction(pluggysim.Transaction{
				AccountID: b.account, Type: "DEBIT", Amount: pluggysim.Number("-" + money(1000+i*7)),
				Description: name, Date: pluggysim.At(date.Add(3 * time.Hour)),
			})).ID)
			continue
		}
		b := c.link.bank.(*belvoBank)
		collected := time.Now().UTC().Add(-24 * time.Hour).Format(time.RFC3339)
		day := date.Format(time.DateOnly)
		c.old = append(c.old, must(b.sim.AddTransaction(b.link, belvosim.Transaction{
			Account: b.account, ValueDate: &day, Amount: json.RawMessage(money(1000 + i*7)), Currency: new("MXN"),
			Description: &name, Type: new("OUTFLOW"), Status: new("PROCESSED"), CollectedAt: collected,
			CreatedAt: collected,
		})).ID)
	}
	return n
}

// nameOf returns a name of eight letters. The first 10,000 names are distinct.
func nameOf(i int) string {
	const consonants, vowels = "BCDFGLMNPRSTVZ", "AEIO"
	name := ""
	for range 4 {
		name += fmt.Sprintf("%c%c", consonants[i%len(consonants)], vowels[i/len(consonants)%len(vowels)])
		i = i*31/7 + 17
	}
	return name
}

func (c *churnCrash) changeIDs(t *testing.T) {
	t.Helper()
	for _, old := range c.old {
		if b, ok := c.link.bank.(*pluggyBank); ok {
			c.now = append(c.now, must(b.sim.Churn(old)).ID)
		} else {
			c.now = append(c.now, must(c.link.bank.(*belvoBank).sim.Churn(old)).ID)
		}
	}
}
