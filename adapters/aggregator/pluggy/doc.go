// Package pluggy speaks to Pluggy: it implements ports.Aggregator.
//
// The account reference is an item; its accounts are read from /accounts, its rows from
// /v2/transactions alone (the older /transactions ends on 2026-12-31). An API key is
// cached per credential and origin until shortly before it ends, and fetched once more
// when the vendor refuses it early.
//
//   - adapter.go, answers.go: the port, and what the vendor's errors mean
//   - keys.go, auth.go: API keys, held and fetched
//   - accounts.go, plan.go, read.go, cursor.go: from an ask to pages
//   - sighting.go: by what a row is known before it is read; pure
//   - normalize.go, dates.go, detail.go: from the vendor's row to a domain.Observation; pure
//   - webhook.go, news.go: from a webhook's body to an ask; pure
//
// Source: the vendor's OpenAPI document and docs.pluggy.ai, read 2026-11.
package pluggy
