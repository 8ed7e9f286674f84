package records

import (
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/matching"
)

// absenceReading is a complete listing that is compared with the stored records.
type absenceReading struct {
	domain.AbsenceRead
	known  map[string]RowState // the rows that were absent before, by external id; also those outside of the window
	unseen []LiveRecord
	judged []string // the external ids of the known rows in the window
	// held maps the external ids of the records in the window whose announced removals are held back. The value reports
	// whether the listing contains the record.
	held map[string]bool
	// oldest maps each account to the oldest date of its listed rows. An account without listed rows has no entry.
	oldest map[string]domain.Date
}

// judgeAbsences finds the records in the window of a sweep that the listing lacks:
//   - A record whose announced removal was held back leaves; see judgeHeld.
//   - domain.AbsenceRead decides which of the other absent records leave. The remaining absences are stored for a later
//     sweep, which then knows since when the vendor has not returned the records.
//   - A record that does not leave is added to d.missing if its absence is part of a mass removal, or if the vendor may
//     have purged the record.
func (d *decision) judgeAbsences() error {
	known, err := readStates(d.source, StatesOf{Mark: MarkAbsent, Account: d.sweep.Account})
	if err != nil {
		return err
	}
	r := absenceReading{
		AbsenceRead: domain.AbsenceRead{
			Proof: d.sweep.Proof, Pull: d.Pull, At: d.At, Sync: d.sweep.Sync, Live: map[string]int{},
			Shown: map[string]bool{}, Returned: map[string]bool{}, Empty: map[string]bool{},
		},
		known:  known,
		oldest: map[string]domain.Date{},
		held:   map[string]bool{},
	}
	held, err := readStates(d.source, StatesOf{Mark: MarkAnnounced, Account: d.sweep.Account, Held: true})
	if err != nil {
		return err
	}
	if err := d.readWindow(&r, held); err != nil {
		return err
	}
	if err := d.judgeHeld(&r, held); err != nil {
		return err
	}
	absent, err := d.absent(&r)
	if err != nil {
		return err
	}
	removed, remaining := r.Judge(absent)
	leaves := make(map[string]bool, len(removed))
	for _, externalID := range removed {
		leaves[externalID] = true
	}
	for _, a := range absent {
		switch {
		case leaves[a.ExternalID]:
			d.leaving[a.ExternalID] = a.Pull
		case r.Proves(a):
			d.miss(a.ExternalID, a.Pull)
		}
	}
	d.judged = &judgedAbsences{r.AbsenceRead, absent, d.ended(&r), remaining}
	if !d.HasCarriedOver || d.sweep.Proof == domain.NoProof {
		return nil
	}
	return d.emit(Changes{Clear: []StatesOf{d.expired()}})
}

func (d *decision) miss(externalID string, since domain.PullID) {
	if d.missing == nil {
		d.missing = map[string]domain.PullID{}
	}
	d.missing[externalID] = since
}

// expired selects the carried-over records that no new row can continue any more.
func (d *decision) expired() StatesOf {
	return StatesOf{Mark: MarkCarriedOver, Before: d.At.Add(-domain.MatchWindow)}
}

// judgedAbsences are the absences of a sweep.
type judgedAbsences struct {
	read      domain.AbsenceRead
	absences  []domain.Absence
	ended     []StatesOf       // the states that remaining replaces
	remaining []domain.Absence // are judged again after a later listing
}

// ended selects the states of the rows that were absent before and that the sweep judges. A sweep of some days judges
// the rows of these days only. The others remain absent, and their removals remain held back since the same time.
func (d *decision) ended(r *absenceReading) []StatesOf {
	switch {
	case len(r.known) == 0:
		return nil
	case d.sweep.Window == (domain.Window{}):
		return []StatesOf{{Mark: MarkAbsent, Account: d.sweep.Account}}
	case len(r.judged) == 0:
		return nil
	}
	return []StatesOf{{Mark: MarkAbsent, ExternalIDs: r.judged}}
}

// judgeWithoutContinued judges the absences of a sweep again, if records of absent rows have continued with new rows.
// The vendor still has these rows, so the others may be no mass removal. The rows that leave now are added to
// d.leaving, and their suggestions are opened.
func (d *decision) judgeWithoutContinued() error {
	if !d.judgeAgain {
		return nil
	}
	r := d.judged.read
	var absent []domain.Absence
	for _, a := range d.judged.absences {
		switch {
		case d.joined[a.ExternalID]:
			r.Live[a.Account]-- // its younger record was counted, too
		case d.continued[a.ExternalID]:
			r.Shown[a.Account], r.Returned[a.Account] = true, true
			r.Live[a.Account]-- // its new row was counted, too
		default:
			absent = append(absent, a)
		}
	}
	removed, remaining := r.Judge(absent)
	d.judged.remaining = remaining
	since := map[string]domain.PullID{}
	for _, a := range absent {
		since[a.ExternalID] = a.Pull
	}
	for _, externalID := range removed {
		d.leaving[externalID] = since[externalID]
		delete(d.missing, externalID)
	}
	if d.matched == nil {
		return nil
	}
	return d.suggest(d.matched, slices.DeleteFunc(d.unsuggested, func(s matching.Suggestion) bool {
		_, leaves := d.leaving[s.Old]
		return !leaves
	}))
}

// rememberAbsences adds the absences of a sweep to c.
func (d *decision) rememberAbsences(c *Changes) error {
	if d.judged == nil {
		return nil
	}
	if err := d.judgeWithoutContinued(); err != nil {
		return err
	}
	c.Clear = d.judged.ended
	for _, a := range d.judged.remaining {
		c.States = append(c.States, absentRow(a))
	}
	return nil
}

// readWindow compares the listing with the live records in the window. It counts the listed records and rows of each
// account in r.Live. It keeps only the unseen records, because a window may contain all records of an account. Records
// whose announced removals are held back are in r.held; they are no absences.
func (d *decision) readWindow(r *absenceReading, held map[string]RowState) error {
	w := d.sweep
	of := LiveOf{Dates: w.Window, Account: w.Account, NoneCarriedOver: !d.HasCarriedOver}
	err := d.source.VisitLive(of, func(record LiveRecord) {
		seen := w.Seen(record.ExternalID)
		if _, wasAbsent := r.known[record.ExternalID]; wasAbsent {
			r.judged = append(r.judged, record.ExternalID)
			r.Returned[record.Account] = r.Returned[record.Account] || seen
		}
		if _, isHeld := held[record.ExternalID]; isHeld {
			if r.held[record.ExternalID] = seen; !seen {
				r.Live[record.Account]++
				return
			}
		}
		if !seen {
			r.unseen = append(r.unseen, record)
			return
		}
		r.list(record.Account, record.Date)
		r.Live[record.Account]++
		r.Shown[record.Account] = true
	})
	for i := range d.Transactions {
		row := &d.Transactions[i]
		if !w.Window.Contains(row.Date) {
			continue
		}
		r.list(row.Account, row.Date)
		if stored, found := d.Stored[row.ExternalID]; !found || stored.Removed {
			r.Live[row.Account]++ // the row is not written yet, so VisitLive has not visited its record
		}
	}
	return err
}

// list updates r.oldest with the date of a listed row.
func (r *absenceReading) list(account string, date domain.Date) {
	if oldest, found := r.oldest[account]; found {
		date = min(date, oldest)
	}
	r.oldest[account] = date
}

// reaches reports whether the listing contains a row of the same account with the same or an earlier date.
func (r *absenceReading) reaches(record LiveRecord) bool {
	oldest, found := r.oldest[record.Account]
	return found && record.Date >= oldest
}

// absent returns an absence for each unseen record that counts as missing from the listing, and adds these records to
// r.Live. A record counts as missing in these cases:
//
//   - It was missing before. If two listings are needed, this one must reach back to it, or lack all rows of the
//     account.
//   - Two listings are not needed, and either the record is not carried over, or the listing reaches back to it.
//   - Two listings are needed, the listing reaches back to the record, and the vendor collected it recently enough.
//   - Two listings are needed, the listing contains no row of the account, and this is a mass removal; see isEmptied.
//   - The record is withdrawn; see withdrawn.
//
// A record of an account that the vendor no longer lists does not count as missing if the listing contains no row of
// it.
func (d *decision) absent(r *absenceReading) ([]domain.Absence, error) {
	var absent []domain.Absence
	var uncertain []LiveRecord
	recent := r.countRecent()
	withdrawn, err := d.withdrawn(r.unseen)
	if err != nil {
		return nil, err
	}
	for _, record := range r.unseen {
		before, wasAbsent := r.known[record.ExternalID]
		_, listed := r.oldest[record.Account]
		if !listed && d.sweep.isUnlisted(record.Account) {
			continue
		}
		if !listed && d.sweep.Proof == domain.TwoReads {
			r.Empty[record.Account] = true
		}
		switch {
		case withdrawn[record.ExternalID]:
			a := r.absence(record)
			a.Withdrawn = true
			absent = append(absent, a)
		case wasAbsent && d.sweep.Proof == domain.TwoReads && listed && !r.reaches(record):
			d.miss(record.ExternalID, r.Pull)
		case wasAbsent:
			a := before.absence()
			a.Date = record.Date
			absent = append(absent, a)
		case d.sweep.Proof != domain.TwoReads:
			if !record.CarriedOver || r.reaches(record) {
				absent = append(absent, r.absence(record))
			}
		case r.reaches(record):
			uncertain = append(uncertain, record)
		case r.Empty[record.Account] && r.isEmptied(record, recent):
			absent = append(absent, r.absence(record))
		}
	}
	collected, err := d.collected(uncertain)
	if err != nil {
		return nil, err
	}
	for _, record := range uncertain {
		if collected[record.ExternalID] {
			absent = append(absent, r.absence(record))
		} else {
			d.miss(record.ExternalID, r.Pull)
		}
	}
	for _, a := range absent {
		r.Live[a.Account]++
	}
	return absent, nil
}

// withdrawn returns the external ids of the records that the vendor has shown earlier in the same pull and no longer
// has (see SweepWrite.Stream). Such records exist if the pull has begun to read the stream again, because it had
// changed or because the first attempt had failed. The vendor does not announce their removals any more.
func (d *decision) withdrawn(unseen []LiveRecord) (map[string]bool, error) {
	if !d.sweep.Stream || len(unseen) == 0 {
		return nil, nil
	}
	of := LiveOf{NoneCarriedOver: !d.HasCarriedOver, New: true}
	for _, record := range unseen {
		of.ExternalIDs = append(of.ExternalIDs, record.ExternalID)
	}
	withdrawn := map[string]bool{}
	return withdrawn, d.source.VisitLive(of, func(record LiveRecord) { withdrawn[record.ExternalID] = true })
}

// isUnlisted reports whether it is known that the vendor does not list the account. It returns false for the rows of
// which the vendor does not name the account.
func (w SweepWrite) isUnlisted(account string) bool {
	return w.Accounts != nil && account != "" && !slices.Contains(w.Accounts, account)
}

// countRecent returns the number of recent unseen records of each account, without the carried-over ones.
func (r *absenceReading) countRecent() map[string]int {
	recent := map[string]int{}
	for _, record := range r.unseen {
		if !record.CarriedOver && r.IsRecent(record.Date) {
			recent[record.Account]++
		}
	}
	return recent
}

// isEmptied reports whether the absence of a record is part of a mass removal if the listing contains no row of its
// account. No date and no time of collection can then show that the vendor has not purged the record, so that only an
// operator can tell. recent is the result of countRecent.
func (r *absenceReading) isEmptied(record LiveRecord, recent map[string]int) bool {
	return !record.CarriedOver && r.IsRecent(record.Date) && domain.LacksAll(recent[record.Account])
}

func (r *absenceReading) absence(record LiveRecord) domain.Absence {
	return domain.Absence{ExternalID: record.ExternalID, Account: record.Account, Date: record.Date, Pull: r.Pull}
}

// collected returns the external ids of the records that the vendor collected at or after the time in CollectedFrom for
// their account. It omits records whose account has no such time, and those whose time of collection is not known. It
// returns all records if the vendor does not purge rows.
func (d *decision) collected(records []LiveRecord) (recent map[string]bool, err error) {
	w, recent := d.sweep, make(map[string]bool, len(records))
	if w.CollectedAt == nil || len(records) == 0 {
		for _, record := range records {
			recent[record.ExternalID] = true
		}
		return recent, nil
	}
	of := LiveOf{NoneCarriedOver: !d.HasCarriedOver, Metadata: true}
	for _, record := range records {
		of.ExternalIDs = append(of.ExternalIDs, record.ExternalID)
	}
	err = d.source.VisitLive(of, func(record LiveRecord) {
		from, known := w.CollectedFrom[record.Account]
		at := w.CollectedAt(record.Metadata)
		recent[record.ExternalID] = known && !at.IsZero() && !at.Before(from)
	})
	return recent, err
}
