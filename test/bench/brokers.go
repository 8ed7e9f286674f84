package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/LerianStudio/aggregator-connections/test/kit/debian"
	"github.com/LerianStudio/aggregator-connections/test/kit/kcat"
	"github.com/LerianStudio/aggregator-connections/test/kit/rabbittest"
)

// The names of the exchange, the queue and the topic at the brokers.
const (
	benchExchange = "events"
	benchQueue    = "bench"
	benchTopic    = "bench"
)

// brokers compares the rates at which waiting events are sent to a Kafka topic and to a RabbitMQ exchange. It measures
// them alternately. Each broker is a separate process. If a broker is missing, nothing is measured.
func (s *service) brokers(ctx context.Context) (row, error) {
	r := row{
		what: fmt.Sprintf("%d events through one subscription to Kafka (librdkafka's cluster, in memory)",
			eventRows),
		against: "the same to RabbitMQ, a durable queue", reach: "≥ 1",
	}
	rabbit, err := rabbittest.Start()
	if errors.Is(err, debian.ErrMissing) {
		r.also = err.Error()
		return r, nil
	}
	if err != nil {
		return r, err
	}
	s.bench.onClose(rabbit.Stop)
	cluster, err := kcat.StartCounter(benchTopic)
	if errors.Is(err, debian.ErrMissing) {
		r.also = err.Error()
		return r, nil
	}
	if err != nil {
		return r, err
	}
	s.bench.onClose(cluster.Stop)
	queue, err := declareQueue(s.bench, rabbit.URL(""))
	if err != nil {
		return r, err
	}
	read := 0 // the number of messages that kcat has read
	toKafka := s.sendAll(object{
		"kind": "kafka", "brokers": []string{cluster.Broker}, "tls": false, "topic": benchTopic,
	}, func() (int, error) { return cluster.Count() - read, nil })
	r, err = s.bench.versus(ctx, r, func(ctx context.Context) (float64, error) {
		read = cluster.Count()
		return toKafka(ctx)
	}, s.sendAll(object{"kind": "rabbitmq", "url": rabbit.URL(""), "exchange": benchExchange}, func() (int, error) {
		return queue.QueuePurge(benchQueue, false)
	}))
	var kafka, rabbitmq []float64
	for _, p := range r.pairs {
		kafka, rabbitmq = append(kafka, p.ours), append(rabbitmq, p.reference)
	}
	r.also = fmt.Sprintf("%.0f and %.0f events/s", median(kafka), median(rabbitmq))
	return r, err
}

// declareQueue declares a durable queue that gets all events.
func declareQueue(b *bench, url string) (*amqp.Channel, error) {
	conn, err := amqp.Dial(url)
	if err != nil {
		return nil, err
	}
	b.onClose(func() { _ = conn.Close() })
	channel, err := conn.Channel()
	if err != nil {
		return nil, err
	}
	if err := channel.ExchangeDeclare(benchExchange, "topic", true, false, false, false, nil); err != nil {
		return nil, err
	}
	if _, err := channel.QueueDeclare(benchQueue, true, false, false, false, nil); err != nil {
		return nil, err
	}
	return channel, channel.QueueBind(benchQueue, "#", benchExchange, false, nil)
}

// sendAll returns a measurement that sends all events of the feed to a sink. The result of the measurement is the
// rate until the last event is confirmed. The measurement then polls the function arrived for a few seconds. It fails
// if the number that arrived returns does not reach the number of events.
func (s *service) sendAll(sink object, arrived func() (int, error)) variant {
	return func(ctx context.Context) (float64, error) {
		var created struct{ ID string }
		begun := time.Now()
		if err := s.call(ctx, http.MethodPost, "/subscriptions", object{
			"name": "bench", "types": []string{"transaction.*"}, "fromStart": true, "sink": sink,
		}, http.StatusCreated, &created); err != nil {
			return 0, err
		}
		for position := ""; position != fmt.Sprint(eventRows); {
			var status struct{ Position, State string }
			err := s.call(ctx, http.MethodGet, "/subscriptions/"+created.ID, nil, http.StatusOK, &status)
			if err != nil {
				return 0, err
			}
			if position = status.Position; time.Since(begun) > 2*time.Minute {
				return 0, fmt.Errorf("%s of %d events in two minutes", position, eventRows)
			}
			time.Sleep(20 * time.Millisecond)
		}
		took := time.Since(begun)
		got, err := 0, error(nil)
		for range 500 {
			n, failed := arrived()
			if got, err = max(got, n), failed; err != nil || got >= eventRows {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		if err == nil && got < eventRows {
			err = fmt.Errorf("%d of %d events arrived", got, eventRows)
		}
		return eventRows / took.Seconds(), errors.Join(err, s.unsubscribe(ctx, created.ID))
	}
}
