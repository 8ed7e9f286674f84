package application

import (
	"hash/fnv"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// sightings remembers external ids by a 64-bit hash, so that a million rows take some
// tens of megabytes. A collision can only hide a removal until the next sweep.
type sightings map[uint64]struct{}

func (s sightings) add(rows []domain.Observation) (fresh bool) {
	for _, row := range rows {
		key := hashOf(row.ExternalID)
		if _, known := s[key]; !known {
			s[key], fresh = struct{}{}, true
		}
	}
	return fresh
}

func (s sightings) has(externalID string) bool {
	_, known := s[hashOf(externalID)]
	return known
}

func hashOf(text string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(text))
	return h.Sum64()
}
