package e2e_test

import (
	"context"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/plain"
)

// TestASubscriptionSendsToKafka creates a subscription with a login, changes it without naming the password, and reads
// the messages of two test events. The password appears nowhere.
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
		o.send(http.MethodPost, one+"/secret", nil).problem(409, "MTCH-0007")

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
