package pluggy

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// maxVendorCursor bounds the vendor's cursor, in bytes: it may repeat 500 ids.
const maxVendorCursor = 32 << 10

// position is how far a step has been read: the index of the first of the ids in the
// current list, and the vendor's own cursor within that list. As text, the adapter's
// cursor, it is "firstID?query", "?query", "firstID" or "".
type position struct {
	firstID      int
	vendorCursor string // begins with "?"; "" for the first page of a list
}

// String returns the cursor that is stored between two reads.
func (p position) String() string {
	if p.firstID == 0 {
		return p.vendorCursor
	}
	return strconv.Itoa(p.firstID) + p.vendorCursor
}

// parsePosition parses a cursor. It checks the vendor's part like a new one, because the
// cursor has been in a database since. Errors: Unavailable (malformed_response).
func parsePosition(cursor string, step domain.Step) (position, error) {
	number, vendorCursor, found := strings.Cut(cursor, "?")
	var p position
	if found {
		p.vendorCursor = "?" + vendorCursor
	}
	if number != "" {
		firstID, err := strconv.Atoi(number)
		if err != nil || firstID <= 0 || firstID >= len(step.IDs) {
			return position{}, malformed("a cursor of another step")
		}
		p.firstID = firstID
	}
	if found && !isCursorOf(p.vendorCursor, step.Account) {
		return position{}, malformed("a cursor that is not of this account")
	}
	return p, nil
}

// next returns the cursor to go on with: the vendor's next page, the next list of ids, or
// "" at the end of the step.
func (p position) next(vendorNext *string, step domain.Step) (string, error) {
	if vendorNext != nil && *vendorNext != "" {
		if !isCursorOf(*vendorNext, step.Account) {
			return "", malformed("a cursor that is not of this account")
		}
		return position{p.firstID, *vendorNext}.String(), nil
	}
	if p.firstID+maxIDs < len(step.IDs) {
		return position{firstID: p.firstID + maxIDs}.String(), nil
	}
	return "", nil
}

// isCursorOf reports whether a vendor's cursor is a query string for this account only.
func isCursorOf(vendorCursor, account string) bool {
	if !strings.HasPrefix(vendorCursor, "?") || len(vendorCursor) > maxVendorCursor {
		return false
	}
	values, err := url.ParseQuery(vendorCursor[1:])
	ids := values["accountId"]
	return err == nil && len(ids) == 1 && ids[0] == account && !strings.ContainsAny(vendorCursor, " #\t\r\n")
}
