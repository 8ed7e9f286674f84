package records

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/domain/matching"
)

// SuggestionState states whether a Suggestion waits for a decision, or why it has ended.
type SuggestionState string

// The states of a suggestion. A suggestion has ended if its state is not SuggestionOpen. It may be opened again, except
// after SuggestionDismissed and SuggestionExcluded.
const (
	SuggestionOpen      SuggestionState = "open"
	SuggestionJoined    SuggestionState = "joined"    // an operator has joined the records
	SuggestionDismissed SuggestionState = "dismissed" // an operator has decided that they are two movements
	SuggestionExcluded  SuggestionState = "excluded"  // another pair with one of them was decided, or fits better
	SuggestionMatched   SuggestionState = "matched"   // the service has matched one of the records with another row
	SuggestionSplit     SuggestionState = "split"     // a replacement of one of the records was undone
	SuggestionRemoved   SuggestionState = "removed"   // the vendor has removed the new record
	SuggestionReturned  SuggestionState = "returned"  // the vendor returns the old record again
	// SuggestionUndone means that the records were joined, and that the join was undone, because the vendor returns
	// both rows. It lasts until an operator dismisses the pair.
	SuggestionUndone SuggestionState = "join_undone"
)

// Suggestion is a pair of records that may be one movement. Old is a removed record, and New is a live one.
type Suggestion struct {
	Old, New   domain.TransactionID
	Connection domain.ConnectionID
	Account    domain.AccountID
	Since      time.Time          // when the suggestion was opened
	Evidence   []matching.Finding // nil if an operator joined the records without a suggestion
	State      SuggestionState
}

// Position returns the position of the suggestion in lists.
func (s Suggestion) Position() domain.Position {
	return domain.Position{Key: domain.TimeKey(s.Since) + "/" + s.Old.String(), ID: s.New.UUID}
}

// ParseSuggestionPosition returns the members of a position. Errors: Invalid on "cursor".
func ParseSuggestionPosition(p domain.Position) (since time.Time, old, newer domain.TransactionID, err error) {
	at, id, _ := strings.Cut(p.Key, "/")
	since, err = domain.ParseTimeKey(at)
	if err == nil {
		old, err = domain.ParseID[domain.Transaction](id)
	}
	if err != nil {
		err = domain.FieldError("cursor", "is not a cursor of this list")
	}
	return since, old, domain.TransactionID{UUID: p.ID}, err
}

// CompareSuggestions orders suggestions by their time, newest first, then by the old and by the new record.
func CompareSuggestions(x, y Suggestion) int {
	return cmp.Or(y.Since.Compare(x.Since), y.Old.Compare(x.Old), y.New.Compare(x.New))
}

// StoredSuggestion is an open suggestion with the members of its records that a decision needs.
type StoredSuggestion struct {
	Suggestion

	OldExternalID, NewExternalID string // the present external ids of Old and New
	// Possibly is the member PossiblySupersedes of New.
	Possibly []domain.TransactionID
}

// PossiblySupersedes is a change of the member PossiblySupersedes of a record.
type PossiblySupersedes struct {
	Record domain.TransactionID
	Old    []domain.TransactionID // nil if there are none
	// SameVersion is set if another member of the same Changes makes a new version of the record. The change then
	// belongs to that version. If SameVersion is not set, the change itself makes a new version.
	SameVersion bool
}

// OfSuggestion returns the event that reports the state of a suggestion. It returns nil if a join was undone, because
// the event of the join has already reported the decision.
func OfSuggestion(s Suggestion) []Event {
	subject := events.SuggestionSubject(s.Old, s.New)
	switch s.State {
	case SuggestionOpen:
		return []Event{{events.ReplacementPossible, subject}}
	case SuggestionUndone:
		return nil
	default:
		return []Event{{events.ReplacementDecided, subject}}
	}
}

// suggestionChanges collects changes of suggestions.
type suggestionChanges struct {
	changed  []Suggestion
	possibly map[domain.TransactionID][]domain.TransactionID
	same     map[domain.TransactionID]bool // see PossiblySupersedes.SameVersion
}

func newSuggestionChanges() *suggestionChanges {
	return &suggestionChanges{
		possibly: map[domain.TransactionID][]domain.TransactionID{}, same: map[domain.TransactionID]bool{},
	}
}

// open adds a suggestion. known is the member PossiblySupersedes of its new record before all changes.
func (s *suggestionChanges) open(suggestion Suggestion, known []domain.TransactionID) {
	s.changed = append(s.changed, suggestion)
	if _, found := s.possibly[suggestion.New]; !found {
		s.possibly[suggestion.New] = slices.Clone(known)
	}
	s.possibly[suggestion.New] = append(s.possibly[suggestion.New], suggestion.Old)
}

// end ends an open suggestion.
func (s *suggestionChanges) end(stored StoredSuggestion, state SuggestionState) {
	ended := stored.Suggestion
	ended.State = state
	s.changed = append(s.changed, ended)
	if _, found := s.possibly[ended.New]; !found {
		s.possibly[ended.New] = slices.Clone(stored.Possibly)
	}
	s.possibly[ended.New] = slices.DeleteFunc(s.possibly[ended.New], func(id domain.TransactionID) bool {
		return id == ended.Old
	})
}

// addTo adds the collected changes to c.
func (s *suggestionChanges) addTo(c *Changes) {
	c.Suggestions = append(c.Suggestions, s.changed...)
	for _, id := range domain.SortedKeys(s.possibly, domain.TransactionID.Compare) {
		old := s.possibly[id]
		if len(old) == 0 {
			old = nil
		}
		c.Possibly = append(c.Possibly, PossiblySupersedes{Record: id, Old: old, SameVersion: s.same[id]})
	}
}

// suggest stores the possible pairs that the matching has found. A removed record has at most matching.MaxSuggestions
// open suggestions: first those that were found now, then those that were open before. A suggestion whose new row has
// no record yet is opened when put stores the row.
func (d *decision) suggest(r *replacement, found []matching.Suggestion) error {
	if len(found) == 0 {
		return nil
	}
	var olds []string
	of := map[string][]matching.Suggestion{}
	for _, s := range found {
		if of[s.Old] == nil {
			olds = append(olds, s.Old)
		}
		of[s.Old] = append(of[s.Old], s)
	}
	known := map[domain.TransactionID][]StoredSuggestion{}
	stored, err := d.readSuggestions(olds)
	for _, s := range stored {
		known[s.Old] = append(known[s.Old], s)
	}
	if err != nil {
		return err
	}
	changes := newSuggestionChanges()
	for _, old := range olds {
		if err := d.suggestFor(changes, r, r.old[old], of[old], known[r.old[old].ID]); err != nil {
			return err
		}
	}
	var c Changes
	if changes.addTo(&c); len(c.Suggestions) == 0 {
		return nil
	}
	return d.emit(c)
}

// suggestFor opens the suggestions for one removed record. known are those that are open. A suggestion that ended
// because of a decision is not opened again.
func (d *decision) suggestFor(
	changes *suggestionChanges, r *replacement, old *Record, found []matching.Suggestion, known []StoredSuggestion,
) error {
	rest := slices.Clone(known)
	for _, s := range found {
		candidate := r.replaced[s.New]
		if candidate == nil {
			d.suggestLater(s.New, old.ID, old.AccountID, s.Findings)
			continue
		}
		isKnown := func(k StoredSuggestion) bool { return k.New == candidate.ID }
		if !slices.ContainsFunc(known, isKnown) {
			before, exists, err := d.source.Suggestion(old.ID, candidate.ID)
			if err != nil {
				return err
			}
			if exists && (before.State == SuggestionExcluded || before.State == SuggestionDismissed) {
				continue
			}
			changes.open(d.newSuggestion(old.ID, candidate.ID, old.AccountID, s.Findings), candidate.PossiblySupersedes)
		}
		rest = slices.DeleteFunc(rest, isKnown)
	}
	for kept := matching.MaxSuggestions - len(found); len(rest) > max(kept, 0); rest = rest[:len(rest)-1] {
		changes.end(rest[len(rest)-1], SuggestionExcluded)
	}
	return nil
}

func (d *decision) newSuggestion(
	old, newer domain.TransactionID, account domain.AccountID, evidence []matching.Finding,
) Suggestion {
	return Suggestion{
		Old: old, New: newer, Connection: d.Connection, Account: account, Since: d.At, Evidence: evidence,
		State: SuggestionOpen,
	}
}

// suggestLater remembers a suggestion for a new row that has no record yet. The method putSuggested opens it.
func (d *decision) suggestLater(
	externalID string, old domain.TransactionID, account domain.AccountID, evidence []matching.Finding,
) {
	if d.suggested == nil {
		d.suggested = map[string][]Suggestion{}
	}
	d.suggested[externalID] = append(d.suggested[externalID],
		d.newSuggestion(old, domain.TransactionID{}, account, evidence))
}

// putSuggested opens the remembered suggestions for a new record, unless the record leaves at once.
func (d *decision) putSuggested(c *Changes, record *Record) {
	if _, leaves := d.leaving[record.ExternalID]; leaves {
		return
	}
	for _, s := range d.suggested[record.ExternalID] {
		s.New = record.ID
		record.PossiblySupersedes = append(record.PossiblySupersedes, s.Old)
		c.Suggestions = append(c.Suggestions, s)
	}
}

// returned returns the external ids of the rows of the page whose records are removed. The method put makes these
// records live.
func (d *decision) returned() (externalIDs []string) {
	rows := d.Rows()
	for i := range rows {
		if stored, found := d.Stored[rows[i].ExternalID]; found && stored.Removed {
			externalIDs = append(externalIDs, rows[i].ExternalID)
		}
	}
	return externalIDs
}

// endSuggestions ends two kinds of open suggestions for the records with these external ids: those whose new record
// leaves, and those whose old record becomes live, because the page contains its row. The same Changes remove the
// records in leaving; the method put writes the rows.
func (d *decision) endSuggestions(c *Changes, externalIDs []string, leaving map[string]domain.PullID) error {
	if len(externalIDs) == 0 {
		return nil
	}
	open, err := d.readSuggestions(externalIDs)
	if err != nil {
		return err
	}
	changes := newSuggestionChanges()
	for _, s := range open {
		_, oldLeaves := leaving[s.OldExternalID]
		switch _, leaves := leaving[s.NewExternalID]; {
		case leaves:
			changes.same[s.New] = true
			changes.end(s, SuggestionRemoved)
		case !oldLeaves: // otherwise the suggestion was opened because the old record leaves
			changes.end(s, SuggestionReturned)
		}
	}
	changes.addTo(c)
	return nil
}

// endDecided ends the open suggestions that contain a record with one of these external ids. The same Changes make new
// versions of these records. state returns the new state of a suggestion.
func (d *decision) endDecided(c *Changes, externalIDs []string, state func(Suggestion) SuggestionState) error {
	open, err := d.readSuggestions(externalIDs)
	if err != nil {
		return err
	}
	changes := newSuggestionChanges()
	for _, s := range open {
		changes.same[s.New] = slices.Contains(externalIDs, s.NewExternalID)
		changes.end(s, state(s.Suggestion))
	}
	changes.addTo(c)
	return nil
}

// readSuggestions returns the open suggestions with a record that has one of these external ids, each of them once.
func (d *decision) readSuggestions(externalIDs []string) ([]StoredSuggestion, error) {
	var all []StoredSuggestion
	seen := map[[2]domain.TransactionID]bool{}
	for names := range slices.Chunk(externalIDs, maxReplacements) {
		found, err := d.source.Suggestions(names)
		if err != nil {
			return nil, err
		}
		for _, s := range found {
			if pair := [2]domain.TransactionID{s.Old, s.New}; !seen[pair] {
				seen[pair], all = true, append(all, s)
			}
		}
	}
	return all, nil
}

// Join returns the changes by which a removed record continues as the row of a live one, because an operator has
// decided that they are one movement. The live record is superseded, and its former rows become former rows of the
// removed record.
//
// Errors: Conflict (not_joinable) unless the vendor has removed the old record, the other one is live, and both have
// the same account, currency and direction; those of the source.
func Join(view View, source Source, w PageWrite, old, with *Record, reason string) (Changes, error) {
	if !isJoinable(old, with) {
		return Changes{}, notJoinable(
			"the transactions cannot be joined: the first must be removed, the second live, " +
				"with the same account, currency and direction",
		)
	}
	d := &decision{Page: &Page{PageWrite: w}, View: view, source: source}
	var c Changes
	pair, found, err := source.Suggestion(old.ID, with.ID)
	if err != nil {
		return Changes{}, err
	}
	if !found {
		pair = d.newSuggestion(old.ID, with.ID, old.AccountID, nil)
	}
	pair.State = SuggestionJoined
	err = d.endDecided(&c, []string{old.ExternalID, with.ExternalID}, func(Suggestion) SuggestionState {
		return SuggestionExcluded
	})
	if err != nil {
		return Changes{}, err
	}
	c.Suggestions = slices.DeleteFunc(c.Suggestions, func(s Suggestion) bool {
		return s.Old == pair.Old && s.New == pair.New
	})
	c.Suggestions = append(c.Suggestions, pair)
	c.clear(MarkCarriedOver, old.ExternalID)
	c.clear(MarkAbsent, old.ExternalID)
	c.Reason = reason
	d.takeOver(&c, old, with, domain.Match{
		MatchPair: domain.MatchPair{Old: old.ExternalID, New: with.ExternalID}, Rule: domain.OperatorJoin,
	})
	c.Counts = domain.Counts{}
	return c, nil
}

func isJoinable(old, with *Record) bool {
	return old.Connection == with.Connection && old.AccountID == with.AccountID &&
		!old.RemovedAt.IsZero() && with.RemovedAt.IsZero() && old.SupersededBy.IsZero() && with.SupersededBy.IsZero() &&
		!old.Erased() && !with.Erased() && old.Amount.Currency == with.Amount.Currency &&
		old.Amount.Amount.Sign() == with.Amount.Amount.Sign()
}

func notJoinable(message string) error {
	return &domain.Error{Kind: domain.Conflict, Code: domain.NotJoinable, Message: message}
}

// Dismiss returns the changes by which two records are never suggested or matched again, because an operator has
// decided that they are two movements. The other open suggestions with one of the records end.
//
// Errors: Conflict (not_joinable) if both are the same record, if they belong to different connections, or if one of
// them was erased or superseded; those of the source.
func Dismiss(source Source, old, with *Record, reason string) (Changes, error) {
	switch {
	case old.ID == with.ID, old.Connection != with.Connection, old.Erased(), with.Erased(),
		!old.SupersededBy.IsZero(), !with.SupersededBy.IsZero():
		return Changes{}, notJoinable(
			"the transactions cannot be told apart for good: they are one, erased or superseded",
		)
	}
	c := Changes{Never: []domain.MatchPair{{Old: old.ExternalID, New: with.ExternalID}}, Reason: reason}
	pair, found, err := source.Suggestion(old.ID, with.ID)
	if err != nil {
		return Changes{}, err
	}
	d := &decision{Page: &Page{}, source: source}
	open, err := d.readSuggestions([]string{old.ExternalID, with.ExternalID})
	if err != nil {
		return Changes{}, err
	}
	changes := newSuggestionChanges()
	for _, s := range open {
		if s.Old == old.ID && s.New == with.ID {
			changes.end(s, SuggestionDismissed)
		} else {
			changes.end(s, SuggestionExcluded)
		}
	}
	if found && (pair.State == SuggestionUndone || pair.State == SuggestionExcluded) {
		pair.State = SuggestionDismissed // an earlier decision, perhaps one of the same request, may have excluded it
		changes.changed = append(changes.changed, pair)
	}
	changes.addTo(&c)
	return c, nil
}

// undoJoins undoes the joins of operators whose rows occur in the complete listing of a sweep: the present row of a
// record, and a former one. The older record gets its row back, and is live again. A listing that proves nothing undoes
// nothing: the vendor may have synchronised meanwhile, and if an id was unreadable, each row counts as seen.
func (d *decision) undoJoins() error {
	if d.sweep.Proof == domain.NoProof {
		return nil
	}
	joined, err := d.source.Joined()
	if err != nil {
		return err
	}
	for _, record := range joined {
		if !d.sweep.Seen(record.ExternalID) {
			continue
		}
		if err := d.undoShown(record); err != nil {
			return err
		}
	}
	return nil
}

// undoShown undoes the last joins of a record of which the listing contains both rows.
func (d *decision) undoShown(record Record) error {
	for {
		shown, err := d.showsJoined(&record)
		if err != nil || !shown {
			return err
		}
		if err := d.undoJoin(&record); err != nil {
			return err
		}
		if record, err = d.source.Record(record.ID); err != nil {
			return err
		}
	}
}

// showsJoined reports whether the last replacement of a record was a join, and the listing of the sweep contains a
// former row of the older record. It need not be the row that the older record had before the join.
func (d *decision) showsJoined(record *Record) (bool, error) {
	join, err := record.LastPast()
	if err != nil || join.Rule != domain.OperatorJoin {
		return false, nil
	}
	own, err := d.formerOf(join.Younger)
	return slices.ContainsFunc(record.Supersedes, func(past domain.Superseded) bool {
		return d.sweep.Seen(past.ExternalID) && !own[past.ExternalID]
	}), err
}

// formerOf returns the external ids of the former rows of a superseded record; nil if id is zero.
func (d *decision) formerOf(id domain.TransactionID) (map[string]bool, error) {
	if id.IsZero() {
		return nil, nil
	}
	record, err := d.source.Record(id)
	former := make(map[string]bool, len(record.Supersedes))
	for _, past := range record.Supersedes {
		former[past.ExternalID] = true
	}
	return former, err
}

// undoJoin undoes the last join of a record. A row that the listing of the sweep lacks remains removed.
func (d *decision) undoJoin(record *Record) error {
	var newID domain.TransactionID // not needed if the other record is known
	if record.Supersedes[len(record.Supersedes)-1].Younger.IsZero() {
		newID = d.NewID()
	}
	c, younger, err := d.splitOf(record, newID)
	if err != nil {
		return err
	}
	for i := range c.Suggestions {
		if s := &c.Suggestions[i]; s.New == younger.ID {
			s.State = SuggestionUndone
		}
	}
	for i := range c.Upsert {
		shown := &c.Upsert[i]
		if !d.sweep.Seen(shown.ExternalID) {
			continue
		}
		if shown.RemovedAt = (time.Time{}); d.isOnPage(shown.ExternalID) {
			d.expect(shown.ExternalID, shown, false)
		}
	}
	return d.emit(c)
}
