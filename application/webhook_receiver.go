package application

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Receive implements ports.WebhookReceiver. A request reaches the store in two cases:
//   - The deployment's configured checks prove that the vendor is the sender.
//   - The request has an Authorization header that may contain a source secret. A source secret is a secret that the
//     vendor sends with each webhook of one token. The store checks the secret.
//
// If the vendor is a ports.WebhookVerifier, the first of these checks includes the vendor's signature. It needs the
// credential of the token's connection, so the token is read first.
//
// The sender of any other request learns nothing about tokens, not even from the response time. The store deduplicates
// deliveries by the event's key.
func (s *Service) Receive(ctx context.Context, request domain.WebhookRequest) (ports.ReceiveResult, error) {
	aggregator, wired := s.aggregators[request.Vendor]
	if !wired {
		return ports.ReceiveResult{}, s.refuse(ctx, request, errUnknownVendor)
	}
	admitted := s.Sources[request.Vendor].Admits(request, s.Clock.Now())
	verifier, verifies := aggregator.(ports.WebhookVerifier)
	switch {
	case admitted:
	case verifies:
		if reason, err := s.verifyWebhook(ctx, verifier, request); err != nil {
			return ports.ReceiveResult{}, err
		} else if reason != nil {
			return ports.ReceiveResult{}, s.refuse(ctx, request, reason)
		}
		admitted = true
	case !domain.MayBeSourceSecret(request.Authorization):
		return ports.ReceiveResult{}, s.refuse(ctx, request, errSourceNotProved)
	}
	incoming, err := s.incomingDelivery(ctx, aggregator, request)
	if err != nil {
		return ports.ReceiveResult{}, err
	}
	incoming.SourceAdmitted, incoming.Authorization = admitted, domain.HashSource(request.Authorization)
	result, err := s.Deliveries.Receive(ctx, incoming)
	if errors.Is(err, domain.Unauthenticated) {
		if found, err := s.receiveLink(ctx, incoming); found || err != nil {
			return ports.ReceiveResult{}, err
		}
		return ports.ReceiveResult{}, s.refuse(ctx, request, s.tokenRefusal(ctx, incoming))
	}
	if err != nil {
		return ports.ReceiveResult{}, err
	}
	if result.Delivery.Status == domain.DeliveryIgnored { // an event of no connection may belong to a link session
		if err := s.announceLink(ctx, result.Delivery.Tenant, request.Vendor, incoming.Event); err != nil {
			return ports.ReceiveResult{}, err
		}
	}
	s.report(ctx, result.Reporting, result.Asking)
	s.tokenUsage.record(result.Token, incoming.At)
	s.Observer.Emit(ctx, ports.WebhookReceived{
		Vendor: request.Vendor, Outcome: outcomeOf(result), Delivery: result.Delivery.ID,
	})
	return result, nil
}

// reportTimeout is the maximum time for which the response to a webhook waits until its report is stored.
const reportTimeout = 2 * time.Second

// report stores what a webhook reports about its connections, for example that the account holder must sign in. The
// pulls that the webhook has queued may have to wait for long. It wakes the pulls for which the asking ones wait. The
// delivery is stored already, and the pulls do the same, so report ignores errors.
func (s *Service) report(ctx context.Context, reporting, asking []domain.PullID) {
	if len(reporting)+len(asking) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, reportTimeout)
	defer cancel()
	for _, pull := range reporting {
		_ = s.reportEvents(ctx, pull)
	}
	for _, pull := range asking {
		_ = s.wakeWaiting(ctx, pull)
	}
}

// The reasons for refusing a webhook. They are only logged; the caller gets the same response for all of
// them.
var (
	errUnknownVendor   = errors.New("unknown vendor")
	errSourceNotProved = errors.New("source not proved")
	errUnknownToken    = errors.New("unknown token")
	errRevokedToken    = errors.New("token revoked")
	errVendorMismatch  = errors.New("token of another vendor")
	errNoLiveToken     = errors.New("no live token of the vendor")
)

// verifyWebhook verifies the signature of a request with the credential of its token's connection, even if the
// connection is paused. If the request must be refused, reason is not nil. Errors: Unavailable if the signature cannot
// be verified at the moment; those of the store.
func (s *Service) verifyWebhook(
	ctx context.Context, verifier ports.WebhookVerifier, request domain.WebhookRequest,
) (reason, err error) {
	token, err := s.Tokens.FindByHash(ctx, domain.HashToken(request.Token))
	switch {
	case errors.Is(err, domain.NotFound):
		return errUnknownToken, nil
	case err != nil:
		return nil, err
	case token.Vendor != request.Vendor:
		return errVendorMismatch, nil
	case !token.Live():
		return errRevokedToken, nil
	}
	c, err := s.Connections.Get(ctx, token.Tenant, domain.Aggregator, token.Connection)
	if errors.Is(err, domain.NotFound) {
		return errNoLiveToken, nil
	}
	if err != nil {
		return nil, err
	}
	credential, err := s.open(ctx, c)
	if err == nil {
		err = verifier.VerifyWebhook(ctx, ports.AccessOf(c, credential), request)
	}
	switch {
	case errors.Is(err, domain.Unauthenticated):
		return errSourceNotProved, nil
	case err != nil:
		return nil, &domain.Error{
			Kind: domain.Unavailable, Code: domain.VendorUnreachable, Message: "the signature cannot be verified",
			RetryAfter: domain.RetryAfterOf(err), Cause: err,
		}
	}
	return nil, nil
}

// tokenRefusal returns the reason why the store refused the token of a delivery. The store does not report the reason,
// so tokenRefusal reads the token again. It returns errNoLiveToken if the token cannot be read, or if the token has
// become valid meanwhile.
func (s *Service) tokenRefusal(ctx context.Context, refused ports.IncomingDelivery) error {
	token, err := s.Tokens.FindByHash(ctx, refused.Token)
	switch {
	case errors.Is(err, domain.NotFound):
		return errUnknownToken
	case err != nil:
		return errNoLiveToken
	case token.Vendor != refused.Vendor:
		return errVendorMismatch
	case !token.Live():
		return errRevokedToken
	case !token.Source.Admits(refused.Authorization, refused.SourceAdmitted):
		return errSourceNotProved
	}
	return errNoLiveToken
}

// refuse emits an event about the refused request. It returns an error whose text is always the same, and whose cause
// is reason. The event contains the vendor only if an aggregator is registered for it, because a caller can send any
// name.
func (s *Service) refuse(ctx context.Context, request domain.WebhookRequest, reason error) error {
	refused := ports.WebhookReceived{Outcome: "refused"}
	if _, wired := s.aggregators[request.Vendor]; wired {
		refused.Vendor = request.Vendor
	}
	s.Observer.Emit(ctx, refused)
	return &domain.Error{Kind: domain.Unauthenticated, Cause: reason}
}

// incomingDelivery parses the webhook's body and returns the delivery to store. If the body is not the vendor's JSON,
// the delivery is marked as unreadable, and there is no error. Any other error of the parser is returned.
func (s *Service) incomingDelivery(
	ctx context.Context, aggregator ports.Aggregator, request domain.WebhookRequest,
) (ports.IncomingDelivery, error) {
	event, err := aggregator.Parse(request.Body)
	if err != nil && !errors.Is(err, domain.Invalid) {
		return ports.IncomingDelivery{}, err
	}
	return ports.IncomingDelivery{
		Delivery: domain.DeliveryID{UUID: s.IDs.New()}, Pull: s.newPullID(),
		Token: domain.HashToken(request.Token), Vendor: request.Vendor, Event: event, Unreadable: err != nil,
		Body: request.Body, At: s.Clock.Now(), Trace: s.Tracer.Inject(ctx),
	}, nil
}

func (s *Service) newPullID() domain.PullID { return domain.PullID{UUID: s.IDs.New()} }

// outcomeOf returns the outcome that the event WebhookReceived reports for a stored webhook.
func outcomeOf(result ports.ReceiveResult) string {
	if result.Duplicate {
		return "duplicate"
	}
	return string(result.Delivery.Status)
}

// tokenUsage collects in memory when tokens were last used, so that the store need not record this for each webhook.
// FlushTokenUsage stores the collected times.
type tokenUsage struct {
	mu   sync.Mutex
	used map[domain.TokenID]time.Time
}

func (t *tokenUsage) record(id domain.TokenID, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.used == nil {
		t.used = make(map[domain.TokenID]time.Time)
	}
	t.used[id] = at
}

func (t *tokenUsage) take() map[domain.TokenID]time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	used := t.used
	t.used = nil
	return used
}

// restore adds usage times back after they could not be stored. It does not overwrite later times.
func (t *tokenUsage) restore(used map[domain.TokenID]time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	maps.Copy(used, t.used)
	t.used = used
}
