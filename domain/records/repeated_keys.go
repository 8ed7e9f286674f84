package records

import (
	"maps"
	"slices"
	"strings"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/matching"
)

// keyBatch is the maximum number of values in one call of Source.VisitIdentified.
const keyBatch = 500

// maxIdentifiedPayload is the number of bytes of a quarantined row in which identifiers are looked for.
const maxIdentifiedPayload = 16 << 10

// keyedRows describes an old row and a new row that have a strong key in common.
type keyedRows struct {
	account     domain.AccountID
	records     []domain.TransactionID // the stored records of the two rows
	externalIDs []string
	values      []string // the references that may be the identifier, in lower case
}

func (k *keyedRows) add(record domain.TransactionID, externalID string, stored domain.References) {
	k.records, k.externalIDs = append(k.records, record), append(k.externalIDs, externalID)
	for _, value := range stored.Strong() {
		k.values = append(k.values, domain.LowerReference(value))
	}
}

// repeatedKeys returns the keys that another record of the account has, or had when it was removed, and those that a
// quarantined row of the connection contains. Such a key does not name one movement. The rows of one record count once.
func (d *decision) repeatedKeys(keyed map[string]*keyedRows) (map[string]bool, error) {
	repeated := map[string]bool{}
	values := map[domain.AccountID][]string{}
	for _, key := range slices.Sorted(maps.Keys(keyed)) {
		rows := keyed[key]
		values[rows.account] = append(values[rows.account], rows.values...)
	}
	for _, account := range domain.SortedKeys(values, domain.AccountID.Compare) {
		slices.Sort(values[account])
		for batch := range slices.Chunk(slices.Compact(values[account]), keyBatch) {
			err := d.source.VisitIdentified(account, batch, func(record domain.TransactionID, has domain.References) {
				for _, key := range matching.StrongReferences(account, has) {
					if rows := keyed[key]; rows != nil && !slices.Contains(rows.records, record) {
						repeated[key] = true
					}
				}
			})
			if err != nil {
				return nil, err
			}
		}
	}
	return repeated, d.addQuarantined(repeated, keyed)
}

// addQuarantined adds the keys whose identifier is a text of a quarantined row. The account of such a row is not known.
func (d *decision) addQuarantined(repeated map[string]bool, keyed map[string]*keyedRows) error {
	if len(keyed) == len(repeated) {
		return nil
	}
	byValue := map[string][]string{}
	for key, rows := range keyed {
		for _, value := range rows.values {
			byValue[value] = append(byValue[value], key)
		}
	}
	return d.source.VisitQuarantine(maxIdentifiedPayload, func(e QuarantineEntry) {
		if e.Kind != domain.QuarantinedTransaction {
			return
		}
		for text := range strings.SplitSeq(string(e.Payload), `"`) {
			for _, key := range byValue[domain.LowerReference(text)] {
				if !slices.Contains(keyed[key].externalIDs, e.ExternalID()) {
					repeated[key] = true
				}
			}
		}
	})
}

// identified contains what identifies a row: a new row without a record has no record id.
type identified struct {
	record     domain.TransactionID
	externalID string
	account    domain.AccountID
	references domain.References
}

// repeatedAmong is like repeatedKeys, for the keys that an old row and a new row have in common. It also returns those
// that several rows of one side have.
func (d *decision) repeatedAmong(old, came []identified) (map[string]bool, error) {
	sides := [2]map[string]*identified{{}, {}}
	several := map[string]bool{}
	for side, rows := range [][]identified{old, came} {
		for i := range rows {
			for _, key := range matching.StrongReferences(rows[i].account, rows[i].references) {
				several[key] = several[key] || sides[side][key] != nil
				sides[side][key] = &rows[i]
			}
		}
	}
	keyed := map[string]*keyedRows{}
	for key, o := range sides[0] {
		if n := sides[1][key]; n != nil && !several[key] {
			rows := &keyedRows{account: o.account}
			rows.add(o.record, o.externalID, o.references)
			rows.add(n.record, n.externalID, n.references)
			keyed[key] = rows
		}
	}
	repeated, err := d.repeatedKeys(keyed)
	if err != nil {
		return nil, err
	}
	for key, is := range several {
		if is {
			repeated[key] = true
		}
	}
	return repeated, nil
}

// readRepeated sets Context.Repeated of the rows of an account. It returns the keys for which the function returns
// true.
func (d *decision) readRepeated(r *replacement, of *matching.Replacements) (map[string]bool, error) {
	var old, came []identified
	for i := range of.Old {
		o := &of.Old[i]
		old = append(old, identified{o.ID, o.ExternalID, o.AccountID, o.References})
	}
	for i := range of.New {
		n := &of.New[i]
		row := identified{externalID: n.ExternalID, account: n.AccountID, references: n.References}
		if younger := r.replaced[n.ExternalID]; younger != nil {
			row.record = younger.ID
		}
		came = append(came, row)
	}
	repeated, err := d.repeatedAmong(old, came)
	of.Context.Repeated = func(key string) bool { return repeated[key] }
	return repeated, err
}
