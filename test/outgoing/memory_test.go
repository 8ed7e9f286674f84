package outgoing_test

import (
	"math"
	"runtime"
	"testing"

	"github.com/LerianStudio/aggregator-connections/test/kit/hostile"
)

// A call must allocate at most a small multiple of its limit for received data, whatever the server sends. The test
// uses the smallest result of ten calls. Other goroutines of the process allocate at the same time, and a garbage
// collection during a call frees buffers that the next attempt would have reused. Without limits, each of these
// servers would make each call allocate gigabytes within the call's timeout in production.
func TestACallAllocatesLittle(t *testing.T) {
	const maxAllocated = 8 << 20
	for _, test := range []struct {
		do    call
		peers map[string]hostile.Behaviour
		name  string
	}{
		{callVendor("http", vendors["belvo"], vendorCalls["pull"]), hostile.HTTP(), "a body in chunks without end"},
		{callVendor("http", vendors["belvo"], vendorCalls["pull"]), hostile.HTTP(), "a compressed bomb"},
		{callVendor("http", vendors["belvo"], vendorCalls["pull"]), hostile.HTTP(), "headers without end"},
		{sendWebhook("http"), hostile.HTTP(), "a body without end"},
		{probeREST("http"), hostile.HTTP(), "informational responses (103)"},
		{publish("amqp"), hostile.AMQP(), "a delivery without end, after the login"},
		{publish("amqp"), hostile.AMQP(), "an announced text of 2 GiB"},
		{produce(""), hostile.Kafka(), "an announced response of 2 GiB"},
		{produce(""), hostile.Kafka(), "a list of versions with no end"},
		{produce(""), hostile.Kafka(), "a list of brokers with no end"},
		{produce(""), hostile.Kafka(), "a list of topics with no end"},
		{produce(""), hostile.Kafka(), "as many brokers as fit"},
		{produce(""), hostile.Kafka(), "as many partitions as fit"},
		{produce(kafkaLogin), hostile.Kafka(), "a login with a list with no end"},
		{probePostgres, hostile.Postgres(), "parameters without end"},
	} {
		t.Run(test.name, func(t *testing.T) {
			peer := hostile.Start(t, test.peers[test.name])
			size := uint64(math.MaxUint64)
			for range 10 {
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				_ = test.do(t.Context(), t, peer)
				runtime.ReadMemStats(&after)
				if size = min(size, after.TotalAlloc-before.TotalAlloc); size <= maxAllocated {
					break
				}
			}
			if size > maxAllocated {
				t.Errorf("the call allocated %d MiB, want at most %d", size>>20, maxAllocated>>20)
			} else {
				t.Logf("%d KiB", size>>10)
			}
		})
	}
}
