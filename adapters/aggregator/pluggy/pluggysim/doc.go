// Package pluggysim is Pluggy on loopback: the vendor's API, its webhooks and its bad days, in memory.
//
// It stands beside the Pluggy adapter as httptest stands beside net/http, and knows nothing of it: the
// judge of its shapes is the vendor's own pluggy-sdk (see test/sdk), not our decoder.
//
//	sim := pluggysim.New(pluggysim.Options{Seed: 1})
//	sim.Seed()                                  // one client, one item, a bank and a card account
//	srv := httptest.NewServer(sim)              // the vendor API alone
//	err := sim.Inject(pluggysim.Fault{Path: "/v2/transactions", Kind: pluggysim.FaultCut})
//
// # World
//
// A client (id and secret) owns items; an item has accounts; an account has transactions. An item whose
// ClientID is empty belongs to everyone. Rows are never changed in place: an update swaps the row, so that an
// answer being written keeps what it read. Transactions are listed newest date first, then by id; with
// createdAtFrom newest creation first. The cursor names the last row seen, not an offset: rows added or
// removed meanwhile are neither repeated nor skipped.
//
// # Control surface
//
// [Simulator.Handler] serves, beside the vendor API, JSON calls for curl:
//
//	GET    /_control/state                       clients, items, accounts with row counts, faults left
//	GET    /_control/stats                       requests, 429s and errors served, per resource
//	POST   /_control/transactions                {"accountId",...}: adds; id and dates are filled in
//	PATCH  /_control/transactions/{id}           members to change
//	DELETE /_control/transactions/{id}
//	POST   /_control/transactions/{id}/churn     removes it and adds it under a new id
//	POST   /_control/accounts/{id}/generate      {"count":1000}
//	POST   /_control/items/{id}/status           {"status","executionStatus"}
//	POST   /_control/keys/expire                 every key issued so far answers 403
//	POST   /_control/faults                      [{"path","kind",...}], see [Fault]
//	DELETE /_control/faults                      back to good days
//	POST   /_control/webhooks                    {"target":{"url",...},"events":[{"event",...}]}, see [Target], [Event]
//
// A webhook without events announces what changed since the last one (created, updated, deleted) of
// "itemId". The control surface has no authentication: mount it on loopback only.
//
// # Source
//
// The vendor's OpenAPI document, docs.pluggy.ai and pluggy-sdk 0.90.0, read 2026-11.
package pluggysim
