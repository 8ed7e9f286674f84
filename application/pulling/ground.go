package pulling

import (
	"context"
	"errors"
	"slices"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// consentRead is what the attempt has read about the consent.
type consentRead struct {
	report  domain.ConsentReport
	done    bool // report is set
	unknown bool // the last request for the consent failed

	before domain.Consent // the consent when the attempt began to read lists
	early  bool           // it was read from the vendor then
}

// ground returns what the vendor's listings prove, as far as the attempt knows. They prove nothing unless the attempt
// had the same consent when it began to read them: a vendor may have returned empty lists before the holder renewed it.
func (a *attempt) ground() domain.Ground {
	c, before := a.learned(), a.consent.before
	renewed := before.Key != "" && c.Consent.Key != before.Key
	if a.consent.unknown || renewed || before.State(a.Clock.Now()).Ended() {
		return domain.Ground{}
	}
	return domain.GroundOf(a.status, c.Consent.State(a.Clock.Now()), c.Health.NeedsReauth)
}

// cannotBeRead reports whether it is known that the vendor cannot read the account reference (CannotBeRead).
func (a *attempt) cannotBeRead() bool {
	c := a.learned()
	return c.CannotBeRead(a.Clock.Now())
}

// learned returns the connection with the health and the consent that the attempt has learned so far.
func (a *attempt) learned() domain.Connection {
	c, now := a.connection, a.Clock.Now()
	c.Consent = a.consentAfter(c.Consent, a.consent.report, now)
	if c.Health = c.Health.AfterSignal(a.pull.Scope.Signal, a.pull.StartedAt); a.checked {
		c.Health = c.Health.AfterSuccess(a.status, now)
	}
	return c
}

// rowProof returns a function that selects what a list of the account's transactions proves. If account is "", which
// means that the list contains all accounts, the function returns the weakest proof.
func (a *attempt) rowProof(account string) func(domain.Ground) domain.AbsenceProof {
	i := slices.IndexFunc(a.accounts, func(data domain.AccountData) bool { return data.ExternalID == account })
	if i < 0 {
		return func(g domain.Ground) domain.AbsenceProof { return min(g.Rows, g.RowsOfCredit) }
	}
	return func(g domain.Ground) domain.AbsenceProof { return g.RowsOf(a.accounts[i].Type) }
}

// proof returns what the listing that has just ended proves; the function of selects it. If one listing is a proof, the
// vendor must report the same status as before the first page. The consent is read after the listing, because a vendor
// returns empty lists once it has ended. It is read once for an attempt, and again after an empty list.
func (a *attempt) proof(
	ctx context.Context, of func(domain.Ground) domain.AbsenceProof, empty bool,
) (domain.AbsenceProof, error) {
	proof := of(a.ground())
	if proof == domain.NoProof || a.confirmation == statusChanged {
		return domain.NoProof, nil
	}
	if proof == domain.OneRead {
		if err := a.checkNotPaused(ctx); err != nil {
			return domain.NoProof, err
		}
		status, err := a.vendor.Check(ctx, a.access)
		if err != nil {
			return domain.NoProof, err
		}
		if status.NeedsReauth {
			a.report(ctx, domain.ErrHolderMustAct)
		}
		if a.confirmation = statusChanged; !status.SameState(a.status) {
			return domain.NoProof, nil
		}
		a.confirmation = statusSame
	}
	if !a.consent.done || a.consent.early || empty {
		a.noteConsent(ctx)
	}
	return of(a.ground()), nil
}

// noteConsentBefore notes the consent before the attempt reads lists. If the consent has ended, or an event has changed
// it, the vendor is asked: these lists prove something only if they were read with a renewed consent.
func (a *attempt) noteConsentBefore(ctx context.Context) {
	if a.learned().Consent.State(a.Clock.Now()).Ended() || len(a.pull.Scope.Consents) > 0 {
		a.noteConsent(ctx)
		a.consent.early = true
	}
	a.consent.before = a.learned().Consent
}

// noteConsent reads the consent. A request that was refused says nothing about the consent, because not every account
// reference has one.
func (a *attempt) noteConsent(ctx context.Context) {
	report, err := consentOf(ctx, a.vendor, a.access, a.status)
	a.consent = consentRead{
		report: report, done: true, unknown: err != nil && !errors.Is(err, domain.Rejected), before: a.consent.before,
	}
	a.report(ctx, nil)
}
