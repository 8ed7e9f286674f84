package application

import (
	"hash/maphash"
	"slices"
)

// sightings remembers external ids by a 64-bit hash, 8 to 10 bytes an id: a sweep may
// have to know millions. The hash's first byte names the drawer that an id is in. A
// collision can only hide a removal until a later sweep by another process.
type sightings [256][]uint64

// add keeps an id, as often as it comes. Where it is asked for, it says whether the id was
// not there before, which takes long: nobody should ask behind the first that is new.
func (s *sightings) add(key uint64, ask bool) (fresh bool) {
	drawer := &s[key>>56]
	fresh = ask && !slices.Contains(*drawer, key)
	*drawer = append(*drawer, key)
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
