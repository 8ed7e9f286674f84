// Package belvo reads a Belvo link: its standing, its accounts and its transactions.
//
// An account reference is a link's id. Every call carries HTTP Basic authentication
// with the connection's clientId and secret, set on the request at the last moment and
// kept nowhere else.
//
// Three traits of the vendor shape the package:
//
//   - A list names its next page by an absolute URL. Whoever follows it hands the
//     credential to any host named there. Here it must name the list that was asked,
//     at the connection's own base URL; then only its query is kept (read.go).
//
//   - The vendor forgets old rows by itself (stale_in), gives some edited rows new ids,
//     and has no cursor that shows every change. So no row is taken for removed
//     unless an event says so, and a change is found by reading the link (plan.go).
//
//   - An amount is a magnitude beside a direction that may be missing (normalize.go).
//
//   - adapter.go, answers.go: the port, and what the vendor's errors mean
//
//   - accounts.go, plan.go, read.go: from an ask to pages
//
//   - sighting.go: by what a row is known before it is read; pure
//
//   - normalize.go, detail.go, scalar.go: from the vendor's row to a domain.Observation; pure
//
//   - webhook.go: from a webhook's body to an ask; pure
//
// Source: developers.belvo.com, API 1.223, as read in November 2026. What the vendor's
// documents leave open is said where it is decided.
package belvo
