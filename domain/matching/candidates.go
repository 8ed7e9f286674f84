package matching

import "strconv"

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
	byToken      map[string][]*group // by amount and token, for large classes
}

func newCandidates(groups []*group) *candidates {
	c := &candidates{map[string][]*group{}, map[identifierKey][]*group{}, map[string][]*group{}, map[string][]*group{}}
	for _, g := range groups {
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
	for amount, class := range c.byAmount {
		if isLarge(class) {
			for _, g := range class {
				for _, token := range append(tokensOf(g.first), textToken(g.first)) {
					c.byToken[amount+token] = append(c.byToken[amount+token], g)
				}
			}
		}
	}
	return c
}

// isLarge reports whether too many groups have the same amount to compare each of them with all others.
func isLarge(class []*group) bool { return len(class) > maxClass }

// amountsOf returns the keys of the amounts of a row.
func amountsOf(r *row) []string {
	keys := []string{scopeOf(r, r.Amount)}
	if r.AccountAmount != nil {
		keys = append(keys, scopeOf(r, *r.AccountAmount))
	}
	return keys
}

func strongKeys(r *row) (keys []identifierKey) {
	for k := range kinds {
		for _, value := range r.ids[k] {
			if isStrong(k, value) {
				keys = append(keys, identifierKey{r.Account, k, value})
			}
		}
	}
	if r.Link != "" {
		keys = append(keys, identifierKey{r.Account, -1, r.Link})
	}
	return keys
}

// nameKeys returns a key for each name of a row: its first letters, with the account and the sign of the amount.
func nameKeys(r *row) (keys []string) {
	prefix := r.Account.String() + strconv.Itoa(r.Amount.Amount.Sign())
	for _, words := range [][]string{r.words, r.party} {
		if len(words) > 0 && len(words[0]) >= minAbbreviation {
			keys = add(keys, prefix+words[0][:minAbbreviation])
		}
	}
	return keys
}

// tokensOf returns the tokens by which many groups of one amount are divided into buckets: each word, number,
// document and account of the row, or the operation if there are none. Each token is returned with and without the
// date, and the date is also a token.
func tokensOf(r *row) (tokens []string) {
	for _, words := range [][]string{r.words, r.party, r.numbers, r.references, r.accounts, r.keys} {
		for _, word := range words {
			tokens = add(tokens, "\x00"+word[:min(len(word), 5)])
		}
	}
	for _, document := range r.documents {
		tokens = add(tokens, "\x00d"+document[min(3, len(document)):min(9, len(document))])
	}
	if len(tokens) == 0 {
		tokens = append(tokens, "\x00"+string(r.Operation))
	}
	day := "\x00@" + strconv.Itoa(r.day)
	for _, token := range tokens {
		tokens = append(tokens, token+day)
	}
	return append(tokens, day)
}

// textToken returns the token of the whole text of a row, without the parts that the bank may print differently.
func textToken(r *row) string { return "\x00=" + r.identity }

// The method of returns the candidates of a group, each once. complete is false if all buckets of one amount of the
// group have more than maxBucket groups. For such an amount, the result contains the first maxBucket groups of the
// smallest bucket.
func (c *candidates) of(g *group) (found []*group, complete bool) {
	complete = true
	seen := map[*group]bool{}
	collect := func(groups []*group) bool {
		if len(groups) > maxBucket {
			return false
		}
		for _, other := range groups {
			if !seen[other] {
				seen[other] = true
				found = append(found, other)
			}
		}
		return true
	}
	for _, key := range strongKeys(g.first) {
		collect(c.byIdentifier[key])
	}
	collect(c.byIdentifier[identifierKey{g.first.Account, -1, g.first.ExternalID}])
	for _, amount := range amountsOf(g.first) {
		class := c.byAmount[amount]
		if !isLarge(class) {
			collect(class)
			continue
		}
		smallest, same := class, c.byToken[amount+textToken(g.first)]
		any := len(same) > 0 && collect(same)
		for _, token := range tokensOf(g.first) {
			bucket := c.byToken[amount+token]
			any = collect(bucket) || any
			if len(bucket) < len(smallest) {
				smallest = bucket
			}
		}
		if !any {
			collect(smallest[:maxBucket])
			complete = false
		}
	}
	if g.first.Status == "pending" {
		for _, name := range nameKeys(g.first) {
			collect(c.byName[name])
		}
	}
	return found, complete
}
