package e2e_test

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/plain"

	"github.com/LerianStudio/aggregator-connections/test/kit/kcat"
)

// TestASubscriptionSendsToKafka creates a subscription with a login, changes it in a request without the password, and
// reads the messages of two test events. The password must not appear in responses, the log, the database or the
// messages.
func TestASubscriptionSendsToKafka(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		const canary, topic = "canary-kafka-password-4f1", "lerian.streaming.discovery"
		cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, topic), kfake.EnableSASL(),
			kfake.Superuser("SCRAM-SHA-512", "user", canary), kfake.Superuser("PLAIN", "reader", "reader"))
		if err != nil {
			t.Fatal(err)
		}
		defer cluster.Close()
		o := w.operator(t)
		brokers := cluster.ListenAddrs()
		login := object{"mechanism": "SCRAM-SHA-512", "username": "user"}
		body := func(more object) object {
			sink := object{"kind": "kafka", "brokers": brokers, "tls": false, "sasl": login}
			maps.Copy(sink, more)
			return object{"name": "stream", "types": []string{"transaction.*"}, "sink": sink}
		}
		o.send(http.MethodPost, subscriptions, body(nil)).problem(400, "MTCH-0001", "body.sink.sasl.password")
		o.send(http.MethodPost, subscriptions, body(object{"brokers": []string{}, "url": "x"})).
			problem(400, "MTCH-0001", "body.sink.brokers", "body.sink.url")
		login["password"] = canary
		created := o.send(http.MethodPost, subscriptions, body(nil)).want(201).json()
		one := subscriptions + "/" + text(created, "id")
		if created["secret"] != nil {
			t.Error("a sink that does not sign has a secret")
		}
		send := func() {
			t.Helper()
			if got := o.send(http.MethodPost, one+"/test", nil).want(200).json(); got["delivered"] != true {
				t.Errorf("the test is %v", got)
			}
		}
		send()
		delete(login, "password")
		changed := o.send(http.MethodPut, one, body(object{"format": "structured"})).want(200).json()
		if sink := changed["sink"].(object); sink["format"] != "structured" ||
			sink["sasl"].(object)["username"] != "user" {
			t.Errorf("the sink is %v", sink)
		}
		send()
		o.send(http.MethodPut, one, body(object{"brokers": append(brokers, "127.0.0.1:1")})).
			problem(400, "MTCH-0001", "body.sink.sasl.password")
		for _, a := range []response{
			o.send(http.MethodPost, one+"/secret", nil), o.get(one + "/conflicts"), o.get(one + "/unmapped"),
		} {
			a.problem(409, "MTCH-0007")
			if detail := a.text("detail"); detail != "the sink of the subscription does not have this" {
				t.Errorf("the detail is %q", detail)
			}
		}

		records := readTopic(t, brokers, topic, 2)
		headers := map[string]string{}
		for _, h := range records[0].Headers {
			headers[h.Key] = string(h.Value)
		}
		if headers["ce-source"] != "discovery" || headers["ce-tenantid"] != o.tenant ||
			headers["ce-type"] != "studio.lerian.discovery.subscription.test" || headers["ce-eventtype"] != "test" ||
			string(records[0].Key) != text(created, "id") {
			t.Errorf("a message with the key %s and the headers %v", records[0].Key, headers)
		}
		if !strings.HasPrefix(string(records[1].Value), `{"specversion":"1.0",`) {
			t.Errorf("a structured message: %s", records[1].Value)
		}
		for where, found := range map[string]string{
			"answers": w.responses.String(), "log": w.log.String(), "database": w.dump(t),
			"messages": string(records[0].Value) + string(records[1].Value),
		} {
			search(t, where, map[string]string{"password": canary}, found)
		}
	})
}

// readTopic returns the first n messages of a topic with one partition.
func readTopic(t *testing.T, brokers []string, topic string, n int) (records []*kgo.Record) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.SASL(plain.Auth{User: "reader", Pass: "reader"}.AsMechanism()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for len(records) < n {
		fetched := client.PollFetches(ctx)
		if err := fetched.Err(); err != nil {
			t.Fatal(err)
		}
		records = append(records, fetched.Records()...)
	}
	return records
}

// TestKcatReadsTheEventsOfASubscription sends an event for each record to a cluster of librdkafka, and reads the
// messages with its consumer. A second subscription sends the same events in structured mode. Each message of the
// first subscription must consist of:
//
//   - the id of the record, as the key
//   - the attributes of the event, as headers
//   - the record, in the form in which the API returns it, as the value
func TestKcatReadsTheEventsOfASubscription(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		const topic = "lerian.streaming.discovery"
		cluster := kcat.New(t, topic)
		o := w.operator(t)
		b := newPluggy(t)
		id := o.connect(b, "main")
		o.pull(id, nil)
		records := map[string]object{}
		for _, record := range o.rows(id) {
			records[text(record, "id")] = record
		}
		sink := object{"kind": "kafka", "brokers": []string{cluster.Broker}, "tls": false}
		subscribe := func() object {
			return o.send(http.MethodPost, subscriptions, object{
				"name": "stream", "types": []string{"transaction.added"}, "fromStart": true, "sink": sink,
			}).want(201).json()
		}
		s := subscribe()
		received := func(n int) []kcat.Message {
			t.Helper()
			eventually(t, "the messages", func() bool { return cluster.Count() >= n })
			o.delivered(s, "all events", func() bool { return true })
			all := cluster.Messages(t)
			if len(all) != n {
				t.Errorf("%d messages of %d records", len(all), len(records))
			}
			return all
		}
		partitions := map[int]bool{}
		for _, m := range received(len(records)) {
			partitions[m.Partition] = true
			for name, want := range map[string]string{
				"content-type": "application/json", "ce-specversion": "1.0", "ce-source": "discovery",
				"ce-type": "studio.lerian.discovery.transaction.added", "ce-subject": m.Key, "ce-tenantid": o.tenant,
				"ce-schemaversion": "1.0.0", "ce-resourcetype": "transaction", "ce-eventtype": "added",
				"ce-datacontenttype": "application/json",
			} {
				if diff := cmp.Diff([]string{want}, m.Header(name)); diff != "" {
					t.Errorf("the header %s (-want +got):\n%s", name, diff)
				}
			}
			for _, name := range []string{"ce-id", "ce-time", "ce-sequence"} {
				if len(m.Header(name)) != 1 || m.Header(name)[0] == "" {
					t.Errorf("the header %s is %v", name, m.Header(name))
				}
			}
			checkValue(t, records[m.Key], m.Payload)
		}
		if len(partitions) < 2 {
			t.Errorf("all messages are in the partitions %v", partitions)
		}

		sink["format"] = "structured"
		s = subscribe()
		for _, m := range received(2 * len(records))[len(records):] {
			var event struct {
				Subject string          `json:"subject"`
				Data    json.RawMessage `json:"data"`
			}
			if err := json.Unmarshal([]byte(m.Payload), &event); err != nil || event.Subject != m.Key ||
				!slices.Equal(m.Header("content-type"), []string{"application/cloudevents+json"}) {
				t.Errorf("a structured message with the key %s, %v: %v", m.Key, m.Headers, err)
			}
			checkValue(t, records[m.Key], string(event.Data))
		}
	})
}

// checkValue checks that the value of a message is a record of the API.
func checkValue(t *testing.T, want object, value string) {
	t.Helper()
	var got object
	if err := json.Unmarshal([]byte(value), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the value of a message (-API +message):\n%s", diff)
	}
}
