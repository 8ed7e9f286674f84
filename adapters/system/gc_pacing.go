package system

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// busyHeap is the size in bytes to which the heap of a busy service may grow before the next
	// garbage collection.
	busyHeap = 40 << 20
	// busyCollections is a number of garbage collections per second. A service with at least this number counts as
	// busy.
	busyCollections = 4
	// calmSeconds is how many seconds must pass without a garbage collection until a service counts as calm.
	calmSeconds = 5
	// defaultPercent is the runtime's default value of GOGC.
	defaultPercent = 100
	// baseMemory is the memory in bytes that the runtime may use in addition to the memory that is reserved for
	// requests, pages and messages. Above the sum of these two amounts, garbage is collected more often.
	baseMemory = 66 << 20
	// maxPercent is the maximum value of GOGC. Without it, a nearly empty heap would result in a
	// percentage so high that the next collection is postponed almost forever.
	maxPercent = 800
)

// PaceHeap adapts GOGC to the load until ctx ends. While the service is busy, the heap may grow to 40 MiB between two
// collections. When the service is calm again, PaceHeap resets GOGC and returns the free memory to the operating
// system.
//
// With a few megabytes of live heap and the default GOGC, collections would take an eighth of the processor time.
// PaceHeap also lowers the memory limit of the runtime to the sum of baseMemory and the result of reserved, so that the
// garbage of large pages is collected soon. The limit that was set before, for example with GOMEMLIMIT, remains the
// maximum. GOGC and the limit are global to the process: only the main program should call PaceHeap.
func PaceHeap(ctx context.Context, reserved func() int64) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	limit := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(limit)
	p := gcPace{percent: defaultPercent}
	for last := readGCStats(); ; {
		debug.SetMemoryLimit(min(limit, baseMemory+reserved()))
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

// gcPace decides the value of GOGC from the number of garbage collections in each second.
type gcPace struct {
	percent int
	quiet   int // number of seconds since the last garbage collection
}

// apply sets GOGC at the end of a second. Its arguments are the number of collections in that second and the size of
// the live heap.
func (p *gcPace) apply(count, liveBytes uint64) {
	before := p.percent
	if p.update(count, liveBytes); p.percent == before {
		return
	}
	debug.SetGCPercent(p.percent)
	if p.percent == defaultPercent {
		debug.FreeOSMemory()
	}
}

// update computes the new value of GOGC at the end of a second. Its arguments are the number of collections in that
// second and the size of the live heap in bytes. A busy second raises GOGC. After calmSeconds without a collection,
// GOGC is the default again.
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

// percentFor returns the value of GOGC with which the heap can grow to busyHeap bytes before the next collection.
// liveHeap is the size of the live heap in bytes. The result is between defaultPercent and maxPercent.
func percentFor(liveHeap uint64) int {
	if liveHeap >= busyHeap/2 {
		return defaultPercent
	}
	return min(maxPercent, int((busyHeap-liveHeap)*100/max(liveHeap, 1)))
}

// gcStats contains the number of garbage collections since the start of the process, and the
// size of the live heap in bytes.
type gcStats struct{ count, live uint64 }

func readGCStats() gcStats {
	samples := []metrics.Sample{{Name: "/gc/cycles/automatic:gc-cycles"}, {Name: "/gc/heap/live:bytes"}}
	metrics.Read(samples)
	return gcStats{samples[0].Value.Uint64(), samples[1].Value.Uint64()}
}
