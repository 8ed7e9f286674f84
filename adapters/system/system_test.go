package system_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/system"
	"github.com/LerianStudio/aggregator-connections/ports"
)

var (
	_ ports.Clock   = system.Clock{}
	_ ports.Sleeper = system.Clock{}
	_ ports.IDs     = system.IDs{}
)

func TestNowHasAPrecisionThatEveryStoreKeeps(t *testing.T) {
	now := system.Clock{}.Now()
	if now.Location() != time.UTC || now.Nanosecond()%1000 != 0 {
		t.Fatalf("%v is not UTC in whole microseconds", now)
	}
}

func TestIDsAscend(t *testing.T) {
	var last [16]byte
	for range 10_000 {
		id := system.IDs{}.New()
		if id.Version() != 7 || bytes.Compare(id[:], last[:]) <= 0 {
			t.Fatalf("%v (version %d) does not follow %x", id, id.Version(), last)
		}
		last = id
	}
}

func TestSleepEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := (system.Clock{}).Sleep(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	if err := (system.Clock{}).Sleep(context.Background(), time.Nanosecond); err != nil {
		t.Fatal(err)
	}
}

func TestEveryEndsAfterTheLastCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		stop := system.Every(time.Second, func() { calls++ })
		time.Sleep(3500 * time.Millisecond)
		stop()
		stop()
		time.Sleep(time.Minute)
		if calls != 3 {
			t.Errorf("%d calls, want 3", calls)
		}
	})
}
