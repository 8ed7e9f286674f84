// Package belvosim is an in-memory simulator of Belvo for tests and demos: the vendor's API, its webhooks and its
// failures, served on loopback.
//
// The Belvo adapter is tested against this package, as HTTP clients are tested against httptest. The package does not
// depend on the adapter. Its JSON shapes are checked with the vendor's own SDK (see test/sdk), not with the adapter's
// decoder.
//
//	sim := belvosim.New(belvosim.Options{Seed: 1})
//	sim.Seed()                                  // one secret, a Mexican and a Brazilian link
//	srv := httptest.NewServer(sim)              // only the vendor API
//	sim.Inject(belvosim.Fault{Path: "/api/transactions/", Kind: belvosim.FaultCut})
//
// # Data
//
// A secret (id and password, HTTP Basic) has access to links. A link has accounts and transactions. A link without an
// Owner is visible to every secret. A link that another secret owns is not found.
//
// Transactions are listed in the order in which they were added, or in reverse. A list is divided into pages by
// position. A row that is added or removed between two requests therefore shifts the later rows.
//
// A date filter compares instants:
//
//   - A date in a row means the start of its UTC day.
//   - A date in a filter includes the whole day.
//   - A null date never matches.
//
// POST /api/links/{id}/refresh/ is accepted once in ten minutes for each link; it changes no data.
//
// POST /api/token/ issues tokens for the widget. No call of the API accepts these tokens.
//
// # Control surface
//
// [Simulator.Handler] serves the vendor API and, in addition, JSON calls for curl:
//
//	GET    /_control/state                    secrets, links with row counts, faults left, event names
//	GET    /_control/stats                    requests, 429s, responses by status, requests by path
//	POST   /_control/links                    {"institution",...}: adds; missing members get defaults
//	POST   /_control/connect                  {"token","externalId","link":{"status",...}}: a holder signs in,
//	                                          see [Simulator.Connect]
//	PATCH  /_control/links/{id}               members to change, for example refresh_rate
//	POST   /_control/links/{id}/status        {"status":"invalid"}
//	POST   /_control/links/{id}/purge         {"before":"2026-01-01T00:00:00Z"}: removes rows, no event
//	DELETE /_control/links/{id}
//	POST   /_control/accounts                 {"link",...}
//	POST   /_control/accounts/{id}/generate   {"count":1000}
//	POST   /_control/accounts/{id}/listed     {"listed":false}
//	POST   /_control/transactions             {"link","account","amount","type",...}; account is an id
//	PATCH  /_control/transactions/{id}        members to change
//	DELETE /_control/transactions/{id}
//	POST   /_control/transactions/{id}/churn  removes it and adds it under a new id
//	POST   /_control/faults                   [{"path","kind",...}], see [Fault]
//	DELETE /_control/faults                   removes all faults
//	POST   /_control/webhooks                 {"target":{"url",...},"events":[{"event","linkId",...}]},
//	                                          see [Target], [Event]
//
// The control surface has no authentication: mount it on loopback only.
//
// # Source
//
// The JSON shapes follow the vendor's published contract (API 1.222/1.223, with its data dictionaries) and the vendor's
// SDK (npm belvo 0.28.0). The following assumptions have no source:
//
//   - the bodies of a 429, of a 405 and of the error for an unreadable filter
//   - the redirect to the path with a slash
//   - pages by position
//   - the 404 of POST /api/token/ for an unknown link
//   - the data of LINK/link_deleted, LINK/token_required and OWNERS/new_owners_available.
package belvosim
