package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
	"github.com/LerianStudio/aggregator-connections/test/kit/matchersim"
)

// The rows that the vendor adds in the benchmark section "matcher". Each webhook announces several new rows.
const (
	matcherRate    = 100 // rows per second
	matcherWebhook = 10  // rows of one webhook
	matcherTime    = time.Minute
)

// matcher measures the time from sending a webhook until a simulated Matcher has imported the rows that the webhook
// announces. Matcher accepts any number of requests, as with a raised RATE_LIMIT_MAX.
func (b *bench) matcher(ctx context.Context) (rows []row, err error) {
	for _, name := range []string{"PostgreSQL", "SQLite"} {
		url := ""
		if name == "PostgreSQL" {
			if url, err = b.database(ctx, "matcher"); err != nil {
				return rows, err
			}
		}
		m, err := b.newMatcherLoad(ctx, url)
		if err != nil {
			return rows, fmt.Errorf("%s: %w", name, err)
		}
		also, err := m.run(ctx)
		if err != nil {
			return rows, fmt.Errorf("%s: %w", name, err)
		}
		rows = append(rows, row{
			what:  fmt.Sprintf("webhook sent → row in Matcher, %d rows a second, %s", matcherRate, name),
			reach: "p95 < 30 s", also: also,
		})
	}
	return rows, nil
}

// matcherLoad is a service with a simulated vendor. The rows of one account of the vendor are sent to a simulated
// Matcher.
type matcherLoad struct {
	*follower
	matcher *matchersim.Server
	source  string
}

func (b *bench) newMatcherLoad(ctx context.Context, database string) (*matcherLoad, error) {
	f, err := b.follower(ctx, database)
	if err != nil {
		return nil, err
	}
	m := &matcherLoad{follower: f, matcher: matchersim.New()}
	m.matcher.Rate = 0
	origin, err := b.listen(ctx, m.matcher)
	if err != nil {
		return nil, err
	}
	var accounts struct {
		Items []struct{ ID, ExternalID string }
	}
	if err := f.service.call(ctx, http.MethodGet, "/accounts", nil, http.StatusOK, &accounts); err != nil {
		return nil, err
	}
	var sources []object
	for _, account := range accounts.Items {
		if account.ExternalID == f.account {
			matcherContext, source := m.matcher.AddSource()
			m.source = source
			sources = append(sources,
				object{"accountId": account.ID, "contextId": matcherContext, "sourceId": source})
		}
	}
	return m, f.service.call(ctx, http.MethodPost, "/subscriptions", object{
		"name": "matcher", "types": []string{"transaction.*"},
		"sink": object{"kind": "matcher", "url": origin, "sources": sources},
	}, http.StatusCreated, nil)
}

// run adds rows for the duration of matcherTime, waits until Matcher has all of them, and returns the delays.
func (m *matcherLoad) run(ctx context.Context) (string, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	arrived, seen := map[string]time.Time{}, make(chan map[string]time.Time, 1)
	total := int(matcherTime.Seconds()) * matcherRate
	go func() {
		defer func() { seen <- arrived }()
		for end := time.Now().Add(matcherTime + 2*time.Minute); time.Now().Before(end) && ctx.Err() == nil; {
			for _, t := range m.matcher.Transactions(m.source) {
				if text := t.Description; strings.HasPrefix(text, "MATCHED LATER ") && arrived[text].IsZero() {
					arrived[text] = time.Now()
				}
			}
			if len(arrived) == total {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	}()
	sent := map[string]time.Time{}
	next := time.Now()
	for len(sent) < total {
		time.Sleep(time.Until(next))
		next = next.Add(time.Second * matcherWebhook / matcherRate)
		begun := time.Now()
		for range matcherWebhook {
			text := fmt.Sprintf("MATCHED LATER %06d", len(sent))
			_, err := m.vendor.sim.AddTransaction(pluggysim.Transaction{
				AccountID: m.account, Description: text, Amount: "-1.00", Type: "DEBIT",
				PaymentData: json.RawMessage(fmt.Sprintf(`{"referenceNumber":"R%06d"}`, len(sent))),
			})
			if err != nil {
				return "", err
			}
			sent[text] = begun
		}
		event := pluggysim.Event{Name: "transactions/created", AccountID: m.account}
		if status, err := m.send(ctx, event); err != nil || status != http.StatusAccepted {
			return "", fmt.Errorf("the webhook got status %d: %w", status, err)
		}
	}
	found := <-seen
	if len(found) < total {
		return "", fmt.Errorf("matcher has %d of %d rows two minutes after the last webhook", len(found), total)
	}
	delays := make([]time.Duration, 0, total)
	for text, at := range found {
		delays = append(delays, at.Sub(sent[text]))
	}
	slices.Sort(delays)
	all := loadResult{delays: delays}
	imports := m.matcher.Requests()["upload"]
	return fmt.Sprintf("p50 %.1f s, p95 %.1f s, last %.1f s; %d rows in %d imports",
		all.percentile(0.5).Seconds(), all.percentile(0.95).Seconds(), delays[total-1].Seconds(), total, imports), nil
}
