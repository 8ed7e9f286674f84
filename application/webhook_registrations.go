package application

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/LerianStudio/aggregator-connections/application/concurrency"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// registrationPoll is the interval at which a request checks whether the registration that it waits for has ended.
const registrationPoll = 100 * time.Millisecond

// registerToken stores the token with a pending registration, and then creates its webhook at the vendor. If the
// process dies, or if the vendor's response is lost, NextRemoval later finds the webhook by the URL and
// deletes it. If the vendor refuses the webhook, the token is deleted immediately.
//
// If the application of the connection already has a webhook, registerToken returns the token of this webhook
// instead, with Shared set. While another request creates the webhook, registerToken waits, at most for the duration
// wait. A webhook that belongs to an account reference (ports.ReferenceRegistrar) is not shared: it replaces the
// reference's previous webhook.
func (s *Service) registerToken(
	ctx context.Context, c domain.Connection, minted ports.MintedToken, receiver string, wait time.Duration,
) (ports.MintedToken, error) {
	if err := c.CheckNotPaused(); err != nil {
		return ports.MintedToken{}, err
	}
	credential, err := s.open(ctx, c)
	if err != nil {
		return ports.MintedToken{}, vendorRefusal(err)
	}
	if c, err = s.identify(ctx, c); err != nil {
		return ports.MintedToken{}, err
	}
	shared, err := s.startRegistration(ctx, c, &minted, wait)
	if err != nil || shared.Shared {
		return shared, err
	}
	access := ports.AccessOf(c, credential)
	registrar := s.aggregators[c.Vendor].(ports.WebhookRegistrar) // validateMint has checked the type
	id, err := registrar.CreateWebhook(ctx, access, ports.NewWebhook{
		URL: domain.WebhookURL(receiver, c.Vendor, minted.Raw), Authorization: minted.Authorization,
	})
	if err != nil {
		s.discardToken(ctx, minted.WebhookToken, errors.Is(err, domain.Rejected))
		return ports.MintedToken{}, vendorRefusal(err)
	}
	if err := s.Tokens.ActivateRegistration(ctx, c.Tenant, minted.ID, id, s.mintEntries(ctx, minted)); err != nil {
		if errors.Is(err, domain.NotFound) {
			// The token does not exist any more, or its connection has changed: the connection was deleted, it
			// belongs to another application, or NextRemoval has deleted the token because this process was
			// suspended for a long time. In each case, the new webhook must be deleted.
			err = errors.Join(err, registrar.DeleteWebhook(ctx, access, id))
		}
		return ports.MintedToken{}, err
	}
	minted.Registration.State, minted.Registration.ID = domain.RegistrationActive, id
	minted.Authorization = domain.Secret{}
	return minted, nil
}

// startRegistration stores the token with a pending registration. If the application of the connection c has an
// active registration, startRegistration stores nothing and returns the token of the active registration, with Shared
// set. If the application has a pending registration, startRegistration waits until it has ended, at most for the
// duration wait. Errors: Unavailable (registration_in_flight).
func (s *Service) startRegistration(
	ctx context.Context, c domain.Connection, minted *ports.MintedToken, wait time.Duration,
) (ports.MintedToken, error) {
	if s.registersReferences(c.Vendor) {
		minted.StartReferenceRegistration()
		return ports.MintedToken{}, s.Tokens.Create(ctx, minted.WebhookToken, nil)
	}
	end := s.Clock.Now().Add(wait)
	for {
		minted.CreatedAt = s.Clock.Now()
		minted.StartRegistration(c.Application())
		err := s.Tokens.Create(ctx, minted.WebhookToken, nil)
		if !errors.Is(err, domain.AlreadyRegistered) {
			return ports.MintedToken{}, err
		}
		found, err := s.Tokens.FindRegistration(ctx, c.Tenant, c.Application())
		switch {
		case err == nil && found.Registration.State == domain.RegistrationActive:
			return ports.MintedToken{WebhookToken: found, Shared: true}, nil
		case err != nil && !errors.Is(err, domain.NotFound): // NotFound: it has ended since
			return ports.MintedToken{}, err
		case !s.Clock.Now().Before(end):
			return ports.MintedToken{}, &domain.Error{
				Kind: domain.Unavailable, Code: domain.RegistrationInFlight,
				Message: "another request creates the webhook of the application",
			}
		}
		if err := s.Sleeper.Sleep(ctx, registrationPoll); err != nil {
			return ports.MintedToken{}, err
		}
	}
}

// registersReferences reports whether the vendor's webhooks belong to account references.
func (s *Service) registersReferences(v domain.Vendor) bool {
	registrar, ok := s.aggregators[v].(ports.ReferenceRegistrar)
	return ok && registrar.RegistersReferences()
}

// discardToken ends the pending registration of a token after a failure at the vendor. If the vendor has refused the
// webhook, the token is deleted. Otherwise the vendor may have created the webhook. The token is then only revoked,
// so that the application can be registered again, and NextRemoval removes the webhook later. If discardToken
// fails, NextRemoval also does its work.
func (s *Service) discardToken(ctx context.Context, token domain.WebhookToken, wasRefused bool) {
	ctx, cancel := concurrency.Detach(ctx)
	defer cancel()
	var err error
	if wasRefused {
		err = s.Tokens.EndRegistration(ctx, token.Tenant, token.ID)
	} else {
		err = s.Tokens.AbandonRegistration(ctx, token.Tenant, token.ID, s.Clock.Now())
	}
	if err != nil {
		s.Observer.Emit(ctx, ports.BackgroundError{Task: "webhook registration", Err: err})
	}
}

// vendorRefusal converts an error of kind Rejected to a Rejected error with the code vendor_refused. The message is
// the reason that a connection test would report. vendorRefusal returns any other error unchanged.
func vendorRefusal(err error) error {
	if !errors.Is(err, domain.Rejected) {
		return err
	}
	return &domain.Error{
		Kind: domain.Rejected, Code: domain.VendorRefused, Message: string(domain.ReasonOf(err)), Cause: err,
	}
}

// NextRemoval implements ports.Maintenance. It claims the removal for the duration of a call to the vendor, so that no
// other replica makes the same call. If a removal has failed for a week, it is given up.
func (s *Service) NextRemoval(ctx context.Context, skip []domain.TenantID) (*ports.Work, error) {
	now := s.Clock.Now()
	claimed, err := s.Tokens.ClaimRegistrations(ctx, now, now.Add(domain.RegistrationTimeout), skip, 1)
	if err != nil || len(claimed) == 0 {
		return nil, err
	}
	c := claimed[0]
	return workOf(c.Token.Tenant, "webhook of token "+c.Token.ID.String(), func(ctx context.Context) error {
		return s.removeRegistration(ctx, c)
	}), nil
}

// removeRegistration removes the webhook of one token at the vendor and records the removal. If the removal fails, it
// postpones the removal and returns the reason. While the connection is paused, the removal is postponed again and
// again, without a time limit.
func (s *Service) removeRegistration(ctx context.Context, c ports.ClaimedRegistration) error {
	if c.Connection.CheckNotPaused() != nil {
		return s.Tokens.PostponeRegistration(
			ctx, c.Token.Tenant, c.Token.ID, c.Token.Registration.RetryAt(s.Clock.Now()),
		)
	}
	err := s.removeWebhook(ctx, c)
	now := s.Clock.Now()
	if err == nil {
		return s.Tokens.EndRegistration(ctx, c.Token.Tenant, c.Token.ID)
	}
	if now.Sub(c.Token.RevokedAt) > domain.RegistrationGiveUp {
		return errors.Join(fmt.Errorf("given up, the vendor may still have it: %w", err),
			s.Tokens.EndRegistration(ctx, c.Token.Tenant, c.Token.ID))
	}
	return errors.Join(err, s.Tokens.PostponeRegistration(
		ctx, c.Token.Tenant, c.Token.ID, c.Token.Registration.RetryAt(now),
	))
}

// removeWebhook deletes the token's webhook at the vendor. If the vendor's id of the webhook was not stored, it finds
// the webhook by the URL.
func (s *Service) removeWebhook(ctx context.Context, c ports.ClaimedRegistration) error {
	registrar, ok := s.aggregators[c.Connection.Vendor].(ports.WebhookRegistrar)
	if !ok { // the vendor was registered when the webhook was created, but is no longer registered
		return &domain.Error{Kind: domain.Rejected, Code: domain.TypeUnknown}
	}
	from := c.Token.RemovalAccess(c.Connection)
	credential, err := s.open(ctx, from)
	if err != nil {
		return err
	}
	access := ports.AccessOf(from, credential)
	if id := c.Token.Registration.ID; id != "" {
		return registrar.DeleteWebhook(ctx, access, id)
	}
	webhooks, err := registrar.Webhooks(ctx, access)
	if err != nil {
		return err
	}
	for _, w := range webhooks {
		if !c.Token.SendsTo(w.URL) {
			continue
		}
		if err := registrar.DeleteWebhook(ctx, access, w.ID); err != nil {
			return err
		}
	}
	return nil
}
