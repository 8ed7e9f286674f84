// Package pluggysim simulates the vendor Pluggy in memory: its API, its webhooks and its failures. A test can serve it
// on loopback, for example.
//
// The Pluggy adapter is tested against this package, as HTTP clients are tested against httptest. The package shares no
// code with the adapter. The format of its responses is tested with the vendor's own pluggy-sdk (see test/sdk), not
// with our decoder.
//
//	sim := pluggysim.New(pluggysim.Options{Seed: 1})
//	sim.Seed()                                  // one client, one item, a bank and a card account
//	srv := httptest.NewServer(sim)              // only the vendor API
//	err := sim.Inject(pluggysim.Fault{Path: "/v2/transactions", Kind: pluggysim.FaultCut})
//
// # Data
//
// A client (id and secret) owns items. An item has accounts, and an account has transactions. An item with an empty
// ClientID belongs to every client. A stored row is immutable: an update replaces the row, so a response that is being
// written does not change.
//
// Transactions are sorted by date, newest first, and then by id. A request with createdAtFrom gets them sorted by
// creation time, newest first. The cursor contains the position of the last row and not an offset. Therefore no row is
// repeated or skipped if another row is added or removed between two pages.
//
// PATCH /items/{id} changes the status of the item to UPDATING. Without Options.RefreshTime, only a call of
// [Simulator.SetItemStatus] ends the synchronisation, so that a test knows when it ends.
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
//	POST   /_control/accounts/{id}/listed        {"listed":false}
//	POST   /_control/accounts/{id}/bills         [{"dueDate","totalAmount",...}]: replaces the bills of a card
//	POST   /_control/items                       {"products",...}: adds or replaces; id and dates are filled in
//	POST   /_control/connect                     {"token","item":{"status",...}}: a holder signs in, see
//	                                             [Simulator.Connect]
//	POST   /_control/accounts                    {"itemId",...}: adds; id and dates are filled in
//	PATCH  /_control/items/{id}                  members to change, for example nextAutoSyncAt
//	POST   /_control/consents                    {"itemId","expiresAt"}: adds; id and createdAt are filled in
//	POST   /_control/consents/{id}/revoke
//	POST   /_control/items/{id}/status           {"status","executionStatus"}
//	POST   /_control/keys/expire                 every key issued so far gets 403
//	POST   /_control/faults                      [{"path","kind",...}], see [Fault]
//	DELETE /_control/faults                      removes all faults
//	POST   /_control/webhooks                    {"target":{"url",...},"events":[{"event",...}]}, see
//	                                             [Target], [Event]
//
// Two variants of the call /_control/webhooks exist:
//
//   - With "registered":{"origin"} and no target, it sends to the registered webhooks; see [Simulator.SendRegistered].
//   - Without events, it announces the changes in the accounts of "itemId" since the last announcement (created,
//     updated, deleted).
//
// The control surface has no authentication, so it must be served on loopback only.
//
// # Source
//
// The vendor's OpenAPI document, docs.pluggy.ai and pluggy-sdk 0.90.0, read 2026-11.
package pluggysim
