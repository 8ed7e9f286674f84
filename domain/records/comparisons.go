package records

import (
	"errors"
	"hash/maphash"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/matching"
)

// ErrNotCompared is the error of a write that needs a comparison of rows that Comparisons does not contain yet. The
// store rolls the transaction back, calls Comparisons.Make, and writes again.
var ErrNotCompared = errors.New("rows must be compared before the write")

// Comparisons contains the comparisons of rows that one write needs. A comparison may take long, because a vendor
// chooses the number of its rows and their texts. Therefore no comparison is made in a transaction that writes.
//
// A comparison is found by a hash of everything on which its result depends and that the write does not state itself.
// If this has changed between Make and the next transaction, the write needs another comparison. The zero value
// contains no comparisons.
type Comparisons struct {
	rules   *Matching
	results map[uint64]matching.Result
	open    []openComparison
	memory  reservation
}

// openComparison is a comparison that Make makes.
type openComparison struct {
	key     uint64
	compare func() matching.Result
}

// reservation is the memory that is reserved for comparisons.
type reservation struct {
	tenant  domain.TenantID // of the rows
	rows    int             // the number of rows for which memory is reserved
	missing int             // the number of rows for which there was no memory; 0 if there was enough
	free    []func()
}

// Make makes the comparisons that the last transaction needed. It first waits for their memory, and for the turn of the
// tenant. Errors: those of Matching.Reserve and Matching.Turn.
func (c *Comparisons) Make() error {
	if rows := c.memory.missing; rows > 0 {
		tenant := c.memory.tenant
		c.Release()
		free, err := c.rules.reserve(tenant, rows, true)
		if err != nil {
			return err
		}
		c.memory = reservation{tenant: tenant, rows: rows, free: []func(){free}}
	}
	if c.results == nil {
		c.results = map[uint64]matching.Result{}
	}
	if len(c.open) == 0 {
		return nil
	}
	end, err := c.rules.turn(c.memory.tenant, c.memory.rows)
	if err != nil {
		return err
	}
	defer end()
	for _, o := range c.open {
		result := o.compare()
		c.results[o.key] = result
		c.rules.compared(result.Cost)
	}
	c.open = nil
	return nil
}

// Release releases the memory of the comparisons. It is called when the write has ended.
func (c *Comparisons) Release() {
	for _, free := range c.memory.free {
		free()
	}
	c.memory = reservation{}
}

// reserve reserves memory for a comparison of this number of rows. It does not wait, because a transaction may be open.
// Errors: ErrNotCompared if there is no memory now.
func (d *decision) reserve(rows int) error {
	c := d.Comparisons
	c.memory.tenant = d.Tenant
	if rows <= c.memory.rows {
		return nil
	}
	free, err := c.rules.reserve(d.Tenant, rows-c.memory.rows, false)
	if err != nil {
		c.memory.missing = rows
		return ErrNotCompared
	}
	c.memory.rows, c.memory.free = rows, append(c.memory.free, free)
	return nil
}

// of returns the result of a comparison. If it is not known, of returns an empty result, and check returns an error.
func (c *Comparisons) of(key uint64, compare func() matching.Result) matching.Result {
	result, known := c.results[key]
	if !known {
		c.open = append(c.open, openComparison{key, compare})
	}
	return result
}

// check returns ErrNotCompared if a comparison is not known.
func (c *Comparisons) check() error {
	if len(c.open) > 0 {
		return ErrNotCompared
	}
	return nil
}

// comparisonSeed makes hashes unpredictable, so that a vendor cannot choose rows with equal hashes.
var comparisonSeed = maphash.MakeSeed()

// inputHash is a hash of the input of a comparison. It does not depend on the order in which values are added.
type inputHash uint64

// add adds a value of the input.
func add[T comparable](h *inputHash, value T) {
	*h += inputHash(maphash.Comparable(comparisonSeed, value))
}

// addNever adds the pairs that must not be matched.
func (h *inputHash) addNever(never map[domain.MatchPair]bool) {
	for pair := range never {
		add(h, pair)
	}
}

// addRepeated adds the keys that other rows of the account repeat; see decision.repeatedKeys.
func (h *inputHash) addRepeated(repeated map[string]bool) {
	for key := range repeated {
		add(h, key)
	}
}

// recordVersion identifies the content of a record. It does not contain the id of the record: a split within the write
// gives a record another id in each transaction.
type recordVersion struct {
	side       int
	externalID string
	account    domain.AccountID
	version    int
	digest     Digest
	removed    int64
}

func (r *Record) versionOn(side int) recordVersion {
	return recordVersion{side, r.ExternalID, r.AccountID, r.Version, r.Digest, r.RemovedAt.UnixNano()}
}
