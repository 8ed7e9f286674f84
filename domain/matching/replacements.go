package matching

import (
	"github.com/LerianStudio/aggregator-connections/domain/banktext"

	"runtime"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Replacements contains the rows of one connection among which FindReplacements searches.
type Replacements struct {
	domain.ReplacementInput
	// RowOf returns the Row of a transaction, with everything that the metadata states. FindReplacements sets the reads
	// and LearnedAt.
	RowOf func(data domain.TransactionData, account domain.AccountID) banktext.Row
	// Context is passed to Match, with Never from ReplacementInput. SeenTogether may be nil. Two rows then count as
	// returned together by each read that may have returned both of them; see domain.ReplacementInput.
	Context Context

	shown []map[string]bool // Progress.Shown of each of Reads
	// listed contains one function for each pull in Reads. The function looks up a row in Progress.Listed of the
	// pull. The function is nil if it is not known which rows the pull has read.
	listed []func(externalID string) (domain.ListedPages, bool)
}

// A listing is one page of a pull. Its number is the number of the pull, shifted by pullShift bits, plus the number of
// the page. If the page is not known, anyPage, lastListing or 0 takes the place of the number of the page.
const (
	pullShift   = 32
	anyPage     = 1 << 30   // the row may have been on any page of the pull before its complete listing
	lastListing = 1<<30 + 1 // the row was on a page of the complete listing at the end of the pull, and on none before
)

// FindReplacements pairs the rows that the vendor no longer returns with the rows that it has added, and suggests
// possible pairs. The number of rows is not limited.
func FindReplacements(in Replacements) Result {
	in.shown = make([]map[string]bool, len(in.Reads))
	in.listed = make([]func(string) (domain.ListedPages, bool), len(in.Reads))
	for i := range in.Reads {
		in.shown[i] = setOf(in.Reads[i].Progress.Shown)
		if listed := in.Reads[i].Progress.Listed; listed != nil && !listed.More {
			in.listed[i] = listed.Index()
		}
	}
	var left, came []banktext.Row
	for i := range in.Old {
		runtime.Gosched() // as in matcher.judgeAll
		oldRow := &in.Old[i]
		row := in.RowOf(oldRow.TransactionData, oldRow.AccountID)
		row.LastRead, row.LearnedAt = in.lastRead(oldRow), oldRow.LearnedAt
		row.Excluded = !oldRow.ExcludedAt.IsZero()
		left = append(left, row)
	}
	for i := range in.New {
		runtime.Gosched()
		newRow := &in.New[i]
		row := in.RowOf(newRow.TransactionData, newRow.AccountID)
		row.LearnedAt = newRow.LearnedAt
		if row.FirstRead = in.firstRead(newRow); row.FirstRead == 0 && in.Context.SeenTogether == nil {
			continue // the pull that stored the row is not known: an earlier one may have shown it
		}
		came = append(came, row)
	}
	context := in.Context
	context.Never = in.Never
	return Match(left, came, context)
}

// number returns the position of the pull in Reads, counted from 1; 0 if Reads does not contain the pull.
func (in Replacements) number(pull domain.PullID) uint64 {
	return uint64(slices.IndexFunc(in.Reads, func(r domain.PullRead) bool { return r.ID == pull }) + 1)
}

// firstRead returns the number of the first listing with the new row; 0 if the pull is not known.
func (in Replacements) firstRead(newRow *domain.NewRow) uint64 {
	current := uint64(len(in.Reads))
	n := in.number(newRow.FirstPull)
	switch {
	case n == 0 && !newRow.FirstPull.IsZero():
		return 0
	case n == 0:
		n = max(current, 1)
	case in.Reads[n-1].StartedAt.After(newRow.LearnedAt):
		// A split can create a record for a row long after the vendor returned the row. FirstPull is then too late.
		if n = in.begunBy(newRow.LearnedAt); n == 0 {
			return 0
		}
	}
	pages, known := in.pages(n, newRow.ExternalID)
	isStored := !newRow.FirstPull.IsZero()
	switch {
	case known:
		return n<<pullShift + uint64(pages.First)
	case n == current && in.listedFirst(newRow.ExternalID), !isStored && in.Complete:
		return n<<pullShift + lastListing
	}
	return n << pullShift
}

// begunBy returns the number of the last pull that began at or before a time; 0 if there is none.
func (in Replacements) begunBy(at time.Time) (n uint64) {
	for n < uint64(len(in.Reads)) && !in.Reads[n].StartedAt.After(at) {
		n++
	}
	return n
}

// pages returns the pages of the n-th pull that contained the row. known is false if the pull has not read the row,
// or if it is not known which rows it has read.
func (in Replacements) pages(n uint64, externalID string) (pages domain.ListedPages, known bool) {
	if n > uint64(len(in.listed)) || in.listed[n-1] == nil {
		return domain.ListedPages{}, false
	}
	return in.listed[n-1](externalID)
}

// listedFirst reports whether it is known that the current pull has not returned the row with this id before its
// complete listing.
func (in Replacements) listedFirst(externalID string) bool {
	return in.Complete && in.ShownBefore != nil && !in.ShownBefore(externalID)
}

// lastRead returns the number of the last listing that contained the old row or may have contained it; 0 if there is
// none.
func (in Replacements) lastRead(oldRow *domain.OldRow) uint64 {
	end := in.number(oldRow.AbsentSince)
	if end > 0 && (!in.Reads[end-1].Progress.Reread ||
		end == uint64(len(in.Reads)) && in.listedFirst(oldRow.ExternalID)) {
		end--
	}
	if in.number(oldRow.AbsentSince) == 0 {
		for end < uint64(len(in.Reads)) && !in.Reads[end].StartedAt.After(oldRow.LearnedAt) {
			end++
		}
	}
	for n := uint64(len(in.Reads)); n > 0; n-- {
		read := &in.Reads[n-1]
		if pages, known := in.pages(n, oldRow.ExternalID); known {
			return n<<pullShift + uint64(pages.Last)
		}
		wrote := read.ID == oldRow.Pull && oldRow.RemovedAt.IsZero()
		if wrote || in.shown[n-1][oldRow.ExternalID] ||
			n <= end && in.listed[n-1] == nil && read.Progress.MayHaveShown(oldRow.TransactionData) {
			return n<<pullShift + anyPage
		}
	}
	return 0
}

// Relink contains the rows of one account before and after the account was linked again. FirstRead, LastRead, Reads
// and LearnedAt of the rows are ignored.
type Relink struct {
	Live []banktext.Row // rows of the earlier reference that are not removed
	// NotShown contains rows that were removed because no listing of the new reference contained them.
	NotShown []banktext.Row
	Old      []banktext.Row // other rows that were removed recently
	New      []banktext.Row // rows that the vendor returns under the new reference
	Never    map[domain.MatchPair]bool
	Shown    func(oldRow, newRow *banktext.Row) int // see Context.Shown
	Repeated func(key string) bool                  // see Context.Repeated
}

// MatchRelinked matches the rows of New with Live, then with NotShown, and then with Old. Context.Whole and
// Context.AsMany are set for Live and NotShown. The result omits suggestions whose new row is in a pair.
func MatchRelinked(in Relink) Result {
	var out Result
	came := unread(in.New)
	for _, side := range []struct {
		rows  []banktext.Row
		whole bool
	}{{in.Live, true}, {in.NotShown, true}, {in.Old, false}} {
		found := Match(unread(side.rows), came, Context{
			Never: in.Never, Shown: in.Shown, Repeated: in.Repeated, Whole: side.whole, AsMany: side.whole,
		})
		out.Pairs = append(out.Pairs, found.Pairs...)
		out.Suggestions = append(out.Suggestions, found.Suggestions...)
		out.Cost = out.Cost.Plus(found.Cost)
		taken := map[string]bool{}
		for _, pair := range found.Pairs {
			taken[pair.New] = true
		}
		came = slices.DeleteFunc(came, func(row banktext.Row) bool { return taken[row.ExternalID] })
		out.Suggestions = slices.DeleteFunc(out.Suggestions, func(s Suggestion) bool { return taken[s.New] })
	}
	return out
}

// MatchCarriedOver matches new rows with carried-over rows: rows that the vendor has not returned since the account
// was linked again. in.Old is ignored. A new row is not matched if in.Never contains a pair of this row and an empty
// Old.
func MatchCarriedOver(in Relink) Result {
	in.Old = nil
	return MatchRelinked(in)
}

func setOf(ids []string) map[string]bool {
	set := make(map[string]bool, len(ids))
	for _, id := range ids {
		set[id] = true
	}
	return set
}

// unread returns copies of the rows in which FirstRead, LastRead, Reads and LearnedAt are zero.
func unread(rows []banktext.Row) []banktext.Row {
	rows = slices.Clone(rows)
	for i := range rows {
		rows[i].FirstRead, rows[i].LastRead, rows[i].Reads, rows[i].LearnedAt = 0, 0, nil, time.Time{}
	}
	return rows
}

// Matches returns the pairs of the result with the rules that matched them. It omits the findings.
func (r Result) Matches() []domain.Match {
	matches := make([]domain.Match, len(r.Pairs))
	for i, pair := range r.Pairs {
		matches[i] = domain.Match{MatchPair: pair.MatchPair, Rule: pair.Rule}
	}
	return matches
}

// StrongKeys returns the identifiers of a row that each identify one movement of its account. A caller that cannot
// load all rows of an account can find pairs of rows by these keys. A key counts only if exactly one old row and
// exactly one new row have it, and no other row of the account; see Context.Repeated.
func StrongKeys(r banktext.Row) (keys []string) {
	parsed := parse(&r)
	if parsed == nil {
		return nil
	}
	for _, key := range strongKeys(parsed) {
		if key.kind >= 0 {
			keys = append(keys, key.text())
		}
	}
	return keys
}

// StrongReferences is like StrongKeys, for the references that are stored with a row. It does not read the text of the
// row, so it omits identifiers that are no reference.
func StrongReferences(account domain.AccountID, stored domain.References) (keys []string) {
	var ids banktext.Identifiers
	ids.AddKey(banktext.EndToEndID, stored.EndToEndID)
	ids.AddKey(banktext.TrackingKey, stored.TrackingKey)
	ids.AddKey(banktext.InstitutionID, stored.TransactionID)
	ids.AddKey(banktext.AuthenticationCode, stored.AuthenticationCode)
	ids.AddKey(banktext.BoletoLine, stored.Barcode)
	for _, key := range strongKeys(&row{Row: &banktext.Row{Account: account}, Evidence: banktext.Evidence{IDs: ids}}) {
		keys = append(keys, key.text())
	}
	return keys
}
