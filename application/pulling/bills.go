package pulling

import (
	"context"
	"errors"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/bills"
	"github.com/LerianStudio/aggregator-connections/ports"
)

const (
	// billAttempts is the number of attempts of a pull that the vendor's bills can fail. The sixth attempt starts
	// within 30 s; see domain.Backoff.
	billAttempts = 5
	// maxBillWait is the longest wait for a vendor's bills that an attempt may ask for.
	maxBillWait = time.Minute
)

// readBills reads the bills of the cards, if the vendor lists bills and this pull must read them. The outcome of the
// pull stores them. If a list cannot be read at present, the pull is tried again, at most billAttempts times. After
// that, the pull succeeds without the list: the bills stay as they are, the failure is reported, and a later pull reads
// them. If the failure is that the account holder must sign in, the health asks for that. Errors: Canceled, those of
// the store, and the vendor's.
func (r *stepReader) readBills(ctx context.Context) error {
	reader, ok := r.vendor.(ports.BillReader)
	if !ok || r.journal.staging != nil {
		return nil
	}
	var cards []domain.AccountData
	for _, account := range r.listed.accounts {
		if account.Type == domain.CreditAccount && account.Unreadable == "" {
			cards = append(cards, account)
		}
	}
	if len(cards) == 0 {
		return nil
	}
	if due, err := r.billsAreDue(ctx); err != nil || !due {
		return err
	}
	r.bills = map[string]bills.Read{}
	for _, card := range cards {
		if _, read := r.bills[card.ExternalID]; read {
			continue
		}
		if err := r.readBillsOf(ctx, reader, card, cards); err != nil {
			return err
		}
	}
	return nil
}

// readBillsOf reads the bills of one card, or those of all cards if the vendor lists them together.
func (r *stepReader) readBillsOf(
	ctx context.Context, reader ports.BillReader, card domain.AccountData, cards []domain.AccountData,
) error {
	if r.status.WithoutBills {
		r.bills[card.ExternalID] = bills.Read{Denied: true}
		return nil
	}
	if err := r.checkNotPaused(ctx); err != nil {
		return err
	}
	if err := r.journal.extendLease(ctx); err != nil {
		return err
	}
	requestedAt := r.Clock.Now()
	listing, err := reader.Bills(ctx, r.access, card)
	if errors.Is(err, domain.ErrHolderMustAct) {
		r.noteReauth(ctx, requestedAt, err)
	}
	switch {
	case err == nil && listing.Link != nil:
		for _, other := range cards {
			r.bills[other.ExternalID] = r.readOf(ctx, other, listing.Link.Of(other.ExternalID))
		}
	case err == nil:
		r.bills[card.ExternalID] = r.readOf(ctx, card, listing)
	case r.isDenied(err):
		r.bills[card.ExternalID] = bills.Read{Denied: true}
	case ctx.Err() != nil || r.triesBillsAgain(err):
		return err
	default:
		r.Observer.Emit(ctx, ports.BackgroundError{Task: "bills", Err: err})
	}
	return nil
}

// isDenied reports whether this error of the vendor's list of bills means that the holder has not permitted to read
// them. If the status says so, another refusal means the same.
func (r *stepReader) isDenied(err error) bool {
	refused := errors.Is(err, domain.AccessDenied) || r.status.BillsDenied && errors.Is(err, domain.VendorRefused)
	return refused && !errors.Is(err, domain.ErrHolderMustAct)
}

// triesBillsAgain reports whether the pull is tried again after this error of the vendor's list of bills.
func (r *stepReader) triesBillsAgain(err error) bool {
	isTemporary := errors.Is(err, domain.Unavailable) && !errors.Is(err, domain.ErrHolderMustAct)
	return isTemporary && r.Pull.Attempts <= billAttempts && domain.RetryAfterOf(err) <= maxBillWait
}

// readOf returns the list of the bills of a card as a reading. It reports bills that cannot be read. The list proves
// the absence of a bill only while the vendor can, and may, read the cards and their bills at the bank.
func (r *stepReader) readOf(ctx context.Context, card domain.AccountData, listing bills.Listing) bills.Read {
	if listing.Partial {
		err := &domain.Error{
			Kind: domain.Unavailable, Code: domain.MalformedResponse,
			Message: "the vendor lists bills that cannot be read",
		}
		r.Observer.Emit(ctx, ports.BackgroundError{Task: "bills", Err: err})
	}
	proof := r.rowProof(card.ExternalID)(r.ground())
	return bills.Read{Listing: listing, Unproved: proof == domain.NoProof || r.status.BillsDenied}
}

// billsAreDue reports whether the pull must read the bills; see domain.PullScope.Bills.
func (r *stepReader) billsAreDue(ctx context.Context) (bool, error) {
	if r.listed.initial || r.Pull.Scope.Bills != domain.BillsDaily {
		return r.Pull.Scope.Bills == domain.BillsNow || r.readsEverything(), nil
	}
	readAt, err := r.journal.Pulls.BillsReadAt(ctx, r.Connection.Tenant, r.Connection.ID)
	return r.Coverage.Day(readAt) != r.Coverage.Day(r.Clock.Now()), err
}
