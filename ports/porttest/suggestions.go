package porttest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/domain/matching"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// suggestionTests check how the store keeps suggestions, which are pairs of records that may be one movement at the
// bank, and the decisions of operators about them. The rules themselves are tested in package records.
var suggestionTests = []storeTest{
	{"a new record has its suggestions from its first version", suggestFirstVersion},
	{"a stored record gets its suggestions in a new version", suggestNewVersion},
	{"suggestions end when a record returns or is removed", suggestionsEnd},
	{"a join and its split change both records, their past ids and their histories", joinAndSplit},
	{"a former row of a join continues no other record", joinKeepsFormerRow},
	{"a complete listing undoes all joins since the one whose former row it shows", joinsAreUndone},
	{"a complete listing with both rows of a join undoes it", joinIsUndone},
	{"a complete listing undoes a join whose record went back", joinIsUndoneAfterReturn},
	{"a dismissed pair is not listed or suggested again", dismissSuggestions},
	{"a dismissal ends the other suggestions with either record", dismissalEndsOthers},
	{"a split ends the suggestions with the record", splitEndsSuggestions},
	{"a decision that is refused changes nothing", refusedDecisions},
	{"suggestions are listed newest first, by connection, page and tenant", listSuggestions},
	{"an erasure deletes the suggestions", eraseSuggestions},
	{"ambiguous accounts are stored until the reference is published", ambiguousAccounts},
	{"rows that wait because they show too few transactions are counted", unmatchedRows},
}

// ambiguous stores two equal rows y and z, either of which may continue the removed row x.
func ambiguous(f *fixture) *replacements {
	r := newReplacements(f)
	r.remove("x")
	r.next()
	r.page(news(), purchase("y"), purchase("z"))
	return r
}

// suggestions returns the listed suggestions of the connection in the form "x>y open", sorted.
func (r *replacements) suggestions() []string {
	r.Helper()
	page, err := r.Ledger.Suggestions(r.ctx, r.tenant, r.c.ID, domain.PageRequest{Limit: 100})
	r.noError(err)
	var found []string
	for _, s := range page.Items {
		r.equal("connection", r.c.ID, s.Connection)
		found = append(found, fmt.Sprintf("%s>%s %s", r.row(s.Old).ExternalID, r.row(s.New).ExternalID, s.State))
		stored, err := r.Ledger.Suggestion(r.ctx, r.tenant, ports.RecordPair{Old: s.Old, New: s.New})
		r.noError(err)
		r.equal("suggestion", s, stored)
	}
	slices.Sort(found)
	return found
}

func (r *replacements) row(id domain.TransactionID) domain.Transaction {
	r.Helper()
	t, err := r.Ledger.Transaction(r.ctx, r.tenant, id, time.Time{})
	r.noError(err)
	return t
}

func (r *replacements) join(old, with domain.TransactionID, reason string) (domain.Transaction, error) {
	return r.Ledger.Join(r.ctx, r.tenant, ports.RecordPair{Old: old, New: with},
		ports.Decision{Actor: "ana", Reason: reason, At: r.now()})
}

// reasons returns the reasons in the history of a record, newest first.
func (r *replacements) reasons(id domain.TransactionID) (reasons []string) {
	r.Helper()
	for _, v := range r.historyOf(id, 10, nil) {
		reasons = append(reasons, v.Transaction.Reason)
	}
	return reasons
}

func suggestFirstVersion(f *fixture) {
	r := ambiguous(f)
	r.want("records", "1: x v2 removed", "2: y v1", "3: z v1")
	f.equal("suggestions", []string{"x>y open", "x>z open"}, r.suggestions())
	f.equal("of y", []domain.TransactionID{r.older}, f.getRow(r.c, "y").PossiblySupersedes)
	s, err := f.Ledger.Suggestion(f.ctx, f.tenant, ports.RecordPair{Old: r.older, New: f.getRow(r.c, "y").ID})
	f.noError(err)
	f.equal("evidence", true, slices.ContainsFunc(s.Evidence, func(e matching.Finding) bool {
		return e.Speaks == matching.For
	}))
	f.equal("account", f.getRow(r.c, "y").AccountID, s.Account)
	f.equal("since", s.Since, f.factsOf(r.c).SuggestedSince)
	subject := func(newer string) string { return events.SuggestionSubject(r.older, f.getRow(r.c, newer).ID) }
	f.sentToAccount(s.Account, "account.added "+s.Account.String(), "replacement.possible "+subject("y"),
		"replacement.possible "+subject("z"))
	r.page(news(), purchase("w", withDescription("salario"), withAmount("-7", "BRL")))
	r.want("the next page", "1: x v2 removed", "2: y v1", "3: z v1", "4: w v1")
}

func suggestNewVersion(f *fixture) {
	r := newReplacements(f)
	r.page(news(), purchase("y"), purchase("z"))
	r.next()
	before := f.getRow(r.c, "y")
	r.remove("x")
	r.want("records", "1: x v2 removed", "2: y v2", "3: z v2")
	f.equal("suggestions", []string{"x>y open", "x>z open"}, r.suggestions())
	after := f.getRow(r.c, "y")
	f.equal("of y", []domain.TransactionID{r.older}, after.PossiblySupersedes)
	after.PossiblySupersedes, after.Version, after.UpdatedAt, after.Pull = nil, 1, before.UpdatedAt, before.Pull
	f.equal("the other members", before, after)
	history := r.historyOf(after.ID, 10, nil)
	f.equal("hash of the row", history[1].Transaction.RowSHA256, history[0].Transaction.RowSHA256)
	f.equal("before", []domain.TransactionID(nil), history[1].Transaction.PossiblySupersedes)
	for _, t := range f.readFeed(domain.Position{}, 10, 3) {
		if t.ID == after.ID {
			f.equal("changed", []string{"possiblySupersedes"}, t.Changed)
		}
	}
}

func suggestionsEnd(f *fixture) {
	r := ambiguous(f)
	r.next()
	r.remove("y")
	r.want("the removal of y", "1: x v2 removed", "2: y v2 removed", "3: z v1")
	f.equal("suggestions", []string{"x>z open"}, r.suggestions())
	f.equal("of y", 0, len(f.getRow(r.c, "y").PossiblySupersedes))
	s, err := f.Ledger.Suggestion(f.ctx, f.tenant, ports.RecordPair{Old: r.older, New: f.getRow(r.c, "y").ID})
	f.noError(err)
	f.equal("state", records.SuggestionRemoved, s.State)
	r.next()
	r.page(listing(), purchase("x"))
	r.want("the return of x", "1: x v3", "2: y v2 removed", "3: z v2")
	f.equal("suggestions", 0, len(r.suggestions()))
	f.equal("of z", 0, len(f.getRow(r.c, "z").PossiblySupersedes))
}

func joinAndSplit(f *fixture) {
	r := ambiguous(f)
	y := f.getRow(r.c, "y")
	joined, err := r.join(r.older, y.ID, "one purchase")
	f.noError(err)
	r.want("after the join", "1: y v3 was x", "2: y v2 removed by 1", "3: z v2")
	f.equal("result", r.row(r.older), joined)
	f.equal("rule", domain.OperatorJoin, joined.Supersedes[0].Rule)
	f.equal("suggestions", 0, len(r.suggestions()))
	f.equal("by the past id", []domain.TransactionID{r.older}, r.found("x"))
	f.equal("reasons", []string{"one purchase", "", ""}, r.reasons(r.older))
	for _, id := range []domain.TransactionID{r.older, y.ID} {
		newest := r.historyOf(id, 10, nil)[0]
		f.equal("cause", []any{domain.CausedByOperator, "ana"}, []any{newest.Cause(), newest.Transaction.Actor})
	}
	f.equal("changes", []domain.ChangeKind{domain.SupersededRow, domain.Removed, domain.Added},
		changes(r.historyOf(r.older, 10, nil)))
	r.next()
	r.page(listing(), purchase("x"), purchase("y"), purchase("z"))
	r.want("an unsettled read with both rows", "1: y v3 was x", "2: y v2 removed by 1", "3: z v2")
	_, err = f.Ledger.Split(f.ctx, f.tenant, r.older, newID[domain.Transaction](),
		ports.Decision{Reason: "two purchases", At: f.now()})
	f.noError(err)
	r.want("after the split", "1: x v4 removed", "2: y v3", "3: z v2")
	f.equal("reasons", []string{"two purchases", "one purchase", "", ""}, r.reasons(r.older))
	s, err := f.Ledger.Suggestion(f.ctx, f.tenant, ports.RecordPair{Old: r.older, New: y.ID})
	f.noError(err)
	f.equal("state", records.SuggestionSplit, s.State)
}

func joinsAreUndone(f *fixture) {
	r := ambiguous(f)
	r.page(news(), purchase("w"))
	_, err := r.join(r.older, f.getRow(r.c, "y").ID, "")
	f.noError(err)
	r.next()
	r.remove("y")
	r.want("after a join", "1: y v4 was x removed", "2: y v2 removed by 1", "3: z v2", "4: w v2")
	_, err = r.join(r.older, f.getRow(r.c, "z").ID, "")
	f.noError(err)
	r.next()
	r.want("after two joins", "1: z v5 was x was y", "2: y v2 removed by 1", "3: z v3 removed by 1", "4: w v2")
	r.page(listing(), purchase("x"), purchase("z"))
	r.sweep(r.l, ports.SweepWrite{
		Proof: domain.OneRead, Page: ports.PageWrite{NewID: newID[domain.Transaction]},
	}, "w", "x", "z")
	r.want("after the listing", "1: x v7", "2: y v3 removed", "3: z v4", "4: w v2")
}

func joinKeepsFormerRow(f *fixture) {
	r := ambiguous(f)
	_, err := r.join(r.older, f.getRow(r.c, "y").ID, "")
	f.noError(err)
	r.next()
	r.remove("z")
	r.next()
	r.page(listing(), purchase("x"), purchase("y"))
	r.want("an unsettled read with both rows", "1: y v3 was x", "2: y v2 removed by 1", "3: z v3 removed")
}

func joinIsUndone(f *fixture) {
	r := ambiguous(f)
	_, err := r.join(r.older, f.getRow(r.c, "y").ID, "")
	f.noError(err)
	r.next()
	r.page(listing(), purchase("x"), purchase("y"), purchase("z"))
	r.sweep(r.l, ports.SweepWrite{
		Proof: domain.OneRead, Page: ports.PageWrite{NewID: newID[domain.Transaction]},
	}, "x", "y", "z")
	r.want("after the listing", "1: x v4", "2: y v3", "3: z v2")
	f.equal("suggestions", []string{"x>y join_undone"}, r.suggestions())
	f.equal("since", false, f.factsOf(r.c).JoinUndoneSince.IsZero())
	f.equal("no open suggestion", true, f.facts()[r.c.ID].SuggestedSince.IsZero())
	pair := ports.RecordPair{Old: r.older, New: f.getRow(r.c, "y").ID}
	f.noError(f.Ledger.Dismiss(f.ctx, f.tenant, []ports.RecordPair{pair}, ports.Decision{At: f.now()}))
	f.equal("after the dismissal", 0, len(r.suggestions()))
	f.equal("fact at the end", true, f.factsOf(r.c).JoinUndoneSince.IsZero())
}

func joinIsUndoneAfterReturn(f *fixture) {
	r := newReplacements(f)
	tip := purchase("y", withDescription("another"), withAmount("-7", "BRL"))
	r.page(news(), tip)
	y := f.getRow(r.c, "y").ID
	r.next()
	r.remove("x")
	_, err := r.join(r.older, y, "")
	f.noError(err)
	r.want("after the join", "1: y v3 was x", "2: y v2 removed by 1")
	r.next()
	r.remove("y")
	r.next()
	r.page(news(), purchase("x"))
	r.want("the record goes back", "1: x v5 was y", "2: y v2 removed by 1")
	f.equal("by the past id", []domain.TransactionID{r.older}, r.found("y"))
	r.next()
	r.page(listing(), purchase("x"), tip)
	r.sweep(r.l, ports.SweepWrite{
		Proof: domain.OneRead, Page: ports.PageWrite{NewID: newID[domain.Transaction]},
	}, "x", "y")
	r.want("after the listing", "1: x v6", "2: y v3")
	f.equal("by the id", []domain.TransactionID{y}, r.found("y"))
	f.equal("content", tip.Description, f.getRow(r.c, "y").Description)
	f.equal("suggestions", []string{"x>y join_undone"}, r.suggestions())
	f.equal("since", false, f.factsOf(r.c).JoinUndoneSince.IsZero())
}

// dismissalEndsOthers dismisses one of six suggestions, which pair two removed records with three live ones.
func dismissalEndsOthers(f *fixture) {
	r := newReplacements(f)
	r.page(news(), purchase("x2"))
	r.next()
	r.remove("x", "x2")
	r.next()
	r.page(news(), purchase("y"), purchase("z"), purchase("w"))
	f.equal("suggestions", []string{
		"x2>w open", "x2>y open", "x2>z open", "x>w open", "x>y open", "x>z open",
	}, r.suggestions())
	y := f.getRow(r.c, "y").ID
	f.noError(f.Ledger.Dismiss(f.ctx, f.tenant, []ports.RecordPair{{Old: r.older, New: y}},
		ports.Decision{At: f.now()}))
	f.equal("after the dismissal", []string{"x2>w open", "x2>z open"}, r.suggestions())
	x2 := f.getRow(r.c, "x2").ID
	f.equal("of y", 0, len(f.getRow(r.c, "y").PossiblySupersedes))
	f.equal("of z", []domain.TransactionID{x2}, f.getRow(r.c, "z").PossiblySupersedes)
	for pair, want := range map[ports.RecordPair]records.SuggestionState{
		{Old: r.older, New: y}:                     records.SuggestionDismissed,
		{Old: r.older, New: f.getRow(r.c, "z").ID}: records.SuggestionExcluded,
		{Old: x2, New: y}:                          records.SuggestionExcluded,
	} {
		s, err := f.Ledger.Suggestion(f.ctx, f.tenant, pair)
		f.noError(err)
		f.equal("state", want, s.State)
	}
	r.next()
	r.page(news(), purchase("v", withDescription("salario"), withAmount("-7", "BRL")))
	f.equal("after another page", []string{"x2>w open", "x2>z open"}, r.suggestions())
}

// splitEndsSuggestions joins two records, and splits the result. The suggestion with the third record must not open
// again.
func splitEndsSuggestions(f *fixture) {
	r := ambiguous(f)
	y, z := f.getRow(r.c, "y").ID, f.getRow(r.c, "z").ID
	_, err := r.join(r.older, y, "")
	f.noError(err)
	f.equal("after the join", 0, len(r.suggestions()))
	_, err = f.Ledger.Split(f.ctx, f.tenant, r.older, newID[domain.Transaction](), ports.Decision{At: f.now()})
	f.noError(err)
	f.equal("after the split", 0, len(r.suggestions()))
	f.equal("of z", 0, len(f.getRow(r.c, "z").PossiblySupersedes))
	s, err := f.Ledger.Suggestion(f.ctx, f.tenant, ports.RecordPair{Old: r.older, New: z})
	f.noError(err)
	f.equal("state", records.SuggestionExcluded, s.State)
}

func dismissSuggestions(f *fixture) {
	r := ambiguous(f)
	y, z := f.getRow(r.c, "y").ID, f.getRow(r.c, "z").ID
	f.noError(f.Ledger.Dismiss(f.ctx, f.tenant, []ports.RecordPair{{Old: r.older, New: y}},
		ports.Decision{Reason: "no", At: f.now()}))
	f.equal("suggestions", 0, len(r.suggestions()))
	f.equal("reasons", []string{"no", ""}, r.reasons(y))
	f.equal("of y", 0, len(f.getRow(r.c, "y").PossiblySupersedes))
	f.noError(f.Ledger.Dismiss(f.ctx, f.tenant, []ports.RecordPair{{Old: r.older, New: y}, {Old: r.older, New: z}},
		ports.Decision{At: f.now()}))
	s, err := f.Ledger.Suggestion(f.ctx, f.tenant, ports.RecordPair{Old: r.older, New: z})
	f.noError(err)
	f.equal("state", records.SuggestionDismissed, s.State)
	r.next()
	r.page(news(), purchase("w", withDescription("salario"), withAmount("-7", "BRL")))
	f.equal("after another page", 0, len(r.suggestions()))
	_, err = r.join(r.older, z, "")
	f.noError(err)
	f.equal("a dismissed pair was joined", "z", r.row(r.older).ExternalID)
}

func refusedDecisions(f *fixture) {
	r := ambiguous(f)
	y := f.getRow(r.c, "y").ID
	before := strings.Join(r.state(), ", ")
	unknown := newID[domain.Transaction]()
	conflict := func(what string, err error) {
		f.Helper()
		var e *domain.Error
		f.equal(what, true, errors.As(err, &e) && e.Kind == domain.Conflict && e.Code == domain.NotJoinable)
	}
	_, err := r.join(y, r.older, "")
	conflict("the live record first", err)
	_, err = r.join(y, y, "")
	conflict("one record", err)
	_, err = r.join(unknown, y, "")
	f.errorIs(err, domain.NotFound)
	_, err = r.join(r.older, unknown, "")
	f.errorIs(err, domain.NotFound)
	_, err = f.Ledger.Join(f.ctx, newTenant(), ports.RecordPair{Old: r.older, New: y}, ports.Decision{At: f.now()})
	f.errorIs(err, domain.NotFound)
	pairs := []ports.RecordPair{{Old: r.older, New: y}, {Old: r.older, New: unknown}}
	f.errorIs(f.Ledger.Dismiss(f.ctx, f.tenant, pairs, ports.Decision{At: f.now()}), domain.NotFound)
	f.errorIs(f.Ledger.Dismiss(f.ctx, newTenant(), pairs[:1], ports.Decision{At: f.now()}), domain.NotFound)
	f.equal("suggestions", []string{"x>y open", "x>z open"}, r.suggestions())
	f.equal("records", before, strings.Join(r.state(), ", "))
	_, err = f.Ledger.Suggestion(f.ctx, f.tenant, pairs[1])
	f.errorIs(err, domain.NotFound)
}

func listSuggestions(f *fixture) {
	r := ambiguous(f)
	other := ambiguous(f)
	list := func(connection domain.ConnectionID, limit int) []ports.Suggestion {
		f.Helper()
		return collectPages(f, limit, func(page domain.PageRequest) (domain.Page[ports.Suggestion], error) {
			return f.Ledger.Suggestions(f.ctx, f.tenant, connection, page)
		}, nil)
	}
	all := list(domain.ConnectionID{}, 3)
	f.equal("all", 4, len(all))
	f.equal("ordered", true, slices.IsSortedFunc(all, records.CompareSuggestions))
	f.equal("newest", other.c.ID, all[0].Connection)
	f.equal("of one connection", 2, len(list(r.c.ID, 1)))
	page, err := f.Ledger.Suggestions(f.ctx, newTenant(), domain.ConnectionID{}, domain.PageRequest{Limit: 9})
	f.noError(err)
	f.equal("of another tenant", 0, len(page.Items))
	_, err = f.Ledger.Suggestions(f.ctx, f.tenant, domain.ConnectionID{},
		domain.PageRequest{Limit: 9, After: domain.Position{Key: "x"}})
	f.errorIs(err, domain.Invalid)
}

func eraseSuggestions(f *fixture) {
	r := ambiguous(f)
	f.finish(r.l, domain.PullSucceeded, "")
	f.erase(r.c)
	page, err := f.Ledger.Suggestions(f.ctx, f.tenant, domain.ConnectionID{}, domain.PageRequest{Limit: 9})
	f.noError(err)
	f.equal("suggestions", 0, len(page.Items))
}

func ambiguousAccounts(f *fixture) {
	c := f.newConnection("ambiguous")
	c.NewReference = true
	c = f.createStored(c)
	l, _ := f.claim(f.requestPull(c, domain.PullScope{}).ID)
	found := &records.AmbiguousAccounts{
		Target: c.Target(), Before: []domain.AccountID{newID[domain.Account]()}, After: []string{"a", "b"},
	}
	end := func(target string) domain.Connection {
		f.Helper()
		found.Target = target
		f.noError(f.Pulls.Finish(f.ctx, l, ports.Outcome{
			State: domain.PullSucceeded, Attempts: 1, At: f.now(), Ambiguous: found,
		}))
		l, _ = f.claim(f.requestPull(c, domain.PullScope{}).ID)
		return f.getConnection(c)
	}
	f.equal("another target", true, end("another").Ambiguity.IsZero())
	stored := end(c.Target())
	f.equal("fact", stored.Ambiguity, f.factsOf(c).Ambiguity)
	f.equal("since at all", false, stored.Ambiguity.Since.IsZero())
	f.equal("before", found.Before, stored.Ambiguity.Before)
	f.equal("after", found.After, stored.Ambiguity.After)
	again := end(c.Target())
	f.equal("since", stored.Ambiguity.Since, again.Ambiguity.Since)
	_, err := f.Connections.Update(f.ctx, f.tenant, c.Kind, c.ID, nil, func(c *domain.Connection) error {
		var err error
		c.Ambiguity, err = c.Ambiguity.Continue(found.Before[0], "b")
		return err
	})
	f.noError(err)
	f.equal("decision", map[string]domain.AccountID{"b": found.Before[0]}, f.getConnection(c).Ambiguity.Continues)
	f.noError(f.Pulls.Finish(f.ctx, l, ports.Outcome{
		State: domain.PullSucceeded, Attempts: 1, At: f.now(), Target: c.Target(),
	}))
	f.equal("after the reference was stored", true, f.getConnection(c).Ambiguity.IsZero())
}

func unmatchedRows(f *fixture) {
	c := f.newConnection("unmatched")
	c.NewReference = true
	c = f.createStored(c)
	l, _ := f.claim(f.requestPull(c, domain.PullScope{}).ID)
	end := func(target string, rows int) domain.AccountAmbiguity {
		f.Helper()
		f.noError(f.Pulls.Finish(f.ctx, l, ports.Outcome{
			State: domain.PullSucceeded, Attempts: 1, At: f.now(),
			Unmatched: &records.UnmatchedRows{Target: target, Rows: rows},
		}))
		l, _ = f.claim(f.requestPull(c, domain.PullScope{}).ID)
		return f.getConnection(c).Ambiguity
	}
	f.equal("another target", true, end("another", 20).IsZero())
	first := end(c.Target(), 20)
	f.equal("rows", 20, first.Unmatched)
	f.equal("since at all", false, first.UnmatchedSince.IsZero())
	f.equal("fact", first, f.factsOf(c).Ambiguity)
	f.equal("no ambiguous account", true, f.factsOf(c).Ambiguity.Since.IsZero())
	second := end(c.Target(), 22)
	f.equal("rows of the second read", 22, second.Unmatched)
	f.equal("since", first.UnmatchedSince, second.UnmatchedSince)
	f.noError(f.Pulls.Finish(f.ctx, l, ports.Outcome{
		State: domain.PullSucceeded, Attempts: 1, At: f.now(), Target: c.Target(),
	}))
	f.equal("after the reference was stored", true, f.getConnection(c).Ambiguity.IsZero())
	f.equal("fact at the end", true, f.factsOf(c).Ambiguity.IsZero())
}
