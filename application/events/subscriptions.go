package events

import (
	"bytes"
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/LerianStudio/aggregator-connections/application/auditing"
	"github.com/LerianStudio/aggregator-connections/application/concurrency"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// sinkTests limits the number of concurrent tests of sinks. Each test takes at most 15 seconds.
var sinkTests = concurrency.Limit{Total: 32, Tenant: 4}

// CreateSubscription implements ports.SubscriptionManager.
func (s *Service) CreateSubscription(
	ctx context.Context, tenant domain.TenantID, n ports.NewSubscription,
) (ports.CreatedSubscription, error) {
	now := s.Clock.Now()
	sub := events.Subscription{
		ID: events.SubscriptionID{UUID: s.IDs.New()}, Tenant: tenant, Name: n.Name, Types: filters(n.Types),
		Connection: n.Connection, Account: n.Account, State: events.SubscriptionActive, StateSince: now,
		FromStart: n.FromStart, Revision: 1, CreatedAt: now, UpdatedAt: now,
	}
	sink, sinkSecrets, err := s.setSink(ctx, &sub, n.Sink, ports.SinkSettings{})
	if err != nil {
		return ports.CreatedSubscription{}, err
	}
	if err := s.requireScope(ctx, tenant, n.Connection, n.Account); err != nil {
		return ports.CreatedSubscription{}, err
	}
	var secret domain.Secret
	if sink.Signs() {
		if secret, err = events.NewSigningSecret(s.Entropy); err != nil {
			return ports.CreatedSubscription{}, err
		}
	}
	secrets := domain.NewCredential(map[string]domain.Secret{events.PartSigningSecret: secret})
	sub.Sealed, err = s.sealSubscription(ctx, sub, events.WithSinkSecrets(secrets, sinkSecrets))
	if err != nil {
		return ports.CreatedSubscription{}, err
	}
	entries := s.Audits.EntriesOf(ctx, "subscription.create", sub.ID.String())
	if err := s.Subscriptions.Create(ctx, sub, entries); err != nil {
		return ports.CreatedSubscription{}, err
	}
	s.Audits.Emit(ctx, tenant, "subscription.create", sub.ID.String())
	s.signal.nudge()
	return ports.CreatedSubscription{
		SubscriptionStatus: ports.SubscriptionStatus{Subscription: sub}, Secret: secret,
	}, nil
}

func filters(types []string) []events.EventFilter {
	all := make([]events.EventFilter, len(types))
	for i, t := range types {
		all[i] = events.EventFilter(t)
	}
	return all
}

// matcherTypes are the types of events of a subscription to Matcher.
const matcherTypes events.EventFilter = "transaction.*"

// setSink validates the subscription sub and the sink request r, and replaces the sink of sub. stored are the settings
// that r replaces; they are zero for a new subscription. A subscription to Matcher gets the types that its worker
// needs. setSink returns the sink, and the secrets of the new settings.
// Errors: Invalid; several field errors are joined.
func (s *Service) setSink(
	ctx context.Context, sub *events.Subscription, r ports.SinkRequest, stored ports.SinkSettings,
) (sink ports.Sink, secrets domain.Credential, err error) {
	fieldErrors := sub.Validate()
	sink = s.Sinks[events.SinkKind(r.Kind)]
	if sink == nil {
		fieldErrors = append(fieldErrors, &domain.Error{
			Kind: domain.Invalid, Code: domain.TypeUnknown, Field: "sink.kind", Message: "is not a kind of sink",
		})
		return nil, secrets, domain.Join(fieldErrors)
	}
	if !events.MayLeaveOut(r.Without) {
		fieldErrors = append(fieldErrors, domain.FieldError("sink.without", "must contain nothing but metadata"))
	}
	settings, invalid := sink.Parse(ctx, r.Settings, stored)
	for _, fault := range invalid {
		field := *fault
		field.Field = strings.TrimSuffix("sink."+field.Field, ".")
		fieldErrors = append(fieldErrors, &field)
	}
	_, isMatcher := sink.(ports.MatcherSink)
	if isMatcher {
		fieldErrors = append(fieldErrors, namedOutsideSources(*sub)...)
	}
	if err := domain.Join(fieldErrors); err != nil {
		return nil, secrets, err
	}
	if isMatcher {
		sub.Types = []events.EventFilter{matcherTypes}
	}
	sub.Sink = events.SubscriptionSink{
		Kind: sink.Kind(), Settings: events.WithWithout(settings.Public, r.Without),
	}
	return sink, settings.Secrets, nil
}

// namedOutsideSources returns one error for each of connectionId and accountId that is set. A subscription to Matcher
// has neither.
func namedOutsideSources(sub events.Subscription) (fieldErrors []*domain.Error) {
	const message = "must be absent: the sources name the accounts"
	if !sub.Connection.IsZero() {
		fieldErrors = append(fieldErrors, domain.FieldError("connectionId", message))
	}
	if !sub.Account.IsZero() {
		fieldErrors = append(fieldErrors, domain.FieldError("accountId", message))
	}
	return fieldErrors
}

// settingsOf returns the stored settings of a subscription's sink in the form of this version. secrets are the
// decrypted secrets of the subscription; without them, the result contains no secrets that are stored encrypted.
// If the sink is not registered any more, the settings are empty.
func (s *Service) settingsOf(sub events.Subscription, secrets domain.Credential) ports.SinkSettings {
	sink := s.Sinks[sub.Sink.Kind]
	if sink == nil {
		return ports.SinkSettings{Public: "{}"}
	}
	public, _ := events.SplitWithout(sub.Sink.Settings)
	return sink.Current(ports.SinkSettings{Public: public, Secrets: events.SinkSecrets(secrets)})
}

// shown returns a subscription in the form that callers may see, without secrets. The stored settings may contain
// secrets, because an earlier version stored them in plain text.
func (s *Service) shown(status ports.SubscriptionStatus, err error) (ports.SubscriptionStatus, error) {
	if err == nil {
		_, without := events.SplitWithout(status.Sink.Settings)
		shown := s.settingsOf(status.Subscription, domain.Credential{}).Public
		status.Sink.Settings = events.WithWithout(shown, without)
	}
	return status, err
}

// requireScope returns NotFound unless each id is zero or belongs to the tenant: the connection to a live aggregator
// connection, the account to an account, which must be one of the connection if both ids are given.
func (s *Service) requireScope(
	ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID, account domain.AccountID,
) error {
	if !connection.IsZero() {
		if _, err := s.Connections.Get(ctx, tenant, domain.Aggregator, connection); err != nil {
			return err
		}
	}
	if account.IsZero() {
		return nil
	}
	a, err := s.Ledger.Account(ctx, tenant, account)
	isOther := err == nil && !connection.IsZero() && a.Connection != connection
	if isOther || errors.Is(err, domain.NotFound) {
		return &domain.Error{Kind: domain.NotFound, Code: domain.EventAccountNotFound}
	}
	return err
}

// GetSubscription implements ports.SubscriptionManager.
func (s *Service) GetSubscription(
	ctx context.Context, tenant domain.TenantID, id events.SubscriptionID,
) (ports.SubscriptionStatus, error) {
	return s.shown(s.Subscriptions.Get(ctx, tenant, id))
}

// ListSubscriptions implements ports.SubscriptionManager.
func (s *Service) ListSubscriptions(
	ctx context.Context, tenant domain.TenantID, page domain.PageRequest,
) (domain.Page[ports.SubscriptionStatus], error) {
	found, err := s.Subscriptions.List(ctx, tenant, page)
	for i := range found.Items {
		found.Items[i], _ = s.shown(found.Items[i], nil)
	}
	return found, err
}

// changeAttempts is the maximum number of attempts at a change without If-Match. Another attempt is necessary if the
// subscription was changed concurrently.
const changeAttempts = 3

// retryChange calls fn, and calls fn again if the subscription was changed concurrently. If the caller requires a
// certain revision (match is not nil), retryChange calls fn only once.
func retryChange[T any](match ports.IfMatch, fn func() (T, error)) (result T, err error) {
	for range changeAttempts {
		result, err = fn()
		if match != nil || !errors.Is(err, domain.RevisionMismatch) {
			break
		}
	}
	return result, err
}

// UpdateSubscription implements ports.SubscriptionManager.
func (s *Service) UpdateSubscription(ctx context.Context, tenant domain.TenantID, id events.SubscriptionID,
	match ports.IfMatch, u ports.SubscriptionUpdate,
) (ports.SubscriptionStatus, error) {
	return retryChange(match, func() (ports.SubscriptionStatus, error) {
		return s.updateSubscription(ctx, tenant, id, match, u)
	})
}

// updateSubscription makes one attempt at an update. It decrypts and encrypts the secrets before it changes the
// subscription.
func (s *Service) updateSubscription(ctx context.Context, tenant domain.TenantID, id events.SubscriptionID,
	match ports.IfMatch, u ports.SubscriptionUpdate,
) (ports.SubscriptionStatus, error) {
	before, err := s.Subscriptions.Get(ctx, tenant, id)
	if err != nil {
		return ports.SubscriptionStatus{}, err
	}
	secrets, err := s.openSubscription(ctx, before.Subscription)
	if err != nil {
		return ports.SubscriptionStatus{}, err
	}
	draft, stored := before.Subscription, ports.SinkSettings{}
	if u.Sink.Kind == string(before.Sink.Kind) {
		stored = s.settingsOf(before.Subscription, secrets)
	}
	draft.Name, draft.Types = u.Name, filters(u.Types)
	draft.Connection, draft.Account = u.Connection, u.Account
	_, sinkSecrets, err := s.setSink(ctx, &draft, u.Sink, stored)
	if err != nil {
		return ports.SubscriptionStatus{}, err
	}
	if draft.Sink.Kind != before.Sink.Kind {
		return ports.SubscriptionStatus{}, &domain.Error{
			Kind: domain.Invalid, Code: domain.Immutable, Field: "sink.kind", Message: "cannot be changed",
		}
	}
	if u.Connection != before.Connection || u.Account != before.Account {
		if err := s.requireScope(ctx, tenant, u.Connection, u.Account); err != nil {
			return ports.SubscriptionStatus{}, err
		}
	}
	if changed := events.WithSinkSecrets(secrets, sinkSecrets); !changed.Equal(secrets) {
		if draft.Sealed, err = s.sealSubscription(ctx, draft, changed); err != nil {
			return ports.SubscriptionStatus{}, err
		}
	}
	changed := auditing.Changed(
		auditing.IfChanged(draft.Name != before.Name, "name"),
		auditing.IfChanged(!slices.Equal(draft.Types, before.Types), "types"),
		auditing.IfChanged(draft.Connection != before.Connection, "connectionId"),
		auditing.IfChanged(draft.Account != before.Account, "accountId"),
		auditing.IfChanged(!reflect.DeepEqual(draft.Sink, before.Sink) ||
			!bytes.Equal(draft.Sealed, before.Sealed), "sink"),
	)
	if len(changed) == 0 {
		return s.shown(before, matchSubscription(match, before.Subscription))
	}
	entries := func() []domain.AuditEntry {
		return s.Audits.EntriesOfUpdate(ctx, "subscription.update", id.String(), changed)
	}
	return s.changeSubscription(ctx, before, "subscription.update", entries, match, func(sub *events.Subscription) {
		sub.Name, sub.Types = draft.Name, draft.Types
		sub.Connection, sub.Account = draft.Connection, draft.Account
		sub.Sink, sub.Sealed = draft.Sink, draft.Sealed
	})
}

// changeSubscription applies an operator's change to a subscription. The argument previous is the subscription that the
// caller has read, and action and entries describe the change. Errors: NotFound; Conflict (revision_mismatch) in two
// cases:
//   - The current revision does not satisfy ifMatch.
//   - The subscription has changed since the caller read it.
func (s *Service) changeSubscription(ctx context.Context, previous ports.SubscriptionStatus, action string,
	entries ports.AuditEntries, ifMatch ports.IfMatch, update func(*events.Subscription),
) (ports.SubscriptionStatus, error) {
	now := s.Clock.Now()
	id := previous.ID
	after, err := s.Subscriptions.Update(ctx, previous.Tenant, id, entries, func(sub *events.Subscription) error {
		if err := matchSubscription(ifMatch, *sub); err != nil {
			return err
		}
		if err := matchSubscription(ports.IfMatch{previous.Revision}, *sub); err != nil {
			return err
		}
		update(sub)
		sub.BumpRevision(now)
		return nil
	})
	if err == nil {
		s.Audits.Emit(ctx, previous.Tenant, action, previous.ID.String())
		s.signal.nudge()
	}
	return s.shown(after, err)
}

func matchSubscription(match ports.IfMatch, sub events.Subscription) error {
	if match == nil || slices.Contains(match, sub.Revision) {
		return nil
	}
	return &domain.Error{
		Kind: domain.Conflict, Code: domain.RevisionMismatch, Message: "the subscription has changed",
	}
}

// DeleteSubscription implements ports.SubscriptionManager.
func (s *Service) DeleteSubscription(
	ctx context.Context, tenant domain.TenantID, id events.SubscriptionID, match ports.IfMatch,
) error {
	entries := s.Audits.EntriesOf(ctx, "subscription.delete", id.String())
	err := s.Subscriptions.Delete(ctx, tenant, id, entries, func(sub events.Subscription) error {
		return matchSubscription(match, sub)
	})
	if err == nil {
		s.Audits.Emit(ctx, tenant, "subscription.delete", id.String())
		s.signal.nudge()
	}
	return err
}

// PauseSubscription implements ports.SubscriptionManager. A disabled subscription stays disabled.
func (s *Service) PauseSubscription(
	ctx context.Context, tenant domain.TenantID, id events.SubscriptionID,
) (ports.SubscriptionStatus, error) {
	return s.setSubscriptionState(ctx, tenant, id, "subscription.pause", func(sub *events.Subscription) {
		if sub.State == events.SubscriptionActive {
			sub.SetState(events.SubscriptionPaused, "", s.Clock.Now())
		}
	})
}

// ResumeSubscription implements ports.SubscriptionManager.
func (s *Service) ResumeSubscription(
	ctx context.Context, tenant domain.TenantID, id events.SubscriptionID,
) (ports.SubscriptionStatus, error) {
	return s.setSubscriptionState(ctx, tenant, id, "subscription.resume", func(sub *events.Subscription) {
		sub.SetState(events.SubscriptionActive, "", s.Clock.Now())
	})
}

// setSubscriptionState changes the state of a subscription. A change that has no effect is not audited.
func (s *Service) setSubscriptionState(ctx context.Context, tenant domain.TenantID, id events.SubscriptionID,
	action string, change func(*events.Subscription),
) (ports.SubscriptionStatus, error) {
	now, changed := s.Clock.Now(), false
	entries := func() []domain.AuditEntry {
		if !changed {
			return nil
		}
		return s.Audits.Entries(ctx, action, id.String())
	}
	after, err := s.Subscriptions.Update(ctx, tenant, id, entries, func(sub *events.Subscription) error {
		before := sub.State
		change(sub)
		if changed = sub.State != before; changed {
			sub.BumpRevision(now)
		}
		return nil
	})
	if err == nil && changed {
		s.Audits.Emit(ctx, tenant, action, id.String())
		s.signal.nudge()
	}
	return s.shown(after, err)
}

// RotateSubscriptionSecret implements ports.SubscriptionManager.
func (s *Service) RotateSubscriptionSecret(
	ctx context.Context, tenant domain.TenantID, id events.SubscriptionID,
) (ports.CreatedSubscription, error) {
	return retryChange(nil, func() (ports.CreatedSubscription, error) {
		return s.rotateSubscriptionSecret(ctx, tenant, id)
	})
}

func (s *Service) rotateSubscriptionSecret(
	ctx context.Context, tenant domain.TenantID, id events.SubscriptionID,
) (ports.CreatedSubscription, error) {
	before, err := s.Subscriptions.Get(ctx, tenant, id)
	if err != nil {
		return ports.CreatedSubscription{}, err
	}
	if sink := s.Sinks[before.Sink.Kind]; sink == nil || !sink.Signs() {
		return ports.CreatedSubscription{}, &domain.Error{
			Kind: domain.Conflict, Code: domain.SinkLacks, Message: "the sink does not sign events",
		}
	}
	secrets, err := s.openSubscription(ctx, before.Subscription)
	if err != nil {
		return ports.CreatedSubscription{}, err
	}
	fresh, err := events.NewSigningSecret(s.Entropy)
	if err != nil {
		return ports.CreatedSubscription{}, err
	}
	settings := s.settingsOf(before.Subscription, secrets)
	_, without := events.SplitWithout(before.Sink.Settings)
	secrets = events.WithSinkSecrets(events.RotateSigningSecret(secrets, fresh), settings.Secrets)
	sealed, err := s.sealSubscription(ctx, before.Subscription, secrets)
	if err != nil {
		return ports.CreatedSubscription{}, err
	}
	until := s.Clock.Now().Add(events.OldSecretFor)
	entries := s.Audits.EntriesOf(ctx, "subscription.secret", before.ID.String())
	after, err := s.changeSubscription(
		ctx,
		before,
		"subscription.secret",
		entries,
		nil,
		func(sub *events.Subscription) {
			sub.Sink.Settings = events.WithWithout(settings.Public, without)
			sub.Sealed, sub.PreviousUntil = sealed, until
		},
	)
	return ports.CreatedSubscription{SubscriptionStatus: after, Secret: fresh}, err
}

// SkipEvent implements ports.SubscriptionManager.
func (s *Service) SkipEvent(
	ctx context.Context, tenant domain.TenantID, id events.SubscriptionID, sequence int64,
) (ports.SubscriptionStatus, error) {
	entry := s.Audits.Entry(ctx, "subscription.skip", id.String())
	entry.Detail.Numbers = map[string]int64{"sequence": sequence}
	skip := ports.EventSkip{Sequence: sequence, Attempt: events.AttemptID{UUID: s.IDs.New()}, At: s.Clock.Now()}
	after, err := s.Subscriptions.Skip(ctx, tenant, id, skip, func() []domain.AuditEntry {
		return []domain.AuditEntry{entry}
	})
	if err == nil {
		s.Audits.Emit(ctx, tenant, "subscription.skip", id.String())
		s.signal.nudge()
	}
	return s.shown(after, err)
}

// ReplaySubscription implements ports.SubscriptionManager.
func (s *Service) ReplaySubscription(
	ctx context.Context, tenant domain.TenantID, id events.SubscriptionID, from int64,
) (ports.SubscriptionStatus, error) {
	entries := s.Audits.EntriesOf(ctx, "subscription.replay", id.String())
	after, err := s.Subscriptions.Replay(ctx, tenant, id, from, entries)
	if err == nil {
		s.Audits.Emit(ctx, tenant, "subscription.replay", id.String())
		s.signal.nudge()
	}
	return s.shown(after, err)
}

// TestSubscription implements ports.SubscriptionManager.
func (s *Service) TestSubscription(
	ctx context.Context, tenant domain.TenantID, id events.SubscriptionID,
) (ports.SinkTestResult, error) {
	sub, err := s.Subscriptions.Get(ctx, tenant, id)
	if err != nil {
		return ports.SinkTestResult{}, err
	}
	release, err := s.sinkShares.Acquire(ctx, s.Sleeper, tenant)
	if err != nil {
		return ports.SinkTestResult{}, err
	}
	defer release()
	started := s.Clock.Now()
	answer, err := s.sendTest(ctx, sub, started)
	if ctx.Err() != nil {
		return ports.SinkTestResult{}, ctx.Err()
	}
	result := ports.SinkTestResult{Delivered: err == nil, Latency: s.Clock.Now().Sub(started), Answer: answer}
	if err != nil {
		result.Reason = domain.CodeOf(err)
	}
	return result, s.Audits.Append(ctx, tenant, "subscription.test", id.String())
}

// sinkTestTimeout bounds a test event. Including the wait for a share (at most 5 s) and the closing of the
// connection, the test is answered within 20 s.
const sinkTestTimeout = 12 * time.Second

// sendTest sends a test event through a new sender.
func (s *Service) sendTest(ctx context.Context, sub ports.SubscriptionStatus, at time.Time) (events.SinkAnswer, error) {
	sender, err := s.openSender(ctx, sub.Subscription)
	if err != nil {
		return events.SinkAnswer{}, err
	}
	defer sender.Close()
	e := events.SubscriptionEvent{
		ID: events.EventID{UUID: s.IDs.New()}, Source: events.Source, Type: events.SubscriptionTest,
		Subject: sub.ID.String(), At: at,
	}
	public, _ := s.shown(sub, nil)
	data, err := s.Encoder.Subscription(public)
	if err != nil {
		return events.SinkAnswer{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, sinkTestTimeout)
	defer cancel()
	return sender.Send(ctx, e.CloudEvent(sub.Tenant, data))
}

// openSender opens the sender of a subscription with its secrets. Errors: Unavailable (credential_unopened); Rejected
// (type_unknown) if the sink is no longer registered.
func (s *Service) openSender(ctx context.Context, sub events.Subscription) (ports.EventSender, error) {
	sink := s.Sinks[sub.Sink.Kind]
	if sink == nil {
		return nil, &domain.Error{Kind: domain.Rejected, Code: domain.TypeUnknown}
	}
	secrets, err := s.openSubscription(ctx, sub)
	if err != nil {
		return nil, err
	}
	return sink.Open(ports.SinkTarget{
		Tenant: sub.Tenant, Settings: s.settingsOf(sub, secrets),
		SigningSecrets: sub.SigningSecrets(secrets, s.Clock.Now()),
	}), nil
}

// ListEventAttempts implements ports.SubscriptionManager.
func (s *Service) ListEventAttempts(ctx context.Context, tenant domain.TenantID, id events.SubscriptionID,
	page domain.PageRequest,
) (domain.Page[events.EventAttempt], error) {
	if _, err := s.Subscriptions.Get(ctx, tenant, id); err != nil {
		return domain.Page[events.EventAttempt]{}, err
	}
	return s.Subscriptions.Attempts(ctx, tenant, id, page)
}

// sealSubscription encrypts the secrets of a subscription.
func (s *Service) sealSubscription(
	ctx context.Context, sub events.Subscription, secrets domain.Credential,
) (domain.Sealed, error) {
	sealed, err := s.Sealer.SealSubscription(sub.Tenant, sub.ID, secrets)
	if err != nil {
		s.Observer.Emit(ctx, ports.SealingFailed{Subscription: sub.ID, Err: err})
	}
	return sealed, err
}

// openSubscription decrypts the secrets of a subscription. Errors: Unavailable (credential_unopened).
func (s *Service) openSubscription(ctx context.Context, sub events.Subscription) (domain.Credential, error) {
	secrets, err := s.Sealer.OpenSubscription(sub.Tenant, sub.ID, sub.Sealed)
	if err != nil {
		s.Observer.Emit(ctx, ports.SealingFailed{Subscription: sub.ID, Err: err})
	}
	return secrets, err
}

// SealAgain decrypts the secrets of a subscription and encrypts them under the primary key. Errors: Unavailable
// (credential_unopened).
func (s *Service) SealAgain(ctx context.Context, v ports.SealedValue) (domain.Sealed, error) {
	sub := events.Subscription{Tenant: v.Tenant, ID: events.SubscriptionID{UUID: v.BoundTo}, Sealed: v.Sealed}
	secrets, err := s.openSubscription(ctx, sub)
	if err != nil {
		return nil, err
	}
	return s.sealSubscription(ctx, sub, secrets)
}
