package application_test

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// account is the external id of the account that the fake vendor has by default.
const account = "acc-1"

// vendor is a fake aggregator. A test can define each of its responses. Otherwise every call succeeds if the
// credential's secret is "right", and a page has two rows.
type vendor struct {
	name   domain.Vendor
	status domain.LinkStatus
	rows   []domain.TransactionData
	others []string         // the external ids of further accounts
	steps  []domain.Step    // returned by Plan if it plans rows; nil means one sweep of each account
	links  map[string]*link // accounts and rows of each account reference; nil means the same ones for each reference

	onCheck    func() error
	onAccounts func() error
	// onRead returns the page of a call of Read. If it returns nil, the page is made from rows.
	onRead func(step domain.Step, cursor string) (*ports.VendorPage, error)

	// reportTotal returns the number of rows that each page reports as its total. If it is nil, pages report no total.
	// Pages from onRead are not affected.
	reportTotal func() *int

	// beforeRead is called at the start of each Read. Read fails if ctx has ended when beforeRead returns.
	beforeRead func(ctx context.Context, cursor string)

	scopes  []domain.PullScope // the scopes of all calls of Plan
	planned []string           // the days that were passed to Plan
	cursors []string           // the cursors of all calls of Read
	checks  int

	requestTimeouts []time.Duration // ports.RequestTimeoutOf at the calls of Check
}

// settledStatus is the status of an account reference whose last synchronisation was complete.
var settledStatus = domain.LinkStatus{
	SyncComplete: true, Accounts: domain.OneRead, Cards: domain.OneRead, Transactions: domain.OneRead,
}

func newVendor(name domain.Vendor) *vendor {
	return &vendor{name: name, status: settledStatus}
}

// setRows replaces the vendor's rows with rows that have these external ids.
func (v *vendor) setRows(externalIDs ...string) {
	v.rows = nil
	for _, id := range externalIDs {
		v.rows = append(v.rows, row(id, "as first seen"))
	}
}

func row(externalID, description string) domain.TransactionData {
	return domain.TransactionData{
		ExternalID: externalID, Account: account,
		Amount: domain.Money{Amount: decimal.RequireFromString("-10.5"), Currency: "BRL"},
		Status: domain.Posted, Date: "2026-02-20", Description: description, Metadata: json.RawMessage(`{}`),
	}
}

func (v *vendor) Vendor() domain.Vendor { return v.name }

func (v *vendor) Check(ctx context.Context, a ports.Access) (domain.LinkStatus, error) {
	v.checks++
	v.requestTimeouts = append(v.requestTimeouts, ports.RequestTimeoutOf(ctx))
	if v.onCheck != nil {
		if err := v.onCheck(); err != nil {
			return domain.LinkStatus{}, err
		}
	}
	if !a.Credential.Part(domain.PartSecret).Equal(domain.SecretText("right")) {
		return domain.LinkStatus{}, rejected(domain.CredentialRejected)
	}
	return v.status, nil
}

// AccountIdentity returns an identity that consists only of the number of the account, and of an id that contains it.
func (v *vendor) AccountIdentity(account domain.AccountData) domain.AccountIdentity {
	if account.Number == "" {
		return domain.AccountIdentity{}
	}
	return domain.AccountIdentity{ID: "the id of " + account.Number, Number: account.Number}
}

func (v *vendor) Accounts(_ context.Context, a ports.Access) ([]domain.AccountData, error) {
	if v.onAccounts != nil {
		if err := v.onAccounts(); err != nil {
			return nil, err
		}
	}
	if l := v.links[a.AccountRef]; l != nil {
		return slices.Clone(l.accounts), nil
	}
	accounts := []domain.AccountData{{ExternalID: account, Type: domain.BankAccount, Name: "Checking", Currency: "BRL"}}
	for _, id := range v.others {
		accounts = append(accounts, domain.AccountData{ExternalID: id, Type: domain.BankAccount, Currency: "BRL"})
	}
	return accounts, nil
}

func (v *vendor) Plan(scope domain.PullScope, accounts []domain.AccountData, today domain.Date) []domain.Step {
	v.scopes, v.planned = append(v.scopes, scope), append(v.planned, string(today))
	switch {
	case !scope.Everything && scope.Window == nil && len(scope.Created) == 0:
		return nil
	case v.steps != nil:
		return v.steps
	case v.links != nil:
		var steps []domain.Step
		for _, a := range accounts {
			steps = append(steps, domain.Step{Account: a.ExternalID, Sweep: true})
		}
		return steps
	}
	return []domain.Step{{Account: account, Sweep: true}}
}

func (v *vendor) Read(
	ctx context.Context, a ports.Access, step domain.Step, _ []domain.AccountData, cursor string,
) (ports.VendorPage, error) {
	v.cursors = append(v.cursors, cursor)
	if v.beforeRead != nil {
		if v.beforeRead(ctx, cursor); ctx.Err() != nil {
			return ports.VendorPage{}, ctx.Err()
		}
	}
	if v.onRead != nil {
		if batch, err := v.onRead(step, cursor); batch != nil || err != nil {
			if err != nil {
				return ports.VendorPage{}, err
			}
			return *batch, nil
		}
	}
	rows := v.rows
	if l := v.links[a.AccountRef]; l != nil {
		rows = slices.DeleteFunc(slices.Clone(l.rows), func(t domain.TransactionData) bool {
			return t.Account != step.Account
		})
	}
	from, _ := strconv.Atoi(cursor)
	to := min(from+2, len(rows))
	batch := ports.VendorPage{Transactions: domain.RawTransactionsOf(rows[min(from, to):to]...)}
	if v.reportTotal != nil {
		batch.Total = v.reportTotal()
	}
	if to < len(rows) {
		batch.Next = strconv.Itoa(to)
	}
	return batch, nil
}

// Parse parses the JSON form of a domain.WebhookEvent.
func (v *vendor) Parse(body []byte) (domain.WebhookEvent, error) {
	var event domain.WebhookEvent
	if json.Unmarshal(body, &event) != nil {
		return domain.WebhookEvent{}, domain.FieldError("body", "must be an event")
	}
	return event, nil
}

// eventBody returns the body of a webhook in the form that Parse accepts. The event has the given deduplication key and
// requests a pull of the given scope.
func eventBody(key string, scope domain.PullScope) string {
	text, _ := json.Marshal(domain.WebhookEvent{Name: "rows/changed", ID: key, DedupKey: key, WantsPull: true,
		Scope: scope})
	return string(text)
}

// connector is a fake connector for an engine connection. It requires a password and a host.
type connector struct {
	kind     domain.ConnectorType
	category domain.Category
}

func (c connector) Type() domain.ConnectorType { return c.kind }
func (c connector) Category() domain.Category  { return c.category }

func (c connector) Validate(
	_ context.Context, config json.RawMessage, credential domain.Credential,
) (json.RawMessage, error) {
	var fieldErrors []*domain.Error
	if !json.Valid(config) {
		fieldErrors = append(fieldErrors, domain.FieldError("config.host", "must not be empty"))
	}
	if credential.Part("password").IsZero() {
		fieldErrors = append(fieldErrors, domain.FieldError("credential.password", "must not be empty"))
	}
	return config, domain.Join(fieldErrors)
}

// Probe fails unless the password is "right", and with the transient failure that the configuration names, if any.
func (c connector) Probe(_ context.Context, config json.RawMessage, credential domain.Credential) (string, error) {
	var fault struct{ Fails domain.Code }
	if err := json.Unmarshal(config, &fault); err != nil {
		return "", err
	}
	switch {
	case fault.Fails != "":
		return "", &domain.Error{Kind: domain.Unavailable, Code: fault.Fails}
	case !credential.Part("password").Equal(domain.SecretText("right")):
		return "", rejected(domain.CredentialRejected)
	}
	return "1.0", nil
}
