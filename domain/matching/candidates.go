package matching

import (
	"hash/maphash"
	"runtime"
	"slices"
	"sort"
	"strconv"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/banktext"
)

// The limits of candidates, as numbers of groups. If more than maxClass groups have the same amount, they are divided
// into buckets by words and numbers, then also by dates. A bucket of more than maxBucket groups is not compared
// whole.
const (
	maxClass  = 64
	maxBucket = 96
)

// candidates finds the groups that may be the same movement as a given group.
type candidates struct {
	byAmount     map[string][]*group // by amount, and by the amount in the account's currency
	byIdentifier map[identifierKey][]*group
	byName       map[string][]*group // by the beginning of the name, for amounts that change
	// tokens contains the tokens of the groups of large classes in ascending order, and groups their groups. The groups
	// of one token have the order of the new groups.
	tokens   []token
	groups   []*group
	maxWords int // the maximum number of pairs of words that are compared for one group
}

// hashSeed makes the tokens of this process unpredictable, so that a vendor cannot choose texts with equal tokens.
var hashSeed = maphash.MakeSeed()

// token is the hash of an amount and of a part of the evidence. If two different parts have the same hash by chance,
// some groups are compared in vain.
type token uint64

// newCandidates returns the candidates among the new groups. oldGroups is the number of the groups that are compared
// with them.
func newCandidates(groups []*group, oldGroups int) *candidates {
	c := &candidates{
		byAmount: map[string][]*group{}, byIdentifier: map[identifierKey][]*group{}, byName: map[string][]*group{},
		maxWords: max(maxRowWords, maxMatchWords/max(1, oldGroups)),
	}
	for _, g := range groups {
		runtime.Gosched() // as in matcher.judgeAll
		for _, amount := range amountsOf(g.first) {
			c.byAmount[amount] = append(c.byAmount[amount], g)
		}
		for _, key := range strongKeys(g.first) {
			c.byIdentifier[key] = append(c.byIdentifier[key], g)
		}
		for _, name := range nameKeys(g.first) {
			c.byName[name] = append(c.byName[name], g)
		}
	}
	c.indexTokens()
	return c
}

// indexTokens sets tokens and groups.
func (c *candidates) indexTokens() {
	for amount, class := range c.byAmount {
		if isLarge(class) {
			for _, g := range class {
				for _, t := range append(tokensOf(amount, g.first), textToken(amount, g.first)) {
					c.tokens, c.groups = append(c.tokens, t), append(c.groups, g)
				}
			}
		}
	}
	sort.Stable(byToken{c})
}

// byToken sorts the tokens of candidates, with their groups.
type byToken struct{ *candidates }

func (b byToken) Len() int           { return len(b.tokens) }
func (b byToken) Less(i, j int) bool { return b.tokens[i] < b.tokens[j] }
func (b byToken) Swap(i, j int) {
	b.tokens[i], b.tokens[j] = b.tokens[j], b.tokens[i]
	b.groups[i], b.groups[j] = b.groups[j], b.groups[i]
}

// isLarge reports whether too many groups have the same amount to compare each of them with all others.
func isLarge(class []*group) bool { return len(class) > maxClass }

// amountsOf returns the keys of the amounts of a row.
func amountsOf(r *row) []string {
	keys := []string{r.scope}
	if r.AccountAmount != nil {
		keys = append(keys, scopeOf(r, *r.AccountAmount))
	}
	return keys
}

func strongKeys(r *row) (keys []identifierKey) {
	for k := range banktext.Kinds {
		for _, value := range r.IDs[k] {
			if banktext.IsStrong(k, value) {
				keys = append(keys, identifierKey{r.Account, k, value})
			}
		}
	}
	if r.Link != "" {
		keys = append(keys, identifierKey{r.Account, -1, r.Link})
	}
	return keys
}

// nameKeys returns a key for each name of a row: the beginning of its first word of three letters or more, with the
// account and the sign of the amount.
func nameKeys(r *row) (keys []string) {
	prefix := r.Account.String() + strconv.Itoa(r.Amount.Amount.Sign())
	isLong := func(word string) bool { return len(word) >= minAbbreviation }
	for _, words := range [][]string{r.Words, r.Party} {
		if i := slices.IndexFunc(words, isLong); i >= 0 {
			keys = banktext.Add(keys, prefix+words[i][:minAbbreviation])
		}
	}
	return keys
}

// tokensOf returns the tokens by which many groups of one amount are divided into buckets: each word, number,
// document and account of the row, or the operation if there are none. Each token is returned with and without the
// date, and the date is also a token.
func tokensOf(amount string, r *row) (tokens []token) {
	seen := map[string]bool{}
	var parts []string
	add := func(part string) {
		if !seen[part] {
			seen[part] = true
			parts = append(parts, part)
		}
	}
	for _, words := range [][]string{r.Words, r.Party, r.Numbers, r.References, r.Accounts, r.PixKeys} {
		for _, word := range words {
			add(" " + word[:min(len(word), 5)])
		}
	}
	for _, document := range r.Documents {
		add("d" + document[min(3, len(document)):min(9, len(document))])
	}
	if len(parts) == 0 {
		add(" " + string(r.Operation))
	}
	day := "@" + strconv.Itoa(r.day)
	tokens = make([]token, 0, 2*len(parts)+1)
	for _, on := range []string{"", day} {
		for _, part := range parts {
			tokens = append(tokens, tokenOf(amount, part, on))
		}
	}
	return append(tokens, tokenOf(amount, "", day))
}

// textToken returns the token of the whole text of a row, without the parts that the bank may print differently.
func textToken(amount string, r *row) token { return tokenOf(amount, "="+r.identity, "") }

// tokenOf returns the token of a part of the evidence, with the date unless day is "".
func tokenOf(amount, part, day string) token {
	return token(maphash.Comparable(hashSeed, [3]string{amount, part, day}))
}

// bucket returns the groups of the large classes with a token.
func (c *candidates) bucket(t token) []*group {
	start, _ := slices.BinarySearch(c.tokens, t)
	end := start + sort.Search(len(c.tokens)-start, func(i int) bool { return c.tokens[start+i] > t })
	return c.groups[start:end]
}

// The method of returns the candidates of a group, each once. complete is false in these cases:
//
//   - All buckets of one amount of the group have more than maxBucket groups.
//   - The group has so many candidates that comparing them exceeds maxWords. The other candidates are then marked as
//     contested.
//
// The result then contains as many groups of the smallest bucket as the limits allow.
func (c *candidates) of(g *group) (found []*group, complete bool) {
	complete = true
	s := selection{candidates: c, group: g}
	for _, key := range strongKeys(g.first) {
		s.collect(c.byIdentifier[key])
	}
	s.collect(c.byIdentifier[identifierKey{g.first.Account, -1, g.first.ExternalID}])
	for _, amount := range amountsOf(g.first) {
		complete = s.collectAmount(amount) && complete
	}
	if g.first.Status == domain.Pending {
		for _, name := range nameKeys(g.first) {
			s.collect(c.byName[name])
		}
	}
	return s.found, complete && !s.full
}

// selection collects the candidates of one group.
type selection struct {
	*candidates
	group *group
	found []*group // see group.foundFor
	words int      // the pairs of words to compare
	full  bool     // some candidates exceed maxWords
}

// collectAmount collects the candidates with this amount. It reports whether a bucket was collected.
func (s *selection) collectAmount(amount string) bool {
	class := s.byAmount[amount]
	if !isLarge(class) {
		if !s.collect(class) {
			s.collectSome(class)
		}
		return true
	}
	smallest, same := class, s.bucket(textToken(amount, s.group.first))
	any := len(same) > 0 && s.collect(same)
	for _, token := range tokensOf(amount, s.group.first) {
		bucket := s.bucket(token)
		any = s.collect(bucket) || any
		if len(bucket) < len(smallest) {
			smallest = bucket
		}
	}
	if !any {
		s.collectSome(smallest[:min(len(smallest), maxBucket)])
	}
	return any
}

// collect adds the groups to the candidates. It adds none, and returns false, if there are more than maxBucket groups,
// or if comparing all of them exceeds maxWords.
func (s *selection) collect(groups []*group) bool {
	if len(groups) > maxBucket {
		return false
	}
	words := s.words
	for _, g := range groups {
		if g.foundFor != s.group {
			words += pairsOfWords(s.group.first, g.first)
		}
	}
	if words > s.maxWords {
		s.full = true
		for _, g := range groups {
			g.contested = g.contested || g.foundFor != s.group
		}
		return false
	}
	s.words = words
	for _, g := range groups {
		if g.foundFor != s.group {
			g.foundFor = s.group
			s.found = append(s.found, g)
		}
	}
	return true
}

// collectSome adds as many of the groups as maxWords allows.
func (s *selection) collectSome(groups []*group) {
	for i := range groups {
		if !s.collect(groups[i : i+1]) {
			return
		}
	}
}

// pairsOfWords returns the number of pairs of words of two rows.
func pairsOfWords(a, b *row) int { return a.size * b.size }
