package rabbittest_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/LerianStudio/aggregator-connections/test/kit/rabbittest"
)

func TestABrokerKeepsConfirmedMessagesAndLeavesNothingBehind(t *testing.T) {
	var b *rabbittest.Broker
	t.Run("owner", func(t *testing.T) {
		start := time.Now()
		b = rabbittest.New(t)
		t.Logf("started in %v", time.Since(start).Round(time.Millisecond))
		q := b.Queue(t, "events", "a.#", nil)
		b.Do(t, func(ch *amqp.Channel) error {
			if err := ch.Confirm(false); err != nil {
				return err
			}
			confirmed, err := ch.PublishWithDeferredConfirm("events", "a.b", false, false,
				amqp.Publishing{Body: []byte("kept"), DeliveryMode: amqp.Persistent})
			if err == nil && !confirmed.Wait() {
				err = errors.New("not confirmed")
			}
			return err
		})
		b.Kill()
		if err := b.Restart(); err != nil {
			t.Fatal(err)
		}
		if got := q.TakeWithin(t, 1, time.Minute); len(got) != 1 || string(got[0].Body) != "kept" {
			t.Errorf("after the restart: %d messages", len(got))
		}
		if _, err := amqp.Dial(strings.Replace(b.URL(""), "canary", "x", 1)); !errors.Is(err, amqp.ErrCredentials) {
			t.Errorf("a wrong password: %v", err)
		}
	})
	if t.Skipped() || b == nil {
		t.Skip("there is no broker")
	}
	if conn, err := net.Dial("tcp", b.Address()); err == nil {
		_ = conn.Close()
		t.Error("the broker outlived its test")
	}
	for _, name := range processes(t) {
		if strings.Contains(name, b.NodeName()) || strings.Contains(name, "epmd\x00-port\x00"+b.MapperPort()) {
			t.Errorf("%q outlived its test", name)
		}
	}
}

// processes returns the command lines of all processes, with a NUL after each argument.
func processes(t *testing.T) (all []string) {
	t.Helper()
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range files {
		if line, err := os.ReadFile(file); err == nil {
			all = append(all, string(line))
		}
	}
	if len(all) == 0 {
		t.Fatal("no process was found")
	}
	return all
}
