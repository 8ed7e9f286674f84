package application

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/LerianStudio/aggregator-connections/application/concurrency"
	"github.com/LerianStudio/aggregator-connections/application/pulling"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// linkStepTimeout bounds the total time of the vendor calls in one step of a link session. It is shorter than
// domain.LinkClaim.
const linkStepTimeout = 20 * time.Second

// StartLinkSession implements ports.Linking. It stores the session before it requests the token. If the process dies in
// between, the session expires after domain.LinkRequestTimeout, and nobody knows the vendor's token.
func (s *Service) StartLinkSession(
	ctx context.Context, tenant domain.TenantID, n ports.NewLinkSession,
) (ports.OpenLinkSession, error) {
	linker, err := s.validateLink(ctx, n)
	if err != nil {
		return ports.OpenLinkSession{}, err
	}
	credential := domain.AggregatorCredential(n.ClientID, n.Secret)
	if !n.Application.IsZero() {
		a, err := s.applicationFor(ctx, tenant, n.Application, domain.Vendor(n.Vendor))
		if err != nil {
			return ports.OpenLinkSession{}, err
		}
		if credential, err = s.openApplication(ctx, a); err != nil {
			return ports.OpenLinkSession{}, err
		}
		n.BaseURL = a.BaseURL
	}
	session, hook, err := s.newLinkSession(ctx, tenant, n, credential)
	if err != nil {
		return ports.OpenLinkSession{}, err
	}
	release, err := s.liveShares.Acquire(ctx, s.Sleeper, tenant)
	if err != nil {
		return ports.OpenLinkSession{}, err
	}
	defer release()
	requestedAt := s.Clock.Now()
	session.CreatedAt, session.ExpiresAt = requestedAt, requestedAt.Add(domain.LinkRequestTimeout)
	session.DueAt = session.ExpiresAt
	if err := s.LinkSessions.Create(ctx, session); err != nil {
		return ports.OpenLinkSession{}, err
	}
	token, err := s.requestLinkToken(ctx, linker, session, hook)
	if err == nil {
		createdDueAt := session.DueAt
		session.Open(requestedAt.Add(token.Lifetime), s.Clock.Now())
		entries := s.audits.EntriesOf(ctx, "link_session.create", session.ID.String())
		err = s.LinkSessions.Open(ctx, session, createdDueAt, entries)
		session.DueAt = createdDueAt // discardLink must find the session if it was not opened
	}
	if err != nil {
		s.discardLink(ctx, session)
		return ports.OpenLinkSession{}, vendorRefusal(err)
	}
	s.audits.Emit(ctx, tenant, "link_session.create", session.ID.String())
	return ports.OpenLinkSession{LinkSession: session, Token: token.Token, URL: token.URL}, nil
}

// requestLinkToken requests a token for the session from the vendor.
func (s *Service) requestLinkToken(
	ctx context.Context, linker ports.Linker, session domain.LinkSession, hook domain.Secret,
) (ports.LinkToken, error) {
	ctx, cancel := context.WithTimeout(ctx, liveTestTimeout)
	defer cancel()
	access, err := s.linkAccess(ctx, session)
	if err != nil {
		return ports.LinkToken{}, err
	}
	return linker.StartLink(ctx, access, session.ID, hook)
}

// validateLink validates a request for a session and returns the vendor's Linker. Errors: Invalid; Conflict
// (not_offered).
func (s *Service) validateLink(ctx context.Context, n ports.NewLinkSession) (ports.Linker, error) {
	vendor, unknown := s.wiredVendor(n.Vendor)
	fieldErrors := append(nonNil(unknown), domain.CheckText("configName", n.Name, domain.MaxName)...)
	if n.Application.IsZero() {
		address, err := s.checkBaseURL(ctx, vendor, n.BaseURL)
		if err != nil {
			return nil, err
		}
		fieldErrors = slices.Concat(fieldErrors, address, nonNil(
			domain.ValidateSecret(domain.PartClientID, n.ClientID), domain.ValidateSecret(domain.PartSecret, n.Secret),
		))
	} else {
		fieldErrors = append(fieldErrors, ownCredential(n.BaseURL, n.ClientID, n.Secret)...)
	}
	if err := domain.Join(fieldErrors); err != nil {
		return nil, err
	}
	linker, ok := s.aggregators[vendor].(ports.Linker)
	if !ok {
		return nil, &domain.Error{
			Kind: domain.Conflict, Code: domain.NotOffered, Message: "the vendor does not offer this",
		}
	}
	return linker, nil
}

// newLinkSession returns a new session whose times are not set yet. It also returns the webhook URL of the session,
// or the zero Secret if the vendor cannot send webhooks to the receiver.
func (s *Service) newLinkSession(
	ctx context.Context, tenant domain.TenantID, n ports.NewLinkSession, credential domain.Credential,
) (session domain.LinkSession, hook domain.Secret, err error) {
	session = domain.LinkSession{
		ID: domain.LinkSessionID{UUID: s.IDs.New()}, Tenant: tenant,
		Connection: domain.ConnectionID{UUID: s.IDs.New()}, Vendor: domain.Vendor(n.Vendor), Name: n.Name,
		BaseURL: n.BaseURL, Actor: ports.CallerOf(ctx).Actor, Receiver: n.Receiver, State: domain.LinkOpen,
		Application: n.Application,
	}
	connection := session.ConnectionOf("", s.Clock.Now())
	if session.Sealed, err = s.seal(ctx, connection, credential); err != nil {
		return session, hook, err
	}
	if strings.HasPrefix(n.Receiver, "https://") {
		token, raw, err := domain.MintToken(domain.TokenID{}, connection, s.Entropy, s.Clock.Now())
		if err != nil {
			return session, hook, err
		}
		session.Hook, hook = token.Hash, domain.WebhookURL(n.Receiver, session.Vendor, raw)
	}
	return session, hook, nil
}

// discardLink ends a session whose token could not be requested, so that its name is free again. If that fails, the
// session expires.
func (s *Service) discardLink(ctx context.Context, session domain.LinkSession) {
	ctx, cancel := concurrency.Detach(ctx)
	defer cancel()
	dueAt := session.DueAt
	session.Discard(s.Clock.Now())
	if err := s.LinkSessions.Save(ctx, session, dueAt); err != nil && !errors.Is(err, domain.LeaseLost) {
		s.Observer.Emit(ctx, ports.BackgroundError{Task: "link session", Err: err})
	}
}

// GetLinkSession implements ports.Linking.
func (s *Service) GetLinkSession(
	ctx context.Context, tenant domain.TenantID, id domain.LinkSessionID,
) (domain.LinkSession, error) {
	return s.LinkSessions.Get(ctx, tenant, id)
}

// NextLinkSession implements ports.Maintenance.
func (s *Service) NextLinkSession(ctx context.Context, skip []domain.TenantID) (*ports.Work, error) {
	now := s.Clock.Now()
	claimed, err := s.LinkSessions.Claim(ctx, now, now.Add(domain.LinkClaim), skip, 1)
	if err != nil || len(claimed) == 0 {
		return nil, err
	}
	session := claimed[0]
	return workOf(session.Tenant, "link session "+session.ID.String(), func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, linkStepTimeout)
		defer cancel()
		return s.continueLink(ctx, session)
	}), nil
}

// continueLink carries out the next step of a claimed link session, for example the creation of the connection.
func (s *Service) continueLink(ctx context.Context, session domain.LinkSession) error {
	linker, ok := s.aggregators[session.Vendor].(ports.Linker)
	if !ok { // the vendor was registered when the session was created, but is no longer registered
		return s.retryLink(ctx, session, &domain.Error{Kind: domain.Rejected, Code: domain.TypeUnknown})
	}
	switch session.State {
	case domain.LinkOpen:
		return s.advanceLink(ctx, linker, session)
	case domain.LinkConnected:
		return s.registerLinked(ctx, session)
	default:
		return s.cleanLink(ctx, linker, session)
	}
}

// linkAccess returns the access to the vendor for a session that has no connection yet. The secret of an application
// may have been rotated since the session was created, so the current credential is used. But if the client id has
// changed, only the old credential has access to the objects of the session.
func (s *Service) linkAccess(ctx context.Context, session domain.LinkSession) (ports.Access, error) {
	c := session.ConnectionOf("", session.CreatedAt)
	credential, err := s.open(ctx, c)
	if err != nil || session.Application.IsZero() {
		return ports.AccessOf(c, credential), err
	}
	_, current, same, err := s.applicationOfLink(ctx, session, credential)
	if same {
		credential = current
	}
	return ports.AccessOf(c, credential), err
}

// applicationOfLink returns the application of a session with its current credential. same reports whether this
// credential has the same client id as own, the credential of the session.
func (s *Service) applicationOfLink(
	ctx context.Context, session domain.LinkSession, own domain.Credential,
) (a domain.Application, current domain.Credential, same bool, err error) {
	if a, err = s.Applications.Get(ctx, session.Tenant, session.Application); err != nil {
		return a, current, false, err
	}
	if current, err = s.openApplication(ctx, a); err != nil {
		return a, current, false, err
	}
	return a, current, current.Part(domain.PartClientID).Equal(own.Part(domain.PartClientID)), nil
}

// advanceLink asks the vendor whether the account holder has signed in. If so, it creates the connection. An error of
// the vendor is returned only if the session closes because of it.
func (s *Service) advanceLink(ctx context.Context, linker ports.Linker, session domain.LinkSession) error {
	access, err := s.linkAccess(ctx, session)
	var objects []domain.LinkedObject
	if err == nil {
		objects, err = s.linkedObjects(ctx, linker, access, session)
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return ctx.Err()
	}
	claimed, now := session.DueAt, s.Clock.Now()
	ref, signedIn := session.Advance(objects, err, now)
	if signedIn {
		var c domain.Connection
		if c, err = s.checkLinked(ctx, session, ref, access); err == nil {
			return s.connectLink(ctx, session, c)
		}
		session.Advance(nil, err, now)
	}
	if saveErr := s.LinkSessions.Save(ctx, session, claimed); saveErr != nil {
		return saveErr
	}
	if session.State == domain.LinkOpen {
		return nil
	}
	return err
}

// linkedObjects returns the objects (for example items) that the vendor has created for the session. It leaves out an
// object that already belongs to another connection of the tenant. Such an object is neither connected nor deleted.
func (s *Service) linkedObjects(
	ctx context.Context, linker ports.Linker, access ports.Access, session domain.LinkSession,
) ([]domain.LinkedObject, error) {
	objects, err := linker.LinkedObjects(ctx, access, session.ID, session.Announced)
	if err != nil {
		return nil, err
	}
	own := objects[:0]
	for _, o := range objects {
		linked, err := s.LinkSessions.IsLinked(ctx, session.Tenant, session.Vendor, o.AccountRef)
		if err != nil {
			return nil, err
		}
		if !linked {
			own = append(own, o)
		}
	}
	return own, nil
}

// checkLinked tests the new connection, and returns it with the health that results from the test.
func (s *Service) checkLinked(
	ctx context.Context, session domain.LinkSession, ref string, access ports.Access,
) (domain.Connection, error) {
	c := session.ConnectionOf(ref, s.Clock.Now())
	access = ports.AccessOf(c, access.Credential)
	vendor := s.aggregators[session.Vendor]
	status, err := vendor.Check(ctx, access)
	if err != nil {
		return domain.Connection{}, err
	}
	now := s.Clock.Now()
	c.Health = c.Health.After(status, nil, now)
	c.Consent = c.Consent.After(pulling.ConsentOf(ctx, vendor, access, status), now)
	c.Webhook = c.Webhook.After(status.Schedule)
	return c, nil
}

// connectLink stores the connection of the session. The audit entry names the operator who has started the session.
func (s *Service) connectLink(ctx context.Context, session domain.LinkSession, c domain.Connection) error {
	claimed, now := session.DueAt, s.Clock.Now()
	if !session.Application.IsZero() {
		same, err := s.joinLinked(ctx, session, &c)
		if err != nil {
			return s.retryLink(ctx, session, err)
		}
		if !same { // the vendor's object belongs to the old client id
			session.Close(now)
			return s.LinkSessions.Save(ctx, session, claimed)
		}
	}
	added := ports.LinkedConnection{Connection: c, Pull: ports.PullRequest{
		ID: s.newPullID(), Scope: domain.PullScope{Everything: true}, Trigger: domain.TriggerOperator, At: now,
	}}
	if token, ok := session.Token(domain.TokenID{UUID: s.IDs.New()}, now); ok {
		added.Token, added.Connection.Webhook = &token, c.Webhook.Awaiting()
	}
	ctx = ports.WithCaller(ctx, ports.Caller{Actor: session.Actor})
	entry := s.audits.Entry(ctx, "connection.create", c.ID.String())
	entry.Detail = entry.Detail.WithID("linkSessionId", session.ID.UUID)
	connected := session
	connected.Connect(c.AccountRef, now)
	err := s.LinkSessions.Connect(ctx, connected, claimed, added, func() []domain.AuditEntry {
		return []domain.AuditEntry{entry}
	})
	if errors.Is(err, domain.NameTaken) {
		session.Close(now)
		return errors.Join(err, s.LinkSessions.Save(ctx, session, claimed))
	}
	if errors.Is(err, domain.ApplicationChanged) {
		return s.retryLink(ctx, session, err)
	}
	if err == nil {
		s.audits.Emit(ctx, session.Tenant, "connection.create", c.ID.String())
	}
	return err
}

// joinLinked makes the new connection of a session join the application of the session. It reports false if the client
// id of the application has changed since the session was created.
func (s *Service) joinLinked(ctx context.Context, session domain.LinkSession, c *domain.Connection) (bool, error) {
	own, err := s.open(ctx, session.ConnectionOf("", session.CreatedAt))
	if err != nil {
		return false, err
	}
	a, _, same, err := s.applicationOfLink(ctx, session, own)
	if err != nil || !same {
		return false, err
	}
	return true, s.join(ctx, c, a, domain.Secret{})
}

// registerLinked registers a webhook for the connection of the session, if the service can register webhooks at the
// vendor. If the vendor refuses, the session is done nevertheless. If the vendor is not available, the registration
// is retried for a while.
func (s *Service) registerLinked(ctx context.Context, session domain.LinkSession) error {
	err := s.registerWebhook(ctx, session)
	claimed, now := session.DueAt, s.Clock.Now()
	temporary := errors.Is(err, domain.Unavailable) || ctx.Err() != nil
	if temporary && now.Before(session.ExpiresAt.Add(domain.LinkGrace)) {
		return s.retryLink(ctx, session, err)
	}
	session.Connected(now)
	return errors.Join(err, s.LinkSessions.Save(ctx, session, claimed))
}

// registerWebhook registers a webhook for the connection of the session, unless it has one. It returns nil if there is
// nothing to register: the connection was deleted or paused, the vendor has no such feature, or it refuses.
func (s *Service) registerWebhook(ctx context.Context, session domain.LinkSession) error {
	if _, ok := s.aggregators[session.Vendor].(ports.WebhookRegistrar); !ok || session.Receiver == "" {
		return nil
	}
	c, err := s.Connections.Get(ctx, session.Tenant, domain.Aggregator, session.Connection)
	if errors.Is(err, domain.NotFound) || err == nil && c.Paused() {
		return nil
	}
	if err != nil {
		return err
	}
	tokens, err := s.Tokens.List(
		ctx,
		session.Tenant,
		ports.TokenFilter{Connection: c.ID},
		domain.PageRequest{Limit: 20},
	)
	if err != nil {
		return err
	}
	for _, t := range tokens.Items { // a registration may have been completed before the process died
		if t.Live() && t.Registration.Exists() {
			return nil
		}
	}
	ctx = ports.WithCaller(ctx, ports.Caller{Actor: session.Actor})
	// mint does not wait for another request that registers a webhook: this step has too little time. The step is
	// repeated instead.
	_, err = s.mint(ctx, session.Tenant, ports.MintRequest{
		Vendor: string(c.Vendor), Name: c.Name, Register: true, Receiver: session.Receiver,
	}, 0)
	if errors.Is(err, domain.Rejected) || errors.Is(err, domain.NotFound) || errors.Is(err, domain.Conflict) {
		return nil
	}
	return err
}

// cleanLink deletes the superfluous objects (for example items) that a closing or done link session has at the
// vendor.
func (s *Service) cleanLink(ctx context.Context, linker ports.Linker, session domain.LinkSession) error {
	if err := s.deleteSuperfluous(ctx, linker, session); err != nil {
		return s.retryLink(ctx, session, err)
	}
	claimed := session.DueAt
	session.Cleaned(s.Clock.Now())
	return s.LinkSessions.Save(ctx, session, claimed)
}

// deleteSuperfluous deletes the superfluous objects of a session. For a done session, it uses the credential of the
// connection. If the connection was deleted, nothing is deleted at the vendor.
func (s *Service) deleteSuperfluous(ctx context.Context, linker ports.Linker, session domain.LinkSession) error {
	access, err := s.accessAfterLink(ctx, session)
	if errors.Is(err, domain.NotFound) && session.State == domain.LinkDone {
		return nil
	}
	if err != nil {
		return err
	}
	objects, err := s.linkedObjects(ctx, linker, access, session)
	if err != nil {
		return err
	}
	for _, ref := range session.Superfluous(objects) {
		access.AccountRef = domain.CanonicalAccountRef(ref)
		if err := linker.Erase(ctx, access); err != nil {
			return err
		}
	}
	return nil
}

// accessAfterLink returns the access to the vendor for a closing or done session. A done session has no credential, so
// the connection's is used. Errors: NotFound if the connection was deleted.
func (s *Service) accessAfterLink(ctx context.Context, session domain.LinkSession) (ports.Access, error) {
	if session.State != domain.LinkDone {
		return s.linkAccess(ctx, session)
	}
	c, err := s.Connections.Get(ctx, session.Tenant, domain.Aggregator, session.Connection)
	if err != nil {
		return ports.Access{}, err
	}
	credential, err := s.open(ctx, c)
	return ports.AccessOf(c, credential), err
}

// retryLink postpones the next step of a session after a failure, and returns the failure. A session that is too old
// is ended instead.
func (s *Service) retryLink(ctx context.Context, session domain.LinkSession, cause error) error {
	claimed := session.DueAt
	if session.Retry(cause, s.Clock.Now()) {
		cause = fmt.Errorf("given up, the vendor may still have objects of the session: %w", cause)
	}
	ctx, cancel := concurrency.Detach(ctx) // the calls to the vendor may have used up the time
	defer cancel()
	return errors.Join(cause, s.LinkSessions.Save(ctx, session, claimed))
}

// announceLink stores an object of the vendor in the link session for which an event has announced the object. It
// does nothing if the event names no session of the tenant.
func (s *Service) announceLink(
	ctx context.Context, tenant domain.TenantID, vendor domain.Vendor, event domain.WebhookEvent,
) error {
	if event.LinkSession.IsZero() || event.AccountRef == "" {
		return nil
	}
	now := s.Clock.Now()
	err := s.LinkSessions.Update(ctx, tenant, vendor, event.LinkSession, func(session *domain.LinkSession) bool {
		return session.Announce(event.AccountRef, now)
	})
	if errors.Is(err, domain.NotFound) {
		return nil
	}
	return err
}

// receiveLink receives a webhook whose token belongs to a link session and not yet to a connection. It reports
// whether there is such a session.
func (s *Service) receiveLink(ctx context.Context, incoming ports.IncomingDelivery) (bool, error) {
	if !incoming.SourceAdmitted {
		return false, nil
	}
	session, err := s.LinkSessions.FindByHook(ctx, incoming.Vendor, incoming.Token)
	if errors.Is(err, domain.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if incoming.Event.LinkSession != session.ID {
		return true, nil
	}
	return true, s.announceLink(ctx, session.Tenant, session.Vendor, incoming.Event)
}
