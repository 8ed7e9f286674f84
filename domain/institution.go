package domain

import (
	"maps"
	"slices"
	"time"
)

// InstitutionDays is the number of days of an InstitutionActivity, except of Accounts.
const InstitutionDays = 30

// InstitutionStatus describes a bank: the live aggregator connections of a tenant to it, and what their pulls have
// stored.
type InstitutionStatus struct {
	InstitutionKey
	Name        string
	Connections int
	Reasons     map[AttentionReason]int // number of connections for each reason; nil if there is none
	// BankReadAt is the oldest reading of the bank among the connections that are not paused, and whose account holder
	// need neither sign in nor renew the consent; zero if no reading is known.
	BankReadAt time.Time
	Activity   InstitutionActivity
}

// Add counts a connection to the bank with the facts f, which needs a person for the given reasons.
func (s *InstitutionStatus) Add(f *ConnectionFacts, reasons []Attention) {
	s.Connections++
	s.Name = max(s.Name, f.Bank.Institution.Name) // so that the order of the connections does not matter
	waits := f.Paused
	for _, a := range reasons {
		if s.Reasons == nil {
			s.Reasons = map[AttentionReason]int{}
		}
		s.Reasons[a.Reason]++
		waits = waits || slices.Contains([]AttentionReason{NeedsReauth, NeedsConsent, NeedsRevokedConsent}, a.Reason)
	}
	if !waits {
		s.BankReadAt = EarlierNonZero(s.BankReadAt, f.BankReadAt)
	}
}

// InstitutionActivity contains what the pulls of the live connections to a bank have stored.
type InstitutionActivity struct {
	Accounts            int // number of live accounts
	IDChanges, LateRows int // see Counts
	Delays              ReadingDelays
}

// ReadingDelays maps a delay in whole hours to the number of days after whose end the bank was first read with this
// delay. A day counts once for each account.
type ReadingDelays map[int]int

// Add counts a reading of the bank for the given number of accounts. Since the previous reading, the given number of
// days has ended, the last of them the given number of hours ago. At most InstitutionDays days count.
func (d ReadingDelays) Add(hours, days, accounts int) {
	for day := range min(days, InstitutionDays) {
		d[hours+24*day] += accounts
	}
}

// Percentile returns the smallest number of hours that is not less than the given percentage of all delays. ok is false
// if there are none.
func (d ReadingDelays) Percentile(percent int) (hours int, ok bool) {
	total := 0
	for _, n := range d {
		total += n
	}
	seen := 0
	for _, hours := range slices.Sorted(maps.Keys(d)) {
		if seen += d[hours]; seen*100 >= total*percent {
			return hours, true
		}
	}
	return 0, false
}
