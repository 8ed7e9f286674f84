package pulling

import (
	"github.com/LerianStudio/aggregator-connections/domain"
)

// minLateRows is a limit for the new and changed rows after the first page of a step. If a step has so many, the
// vendor may be changing the ids of all rows while the step is read. The rows of each page must then be kept (see
// readRows.kept).
const minLateRows = 10

// readRows contains the rows that the attempts of a pull have read, page by page. It shows which of two rows the
// vendor returned first, and whether it returned both at once.
type readRows struct {
	rows *domain.ListedRows // nil if the rows of earlier attempts are not known, or no row can be replaced
	// kept is set if the rows must be stored with the progress of the pull. If kept is not set when the pull ends,
	// the pull has read each of its lists once and completely. The store has then recorded which stored rows the
	// lists lack, so the read rows are not needed.
	kept     bool
	stored   bool // the attempt has stored rows
	stepPage int  // number of pages of the current step
	late     int  // number of new or changed rows after the first page of the current step
}

// newReadRows returns the rows that earlier attempts have read. rows is nil in these cases:
//
//   - No row can be replaced: there are no stored rows, this is the first complete pull, or KeepReplacementsApart is
//     set.
//   - An earlier version of the service has begun the pull.
func (a *attempt) newReadRows() readRows {
	if a.initial || a.empty || a.KeepReplacementsApart || a.resumed && a.pull.Progress.Listed == nil {
		return readRows{}
	}
	rows := a.pull.Progress.Listed
	if rows == nil {
		rows = &domain.ListedRows{}
	}
	return readRows{rows: rows, kept: a.resumed}
}

// add adds the pages of a batch.
func (l *readRows) add(b *batch, step domain.Step) {
	if l.rows == nil {
		return
	}
	if len(b.listed) > 0 {
		rows := l.rows.WithPages(b.listed...)
		l.rows = &rows
	}
	if l.stepPage > 0 || len(b.listed) > 1 {
		l.late += len(b.rows)
	}
	l.stepPage += len(b.listed)
	nothingChanged := step.Since != "" && len(b.rows)+b.unchanged == 0
	l.kept = l.kept || !step.Sweep && !nothingChanged || l.late >= minLateRows
	if b.last || b.err != nil {
		l.stepPage, l.late = 0, 0
	}
}

// persisted returns the rows to store with the progress p. It returns nil if they are not needed after the pull.
func (l *readRows) persisted(p domain.Progress) *domain.ListedRows {
	switch {
	case l.rows == nil:
		return nil
	case l.kept:
		return l.rows
	case p.Done():
		return nil
	case l.stored, p.Planned && p.Current().Resume:
		return l.rows // for the next attempt
	}
	return &domain.ListedRows{} // the next attempt begins again, and nothing that this one has read is stored
}

// hashedPage returns the rows of a page for domain.ListedRows.
func hashedPage(rows []domain.RawTransaction) []byte {
	ids := make([]string, len(rows))
	for i := range rows {
		ids[i] = rows[i].ExternalID
	}
	return domain.HashedPage(ids)
}
