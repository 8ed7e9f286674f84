package rest

import (
	"context"
	"net/http"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/events"
	"github.com/LerianStudio/aggregator-connections/domain/lerianmatcher"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// conflictView is the representation of a conflict: a change of a transaction that Matcher, the reconciliation
// engine, has not accepted.
type conflictView struct {
	TransactionID string         `json:"transactionId" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The id of the transaction in this service"`
	Version       int            `json:"version" minimum:"1" example:"2" doc:"The version of the transaction that Matcher does not have; for removed, the last version that Matcher has"`
	Change        string         `json:"change" enum:"added,modified,removed" example:"modified" doc:"What could not be done in Matcher"`
	MatcherID     string         `json:"matcherId,omitempty" example:"6f1c2d3e-4b5a-4c6d-8e7f-9a0b1c2d3e4f" doc:"The id of the last imported transaction in Matcher; absent if there is none"`
	Reason        string         `json:"reason" enum:"matched,refused" example:"matched" doc:"matched: the transaction in Matcher is matched or pending review, so it cannot be ignored. refused: Matcher does not accept the row"`
	Since         time.Time      `json:"since" example:"2026-03-02T10:00:00Z" doc:"When the conflict began"`
	Ours          *matcherOurs   `json:"ours,omitempty" doc:"What Matcher should have; absent if it should have nothing"`
	Theirs        *matcherTheirs `json:"theirs,omitempty" doc:"What Matcher has; absent if it has nothing"`
}

// matcherOurs is the representation of a stored transaction in the form in which it is imported into Matcher.
type matcherOurs struct {
	ExternalID   string `json:"externalId" example:"E00000000202603011200abcdef12345.2" doc:"The external id of the import"`
	Amount       string `json:"amount" example:"-212.45" doc:"Signed decimal: money in is positive, money out negative"`
	Currency     string `json:"currency" example:"BRL" doc:"ISO 4217"`
	Date         string `json:"date" format:"date" example:"2026-03-01" doc:"The day of the transaction"`
	Description  string `json:"description,omitempty" example:"PIX MARIA SILVA" doc:"The description; absent if there is none"`
	Reference    string `json:"reference,omitempty" example:"E00000000202603011200abcdef12345" doc:"The main reference; absent if there is none"`
	Counterparty string `json:"counterparty,omitempty" example:"MARIA SILVA" doc:"The counterparty; absent if there is none"`
}

// matcherTheirs is the representation of a transaction in Matcher.
type matcherTheirs struct {
	ExternalID  string `json:"externalId" example:"E00000000202603011200abcdef12345" doc:"The external id of the transaction"`
	Status      string `json:"status" example:"MATCHED" doc:"The status in Matcher, such as MATCHED or PENDING_REVIEW"`
	Amount      string `json:"amount" example:"-210" doc:"Signed decimal"`
	Currency    string `json:"currency" example:"BRL" doc:"ISO 4217"`
	Date        string `json:"date" format:"date" example:"2026-03-01" doc:"The day of the transaction"`
	Description string `json:"description,omitempty" example:"PIX MARIA SILVA" doc:"The description; absent if there is none"`
}

func conflictOf(e lerianmatcher.Entry) conflictView {
	v := conflictView{TransactionID: e.Record.String(), MatcherID: e.MatcherID}
	c := e.Conflict
	if c == nil {
		return v
	}
	v.Version, v.Change, v.Reason, v.Since = c.Version, string(c.Change), string(c.Reason), utcOrZero(c.Since)
	if o := c.Ours; o != nil {
		v.Ours = &matcherOurs{
			ExternalID: o.ExternalID, Amount: o.Amount.String(), Currency: o.Currency, Date: string(o.Date),
			Description: o.Description, Reference: o.Reference, Counterparty: o.Counterparty,
		}
	}
	if t := c.Theirs; t != nil {
		v.Theirs = &matcherTheirs{
			ExternalID: t.ExternalID, Status: string(t.Status), Amount: t.Amount.String(), Currency: t.Currency,
			Date: string(t.Date), Description: t.Description,
		}
	}
	return v
}

// unmappedView is the representation of an account whose records are not sent to Matcher.
type unmappedView struct {
	AccountID    string `json:"accountId" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The id of the account"`
	ConnectionID string `json:"connectionId" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The id of its connection"`
	Reason       string `json:"reason" enum:"no_source,account_shared" example:"no_source" doc:"no_source: the subscription has no source for the account. account_shared: an older connection has the account, too, and its records are sent through that one only"`
	Type         string `json:"type" example:"checking" doc:"The type of the account"`
	Name         string `json:"name,omitempty" example:"Conta corrente" doc:"The name of the account; absent if there is none"`
	Number       string `json:"number,omitempty" example:"0001/12345-6" doc:"The number of the account; absent if there is none"`
	Currency     string `json:"currency,omitempty" example:"BRL" doc:"ISO 4217; absent if it is not known"`
}

func unmappedOf(a ports.UnmappedAccount) unmappedView {
	reason := "no_source"
	if a.Shared {
		reason = "account_shared"
	}
	return unmappedView{
		AccountID: a.Account.String(), ConnectionID: a.Connection.String(), Reason: reason, Type: a.Type, Name: a.Name,
		Number: a.Number, Currency: a.Currency,
	}
}

// matcherRoutes returns the routes about subscriptions that send records to Matcher, the reconciliation engine: their
// conflicts, and the accounts whose records they do not send. The parameter one is the path of a single subscription.
func (s *server) matcherRoutes(tag, one string) []route {
	return []route{
		{
			id: "list-matcher-conflicts", method: http.MethodGet, path: one + "/conflicts",
			description: "Returns the transactions of a subscription to Matcher that are different there, because " +
				"Matcher has matched them already or does not accept them. A conflict is tried again when the " +
				"transaction changes, and every 24 hours. The response is a 409 if the sink is not Matcher.",
			status: http.StatusOK, tag: tag, summary: "List the conflicts with Matcher, newest first",
			scope: scopeRead, notFound: subscriptionNotFound, conflict: true, mount: handle(s.listMatcherConflicts),
		},
		{
			id: "retry-matcher-conflict", method: http.MethodPost, path: one + "/conflicts/{transactionId}/retry",
			description: "Tries to end a conflict within a few seconds: for example after the match in Matcher was " +
				"undone. The response is a 404 if the transaction has no conflict.",
			status: http.StatusAccepted, tag: tag, summary: "Retry a conflict with Matcher",
			scope: scopeWrite, notFound: conflictNotFound, conflict: true, idempotent: true, noBody: true,
			mount: handle(s.retryMatcherConflict),
		},
		{
			id: "list-unmapped-accounts", method: http.MethodGet, path: one + "/unmapped",
			description: "Returns the accounts whose records a subscription does not send to Matcher: accounts " +
				"without a source, and accounts that an older connection has, too. The response is a 409 if the sink " +
				"is not Matcher.",
			status: http.StatusOK, tag: tag, summary: "List the accounts that are not sent to Matcher",
			scope: scopeRead, notFound: subscriptionNotFound, conflict: true, mount: handle(s.listUnmappedAccounts),
		},
	}
}

// listMatcherConflicts returns a page of the conflicts of a subscription: changes that Matcher has not accepted.
func (s *server) listMatcherConflicts(ctx context.Context, tenant domain.TenantID, in *struct {
	ID     pathID[events.Subscription] `path:"id" doc:"Opaque"`
	Limit  int                         `query:"limit" minimum:"1" maximum:"200" default:"20" doc:"The maximum number of items on the page"`
	Cursor cursor[conflictList]        `query:"cursor" doc:"nextCursor of the previous page"`
},
) (*listOutput[conflictView], error) {
	p, err := s.service.ListMatcherConflicts(ctx, tenant, in.ID.ID, in.Cursor.pageRequest(in.Limit))
	if err != nil {
		return nil, err
	}
	return pageOf[conflictList](p, in.Limit, conflictOf), nil
}

// retryMatcherConflict makes the change of a conflict due for another attempt now, and returns the conflict.
func (s *server) retryMatcherConflict(ctx context.Context, tenant domain.TenantID, in *struct {
	ID            pathID[events.Subscription] `path:"id" doc:"Opaque"`
	TransactionID pathID[domain.Transaction]  `path:"transactionId" doc:"Opaque"`
},
) (*bodyOutput[conflictView], error) {
	e, err := s.service.RetryMatcherConflict(ctx, tenant, in.ID.ID, in.TransactionID.ID)
	if err != nil {
		return nil, err
	}
	return &bodyOutput[conflictView]{conflictOf(e)}, nil
}

// listUnmappedAccounts returns a page of the accounts whose records a subscription does not send to Matcher.
func (s *server) listUnmappedAccounts(ctx context.Context, tenant domain.TenantID, in *struct {
	ID     pathID[events.Subscription] `path:"id" doc:"Opaque"`
	Limit  int                         `query:"limit" minimum:"1" maximum:"200" default:"20" doc:"The maximum number of items on the page"`
	Cursor cursor[unmappedList]        `query:"cursor" doc:"nextCursor of the previous page"`
},
) (*listOutput[unmappedView], error) {
	p, err := s.service.ListUnmappedAccounts(ctx, tenant, in.ID.ID, in.Cursor.pageRequest(in.Limit))
	if err != nil {
		return nil, err
	}
	return pageOf[unmappedList](p, in.Limit, unmappedOf), nil
}
