package outgoing_test

import (
	"context"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/sink/rabbitmq"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/test/kit/hostile"
)

// maxUnrequested is the maximum number of bytes that a broker may send although nothing is published. Most of these
// bytes are in buffers of the kernel.
const maxUnrequested = 8 << 20

func openRabbitMQ(scheme string, peer *hostile.Peer) ports.EventSender {
	sink := rabbitmq.New(rabbitmq.Options{Guard: newGuard(), Timeout: callTimeout})
	return sink.Open(ports.SinkTarget{Settings: ports.SinkSettings{
		Public: `{"url":"` + scheme + "://user:password@" + peer.Address() + `/","exchange":"events"}`,
	}})
}

// TestEveryPublicationEnds sends an event to each hostile broker, and closes the sender. Both calls must return. The
// service makes the same calls when an operator tests a subscription.
func TestEveryPublicationEnds(t *testing.T) {
	attack(t, map[string]call{"rabbitmq": publish("amqp")}, hostile.AMQP())
}

func publish(scheme string) call {
	return func(ctx context.Context, _ *testing.T, peer *hostile.Peer) error {
		sender := openRabbitMQ(scheme, peer)
		defer sender.Close()
		_, err := sender.Send(ctx, outgoingEvent)
		return err
	}
}

// A broker that sends data without end must be disconnected even if the subscription is idle and has no deadline.
func TestAnIdleConnectionTakesFewBytesFromABroker(t *testing.T) {
	for name, behave := range hostile.IdleAMQP() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			peer := hostile.Start(t, behave)
			sender := openRabbitMQ("amqp", peer)
			if _, err := sender.Send(t.Context(), outgoingEvent); err != nil {
				t.Fatal(err)
			}
			peer.WaitReleased(t, patience)
			if sent := peer.Written(); sent > maxUnrequested {
				t.Errorf("the broker sent %d MiB", sent>>20)
			}
			sender.Close()
		})
	}
}
