package pluggy

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// maxVendorCursor is the maximum length of the vendor's cursor in bytes. It is this high because a cursor may repeat
// the 500 ids of a request.
const maxVendorCursor = 32 << 10

// position is the point up to which a step has been read. A step that reads rows by their ids is
// divided into several lists; firstID is the index of the first id of the current list. The field
// vendorCursor is the vendor's own cursor within that list. The text of a position is the adapter's
// cursor: "firstID?query", "?query", "firstID" or "".
type position struct {
	firstID      int
	vendorCursor string // starts with "?"; "" for the first page of a list
}

// String returns the adapter's cursor, which is stored between two reads.
func (p position) String() string {
	if p.firstID == 0 {
		return p.vendorCursor
	}
	return strconv.Itoa(p.firstID) + p.vendorCursor
}

// parsePosition parses the adapter's cursor. It checks the part that comes from the vendor in the
// same way as a cursor that the vendor has just sent, because the cursor has been stored in a
// database in the meantime. Errors: Unavailable (malformed_response).
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

// next returns the cursor of the next page: the vendor's next page of the current list, the
// first page of the next list of ids, or "" at the end of the step.
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

// isCursorOf reports whether a vendor's cursor is a query string for this account and no other.
func isCursorOf(vendorCursor, account string) bool {
	if !strings.HasPrefix(vendorCursor, "?") || len(vendorCursor) > maxVendorCursor {
		return false
	}
	values, err := url.ParseQuery(vendorCursor[1:])
	ids := values["accountId"]
	return err == nil && len(ids) == 1 && ids[0] == account && !strings.ContainsAny(vendorCursor, " #\t\r\n")
}
