package application_test

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// storeLarge stores rows whose metadata has this number of bytes.
func (d *dispatchEnv) storeLarge(count, metadata int) {
	d.Helper()
	amount, _ := domain.ParseMoney("1", "BRL")
	w := ports.PageWrite{
		At: d.clock.Now(), LeaseUntil: d.running.Until,
		NewID: func() domain.TransactionID { return domain.TransactionID{UUID: uuid.New()} },
	}
	for n := range count {
		w.Transactions = append(w.Transactions, domain.TransactionData{
			ExternalID: strconv.Itoa(n), Description: "x", Amount: amount, Status: domain.Posted, Date: "2026-02-10",
			Metadata: json.RawMessage(`"` + strings.Repeat("x", metadata) + `"`),
		})
	}
	_, err := d.deps.Pulls.StorePage(d.ctx, d.running, w)
	d.noError(err)
}

// The memory of events is reserved before they are loaded, and released when they are sent. A subscription with a
// slow receiver must hold a bounded amount of memory, even if it has many or large events.
func TestEventsThatWaitHoldBoundedMemory(t *testing.T) {
	for name, size := range map[string]int{"small": 500, "large": 256 << 10} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const count, maxHeld = 300, ports.MemoryPerByte * 6 << 20
				budget := &memoryLedger{}
				d := newDispatchEnv(t, withMemory(budget))
				var mu sync.Mutex
				failed := map[string]bool{} // the ids of events that were refused once
				d.sink.set(receiverURL, func(_ context.Context, e ports.OutgoingEvent) error {
					time.Sleep(time.Second)
					mu.Lock()
					defer mu.Unlock()
					if first := !failed[e.ID]; first && len(failed) < count/10 {
						failed[e.ID] = true
						return refused()
					}
					return nil
				})
				d.subscribe(receiverURL)
				stop := d.dispatch(d.Service)
				d.storeLarge(count, size)
				time.Sleep(10 * time.Second)
				if held := budget.heldNow(); held == 0 {
					t.Error("no memory is reserved while events are sent")
				}
				time.Sleep(10 * time.Minute)
				if got := len(d.sink.got(receiverURL)); got != count {
					t.Errorf("received %d events, want %d", got, count)
				}
				if held := budget.heldNow(); held != 0 || budget.most > maxHeld {
					t.Errorf(
						"%d bytes are held at the end, at most %d before, want 0 and %d",
						held,
						budget.most,
						maxHeld,
					)
				}
				d.storeLarge(count, size+1)
				time.Sleep(5 * time.Second)
				stop()
				if held := budget.heldNow(); held != 0 {
					t.Errorf("%d bytes are held after the dispatcher has ended", held)
				}
			})
		})
	}
}

// A subscription that gets no memory waits for it. It keeps its lease and loses no event.
func TestEventsWaitForMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget := &memoryLedger{}
		d := newDispatchEnv(t, withMemory(budget))
		s := d.subscribe(receiverURL)
		defer d.dispatch(d.Service)()
		time.Sleep(time.Second)
		budget.setExhausted(true)
		d.store(map[string]string{"a": "x", "b": "y"})
		time.Sleep(20 * time.Second)
		if got := len(d.sink.got(receiverURL)); got != 0 {
			t.Errorf("received %d events without memory", got)
		}
		if status := d.status(s); status.State != "active" || status.Waiting != 2 {
			t.Errorf("the subscription is %s, %d events wait", status.State, status.Waiting)
		}
		budget.setExhausted(false)
		time.Sleep(4 * time.Second)
		if got := len(d.sink.got(receiverURL)); got != 2 {
			t.Errorf("received %d events, want 2", got)
		}
	})
}
