package belvo

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"strings"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// envelope is what every event has. Source: developers.belvo.com, Webhooks.
type envelope struct {
	ID      string          `json:"webhook_id"`
	Type    string          `json:"webhook_type"`
	Code    string          `json:"webhook_code"`
	Link    string          `json:"link_id"`
	Request string          `json:"request_id"`
	Data    json.RawMessage `json:"data"`
}

// The forms of webhook_type and webhook_code, and of the ids beside them: the vendor
// writes UUIDs and hexadecimal digits. What could be read as an address is no id.
var (
	word = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	mark = regexp.MustCompile(`^[A-Za-z0-9._-]{0,64}$`)
)

// Parse reads an event's body. The name is TYPE.code as the vendor writes them
// ("TRANSACTIONS.historical_update").
//
// The vendor leaves open whether webhook_id is new with each event or the same for a
// registration, so two deliveries are one event only when webhook_id, request_id, name
// and body agree. Nothing of a payload is kept but ids; counts and dates in it are
// hints that a whole read does not need.
//
// Errors: Invalid for what is not JSON of that shape, and for ids no ledger holds.
func (*Adapter) Parse(body []byte) (domain.WebhookEvent, error) {
	var e envelope
	if vendorhttp.Decode(body, &e) != nil || !e.sound() {
		return domain.WebhookEvent{}, domain.FieldError("", "must be an event of the vendor")
	}
	ask, wanted, err := e.ask()
	if err != nil {
		return domain.WebhookEvent{}, err
	}
	name, sum := e.Type+"."+e.Code, sha256.Sum256(body)
	return domain.WebhookEvent{
		Name: name, ID: e.ID, AccountRef: e.Link, WantsPull: wanted, Scope: ask,
		DedupKey: strings.Join([]string{e.ID, e.Request, name, hex.EncodeToString(sum[:])}, "\n"),
	}, nil
}

func (e envelope) sound() bool {
	return word.MatchString(e.Type) && word.MatchString(e.Code) &&
		mark.MatchString(e.ID) && mark.MatchString(e.Link) && mark.MatchString(e.Request)
}

// ask says what an event wants. Bills and owners are not kept here, and want nothing,
// as does whatever the vendor adds.
func (e envelope) ask() (domain.PullScope, bool, error) {
	switch e.Type {
	case "ACCOUNTS":
		return e.accounts()
	case "TRANSACTIONS":
		return e.transactions()
	case "LINK":
		return e.linked()
	case "CONSENT":
		return e.consent()
	}
	return domain.PullScope{}, false, nil
}

// accounts: the zero ask reads the accounts. News of them is good news of the link.
func (e envelope) accounts() (domain.PullScope, bool, error) {
	switch e.Code {
	case "historical_update", "new_accounts_available":
		failed, err := e.failed()
		if failed || err != nil {
			return domain.PullScope{}, err == nil, err
		}
		return domain.PullScope{Signal: domain.SignalRecovered}, true, nil
	}
	return domain.PullScope{}, false, nil
}

// transactions: transactions_updated names ids, but the vendor has no filter for them,
// so it reads everything like the others. So does transactions_deleted: pages are cut by
// position, and a row that goes while they are read can hide another one.
func (e envelope) transactions() (domain.PullScope, bool, error) {
	switch e.Code {
	case "historical_update", "new_transactions_available":
		failed, err := e.failed()
		if failed || err != nil {
			return domain.PullScope{}, err == nil, err
		}
		return domain.PullScope{Everything: true, Signal: domain.SignalRecovered}, true, nil
	case "transactions_updated":
		return domain.PullScope{Everything: true}, true, nil
	case "transactions_deleted":
		removed, err := e.removed()
		return domain.PullScope{}.Merge(domain.PullScope{Everything: true, Removed: removed}), err == nil, err
	}
	return domain.PullScope{}, false, nil
}

// failed: an update may tell of errors in place of rows. It brings nothing new, but is
// worth a look at the link, whose status says whether its holder must act.
func (e envelope) failed() (bool, error) {
	var data struct {
		Errors []json.RawMessage `json:"errors"`
	}
	err := e.read(&data)
	return len(data.Errors) > 0, err
}

func (e envelope) removed() ([]string, error) {
	var data struct {
		IDs []string `json:"deleted_transactions"`
	}
	if err := e.read(&data); err != nil {
		return nil, err
	}
	for _, id := range data.IDs {
		if !identifier(id) {
			return nil, domain.FieldError("", "must name transactions by their ids")
		}
	}
	return data.IDs, nil
}

// linked: after link_deleted the pull finds the link gone, and says so.
func (e envelope) linked() (domain.PullScope, bool, error) {
	switch e.Code {
	case "invalid_credentials", "token_required":
		return domain.PullScope{Signal: domain.SignalReauth}, true, nil
	case "link_deleted":
		return domain.PullScope{}, true, nil
	}
	return domain.PullScope{}, false, nil
}

// consent: older events have the code without "openfinance_". A consent that is about
// to expire still serves. The vendor's list of codes is open; the words for a consent
// that is good again are those of Brazil's Open Finance.
func (e envelope) consent() (domain.PullScope, bool, error) {
	switch strings.TrimPrefix(e.Code, "openfinance_") {
	case "consent_expired", "consent_revoked", "consent_rejected":
		return domain.PullScope{Signal: domain.SignalReauth}, true, nil
	case "consent_renewed", "consent_extended", "consent_authorised", "consent_authorized":
		return domain.PullScope{Signal: domain.SignalRecovered}, true, nil
	}
	return domain.PullScope{}, false, nil
}

// read decodes data, which may be missing or null.
func (e envelope) read(into any) error {
	if len(e.Data) == 0 {
		return nil
	}
	if vendorhttp.Decode(e.Data, into) != nil {
		return domain.FieldError("", "must carry the data of its event")
	}
	return nil
}
