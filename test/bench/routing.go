package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/belvo/belvosim"
	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

// routedItems is the number of items (at Belvo: links) of the application. They share one webhook address.
const routedItems = 40

// routing measures the time from sending a webhook until the row that it announces can be read, alternately for the
// first and the last item of an application, at both vendors. It then counts the deliveries.
//
// With three replicas, the requests use the replicas in turn: a webhook is sent to one replica, and its row is
// requested from the next one.
func (b *bench) routing(ctx context.Context) (rows []row, err error) {
	for _, deployment := range []struct {
		name, database string
		replicas       int
	}{{"PostgreSQL", "routing", 1}, {"PostgreSQL, three replicas", "routing_of_three", 3}, {"SQLite", "", 1}} {
		for _, vendor := range []string{"pluggy", "belvo"} {
			url := ""
			if deployment.database != "" {
				if url, err = b.database(ctx, deployment.database+"_"+vendor); err != nil {
					return rows, err
				}
			}
			r, err := b.compareItems(ctx, vendor, deployment.name, url, deployment.replicas)
			if err != nil {
				return rows, fmt.Errorf("%s, %s: %w", vendor, deployment.name, err)
			}
			rows = append(rows, r)
		}
	}
	return rows, nil
}

// compareItems measures one vendor in one deployment. It returns an error if a delivery is missing, stored twice, or
// stored for another connection. It also returns an error if another tenant with the same account reference has a
// delivery or a pull.
func (b *bench) compareItems(ctx context.Context, vendor, deployment, database string, replicas int) (row, error) {
	r := row{
		what:    fmt.Sprintf("webhook sent → row readable, %s, %s", vendor, deployment),
		against: fmt.Sprintf("item 1 / item %d of one application and one webhook (time / time)", routedItems),
		reach:   "p95 of both within 20 %",
	}
	a, err := b.application(ctx, vendor, database, replicas)
	if err != nil {
		return r, err
	}
	var delays [2][]time.Duration // of the first and of the last item
	for i := range b.rounds*samples + 1 {
		var took [2]time.Duration
		for n := range took {
			n ^= i % 2 // the item that is measured first alternates
			time.Sleep(idleTime)
			begun := time.Now()
			if err := a.announceRow(ctx, []int{0, routedItems - 1}[n]); err != nil {
				return r, err
			}
			took[n] = time.Since(begun)
		}
		if i > 0 { // the first measurement is a warm-up
			r.pairs = append(r.pairs, pair{ours: took[1].Seconds(), reference: took[0].Seconds()})
			delays[0], delays[1] = append(delays[0], took[0]), append(delays[1], took[1])
		}
	}
	for i := range routedItems { // the webhook of every item must be routed to its connection
		if err := a.announceRow(ctx, i); err != nil {
			return r, fmt.Errorf("item %d: %w", i+1, err)
		}
	}
	var p95 [2]float64
	for n := range delays {
		slices.Sort(delays[n])
		p95[n] = loadResult{delays: delays[n]}.percentile(0.95).Seconds() * 1000
	}
	counted, err := a.countDeliveries(ctx)
	r.also = fmt.Sprintf("p95 of item 1: %.1f ms, of item %d: %.1f ms (%+.0f %%); %s", p95[0], routedItems, p95[1],
		100*(p95[1]/p95[0]-1), counted)
	return r, err
}

// routedApplication is an application with routedItems connections, whose events are sent to one address.
type routedApplication struct {
	vendor          routedVendor
	replicas        []*service
	otherTenant     *service // another tenant, with a connection to the account reference of the first item
	connections     []string
	sent            map[string]int // the number of webhooks that were sent, by connection
	next            int            // the number of requests to replicas
	otherConnection string
}

// sendEvent sends a webhook to the application's address at the replica with the given address.
type sendEvent func(ctx context.Context, address string) (status int, err error)

// routedVendor is a simulated vendor at which an application has items.
type routedVendor struct {
	name, origin, clientID, secret string
	// addItem adds an item with one account, and returns its reference.
	addItem func(number int) (ref string, err error)
	// addRow adds a row to an item, and returns the id of the row, and a function that sends the webhook about the
	// row.
	addRow func(number int) (id string, send sendEvent, err error)
	// setAddress sets the path of the application's webhook at the vendor. It is nil if the service registers the
	// webhook.
	setAddress func(path string)
}

func (b *bench) routedVendor(ctx context.Context, name string) (routedVendor, error) {
	if name == "belvo" {
		return b.routedBelvo(ctx)
	}
	return b.routedPluggy(ctx)
}

// routedPluggy returns a vendor at which the service registers the webhook of the application.
func (b *bench) routedPluggy(ctx context.Context) (routedVendor, error) {
	v, err := b.vendor(ctx, 0, false)
	if err != nil {
		return routedVendor{}, err
	}
	var accounts []string
	return routedVendor{
		name: "pluggy", origin: v.origin, clientID: demoClient, secret: demoSecret,
		addItem: func(number int) (string, error) {
			item := v.sim.AddItem(pluggysim.Item{})
			account, err := v.sim.AddAccount(pluggysim.Account{
				ItemID: item.ID, Type: "BANK", Subtype: "CHECKING_ACCOUNT",
				Number: pluggysim.Text(fmt.Sprintf("%08d", number)), Name: "Conta", Balance: "0.00",
				CurrencyCode: "BRL",
			})
			accounts = append(accounts, account.ID)
			return item.ID, err
		},
		addRow: func(number int) (string, sendEvent, error) {
			added, err := v.sim.AddTransaction(pluggysim.Transaction{
				AccountID: accounts[number], Description: "ROUTED", Amount: "-1.00", Type: "DEBIT",
			})
			event := pluggysim.Event{Name: "transactions/created", AccountID: accounts[number]}
			return added.ID, func(ctx context.Context, address string) (int, error) {
				results, err := v.sim.SendRegistered(ctx, "http://"+address, event)
				if err != nil || len(results) != 1 {
					return 0, errors.Join(err, fmt.Errorf("%d webhooks are registered, want 1", len(results)))
				}
				return results[0].Status, nil
			}, err
		},
	}, nil
}

// routedBelvo returns a vendor that has one address for the events of all links.
func (b *bench) routedBelvo(ctx context.Context) (routedVendor, error) {
	sim := belvosim.New(belvosim.Options{Seed: 1})
	sim.AddSecret(belvosim.DemoSecretID, belvosim.DemoSecretPassword)
	origin, err := b.listen(ctx, sim)
	var links, accounts []string
	var path string
	return routedVendor{
		name: "belvo", origin: origin, clientID: belvosim.DemoSecretID, secret: belvosim.DemoSecretPassword,
		addItem: func(number int) (string, error) {
			link, err := sim.AddLink(belvosim.Link{Institution: "erebor_mx_retail"})
			if err != nil {
				return "", err
			}
			currency := "MXN"
			account, err := sim.AddAccount(belvosim.Account{
				Link: link.ID, Currency: &currency, Category: "CHECKING_ACCOUNT", Name: fmt.Sprint("Cuenta ", number),
				Balance: json.RawMessage(`{"current":1,"available":1}`),
			})
			links, accounts = append(links, link.ID), append(accounts, account.ID)
			return link.ID, err
		},
		addRow: func(number int) (string, sendEvent, error) {
			kind, status, currency := "INFLOW", "PROCESSED", "MXN"
			today := time.Now().UTC().Format(time.DateOnly)
			added, err := sim.AddTransaction(links[number], belvosim.Transaction{
				Account: accounts[number], ValueDate: &today, Amount: json.RawMessage("1.00"), Currency: &currency,
				Type: &kind, Status: &status,
			})
			event := belvosim.Event{
				Name: "TRANSACTIONS/new_transactions_available", LinkID: links[number],
				TransactionIDs: []string{added.ID},
			}
			return added.ID, func(ctx context.Context, address string) (int, error) {
				to := belvosim.Target{
					URL:     "http://" + address + path,
					Headers: map[string]string{"Authorization": "Bearer " + signingKey},
				}
				return sim.SendWebhook(ctx, to, event)
			}, err
		},
		setAddress: func(p string) { path = p },
	}, err
}

// application starts the replicas on one database, and creates an application with routedItems connections that share
// one address. Each connection has been pulled once.
func (b *bench) application(ctx context.Context, vendor, database string, replicas int) (*routedApplication, error) {
	e, err := b.newEnv(ctx, database)
	if err != nil {
		return nil, err
	}
	e.settings["PUBLIC_URL"] = "https://service.example" // Pluggy takes no other scheme
	e.settings["BELVO_WEBHOOK_AUTHORIZATION"] = "Bearer " + signingKey
	a := &routedApplication{sent: map[string]int{}}
	for range replicas {
		s, err := e.unlimited(ctx)
		if err != nil {
			return nil, err
		}
		a.replicas = append(a.replicas, s)
	}
	if a.vendor, err = b.routedVendor(ctx, vendor); err != nil {
		return nil, err
	}
	s, v := a.replicas[0], a.vendor
	var application struct{ ID string }
	err = s.call(ctx, http.MethodPost, "/applications", object{
		"vendor": v.name, "name": "forty", "baseUrl": v.origin, "clientId": v.clientID, "secret": v.secret,
	}, http.StatusCreated, &application)
	if err != nil {
		return nil, err
	}
	var refs []string
	for i := range routedItems {
		ref, err := v.addItem(i)
		if err != nil {
			return nil, err
		}
		refs = append(refs, ref)
		var made struct{ ID string }
		err = s.call(ctx, http.MethodPost, "/aggregator-connections", object{
			"vendor": v.name, "configName": fmt.Sprint("item-", i), "accountRef": ref, "applicationId": application.ID,
		}, http.StatusCreated, &made)
		if err != nil {
			return nil, err
		}
		a.connections = append(a.connections, made.ID)
	}
	if err := a.openAddress(ctx); err != nil {
		return nil, err
	}
	for _, connection := range a.connections {
		if err := s.pull(ctx, connection); err != nil {
			return nil, err
		}
	}
	return a, a.addOtherTenant(ctx, refs[0])
}

// openAddress mints a webhook token for the first connection. All events of the application are sent to its webhook.
// At Pluggy, the service registers the webhook.
func (a *routedApplication) openAddress(ctx context.Context) error {
	request := object{"vendor": a.vendor.name, "connection_config_name": "item-0"}
	if a.vendor.setAddress == nil {
		request["register"] = true
	}
	var minted struct{ Token string }
	err := a.replicas[0].call(ctx, http.MethodPost, "/webhooks/tokens", request, http.StatusCreated, &minted)
	if err == nil && a.vendor.setAddress != nil {
		a.vendor.setAddress(surface + "/webhooks/" + a.vendor.name + "/" + minted.Token)
	}
	return err
}

// addOtherTenant creates a connection of another tenant to the account reference, with a token.
func (a *routedApplication) addOtherTenant(ctx context.Context, ref string) error {
	e, s := *a.replicas[0].env, *a.replicas[0]
	if err := e.newTenant(ctx); err != nil {
		return err
	}
	s.env = &e
	a.otherTenant = &s
	v := a.vendor
	var made struct{ ID string }
	err := s.call(ctx, http.MethodPost, "/aggregator-connections", object{
		"vendor": v.name, "configName": "otherTenant", "baseUrl": v.origin, "accountRef": ref, "clientId": v.clientID,
		"secret": v.secret,
	}, http.StatusCreated, &made)
	if err != nil {
		return err
	}
	a.otherConnection = made.ID
	return s.call(ctx, http.MethodPost, "/webhooks/tokens",
		object{"vendor": v.name, "connection_config_name": "otherTenant"}, http.StatusCreated, nil)
}

// replica returns the next replica, in turn.
func (a *routedApplication) replica() *service {
	a.next++
	return a.replicas[a.next%len(a.replicas)]
}

// announceRow adds a row to an item, sends its webhook and polls until the row can be read.
func (a *routedApplication) announceRow(ctx context.Context, number int) error {
	id, send, err := a.vendor.addRow(number)
	if err != nil {
		return err
	}
	status, err := send(ctx, a.replica().address)
	if err != nil || status != http.StatusAccepted {
		return errors.Join(err, fmt.Errorf("the webhook got status %d", status))
	}
	a.sent[a.connections[number]]++
	reader := a.replica()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", reader.address)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	list := surface + "/aggregator-connections/" + a.connections[number] + "/transactions?limit=5"
	w := newWire(conn)
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		_, body, err := w.exchange(get(nil, list, reader.token))
		if err != nil || bytes.Contains(body, []byte(id)) {
			return err
		}
	}
	return errors.New("the row did not appear within 30 s")
}

// countDeliveries compares the stored deliveries with the webhooks that were sent.
func (a *routedApplication) countDeliveries(ctx context.Context) (string, error) {
	stored, total, sent := map[string]int{}, 0, 0
	for cursor := ""; ; {
		var page struct {
			Items      []struct{ ConnectionID string }
			NextCursor string
		}
		err := a.replica().call(ctx, http.MethodGet, "/webhooks/deliveries?limit=200"+cursor, nil, http.StatusOK, &page)
		if err != nil {
			return "", err
		}
		for _, item := range page.Items {
			stored[item.ConnectionID]++
			total++
		}
		if page.NextCursor == "" {
			break
		}
		cursor = "&cursor=" + page.NextCursor
	}
	for _, connection := range a.connections {
		if sent += a.sent[connection]; stored[connection] != a.sent[connection] {
			return "", fmt.Errorf(
				"%s has %d deliveries of %d webhooks", connection, stored[connection], a.sent[connection],
			)
		}
	}
	if total != sent {
		return "", fmt.Errorf("%d deliveries of %d webhooks", total, sent)
	}
	for _, path := range []string{"/webhooks/deliveries", "/aggregator-connections/" + a.otherConnection + "/pulls"} {
		var page struct{ Items []json.RawMessage }
		if err := a.otherTenant.call(ctx, http.MethodGet, path, nil, http.StatusOK, &page); err != nil {
			return "", err
		}
		if len(page.Items) > 0 {
			return "", fmt.Errorf("another tenant with the same account reference has %d %s", len(page.Items), path)
		}
	}
	return fmt.Sprintf("%d webhooks, %d deliveries, 0 of another tenant", sent, total), nil
}
