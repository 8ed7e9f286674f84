package outgoing_test

import (
	"context"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/sink/kafka"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/hostile"
)

// openKafka returns a sender to a broker. more contains further members of the settings, or is "".
func openKafka(t *testing.T, peer *hostile.Peer, more string) ports.EventSender {
	t.Helper()
	sink := kafka.New(kafka.Options{Guard: newGuard(), Timeout: callTimeout})
	requested := `{"brokers":["` + peer.Address() + `"],"topic":"` + hostile.KafkaTopic + `"` + more + `}`
	settings, faults := sink.Parse(t.Context(), domain.SecretText(requested), ports.SinkSettings{})
	if faults != nil {
		t.Fatal(domain.Join(faults))
	}
	return sink.Open(ports.SinkTarget{Settings: settings})
}

// kafkaLogin and kafkaTLS are values of the argument more of openKafka.
const (
	kafkaLogin = `,"sasl":{"mechanism":"SCRAM-SHA-256","username":"user","password":"password"}`
	kafkaTLS   = `,"tls":true`
)

// TestEveryProducedEventEnds sends an event to each hostile broker, and closes the sender. Both calls must return.
func TestEveryProducedEventEnds(t *testing.T) {
	attack(t, map[string]call{"kafka": produce(""), "kafka with a login": produce(kafkaLogin)}, hostile.Kafka())
}

func produce(more string) call {
	return func(ctx context.Context, t *testing.T, peer *hostile.Peer) error {
		sender := openKafka(t, peer, more)
		defer sender.Close()
		_, err := sender.Send(ctx, outgoingEvent)
		return err
	}
}

// A broker that sends data without end may fill only the buffers of the kernel.
func TestAnIdleConnectionTakesFewBytesFromAKafkaBroker(t *testing.T) {
	for name, behave := range hostile.IdleKafka() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			peer := hostile.Start(t, behave)
			sender := openKafka(t, peer, "")
			if _, err := sender.Send(t.Context(), outgoingEvent); err != nil {
				t.Fatal(err)
			}
			_, _ = sender.Send(t.Context(), outgoingEvent)
			sender.Close()
			peer.WaitReleased(t, patience)
			if sent := peer.Written(); sent > maxUnrequested {
				t.Errorf("the broker sent %d MiB", sent>>20)
			}
		})
	}
}
