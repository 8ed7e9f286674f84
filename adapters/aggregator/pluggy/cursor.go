package pluggy

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// maxNext bounds the vendor's cursor, in bytes: it may repeat 500 ids.
const maxNext = 32 << 10

// place is where a step stands: the first of the ids that are being read, and the
// vendor's own cursor within that list. As text it is "first?query", "?query", "first"
// or "".
type place struct {
	first int
	next  string // begins with "?"; "" for a list's first page
}

// String is the cursor as it is kept between two reads.
func (p place) String() string {
	if p.first == 0 {
		return p.next
	}
	return strconv.Itoa(p.first) + p.next
}

// parsePlace reads a cursor back. It is checked like one from the vendor, for it has
// been in a database since. Errors: Unavailable (malformed_response).
func parsePlace(cursor string, step domain.Step) (place, error) {
	number, next, paged := strings.Cut(cursor, "?")
	var p place
	if paged {
		p.next = "?" + next
	}
	if number != "" {
		first, err := strconv.Atoi(number)
		if err != nil || first <= 0 || first >= len(step.IDs) {
			return place{}, malformed("a cursor of another step")
		}
		p.first = first
	}
	if paged && !keeps(p.next, step.Account) {
		return place{}, malformed("a cursor that leads elsewhere")
	}
	return p, nil
}

// after is where the step goes on: the vendor's next page, the next list of ids, or
// nowhere.
func (p place) after(next *string, step domain.Step) (string, error) {
	if next != nil && *next != "" {
		if !keeps(*next, step.Account) {
			return "", malformed("a cursor that leads elsewhere")
		}
		return place{p.first, *next}.String(), nil
	}
	if p.first+maxIDs < len(step.IDs) {
		return place{first: p.first + maxIDs}.String(), nil
	}
	return "", nil
}

// keeps says whether a cursor is a query string that stays with the account.
func keeps(next, account string) bool {
	if !strings.HasPrefix(next, "?") || len(next) > maxNext {
		return false
	}
	values, err := url.ParseQuery(next[1:])
	named := values["accountId"]
	return err == nil && len(named) == 1 && named[0] == account && !strings.ContainsAny(next, " #\t\r\n")
}
