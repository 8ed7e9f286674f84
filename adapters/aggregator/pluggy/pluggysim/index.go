package pluggysim

import (
	"slices"
	"sort"
	"strings"
	"time"
)

// place is where a row stands in an index: newest first, then by id. It is what a cursor carries.
type place struct {
	at time.Time
	id string
}

func (p place) compare(q place) int {
	if c := q.at.Compare(p.at); c != 0 {
		return c
	}
	return strings.Compare(p.id, q.id)
}

// index keeps an account's rows in one order, so that a page costs a search and its own rows however long
// the account is.
type index struct {
	key  func(*Transaction) time.Time
	rows []*Transaction
}

func byDate(t *Transaction) time.Time    { return t.Date.Time }
func byCreated(t *Transaction) time.Time { return t.CreatedAt.Time }

func (x *index) placeOf(t *Transaction) place { return place{x.key(t), t.ID} }

func (x *index) compare(a, b *Transaction) int { return x.placeOf(a).compare(x.placeOf(b)) }

func (x *index) add(t *Transaction) {
	i, _ := slices.BinarySearchFunc(x.rows, t, x.compare)
	x.rows = slices.Insert(x.rows, i, t)
}

// addAll sorts once: row by row a bulk would cost a move of the slice each.
func (x *index) addAll(ts []*Transaction) {
	x.rows = append(x.rows, ts...)
	slices.SortFunc(x.rows, x.compare)
}

func (x *index) remove(t *Transaction) {
	if i, ok := slices.BinarySearchFunc(x.rows, t, x.compare); ok {
		x.rows = slices.Delete(x.rows, i, i+1)
	}
}

// after is the position of the first row behind p; rows of p itself need not exist any more.
func (x *index) after(p place) int {
	return sort.Search(len(x.rows), func(i int) bool { return x.placeOf(x.rows[i]).compare(p) > 0 })
}

// since is the position behind the last row whose key is not before t; a zero t is the end.
func (x *index) since(t time.Time) int {
	if t.IsZero() {
		return len(x.rows)
	}
	return sort.Search(len(x.rows), func(i int) bool { return x.key(x.rows[i]).Before(t) })
}

// until is the position of the first row whose key is not after t; a zero t is the beginning.
func (x *index) until(t time.Time) int {
	if t.IsZero() {
		return 0
	}
	return sort.Search(len(x.rows), func(i int) bool { return !x.key(x.rows[i]).After(t) })
}
