package pluggy

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// maxVendorCursor is the maximum length of the vendor's cursor in bytes. The vendor may copy the ids of a request, up
// to 500, into its cursor.
const maxVendorCursor = 32 << 10

// position is the point up to which a step has been read. A step that reads rows by their ids is divided into lists of
// at most 500 ids. The field firstID is the index of the current list's first id among all ids of the step. The field
// vendorCursor is the vendor's cursor within the current list.
//
// The adapter's cursor is a position as text: firstID (empty if it is 0), followed by vendorCursor. For example, "500"
// is the start of the second list, and "500?accountId=…" is a later page of the second list.
type position struct {
	firstID      int
	vendorCursor string // starts with "?"; "" for the first page of a list
}

// String returns the adapter's cursor, which is stored between two calls of Read.
func (p position) String() string {
	if p.firstID == 0 {
		return p.vendorCursor
	}
	return strconv.Itoa(p.firstID) + p.vendorCursor
}

// parsePosition parses the adapter's cursor. It also checks the vendor's part again, because the cursor was stored in a
// database. Errors: Unavailable (malformed_response).
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

// next returns the adapter's cursor of the following page, or "" at the end of the step. vendorNext is the vendor's
// cursor within the current list of ids. If it is empty, the first page of the next list of ids follows.
//
// Errors: Unavailable (malformed_response) if the vendor's cursor is for another account.
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

// isCursorOf reports whether a vendor's cursor is a query string that contains exactly one accountId: the
// given account.
func isCursorOf(vendorCursor, account string) bool {
	if !strings.HasPrefix(vendorCursor, "?") || len(vendorCursor) > maxVendorCursor {
		return false
	}
	values, err := url.ParseQuery(vendorCursor[1:])
	ids := values["accountId"]
	return err == nil && len(ids) == 1 && ids[0] == account && !strings.ContainsAny(vendorCursor, " #\t\r\n")
}
