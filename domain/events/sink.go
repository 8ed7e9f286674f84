package events

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// SinkKind is the kind of destination to which a subscription sends its events, such as "webhook". The adapter of a
// kind defines its name.
type SinkKind string

// SubscriptionSink describes where a subscription sends its events. It contains no secrets.
type SubscriptionSink struct {
	Kind     SinkKind
	Settings string // a JSON object, which only the adapter of the kind interprets; see ports.SinkSettings.Public
}

// memberWithout is the member of stored settings with the members that are left out of the data of events. It belongs
// to the service, not to the adapter of the sink.
const memberWithout = "without"

// Metadata is the member of a resource with the vendor's own object.
const Metadata = "metadata"

// MayLeaveOut reports whether the members may be left out of the data of events.
func MayLeaveOut(members []string) bool {
	return !slices.ContainsFunc(members, func(name string) bool { return name != Metadata })
}

// WithWithout returns the settings of a sink, a JSON object, together with the members that are left out of the data of
// events.
func WithWithout(settings string, without []string) string {
	if len(without) == 0 {
		return settings
	}
	names, err := json.Marshal(slices.Compact(slices.Sorted(slices.Values(without))))
	if err != nil {
		return settings // a list of texts is always JSON
	}
	rest := strings.TrimPrefix(strings.TrimSpace(settings), "{")
	if !strings.HasPrefix(strings.TrimSpace(rest), "}") {
		rest = "," + rest
	}
	return `{"` + memberWithout + `":` + string(names) + rest
}

// SplitWithout returns the settings that the adapter of the sink has made, and the members that are left out of the
// data of events. It is the inverse of WithWithout.
func SplitWithout(settings string) (rest string, without []string) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(settings), &members); err != nil || members[memberWithout] == nil {
		return settings, nil
	}
	if err := json.Unmarshal(members[memberWithout], &without); err != nil {
		return settings, nil
	}
	delete(members, memberWithout)
	text, err := json.Marshal(members)
	if err != nil {
		return settings, nil
	}
	return string(text), without
}

// LeaveOut returns the data of an event, a JSON object, without the members with these names. The other members are
// unchanged.
func LeaveOut(data []byte, names []string) ([]byte, error) {
	if len(names) == 0 || len(data) == 0 {
		return data, nil
	}
	in := json.NewDecoder(bytes.NewReader(data))
	var out bytes.Buffer
	if _, err := in.Token(); err != nil {
		return nil, err
	}
	out.WriteByte('{')
	for in.More() {
		name, err := in.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := in.Decode(&value); err != nil {
			return nil, err
		}
		text, _ := name.(string)
		if slices.Contains(names, text) {
			continue
		}
		if out.Len() > 1 {
			out.WriteByte(',')
		}
		key, err := json.Marshal(text)
		if err != nil {
			return nil, err
		}
		out.Write(key)
		out.WriteByte(':')
		out.Write(value)
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}
