package simulation_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// claimed learns who holds a pull now.
func (s *sim) claimed(lease domain.Lease, c ports.Claimed) {
	s.claims[lease.ID], s.holders[lease.Pull] = c.Pull, lease.ID
	if s.current != nil {
		s.current.reads = s.conn(c.Connection.ID)
	}
}

// fenced: only the last who claimed a pull writes for it.
func (s *sim) fenced(lease domain.Lease, err error) {
	if err == nil && s.holders[lease.Pull] != lease.ID {
		s.broken("a lost lease of pull %s wrote", lease.Pull)
	}
}

// brought: a pull of everything brings all that there was when it began, and so does the
// first one that succeeds, whatever asked for it. What was hidden or gone meanwhile is not
// to be had.
func (s *sim) brought(p domain.Pull) {
	c := s.conn(p.Connection)
	if c.open && !p.Scope.Everything {
		return
	}
	c.open = true
	stored := map[string]bool{}
	for _, t := range s.rows(c) {
		stored[t.ExternalID] = true
	}
	for _, r := range c.item.rows {
		if r.created.Before(p.StartedAt) && r.removals == 0 && !r.veiled && !stored[r.id] {
			s.broken("a pull of all of %s did not bring %s", c.item.ref, r.id)
		}
	}
}

// cleared: a complete read between two moments of rest takes away what was gone before
// it began.
func (s *sim) cleared(p domain.Pull) {
	c := s.conn(p.Connection)
	if c.Vendor != "pluggy" || !p.Scope.Everything || c.item.syncing || !c.item.stirred.Before(p.StartedAt) {
		return
	}
	for _, t := range s.rows(c) {
		r := c.item.row(t.ExternalID)
		if r.gone && !r.lagged && r.goneAt.Before(p.StartedAt) && t.RemovedAt.IsZero() {
			s.broken("a complete read of %s left %s", c.item.ref, r.id)
		}
	}
}

func (s *sim) conn(id domain.ConnectionID) *conn {
	return s.conns[slices.IndexFunc(s.conns, func(c *conn) bool { return c.ID == id })]
}

// rows reads the whole table of a connection, deleted or not.
func (s *sim) rows(c *conn) []domain.Transaction {
	page, err := s.store.Ledger().Transactions(s.ctx(), c.Tenant, c.ID, ports.TransactionFilter{}, domain.PageRequest{Limit: 1_000_000})
	s.must(err)
	return page.Items
}

// digest is a connection's rows in one text.
func (s *sim) digest(c *conn) string {
	var b strings.Builder
	for _, t := range s.rows(c) {
		fmt.Fprintln(&b, t.ID, showing(t))
	}
	return b.String()
}

// failed counts the deliveries of live connections that wait to be replayed.
func (s *sim) failed() int {
	n := 0
	for _, c := range s.live() {
		page, err := s.store.Deliveries().List(s.ctx(), c.Tenant,
			ports.DeliveryFilter{Connection: c.ID, Status: domain.DeliveryFailed}, domain.PageRequest{Limit: 1})
		if n += len(page.Items); err != nil {
			n++
		}
	}
	return n
}
