package application

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// CreateLinkSession implements ports.ConnectionLifecycle. The lifetime of the token is counted from just before the
// request, so ExpiresAt is never later than the vendor's own expiry.
func (s *Service) CreateLinkSession(
	ctx context.Context, tenant domain.TenantID, id domain.ConnectionID,
) (ports.LinkSession, error) {
	var session ports.LinkSession
	var requestedAt time.Time
	err := callVendor(ctx, s, tenant, id, func(vendor ports.LinkTokens, c domain.Connection, a ports.Access) error {
		requestedAt = s.Clock.Now()
		token, err := vendor.CreateLinkToken(ctx, a)
		session = ports.LinkSession{
			Vendor: c.Vendor, Token: token.Token, URL: token.URL, ExpiresAt: requestedAt.Add(token.Lifetime),
		}
		return err
	})
	if err != nil {
		return ports.LinkSession{}, err
	}
	// The entry is the only trace of the link, so it states how long the link works.
	entry := s.audits.Entry(ctx, "connection.link", id.String())
	entry.Detail.Numbers = map[string]int64{"validSeconds": int64(session.ExpiresAt.Sub(requestedAt).Seconds())}
	if err := s.audits.AppendEntry(ctx, tenant, entry); err != nil {
		return ports.LinkSession{}, err
	}
	return session, nil
}

// RefreshConnection implements ports.ConnectionLifecycle. The same transaction counts the refresh and stores its
// audit entry. If the connection was deleted during the vendor's call, only the audit entry is stored. If the vendor
// answers that the account holder must sign in again, only this is stored.
func (s *Service) RefreshConnection(ctx context.Context, tenant domain.TenantID, id domain.ConnectionID) error {
	var asked domain.Connection
	err := callVendor(ctx, s, tenant, id, func(vendor ports.Refresher, c domain.Connection, a ports.Access) error {
		asked = c
		if err := s.checkRefreshInterval(ctx, vendor, c); err != nil {
			return err
		}
		return refreshError(vendor.Refresh(ctx, a))
	})
	if errors.Is(err, domain.ReauthRequired) {
		return errors.Join(err, s.saveReauth(ctx, asked, err))
	}
	if err != nil {
		return err
	}
	now := s.Clock.Now()
	entries := s.audits.EntriesOf(ctx, refreshAction, id.String())
	c, err := s.Connections.Update(ctx, tenant, domain.Aggregator, id, entries,
		func(c *domain.Connection) error {
			c.Usage = c.Usage.AddRefresh(now)
			return nil
		})
	if errors.Is(err, domain.NotFound) {
		return s.audits.Append(ctx, tenant, refreshAction, id.String())
	}
	if err == nil {
		s.Observer.Emit(ctx, ports.ConnectionRefreshed{Connection: id, Vendor: c.Vendor})
		s.audits.Emit(ctx, tenant, refreshAction, id.String())
	}
	return err
}

// checkRefreshInterval returns an error with the code refreshes_used_up if the last accepted refresh of the connection
// is less than the vendor's interval ago. The adapter counts the refreshes of each account reference, but loses the
// count at a restart if the replicas share no rate budgets. The audit log keeps it.
func (s *Service) checkRefreshInterval(ctx context.Context, vendor ports.Refresher, c domain.Connection) error {
	pacer, ok := vendor.(ports.RefreshPacer)
	if !ok {
		return nil
	}
	filter := domain.AuditFilter{Object: c.ID.String()} // an index serves a filter without an action
	newest, err := s.ListAuditEntries(ctx, c.Tenant, filter, domain.PageRequest{Limit: domain.MaxLimit})
	if err != nil {
		return err
	}
	i := slices.IndexFunc(newest.Items, func(e domain.AuditEntry) bool { return e.Action == refreshAction })
	if i < 0 || newest.Items[i].At.Before(c.UpdatedAt) { // the account reference may have changed since
		return nil
	}
	interval := pacer.RefreshInterval()
	wait := newest.Items[i].At.Add(interval).Sub(s.Clock.Now())
	if wait <= 0 {
		return nil
	}
	return &domain.Error{Kind: domain.Unavailable, Code: domain.RefreshesUsedUp, RetryAfter: min(wait, interval)}
}

// refreshAction is the action of the audit entry of an accepted refresh.
const refreshAction = "connection.refresh"

// saveReauth stores that the vendor has answered a call for the connection with: the account holder must sign in again.
// It stores nothing if the connection's target or credential was replaced during the call, or the connection deleted.
func (s *Service) saveReauth(ctx context.Context, asked domain.Connection, failure error) error {
	now := s.Clock.Now()
	_, err := s.Connections.Update(ctx, asked.Tenant, asked.Kind, asked.ID, nil, func(c *domain.Connection) error {
		if c.SameAccess(asked) {
			c.Health = c.Health.AfterReauth(now)
			if errors.Is(failure, domain.ErrConsentRevoked) {
				c.Consent = c.Consent.After(domain.ConsentReport{Status: domain.ReportedRevoked}, now)
			}
		}
		return nil
	})
	if errors.Is(err, domain.NotFound) {
		return nil
	}
	return err
}

// refreshError returns an error with the code refreshes_used_up if the budget of refreshes is empty, or if the vendor
// has answered 429. It returns a Rejected error with the code reauth_required if the account holder must sign in again.
// It returns any other error unchanged. RetryAfter stays the same.
func refreshError(err error) error {
	limited := errors.Is(err, domain.BudgetExhausted) || errors.Is(err, domain.VendorRateLimited)
	switch {
	case errors.Is(err, domain.ErrHolderMustAct):
		return &domain.Error{Kind: domain.Rejected, Code: domain.ReauthRequired, Cause: err}
	case limited && errors.Is(err, domain.Unavailable):
		return &domain.Error{
			Kind: domain.Unavailable, Code: domain.RefreshesUsedUp, RetryAfter: domain.RetryAfterOf(err), Cause: err,
		}
	}
	return err
}

// callVendor calls fn with the aggregator of the connection's vendor. F is an interface that not every aggregator
// implements. Errors: those that ports.ConnectionLifecycle lists.
func callVendor[F any](
	ctx context.Context, s *Service, tenant domain.TenantID, id domain.ConnectionID,
	fn func(F, domain.Connection, ports.Access) error,
) error {
	c, err := s.Connections.Get(ctx, tenant, domain.Aggregator, id)
	if err != nil {
		return err
	}
	feature, ok := s.aggregators[c.Vendor].(F)
	if !ok {
		return &domain.Error{Kind: domain.Conflict, Code: domain.NotOffered, Message: "the vendor does not offer this"}
	}
	release, err := s.startLiveCall(ctx, c)
	if err != nil {
		return err
	}
	defer release()
	credential, err := s.open(ctx, c)
	if err != nil {
		return err
	}
	err = fn(feature, c, ports.AccessOf(c, credential))
	if !errors.Is(err, domain.Rejected) {
		return err
	}
	reason := domain.ReasonOf(err)
	if errors.Is(err, domain.ReauthRequired) {
		reason = domain.ReauthRequired
	}
	return &domain.Error{Kind: domain.Rejected, Code: domain.VendorRefused, Message: string(reason), Cause: err}
}

// startLiveCall waits for a slot for a call to the connection's vendor. The caller must call release when the vendor's
// call has ended. Errors: NotFound; Conflict (connection_paused); Unavailable with RetryAfter if no slot becomes free;
// the error of ctx.
func (s *Service) startLiveCall(ctx context.Context, c domain.Connection) (release func(), err error) {
	if err := c.CheckNotPaused(); err != nil {
		return nil, err
	}
	release, err = s.liveShares.Acquire(ctx, s.Sleeper, c.Tenant)
	if err != nil {
		return nil, err
	}
	if err := s.recheckPause(ctx, c); err != nil { // the connection may have been paused during the wait
		release()
		return nil, err
	}
	return release, nil
}

// recheckPause reads the connection again and checks that it is not paused. Errors: NotFound; Conflict
// (connection_paused).
func (s *Service) recheckPause(ctx context.Context, c domain.Connection) error {
	now, err := s.Connections.Get(ctx, c.Tenant, c.Kind, c.ID)
	if err != nil {
		return err
	}
	return now.CheckNotPaused()
}

// PauseConnection implements ports.ConnectionLifecycle. It does not change the revision. The revision protects against
// lost updates, but an update of the connection cannot overwrite a pause.
func (s *Service) PauseConnection(
	ctx context.Context, tenant domain.TenantID, id domain.ConnectionID,
) (ports.ConnectionHealth, error) {
	now := s.Clock.Now()
	return s.changePause(ctx, tenant, id, "connection.pause", func(c *domain.Connection) { c.Pause(now) })
}

// ResumeConnection implements ports.ConnectionLifecycle.
func (s *Service) ResumeConnection(
	ctx context.Context, tenant domain.TenantID, id domain.ConnectionID,
) (ports.ConnectionHealth, error) {
	return s.changePause(ctx, tenant, id, "connection.resume", (*domain.Connection).Resume)
}

// changePause updates the connection and returns the connection's health. An update that has no effect is not audited.
func (s *Service) changePause(
	ctx context.Context, tenant domain.TenantID, id domain.ConnectionID, action string,
	update func(*domain.Connection),
) (ports.ConnectionHealth, error) {
	changed := false
	entries := func() []domain.AuditEntry {
		if !changed {
			return nil
		}
		return s.audits.Entries(ctx, action, id.String())
	}
	_, err := s.Connections.Update(ctx, tenant, domain.Aggregator, id, entries, func(c *domain.Connection) error {
		before := c.Paused()
		update(c)
		changed = c.Paused() != before
		return nil
	})
	if err != nil {
		return ports.ConnectionHealth{}, err
	}
	if changed {
		s.audits.Emit(ctx, tenant, action, id.String())
	}
	return s.ConnectionHealth(ctx, tenant, id)
}
