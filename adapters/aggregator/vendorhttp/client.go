package vendorhttp

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/failsafe-go/failsafe-go/retrypolicy"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// maxErrorBody bounds what is read of an answer that is no success, in bytes.
const maxErrorBody = 64 << 10

// maxKept bounds a buffer that is kept for the next answer, in bytes.
const maxKept = 2 << 20

// Client calls vendors. One serves all vendors and connections; it is safe for
// concurrent use.
type Client struct {
	cfg       Config
	guard     *Guard
	transport *http.Transport
	tripper   http.RoundTripper // the transport, wrapped
	retries   retrypolicy.RetryPolicy[answer]
	origins   origins
}

// New makes a client. Close it to let its idle connections go.
func New(cfg Config) *Client {
	cfg = cfg.withDefaults()
	guard := NewGuard(cfg)
	transport := newTransport(cfg, guard)
	return &Client{
		cfg: cfg, guard: guard, transport: transport, tripper: cfg.WrapTransport(transport), retries: newRetries(),
		origins: origins{known: map[originKey]*origin{}},
	}
}

// Guard is the client's egress guard.
func (c *Client) Guard() *Guard { return c.guard }

// Close lets idle connections go. Calls under way end as they will.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// Bound gives a context that ends when [Config.Total] is over: what an adapter puts
// around a port method that makes several calls.
func (c *Client) WithTimeout(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, c.cfg.TotalTimeout)
}

// Do makes a call and gives the body of its 2xx answer. Errors: those that
// ports.Aggregator names; Unavailable (interrupted) when ctx was cancelled.
func (c *Client) Do(ctx context.Context, call Call) ([]byte, error) {
	target, err := call.target()
	if err != nil {
		return nil, err
	}
	if err := c.guard.inspect(target); err != nil {
		return nil, err
	}
	ctx, cancel := c.WithTimeout(ctx)
	defer cancel()
	at := c.origins.of(originKey{string(call.Vendor.Name), originOf(target)}, c.cfg.Clock.Now())
	tokens := c.origins.bucket(at, call.Resource, c.perMinute(call))
	got, err := c.perform(ctx, call, at, func(ctx context.Context) (answer, error) {
		if err := c.await(ctx, call, tokens); err != nil {
			return answer{}, err
		}
		return c.attempt(ctx, call, target, tokens)
	})
	return got.body, err
}

// JSON is [Client.Do], with the answer decoded by [Decode].
func (c *Client) DoJSON(ctx context.Context, call Call, into any) error {
	body, err := c.Do(ctx, call)
	if err != nil {
		return err
	}
	return Decode(body, into)
}

func (c *Client) perMinute(call Call) int {
	if c.cfg.BudgetPerMinute != 0 {
		return c.cfg.BudgetPerMinute
	}
	return call.Vendor.Budgets[call.Resource]
}

// await takes a token of the budget, within the time that is left.
func (c *Client) await(ctx context.Context, call Call, tokens *bucket) error {
	if tokens == nil {
		return nil
	}
	patience := c.cfg.MaxBudgetWait
	if end, ok := ctx.Deadline(); ok {
		patience = min(patience, time.Until(end)/2) // the answer needs time, too
	}
	now := c.cfg.Clock.Now()
	wait, err := tokens.reserve(now, patience)
	c.tell(call, tokens, now)
	if err != nil || wait <= 0 {
		return err
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return failed(ctx, ctx.Err())
	}
}

// tell shows what is left of a budget.
func (c *Client) tell(call Call, tokens *bucket, now time.Time) {
	c.cfg.OnBudget(string(call.Vendor.Name), call.Resource, tokens.left(now))
}

// answer is what came back; body is whole and within bounds.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// attempt sends the request once and judges what comes back.
func (c *Client) attempt(ctx context.Context, call Call, target *url.URL, tokens *bucket) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.AttemptTimeout)
	defer cancel()
	req, err := call.request(c.cfg.AttemptContext(ctx, call.PathTemplate), target, c.cfg.UserAgent)
	if err != nil {
		return answer{}, err
	}
	begun := c.cfg.Clock.Now()
	got, err := c.exchange(ctx, req)
	now := c.cfg.Clock.Now()
	c.cfg.OnCall(string(call.Vendor.Name), call.method(), call.PathTemplate, got.status, now.Sub(begun))
	if err != nil || got.status/100 == 2 {
		return got, err
	}
	why := refused(call.Vendor, got, now)
	if tokens != nil && errors.Is(why, domain.VendorRateLimited) {
		tokens.drain(now, max(why.RetryAfter, time.Second))
		c.tell(call, tokens, now)
	}
	return got, why
}

// exchange sends and reads, both before ctx ends. The round tripper is used bare: it
// follows no redirect and keeps no cookie.
func (c *Client) exchange(ctx context.Context, req *http.Request) (answer, error) {
	resp, err := c.tripper.RoundTrip(req)
	if err != nil {
		return answer{}, failed(ctx, err)
	}
	defer func() { _ = resp.Body.Close() }()
	got := answer{status: resp.StatusCode, header: resp.Header}
	limit := c.cfg.MaxBodyBytes
	if got.status/100 != 2 {
		limit = min(limit, maxErrorBody)
	}
	got.body, err = readAll(resp.Body, limit+1)
	switch {
	case int64(len(got.body)) > limit && got.status/100 == 2:
		return answer{status: got.status}, &domain.Error{Kind: domain.Unavailable, Code: domain.MalformedResponse, Cause: errTooLarge}
	case err != nil && got.status/100 == 2:
		return answer{status: got.status}, broken(ctx)
	}
	return got, nil // an error's status counts, whatever became of its body
}

// readAll reads an answer's body, at most limit bytes, into one piece of its own: rows of it
// live as long as they are wanted. It is read into a buffer that others were read into
// before, for one that grows is cleared and copied again and again; the vendor's word of
// its length is not asked.
func readAll(body io.Reader, limit int64) ([]byte, error) {
	into := bodies.Get().(*bytes.Buffer)
	defer putBody(into)
	_, err := into.ReadFrom(io.LimitReader(body, limit))
	return append([]byte(nil), into.Bytes()...), err
}

// bodies are empty.
var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// putBody keeps no buffer that one huge answer has grown, and no word of any: an answer may
// hold a key.
func putBody(b *bytes.Buffer) {
	if b.Cap() > maxKept {
		return
	}
	clear(b.Bytes())
	b.Reset()
	bodies.Put(b)
}

// broken tells an answer that came too slowly from one that was cut.
func broken(ctx context.Context) *domain.Error {
	if ctx.Err() != nil {
		return failed(ctx, ctx.Err())
	}
	return &domain.Error{Kind: domain.Unavailable, Code: domain.MalformedResponse, Cause: errCut}
}
