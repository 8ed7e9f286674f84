package events

import (
	"context"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/domain/lerianmatcher"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// matcherSubscription returns a subscription and its settings. Errors: NotFound; Conflict (not_offered) if the sink is
// not Matcher.
func (s *Service) matcherSubscription(
	ctx context.Context, tenant domain.TenantID, id events.SubscriptionID,
) (ports.MatcherSettings, error) {
	sub, err := s.Subscriptions.Get(ctx, tenant, id)
	if err != nil {
		return ports.MatcherSettings{}, err
	}
	sink, ok := s.Sinks[sub.Sink.Kind].(ports.MatcherSink)
	if !ok {
		return ports.MatcherSettings{}, &domain.Error{
			Kind: domain.Conflict, Code: domain.SinkLacks, Message: "the sink is not Matcher",
		}
	}
	return sink.MatcherSettings(s.settingsOf(sub.Subscription, domain.Credential{})), nil
}

// ListMatcherConflicts implements ports.SubscriptionManager.
func (s *Service) ListMatcherConflicts(
	ctx context.Context, tenant domain.TenantID, id events.SubscriptionID, page domain.PageRequest,
) (domain.Page[lerianmatcher.Entry], error) {
	if _, err := s.matcherSubscription(ctx, tenant, id); err != nil {
		return domain.Page[lerianmatcher.Entry]{}, err
	}
	return s.MatcherEntries.Conflicts(ctx, tenant, id, page)
}

// RetryMatcherConflict implements ports.SubscriptionManager. The worker of the subscription may run in another
// process. It notices the change within matcherPoll.
func (s *Service) RetryMatcherConflict(
	ctx context.Context, tenant domain.TenantID, id events.SubscriptionID, record domain.TransactionID,
) (lerianmatcher.Entry, error) {
	if _, err := s.matcherSubscription(ctx, tenant, id); err != nil {
		return lerianmatcher.Entry{}, err
	}
	e, err := s.MatcherEntries.Conflict(ctx, tenant, id, record)
	if err != nil {
		return lerianmatcher.Entry{}, err
	}
	entries := s.Audits.EntriesOf(ctx, "subscription.conflict.retry", id.String())
	if err := s.MatcherEntries.RetryConflict(ctx, tenant, id, record, s.Clock.Now(), entries); err != nil {
		return lerianmatcher.Entry{}, err
	}
	s.Audits.Emit(ctx, tenant, "subscription.conflict.retry", id.String())
	return e, nil
}

// ListUnmappedAccounts implements ports.SubscriptionManager.
func (s *Service) ListUnmappedAccounts(
	ctx context.Context, tenant domain.TenantID, id events.SubscriptionID, page domain.PageRequest,
) (domain.Page[ports.UnmappedAccount], error) {
	settings, err := s.matcherSubscription(ctx, tenant, id)
	if err != nil {
		return domain.Page[ports.UnmappedAccount]{}, err
	}
	mapped := make([]domain.AccountID, len(settings.Sources))
	for i, source := range settings.Sources {
		mapped[i] = source.Account
	}
	return s.MatcherEntries.Unmapped(ctx, tenant, mapped, page)
}
