package system

import (
	"context"
	"runtime/debug"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestPercentageFollowsTheLoad(t *testing.T) {
	const mebi = 1 << 20
	p := gcPace{percent: defaultPercent}
	for _, second := range []struct {
		what        string
		count, live uint64
		want        int
	}{
		{"idle", 0, 5 * mebi, 100},
		{"an occasional collection", busyCollections - 1, 5 * mebi, 100},
		{"busy", 30, 5 * mebi, 700},
		{"busy, with fewer collections as a result", 2, 8 * mebi, 400},
		{"almost no live heap", 2, 1, 800},
		{"large live heap", 2, 30 * mebi, 100},
		{"busy again", busyCollections, 10 * mebi, 300},
		{"no collection for a second", 0, 10 * mebi, 300},
		{"one more", 1, 10 * mebi, 300},
		{"1 s", 0, 10 * mebi, 300},
		{"2 s", 0, 10 * mebi, 300},
		{"3 s", 0, 10 * mebi, 300},
		{"4 s", 0, 10 * mebi, 300},
		{"over", 0, 10 * mebi, 100},
		{"still calm", 0, 10 * mebi, 100},
	} {
		if p.update(second.count, second.live); p.percent != second.want {
			t.Fatalf("%s: %d %%, want %d", second.what, p.percent, second.want)
		}
	}
}

func TestPercentageIsSetAndReset(t *testing.T) {
	before := debug.SetGCPercent(defaultPercent)
	defer debug.SetGCPercent(before)
	p := gcPace{percent: defaultPercent}
	p.apply(30, 10<<20)
	if got := debug.SetGCPercent(300); got != 300 {
		t.Errorf("while busy: %d %%", got)
	}
	for range calmSeconds {
		p.apply(0, 10<<20)
	}
	if got := debug.SetGCPercent(defaultPercent); got != defaultPercent {
		t.Errorf("when calm: %d %%", got)
	}
}

func TestPacingEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3500*time.Millisecond)
		defer cancel()
		PaceHeap(ctx, func() int64 { return 0 })
	})
}

// While PaceHeap runs, the memory limit must be the sum of baseMemory and the reserved memory. Afterwards, it must be
// the limit that was set before.
func TestTheMemoryLimitFollowsTheReservations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		defer debug.SetMemoryLimit(debug.SetMemoryLimit(1 << 30))
		ctx, cancel := context.WithCancel(t.Context())
		var reserved atomic.Int64
		ended := make(chan struct{})
		go func() {
			PaceHeap(ctx, func() int64 { return reserved.Load() })
			close(ended)
		}()
		for _, bytes := range []int64{0, 64 << 20, 2 << 30, 0} {
			reserved.Store(bytes)
			time.Sleep(1500 * time.Millisecond)
			synctest.Wait()
			if got, want := debug.SetMemoryLimit(-1), min(1<<30, baseMemory+bytes); got != want {
				t.Errorf("with %d bytes reserved, the limit is %d, want %d", bytes, got, want)
			}
		}
		cancel()
		<-ended
		if got := debug.SetMemoryLimit(-1); got != 1<<30 {
			t.Errorf("at the end the limit is %d", got)
		}
	})
}
