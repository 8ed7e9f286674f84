package simulation_test

import (
	"context"
	"fmt"
	"strings"
)

// A hostile vendor tries to make the service slow or wrong for everybody. Its references belong to the first tenant;
// the other two tenants are the honest neighbours. At quiet points the invariants must hold for all three of them. At
// random, the vendor chooses the texts of its rows, which cost the comparison most, and changes the ids of all rows at
// once. The number of its references and of its longest texts is bounded, so that the simulation does not take much
// longer.
const (
	maxHostileRefs  = 2 // of a simulation, without the links that follow them
	maxLongestTexts = 3 // of a simulation, without copies
	maxHostileRows  = 60
	longestText     = 262_144
)

// hostileTexts return a text of about the given length for the n-th row. No movement depends on it.
var hostileTexts = []func(s *sim, n, length int) string{
	(*sim).threeLetterWords, (*sim).differentWords, (*sim).contractNumbers,
}

func (s *sim) threeLetterWords(_, length int) string {
	var text strings.Builder
	for text.Len() < length {
		for range 3 {
			text.WriteByte("bcdfghjklmnpqrstvwxz"[s.rand.IntN(20)])
		}
		text.WriteByte(' ')
	}
	return text.String()
}

// differentWords returns words that all differ, with digits and slashes.
func (s *sim) differentWords(n, length int) string {
	var text strings.Builder
	for word := n; text.Len() < length; word++ {
		fmt.Fprintf(&text, "%s%d/%d ", movementName(word)[:3], word, n)
	}
	return text.String()
}

// contractNumbers returns different words and a number of a contract, which is the same in half of the rows.
func (s *sim) contractNumbers(n, length int) string {
	contract := 100_200
	if s.chance(0.5) {
		contract += n
	}
	return fmt.Sprintf("contrato %d/2026 %s", contract, s.differentWords(n, length))
}

// makeHostile sometimes makes a reference hostile.
func (s *sim) makeHostile(ref *accountRef) {
	if s.hostileRefs == maxHostileRefs || !s.chance(0.3) {
		return
	}
	s.hostileRefs++
	ref.hostile = true
	for want := len(ref.rows) + s.rand.IntN(maxHostileRows); len(ref.rows) < want; {
		s.addRow(ref)
	}
	for _, r := range ref.rows {
		r.text = s.hostileText()
	}
}

// hostileText returns the further text of a row.
func (s *sim) hostileText() string {
	s.names++
	length := []int{0, 200, 1_024, 1_024, 4_096}[s.rand.IntN(5)]
	if s.longestTexts < maxLongestTexts && s.chance(0.05) {
		s.longestTexts++
		s.counters.longTexts++
		length = longestText - 100
	}
	return hostileTexts[s.rand.IntN(len(hostileTexts))](s, s.names, length)
}

// changeHostileIDs links a connection of a hostile reference again, so that the ids of all of its rows change.
func (s *sim) changeHostileIDs() {
	for _, c := range s.connections {
		if c.deleted || !c.ref.hostile || !s.chance(0.5) {
			continue
		}
		app := s.randomReplica()
		s.counters.hostileLinks++
		s.spawn("operator", func(ctx context.Context) {
			s.checkExpectedError("link again", s.relinkConnection(ctx, app, c))
		})
		return
	}
}
