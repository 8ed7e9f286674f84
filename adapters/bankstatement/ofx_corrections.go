package bankstatement

import (
	"strings"

	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

// ofxTarget is the place of a movement: the index of the statement and that of the block.
type ofxTarget struct{ statement, block int }

// applyCorrections applies the movements that replace or delete another one of the file (CORRECTFITID). The corrected
// ones, and those that only delete, become apart. A correction of a movement that the file does not have is refused.
func (r *ofxReader) applyCorrections(blocks [][]witness.Block) {
	known := map[accountKey]map[string][]ofxTarget{}
	var corrections []ofxTarget
	for i, s := range r.statements {
		key := accountKey{s.account, s.currency}
		if known[key] == nil {
			known[key] = map[string][]ofxTarget{}
		}
		for j := range s.blocks {
			at := ofxTarget{i, j}
			switch id := s.blocks[j].fields["FITID"]; {
			case blocks[i][j].Kind != witness.Line:
			case s.blocks[j].fields["CORRECTFITID"] != "":
				corrections = append(corrections, at)
			case id != "":
				known[key][id] = append(known[key][id], at)
			}
		}
	}
	for _, at := range corrections {
		s := r.statements[at.statement]
		r.correct(blocks, known[accountKey{s.account, s.currency}], at)
	}
}

// correct applies one correction. known contains the movements of the account that are not corrected, by their FITID.
func (r *ofxReader) correct(blocks [][]witness.Block, known map[string][]ofxTarget, at ofxTarget) {
	raw := &r.statements[at.statement].blocks[at.block]
	b := &blocks[at.statement][at.block]
	id, action := raw.fields["CORRECTFITID"], strings.ToUpper(raw.fields["CORRECTACTION"])
	refuse := func(reason string, args ...any) {
		*b = refusedOn(b.Date, raw.line, r.f.text[raw.start:raw.end], reason, args...)
	}
	targets := known[id]
	switch {
	case action != "DELETE" && action != "REPLACE":
		refuse("the correction of the movement %q has an unknown action: %q", id, action)
		return
	case len(targets) == 0:
		refuse("the file does not have the movement %q that is corrected", id)
		return
	case len(targets) > 1:
		refuse("the file has the movement %q that is corrected more than once", id)
		return
	}
	corrected := &blocks[targets[0].statement][targets[0].block]
	corrected.Kind, corrected.Reason = witness.Apart, "corrected: the bank has replaced it"
	delete(known, id)
	if action == "DELETE" {
		corrected.Reason = "corrected: the bank has deleted it"
		b.Kind, b.Reason = witness.Apart, "a correction: it deletes another movement"
		return
	}
	// A later correction names the movement or the one that has replaced it.
	known[id] = []ofxTarget{at}
	if own := raw.fields["FITID"]; own != "" {
		known[own] = []ofxTarget{at}
	}
}
