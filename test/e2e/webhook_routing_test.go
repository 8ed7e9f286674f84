package e2e_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/google/uuid"
)

// connectRef creates a connection to the bank with another account reference, and returns its id.
func (o operator) connectRef(b bank, name, ref string) string {
	o.t.Helper()
	body := creation(b, name)
	body["accountRef"] = ref
	return o.send(http.MethodPost, connections, body).want(http.StatusCreated).text("id")
}

// TestOneAddressServesAllConnections sends the webhooks of a bank to the address of the first of forty connections.
// Only the fortieth connection has the account reference of the bank, so it must get all of them.
func TestOneAddressServesAllConnections(t *testing.T) {
	eachBank(t, func(t *testing.T, w *env, b bank) {
		o, otherTenant := w.operator(t), w.operator(t)
		first := o.connectRef(b, "first", uuid.NewString())
		hook := o.mint(b, "first")
		for i := range 38 {
			o.connectRef(b, fmt.Sprintf("other %d", i), uuid.NewString())
		}
		last := o.connect(b, "last")
		otherConnection := otherTenant.connect(b, "last")

		o.announce(b, hook, "all")
		o.waitForSuccess(last)
		o.checkRows(b, last)
		added := b.add(t)
		o.announce(b, hook, "created", added)
		o.waitForSuccess(last)
		o.checkRows(b, last)

		// The address belongs to another connection. The service therefore removes the row only if the vendor no longer
		// returns it.
		o.announce(b, hook, "deleted", added)
		o.waitForSuccess(last)
		if row := o.rows(last)[added]; row == nil || row["removedAt"] != nil {
			t.Errorf("a row that the vendor still has is %v", row)
		}
		b.remove(t, added)
		o.announce(b, hook, "deleted", added)
		o.waitForSuccess(last)
		if row := o.rows(last)[added]; row == nil || row["removedAt"] == nil {
			t.Errorf("a removed row is %v", row)
		}

		for _, d := range o.pages(deliveries, 100) {
			if d["connectionId"] != last || d["status"] != "processed" {
				t.Errorf("the delivery %v, want it processed for %s", d, last)
			}
		}
		if n := len(o.pages(pathOf(first, "/pulls"), 100)); n > 0 {
			t.Errorf("the connection of the address has %d pulls, want none", n)
		}
		heard, pulls := otherTenant.pages(deliveries, 100), otherTenant.pages(pathOf(otherConnection, "/pulls"), 100)
		if n := len(heard) + len(pulls); n > 0 {
			t.Errorf("another tenant has %d deliveries and pulls, want none", n)
		}
	})
}
