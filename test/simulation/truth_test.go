package simulation_test

import (
	"fmt"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// full is how many rows an item shows at most.
const full = 25

// newItem opens an account reference at a vendor.
func (s *sim) newItem() *item {
	s.names++
	it := &item{
		vendor: s.vendors[s.rand.IntN(len(s.vendors))].name, ref: fmt.Sprintf("item-%d", s.names),
		secret: fmt.Sprintf("%s-secret-%d", canary, s.names),
	}
	for i := range 1 + s.rand.IntN(2) {
		it.accounts = append(it.accounts, fmt.Sprintf("%s-account-%d", it.ref, i))
	}
	for range s.rand.IntN(12) {
		s.add(it)
	}
	return it
}

// evolve changes the truth, and mostly tells of it.
func (s *sim) evolve(it *item) {
	s.tally.changes++
	switch r := s.any(it, func(r *row) bool { return !r.gone }); {
	case it.syncing && s.chance(0.3):
		s.settle(it)
	case s.chance(0.08):
		s.unsettle(it)
	case r == nil || s.chance(0.35) && it.shown() < full:
		r = s.add(it)
		s.tell(it, notice{Kind: "created", Account: r.account, From: r.created}, 0.9)
	case s.chance(0.4):
		s.edit(it, r)
		s.tell(it, notice{Kind: "updated", Account: r.account, Rows: []string{r.id}}, 0.9)
	case s.chance(0.3):
		s.remove(it, r)
		s.churn(it, r)
	case s.chance(0.2):
		s.comeBack(it)
	default:
		s.remove(it, r)
	}
}

func (s *sim) add(it *item) *row {
	s.names++
	r := &row{
		id: fmt.Sprintf("r%08d", s.names), account: it.accounts[s.rand.IntN(len(it.accounts))],
		date: domain.DateOf(s.clock.now).AddDays(-s.rand.IntN(30)), created: s.clock.Now(),
	}
	it.rows = append(it.rows, r)
	return r
}

// edit changes what a row says. Only belvo moves a row to another date: a list by date
// that proves removals by absence cannot tell a row that moved out of it from one that
// is gone.
func (s *sim) edit(it *item, r *row) {
	r.revision++
	if it.vendor == "belvo" && s.chance(0.3) {
		r.date = r.date.AddDays(1)
	}
}

// remove takes a row away. A removal at pluggy may go untold, for a complete list shows
// it; one at belvo must not, for nothing else does.
func (s *sim) remove(it *item, r *row) {
	r.gone, r.goneAt = true, s.clock.Now()
	r.removals++
	told := 0.85
	if it.vendor == "belvo" {
		told = 1
	}
	if s.tell(it, notice{Kind: "deleted", Account: r.account, Rows: []string{r.id}}, told) {
		r.lingers = s.chance(0.4)
		r.lagged = r.lagged || r.lingers
	}
}

// churn shows a removed row again under another id.
func (s *sim) churn(it *item, old *row) {
	r := s.add(it)
	r.account, r.date, r.revision = old.account, old.date, old.revision
	s.tell(it, notice{Kind: "created", Account: r.account, From: r.created}, 0.9)
}

// comeBack shows a removed row again under its own id.
func (s *sim) comeBack(it *item) {
	if r := s.any(it, func(r *row) bool { return r.gone }); r != nil {
		r.gone, r.lingers = false, false
		s.tell(it, notice{Kind: "updated", Account: r.account, Rows: []string{r.id}}, 0.9)
	}
}

// unsettle begins a synchronisation: while it lasts, an absence proves nothing.
func (s *sim) unsettle(it *item) {
	it.syncing, it.reauth, it.stirred = true, s.chance(0.3), s.clock.Now()
	for _, r := range it.rows {
		r.hidden = s.chance(0.3)
		r.veiled = r.veiled || r.hidden
	}
	if it.reauth {
		s.tell(it, notice{Kind: "trouble"}, 0.9)
	}
}

// settle ends it, unless somebody reads who saw the item settled before: what begins and
// ends between two pages cannot be noticed by asking before the first and after the last.
func (s *sim) settle(it *item) {
	for _, t := range s.tasks {
		if t.trusts == it {
			return
		}
	}
	it.syncing, it.reauth, it.stirred = false, false, s.clock.Now()
	for _, r := range it.rows {
		r.hidden = false
	}
	s.tell(it, notice{Kind: "synced"}, 0.9)
}

// tell puts a notice into the outbox, unless it gets lost.
func (s *sim) tell(it *item, n notice, likely float64) bool {
	if !s.chance(likely) {
		s.tally.untold++
		return false
	}
	it.events++
	n.ID = fmt.Sprintf("%s-event-%d", it.ref, it.events)
	if s.chance(0.8) {
		n.Ref = it.ref
	}
	it.outbox = append(it.outbox, n)
	return true
}

// any gives one of the rows that pass, nil where none does.
func (s *sim) any(it *item, pass func(*row) bool) *row {
	var some []*row
	for _, r := range it.rows {
		if pass(r) {
			some = append(some, r)
		}
	}
	if len(some) == 0 {
		return nil
	}
	return some[s.rand.IntN(len(some))]
}

func (it *item) shown() int {
	n := 0
	for _, r := range it.rows {
		if !r.gone {
			n++
		}
	}
	return n
}

// row gives the truth about an external id, nil where there never was one.
func (it *item) row(id string) *row {
	for _, r := range it.rows {
		if r.id == id {
			return r
		}
	}
	return nil
}

// vanished ends the lag of a vendor's lists: whoever was told of the removals has had
// all of a pull to act on them.
func (s *sim) vanished(p domain.Pull) {
	for _, c := range s.conns {
		if c.ID != p.Connection {
			continue
		}
		for _, id := range p.Scope.Removed {
			if r := c.item.row(id); r != nil {
				r.lingers = false
			}
		}
	}
}

// mood makes an item refuse its credential for a while.
func (s *sim) mood(it *item) {
	it.barred = s.clock.now.Add(time.Duration(s.rand.IntN(60)) * time.Second)
	s.tally.barred++
}
