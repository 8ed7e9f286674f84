package system

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// busyHeap is how large the heap may grow between two collections, in bytes.
	busyHeap = 40 << 20
	// busyCollections is the number of collections per second that marks the service as busy.
	busyCollections = 4
	// calmSeconds is how long there must be no collection before it is no longer busy.
	calmSeconds = 5
	// defaultPercent is the runtime's own value of GOGC.
	defaultPercent = 100
	// maxPercent bounds GOGC, so that a nearly empty heap does not postpone the next collection
	// forever.
	maxPercent = 800
)

// PaceHeap adapts GOGC to the load until ctx ends. With a few megabytes of live heap, a busy
// service would collect dozens of times a second, at the cost of an eighth of its processor
// time. While it is busy the heap may therefore grow to 40 MiB between two collections; when
// it is calm again the memory is returned to the system. The process's GOMEMLIMIT applies
// throughout. GOGC is global: only the program that owns the process should call PaceHeap.
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

// gcPace decides the value of GOGC from the number of collections.
type gcPace struct {
	percent int
	quiet   int // seconds without a collection
}

// apply sets GOGC after a second with count collections and live bytes of live heap.
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

// update decides the percentage: a busy second raises it, and a calm period resets it.
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

// percentFor returns the percentage that lets a heap with live bytes grow to busyHeap.
func percentFor(live uint64) int {
	if live >= busyHeap/2 {
		return defaultPercent
	}
	return min(maxPercent, int((busyHeap-live)*100/max(live, 1)))
}

// gcStats holds the runtime's count of collections and its live heap in bytes.
type gcStats struct{ count, live uint64 }

func readGCStats() gcStats {
	samples := []metrics.Sample{{Name: "/gc/cycles/automatic:gc-cycles"}, {Name: "/gc/heap/live:bytes"}}
	metrics.Read(samples)
	return gcStats{samples[0].Value.Uint64(), samples[1].Value.Uint64()}
}
