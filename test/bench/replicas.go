package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
)

// The number of connections to pull, and the number of rows of each connection. There are more connections than one
// process can pull concurrently.
const (
	pullsAtOnce = 72
	rowsEach    = 200
)

// replicas compares three processes of the service with a single one. The three processes and the single one use
// separate databases, because even an idle process takes pulls from a shared database.
func (b *bench) replicas(ctx context.Context) ([]row, error) {
	rows, err := b.acceptRows(ctx)
	if err != nil {
		return nil, err
	}
	b.close()
	three, err := b.fleet(ctx, 3, (*env).unlimited)
	if err != nil {
		return nil, err
	}
	one, err := b.fleet(ctx, 1, (*env).unlimited)
	if err != nil {
		return nil, err
	}
	pulls, err := b.versus(ctx, row{
		what:    fmt.Sprintf("pulls of %d connections, three replicas", pullsAtOnce),
		against: fmt.Sprintf("one replica; the vendor takes %v for a response", b.vendorDelay), reach: "≥ 1.3",
	}, three.pulls, one.pulls)
	return append(rows, pulls), err
}

// acceptRows compares how many webhooks per second three replicas and one replica accept. The service has the vendor's
// rate budget, as in production. Three replicas need more commits than one, because each process commits its own
// batches. The additional commits matter less with more clients.
func (b *bench) acceptRows(ctx context.Context) (rows []row, err error) {
	var sets [2]fleet
	for i, size := range []int{3, 1} {
		if sets[i], err = b.fleet(ctx, size, (*env).serve); err != nil {
			return nil, err
		}
	}
	for _, clients := range []int{32, 128} {
		r, err := b.versus(ctx, row{
			what: fmt.Sprintf("accepts, %d clients, three replicas", clients), against: "one replica", reach: "≥ 1",
		}, sets[0].accepts(clients, b.turn()), sets[1].accepts(clients, b.turn()))
		if err != nil {
			return nil, err
		}
		rows = append(rows, r)
	}
	last := &rows[len(rows)-1]
	for _, f := range sets {
		signal, err := f.mailbox.verify(ctx)
		if err != nil {
			return nil, err
		}
		last.also += fmt.Sprintf("%d: %s; ", len(f.services), signal)
	}
	return rows, nil
}

// fleet is a set of service processes on one database, with a vendor and a mailbox.
type fleet struct {
	services  []*service
	addresses []string
	vendor    *vendor
	mailbox   *mailbox
}

func (b *bench) fleet(
	ctx context.Context,
	size int,
	launch func(*env, context.Context) (*service, error),
) (f fleet, err error) {
	url, err := b.database(ctx, fmt.Sprintf("fleet_of_%d", size))
	if err != nil {
		return f, err
	}
	e, err := b.newEnv(ctx, url)
	if err != nil {
		return f, err
	}
	for range size {
		s, err := launch(e, ctx)
		if err != nil {
			return f, err
		}
		f.services, f.addresses = append(f.services, s), append(f.addresses, s.address)
	}
	if f.vendor, err = b.vendor(ctx, rowsEach, true); err != nil {
		return f, err
	}
	f.vendor.delay = b.vendorDelay
	f.mailbox, err = f.services[0].mailbox(ctx, f.vendor)
	return f, err
}

// accepts returns a function that measures how many webhooks per second all processes of the fleet together accept.
func (f fleet) accepts(clients int, turn time.Duration) variant {
	return func(ctx context.Context) (float64, error) {
		return f.mailbox.load(clients, f.addresses...).rate(turn)(ctx)
	}
}

// pulls creates connections, requests a pull of each connection concurrently, and returns the pulls
// per second.
func (f fleet) pulls(ctx context.Context) (float64, error) {
	s := f.services[0]
	connections := make([]string, pullsAtOnce)
	for i := range connections {
		var err error
		if connections[i], err = s.connect(ctx, f.vendor, uuid.NewString()); err != nil {
			return 0, err
		}
	}
	begun := time.Now()
	asked := make([]struct{ ID string }, pullsAtOnce)
	for i, connection := range connections {
		err := s.call(
			ctx,
			http.MethodPost,
			"/aggregator-connections/"+connection+"/pulls",
			nil,
			http.StatusAccepted,
			&asked[i],
		)
		if err != nil {
			return 0, err
		}
	}
	for i := range asked {
		if err := s.await(ctx, asked[i].ID); err != nil {
			return 0, err
		}
	}
	return pullsAtOnce / time.Since(begun).Seconds(), nil
}
