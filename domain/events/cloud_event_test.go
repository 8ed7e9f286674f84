package events_test

import (
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
)

const (
	noID   = "00000000-0000-0000-0000-000000000000"
	tenant = "07000000-0000-0000-0000-000000000000"
)

func TestAnEventInStructuredMode(t *testing.T) {
	e := events.SubscriptionEvent{Source: events.Source, Type: events.PullFailedEvent, Subject: `a"b`, At: noon}
	owner := domain.TenantID{UUID: uuid.UUID{7}}
	const start = `{"specversion":"1.0","id":"` + noID + `","source":"discovery",` +
		`"type":"studio.lerian.discovery.pull.failed","time":"2026-11-20T12:00:00Z","subject":"a\"b",` +
		`"tenantid":"` + tenant + `",`
	if got, want := string(e.CloudEvent(owner, nil).Structured()),
		start+`"datacontenttype":"application/json","data":null}`; got != want {
		t.Errorf("without data and sequence:\n got %s\nwant %s", got, want)
	}
	e.Sequence = 7
	if got, want := string(e.CloudEvent(owner, []byte(`{"id":1}`)).Structured()),
		start+`"sequence":"7","datacontenttype":"application/json","data":{"id":1}}`; got != want {
		t.Errorf("with data and sequence:\n got %s\nwant %s", got, want)
	}
}

func TestAnEventInBinaryMode(t *testing.T) {
	e := events.SubscriptionEvent{
		Sequence: 7, Source: events.Source, Type: events.ReplacementPossible, Subject: "new/old", At: noon,
	}
	want := map[string]string{
		"specversion": "1.0", "id": noID, "source": "discovery",
		"type": "studio.lerian.discovery.replacement.possible", "time": "2026-11-20T12:00:00Z", "subject": "new",
		"tenantid": tenant, "sequence": "7", "datacontenttype": "application/json",
		"schemaversion": "1.0.0", "resourcetype": "replacement", "eventtype": "possible",
	}
	event := e.CloudEvent(domain.TenantID{UUID: uuid.UUID{7}}, []byte("{}"))
	attributes, body := event.Binary()
	if diff := cmp.Diff(want, maps.Collect(attributes)); diff != "" || string(body) != "{}" {
		t.Errorf("the body %s, the attributes (-want +got):\n%s", body, diff)
	}
	for range attributes { // an iteration can end early
		break
	}
	event.Sequence, event.Data = 0, nil
	delete(want, "sequence")
	attributes, body = event.Binary()
	if diff := cmp.Diff(want, maps.Collect(attributes)); diff != "" || string(body) != "null" {
		t.Errorf("without a sequence: the body %s, the attributes (-want +got):\n%s", body, diff)
	}
}

func TestAnEventKeepsTheSourceOfTheVersionThatRecordedIt(t *testing.T) {
	for recorded, want := range map[string]string{events.Source: "discovery", "": "/v1/discovery"} {
		e := events.SubscriptionEvent{Source: recorded, Type: events.PullFailedEvent}
		if got := e.CloudEvent(domain.TenantID{}, nil).Source; got != want {
			t.Errorf("recorded as %q: %s, want %s", recorded, got, want)
		}
	}
}
