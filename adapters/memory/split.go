package memory

import "github.com/LerianStudio/aggregator-connections/domain"

// splitPairsOf returns the pairs of rows of a connection that are never matched. The caller may change the map.
func (s *Store) splitPairsOf(id domain.ConnectionID) map[domain.MatchPair]bool {
	if s.splitPairs[id] == nil {
		s.splitPairs[id] = map[domain.MatchPair]bool{}
	}
	return s.splitPairs[id]
}
