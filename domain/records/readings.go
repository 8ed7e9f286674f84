package records

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
)

// AccountState contains the values of a stored account from which its next completeness is computed.
type AccountState struct {
	ID           domain.AccountID
	ExternalID   string
	Type         domain.AccountType
	BankReadAt   time.Time          // see domain.Account
	Completeness books.Completeness // zero if none is stored
}

// ReadingSource reads the stored data of a connection that is compared with the vendor's balances, and with the
// numbers of rows that the vendor has announced. Its methods change nothing.
type ReadingSource interface {
	QuarantineSource

	// Accounts returns the accounts of the connection, including removed ones.
	Accounts() ([]AccountState, error)
	// ChangedSince reports whether a pull of the connection that ended at or after a time has changed a record. It does
	// not consider the pull with the id except.
	ChangedSince(start time.Time, except domain.PullID) (bool, error)
	// VisitAmounts calls visit for each live record of the connection, in any order.
	VisitAmounts(visit func(account domain.AccountID, row books.SumRow)) error
	// VisitAbsent calls visit for each live record of the connection that has a remembered absence, and whose
	// removal is not held back, in any order.
	VisitAbsent(visit func(account domain.AccountID, id domain.TransactionID, row books.SumRow)) error
	// VisitAbsences calls visit for the accounts that have records with a remembered absence, in any order, and
	// possibly several times for an account. account is the external id; "" if the vendor names none. held reports
	// whether such a removal is held back.
	VisitAbsences(visit func(account string, held bool)) error
	// VisitArrived calls visit for two kinds of records of the connection, in any order: the records that were first
	// seen at or after a time, and the records that have replaced others. It sets only the fields of the record that
	// domain.AnnouncedCount.Rows reads, AccountID and Metadata.
	VisitArrived(start time.Time, visit func(domain.Transaction)) error
	// VisitPosted calls visit for the newest live posted records of an account, at most limit, by date and id.
	VisitPosted(account domain.AccountID, limit int, visit func(PostedRow)) error
}

// PostedRow contains the values of a posted record that are needed to check its running balance.
type PostedRow struct {
	books.SumRow

	ID       domain.TransactionID
	Metadata json.RawMessage
}

// CompletenessChange is the new completeness of an account.
type CompletenessChange struct {
	Account      domain.AccountID
	Completeness books.Completeness
	Balance      *books.AccountBalance // replaces the stored balance of its day; nil if no balance changes
	// FirstRead is the bank's reading of the account if it is the first one after the end of a day; otherwise zero.
	FirstRead time.Time
}

// clockSkew bounds the difference between the clocks of two processes that run pulls of one connection.
const clockSkew = time.Minute

// Readings returns the completeness changes that the end of an attempt makes:
//
//   - Each account of the connection gets the announced counts of the outcome.
//   - If the outcome is settled, each account with a balance in the outcome gets a reading. The stored announced counts
//     are compared with the stored rows. See SettledRead for the exceptions.
//
// A reading contains the balance of the account, the sum of its live posted records, and whether rows of the account
// are in the quarantine. The sum leaves out records that the latest listing lacks, if the next listing without them
// confirms their removal. The balance no longer contains these records. A quarantined row belongs to an account if the
// row's payload contains the external id of the account as a JSON string.
//
// p is the pull with its counts. The records of an account are not read if nothing can have changed since its previous
// reading. Errors: those of the source.
func Readings(source ReadingSource, p domain.Pull, o Outcome) ([]CompletenessChange, error) {
	if o.Settled == nil && len(o.Announced) == 0 {
		return nil, nil
	}
	accounts, err := source.Accounts()
	if err != nil {
		return nil, err
	}
	var changes []CompletenessChange
	for i := range accounts {
		a := &accounts[i]
		if len(o.Announced) > 0 {
			a.Completeness = a.Completeness.Announce(a.ExternalID, o.Announced)
			changes = append(changes, CompletenessChange{Account: a.ID, Completeness: a.Completeness})
		}
	}
	if o.Settled == nil {
		return changes, nil
	}
	s := settling{
		SettledRead: *o.Settled, source: source, at: o.At, pull: p.ID, outcome: o, day: o.Coverage.Day(o.At),
	}
	if err := s.addAccounts(accounts); err != nil || len(s.accounts) == 0 {
		return changes, err
	}
	readings, err := s.readings(p.Counts)
	return append(changes, readings...), err
}

// settling computes the readings at the end of a settled pull.
type settling struct {
	SettledRead

	source   ReadingSource
	at       time.Time
	pull     domain.PullID
	outcome  Outcome
	day      domain.Date // of the readings
	accounts []*settledAccount
	absent   bool // the latest listing lacks a record of the connection
}

// settledAccount is an account that a settled pull has read.
type settledAccount struct {
	AccountState

	balance     books.VendorBalance
	bankReadAt  time.Time
	firstRead   time.Time // see CompletenessChange
	quarantined bool
	sum         *books.AccountSum
	chain       []books.ChainRow
	absent      map[domain.TransactionID]bool // the records that the sum leaves out
	// rowCounts contains, for each element of Completeness.Announced, how many of the announced rows were ever read.
	rowCounts []int
}

// addAccounts adds the stored accounts that the pull has read. It omits accounts of which removals are held back
// because a listing lacked their records: it is not known whether the listing or the records are complete.
func (s *settling) addAccounts(stored []AccountState) error {
	held := map[string]bool{}
	err := s.source.VisitAbsences(func(account string, isHeld bool) {
		s.absent, held[account] = true, held[account] || isHeld
	})
	if err != nil {
		return err
	}
	var payloads [][]byte
	if s.Quarantined {
		err := s.source.VisitQuarantine(wholePayload, func(e QuarantineEntry) {
			payloads = append(payloads, bytes.Clone(e.Payload))
		})
		if err != nil {
			return err
		}
	}
	for _, a := range stored {
		if s.outcome.neverRead(a.Type) || held[a.ExternalID] || held[""] {
			continue
		}
		if balance, read := s.Balances[a.ExternalID]; read && s.mayRead(a.Completeness, balance) {
			s.accounts = append(s.accounts, &settledAccount{
				AccountState: a,
				balance:      balance,
				bankReadAt:   s.outcome.bankReadAt(a),
				firstRead:    s.outcome.firstRead(a),
				quarantined:  names(payloads, a.ExternalID),
			})
		}
	}
	return nil
}

// neverRead reports whether the vendor states that it has never read the transactions of such accounts.
func (o Outcome) neverRead(account domain.AccountType) bool {
	return o.Bank != nil && o.Bank.Of(account).Never
}

// bankReadAt returns the BankReadAt of the account after the outcome.
func (o Outcome) bankReadAt(a AccountState) time.Time {
	if o.Bank == nil || !slices.Contains(o.BankRead, a.ExternalID) {
		return a.BankReadAt
	}
	return o.Bank.ReadAt(a.Type, a.BankReadAt, o.ReadAt)
}

// firstRead returns the BankReadAt of the account after the outcome if it is on a later day than the one before;
// otherwise the zero time.
func (o Outcome) firstRead(a AccountState) time.Time {
	at := o.bankReadAt(a)
	if at.IsZero() || !a.BankReadAt.IsZero() && o.Coverage.Day(at) <= o.Coverage.Day(a.BankReadAt) {
		return time.Time{}
	}
	return at
}

// BankReadings returns the new BankReadAt of the accounts for which it changes. The accounts must be live, and the
// vendor must have listed them at least once.
func BankReadings(accounts []AccountState, o Outcome) map[domain.AccountID]time.Time {
	changed := map[domain.AccountID]time.Time{}
	for _, a := range accounts {
		if at := o.bankReadAt(a); !at.Equal(a.BankReadAt) {
			changed[a.ID] = at
		}
	}
	return changed
}

// mayRead reports whether the account gets a reading with this balance.
func (s *settling) mayRead(c books.Completeness, balance books.VendorBalance) bool {
	decided := c.Changed.Decided
	return (decided.IsZero() || decided.Before(s.ReadAt)) && (!s.BalancesOnly || c.AllowsBalance(balance))
}

// names reports whether at least one of the payloads contains the external id as a JSON string.
func names(payloads [][]byte, externalID string) bool {
	text, _ := json.Marshal(externalID) // a string can always be encoded
	return slices.ContainsFunc(payloads, func(payload []byte) bool { return bytes.Contains(payload, text) })
}

// readings returns the new completeness of each account. counts are the counts of the pull.
func (s *settling) readings(counts domain.Counts) ([]CompletenessChange, error) {
	changed, err := s.recordsChanged(counts)
	if err != nil {
		return nil, err
	}
	var changes []CompletenessChange
	var stale []*settledAccount
	for _, a := range s.accounts {
		before := a.Completeness
		changed := changed || !before.Changed.IsZero()
		if changed || len(before.Announced) > 0 || !before.SameReading(a.balance, a.quarantined) {
			a.sum = books.NewAccountSum(a.balance, before.Baseline, s.at).On(s.day, a.bankReadAt)
			stale = append(stale, a)
		} else if next, differs := before.Repeated(s.at, a.bankReadAt); differs {
			changes = append(changes, a.changed(next))
		}
	}
	if len(stale) == 0 {
		return changes, nil
	}
	if err := s.addRecords(stale); err != nil {
		return nil, err
	}
	if !s.BalancesOnly {
		if err := s.countRows(stale); err != nil {
			return nil, err
		}
	}
	for _, a := range stale {
		if err := s.readChain(a); err != nil {
			return nil, err
		}
		reading := a.sum.Reading(a.quarantined, a.chain)
		reading.Pull = s.pull
		next := a.Completeness.After(reading)
		if !s.BalancesOnly {
			next = next.Count(s.at, a.rowCounts)
		}
		changes = append(changes, a.changed(next))
	}
	return changes, nil
}

// changed returns the change of the account's completeness to next.
func (a *settledAccount) changed(next books.Completeness) CompletenessChange {
	change := CompletenessChange{Account: a.ID, Completeness: next}
	if day, known := next.Last.DayBalance(); known {
		change.Balance, change.FirstRead = &day, a.firstRead
	}
	return change
}

// recordsChanged reports whether records of the connection may have changed since the previous readings of the
// accounts. It returns true in these cases:
//
//   - This pull has changed a record, or the latest listing lacks one, which the sum leaves out.
//   - An account has no previous reading.
//   - A pull that ended after the earliest previous reading, or shortly before it, has changed a record. The pull that
//     made this reading does not count.
func (s *settling) recordsChanged(counts domain.Counts) (bool, error) {
	if s.absent || counts.Added+counts.Modified+counts.Removed > 0 {
		return true, nil
	}
	earliest := books.AccountReading{At: s.at}
	for _, a := range s.accounts {
		last := a.Completeness.Last
		if last == nil {
			return true, nil
		}
		if last.At.Before(earliest.At) {
			earliest = *last
		}
	}
	return s.source.ChangedSince(earliest.At.Add(-clockSkew), earliest.Pull)
}

// addRecords adds each live record of the connection to the sum of its account, except the absent ones. It skips
// records of other accounts.
func (s *settling) addRecords(accounts []*settledAccount) error {
	byID := make(map[domain.AccountID]*settledAccount, len(accounts))
	for _, a := range accounts {
		byID[a.ID] = a
	}
	err := s.source.VisitAmounts(func(account domain.AccountID, row books.SumRow) {
		if a := byID[account]; a != nil {
			a.sum.Add(row)
		}
	})
	if err != nil {
		return err
	}
	return s.source.VisitAbsent(func(account domain.AccountID, id domain.TransactionID, row books.SumRow) {
		a := byID[account]
		if a == nil {
			return
		}
		if a.absent == nil {
			a.absent = map[domain.TransactionID]bool{}
		}
		a.absent[id] = true
		a.sum.LeaveOut(row)
	})
}

// countRows sets rowCounts of the accounts. For each announcement of a number of rows, it counts how many such rows
// are stored.
func (s *settling) countRows(accounts []*settledAccount) error {
	since, announced := s.at, false
	for _, a := range accounts {
		a.rowCounts = make([]int, len(a.Completeness.Announced))
		for _, count := range a.Completeness.Announced {
			announced = true
			if at := count.EarliestArrival(); at.IsZero() {
				since = time.Unix(0, 0)
			} else if at.Before(since) {
				since = at
			}
		}
	}
	if !announced {
		return nil
	}
	return s.source.VisitArrived(since, func(t domain.Transaction) {
		var created time.Time
		if s.CreatedAt != nil {
			created = s.CreatedAt(t.Metadata)
		}
		for _, a := range accounts {
			for i, count := range a.Completeness.Announced {
				if count.Account == "" || t.AccountID == a.ID {
					a.rowCounts[i] += count.Rows(t, created)
				}
			}
		}
	})
}

// readChain sets the field chain of the account to its newest posted records without the absent ones, with the balance
// that the bank states after each record. It does nothing if the vendor states no such balances, or if the
// balance of the account is not known.
func (s *settling) readChain(a *settledAccount) error {
	if s.RunningBalance == nil || a.balance.Missing != "" {
		return nil
	}
	return s.source.VisitPosted(a.ID, books.MaxChain, func(row PostedRow) {
		if amount, ok := row.InCurrency(a.balance.Currency); ok && !a.absent[row.ID] {
			a.chain = append(a.chain, books.ChainRow{
				ID: row.ID, Date: row.Date, Amount: amount, RunningBalance: s.RunningBalance(row.Metadata),
			})
		}
	})
}
