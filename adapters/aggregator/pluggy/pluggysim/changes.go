package pluggysim

import (
	"maps"
	"slices"
)

// changes is what no webhook has told of yet: a row stands in at most one of the three.
type changes struct{ created, updated, deleted map[string]struct{} }

func newChanges() changes {
	return changes{created: map[string]struct{}{}, updated: map[string]struct{}{}, deleted: map[string]struct{}{}}
}

func (c *changes) add(id string) { c.created[id] = struct{}{} }

// update of a row not yet announced stays a creation.
func (c *changes) update(id string) {
	if _, ok := c.created[id]; !ok {
		c.updated[id] = struct{}{}
	}
}

// remove of a row not yet announced leaves nothing to tell.
func (c *changes) remove(id string) {
	delete(c.updated, id)
	if _, ok := c.created[id]; ok {
		delete(c.created, id)
		return
	}
	c.deleted[id] = struct{}{}
}

// take hands out the ids of one set, sorted, and empties it.
func take(set map[string]struct{}) []string {
	ids := slices.Sorted(maps.Keys(set))
	clear(set)
	return ids
}

// of is the set that an event tells.
func (c *changes) of(event string) map[string]struct{} {
	switch event {
	case "transactions/created":
		return c.created
	case "transactions/updated":
		return c.updated
	default:
		return c.deleted
	}
}
