// Package belvosim is an in-memory simulator of Belvo for tests and demos: the vendor's API,
// its webhooks and its failures, served on loopback.
//
// It is to the Belvo adapter what httptest is to net/http, and does not depend on it: its
// JSON shapes are checked with the vendor's own SDK (see test/sdk), not with our decoder.
//
//	sim := belvosim.New(belvosim.Options{Seed: 1})
//	sim.Seed()                                  // one secret, a Mexican and a Brazilian link
//	srv := httptest.NewServer(sim)              // only the vendor API
//	sim.Inject(belvosim.Fault{Path: "/api/transactions/", Kind: belvosim.FaultCut})
//
// # Data
//
// A secret (id and password, HTTP Basic) reads links; a link has accounts and
// transactions. A link without an Owner is visible to every secret; a link of another
// secret is not found. Transactions are listed in the order in which they were
// added, or in reverse. Pages are cut by position, so that a row added or removed between
// two requests shifts the later ones.
//
// A date filter compares instants: a date is its UTC day, a bound that is a day includes
// the whole day, and null matches no filter.
//
// # Control surface
//
// [Simulator.Handler] serves the vendor API and, in addition, JSON calls for curl:
//
//	GET    /_control/state                    secrets, links with row counts, faults left, event names
//	GET    /_control/stats                    requests, 429s, responses by status, requests by path
//	POST   /_control/links                    {"institution",...}: adds; missing members get defaults
//	POST   /_control/links/{id}/status        {"status":"invalid"}
//	POST   /_control/links/{id}/purge         {"before":"2026-01-01T00:00:00Z"}: removes rows, no event
//	DELETE /_control/links/{id}
//	POST   /_control/accounts                 {"link",...}
//	POST   /_control/accounts/{id}/generate   {"count":1000}
//	POST   /_control/transactions             {"link","account","amount","type",...}; account is an id
//	PATCH  /_control/transactions/{id}        members to change
//	DELETE /_control/transactions/{id}
//	POST   /_control/transactions/{id}/churn  removes it and adds it under a new id
//	POST   /_control/faults                   [{"path","kind",...}], see [Fault]
//	DELETE /_control/faults                   removes all faults
//	POST   /_control/webhooks                 {"target":{"url",...},"events":[{"event","linkId",...}]},
//	                                          see [Target], [Event]
//
// It has no authentication: mount it on loopback only.
//
// # Source
//
// The shapes follow the vendor's published contract (API 1.222/1.223, its data
// dictionaries) and what npm belvo 0.28.0 sends and reads. Assumed, because no source
// shows it: the bodies of a 429, a 405 and an unreadable filter; the redirect to the
// path with a slash; pages cut by position; the data of LINK/link_deleted,
// LINK/token_required and OWNERS/new_owners_available.
package belvosim
