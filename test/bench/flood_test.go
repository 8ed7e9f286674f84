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

// How many a second the tenant sends that is measured.
const (
	reads = 60
	tells = 30
)

// doors are the two loads of one tenant.
type doors struct{ reads, tells load }

// run sends to both doors until ctx ends.
func (d *doors) run(ctx context.Context, who *tenant, reads, tells int) {
	var both sync.WaitGroup
	both.Go(func() { d.reads.paced(ctx, reads, who.read) })
	both.Go(func() { d.tells.paced(ctx, tells, who.tell) })
	both.Wait()
}

// BenchmarkFlood measures one tenant's p99 while nobody else is there and while another
// one floods both doors. In the first flood, "burst", that one still has the minute's worth
// of requests which the limits let through at once; in those after it, "flood", it has
// used that up and is told 429 but for one request in times.
func BenchmarkFlood(b *testing.B) {
	for backend, dsn := range map[string]func() string{
		"sqlite":   func() string { return "sqlite://" + filepath.Join(b.TempDir(), "discovery.db") },
		"postgres": func() string { return pgtest.DSN(b) },
	} {
		b.Run(backend, func(b *testing.B) {
			origin := serve(b, dsn())
			c := contest{calm: newTenant(b, origin), loud: newTenant(b, origin)}
			for b.Loop() {
				c.play()
			}
			c.report(b)
		})
	}
}

// contest is what two tenants saw.
type contest struct {
	calm, loud          tenant
	quiet, burst, flood doors // the calm one's
	refused             doors // the loud one's, without its burst
}

func (c *contest) play() {
	c.alone(&doors{}) // connections, caches and first pulls are not measured
	c.alone(&c.quiet)
	c.beside(&c.burst, &doors{})
	for range *rounds {
		c.alone(&c.quiet)
		c.exhaust()
		c.beside(&c.flood, &c.refused)
	}
}

func (c *contest) alone(d *doors) {
	ctx, cancel := context.WithTimeout(context.Background(), *phase)
	defer cancel()
	d.run(ctx, &c.calm, reads, tells)
}

func (c *contest) beside(d, loud *doors) {
	ctx, cancel := context.WithCancel(context.Background())
	var flood sync.WaitGroup
	flood.Go(func() { loud.run(ctx, &c.loud, *times*limit/60, *times*limit/60) })
	c.alone(d)
	cancel()
	flood.Wait()
}

// exhaust uses up what the limits let the loud one send at once.
func (c *contest) exhaust() {
	var both sync.WaitGroup
	for _, send := range []func() int{c.loud.read, c.loud.tell} {
		for range 4 {
			both.Go(func() {
				for status := 0; status != http.StatusTooManyRequests; status = send() {
				}
			})
		}
	}
	both.Wait()
}

func (c *contest) report(b *testing.B) {
	for _, door := range []struct {
		name                         string
		want                         int
		quiet, burst, flood, refused *load
	}{
		{"GET", http.StatusOK, &c.quiet.reads, &c.burst.reads, &c.flood.reads, &c.refused.reads},
		{"webhook", http.StatusAccepted, &c.quiet.tells, &c.burst.tells, &c.flood.tells, &c.refused.tells},
	} {
		ratio := float64(door.flood.at(.99)) / float64(door.quiet.at(.99))
		b.Logf("%-7s p50 %v, %v, %v; p99 %v quiet, %v burst, %v flood: ×%.2f; the flood's answers %v", door.name,
			door.quiet.at(.5), door.burst.at(.5), door.flood.at(.5),
			door.quiet.at(.99), door.burst.at(.99), door.flood.at(.99), ratio, door.refused.count)
		b.ReportMetric(ratio, door.name+"-×p99")
		for _, l := range []*load{door.quiet, door.burst, door.flood} {
			if !l.only(door.want) {
				b.Errorf("%s: the calm tenant was answered %v", door.name, l.count)
			}
		}
	}
}
