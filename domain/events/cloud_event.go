package events

import (
	"cmp"
	"encoding/json"
	"iter"
	"strconv"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// The attributes whose values are the same in all events.
const (
	specVersion     = "1.0"
	dataContentType = "application/json"
	// schemaVersion is the version of the format of the data. Lerian's streaming library requires it as an extension
	// attribute.
	schemaVersion = "1.0.0"
)

// CloudEvent is an event as CloudEvents 1.0 defines it: its context attributes and its data.
type CloudEvent struct {
	ID       string    // the same in every attempt; unique in the service
	Source   string    // Source, or the source of an earlier version
	Type     string    // for example studio.lerian.discovery.transaction.added
	Time     time.Time // when the change was made
	Subject  string    // the id of the resource
	Tenant   domain.TenantID
	Sequence int64  // the position in the subscription, without gaps, from 1; 0 if the event has none
	Resource string // the kind of resource, such as transaction
	Change   string // what happened to the resource, such as added
	Data     []byte // the resource as JSON; nil if it does not exist any more
}

// CloudEvent returns the event with its data. data is the resource as JSON, or nil if the resource does not exist any
// more.
func (e SubscriptionEvent) CloudEvent(tenant domain.TenantID, data []byte) CloudEvent {
	return CloudEvent{
		ID:       e.ID.String(),
		Source:   cmp.Or(e.Source, earlierSource),
		Type:     e.Type.CloudEvent(),
		Time:     e.At,
		Subject:  PublicSubject(e.Type, e.Subject),
		Tenant:   tenant,
		Sequence: e.Sequence,
		Resource: e.Type.Resource(),
		Change:   e.Type.Change(),
		Data:     data,
	}
}

// attributes yields the names and the values of the attributes that an event has in every format. If Sequence is 0, the
// event has no attribute "sequence".
func (e CloudEvent) attributes() iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		_ = yield("specversion", specVersion) &&
			yield("id", e.ID) &&
			yield("source", e.Source) &&
			yield("type", e.Type) &&
			yield("time", e.Time.UTC().Format(time.RFC3339Nano)) &&
			yield("subject", e.Subject) &&
			yield("tenantid", e.Tenant.String()) &&
			(e.Sequence == 0 || yield("sequence", strconv.FormatInt(e.Sequence, 10))) &&
			yield("datacontenttype", dataContentType)
	}
}

// Structured returns the event in structured mode, as JSON. The media type of the result is
// application/cloudevents+json.
func (e CloudEvent) Structured() []byte {
	out := append(make([]byte, 0, len(e.Data)+400), '{')
	for name, value := range e.attributes() {
		quoted, _ := json.Marshal(value) // a string can always be encoded
		out = append(append(append(out, '"'), name...), `":`...)
		out = append(append(out, quoted...), ',')
	}
	out = append(append(out, `"data":`...), e.body()...)
	return append(out, '}')
}

// Binary returns the event in binary mode: the attributes and the body, which is the data as JSON. The attributes
// include schemaversion, resourcetype and eventtype, which structured mode does not have.
func (e CloudEvent) Binary() (attributes iter.Seq2[string, string], body []byte) {
	all := func(yield func(name, value string) bool) {
		for name, value := range e.attributes() {
			if !yield(name, value) {
				return
			}
		}
		_ = yield("schemaversion", schemaVersion) && yield("resourcetype", e.Resource) && yield("eventtype", e.Change)
	}
	return all, e.body()
}

// body returns the data, or null if there is none.
func (e CloudEvent) body() []byte {
	if e.Data == nil {
		return []byte("null")
	}
	return e.Data
}
