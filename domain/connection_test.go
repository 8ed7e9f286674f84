package domain_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// fullConnection returns a connection in which every exported member is set.
func fullConnection() domain.Connection {
	return domain.Connection{
		ID: domain.ConnectionID{UUID: uuid.UUID{1}}, Tenant: domain.TenantID{UUID: uuid.UUID{2}},
		Kind: domain.Aggregator, Name: "name", Vendor: "pluggy", BaseURL: "https://vendor.example", AccountRef: "ref",
		Type: "postgres", Config: json.RawMessage("{}"), Sealed: domain.Sealed("sealed"), Client: domain.ClientKey{1},
		ApplicationID: domain.ApplicationID{UUID: uuid.UUID{3}}, JoinedRevision: 2,
		Health: domain.Health{Status: domain.Healthy}, Consent: domain.Consent{ExpiresAt: hour(9)},
		Webhook: domain.WebhookWatch{MissedAt: hour(1)}, Usage: domain.MonthlyUsage{Pulls: 1},
		Announced: domain.Announced{Reauth: true}, Revision: 3, CreatedAt: hour(0), UpdatedAt: hour(1),
		TargetChangedAt: hour(1), NewReference: true, StagedSince: hour(2),
		StreamPosition: "position", InconsistentSince: hour(2),
		Bank: domain.BankFacts{OnDemand: true}, Ambiguity: domain.AccountAmbiguity{Since: hour(2)}, PausedAt: hour(3),
	}
}

// emptied returns the names of the members that are empty after the change.
func emptied(change func(*domain.Connection)) (names []string) {
	before, after := fullConnection(), fullConnection()
	change(&after)
	x, y := reflect.ValueOf(before), reflect.ValueOf(after)
	for i := range x.NumField() {
		if !x.Field(i).IsZero() && y.Field(i).IsZero() {
			names = append(names, x.Type().Field(i).Name)
		}
	}
	return names
}

func TestChangesOfAConnectionEmptyTheirMembers(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*domain.Connection)
		want   []string
	}{
		"another base URL": {
			func(c *domain.Connection) { c.Repoint("https://other.example", "ref", hour(5)) },
			[]string{"Health", "Consent", "Webhook", "StreamPosition", "Bank", "InconsistentSince"},
		},
		"another reference": {
			func(c *domain.Connection) { c.Repoint("https://vendor.example", "other", hour(5)) },
			[]string{
				"Health", "Consent", "Webhook", "StreamPosition", "Bank", "InconsistentSince", "StagedSince",
				"Ambiguity",
			},
		},
		"the same target": {
			func(c *domain.Connection) { c.Repoint("https://vendor.example", "ref", hour(5)) }, nil,
		},
		"another credential": {
			func(c *domain.Connection) { c.Rotate(domain.Sealed("x"), domain.ClientKey{2}) }, []string{"Health"},
		},
		"the data are erased": {
			(*domain.Connection).EraseData,
			[]string{
				"Name", "Config", "Health", "Consent", "Webhook", "Usage", "Announced", "Ambiguity", "StreamPosition",
				"Bank", "InconsistentSince",
			},
		},
		"the access is erased": {
			(*domain.Connection).EraseAccess, []string{"BaseURL", "AccountRef", "Sealed", "Client", "ApplicationID"},
		},
		"it is resumed":             {(*domain.Connection).Resume, []string{"PausedAt"}},
		"it is deleted":             {func(c *domain.Connection) { c.Delete(hour(5)) }, []string{"PausedAt"}},
		"it is erased":              {func(c *domain.Connection) { c.Erase(hour(5)) }, []string{"PausedAt"}},
		"it leaves its application": {(*domain.Connection).Leave, []string{"ApplicationID", "JoinedRevision"}},
	} {
		got := emptied(c.change)
		slices.Sort(got)
		slices.Sort(c.want)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v became empty, want %v", name, got, c.want)
		}
	}
}

func TestAnErasureDeletesALiveConnectionOnce(t *testing.T) {
	c := fullConnection()
	c.Erase(hour(5))
	if !c.DeletedAt.Equal(hour(5)) || !c.ErasedAt.Equal(hour(5)) || c.Revision != 4 || !c.UpdatedAt.Equal(hour(5)) {
		t.Errorf("the first time: %+v", c)
	}
	c.Erase(hour(6))
	if !c.DeletedAt.Equal(hour(5)) || !c.ErasedAt.Equal(hour(5)) || c.Revision != 4 {
		t.Errorf("the second time: %+v", c)
	}
	deleted := fullConnection()
	deleted.Delete(hour(4))
	if deleted.Erase(hour(5)); !deleted.DeletedAt.Equal(hour(4)) || !deleted.ErasedAt.Equal(hour(5)) {
		t.Errorf("a deleted one: %+v", deleted)
	}
}

func TestAPausedConnectionKeepsItsTime(t *testing.T) {
	var c domain.Connection
	c.Pause(hour(1))
	c.Pause(hour(2))
	if !c.PausedAt.Equal(hour(1)) || !isCode(c.CheckNotPaused(), domain.ConnectionPaused) {
		t.Errorf("paused at %s: %v", c.PausedAt, c.CheckNotPaused())
	}
	if c.Resume(); c.CheckNotPaused() != nil || c.Paused() {
		t.Error("a resumed connection is paused")
	}
}

func TestACheckStaysValidForTheSameAccess(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*domain.Connection)
		want   bool
	}{
		"a rename":           {func(c *domain.Connection) { c.Rename("x") }, true},
		"another credential": {func(c *domain.Connection) { c.Sealed = domain.Sealed("x") }, false},
		"another address":    {func(c *domain.Connection) { c.BaseURL = "x" }, false},
		"another reference":  {func(c *domain.Connection) { c.AccountRef = "x" }, false},
		"another configuration": {
			func(c *domain.Connection) { c.Reconfigure(json.RawMessage(`{"a":1}`)) }, false,
		},
		"the same revision": {func(c *domain.Connection) { c.Sealed, c.Revision = domain.Sealed("x"), 2 }, true},
	} {
		previous, changed := fullConnection(), fullConnection()
		changed.BumpRevision(hour(7))
		previous.Revision = 2
		changed.Revision = 3
		if c.change(&changed); changed.SameAccess(previous) != c.want {
			t.Errorf("%s: %t", name, !c.want)
		}
	}
}

func TestAConnectionJoinsTheApplicationThatItWasCheckedFor(t *testing.T) {
	a := domain.Application{
		ID: domain.ApplicationID{UUID: uuid.UUID{3}}, Vendor: "pluggy", BaseURL: "https://vendor.example", Revision: 5,
	}
	c := fullConnection()
	c.Join(a, domain.Sealed("shared"), domain.ClientKey{4})
	if c.ApplicationID != a.ID || c.JoinedRevision != 5 || string(c.Sealed) != "shared" ||
		c.Client != (domain.ClientKey{4}) || c.Health != (domain.Health{}) {
		t.Errorf("joined %+v", c)
	}
	if err := c.CheckJoined(a); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*domain.Application){
		"revision": func(a *domain.Application) { a.Revision++ },
		"vendor":   func(a *domain.Application) { a.Vendor = "belvo" },
		"base URL": func(a *domain.Application) { a.BaseURL = "https://other.example" },
	} {
		other := a
		if change(&other); !isCode(c.CheckJoined(other), domain.ApplicationChanged) {
			t.Errorf("another %s is not noticed", name)
		}
	}
}

func TestReportsOfEventsAreAppliedOnce(t *testing.T) {
	revoked := domain.PullScope{Consents: []domain.ConsentReport{{Status: domain.ReportedRevoked}}}
	reauth := domain.PullScope{Signal: domain.SignalReauth}
	for name, test := range map[string]struct {
		scope  domain.PullScope
		signal time.Time // when the last event with a signal was received
		want   bool
	}{
		"a sign-in":                        {reauth, hour(3), true},
		"a sign-in before a later status":  {reauth, hour(2), false},
		"a sign-in and the consent":        {reauth.Merge(revoked), hour(3), true},
		"the consent":                      {revoked, time.Time{}, true},
		"the consent after a later signal": {reauth.Merge(revoked), hour(1), true},
		"nothing":                          {domain.PullScope{}, hour(3), false},
	} {
		c := domain.Connection{Health: domain.Health{Status: domain.Healthy, SignalAt: hour(2)}}
		if got := c.Report(test.scope, test.signal, hour(4)); got != test.want {
			t.Errorf("%s: changed %t", name, got)
		}
		if got := c.CannotBeRead(hour(4)); got != test.want {
			t.Errorf("%s: cannot be read %t", name, got)
		}
		if c.Report(test.scope, test.signal, hour(5)) {
			t.Errorf("%s: changed again", name)
		}
	}
}
