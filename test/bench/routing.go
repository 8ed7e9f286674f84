package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
)

// routedItems is the number of items of the application. They share one webhook at the vendor.
const routedItems = 40

// routing measures the time from sending a webhook until its row can be read, alternately for the first and the last
// item of an application.
func (b *bench) routing(ctx context.Context) ([]row, error) {
	url, err := b.database(ctx, "routing")
	if err != nil {
		return nil, err
	}
	onPostgres, err := b.compareItems(ctx, "PostgreSQL", url)
	if err != nil {
		return nil, err
	}
	onSQLite, err := b.compareItems(ctx, "SQLite", "")
	return []row{onPostgres, onSQLite}, err
}

func (b *bench) compareItems(ctx context.Context, name, database string) (row, error) {
	r := row{
		what:    "webhook sent → row readable, " + name,
		against: fmt.Sprintf("item 1 / item %d of one application and one webhook (time / time)", routedItems),
		reach:   "p95 of both within 20 %",
	}
	first, last, err := b.application(ctx, database)
	if err != nil {
		return r, err
	}
	var firsts, lasts []time.Duration
	for i := range b.rounds*samples + 1 {
		var took [2]time.Duration
		for n, f := range []*follower{first, last} {
			time.Sleep(idleTime)
			begun := time.Now()
			if err := f.sendAndWait(ctx); err != nil {
				return r, err
			}
			took[n] = time.Since(begun)
		}
		if i > 0 { // the first measurement is a warm-up
			r.pairs = append(r.pairs, pair{ours: took[1].Seconds(), reference: took[0].Seconds()})
			firsts, lasts = append(firsts, took[0]), append(lasts, took[1])
		}
	}
	slices.Sort(firsts)
	slices.Sort(lasts)
	p95 := func(delays []time.Duration) float64 {
		return loadResult{delays: delays}.percentile(0.95).Seconds() * 1000
	}
	r.also = fmt.Sprintf("p95 of item 1: %.1f ms, of item %d: %.1f ms", p95(firsts), routedItems, p95(lasts))
	return r, nil
}

// application creates an application with routedItems connections, whose webhook is registered at the vendor. It
// returns followers of the first and of the last connection.
func (b *bench) application(ctx context.Context, database string) (first, last *follower, err error) {
	e, err := b.newEnv(ctx, database)
	if err != nil {
		return nil, nil, err
	}
	e.settings["PUBLIC_URL"] = "https://service.example" // the vendor takes no other scheme
	s, err := e.unlimited(ctx)
	if err != nil {
		return nil, nil, err
	}
	v, err := b.vendor(ctx, 0, false)
	if err != nil {
		return nil, nil, err
	}
	var application struct{ ID string }
	err = s.call(ctx, http.MethodPost, "/applications", object{
		"vendor": "pluggy", "name": "forty", "baseUrl": v.origin, "clientId": demoClient, "secret": demoSecret,
	}, http.StatusCreated, &application)
	if err != nil {
		return nil, nil, err
	}
	followers := make([]*follower, routedItems)
	for i := range followers {
		if followers[i], err = s.followItem(ctx, v, application.ID, i); err != nil {
			return nil, nil, err
		}
	}
	return followers[0], followers[routedItems-1], nil
}

// followItem adds an item with an account at the vendor, and a connection of the application to it. The first
// connection registers the webhook.
func (s *service) followItem(ctx context.Context, v *vendor, application string, number int) (*follower, error) {
	item := v.sim.AddItem(pluggysim.Item{})
	account, err := v.sim.AddAccount(pluggysim.Account{
		ItemID: item.ID, Type: "BANK", Subtype: "CHECKING_ACCOUNT", Number: pluggysim.Text(fmt.Sprintf("%08d", number)),
		Name: "Conta", Balance: "0.00", CurrencyCode: "BRL",
	})
	if err != nil {
		return nil, err
	}
	var connection struct{ ID string }
	name := fmt.Sprint("item-", number)
	err = s.call(ctx, http.MethodPost, "/aggregator-connections", object{
		"vendor": "pluggy", "configName": name, "accountRef": item.ID, "applicationId": application,
	}, http.StatusCreated, &connection)
	if err == nil && number == 0 {
		err = s.call(ctx, http.MethodPost, "/webhooks/tokens", object{
			"vendor": "pluggy", "connection_config_name": name, "register": true,
		}, http.StatusCreated, nil)
	}
	f := &follower{
		service: s, vendor: v, account: account.ID,
		list: surface + "/aggregator-connections/" + connection.ID + "/transactions?limit=5",
		send: func(ctx context.Context, event pluggysim.Event) (int, error) {
			results, err := v.sim.SendRegistered(ctx, "http://"+s.address, event)
			if err != nil || len(results) != 1 {
				return 0, errors.Join(err, fmt.Errorf("%d webhooks are registered, want 1", len(results)))
			}
			return results[0].Status, nil
		},
	}
	return f, errors.Join(err, s.pull(ctx, connection.ID))
}
