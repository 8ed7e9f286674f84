package system

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// busyHeap is what the heap may grow to between two collections, in bytes.
	busyHeap = 40 << 20
	// often is how many collections a second tell that work is going on.
	busyCollections = 4
	// calm is how many seconds without a collection tell that it is over.
	calmSeconds = 5
	// usual is the runtime's own percentage.
	defaultPercent = 100
	// most keeps a heap of next to nothing from putting the next collection off for ever.
	maxPercent = 800
)

// PaceHeap has the garbage collector keep pace with the work until ctx ends. With a few
// megabytes alive, a busy service would collect dozens of times a second, for an eighth
// of its processor time: then the heap may grow to 40 MiB between two collections. When
// the work is over the memory goes back to the system. The process's GOMEMLIMIT holds all
// along. It is for the one who owns the process.
func PaceHeap(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	p := gcPace{percent: defaultPercent}
	for last := readGCStats(); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := readGCStats()
		p.apply(now.count-last.count, now.live)
		last = now
	}
}

// pace is how often the collector runs.
type gcPace struct {
	percent int
	quiet   int // seconds without a collection
}

// follow sets the percentage after a second with so many collections.
func (p *gcPace) apply(count, live uint64) {
	before := p.percent
	if p.update(count, live); p.percent == before {
		return
	}
	debug.SetGCPercent(p.percent)
	if p.percent == defaultPercent {
		debug.FreeOSMemory()
	}
}

// next decides the percentage: raised by a busy second, and usual again after a calm while.
func (p *gcPace) update(count, live uint64) {
	if p.quiet++; count > 0 {
		p.quiet = 0
	}
	switch {
	case p.quiet >= calmSeconds:
		p.percent = defaultPercent
	case count >= busyCollections || p.percent > defaultPercent:
		p.percent = percentFor(live)
	}
}

// percentFor lets a heap with so much alive grow to busyHeap.
func percentFor(live uint64) int {
	if live >= busyHeap/2 {
		return defaultPercent
	}
	return min(maxPercent, int((busyHeap-live)*100/max(live, 1)))
}

// collected is what the runtime tells of its collections.
type gcStats struct{ count, live uint64 }

func readGCStats() gcStats {
	samples := []metrics.Sample{{Name: "/gc/cycles/automatic:gc-cycles"}, {Name: "/gc/heap/live:bytes"}}
	metrics.Read(samples)
	return gcStats{samples[0].Value.Uint64(), samples[1].Value.Uint64()}
}
