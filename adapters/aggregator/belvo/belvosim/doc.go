// Package belvosim is Belvo on loopback: the vendor's API, its webhooks and its bad
// days, in memory.
//
// It stands beside the Belvo adapter as httptest stands beside net/http, and knows
// nothing of it: the judge of its shapes is the vendor's own SDK (see test/sdk), not
// our decoder.
//
//	sim := belvosim.New(belvosim.Options{Seed: 1})
//	sim.Seed()                                  // one secret, a Mexican and a Brazilian link
//	srv := httptest.NewServer(sim)              // the vendor API alone
//	sim.Inject(belvosim.Fault{Path: "/api/transactions/", Kind: belvosim.FaultCut})
//
// # World
//
// A secret (id and password, HTTP Basic) reads links; a link has accounts and
// transactions. A link without an Owner belongs to every secret; that of another
// secret does not exist. Transactions are listed in the order in which they were
// added, or the reverse; pages are cut by position, so a row added or removed between
// two pages moves the later ones.
//
// A date filter looks at instants: a date is its UTC day, a bound that is a day counts
// whole, and null meets no filter.
//
// # Control surface
//
// [Simulator.Handler] serves, beside the vendor API, JSON calls for curl:
//
//	GET    /_control/state                       secrets, links with row counts, faults left, names of events
//	GET    /_control/stats                       requests, 429s, answers by status, requests by path
//	POST   /_control/links                       {"institution",...}: adds; what is left out is filled in
//	POST   /_control/links/{id}/status           {"status":"invalid"}
//	POST   /_control/links/{id}/purge            {"before":"2026-01-01T00:00:00Z"}: rows vanish, no event
//	DELETE /_control/links/{id}
//	POST   /_control/accounts                    {"link",...}
//	POST   /_control/accounts/{id}/generate      {"count":1000}
//	POST   /_control/transactions                {"link","account","amount","type",...}; account is an id
//	PATCH  /_control/transactions/{id}           members to change
//	DELETE /_control/transactions/{id}
//	POST   /_control/transactions/{id}/churn     removes it and adds it under a new id
//	POST   /_control/faults                      [{"path","kind",...}], see [Fault]
//	DELETE /_control/faults                      back to good days
//	POST   /_control/webhooks                    {"target":{"url",...},"events":[{"event","linkId",...}]}, see [Target], [Event]
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
