package e2e_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// stated changes what a vendor states about its account reference. The times are stated in UTC.
type stated func(now time.Time, body object)

// restate returns a handler that changes the answers of a vendor to requests whose path begins with prefix.
func restate(vendor http.Handler, prefix string, change *atomic.Pointer[stated]) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		said := change.Load()
		if said == nil || !strings.HasPrefix(r.URL.Path, prefix) {
			vendor.ServeHTTP(w, r)
			return
		}
		answer := httptest.NewRecorder()
		vendor.ServeHTTP(answer, r)
		var body object
		if err := json.NewDecoder(bytes.NewReader(answer.Body.Bytes())).Decode(&body); err == nil &&
			answer.Code == http.StatusOK {
			(*said)(time.Now().UTC(), body)
			answer.Body.Reset()
			_ = json.NewEncoder(answer.Body).Encode(body)
		}
		maps.Copy(w.Header(), answer.Header())
		w.Header().Set("Content-Length", strconv.Itoa(answer.Body.Len()))
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	})
}

// readingVendor is a vendor whose statements a test changes.
type readingVendor struct {
	name   string
	states map[string]stated
	// open makes the vendor, and returns the request that creates a connection to it.
	open func(t *testing.T, change *atomic.Pointer[stated]) object
}

// longUnread is how long the bank has not been read in the cases of an old reading.
const longUnread = 9 * 24 * time.Hour

func stamp(at time.Time) string { return at.Format("2006-01-02T15:04:05.000Z") }

func pluggyItem(status, execution string, ago time.Duration) stated {
	return func(now time.Time, item object) {
		item["status"], item["executionStatus"], item["statusDetail"] = status, execution, nil
		item["lastUpdatedAt"] = stamp(now.Add(-ago))
	}
}

// pluggyDetail states when the transactions were last read, and that the last execution did not read them.
func pluggyDetail(transactions any) stated {
	return func(now time.Time, item object) {
		item["status"], item["executionStatus"] = "UPDATED", "PARTIAL_SUCCESS"
		item["lastUpdatedAt"] = stamp(now)
		if ago, ok := transactions.(time.Duration); ok {
			transactions := object{"isUpdated": false, "lastUpdatedAt": stamp(now.Add(-ago)), "warnings": []any{}}
			item["statusDetail"] = object{"transactions": transactions}
			return
		}
		item["statusDetail"] = object{
			"transactions": object{"isUpdated": false, "lastUpdatedAt": nil, "warnings": []any{}},
		}
	}
}

func belvoLink(status string, accessed any) stated {
	return func(now time.Time, link object) {
		link["status"], link["last_accessed_at"] = status, nil
		if ago, ok := accessed.(time.Duration); ok {
			link["last_accessed_at"] = stamp(now.Add(-ago))
		}
	}
}

func plaidItem(updated, failed any) stated {
	return func(now time.Time, body object) {
		at := func(ago any) any {
			if ago, ok := ago.(time.Duration); ok {
				return stamp(now.Add(-ago))
			}
			return nil
		}
		body["status"] = object{"transactions": object{
			"last_successful_update": at(updated), "last_failed_update": at(failed),
		}}
	}
}

// The states of the table. Each vendor states them in its own words. An error comes after a reading that is longUnread
// old, and with a stamp of the present: at Plaid, the time of the last failure.
const (
	freshReading   = "fresh"
	oldReading     = "9 days old"
	failedReading  = "an error state with a fresh stamp"
	goodAndOld     = "updated with an old stamp"
	unknownReading = "no time"
	partialReading = "a product that was not read"
)

func readingVendors() []readingVendor {
	return []readingVendor{
		{"pluggy", map[string]stated{
			freshReading: pluggyItem("UPDATED", "SUCCESS", 0), oldReading: pluggyItem("OUTDATED", "ERROR", longUnread),
			failedReading: pluggyItem("OUTDATED", "SITE_NOT_AVAILABLE", 0),
			goodAndOld:    pluggyItem("UPDATED", "SUCCESS", longUnread),
			unknownReading: func(now time.Time, item object) {
				pluggyItem("UPDATED", "SUCCESS", 0)(now, item)
				item["lastUpdatedAt"] = nil
			},
			partialReading: pluggyDetail(longUnread),
		}, func(t *testing.T, change *atomic.Pointer[stated]) object {
			b := newPluggy(t)
			b.at.next = restate(b.at.next, "/items/", change)
			return creationOf(b)
		}},
		{"belvo", map[string]stated{
			freshReading: belvoLink("valid", time.Duration(0)), oldReading: belvoLink("valid", longUnread),
			failedReading: belvoLink("token_required", time.Duration(0)), goodAndOld: belvoLink("valid", longUnread),
			unknownReading: belvoLink("valid", nil),
		}, func(t *testing.T, change *atomic.Pointer[stated]) object {
			b := newBelvo(t)
			b.at.next = restate(b.at.next, "/api/links/", change)
			return creationOf(b)
		}},
		{
			"plaid",
			map[string]stated{
				freshReading: plaidItem(time.Duration(0), nil),
				oldReading:   plaidItem(longUnread, nil),
				failedReading: plaidItem(
					longUnread,
					time.Duration(0),
				),
				goodAndOld:     plaidItem(longUnread, longUnread+time.Hour),
				unknownReading: plaidItem(nil, nil),
			},
			func(t *testing.T, change *atomic.Pointer[stated]) object {
				b := newPlaid(t)
				b.at.next = restate(b.at.next, "/item/get", change)
				return b.creation("reading")
			},
		},
	}
}

// creationOf returns the request that creates a connection to a bank.
func creationOf(b bank) object {
	id, secret := b.login()
	return object{
		"vendor": b.vendor(), "configName": "reading", "baseUrl": b.origin(), "accountRef": b.ref(), "clientId": id,
		"secret": secret,
	}
}

// TestNoVerdictGoesPastTheReadingOfTheBank checks what accounts, health, completeness and closes say of each state of a
// vendor's reading. The first pull reads the account reference in a good state: long ago if the state is an error, and
// otherwise in the state itself.
func TestNoVerdictGoesPastTheReadingOfTheBank(t *testing.T) {
	each(t, func(t *testing.T, w *env) {
		for _, v := range readingVendors() {
			for state, said := range v.states {
				t.Run(v.name+": "+state, func(t *testing.T) {
					var change atomic.Pointer[stated]
					first := v.states[oldReading]
					if state != failedReading {
						first = said
					} else if v.name == "pluggy" {
						first = v.states[goodAndOld]
					}
					change.Store(&first)
					o := w.operator(t)
					made := o.send(http.MethodPost, connections, v.open(t, &change)).want(http.StatusCreated).json()
					id := text(made, "id")
					before := time.Now()
					o.pull(id, nil)
					change.Store(&said)
					o.pull(id, nil)
					o.checkReading(id, state, before)
				})
			}
		}
	}, func(s *setup) { s.cfg.StaleAfter = 36 * time.Hour })
}

// checkReading checks what the service says of a connection in a state of the table. before is a time before the first
// pull.
func (o operator) checkReading(id, state string, before time.Time) {
	o.t.Helper()
	account := o.pages(pathOf(id, "/accounts"), 200)[0]
	path := prefix + "/accounts/" + text(account, "id")
	completeness := o.get(path + "/completeness").want(http.StatusOK).json()
	health := o.get(pathOf(id, "/health")).want(http.StatusOK).json()
	day := time.Now().UTC().AddDate(0, 0, -6).Format(time.DateOnly)
	closed := o.send(http.MethodPut, path+"/closes/"+day, nil).want(http.StatusOK).json()
	isOld := state != freshReading && state != unknownReading
	for where, got := range map[string]object{"account": account, "completeness": completeness, "health": health} {
		read := text(got, "bankReadAt")
		at, err := time.Parse(time.RFC3339, read)
		switch {
		case state == unknownReading && read != "":
			o.t.Errorf("%s: the bank was read at %s, want no time", where, read)
		case state == unknownReading:
		case err != nil || isOld != at.Before(before.Add(-longUnread/2)):
			o.t.Errorf("%s: the bank was read at %q, old: %t", where, read, isOld)
		}
		if where != "health" && (text(got, "coversTo") == "") != (state == unknownReading) {
			o.t.Errorf("%s: covered to %q", where, text(got, "coversTo"))
		}
	}
	covered := text(completeness, "coversTo")
	if isOld && covered >= day || state == freshReading && covered < day {
		o.t.Errorf("covered to %s, and the close is of %s", covered, day)
	}
	verdict := text(closed, "completeness")
	if (verdict == "not_covered") != isOld || isOld && verdict == "complete" ||
		state == unknownReading && verdict != "unknown" {
		o.t.Errorf("the close is %s", verdict)
	}
	isStale := o.severityOf(id, "stale") != ""
	signIn := o.severityOf(id, "reauth") != "" // explains it
	if isStale && !isOld || isOld && !isStale && !signIn {
		o.t.Errorf("stale: %t, attention %v", isStale, health["attention"])
	}
}
