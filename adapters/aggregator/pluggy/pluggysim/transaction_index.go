package pluggysim

import (
	"slices"
	"sort"
	"strings"
	"time"
)

// position is the sort key of a row in an index. The rows are sorted by time, newest first, and then by id. A cursor
// contains a position.
type position struct {
	at time.Time
	id string
}

func (p position) compare(q position) int {
	if c := q.at.Compare(p.at); c != 0 {
		return c
	}
	return strings.Compare(p.id, q.id)
}

// index contains the rows of an account, sorted by key (newest first) and then by id. Reading a page takes only a
// binary search and a copy of the page's rows.
type index struct {
	key  func(*Transaction) time.Time
	rows []*Transaction
}

func byDate(t *Transaction) time.Time    { return t.Date.Time }
func byCreated(t *Transaction) time.Time { return t.CreatedAt.Time }

func (x *index) positionOf(t *Transaction) position { return position{x.key(t), t.ID} }

func (x *index) compare(a, b *Transaction) int { return x.positionOf(a).compare(x.positionOf(b)) }

func (x *index) add(t *Transaction) {
	i, _ := slices.BinarySearchFunc(x.rows, t, x.compare)
	x.rows = slices.Insert(x.rows, i, t)
}

// addAll adds many rows and sorts once. Inserting the rows one by one would move the elements of the slice for each
// row.
func (x *index) addAll(ts []*Transaction) {
	x.rows = append(x.rows, ts...)
	slices.SortFunc(x.rows, x.compare)
}

func (x *index) remove(t *Transaction) {
	if i, ok := slices.BinarySearchFunc(x.rows, t, x.compare); ok {
		x.rows = slices.Delete(x.rows, i, i+1)
	}
}

// indexAfter returns the index in x.rows of the first row that follows p. The row at p itself may have been
// removed.
func (x *index) indexAfter(p position) int {
	return sort.Search(len(x.rows), func(i int) bool { return x.positionOf(x.rows[i]).compare(p) > 0 })
}

// countSince returns the number of rows whose key is t or later. These rows are the first ones of the index. For
// a zero t, it returns the number of all rows.
func (x *index) countSince(t time.Time) int {
	if t.IsZero() {
		return len(x.rows)
	}
	return sort.Search(len(x.rows), func(i int) bool { return x.key(x.rows[i]).Before(t) })
}

// indexUntil returns the index in x.rows of the first row whose key is t or earlier. For a zero t, it returns 0.
func (x *index) indexUntil(t time.Time) int {
	if t.IsZero() {
		return 0
	}
	return sort.Search(len(x.rows), func(i int) bool { return !x.key(x.rows[i]).After(t) })
}
