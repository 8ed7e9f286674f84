// Package pluggysim simulates Pluggy in memory: the vendor's API, its webhooks and its
// failures, for example on a loopback server.
//
// It relates to the Pluggy adapter as httptest relates to net/http, and shares no code with
// it: its response shapes are checked with the vendor's own pluggy-sdk (see test/sdk), not
// with our decoder.
//
//	sim := pluggysim.New(pluggysim.Options{Seed: 1})
//	sim.Seed()                                  // one client, one item, a bank and a card account
//	srv := httptest.NewServer(sim)              // only the vendor API
//	err := sim.Inject(pluggysim.Fault{Path: "/v2/transactions", Kind: pluggysim.FaultCut})
//
// # Data
//
// A client (id and secret) owns items; an item has accounts; an account has transactions. An
// item with an empty ClientID belongs to every client. Rows are immutable: an update replaces
// the row, so that a response that is being written does not change. Transactions are sorted
// by date, newest first, then by id; with createdAtFrom by creation, newest first. The cursor
// contains the position of the last row, not an offset: rows that are added or removed between
// two pages neither repeat nor skip others.
//
// # Control surface
//
// [Simulator.Handler] serves the vendor API and, in addition, JSON calls for curl:
//
//	GET    /_control/state                       clients, items, accounts with row counts, faults left
//	GET    /_control/stats                       requests, 429s and errors served, per resource
//	POST   /_control/transactions                {"accountId",...}: adds; id and dates are filled in
//	PATCH  /_control/transactions/{id}           members to change
//	DELETE /_control/transactions/{id}
//	POST   /_control/transactions/{id}/churn     removes it and adds it under a new id
//	POST   /_control/accounts/{id}/generate      {"count":1000}
//	POST   /_control/items/{id}/status           {"status","executionStatus"}
//	POST   /_control/keys/expire                 every key issued so far gets 403
//	POST   /_control/faults                      [{"path","kind",...}], see [Fault]
//	DELETE /_control/faults                      removes all faults
//	POST   /_control/webhooks                    {"target":{"url",...},"events":[{"event",...}]}, see
//	                                             [Target], [Event]
//
// A webhook call without events announces what has changed since the last one (created,
// updated, deleted) in the accounts of "itemId". The control surface has no authentication:
// serve it on loopback only.
//
// # Source
//
// The vendor's OpenAPI document, docs.pluggy.ai and pluggy-sdk 0.90.0, read 2026-11.
package pluggysim
