package simulation_test

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// vendor is a simulated aggregator of one of three kinds:
//
//   - "pluggy" lists all rows of an account. A row that is missing from one list was removed. Pluggy reports which rows
//     are new or changed.
//   - "belvo" may omit rows from its lists. A row was removed only if it is missing from two lists. Belvo only reports
//     that something changed.
//   - "plaid" returns what has changed since a position (see streamVendor), and also lists all rows. It only reports
//     that something changed, always with equal bodies. Its lists do not hide rows.
//
// A belvo cursor is a position in a list. If a row is added or removed, the positions of all later rows change. Each
// belvo page contains the number of rows of the whole list.
type vendor struct {
	sim  *sim
	name domain.Vendor
}

// accountRef is an account reference at a vendor, together with the vendor's data about it.
type accountRef struct {
	vendor   domain.Vendor
	id       string
	secret   string
	accounts []string
	hostile  bool // see hostile_test.go

	application *vendorApplication // the vendor also accepts the credential of this application; nil if there is none

	stream changes // of the vendor "plaid"

	sim *sim

	odd    map[string]bool // the accounts that currently cannot be normalised
	wasOdd bool            // at some time, an account could not be normalised
	// wasUnlisted states that at some time, an account was missing from the list of accounts.
	wasUnlisted bool
	rows        []*row // in the order in which they were created, which is also the order of their ids
	outbox      []notice
	events      int

	numbers     map[string]string               // the account number of each account id
	former      *accountRef                     // the reference that this reference replaced; nil if there is none
	linkedAt    time.Time                       // when this reference replaced the former one
	known       map[string]domain.TransactionID // the result of knownRows(former) at the time linkedAt
	shared      bool                            // another connection has taken over the records of the former reference
	late        []*row                          // rows of former that will be copied to this reference later
	shift       int                             // number of days added to the dates of the former reference
	capital     bool                            // the descriptions are in capital letters
	wasNameless bool                            // at some time, the id of a row could not be read

	lists []listRead // the lists that the current attempt has read
	reads []listRead // the lists of all attempts that succeeded

	syncing       bool      // during a synchronisation some rows are hidden
	syncChangedAt time.Time // the time of the last start or end of a synchronisation
	syncedAt      time.Time // when the last synchronisation ended
	statesSync    bool      // the status contains syncedAt
	plansSync     bool      // the status also contains the time of the next synchronisation
	reauth        bool
	device        bool            // at pluggy: the vendor waits until the bank has authorised a device
	partial       bool            // at pluggy: the last synchronisation updated transactions, but not accounts
	approval      bool            // at pluggy, while partial: an account waits for the approval of another holder
	unlisted      map[string]bool // the accounts that are missing from the list of accounts

	listedChangedAt time.Time // when the list of accounts last changed
	namelessUntil   time.Time // when a row with an unreadable id last became readable
	refusedUntil    time.Time // the credential is refused until then
	loopsUntil      time.Time // until this time, every cursor leads back to the same page
	listing         int       // the vendor accepts only cursors that it issued for the listing with this number
}

// row is one transaction in the vendor's data.
type row struct {
	id, account string
	date        domain.Date
	created     time.Time
	revision    int
	removed     bool
	hidden      bool // the row is not listed during the current synchronisation
	hides       int  // the number of times that the row was hidden
	// stillListed means that the row is removed but still listed, because the vendor sends notices before it updates
	// its lists.
	stillListed    bool
	wasStillListed bool // stillListed was true at least once
	removedAt      time.Time
	removals       int // the number of times that the row was removed
	announcements  int // the number of stored deliveries that announced its removal

	occurred time.Time // when the movement happened at the bank; equal in all rows of the movement

	origin        *row // the row of which this row is a copy; nil if this row is not a copy
	firstRevision int  // for a copy: its revision when it was created; firstDate is its date at that time
	firstDate     domain.Date
	capital       bool // the description is in capital letters

	movement    string      // rows with the same value describe the same movement of money
	text        string      // further text of a row of a hostile vendor
	particulars particulars // of a row of an account with balances

	broken    string // the bytes of the row if it currently cannot be normalised; otherwise ""
	nameless  bool   // the id of the broken row cannot be read
	wasBroken bool   // the row is or was unreadable (broken)

	brokenOrHealedAt time.Time // the last time at which the row became unreadable or readable again
}

// notice is the body of a webhook.
type notice struct {
	ID, Kind, Ref, Account string
	Rows                   []string
	From                   time.Time
	Nameless               bool `json:"-"` // the body does not contain the id
}

// transactionData returns the row in the normalised form, which is the same for all vendors.
func (r *row) transactionData() domain.TransactionData {
	amount, err := domain.ParseMoney(fmt.Sprintf("-%d.%02d", 10+r.revision, len(r.id)), "BRL")
	if err != nil {
		panic(err)
	}
	movement := r.movement
	if r.capital {
		movement = strings.ToUpper(movement)
	}
	text := strings.TrimSpace(movement+" "+r.text) + " revision " + strconv.Itoa(r.revision)
	o := domain.TransactionData{
		ExternalID: r.id, Account: r.account, Amount: amount, Status: domain.Posted, Date: r.date,
		OccurredAt:  r.occurred,
		Description: text, Metadata: json.RawMessage(strconv.Quote(text)),
	}
	if r.particulars != (particulars{}) {
		o = r.particulars.apply(o)
	}
	// Every third revision has no content hash. The service must then compare the digests to detect a change.
	if digest := o.Digest(); r.revision%3 < 2 {
		o.ContentHash = domain.ContentHash(digest[:16])
	}
	return o
}

// rawTransaction returns the row in its raw form, which the vendor's pages contain.
func (r *row) rawTransaction() domain.RawTransaction {
	if r.broken == "" {
		return domain.RawTransactionsOf(r.transactionData())[0]
	}
	hash := sha256.Sum256([]byte(r.broken))
	raw := domain.RawTransaction{
		ExternalID: r.id, ContentHash: domain.ContentHash(hash[:16]),
		Normalize: func() (domain.TransactionData, error) {
			return domain.TransactionData{Metadata: json.RawMessage(r.broken)}, domain.UnreadableRow(domain.UnknownType)
		},
	}
	if r.nameless {
		raw.ExternalID, raw.ContentHash = domain.UnreadableRowID([]byte(r.broken)), domain.ContentHash{}
	}
	return raw
}

func (v *vendor) Vendor() domain.Vendor { return v.name }

// callVendor simulates a call to the vendor, which may fail. op is the name of the call. The given function computes
// the result. The current task yields before and after this function. The result may therefore be out of date when
// callVendor returns.
func callVendor[T any](
	ctx context.Context, v *vendor, op string, a ports.Access, response func(*accountRef) (T, error),
) (result T, err error) {
	s := v.sim
	s.checkNotPaused(op, a.Connection)
	s.yieldAt(op)
	if ctx.Err() != nil {
		return result, ctx.Err()
	}
	ref := s.accountRefByID(v.name, a.AccountRef)
	if ref == nil {
		return result, &domain.Error{Kind: domain.Rejected, Code: domain.AccountNotFound}
	}
	if err := v.randomError(ref); err != nil {
		return result, err
	}
	if !ref.accepts(a.Credential) || s.clock.now.Before(ref.refusedUntil) {
		return result, &domain.Error{Kind: domain.Rejected, Code: domain.CredentialRejected}
	}
	result, err = response(ref)
	s.yieldAt(op + " answered")
	return result, err
}

// randomError usually returns nil, and sometimes a random error that a vendor may return.
func (v *vendor) randomError(ref *accountRef) error {
	s := v.sim
	if s.faultFree || !s.chance(0.04) {
		return nil
	}
	s.counters.vendorErrors++
	code, retryAfter := domain.VendorUnreachable, time.Duration(0)
	switch s.rand.IntN(6) {
	case 0:
		code, retryAfter = domain.VendorRateLimited, time.Duration(s.rand.IntN(3000))*time.Millisecond
	case 1:
		code = domain.MalformedResponse // such as a truncated page, or HTML with a status of 200
	case 2:
		code, retryAfter = domain.BudgetExhausted, 200*time.Millisecond
	case 3:
		s.clock.advance(15 * time.Second) // a timeout
	case 4:
		ref.loopsUntil = s.clock.now.Add(time.Duration(s.rand.IntN(120)) * time.Second) // longer than most retries wait
	}
	return &domain.Error{Kind: domain.Unavailable, Code: code, RetryAfter: retryAfter}
}

// syncInterval is the interval of the synchronisations of an account reference with plansSync.
const syncInterval = 24 * time.Hour

func (v *vendor) Check(ctx context.Context, a ports.Access) (domain.LinkStatus, error) {
	return callVendor(ctx, v, "vendor.Check", a, func(ref *accountRef) (domain.LinkStatus, error) {
		if t := v.sim.current; t != nil && !t.checked {
			t.checked = true
			if !ref.syncing {
				t.settledRef = ref
			}
		}
		status := domain.LinkStatus{NeedsReauth: ref.reauth, SyncComplete: !ref.syncing}
		if v.name == "pluggy" {
			status.Device = domain.WaitingIf(ref.device)
		}
		if v.sim.booked != nil {
			read := domain.ProductReading{At: ref.syncedAt}
			status.Bank = &domain.BankReading{Bank: read, Cards: read, Failing: ref.syncing}
		}
		if ref.statesSync {
			status.SyncedAt = ref.syncedAt
			if ref.plansSync {
				status.Schedule = domain.SyncSchedule{NextAt: ref.syncedAt.Add(syncInterval), NewsOnly: true}
			}
		}
		if !ref.syncing {
			proof := domain.TwoReads
			if v.name == "pluggy" {
				proof = domain.OneRead
			}
			status.Accounts, status.Cards, status.Transactions = proof, proof, proof
			if v.name == "pluggy" {
				status.Approval = domain.WaitingIf(ref.approval)
			}
			if v.name == "pluggy" && ref.partial {
				status.SyncComplete, status.Accounts = false, domain.NoProof
			}
		}
		return status, nil
	})
}

func (v *vendor) Accounts(ctx context.Context, a ports.Access) ([]domain.AccountData, error) {
	return callVendor(ctx, v, "vendor.Accounts", a, func(ref *accountRef) ([]domain.AccountData, error) {
		var accounts []domain.AccountData
		for _, id := range ref.accounts {
			if ref.unlisted[id] {
				continue
			}
			account := ref.vendorAccount(id)
			if ref.odd[id] {
				account.Unreadable, account.Metadata = domain.InvalidAmount, json.RawMessage("odd "+id)
			}
			accounts = append(accounts, account)
		}
		return accounts, nil
	})
}

func (ref *accountRef) vendorAccount(id string) domain.AccountData {
	account := domain.AccountData{
		ExternalID: id, Type: domain.BankAccount, Name: id, Currency: "BRL", Number: ref.numbers[id],
	}
	if ref.sim.booked != nil {
		ref.sim.book(ref, &account)
	}
	return account
}

func (v *vendor) Plan(scope domain.PullScope, accounts []domain.AccountData, _ domain.Date) []domain.Step {
	if v.name == "belvo" {
		switch {
		case scope.Everything, len(scope.Created) > 0, len(scope.Changed) > 0:
			return []domain.Step{{Sweep: true, Resume: true}}
		case scope.Window != nil:
			return []domain.Step{{Window: *scope.Window}}
		}
		return nil
	}
	if v.name == "plaid" {
		switch {
		case scope.Everything, scope.News:
			return []domain.Step{{Sweep: true}}
		case scope.Window != nil:
			return []domain.Step{{Window: *scope.Window}}
		}
		return nil
	}
	var plan []domain.Step
	for _, a := range accounts {
		switch {
		case scope.Everything:
			plan = append(plan, domain.Step{Account: a.ExternalID, Sweep: true})
		case scope.Window != nil:
			plan = append(plan, domain.Step{Account: a.ExternalID, Window: *scope.Window, Sweep: true})
		}
	}
	for _, a := range accounts {
		if from, ok := scope.Created[a.ExternalID]; ok {
			plan = append(plan, domain.Step{Account: a.ExternalID, CreatedFrom: from})
		}
		if ids, ok := scope.Changed[a.ExternalID]; ok {
			plan = append(plan, domain.Step{Account: a.ExternalID, IDs: ids})
		}
	}
	return plan
}

// Read returns the page at the cursor.
//
//   - At pluggy, the rows are in the order of their ids. The cursor contains the id of the last row. Therefore no
//     unread row can move to an earlier page.
//   - At belvo, the newest row comes first. The cursor is a position in the list, so unread rows can move to earlier
//     pages.
func (v *vendor) Read(
	ctx context.Context, a ports.Access, step domain.Step, _ []domain.AccountData, cursor string,
) (ports.VendorPage, error) {
	return callVendor(ctx, v, "vendor.Read "+cursor, a, func(ref *accountRef) (ports.VendorPage, error) {
		s := v.sim
		s.counters.pages++
		rows, at := v.list(ref, step), parseListCursor(cursor)
		if ref.stream.note(ref.rows); cursor == "" {
			at.position = len(ref.stream.ids)
		}
		if v.isGone(ref, at, rows) {
			s.counters.goneCursors++
			return ports.VendorPage{}, &domain.Error{Kind: domain.Unavailable, Code: domain.CursorGone}
		}
		var page ports.VendorPage
		from := at.offset
		if v.name == "belvo" {
			page.Total = new(len(rows))
			if from > 0 && at.total != len(rows) {
				s.counters.shiftedLists++
			}
		} else {
			from, _ = slices.BinarySearchFunc(rows, at.lastID, func(r *row, last string) int {
				return cmp.Compare(r.id, last+" ") // greater than last, and less than every later id
			})
		}
		to := min(from+3+s.rand.IntN(3), len(rows))
		s.noteShown(ref, step, cursor, rows[from:to])
		for _, r := range rows[from:to] {
			// Except at pluggy, a page with rows of an unlisted account also contains the account.
			if v.name != "pluggy" && ref.unlisted[r.account] {
				page.Accounts = append(page.Accounts, ref.vendorAccount(r.account))
			}
			page.Transactions = append(page.Transactions, r.rawTransaction())
		}
		if to < len(rows) {
			page.Next = listCursor{ref.listing, to, len(rows), at.position, rows[to-1].id}.String()
		} else if v.name == "plaid" && step.Sweep {
			page.StreamPosition = ref.stream.positionAt(at.position)
		}
		if s.clock.now.Before(ref.loopsUntil) && !s.faultFree {
			s.counters.endlessCursors++
			page.StreamPosition = ""
			page.Next = cursor + " " // a new cursor that leads to the same page again
		}
		return page, nil
	})
}

// list returns the rows that the vendor lists for a step, in the vendor's order. A step is one list that a pull
// reads.
func (v *vendor) list(ref *accountRef, step domain.Step) []*row {
	var rows []*row
	for _, r := range ref.rows {
		listed := (!r.removed || r.stillListed) && !r.hidden
		if v.name == "plaid" {
			listed = !r.removed
		}
		if listed && stepIncludes(step, r) {
			rows = append(rows, r)
		}
	}
	if v.name == "belvo" {
		slices.Reverse(rows)
	}
	return rows
}

// isGone reports whether the vendor refuses a cursor. The vendor never refuses the start of a list. It refuses a cursor
// in these cases:
//
//   - The vendor has rebuilt its lists since it issued the cursor.
//   - At belvo, the list has no more rows after the position.
//   - At belvo, the row directly before the position has changed, but the number of rows has not. Without the refusal,
//     a client could not detect this change.
func (v *vendor) isGone(ref *accountRef, at listCursor, rows []*row) bool {
	switch {
	case at.lastID == "":
		return false
	case at.listing != ref.listing:
		return true
	}
	return v.name == "belvo" &&
		(at.offset >= len(rows) || at.total == len(rows) && rows[at.offset-1].id != at.lastID)
}

// listCursor is a position in a list. The zero listCursor is the start of the list.
//
//   - listing is the value of accountRef.listing when the vendor issued the cursor.
//   - offset is the number of rows before the position, and lastID is the id of the last of these rows.
//   - total is the number of rows of the list when the vendor issued the cursor.
//   - position is the number of changes in the stream when the vendor returned the first page.
type listCursor struct {
	listing, offset, total, position int
	lastID                           string
}

func (c listCursor) String() string {
	return fmt.Sprintf("%d/%d/%d/%d/%s", c.listing, c.offset, c.total, c.position, c.lastID)
}

// parseListCursor parses a cursor that Read has returned.
func parseListCursor(text string) (c listCursor) {
	if text = strings.TrimRight(text, " "); text == "" {
		return c
	}
	_, err := fmt.Sscanf(text, "%d/%d/%d/%d/%s", &c.listing, &c.offset, &c.total, &c.position, &c.lastID)
	if err != nil {
		panic(err)
	}
	return c
}

// stepIncludes reports whether a step, which is one list that a pull reads, includes the row.
func stepIncludes(step domain.Step, r *row) bool {
	return (step.Account == "" || step.Account == r.account) && step.Window.Contains(r.date) &&
		(step.CreatedFrom.IsZero() || !r.created.Before(step.CreatedFrom)) &&
		(len(step.IDs) == 0 || slices.Contains(step.IDs, r.id))
}

func (v *vendor) Parse(body []byte) (domain.WebhookEvent, error) {
	var n notice
	if json.Unmarshal(body, &n) != nil {
		return domain.WebhookEvent{}, domain.FieldError("body", "must be an event")
	}
	if v.name == "plaid" {
		return n.newsEvent(), nil
	}
	event := domain.WebhookEvent{Name: n.Kind, ID: n.ID, DedupKey: n.ID, AccountRef: n.Ref,
		WantsPull: n.Kind != "boring"}
	switch n.Kind {
	case "deleted":
		event.Scope = domain.PullScope{Removed: n.Rows}
		if v.name == "pluggy" {
			event.RemovedIn = n.Account
		}
	case "trouble":
		event.Scope = domain.PullScope{Signal: domain.SignalReauth}
	case "device":
		event.Scope = domain.PullScope{Signal: domain.SignalDevice}
	case "synced":
		event.Scope = domain.PullScope{Everything: true, Signal: domain.SignalRecovered}
	case "created":
		event.Scope = domain.PullScope{Everything: v.name == "belvo"}
		if v.name == "pluggy" {
			event.Scope.Created = map[string]time.Time{n.Account: n.From}
		}
	case "updated":
		event.Scope = domain.PullScope{Everything: v.name == "belvo"}
		if v.name == "pluggy" {
			event.Scope.Changed = map[string][]string{n.Account: n.Rows}
		}
	}
	return event, nil
}

// accountRefByID returns the vendor's account reference with this id, or nil.
func (s *sim) accountRefByID(vendor domain.Vendor, ref string) *accountRef {
	for _, known := range s.refs {
		if known.vendor == vendor && known.id == ref {
			return known
		}
	}
	return nil
}
