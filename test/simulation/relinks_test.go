package simulation_test

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/application"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// AccountIdentity returns an identity of bank code, agency, and number with check digit. The service uses this identity
// to recognise the account under another account reference. A number alone would identify no account.
func (v *vendor) AccountIdentity(account domain.AccountData) domain.AccountIdentity {
	number, check := account.Number[:len(account.Number)-1], account.Number[len(account.Number)-1:]
	return domain.NewAccountIdentity("237", "1234", number+"-"+check, "", "")
}

// newLink returns another account reference (a link) for the accounts of ref. A vendor creates such a reference when
// the account holder signs in at the institution again. The new reference has no rows until linkRows is called.
func (s *sim) newLink(ref *accountRef) *accountRef {
	s.names++
	link := &accountRef{
		sim:    s,
		vendor: ref.vendor, id: fmt.Sprintf("item-%d", s.names), secret: fmt.Sprintf("%s-secret-%d", canary, s.names),
		hostile: ref.hostile,
		odd:     map[string]bool{}, former: ref, capital: !ref.capital, numbers: map[string]string{},
		statesSync: ref.statesSync, plansSync: ref.plansSync, syncedAt: s.clock.Now(),
	}
	if s.chance(0.3) {
		link.shift = 1
	}
	for i, account := range ref.accounts {
		id := fmt.Sprintf("%s-account-%d", link.id, i)
		link.accounts = append(link.accounts, id)
		link.numbers[id] = ref.numbers[account]
	}
	if s.chance(0.3) {
		s.startSync(link)
	}
	s.refs = append(s.refs, link)
	return link
}

// linkRows copies the current rows of the former reference to the new reference, under new ids. Sometimes it leaves out
// the oldest rows, which arriveLate adds later.
func (s *sim) linkRows(link *accountRef) {
	link.linkedAt = s.clock.Now()
	link.known = s.knownRows(link.former)
	var copied []*row
	for _, old := range link.former.rows {
		if !old.removed {
			copied = append(copied, old)
		}
	}
	copied = append(copied, link.former.late...)
	slices.SortStableFunc(copied, func(a, b *row) int { return strings.Compare(string(b.date), string(a.date)) })
	if s.chance(0.4) && len(copied) > 1 {
		cut := s.rand.IntN(len(copied))
		for cut > 0 && cut < len(copied) && copied[cut].date == copied[cut-1].date {
			// Keep all rows of one date together. The rows that are copied later must all be older.
			cut++
		}
		copied, link.late = copied[:cut], copied[cut:]
		s.counters.lateRows += len(link.late)
	}
	for _, old := range copied {
		s.copyRow(link, old)
	}
}

// copyRow adds a copy of a row of a former reference to the new reference.
func (s *sim) copyRow(link *accountRef, old *row) {
	s.names++
	at, former := -1, link.former
	for ; at < 0; former = former.former { // a late row may be that of a reference before the former one
		at = slices.Index(former.accounts, old.account)
	}
	r := &row{
		id:            fmt.Sprintf("r%08d", s.names),
		account:       link.accounts[at],
		date:          old.date.AddDays(link.shift),
		created:       s.clock.Now(),
		occurred:      old.occurred,
		revision:      old.revision,
		movement:      old.movement,
		text:          old.text,
		particulars:   old.particulars,
		capital:       link.capital,
		origin:        old,
		firstRevision: old.revision,
		firstDate:     old.date.AddDays(link.shift),
	}
	link.rows = append(link.rows, r)
}

// arriveLate copies the oldest rows of the former reference to the new reference, if linkRows has left them out.
func (s *sim) arriveLate(ref *accountRef) {
	late := ref.late
	ref.late = nil
	for _, old := range late {
		s.copyRow(ref, old)
		r := ref.rows[len(ref.rows)-1]
		s.publish(ref, notice{Kind: "created", Account: r.account, From: r.created}, 0.9)
	}
}

// knownRows returns a map from the external ids of the reference's rows to the ids of their stored transactions. It
// contains only live transactions whose content is equal to the vendor's current content.
func (s *sim) knownRows(ref *accountRef) map[string]domain.TransactionID {
	known := map[string]domain.TransactionID{}
	if s.down {
		return known
	}
	for _, c := range s.connections {
		if !c.ref.descendsFrom(ref) {
			continue
		}
		for _, t := range s.ownRows(c) {
			r := ref.row(t.ExternalID)
			if r == nil || !t.RemovedAt.IsZero() || r.removed || r.wasBroken || r.removals > 0 {
				continue
			}
			want := r.transactionData()
			if t.Digest() == want.Digest() && !t.AccountID.IsZero() {
				known[r.id] = t.ID
			}
		}
	}
	return known
}

// descendsFrom reports whether ancestor is the reference itself or one of its former references.
func (ref *accountRef) descendsFrom(ancestor *accountRef) bool {
	for ; ref != nil; ref = ref.former {
		if ref == ancestor {
			return true
		}
	}
	return false
}

// rowOf returns the row with the given external id, or nil if there is none. It searches the account reference and all
// references that this reference has replaced.
func (ref *accountRef) rowOf(id string) *row {
	for ; ref != nil; ref = ref.former {
		if r := ref.row(id); r != nil {
			return r
		}
	}
	return nil
}

// relinkConnection replaces the account reference of a connection with a new link to the same accounts.
func (s *sim) relinkConnection(ctx context.Context, app *application.Service, c *connection) error {
	link := s.newLink(c.ref)
	u := ports.ConnectionUpdate{Name: c.Name, AccountRef: link.id}
	if link.application = c.ref.application; c.ApplicationID.IsZero() || s.chance(0.3) {
		u.ClientID, u.Secret = domain.SecretText(canary+"-id"), domain.SecretText(link.secret)
	}
	return s.updateConnection(ctx, app, c, nil, u)
}

// repointed records that the account reference of a connection was changed. It does nothing if the reference is
// unchanged.
func (s *sim) repointed(c *connection) {
	for _, ref := range s.refs {
		if ref.id == c.AccountRef && ref != c.ref {
			c.ref = ref
			s.linkRows(ref)
			s.counters.relinks++
		}
	}
}

// continueDeleted creates a connection to the accounts of a deleted connection, under a new account reference. It does
// nothing if every deleted connection already has such a successor.
func (s *sim) continueDeleted() {
	for _, c := range s.connections {
		if !c.deleted || c.continued {
			continue
		}
		link, app := s.newLink(c.ref), s.randomReplica()
		s.spawn("operator", func(ctx context.Context) {
			if c.continued {
				return
			}
			_, err := app.CreateConnection(ctx, c.Tenant, link.newConnection())
			s.checkExpectedError("continue", err)
		})
		return
	}
}

// linkCreated must be called after a connection to an account reference was created. The reference may be a new link to
// the accounts of a deleted connection. In this case linkCreated copies the rows of the deleted connection's reference
// to the new reference.
func (s *sim) linkCreated(ref *accountRef) {
	if ref.former == nil {
		return
	}
	for _, c := range s.connections {
		c.continued = c.continued || c.ref == ref.former
	}
	s.linkRows(ref)
	s.counters.continuations++
}

// accountsMoved records that the given connection has taken over the accounts of deleted connections, with their
// records. No other connection to the same accounts can take over these records later.
func (s *sim) accountsMoved(successor *connection) {
	for _, c := range s.connections {
		if c.deleted {
			c.rowsAtDeletion = s.digest(c)
		}
	}
	for _, ref := range s.refs {
		if ref != successor.ref && ref.former != nil && ref.former == successor.ref.former {
			ref.shared = true
		}
	}
}

// isSplit reports whether an operator has split the transaction, that is, has separated one of its rows from another
// row.
func (s *sim) isSplit(t domain.Transaction) bool {
	ids := map[string]bool{t.ExternalID: true}
	for _, past := range t.Supersedes {
		ids[past.ExternalID] = true
	}
	for pair := range s.splitPairs {
		if ids[pair[0]] || ids[pair[1]] {
			return true
		}
	}
	return false
}

// checkContinued checks that transactions keep their ids when the connection gets a new link. It checks a transaction
// only if all of these are true:
//
//   - The transaction was known before the new link.
//   - Its movement occurs only once at the vendor.
//   - Its row has been readable, unchanged and present since then.
//
// It checks nothing if the quarantine may have contained a row without a readable id, of this reference or of the
// former one. New rows that arrive while such a row is in the quarantine replace no row.
func (s *sim) checkContinued(c *connection) {
	ref := c.ref
	if s.booked != nil { // the rows of such worlds are not made for the comparison of movements
		return
	}
	if ref.former == nil || ref.shared || ref.wasOdd || ref.former.wasOdd || ref.wasNameless || ref.former.wasNameless {
		return
	}
	times := map[string]int{}
	for _, r := range slices.Concat(ref.rows, ref.former.rows) {
		if r.origin == nil || ref.row(r.id) == nil {
			times[r.movement]++
		}
	}
	for _, t := range s.ownRows(c) {
		r := ref.row(t.ExternalID)
		if r == nil || r.origin == nil || !t.RemovedAt.IsZero() {
			continue
		}
		id, known := ref.known[r.origin.id]
		changed := r.revision != r.firstRevision || r.date != r.firstDate || r.wasBroken || r.removals > 0
		changed = changed || r.text != "" // a long text of a hostile vendor
		if !known || changed || times[r.movement] != 1 || s.isSplit(t) {
			continue
		}
		s.counters.continued++
		if t.ID != id {
			s.violated("%s was %s of the transaction %s before the new link, and is %s", r.id, r.origin.id, id, t.ID)
		}
	}
}

// checkSums checks for each account that the number and the sum of the live rows are equal to those at the vendor.
func (s *sim) checkSums(c *connection) {
	type total struct {
		rows int
		sum  decimal.Decimal
	}
	got, want := map[string]total{}, map[string]total{}
	add := func(totals map[string]total, account string, t domain.TransactionData) {
		before := totals[account]
		totals[account] = total{before.rows + 1, before.sum.Add(t.Amount.Amount)}
	}
	names := s.accountNames(c)
	for _, t := range s.ownRows(c) {
		r := c.ref.row(t.ExternalID)
		switch {
		case !t.RemovedAt.IsZero() || r == nil && s.isOlder(c, t):
		case r != nil && (r.removed || r.broken != ""):
			// A row that is removed or unreadable at the vendor is not part of the sums. checkRow has already checked
			// it.
		default:
			add(got, orElse(names[t.AccountID], t.Account), t.TransactionData)
		}
	}
	for _, r := range c.ref.rows {
		if !r.removed && r.broken == "" {
			add(want, r.account, r.transactionData())
		}
	}
	for account := range want {
		if got[account].rows != want[account].rows || !got[account].sum.Equal(want[account].sum) {
			s.violated("%s has %d live rows with the sum %s, the vendor has %d with %s", account, got[account].rows,
				got[account].sum, want[account].rows, want[account].sum)
		}
	}
	for account := range got {
		if want[account].rows == 0 {
			s.violated("%s has %d live rows, the vendor has none", account, got[account].rows)
		}
	}
}

func orElse(name, other string) string {
	if name != "" {
		return name
	}
	return other
}

// accountNames returns the current external ids of the connection's accounts.
func (s *sim) accountNames(c *connection) map[domain.AccountID]string {
	names := map[domain.AccountID]string{}
	for _, a := range s.accountsOf(c) {
		names[a.ID] = a.ExternalID
	}
	return names
}

// isOlder reports whether a row that was read under a former account reference is older than all rows that the vendor
// now returns for the same account. The vendor's lists cannot prove the removal of such a row.
func (s *sim) isOlder(c *connection, t domain.Transaction) bool {
	name := orElse(s.accountNames(c)[t.AccountID], t.Account)
	return !slices.ContainsFunc(c.ref.rows, func(r *row) bool {
		return r.account == name && !r.removed && r.broken == "" && r.date <= t.Date
	})
}

// checkFormerRow checks a transaction whose row belongs to a former reference. The transaction must be marked as
// removed if a list of the vendor can prove the removal (see isOlder).
func (s *sim) checkFormerRow(c *connection, t domain.Transaction) {
	if c.ref.rowOf(t.ExternalID) == nil {
		s.violated("%s is stored, but the vendor never had it", t.ExternalID)
	}
	if t.RemovedAt.IsZero() && !s.isOlder(c, t) {
		s.violated("%s of a former reference is live", t.ExternalID)
	}
}

// hasNewReference reports whether the rows of the connection's account reference are not stored yet. If the connection
// cannot be read because of an outage, it returns true.
func (s *sim) hasNewReference(c *connection) bool {
	stored, err := s.store.Connections().Get(s.background(), c.Tenant, c.Kind, c.ID)
	return err != nil || stored.NewReference
}

// startedBefore reports whether the pull started before the connection got its current account reference.
func (c *connection) startedBefore(p domain.Pull) bool { return p.StartedAt.Before(c.ref.linkedAt) }

// movementOf returns the first word of a description in lower case. This word is the name of the movement.
func movementOf(description string) string {
	movement, _, _ := strings.Cut(strings.ToLower(description), " ")
	return movement
}
