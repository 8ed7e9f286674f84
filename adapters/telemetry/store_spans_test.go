package telemetry

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// fakeDeliveries and fakePulls are stores that return a fixed error (err). The text of that error must not be exported.
type (
	fakeDeliveries struct {
		ports.Deliveries
		err error
	}
	fakePulls struct {
		ports.Pulls
		err error
	}
)

func (d fakeDeliveries) Receive(context.Context, ports.IncomingDelivery) (ports.ReceiveResult, error) {
	return ports.ReceiveResult{Duplicate: true}, d.err
}

func (l fakePulls) StorePage(context.Context, domain.Lease, ports.PageWrite) (domain.Counts, error) {
	return domain.Counts{Added: 1}, l.err
}

func TestACommitIsASpanWithTheCodeOfItsError(t *testing.T) {
	lost := &domain.Error{Kind: domain.Conflict, Code: domain.LeaseLost, Message: canary}
	for name, test := range map[string]struct {
		err  error
		want any
	}{
		"done":                {nil, nil},
		"known kind of error": {lost, "lease_lost"},
		"unknown error":       {errors.New(canary), "internal_error"},
	} {
		t.Run(name, func(t *testing.T) {
			collector := startCollector(t)
			traces, end := start(t, OTLP{Endpoint: collector.URL})
			received, receiveErr := traces.Deliveries(fakeDeliveries{err: test.err}).Receive(
				t.Context(), ports.IncomingDelivery{Body: []byte(canary)},
			)
			counts, storeErr := traces.Pulls(fakePulls{err: test.err}).StorePage(
				t.Context(), domain.Lease{}, ports.PageWrite{},
			)
			end()
			if !received.Duplicate || counts.Added != 1 || !errors.Is(receiveErr, test.err) ||
				!errors.Is(storeErr, test.err) {
				t.Errorf("answers %+v, %v and %+v, %v", received, receiveErr, counts, storeErr)
			}
			if diff := cmp.Diff(
				test.want, attributeValues(collector.spans["commit"].Attributes)["error.type"],
			); diff != "" {
				t.Error(diff)
			}
			if raw := collector.raw.String(); raw == "" || strings.Contains(raw, canary) {
				t.Error("the collector received nothing, or data that contains the canary")
			}
		})
	}
}
