package plaid

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// pageSize is the largest page size that the vendor accepts. Larger pages make it less likely that the history changes
// while it is read. The first page of a history is smaller, because the vendor needs up to eight times as long for it.
const (
	pageSize      = 500
	firstPageSize = 100
)

// firstDate and lastDate replace the missing bound of a window that has only one bound.
const (
	firstDate domain.Date = "1970-01-01"
	lastDate  domain.Date = "2100-01-01"
)

// Read returns one page of a step. A step with a window is read from the listing by date, and any other step from the
// stream of changes.
func (a *Adapter) Read(
	ctx context.Context, access ports.Access, step domain.Step, accounts []domain.AccountData, cursor string,
) (ports.VendorPage, error) {
	if step.Window != (domain.Window{}) {
		return a.readListing(ctx, access, step, accounts, cursor)
	}
	return a.readStream(ctx, access, step, accounts, cursor)
}

// maxCursor is the length of the longest accepted stream position. According to the vendor, a position is base64 of at
// most 256 characters.
const maxCursor = 1000

// cursorPattern matches a stream position of the vendor. It also accepts URL-safe base64. The length is checked
// separately, because a repetition of up to 1,000 characters would make the compiled pattern very large.
var cursorPattern = regexp.MustCompile(`^[A-Za-z0-9+/=_-]+$`)

// Two values of transactions_update_status, the state of an Item's history at the vendor. NOT_READY means that the
// vendor has no data yet. HISTORICAL_UPDATE_COMPLETE means that the vendor has the whole history. With any value
// except HISTORICAL_UPDATE_COMPLETE, the history is incomplete.
const (
	historyNotReady = "NOT_READY"
	historyComplete = "HISTORICAL_UPDATE_COMPLETE"
)

// streamPage is a page of /transactions/sync.
type streamPage struct {
	Accounts []json.RawMessage `json:"accounts"`
	Removed  []struct {
		ID string `json:"transaction_id"`
	} `json:"removed"`
	Next    *string         `json:"next_cursor"`
	HasMore *bool           `json:"has_more"`
	Status  vendorhttp.Text `json:"transactions_update_status"`
}

// readStream returns one page of the stream. The first page begins after the position of the step; later pages begin at
// the cursor. The last page has the position for the next pull.
//
// While the vendor has no data of a new Item yet, there is no position. readStream then returns an error
// (vendor_unreachable).
func (a *Adapter) readStream(
	ctx context.Context, access ports.Access, step domain.Step, accounts []domain.AccountData, cursor string,
) (ports.VendorPage, error) {
	call := newCall(access, "/transactions/sync", budgetSync)
	members := map[string]any{"count": pageSize, "options": map[string]any{"include_original_description": true}}
	switch {
	case cursor != "":
		members["cursor"], call.Vendor = cursor, &laterPages
	case step.Since != "":
		members["cursor"], call.Vendor = step.Since, &firstPages
	default:
		members["count"] = firstPageSize
	}
	body, err := a.send(ctx, access, call, members)
	if err != nil {
		return ports.VendorPage{}, err
	}
	return readStreamPage(body, accounts)
}

// readStreamPage decodes a page of the stream. Errors: malformed_response; vendor_unreachable if the vendor has no data
// of the Item yet.
func readStreamPage(body []byte, accounts []domain.AccountData) (ports.VendorPage, error) {
	var got streamPage
	lists, err := vendorhttp.DecodeLists(body, &got, "added", "modified")
	switch {
	case err != nil:
		return ports.VendorPage{}, err
	case lists[0] == nil, lists[1] == nil, got.Removed == nil, got.Next == nil, got.HasMore == nil:
		return ports.VendorPage{}, malformed("page of the stream")
	case got.Status.Value == historyNotReady && !*got.HasMore && len(lists[0])+len(lists[1]) == 0:
		return ports.VendorPage{}, &domain.Error{
			Kind: domain.Unavailable, Code: domain.VendorUnreachable, Message: "the vendor has no transactions yet",
		}
	case len(*got.Next) > maxCursor, !cursorPattern.MatchString(*got.Next):
		return ports.VendorPage{}, malformed("cursor")
	}
	page, err := newPage(slices.Concat(lists[0], lists[1]), got.Accounts, accounts)
	if err != nil {
		return ports.VendorPage{}, err
	}
	for _, r := range got.Removed {
		if !validID(r.ID) {
			return ports.VendorPage{}, malformed("id of a removed row")
		}
		page.Removed = append(page.Removed, r.ID)
	}
	page.Incomplete = got.Status.Value != historyComplete
	if *got.HasMore {
		page.Next = *got.Next
	} else {
		page.StreamPosition = *got.Next
	}
	return page, nil
}

// readListing returns one page of /transactions/get. The cursor is the number of rows on the earlier pages.
func (a *Adapter) readListing(
	ctx context.Context, access ports.Access, step domain.Step, accounts []domain.AccountData, cursor string,
) (ports.VendorPage, error) {
	offset := 0
	if cursor != "" {
		var err error
		if offset, err = strconv.Atoi(cursor); err != nil || offset <= 0 {
			return ports.VendorPage{}, malformed("cursor")
		}
	}
	members := map[string]any{
		"start_date": orDate(step.Window.From, firstDate), "end_date": orDate(step.Window.To, lastDate),
		"options": map[string]any{"count": pageSize, "offset": offset, "include_original_description": true},
	}
	call := newCall(access, "/transactions/get", budgetListings)
	if cursor != "" {
		call.Vendor = &laterPages
	}
	body, err := a.send(ctx, access, call, members)
	if err != nil {
		return ports.VendorPage{}, err
	}
	var got struct {
		Accounts []json.RawMessage `json:"accounts"`
		Total    *int              `json:"total_transactions"`
	}
	rows, err := vendorhttp.DecodeList(body, "transactions", &got)
	switch {
	case err != nil:
		return ports.VendorPage{}, err
	case rows == nil, got.Total == nil:
		return ports.VendorPage{}, malformed("page of the listing")
	}
	page, err := newPage(rows, got.Accounts, accounts)
	page.Total = got.Total
	if read := offset + len(rows); len(rows) > 0 && read < *got.Total {
		page.Next = strconv.Itoa(read)
	}
	return page, err
}

func orDate(d, other domain.Date) string {
	if d == "" {
		return string(other)
	}
	return string(d)
}

// newPage returns the rows of a page, and those accounts of the page that are not in the list of accounts. The vendor
// does not list closed accounts, but returns their rows. Errors: malformed_response for an account that is not JSON.
func newPage(
	rows []jsontext.Value, embedded []json.RawMessage, accounts []domain.AccountData,
) (ports.VendorPage, error) {
	unlisted := map[string]domain.AccountData{}
	for _, raw := range embedded {
		account, err := readAccount(raw)
		if err != nil {
			return ports.VendorPage{}, err
		}
		known := func(a domain.AccountData) bool { return a.ExternalID == account.ExternalID }
		if account.ExternalID != "" && !slices.ContainsFunc(accounts, known) {
			unlisted[account.ExternalID] = account
		}
	}
	return ports.VendorPage{
		Accounts:     vendorhttp.SortAccounts(slices.Collect(maps.Values(unlisted))),
		Transactions: rawTransactions(rows),
	}, nil
}

// rules is the version of the rules by which normalize converts a row, and part of every content hash. Increase it
// whenever the result of normalize changes. Stored content hashes then no longer match, so every row is normalized
// again. A test with the golden files checks that the version was increased.
const rules = "plaid 2"

// rawTransactions converts the rows of a page to raw transactions.
func rawTransactions(rows []jsontext.Value) []domain.RawTransaction {
	raws := make([]domain.RawTransaction, 0, len(rows))
	hashed := append([]byte(rules), 0)
	prefix := len(hashed)
	for _, raw := range rows {
		id, valid := rowID(raw)
		if !valid || !validID(id) {
			raws = append(raws, vendorhttp.UnidentifiedRow(raw, func() error {
				_, err := normalize(json.RawMessage(raw))
				return err
			}))
			continue
		}
		rowHash := sha256.Sum256(raw)
		hashed = append(hashed[:prefix], rowHash[:]...)
		raws = append(raws, domain.RawTransaction{
			ExternalID: id, ContentHash: vendorhttp.ContentHashOf(hashed),
			Normalize: func() (domain.TransactionData, error) {
				data, err := normalize(json.RawMessage(raw))
				return vendorhttp.WithOrigin(data, rowHash, rules), err
			},
		})
	}
	return raws
}

// rowID returns the id of a row that has not been decoded. It returns "" if the row has several ids. valid reports
// whether the row is an object.
func rowID(row []byte) (id string, valid bool) {
	ids := 0
	for m := range vendorhttp.Members(row, &valid) {
		if string(m.Name) == `"transaction_id"` {
			id, _ = vendorhttp.Unquote(m.Value)
			ids++
		}
	}
	if ids > 1 {
		id = ""
	}
	return id, valid
}
