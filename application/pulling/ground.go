package pulling

import (
	"context"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// confirmation is the result of comparing the vendor's status before the first page with its status after the last page
// of a complete listing.
type confirmation int

const (
	notCompared   confirmation = iota // no complete listing has ended yet
	statusSame                        // the last comparison found the same status
	statusChanged                     // a comparison found a different status
)

// ground returns what the vendor's listings prove, as far as the attempt knows. They prove nothing unless the attempt
// had the same consent when it began to read them: a vendor may have returned empty lists before the holder renewed it.
// A list of accounts that contradicts itself proves nothing about accounts.
func (l *link) ground() domain.Ground {
	c, before := l.learned(), l.consent.before
	renewed := before.Key != "" && c.Consent.Key != before.Key
	if l.consent.unknown || renewed || before.State(l.Clock.Now()).Ended() {
		return domain.Ground{}
	}
	g := domain.GroundOf(l.status, c.Consent.State(l.Clock.Now()), c.Health.NeedsReauth)
	if l.listed.inconsistent {
		g.Accounts, g.Cards = domain.NoProof, domain.NoProof
	}
	return g
}

// rowProof returns a function that selects what a list of the account's transactions proves. If account is "", which
// means that the list contains all accounts, the function returns the weakest proof.
func (l *link) rowProof(account string) func(domain.Ground) domain.AbsenceProof {
	i := slices.IndexFunc(l.listed.accounts, func(data domain.AccountData) bool { return data.ExternalID == account })
	if i < 0 {
		return func(g domain.Ground) domain.AbsenceProof { return min(g.Rows, g.RowsOfCredit) }
	}
	return func(g domain.Ground) domain.AbsenceProof { return g.RowsOf(l.listed.accounts[i].Type) }
}

// rowReading returns a function that selects when the vendor last read the account's transactions. If account is "", it
// selects the older reading.
func (l *link) rowReading(account string) func(domain.BankReading) domain.ProductReading {
	i := slices.IndexFunc(l.listed.accounts, func(data domain.AccountData) bool { return data.ExternalID == account })
	if i < 0 {
		return func(r domain.BankReading) domain.ProductReading { return r.Bank.Older(r.Cards) }
	}
	return func(r domain.BankReading) domain.ProductReading { return r.Of(l.listed.accounts[i].Type) }
}

// proof returns what the listing that has just ended proves; the function of selects it. If one listing is a proof, the
// vendor must report the same status as before the first page. The consent is read after the listing, because a vendor
// returns empty lists once it has ended. It is read once for an attempt, and again after an empty list.
func (l *link) proof(
	ctx context.Context, of func(domain.Ground) domain.AbsenceProof, empty bool,
) (domain.AbsenceProof, error) {
	proof := of(l.ground())
	if proof == domain.NoProof || l.confirmation == statusChanged {
		return domain.NoProof, nil
	}
	if proof == domain.OneRead {
		if err := l.checkNotPaused(ctx); err != nil {
			return domain.NoProof, err
		}
		status, err := l.check(ctx)
		if err != nil {
			return domain.NoProof, err
		}
		if status.NeedsReauth {
			l.report(ctx, domain.ErrHolderMustAct)
		}
		if l.confirmation = statusChanged; !status.SameState(l.status) {
			return domain.NoProof, nil
		}
		l.confirmation = statusSame
	}
	if l.consent.when != consentReadBetween || empty {
		l.noteConsent(ctx, consentReadBetween)
	}
	return of(l.ground()), nil
}
