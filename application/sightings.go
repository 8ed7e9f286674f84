package application

import (
	"hash/maphash"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// sightings remembers external ids by a 64-bit hash, 8 to 10 bytes an id: a sweep may
// have to know millions. The hash's first byte names the drawer that an id is in. A
// collision can only hide a removal until a later sweep by another process.
type sightings [256][]uint64

// add says whether one of the rows was not there before. Ids are kept as often as they
// come, and none is looked for but up to the first that is new: mostly the first of all.
func (s *sightings) add(rows []domain.Sighting) (fresh bool) {
	for _, row := range rows {
		key := hashOf(row.ExternalID)
		drawer := &s[key>>56]
		fresh = fresh || !slices.Contains(*drawer, key)
		*drawer = append(*drawer, key)
	}
	return fresh
}

// sort is for has, after the last row was added.
func (s *sightings) sort() {
	for _, drawer := range s {
		slices.Sort(drawer)
	}
}

func (s *sightings) has(externalID string) bool {
	key := hashOf(externalID)
	_, found := slices.BinarySearch(s[key>>56], key)
	return found
}

// seed is another one in each process, so that no vendor can choose ids that collide.
var seed = maphash.MakeSeed()

func hashOf(text string) uint64 { return maphash.String(seed, text) }
