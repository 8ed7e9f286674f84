package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

// pull measures two kinds of pulls in rows per second. A pull of new rows is compared with a SQL COPY of the same rows.
// A pull of unchanged rows is compared with reading and decoding the vendor's pages.
func (b *bench) pull(ctx context.Context) ([]row, error) {
	p, err := b.puller(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.copied.readRows(ctx, p.pool, p.connection); err != nil {
		return nil, err
	}
	profiled, err := b.profiled(p.service, "pull")
	if err != nil {
		return nil, err
	}
	fresh, err := b.versus(ctx, row{
		what: fmt.Sprintf(
			"%d new rows, pulled, normalised and stored",
			p.vendor.rows,
		),
		against: "COPY of the rows into the same table",
		reach:   "≥ 0.5",
	}, profiled(p.pulled(p.fresh)), p.timed(func(ctx context.Context) error { return p.copied.insert(ctx, p.pool) }))
	if err != nil {
		return nil, err
	}
	fresh.also = fmt.Sprintf("all rows are in the index of the search %.1f s later", median(p.indexed))
	again := profiled
	if b.profile != "" {
		if again, err = b.profiled(p.service, "unchanged"); err != nil {
			return nil, err
		}
	}
	pullAgain := func(ctx context.Context) error { return p.service.pull(ctx, p.connection) }
	same, err := b.versus(ctx, row{
		what: "the same rows, nothing changed", against: "reading the vendor's pages and decoding them", reach: "≥ 0.6",
	}, again(p.pulled(pullAgain)), p.timed(p.vendor.read))
	if err != nil {
		return nil, err
	}
	if b.profile != "" {
		if err := b.statements(ctx); err != nil {
			return nil, err
		}
	}
	subscribed, err := b.subscribedPull(ctx, p)
	return []row{fresh, same, subscribed}, err
}

// subscribedPull compares pulls of new rows with and without a subscription. If the subscription exists, the events
// of the rows are sent to a local endpoint during the pull.
func (b *bench) subscribedPull(ctx context.Context, p *puller) (row, error) {
	receiver, err := b.newEventReceiver(ctx)
	if err != nil {
		return row{}, err
	}
	return b.versus(ctx, row{
		what:    fmt.Sprintf("%d new rows, whose events are sent meanwhile", p.vendor.rows),
		against: "the same without a subscription",
	}, func(ctx context.Context) (float64, error) {
		subscription, err := p.service.subscribe(ctx, receiver.url, false)
		if err != nil {
			return 0, err
		}
		before := receiver.count()
		speed, err := p.pulled(p.fresh)(ctx)
		if err == nil && receiver.count() == before {
			err = errors.New("no event was sent during the pull")
		}
		return speed, errors.Join(err, p.service.unsubscribe(ctx, subscription))
	}, p.pulled(p.fresh))
}

// timed returns a measurement of the function fn. The measurement calls fn once, and returns the rows per second. fn
// must process every row of the vendor.
func (p *puller) timed(fn func(context.Context) error) variant {
	return func(ctx context.Context) (float64, error) {
		begun := time.Now()
		err := fn(ctx)
		return float64(p.vendor.rows) / time.Since(begun).Seconds(), err
	}
}

// pulled is like timed, for a function that runs a pull. After the measurement, it also waits until the search index
// contains all rows, so that the next measurement does not compete with the indexing.
func (p *puller) pulled(fn func(context.Context) error) variant {
	measure := p.timed(fn)
	return func(ctx context.Context) (float64, error) {
		speed, err := measure(ctx)
		if err != nil {
			return 0, err
		}
		begun := time.Now()
		for contains := false; !contains; {
			if err := p.pool.QueryRow(ctx, newestIsIndexed).Scan(&contains); err != nil {
				return 0, err
			}
			select {
			case <-ctx.Done():
				return 0, ctx.Err()
			case <-time.After(100 * time.Millisecond):
			}
		}
		p.indexed = append(p.indexed, time.Since(begun).Seconds())
		return speed, nil
	}
}

// newestIsIndexed is a query that reports whether the search index contains the newest transaction of the only tenant.
const newestIsIndexed = `SELECT EXISTS (SELECT 1 FROM search_progress p JOIN (SELECT change_tx, id FROM transactions
	ORDER BY tenant_id DESC, change_tx DESC, id DESC LIMIT 1) newest
	ON (p.change_tx, p.transaction_id) >= (newest.change_tx, newest.id))`

// puller is a service with one connection whose data has been pulled once.
type puller struct {
	service    *service
	vendor     *vendor
	pool       *pgxpool.Pool
	connection string
	copied     copied
	made       int
	indexed    []float64 // for each measured pull, the seconds from its end until all rows were in the search index
}

func (b *bench) puller(ctx context.Context) (*puller, error) {
	url, err := b.database(ctx, "pulls")
	if err != nil {
		return nil, err
	}
	p := &puller{}
	if p.pool, err = b.pool(ctx, url); err != nil {
		return nil, err
	}
	e, err := b.newEnv(ctx, url)
	if err != nil {
		return nil, err
	}
	if p.service, err = e.unlimited(ctx); err != nil {
		return nil, err
	}
	if p.vendor, err = b.vendor(ctx, b.pullRows, true); err != nil {
		return nil, err
	}
	if p.connection, err = p.service.connect(ctx, p.vendor, "first"); err != nil {
		return nil, err
	}
	return p, p.service.pull(ctx, p.connection)
}

// fresh creates a new connection and pulls it, so that every row is new.
func (p *puller) fresh(ctx context.Context) error {
	p.made++
	connection, err := p.service.connect(ctx, p.vendor, "fresh-"+strconv.Itoa(p.made))
	if err != nil {
		return err
	}
	return p.service.pull(ctx, connection)
}

// copied contains the stored rows of a connection. In the reference measurement for pulls of new rows, these rows are
// copied into the table again, under other ids.
type copied struct {
	columns         []string
	rows            [][]any
	id              int // index of the column id
	connectionIndex int // index of the column connection_id
}

func (c *copied) readRows(ctx context.Context, pool *pgxpool.Pool, connection string) error {
	rows, err := pool.Query(ctx, `SELECT * FROM transactions WHERE connection_id = $1`, connection)
	if err != nil {
		return err
	}
	for i, field := range rows.FieldDescriptions() {
		c.columns = append(c.columns, field.Name)
		switch field.Name {
		case "id":
			c.id = i
		case "connection_id":
			c.connectionIndex = i
		}
	}
	c.rows, err = pgx.CollectRows(rows, func(r pgx.CollectableRow) ([]any, error) { return r.Values() })
	return err
}

// insert copies the rows into the table as rows of a new connection.
func (c *copied) insert(ctx context.Context, pool *pgxpool.Pool) error {
	connection := [16]byte(uuid.New())
	_, err := pool.CopyFrom(
		ctx,
		pgx.Identifier{"transactions"},
		c.columns,
		pgx.CopyFromSlice(len(c.rows), func(i int) ([]any, error) {
			c.rows[i][c.id], c.rows[i][c.connectionIndex] = [16]byte(uuid.Must(uuid.NewV7())), connection
			return c.rows[i], nil
		}),
	)
	return err
}

// read fetches every page of the item and decodes the members that every reader needs.
func (v *vendor) read(ctx context.Context) error {
	client := &http.Client{Timeout: time.Minute}
	defer client.CloseIdleConnections()
	read := 0
	for _, account := range []string{pluggysim.DemoBankAccountID, pluggysim.DemoCardAccountID} {
		for query := "?accountId=" + account; query != ""; {
			var page struct {
				Results []jsontext.Value `json:"results"`
				Next    *string          `json:"next"`
			}
			if err := v.page(ctx, client, query, &page); err != nil {
				return err
			}
			for _, raw := range page.Results {
				if err := json.Unmarshal(raw, new(vendorRow)); err != nil {
					return err
				}
				read++
			}
			if query = ""; page.Next != nil {
				query = *page.Next
			}
		}
	}
	if read != v.rows {
		return fmt.Errorf("the vendor returned %d rows of %d", read, v.rows)
	}
	return nil
}

// vendorRow contains those members of a vendor's row that all parts of the benchmark need.
type vendorRow struct {
	ID       string         `json:"id"`
	Account  string         `json:"accountId"`
	Date     string         `json:"date"`
	Text     string         `json:"description"`
	RawText  string         `json:"descriptionRaw"`
	Currency string         `json:"currencyCode"`
	Amount   jsontext.Value `json:"amount"`
	Type     string         `json:"type"`
	Status   string         `json:"status"`
	Category string         `json:"category"`
}

func (v *vendor) page(ctx context.Context, client *http.Client, query string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, v.origin+"/v2/transactions"+query, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the vendor answered %d to %s", response.StatusCode, query)
	}
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, into)
}
