package belvo

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// pageSize is the vendor's largest page. maxCursor bounds, in bytes, what is stored of a
// next page's URL.
const (
	pageSize  = "1000"
	maxCursor = 2048
)

// Read returns one page of a link's transactions. The cursor is the query of the next page's
// URL. A stored cursor can therefore name another page, but neither another host nor
// another link.
//
// The vendor cuts pages by position in a list without a documented order. A row added between
// two requests may appear twice, which the ledger deduplicates. A row removed between two
// requests may hide another one, which the next full read finds.
func (a *Adapter) Read(ctx context.Context, access ports.Access, step domain.Step,
	accounts []domain.AccountData, cursor string,
) (ports.VendorPage, error) {
	page, err := a.fetchPage(ctx, access, newPagedList(access, "transactions", dateFilters(step.Window)), cursor)
	if err != nil {
		return ports.VendorPage{}, err
	}
	rows, unlisted, err := newLinkContext(access.AccountRef, accounts).rawTransactions(page.rows)
	if err != nil {
		return ports.VendorPage{}, err
	}
	return ports.VendorPage{Accounts: unlisted, Transactions: rows, Next: page.next}, nil
}

// page is one page of a list: its rows as the vendor sent them, and the cursor of the next
// page, "" at the end.
type page struct {
	rows []jsontext.Value
	next string
}

// fetchPage requests the page at the cursor, the first page for "". Accounts and
// transactions are both lists of this form.
func (a *Adapter) fetchPage(ctx context.Context, access ports.Access, l pagedList, cursor string) (page, error) {
	query := l.first
	if cursor != "" {
		stored, err := l.checkedQuery(cursor)
		if err != nil {
			return page{}, err
		}
		query = stored
	}
	l.call.Query = query.Encode()
	body, err := a.http.Do(ctx, l.call)
	if err != nil {
		return page{}, missingPageError(err, cursor)
	}
	var response struct {
		Next *string `json:"next"`
	}
	rows, err := vendorhttp.DecodeList(body, "results", &response)
	if err != nil {
		return page{}, err
	}
	if rows == nil {
		return page{}, malformed("list")
	}
	next, err := l.nextCursor(access.BaseURL, response.Next)
	return page{rows: rows, next: next}, err
}

// rawTransactions turns the rows of a page into raw transactions, all or none. It also
// returns the accounts embedded in the rows that the link's own account list lacks.
func (l linkContext) rawTransactions(rows []jsontext.Value) ([]domain.RawTransaction, []domain.AccountData, error) {
	raws := make([]domain.RawTransaction, 0, len(rows))
	unlisted := map[string]domain.AccountData{}
	hashed := append([]byte(rules+"\x00"+l.link), 0)
	prefix := len(hashed)
	for _, raw := range rows {
		var header rowHeader
		var valid bool
		if hashed, valid = volatileMembers.AppendStable(hashed[:prefix], raw, header.visit); !valid ||
			!validID(header.id) {
			return nil, nil, malformed("transaction")
		}
		hashed = append(hashed, l.hashSuffix(header)...)
		raws = append(raws, domain.RawTransaction{
			ExternalID: header.id, ContentHash: vendorhttp.ContentHashOf(hashed),
			Normalize: func() (domain.TransactionData, error) { return l.normalize(json.RawMessage(raw)) },
		})
		if err := l.collectUnlisted(header, unlisted); err != nil {
			return nil, nil, err
		}
	}
	return raws, sortedAccounts(unlisted), nil
}

// rules is the version of normalize, and part of every content hash. It must be raised with
// every change of the result of normalize: every row is then normalized and compared again,
// once. A test compares it with the golden files.
const rules = "belvo 1"

// volatileMembers are members whose values the content hash leaves out, because no normalized
// field depends on them. They change with every read. The amounts are normalized; of the
// account, type and currency are normalized, but its balance is volatile.
var volatileMembers = vendorhttp.VolatileMembers{
	"*":                   {`"collected_at"`, `"last_accessed_at"`},
	"":                    {`"balance"`},
	`"account"`:           {`"created_at"`},
	`"account"/"balance"`: {`"current"`, `"available"`},
	`"credit_card_data"`:  {`"bill_amount"`},
	`"merchant"`:          {`"logo"`},
}

// rowHeader holds the members of a row that are needed before the row is decoded.
type rowHeader struct {
	id        string
	account   jsontext.Value // nil: the row has no account
	accountID string         // the account's external id
}

// visit is called with each member of the row.
func (h *rowHeader) visit(m vendorhttp.Member) {
	switch string(m.Name) {
	case `"id"`:
		h.id, _ = vendorhttp.Unquote(m.Value)
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

// hashSuffix returns everything except the row that the result of normalize depends on: type
// and currency of the row's account as the account list has it, or the currency that all
// accounts share if the row has no account.
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

// collectUnlisted normalizes the account embedded in a row and adds it to unlisted, unless
// the link's account list has it already.
func (l linkContext) collectUnlisted(header rowHeader, unlisted map[string]domain.AccountData) error {
	if _, listed := l.accounts[header.accountID]; listed || header.account == nil {
		return nil
	}
	account, err := l.normalizeAccount(json.RawMessage(header.account))
	if err == nil {
		unlisted[account.ExternalID] = account
	}
	return err
}

// pagedList is a list of a link's accounts or transactions, and the query of its first page.
type pagedList struct {
	call  vendorhttp.Call
	link  string
	first url.Values
}

func newPagedList(access ports.Access, name string, query url.Values) pagedList {
	if query == nil {
		query = url.Values{}
	}
	query.Set("link", access.AccountRef)
	query.Set("page_size", pageSize)
	return pagedList{call: newCall(access, "/api/"+name+"/"), link: access.AccountRef, first: query}
}

// dateFilters returns filters on the value date for the bounds that the window has.
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

// missingPageError distinguishes a list that shrank while it was read (its last page is then
// a 404) from a link that no longer exists: the first page would have reported that.
func missingPageError(err error, cursor string) error {
	if cursor != "" && errors.Is(err, domain.AccountNotFound) {
		return malformed("end of a list")
	}
	return err
}

// nextCursor turns the vendor's absolute next URL into a cursor, "" at the end. The URL must
// name this list at the connection's own base URL: origin and path included, only the
// query may differ.
func (l pagedList) nextCursor(baseURL string, next *string) (string, error) {
	if next == nil {
		return "", nil
	}
	own, ownErr := vendorhttp.Origin(baseURL)
	origin, originErr := vendorhttp.Origin(*next) // an error if there is userinfo or a fragment
	base, baseErr := url.Parse(baseURL)
	target, err := url.Parse(*next)
	if errors.Join(ownErr, originErr, baseErr, err) != nil || origin != own ||
		target.EscapedPath() != strings.TrimRight(base.EscapedPath(), "/")+l.call.Path {
		return "", malformed("next page: not of the requested list")
	}
	query, err := l.checkedQuery(target.RawQuery)
	return query.Encode(), err
}

// checkedQuery parses a next page's query. It must be within maxCursor and name exactly
// this link.
func (l pagedList) checkedQuery(raw string) (url.Values, error) {
	query, err := url.ParseQuery(raw)
	switch {
	case err != nil, max(len(raw), len(query.Encode())) > maxCursor,
		len(query["link"]) != 1, query.Get("link") != l.link:
		return nil, malformed("query of a next page")
	}
	return query, nil
}
