package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/postgres"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// growth compares the duration of store methods on a large database with their duration on a small database on the same
// server. A tenant has the same number of connections in both databases. Each method is called directly and not over
// HTTP, because the constant parts of an HTTP request would hide the growth.
func (b *bench) growth(ctx context.Context) ([]row, error) {
	large := bulk{b.tenants, b.connections, b.rows}
	var probes [2]*probe
	for i, k := range []bulk{large, {max(1, 1000*b.tenants/b.connections), 1000, 1000}} {
		var err error
		if probes[i], err = b.probe(ctx, fmt.Sprintf("growth_%d", i), k); err != nil {
			return nil, err
		}
	}
	against := "1,000 connections, 1,000 transactions (time / time)"
	around := fmt.Sprintf(
		"%d tenants, %d connections, %d deliveries, %d transactions",
		large.tenants,
		large.connections,
		large.events(),
		large.rows,
	)
	var rows []row
	for _, what := range []struct {
		name string
		do   func(p *probe, ctx context.Context) error
	}{
		{"token look-up", (*probe).lookUp}, {"list page of connections", (*probe).list},
		{"list page of transactions", (*probe).transactions}, {"dedup insert", (*probe).repeatEvent},
		{"look-up of 500 rows that are known", (*probe).lookUpKnown},
		{"unchanged upsert of 500 rows", (*probe).unchanged}, {"change-feed page of 200", (*probe).changes},
	} {
		r, err := b.versus(ctx, row{what: what.name, against: against, reach: "≤ 1.3", also: around},
			b.typical(probes[0], what.do), b.typical(probes[1], what.do))
		if err != nil {
			return nil, err
		}
		rows, against, around = append(rows, r), "the same", ""
	}
	return rows, nil
}

// typical returns a measurement of the function fn. The measurement calls fn repeatedly for half of b.turn(), and
// returns the median duration of a call in seconds.
func (b *bench) typical(p *probe, fn func(p *probe, ctx context.Context) error) variant {
	return func(ctx context.Context) (float64, error) {
		var times []float64
		for begun := time.Now(); time.Since(begun) < b.turn()/2; {
			from := time.Now()
			if err := fn(p, ctx); err != nil {
				return 0, err
			}
			times = append(times, time.Since(from).Seconds())
		}
		return median(times), nil
	}
}

// probe is a store on a seeded database. The database contains an additional tenant, whose data is the
// same for every size of the database.
type probe struct {
	*postgres.Store

	bulk       bulk
	tenant     domain.TenantID
	connection domain.ConnectionID
	lease      domain.Lease
	page       []domain.TransactionData
	random     *rand.Rand
}

func (b *bench) probe(ctx context.Context, name string, k bulk) (*probe, error) {
	url, err := b.database(ctx, name)
	if err != nil {
		return nil, err
	}
	db, err := postgres.Open(ctx, postgres.Config{URL: url})
	if err != nil {
		return nil, err
	}
	b.onClose(func() { _ = db.Close() })
	if err := db.Migrate(ctx); err != nil {
		return nil, err
	}
	p := &probe{Store: db.Store(nil), bulk: k, random: rand.New(rand.NewPCG(1, 2))}
	if err := k.seed(ctx, db.Pool); err != nil {
		return nil, err
	}
	if err := p.createData(ctx); err != nil {
		return nil, err
	}
	_, err = db.Pool.Exec(ctx, "ANALYZE")
	return p, err
}

func newID[T any]() domain.ID[T] { return domain.ID[T]{UUID: uuid.Must(uuid.NewV7())} }

// createData creates a connection with 1,000 transactions and a running pull for the probe's tenant.
func (p *probe) createData(ctx context.Context) error {
	now := time.Now().UTC().Truncate(time.Microsecond)
	p.tenant = domain.TenantID{UUID: uuid.New()}
	c := domain.Connection{
		ID: newID[domain.Connection](), Tenant: p.tenant, Kind: domain.Aggregator, Name: "probe", Vendor: "pluggy",
		Sealed: domain.Sealed("sealed"), Revision: 1, CreatedAt: now, UpdatedAt: now,
	}
	p.connection = c.ID
	if err := p.Connections().Create(ctx, c, nil); err != nil {
		return err
	}
	pull, err := p.Pulls().Request(ctx, p.tenant, c.ID, ports.PullRequest{ID: newID[domain.Pull](), At: now}, nil)
	if err != nil {
		return err
	}
	p.lease = domain.Lease{ID: newID[domain.Lease](), Pull: pull.ID, Tenant: pull.Tenant, Until: now.Add(time.Hour)}
	if _, err := p.Pulls().Claim(ctx, p.lease, now); err != nil {
		return err
	}
	for _, half := range []string{"later", "page"} {
		p.page = p.page[:0]
		for i := range 500 {
			p.page = append(p.page, domain.TransactionData{
				ExternalID: fmt.Sprint(
					half,
					i,
				),
				Date:        "2026-05-05",
				Status:      domain.Posted,
				Description: "COMPRA GERADA",
				Amount: domain.Money{
					Amount:   decimal.New(int64(i), -2),
					Currency: "BRL",
				},
				Metadata:    make([]byte, 500),
				ContentHash: domain.ContentHash(fmt.Appendf(nil, "%16d", i)),
			})
		}
		if err := p.unchanged(ctx); err != nil {
			return err
		}
	}
	return nil
}

// lookUp makes the store receive a webhook with an unknown token. The token's hash is random, so each look-up reads a
// different part of the index.
func (p *probe) lookUp(ctx context.Context) error {
	_, err := p.receive(ctx, fmt.Sprint("nobody's-", p.random.Uint64()), "event")
	if !errors.Is(err, domain.Unauthenticated) {
		return fmt.Errorf("an unknown token was accepted: %w", err)
	}
	return nil
}

// repeatEvent makes the store receive one of the stored events again. The store must report the event as a duplicate.
func (p *probe) repeatEvent(ctx context.Context) error {
	n := p.random.IntN(p.bulk.events())
	got, err := p.receive(ctx, fmt.Sprint("token-", n%p.bulk.connections), fmt.Sprint("event-", n))
	if err == nil && !got.Duplicate {
		err = errors.New("a repeated event was stored as a new one")
	}
	return err
}

func (p *probe) receive(ctx context.Context, token, event string) (ports.ReceiveResult, error) {
	return p.Deliveries().Receive(ctx, ports.IncomingDelivery{
		Delivery:       newID[domain.Delivery](),
		Pull:           newID[domain.Pull](),
		Token:          domain.HashToken(token),
		Vendor:         "pluggy",
		SourceAdmitted: true,
		Event: domain.WebhookEvent{
			Name:     "item/updated",
			ID:       event,
			DedupKey: event,
		},
		Body: make([]byte, 220),
		At:   time.Now().UTC(),
	})
}

// list reads the first page of the connections of a random tenant.
func (p *probe) list(ctx context.Context) error {
	var tenant domain.TenantID // equals made_id(2, n) in bulk.seed
	binary.BigEndian.PutUint32(tenant.UUID[:], 2)
	tenant.UUID[6], tenant.UUID[8] = 0x70, 0x80
	binary.BigEndian.PutUint32(tenant.UUID[12:], uint32(p.random.IntN(p.bulk.tenants)))
	page, err := p.Connections().
		List(ctx, tenant, ports.ConnectionFilter{Kind: domain.Aggregator}, domain.PageRequest{Limit: 20})
	if err == nil && len(page.Items) != 20 {
		err = fmt.Errorf("a page of %d connections", len(page.Items))
	}
	return err
}

func (p *probe) transactions(ctx context.Context) error {
	page, err := p.Ledger().
		Transactions(ctx, p.tenant, p.connection, ports.TransactionFilter{}, domain.PageRequest{Limit: 20})
	if err == nil && len(page.Items) != 20 {
		err = fmt.Errorf("a page of %d transactions", len(page.Items))
	}
	return err
}

func (p *probe) changes(ctx context.Context) error {
	page, err := p.Ledger().Changes(ctx, p.tenant, domain.PageRequest{Limit: 200})
	if err == nil && len(page.Items) != 200 {
		err = fmt.Errorf("a feed page of %d", len(page.Items))
	}
	return err
}

// unchanged stores the probe's page again, although none of its rows has changed.
func (p *probe) unchanged(ctx context.Context) error {
	now := time.Now().UTC()
	_, err := p.Pulls().StorePage(ctx, p.lease, ports.PageWrite{
		Transactions: p.page, NewID: newID[domain.Transaction], At: now, LeaseUntil: now.Add(time.Hour),
	})
	return err
}

// lookUpKnown asks the store which rows of the probe's page are unchanged. All of them must be unchanged.
func (p *probe) lookUpKnown(ctx context.Context) error {
	known, err := p.Pulls().FilterUnchanged(ctx, p.tenant, p.connection, domain.RawTransactionsOf(p.page...))
	if err == nil && slices.Contains(known, false) {
		err = errors.New("a stored row was reported as changed")
	}
	return err
}
