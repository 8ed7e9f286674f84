package vendorhttp

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/retrypolicy"

	"github.com/LerianStudio/aggregator-connections/adapters/egress"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Client sends requests to vendors. One Client serves all vendors and connections; it is
// safe for concurrent use.
type Client struct {
	cfg       Config
	guard     *egress.Guard
	transport *egress.Transport
	tripper   http.RoundTripper // transport, as wrapped by Config.WrapTransport
	retries   retrypolicy.RetryPolicy[response]
	origins   origins
}

// New returns a client. The caller must close it to close its idle connections.
func New(cfg Config) *Client {
	cfg = cfg.withDefaults()
	guard := egress.NewGuard(egress.Config{
		AllowedCIDRs: cfg.AllowedCIDRs, AllowHTTP: cfg.AllowHTTP, Resolver: cfg.Resolver,
		Proxy: cfg.Proxy, ProxyHosts: cfg.ProxyHosts,
	})
	transport := newTransport(guard, cfg)
	return &Client{
		cfg: cfg, guard: guard, transport: transport, tripper: cfg.WrapTransport(transport),
		retries: newRetryPolicy(),
		origins: origins{clock: cfg.Clock, shared: newSharedBudgets(cfg), byKey: map[originKey]*origin{}},
	}
}

// Guard returns the client's egress guard.
func (c *Client) Guard() *egress.Guard { return c.guard }

// Close closes idle connections and stops requesting tokens of shared rate budgets. It does not interrupt requests in
// progress.
func (c *Client) Close() {
	if c.origins.shared != nil {
		c.origins.shared.close()
	}
	c.transport.CloseIdleConnections()
}

// WithTimeout returns a context that ends after [Config.TotalTimeout], and its cancel function. Adapters use it in
// those methods of ports.Aggregator that make several calls. If ctx has a longer timeout for requests
// (ports.WithRequestTimeout), the total time is longer in the same proportion.
func (c *Client) WithTimeout(ctx context.Context) (context.Context, context.CancelFunc) {
	factor := float64(c.attemptTimeout(ctx)) / float64(c.cfg.AttemptTimeout)
	return context.WithTimeout(ctx, time.Duration(factor*float64(c.cfg.TotalTimeout)))
}

// attemptTimeout returns the maximum duration of one attempt: [Config.AttemptTimeout], or the timeout in ctx
// (ports.WithRequestTimeout) if that is longer.
func (c *Client) attemptTimeout(ctx context.Context) time.Duration {
	return max(c.cfg.AttemptTimeout, min(ports.RequestTimeoutOf(ctx), domain.MaxRequestTimeout))
}

// Do makes a call and returns the body of its 2xx response. It makes up to three attempts, but none while the circuit
// breaker of the origin is open. Each attempt takes a token of each rate budget. Errors: those that ports.Aggregator
// lists, and Unavailable (interrupted) if ctx was canceled.
func (c *Client) Do(ctx context.Context, call Call) ([]byte, error) {
	target, err := call.target(c.guard)
	if err != nil {
		return nil, err
	}
	ctx, cancel := c.WithTimeout(ctx)
	defer cancel()
	origin := c.origins.get(originKey{string(call.Vendor.Name), domain.OriginOf(target)}, c.cfg.Clock.Now())
	budgets := c.budgetsOf(origin, call)
	policies := withPolicies(call, c.retries, origin.breaker)
	got, err := policies.WithContext(ctx).Get(func() (response, error) {
		return c.attempt(ctx, call, target, budgets)
	})
	switch {
	case errors.Is(err, circuitbreaker.ErrOpen):
		return nil, unreachable(errBreakerOpen, origin.breaker.RemainingDelay())
	case err != nil && !errors.As(err, new(*domain.Error)):
		return nil, transportError(ctx, err) // ctx ended between two attempts
	}
	return got.body, err
}

// DoJSON makes a call in the same way as [Client.Do], and decodes the body of the response with [Decode] into the value
// that dst points to.
func (c *Client) DoJSON(ctx context.Context, call Call, dst any) error {
	body, err := c.Do(ctx, call)
	if err != nil {
		return err
	}
	return Decode(body, dst)
}

// attempt waits for the rate budgets and sends the request once. A request without a 2xx response does not count in
// those budgets in which only accepted calls count.
func (c *Client) attempt(
	ctx context.Context, call Call, target *url.URL, budgets []callBudget,
) (response, error) {
	if err := c.waitForBudgets(ctx, call, budgets); err != nil {
		return response{}, err
	}
	got, err := c.send(ctx, call, target, budgets)
	if err != nil && !got.successful() {
		giveBack(call.Tenant, budgets)
	}
	return got, err
}

// send sends the request once and reads the response, which must be complete before the timeout of an attempt. It uses
// the round tripper without an http.Client, because a round tripper follows no redirect and stores no cookie.
func (c *Client) send(
	ctx context.Context, call Call, target *url.URL, budgets []callBudget,
) (response, error) {
	ctx, cancel := context.WithTimeout(ctx, c.attemptTimeout(ctx))
	defer cancel()
	req, err := call.newRequest(c.cfg.AttemptContext(ctx, call.PathTemplate), target, c.cfg.UserAgent)
	if err != nil {
		return response{}, err
	}
	var got response
	sentAt := c.cfg.Clock.Now()
	raw, err := c.tripper.RoundTrip(req)
	if err != nil {
		err = transportError(ctx, err)
	} else {
		defer func() { _ = raw.Body.Close() }()
		reserve := func(bytes int64) error { return call.reserve(ctx, bytes) }
		got, err = readResponse(ctx, raw, reserve, c.cfg.MaxBodyBytes)
	}
	now := c.cfg.Clock.Now()
	c.cfg.OnCall(string(call.Vendor.Name), call.method(), call.PathTemplate, got.status, now.Sub(sentAt))
	if err != nil {
		return got, err
	}
	var failure *domain.Error
	if !got.successful() {
		failure = statusError(call.Vendor, got, now)
	}
	c.reportOutcome(call, budgets, sentAt, now, failure)
	if failure != nil {
		return got, failure
	}
	return got, nil
}
