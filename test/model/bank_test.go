package model_test

import (
	"fmt"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

// bank is one simulated vendor with one item or link.
type bank interface {
	vendor() string
	origin() string
	ref() string
	login() (id, secret string)

	addAccount(kind accountKind, number string) (external string)
	setListed(account string, listed bool)
	// setBalance sets the balance of an account in cents, as the account holder sees it.
	setBalance(a *account, cents int64)
	// put adds a row, or replaces the row with this id.
	put(a *account, v *row)
	drop(id string)
	// setSettled sets whether the vendor's own synchronisation is over. Belvo has no such state.
	setSettled(settled bool)
	// inject makes the vendor send the rows with these ids in an unreadable form. If fault is not "", inject also
	// makes one of the next requests for rows fail with this fault. Each call replaces the faults of the previous
	// call.
	inject(unreadable []string, fault string)
	// webhook returns the body of a webhook about rows of an account. kind is "created", "updated", "deleted" or "all".
	webhook(kind, account string, rows []*row) []byte
}

// stream is a bank whose vendor returns what has changed since a position. Its webhooks announce only that something
// has changed.
type stream interface {
	bank

	accessToken() string
	// changes returns the ids of the rows that were added, changed or removed since the last call.
	changes() []string
	// sign returns the value of the header plaidsim.ProofHeader for the body of a webhook.
	sign(body []byte) string
	// during makes the vendor call the function run once, before the vendor returns a page of rows. It first returns
	// as many other pages as skip says.
	during(skip int, run func())
	// ended cancels the effect of during, and reports whether run was called.
	ended() bool
}

type accountKind string

const (
	checking accountKind = "checking"
	savings  accountKind = "savings"
	card     accountKind = "card"
)

// account is an account at the vendor.
type account struct {
	external string
	kind     accountKind
	compared bool // the vendor's balance can be compared with the rows
	listed   bool
	offset   int64       // the balance beyond the base and all posted rows, in cents
	purged   int64       // the sum of the posted rows that the vendor has purged, in cents
	ladder   []*row      // old rows that never change; Belvo purges them, the oldest first
	created  []*row      // rows whose creation no webhook has announced yet
	updated  []*row      // rows whose edit no webhook has announced yet
	deleted  []*row      // rows whose deletion no webhook has announced yet
	closes   []closedDay // days that are closed
}

// clock is the wall clock plus an offset. It is safe for concurrent use: the test moves the clock forward while the
// service reads it.
type clock struct{ offset atomic.Int64 }

func (c *clock) Now() time.Time { return time.Now().Add(time.Duration(c.offset.Load())) }

func (c *clock) advance(by time.Duration) { c.offset.Add(int64(by)) }

// must fails the test if err is not nil.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// money returns an amount in the form of the vendors, for example "-12.30".
func money(cents int64) string {
	sign := ""
	if cents < 0 {
		sign, cents = "-", -cents
	}
	return fmt.Sprintf("%s%d.%02d", sign, cents/100, cents%100)
}

// serve serves a simulator on loopback until the end of the life l, and returns its URL.
func serve(server *httptest.Server, l *life) string {
	l.ends = append(l.ends, server.Close)
	return server.URL
}

// spoiled makes a row unreadable if it is inserted after the member "id". It contains one member twice, with
// different values, and a decoder must not choose between them.
const spoiled = `,"spoiled":1,"spoiled":2`

func spoiledTexts(ids []string) map[string]string {
	texts := map[string]string{}
	for _, id := range ids {
		texts[`"id":"`+id+`"`] = `"id":"` + id + `"` + spoiled
	}
	return texts
}
