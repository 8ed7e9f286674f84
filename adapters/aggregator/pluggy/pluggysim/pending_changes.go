package pluggysim

import (
	"maps"
	"slices"
)

// changes contains the ids of the rows whose last change has not been announced by a webhook yet. An id is in at most
// one of the three sets.
type changes struct{ created, updated, deleted map[string]struct{} }

func newChanges() changes {
	return changes{created: map[string]struct{}{}, updated: map[string]struct{}{}, deleted: map[string]struct{}{}}
}

func (c *changes) add(id string) { c.created[id] = struct{}{} }

// update records an edit of a row. If no webhook has announced the creation of the row yet, the edit is not announced
// separately.
func (c *changes) update(id string) {
	if _, ok := c.created[id]; !ok {
		c.updated[id] = struct{}{}
	}
}

// remove records the removal of a row. If the creation of the row is not announced yet, nothing about the
// row will be announced.
func (c *changes) remove(id string) {
	delete(c.updated, id)
	if _, ok := c.created[id]; ok {
		delete(c.created, id)
		return
	}
	c.deleted[id] = struct{}{}
}

// take returns the ids of a set, sorted, and empties the set.
func take(set map[string]struct{}) []string {
	ids := slices.Sorted(maps.Keys(set))
	clear(set)
	return ids
}

// forEvent returns the set of ids that the event with this name announces.
func (c *changes) forEvent(event string) map[string]struct{} {
	switch event {
	case "transactions/created":
		return c.created
	case "transactions/updated":
		return c.updated
	default:
		return c.deleted
	}
}
