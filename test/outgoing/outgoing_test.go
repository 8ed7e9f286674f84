// Package outgoing_test runs a catalogue of hostile servers against every kind of call that the service makes.
package outgoing_test

import (
	"context"
	"errors"
	"flag"
	"net/netip"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/LerianStudio/aggregator-connections/adapters/egress"
	"github.com/LerianStudio/aggregator-connections/test/kit/hostile"
)

func TestMain(m *testing.M) {
	// The tests wait for timeouts instead of computing, so many of them run at the same time.
	_ = flag.Set("test.parallel", "64")
	goleak.VerifyTestMain(m)
}

const (
	// callTimeout is the timeout that the tests set for a call. The timeouts in production are 5 to 15 s.
	callTimeout = 500 * time.Millisecond
	// patience is the time after which the tests assume that a call does not end. It is long, because the machine may
	// be busy.
	patience = 10 * time.Second
	// maxBody is the maximum size of the body of a vendor's response in these tests. Other calls have lower limits.
	maxBody = 1 << 20
	// maxSent is the maximum number of bytes that a peer may be able to send: three whole bodies, one for each attempt,
	// and the bytes that the kernel buffers on both sides.
	maxSent = 16 << 20
)

// call is a call to the peer. It returns when the call has ended and everything that belongs to it is closed.
type call func(ctx context.Context, t *testing.T, peer *hostile.Peer) error

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

// newGuard returns a guard that allows loopback addresses and connections without TLS.
func newGuard() *egress.Guard {
	return egress.NewGuard(egress.Config{AllowedCIDRs: loopback, AllowHTTP: true})
}

// attack makes each of the calls to each of the peers. The context of the calls has no deadline.
func attack(t *testing.T, calls map[string]call, peers map[string]hostile.Behaviour) {
	for kind, do := range calls {
		for name, behave := range peers {
			t.Run(kind+"/"+name, func(t *testing.T) {
				t.Parallel()
				peer := hostile.Start(t, behave)
				ended, err := run(t, do, peer)
				if !ended {
					return
				}
				if err == nil && strings.HasPrefix(name, "101") {
					t.Error("the call succeeded")
				}
				if sent := peer.Written(); sent > maxSent {
					t.Errorf("the peer sent %d MiB", sent>>20)
				}
				peer.WaitReleased(t, patience)
			})
		}
	}
}

// run makes the call, and reports whether the call has ended. If the call does not end, run fails the test.
func run(t *testing.T, do call, peer *hostile.Peer) (ended bool, err error) {
	done := make(chan struct{})
	start := time.Now()
	go func() {
		defer close(done)
		err = do(context.Background(), t, peer)
	}()
	select {
	case <-done:
		t.Logf("%v: %v (%v)", time.Since(start).Round(time.Millisecond), err, errors.Unwrap(err))
		return true, err
	case <-time.After(patience):
		t.Errorf("the call has not ended after %v; the peer has sent %d MiB", patience, peer.Written()>>20)
		return false, nil
	}
}
