package transparency

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/gowebpki/jcs"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// leaf is the JSON form of an audit entry. It has the same members as an entry in the API.
type leaf struct {
	Sequence  int64              `json:"sequence"`
	At        string             `json:"at"`
	Actor     string             `json:"actor"`
	Action    string             `json:"action"`
	Object    string             `json:"object"`
	RequestID string             `json:"requestId"`
	Detail    domain.AuditDetail `json:"detail"`
}

// errNoEntry is the error for an entry without an action. If the store cannot read an entry, it returns an entry
// without an action.
var errNoEntry = errors.New("transparency: an entry cannot be read")

// Canonical returns the canonical JSON of an entry whose sequence number is set. Errors: errNoEntry for an entry
// without an action.
func Canonical(e domain.AuditEntry) ([]byte, error) {
	if e.Action == "" {
		return nil, errNoEntry
	}
	text, err := json.Marshal(leaf{
		Sequence: e.Sequence, At: e.At.UTC().Format(time.RFC3339Nano), Actor: e.Actor, Action: e.Action,
		Object: e.Object, RequestID: e.RequestID, Detail: e.Detail,
	})
	if err != nil {
		return nil, err
	}
	return jcs.Transform(text)
}

// leafHash returns the hash of an entry whose sequence number is set.
func leafHash(e domain.AuditEntry) (tlog.Hash, error) {
	text, err := Canonical(e)
	if err != nil {
		return tlog.Hash{}, err
	}
	return tlog.RecordHash(text), nil
}
