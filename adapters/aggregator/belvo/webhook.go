package belvo

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/netip"
	"regexp"
	"strings"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/vendorhttp"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// envelope contains the members that every event has. Source: developers.belvo.com, Webhooks.
type envelope struct {
	ID      string          `json:"webhook_id"`
	Type    string          `json:"webhook_type"`
	Code    string          `json:"webhook_code"`
	Link    string          `json:"link_id"`
	Request string          `json:"request_id"`
	Data    json.RawMessage `json:"data"`
}

// namePattern matches valid values of webhook_type and webhook_code. idPattern matches valid ids of
// the event, the link and the request: the vendor writes UUIDs and hexadecimal digits. Text that
// could be a URL is not a valid id.
var (
	namePattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	idPattern   = regexp.MustCompile(`^[A-Za-z0-9._-]{0,64}$`)
)

// Parse decodes an event's body. The name of the returned event is TYPE.code as the vendor writes
// them ("TRANSACTIONS.historical_update").
//
// The vendor does not document whether webhook_id is new with each event or the same for all
// events of a registration. Therefore the deduplication key consists of webhook_id, request_id,
// name and a hash of the body: two deliveries are the same event only if all of these are equal.
// Only ids are taken from a payload; its counts and dates are hints that a full read does not
// need.
//
// Errors: Invalid if the body is not JSON in the form of an event, or if an id is invalid.
func (*Adapter) Parse(body []byte) (domain.WebhookEvent, error) {
	var e envelope
	if vendorhttp.Decode(body, &e) != nil || !e.valid() {
		return domain.WebhookEvent{}, domain.FieldError("", "must be an event of the vendor")
	}
	scope, wantsPull, err := e.scope()
	if err != nil {
		return domain.WebhookEvent{}, err
	}
	name, sum := e.Type+"."+e.Code, sha256.Sum256(body)
	return domain.WebhookEvent{
		Name: name, ID: e.ID, AccountRef: e.Link, WantsPull: wantsPull, Scope: scope,
		DedupKey: strings.Join([]string{e.ID, e.Request, name, hex.EncodeToString(sum[:])}, "\n"),
	}, nil
}

func (e envelope) valid() bool {
	return namePattern.MatchString(e.Type) && namePattern.MatchString(e.Code) &&
		idPattern.MatchString(e.ID) && idPattern.MatchString(e.Link) && idPattern.MatchString(e.Request)
}

// scope returns the pull scope that an event asks for, and whether it asks for a pull at all.
// Events about bills and owners ask for no pull, because this service does not store bills or
// owners. Event types that the vendor may add later ask for no pull either.
func (e envelope) scope() (domain.PullScope, bool, error) {
	switch e.Type {
	case "ACCOUNTS":
		return e.accountsEvent()
	case "TRANSACTIONS":
		return e.transactionsEvent()
	case "LINK":
		return e.linkEvent()
	case "CONSENT":
		return e.consentEvent()
	}
	return domain.PullScope{}, false, nil
}

// accountsEvent returns the scope of an event about accounts, and whether the event asks for a
// pull. The scope names no transactions; a pull of such a scope reads only the accounts. An event
// about accounts also means that the link works again, unless it carries errors.
func (e envelope) accountsEvent() (domain.PullScope, bool, error) {
	switch e.Code {
	case "historical_update", "new_accounts_available":
		failed, err := e.hasErrors()
		if failed || err != nil {
			return domain.PullScope{}, err == nil, err
		}
		return domain.PullScope{Signal: domain.SignalRecovered}, true, nil
	}
	return domain.PullScope{}, false, nil
}

// transactionsEvent returns the scope of an event about transactions, and whether the event asks
// for a pull. Unless the event carries errors, the scope is a full read. The event
// transactions_updated names ids, but the vendor has no filter for them. The event
// transactions_deleted needs a full read too, because pages are cut by position: a row that is
// removed while a list is read can hide another row.
func (e envelope) transactionsEvent() (domain.PullScope, bool, error) {
	switch e.Code {
	case "historical_update", "new_transactions_available":
		failed, err := e.hasErrors()
		if failed || err != nil {
			return domain.PullScope{}, err == nil, err
		}
		return domain.PullScope{Everything: true, Signal: domain.SignalRecovered}, true, nil
	case "transactions_updated":
		return domain.PullScope{Everything: true}, true, nil
	case "transactions_deleted":
		removed, err := e.removedIDs()
		return domain.PullScope{}.Merge(domain.PullScope{Everything: true, Removed: removed}), err == nil, err
	}
	return domain.PullScope{}, false, nil
}

// hasErrors reports whether an update event carries errors instead of rows. Such an event needs
// no read of transactions. The pull still checks the link, because the link's status
// indicates whether its holder must act.
func (e envelope) hasErrors() (bool, error) {
	var data struct {
		Errors []json.RawMessage `json:"errors"`
	}
	err := e.decodeData(&data)
	return len(data.Errors) > 0, err
}

func (e envelope) removedIDs() ([]string, error) {
	var data struct {
		IDs []string `json:"deleted_transactions"`
	}
	if err := e.decodeData(&data); err != nil {
		return nil, err
	}
	for _, id := range data.IDs {
		if !validID(id) {
			return nil, domain.FieldError("", "must name transactions by their ids")
		}
	}
	return data.IDs, nil
}

// linkEvent returns the scope of an event about the link, and whether the event asks for a pull.
// After the event link_deleted, the pull finds that the link no longer exists, and reports that.
func (e envelope) linkEvent() (domain.PullScope, bool, error) {
	switch e.Code {
	case "invalid_credentials", "token_required":
		return domain.PullScope{Signal: domain.SignalReauth}, true, nil
	case "link_deleted":
		return domain.PullScope{}, true, nil
	}
	return domain.PullScope{}, false, nil
}

// consentEvent returns the scope of an event about a consent, and whether the event asks for a
// pull. Older events have the code without the prefix "openfinance_". A consent that is about
// to expire still works, so this event asks for no pull. The vendor's list of codes is not
// complete; the codes for a consent that is valid again are those of Brazil's Open Finance.
func (e envelope) consentEvent() (domain.PullScope, bool, error) {
	switch strings.TrimPrefix(e.Code, "openfinance_") {
	case "consent_expired", "consent_revoked", "consent_rejected":
		return domain.PullScope{Signal: domain.SignalReauth}, true, nil
	case "consent_renewed", "consent_extended", "consent_authorised", "consent_authorized":
		return domain.PullScope{Signal: domain.SignalRecovered}, true, nil
	}
	return domain.PullScope{}, false, nil
}

// decodeData decodes the event's data into the value that into points to. Missing data or null
// leaves the value unchanged. Errors: Invalid.
func (e envelope) decodeData(into any) error {
	if len(e.Data) == 0 {
		return nil
	}
	if vendorhttp.Decode(e.Data, into) != nil {
		return domain.FieldError("", "must carry the data of its event")
	}
	return nil
}

// Networks returns the IP addresses from which Belvo sends webhooks. Source:
// developers.belvo.com, Webhooks, read 2026-11. The addresses are a setting, because the vendor
// changes them without notice.
func Networks() []netip.Prefix {
	var networks []netip.Prefix
	for _, cidr := range []string{"3.130.254.46/32", "18.220.61.186/32", "18.223.45.212/32"} {
		networks = append(networks, netip.MustParsePrefix(cidr))
	}
	return networks
}
