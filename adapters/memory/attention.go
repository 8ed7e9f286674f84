package memory

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// liveAggregators returns live aggregator connections of all tenants, sorted by the result of dueTime, earliest first.
// It omits a connection if dueTime returns zero or a time after cutoff.
func (s *Store) liveAggregators(cutoff time.Time, dueTime func(*domain.Connection) time.Time) []*domain.Connection {
	var found []*domain.Connection
	for _, c := range s.connections {
		if c.Live() && c.Kind == domain.Aggregator && !dueTime(c).IsZero() && !dueTime(c).After(cutoff) {
			found = append(found, c)
		}
	}
	slices.SortFunc(found, func(x, y *domain.Connection) int {
		return cmp.Or(dueTime(x).Compare(dueTime(y)), x.ID.Compare(y.ID))
	})
	return found
}

// NoticeConsents marks each connection that it returns, so that a second call does not return the connection again.
func (v connections) NoticeConsents(ctx context.Context, now time.Time, limit int) ([]domain.Connection, error) {
	return exclusiveResult(ctx, v.Store, "Connections.NoticeConsents", func() ([]domain.Connection, error) {
		due := v.liveAggregators(now, func(c *domain.Connection) time.Time { return c.Consent.NoticeAt })
		var noticed []domain.Connection
		for _, c := range due[:min(limit, len(due))] {
			c.Consent = c.Consent.Noticed()
			noticed = append(noticed, listedConnection(*c))
			v.recordEvents(c.Tenant, c.ID, now, records.OfConsent(c.ID))
		}
		return noticed, nil
	})
}

// CountAttention examines all live aggregator connections, with the same rules as the methods for a single
// connection.
func (v connections) CountAttention(ctx context.Context, at time.Time) (ports.Attention, error) {
	return exclusiveResult(ctx, v.Store, "Connections.CountAttention", func() (ports.Attention, error) {
		var count ports.Attention
		for _, c := range v.connections {
			if !c.Live() || c.Kind != domain.Aggregator {
				continue
			}
			expires := c.Consent.ExpiresAt
			if !expires.IsZero() && c.Consent.Status != domain.ReportedRevoked &&
				!expires.After(at.Add(domain.ConsentNotice)) {
				count.ConsentExpiring++
			}
			if !c.Webhook.MissedAt.IsZero() && !c.Paused() && !v.heardSince(c, c.Webhook.MissedAt) {
				count.Silent++
			}
			for _, a := range v.accounts[c.ID] {
				if a.RemovedAt.IsZero() && v.announced[a.ID] == books.Drifting {
					count.Drifting++
				}
			}
		}
		return count, nil
	})
}

// evidence returns the value of ConnectionFacts.Webhooks for a connection.
func (s *Store) evidence(c *domain.Connection) domain.Evidence {
	missed := c.Webhook.MissedAt
	return domain.Evidence{HasToken: s.hasToken(c), Heard: !missed.IsZero() && s.heardSince(c, missed)}
}

// hasToken reports whether the connection has a live token, or its application has one.
func (s *Store) hasToken(c *domain.Connection) bool {
	for _, token := range s.tokens {
		if token.Connection == c.ID && token.Live() {
			return true
		}
	}
	return s.registration(c.Tenant, c.Application()) != nil
}

// heardSince reports whether a webhook about the connection was received at or after start.
func (s *Store) heardSince(c *domain.Connection, start time.Time) bool {
	for _, d := range s.deliveries {
		if d.Connection == c.ID && d.Status != domain.DeliveryIgnored && !d.ReceivedAt.Before(start) {
			return true
		}
	}
	return false
}

// ListUnheard examines all connections.
func (v pulls) ListUnheard(ctx context.Context, cutoff time.Time, limit int) ([]domain.Connection, error) {
	return exclusiveResult(ctx, v.Store, "Pulls.ListUnheard", func() ([]domain.Connection, error) {
		found := v.liveAggregators(cutoff, func(c *domain.Connection) time.Time {
			if c.Paused() {
				return time.Time{}
			}
			return c.Webhook.DueAt
		})
		var unheard []domain.Connection
		for _, c := range found[:min(limit, len(found))] {
			unheard = append(unheard, listedConnection(*c))
		}
		return unheard, nil
	})
}

// PassWebhook reads and changes the connection under one lock.
func (v pulls) PassWebhook(ctx context.Context, connection domain.Connection, dueAt time.Time,
	r ports.PullRequest) (ports.WebhookPassed, error) {
	return exclusiveResult(ctx, v.Store, "Pulls.PassWebhook", func() (ports.WebhookPassed, error) {
		c, err := v.live(connection.Tenant, connection.ID, domain.Aggregator)
		if err != nil || c.Paused() || !c.Webhook.DueAt.Equal(dueAt) {
			return ports.WebhookPassed{}, nil
		}
		before := *c
		evidence := domain.Evidence{HasToken: v.hasToken(c), Heard: v.heardSince(c, dueAt)}
		watch, missed := before.Webhook.Pass(evidence, r.At)
		if c.Webhook = watch; !missed {
			return ports.WebhookPassed{}, nil
		}
		events := records.OfSilence(before, *c)
		v.recordEvents(c.Tenant, c.ID, r.At, events...)
		p := v.queuedPull(c, r)
		p.Scope = cloneScope(p.Scope.Merge(r.Scope))
		p.complete = p.complete || p.Scope.Everything
		return ports.WebhookPassed{Pull: p.ID, BecameSilent: len(events) > 0}, nil
	})
}
