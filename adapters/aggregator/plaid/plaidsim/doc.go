// Package plaidsim simulates the API of Plaid, for tests and for the sandbox of the service. Create a simulator with
// [New], add Items, accounts and rows to it, and serve it with net/http.
//
//   - simulator.go, model.go: the simulator and its data
//   - api.go, errors.go: the requests of the API
//   - stream.go: /transactions/sync, a stream of changes with positions
//   - webhooks.go: the bodies of webhooks, their signatures, and the keys
//   - demo.go, control.go: the data and the control surface of the sandbox
//
// Faults of the transport come from package faultinject.
//
// The vendor's SDK for Node.js (npm plaid 47.0.0) is tested against the simulator in test/sdk.
//
// Source: the vendor's OpenAPI document 1.697.4 and plaid.com/docs, read 2026-11.
package plaidsim
