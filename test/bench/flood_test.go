package main_test

import (
	"context"
	"flag"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

var (
	rounds = flag.Int("rounds", 4, "of quiet and flood, in turns")
	phase  = flag.Duration("phase", 8*time.Second, "how long each is measured")
	times  = flag.Int("times", 5, "the flood, as a multiple of each rate limit")
)

// The number of requests of each kind that the measured tenant sends per second.
const (
	reads    = 60
	webhooks = 30
)

// trafficPair contains the responses to the API reads and to the webhooks of one tenant, recorded separately.
type trafficPair struct{ reads, webhooks load }

// run sends reads and webhooks on behalf of the tenant until ctx ends, at the given rates per second.
func (d *trafficPair) run(ctx context.Context, tenant *tenant, reads, webhooks int) {
	var sends sync.WaitGroup
	sends.Go(func() { d.reads.paced(ctx, reads, tenant.list) })
	sends.Go(func() { d.webhooks.paced(ctx, webhooks, tenant.sendWebhook) })
	sends.Wait()
}

// BenchmarkFlood measures the p99 of the calm tenant's requests, with and without a loud tenant. The loud tenant sends
// requests at n times the rate that the limits permit. The flag -times sets n. The results are:
//
//   - "quiet": only the calm tenant sends requests.
//   - "burst": the loud tenant still has its burst allowance, which is the number of permitted requests per minute. The
//     service accepts these requests immediately.
//   - "flood": the loud tenant has used up its allowance. The service accepts one of n requests, and responds to the
//     others with 429.
func BenchmarkFlood(b *testing.B) {
	for backend, dsn := range map[string]func() string{
		"sqlite":   func() string { return "sqlite://" + filepath.Join(b.TempDir(), "discovery.db") },
		"postgres": func() string { return pgtest.DSN(b) },
	} {
		b.Run(backend, func(b *testing.B) {
			origin := serve(b, dsn())
			c := contest{calm: newTenant(b, origin), loud: newTenant(b, origin)}
			for b.Loop() {
				c.run()
			}
			c.report(b)
		})
	}
}

// contest contains the two tenants of BenchmarkFlood, and the recorded responses to their requests.
type contest struct {
	calm, loud          tenant
	quiet, burst, flood trafficPair // requests of the calm tenant
	refused             trafficPair // requests of the loud tenant after its burst; most of them get a 429
}

func (c *contest) run() {
	// a warm-up, so that opening connections, filling caches and the first pulls are not measured
	c.measure(&trafficPair{})
	c.measure(&c.quiet)
	c.measureDuringFlood(&c.burst, &trafficPair{})
	for range *rounds {
		c.measure(&c.quiet)
		c.exhaust()
		c.measureDuringFlood(&c.flood, &c.refused)
	}
}

func (c *contest) measure(d *trafficPair) {
	ctx, cancel := context.WithTimeout(context.Background(), *phase)
	defer cancel()
	d.run(ctx, &c.calm, reads, webhooks)
}

func (c *contest) measureDuringFlood(d, loud *trafficPair) {
	ctx, cancel := context.WithCancel(context.Background())
	var flood sync.WaitGroup
	flood.Go(func() { loud.run(ctx, &c.loud, *times*limit/60, *times*limit/60) })
	c.measure(d)
	cancel()
	flood.Wait()
}

// exhaust sends requests on behalf of the loud tenant until its burst allowance is used up and the service responds
// with 429.
func (c *contest) exhaust() {
	var sends sync.WaitGroup
	for _, send := range []func() int{c.loud.list, c.loud.sendWebhook} {
		for range 4 {
			sends.Go(func() {
				for status := 0; status != http.StatusTooManyRequests; status = send() {
				}
			})
		}
	}
	sends.Wait()
}

func (c *contest) report(b *testing.B) {
	for _, kind := range []struct {
		name                         string
		want                         int
		quiet, burst, flood, refused *load
	}{
		{"GET", http.StatusOK, &c.quiet.reads, &c.burst.reads, &c.flood.reads, &c.refused.reads},
		{"webhook", http.StatusAccepted, &c.quiet.webhooks, &c.burst.webhooks, &c.flood.webhooks, &c.refused.webhooks},
	} {
		ratio := float64(kind.flood.quantile(.99)) / float64(kind.quiet.quantile(.99))
		b.Logf("%-7s p50 %v, %v, %v; p99 %v quiet, %v burst, %v flood: ×%.2f; the flood's answers %v", kind.name,
			kind.quiet.quantile(.5), kind.burst.quantile(.5), kind.flood.quantile(.5),
			kind.quiet.quantile(.99), kind.burst.quantile(.99), kind.flood.quantile(.99), ratio, kind.refused.count)
		b.ReportMetric(ratio, kind.name+"-×p99")
		for _, l := range []*load{kind.quiet, kind.burst, kind.flood} {
			if !l.allHadStatus(kind.want) {
				b.Errorf("%s: the calm tenant was answered %v", kind.name, l.count)
			}
		}
	}
}
