package belvo

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// pageSize is the largest page size that the vendor accepts. maxCursor is the maximum length of a cursor in bytes. A
// cursor is the query of the next page's URL.
const (
	pageSize  = "1000"
	maxCursor = 2048
)

// Read returns one page of a link's transactions. The cursor is the query of the next page's URL. A manipulated cursor
// can select another page, but never another host or another link.
//
// The vendor divides the list into pages by position. The order of the list is not documented.
//
//   - A row added between two requests can make another row appear twice. The ledger removes such duplicates.
//   - A row removed between two requests can hide another row. The result therefore contains the vendor's count of the
//     rows in the whole list. The count shows the caller whether the list has changed.
func (a *Adapter) Read(ctx context.Context, access ports.Access, step domain.Step,
	accounts []domain.AccountData, cursor string,
) (ports.VendorPage, error) {
	page, err := a.fetchPage(ctx, access, newPagedList(access, "transactions", dateFilters(step.Window)), cursor)
	if err != nil {
		return ports.VendorPage{}, err
	}
	collected := collectedFrom{}
	rows, unlisted, err := newLinkContext(access.AccountRef, accounts).rawTransactions(page.rows, collected)
	if err != nil {
		return ports.VendorPage{}, err
	}
	return ports.VendorPage{
		Accounts: unlisted, Transactions: rows, CollectedFrom: collected, Total: page.total, Next: page.next,
	}, nil
}

// collectedFrom maps an account to the oldest time at which the vendor collected one of its rows.
type collectedFrom map[string]time.Time

// add replaces the account's oldest time by the row's time if the row was collected earlier. It ignores a row whose
// time cannot be read.
func (c collectedFrom) add(header rowHeader) {
	at := parseCollectedAt(header.collectedAt)
	if known, ok := c[header.accountID]; !at.IsZero() && (!ok || at.Before(known)) {
		c[header.accountID] = at
	}
}

// parseCollectedAt parses a collected_at. It returns the zero time if the value is not a valid time.
func parseCollectedAt(value jsontext.Value) time.Time {
	var d dateTime
	if len(value) == 0 || d.UnmarshalJSON(value) != nil {
		return time.Time{}
	}
	return d.at
}

// CollectedAt implements ports.Purger. The vendor purges a row (stale_in) when too much time has passed since the row
// was collected.
func (*Adapter) CollectedAt(metadata json.RawMessage) time.Time {
	header, _ := readHeader(metadata)
	return parseCollectedAt(header.collectedAt)
}

// page is one page of a list, with the rows as the vendor sent them.
type page struct {
	rows  []jsontext.Value
	total *int   // number of rows in the whole list; nil if the vendor did not send the number
	next  string // cursor of the next page; "" on the last page
}

// fetchPage requests the page that cursor identifies, or the first page if cursor is "". It is used for both the
// account list and the transaction list, because their pages have the same format. Errors: cursor_gone if the list no
// longer has the page.
func (a *Adapter) fetchPage(ctx context.Context, access ports.Access, l pagedList, cursor string) (page, error) {
	query := l.firstQuery
	if cursor != "" {
		stored, err := l.checkedQuery(cursor)
		if err != nil {
			return page{}, err
		}
		query, l.call.Vendor = stored, &laterPageAPI
	}
	l.call.Query = query.Encode()
	body, err := a.http.Do(ctx, l.call)
	if err != nil {
		return page{}, err
	}
	var response struct {
		Count *int    `json:"count"`
		Next  *string `json:"next"`
	}
	rows, err := vendorhttp.DecodeList(body, "results", &response)
	if err != nil {
		return page{}, err
	}
	if rows == nil {
		return page{}, malformed("list")
	}
	next, err := l.nextCursor(access.BaseURL, response.Next)
	return page{rows: rows, total: response.Count, next: next}, err
}

// rawTransactions converts the rows of a page to raw transactions. It also returns the accounts that are embedded in
// the rows but missing from the link's account list. In the given map, it records each account's oldest collection
// time. Errors: malformed_response for an embedded account that is not JSON.
func (l linkContext) rawTransactions(
	rows []jsontext.Value, collected collectedFrom,
) ([]domain.RawTransaction, []domain.AccountData, error) {
	raws := make([]domain.RawTransaction, 0, len(rows))
	unlisted := map[string]domain.AccountData{}
	hashed := append([]byte(rules+"\x00"+l.link), 0)
	prefix := len(hashed)
	for _, raw := range rows {
		header, valid := readHeader(raw)
		if err := l.collectUnlisted(header, unlisted); err != nil {
			return nil, nil, err
		}
		if !valid || !validID(header.id) {
			raws = append(raws, vendorhttp.UnidentifiedRow(raw, func() error {
				_, err := l.normalize(json.RawMessage(raw))
				return err
			}))
			continue
		}
		collected.add(header)
		rowHash := sha256.Sum256(raw)
		hashed = append(append(hashed[:prefix], rowHash[:]...), l.hashSuffix(header)...)
		raws = append(raws, domain.RawTransaction{
			ExternalID: header.id, ContentHash: vendorhttp.ContentHashOf(hashed),
			Normalize: func() (domain.TransactionData, error) {
				data, err := l.normalize(json.RawMessage(raw))
				return vendorhttp.WithOrigin(data, rowHash, rules), err
			},
		})
	}
	return raws, vendorhttp.SortAccounts(slices.Collect(maps.Values(unlisted))), nil
}

// rules is the version of the rules by which normalize converts a row, and part of every content hash. Increase it
// whenever the result of normalize changes. Stored content hashes then no longer match, so every row is normalized
// again. A test with the golden files checks that the version was increased.
const rules = "belvo 7"

// rowHeader contains the members of a row that are needed before the whole row is decoded.
type rowHeader struct {
	id        string
	ids       int            // number of members with the name id
	account   jsontext.Value // nil if the row has no account
	accountID string         // the account's external id

	collectedAt jsontext.Value // nil if the row has no such member
}

// readHeader returns the header of a row that has not been decoded, and reports whether the row is
// an object.
func readHeader(row []byte) (header rowHeader, valid bool) {
	for m := range vendorhttp.Members(row, &valid) {
		header.visit(m)
	}
	if header.ids > 1 {
		header.id = ""
	}
	return header, valid
}

// visit stores the value of one member of the row in h. It ignores all members except "id", "account" and
// "collected_at".
func (h *rowHeader) visit(m vendorhttp.Member) {
	switch string(m.Name) {
	case `"id"`:
		h.id, _ = vendorhttp.Unquote(m.Value)
		h.ids++
	case `"collected_at"`:
		h.collectedAt = m.Value
	case `"account"`:
		if string(m.Value) == "null" {
			return
		}
		h.account = m.Value
		var valid bool
		for m := range vendorhttp.Members(m.Value, &valid) {
			if string(m.Name) == `"id"` {
				h.accountID, _ = vendorhttp.Unquote(m.Value)
			}
		}
	}
}

// hashSuffix returns the text that is hashed together with the row. The text contains the values from the account list
// that affect the normalised row:
//
//   - for a row with a listed account: the account's type and currency
//   - for a row without an account: the currency that all accounts share.
func (l linkContext) hashSuffix(header rowHeader) string {
	if header.account == nil {
		return "\x00" + l.sharedCurrency
	}
	account, listed := l.accounts[header.accountID]
	if !listed {
		return ""
	}
	return "\x00" + string(account.Type) + "\x00" + account.Currency
}

// collectUnlisted adds the account that is embedded in a row to the given map, except for an account in the link's
// account list. The key is the external id, or the bytes of the account if the id cannot be read. It returns the errors
// of readAccount.
func (l linkContext) collectUnlisted(header rowHeader, unlisted map[string]domain.AccountData) error {
	if _, listed := l.accounts[header.accountID]; listed || header.account == nil {
		return nil
	}
	account, err := l.readAccount(json.RawMessage(header.account))
	if err == nil {
		unlisted[cmp.Or(account.ExternalID, string(header.account))] = account
	}
	return err
}

// pagedList describes how a list of a link's accounts or transactions is requested. The field firstQuery is the query
// of the first page.
type pagedList struct {
	call       vendorhttp.Call
	link       string
	firstQuery url.Values
}

func newPagedList(access ports.Access, name string, query url.Values) pagedList {
	if query == nil {
		query = url.Values{}
	}
	query.Set("link", access.AccountRef)
	query.Set("page_size", pageSize)
	return pagedList{call: newCall(access, "/api/"+name+"/"), link: access.AccountRef, firstQuery: query}
}

// dateFilters returns a query with filters on the value date: one filter for each bound that the
// window has.
func dateFilters(w domain.Window) url.Values {
	query := url.Values{}
	if w.From != "" {
		query.Set("value_date__gte", string(w.From))
	}
	if w.To != "" {
		query.Set("value_date__lte", string(w.To))
	}
	return query
}

// nextCursor returns the cursor of the page at nextURL, or "" if nextURL is nil (the end of the list). The URL is
// absolute. Its origin and path must be those of this list at the connection's own base URL. Only the query may differ.
func (l pagedList) nextCursor(baseURL string, nextURL *string) (string, error) {
	if nextURL == nil {
		return "", nil
	}
	own, ownErr := vendorhttp.Origin(baseURL)
	origin, originErr := vendorhttp.Origin(*nextURL) // an error if the URL has userinfo or a fragment
	base, baseErr := url.Parse(baseURL)
	target, err := url.Parse(*nextURL)
	if errors.Join(ownErr, originErr, baseErr, err) != nil || origin != own ||
		target.EscapedPath() != strings.TrimRight(base.EscapedPath(), "/")+l.call.Path {
		return "", malformed("next page: not of the requested list")
	}
	query, err := l.checkedQuery(target.RawQuery)
	return query.Encode(), err
}

// checkedQuery parses the query of a next page's URL. It returns an error (malformed_response) if
// the query is longer than maxCursor, names another link, or does not name exactly one link.
func (l pagedList) checkedQuery(raw string) (url.Values, error) {
	query, err := url.ParseQuery(raw)
	switch {
	case err != nil, max(len(raw), len(query.Encode())) > maxCursor,
		len(query["link"]) != 1, query.Get("link") != l.link:
		return nil, malformed("query of a next page")
	}
	return query, nil
}
