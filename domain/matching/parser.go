package matching

import (
	"cmp"
	"reflect"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain/banktext"
)

// parser parses the rows of one call of Match. If the ids of an account have changed, most new rows state what an old
// row stated. Such rows share their evidence, which nothing changes after parse.
type parser struct {
	known map[datedText]*row // the last row of each text and date
	rows  [2]banktext.Row    // the rows that isKnown compares
}

func (p *parser) parse(r *banktext.Row) *row {
	key := datedText{cmp.Or(r.RawDescription, r.Description), r.Date}
	if known := p.known[key]; known != nil && p.isKnown(known.Row, r) {
		parsed := *known
		parsed.Row = r
		return &parsed
	}
	parsed := parse(r)
	if parsed != nil {
		p.known[key] = parsed
	}
	return parsed
}

// isKnown reports whether two rows are equal apart from what parse does not read.
func (p *parser) isKnown(known, r *banktext.Row) bool {
	p.rows = [2]banktext.Row{withoutIdentity(*known), withoutIdentity(*r)}
	return reflect.DeepEqual(&p.rows[0], &p.rows[1])
}

// withoutIdentity returns a row without what parse does not read: which row it is, and what has become of it.
func withoutIdentity(r banktext.Row) banktext.Row {
	r.ExternalID, r.Link, r.Status, r.Excluded = "", "", "", false
	r.LearnedAt, r.FirstRead, r.LastRead, r.Reads = time.Time{}, 0, 0, nil
	return r
}
