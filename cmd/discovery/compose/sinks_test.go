package compose_test

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/LerianStudio/aggregator-connections/adapters/egress"
	"github.com/LerianStudio/aggregator-connections/adapters/system"
	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/ports"
)

func TestThereIsOneSinkOfEachKind(t *testing.T) {
	var kinds []events.SinkKind
	for _, sink := range compose.Sinks(egress.NewGuard(egress.Config{}), system.Clock{}) {
		kinds = append(kinds, sink.Kind())
	}
	if diff := cmp.Diff([]events.SinkKind{"webhook", "rabbitmq", "kafka", "matcher"}, kinds); diff != "" {
		t.Errorf("kinds (-want +got):\n%s", diff)
	}
}

// TestTheEgressGuardCoversEverySink checks that every kind of sink respects the egress guard. It opens a sender of
// each kind twice: first the guard forbids the address of the destination, then it allows it. No server listens at
// the address.
func TestTheEgressGuardCoversEverySink(t *testing.T) {
	targets := map[events.SinkKind]ports.SinkTarget{
		"webhook": {
			Settings:       ports.SinkSettings{Public: `{"url":"https://127.0.0.1:1/"}`},
			SigningSecrets: []domain.Secret{domain.SecretText("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3")},
		},
		"rabbitmq": {Settings: ports.SinkSettings{
			Public: `{"url":"amqps://user:password@127.0.0.1:1/","exchange":"events"}`,
		}},
		"kafka":   {Settings: ports.SinkSettings{Public: `{"brokers":["127.0.0.1:1"],"tls":true}`}},
		"matcher": {Settings: ports.SinkSettings{Public: `{"url":"https://127.0.0.1:1","sources":[]}`}},
	}
	for code, allowed := range map[domain.Code][]netip.Prefix{
		domain.AddressNotAllowed: nil,
		domain.SinkUnreachable:   {netip.MustParsePrefix("127.0.0.1/32")},
	} {
		for _, sink := range compose.Sinks(egress.NewGuard(egress.Config{AllowedCIDRs: allowed}), system.Clock{}) {
			sender := sink.Open(targets[sink.Kind()])
			if _, err := sender.Send(t.Context(), ports.OutgoingEvent{}); !errors.Is(err, code) {
				t.Errorf("%s: got %v, want %s", sink.Kind(), err, code)
			}
			sender.Close()
		}
	}
}
