package rabbittest

import (
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// Queue is a durable queue that a test has declared.
type Queue struct {
	Name   string
	broker *Broker
}

// Queue declares a durable topic exchange, and a durable queue that gets the messages of the exchange whose routing
// keys match pattern. The optional arguments are passed to the declaration of the queue. The queue is deleted when the
// test ends.
func (b *Broker) Queue(t testing.TB, exchange, pattern string, arguments amqp.Table) *Queue {
	t.Helper()
	q := &Queue{Name: "queue-" + token(), broker: b}
	q.withChannel(t, func(ch *amqp.Channel) error {
		if err := ch.ExchangeDeclare(exchange, "topic", true, false, false, false, nil); err != nil {
			return err
		}
		if _, err := ch.QueueDeclare(q.Name, true, false, false, false, arguments); err != nil {
			return err
		}
		return ch.QueueBind(q.Name, pattern, exchange, false, nil)
	})
	t.Cleanup(func() {
		q.withChannel(t, func(ch *amqp.Channel) error {
			_, err := ch.QueueDelete(q.Name, false, false, false)
			return err
		})
	})
	return q
}

// Do opens a connection as the user with all permissions, and calls f with a channel of that connection.
func (b *Broker) Do(t testing.TB, f func(*amqp.Channel) error) {
	t.Helper()
	(&Queue{broker: b}).withChannel(t, f)
}

// Take removes all messages from the queue, and returns them in order. It does not wait for messages to arrive.
func (q *Queue) Take(t testing.TB) (all []amqp.Delivery) {
	t.Helper()
	q.withChannel(t, func(ch *amqp.Channel) error {
		for {
			message, found, err := ch.Get(q.Name, true)
			if err != nil || !found {
				return err
			}
			all = append(all, message)
		}
	})
	return all
}

// TakeWithin is like Take, but waits until it has got at least n messages or the time limit has elapsed.
func (q *Queue) TakeWithin(t testing.TB, n int, limit time.Duration) (all []amqp.Delivery) {
	t.Helper()
	for deadline := time.Now().Add(limit); len(all) < n && time.Now().Before(deadline); {
		if all = append(all, q.Take(t)...); len(all) < n {
			time.Sleep(20 * time.Millisecond)
		}
	}
	return all
}

func (q *Queue) withChannel(t testing.TB, f func(*amqp.Channel) error) {
	t.Helper()
	conn, err := amqp.Dial(q.broker.URL(""))
	if err != nil {
		t.Fatalf("rabbittest: %v", err)
	}
	defer func() { _ = conn.Close() }()
	ch, err := conn.Channel()
	if err == nil {
		err = f(ch)
	}
	if err != nil {
		t.Fatalf("rabbittest: %v", err)
	}
}
