package rest

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

const connectionsPath = prefix + "/aggregator-connections"

// descriptor is the representation of an aggregator connection in all responses.
type descriptor struct {
	ID         string `json:"id" doc:"Opaque" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01"`
	Vendor     string `json:"vendor" example:"pluggy" doc:"The aggregator"`
	ConfigName string `json:"configName" example:"pluggy-main" doc:"The name of the connection; unique among the live connections of the tenant"`
	BaseURL    string `json:"baseUrl" format:"uri" example:"https://api.pluggy.ai" doc:"The base URL of the vendor's API"`
	AccountRef string `json:"accountRef" example:"7d2f9c1e-0b5a-4c3d-8e6f-1a2b3c4d5e6f" doc:"The account reference at the vendor: an item id of Pluggy, a link id of Belvo, an Item id of Plaid"`

	ApplicationID string `json:"applicationId,omitempty" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The application whose credential it uses; absent if it has one of its own"`

	CreatedAt time.Time `json:"createdAt" example:"2026-03-01T10:00:00Z" doc:"When it was created"`
	UpdatedAt time.Time `json:"updatedAt" example:"2026-03-02T10:00:00Z" doc:"When it was last changed"`
}

// descriptorOf returns the representation of c. The representation has no fields for the sealed credential, the tenant
// and the revision.
func descriptorOf(c domain.Connection) descriptor {
	return descriptor{
		ID: c.ID.String(), Vendor: string(c.Vendor), ConfigName: c.Name, BaseURL: c.BaseURL,
		AccountRef: c.AccountRef, ApplicationID: idOrEmpty(c.ApplicationID), CreatedAt: utcOrZero(c.CreatedAt),
		UpdatedAt: utcOrZero(c.UpdatedAt),
	}
}

// newConnection is the request body that creates a connection.
type newConnection struct {
	Vendor     string        `json:"vendor" minLength:"1" example:"pluggy" doc:"The aggregator; cannot be changed"`
	ConfigName plainText     `json:"configName" minLength:"1" maxLength:"255" example:"pluggy-main" doc:"Unique among the tenant's live connections"`
	BaseURL    string        `json:"baseUrl,omitempty" requiredWithout:"applicationId" minLength:"1" maxLength:"2048" example:"https://api.pluggy.ai" doc:"Vendor API base URL. Required without applicationId"`
	AccountRef plainText     `json:"accountRef" minLength:"1" maxLength:"255" doc:"Opaque vendor account reference: Pluggy item id, Belvo link id, Plaid Item id" example:"7d2f9c1e-0b5a-4c3d-8e6f-1a2b3c4d5e6f"`
	ClientID   domain.Secret `json:"clientId,omitzero" requiredWithout:"applicationId" minLength:"1" maxLength:"4096" writeOnly:"true" doc:"Stored encrypted and never returned. Required without applicationId" example:"1f6c2a84-client"`
	Secret     domain.Secret `json:"secret,omitzero" requiredWithout:"applicationId" minLength:"1" maxLength:"4096" writeOnly:"true" doc:"Stored encrypted and never returned. Required without applicationId" example:"s3cr3t-of-the-vendor"`

	AccessToken domain.Secret `json:"accessToken,omitzero" minLength:"1" maxLength:"4096" writeOnly:"true" doc:"The access token of the Item at Plaid. Required for Plaid, and not accepted for other vendors. Stored encrypted and never returned" example:"access-sandbox-7c1b2a30-1f5e-4d0a-9b3e-2f4a6c8e0d12"`

	ApplicationID string `json:"applicationId,omitempty" minLength:"1" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"An application in place of baseUrl, clientId and secret"`
}

// connectionChange is the request body that replaces all fields that can be changed.
type connectionChange struct {
	ConfigName plainText     `json:"configName" minLength:"1" maxLength:"255" example:"pluggy-main" doc:"The name of the connection; unique among the live connections of the tenant"`
	BaseURL    string        `json:"baseUrl,omitempty" minLength:"1" maxLength:"2048" example:"https://api.pluggy.ai" doc:"The base URL of the vendor's API. Required unless the connection has an application, or gets one"`
	AccountRef plainText     `json:"accountRef" minLength:"1" maxLength:"255" example:"7d2f9c1e-0b5a-4c3d-8e6f-1a2b3c4d5e6f" doc:"The account reference at the vendor: an item id of Pluggy, a link id of Belvo, an Item id of Plaid"`
	ClientID   domain.Secret `json:"clientId,omitzero" minLength:"1" maxLength:"4096" writeOnly:"true" dependentRequired:"secret" doc:"Together with secret, rotates the credential; without both it is kept" example:"1f6c2a84-client"`
	Secret     domain.Secret `json:"secret,omitzero" minLength:"1" maxLength:"4096" writeOnly:"true" dependentRequired:"clientId" doc:"Together with clientId, rotates the credential; without both it is kept" example:"s3cr3t-of-the-vendor"`

	AccessToken domain.Secret `json:"accessToken,omitzero" minLength:"1" maxLength:"4096" writeOnly:"true" doc:"The new access token of the Item at Plaid. Required with another accountRef; otherwise it is kept without this member. Not accepted for other vendors" example:"access-sandbox-7c1b2a30-1f5e-4d0a-9b3e-2f4a6c8e0d12"`

	ApplicationID string `json:"applicationId,omitempty" minLength:"1" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"An application in place of baseUrl, clientId and secret. Without any of them, a connection of an application stays in it"`
}

// testRequest is the request body that identifies the connection to test.
type testRequest struct {
	Vendor     string    `json:"vendor" minLength:"1" example:"pluggy" doc:"The aggregator"`
	ConfigName plainText `json:"configName" minLength:"1" maxLength:"255" example:"pluggy-main" doc:"The name of the connection to test"`
}

// testOutcome is the result of a live test. If the connection is unhealthy, the request itself still succeeds.
type testOutcome struct {
	Vendor     string `json:"vendor" example:"pluggy" doc:"The aggregator"`
	ConfigName string `json:"configName" example:"pluggy-main" doc:"The name of the connection; unique among the live connections of the tenant"`
	Healthy    bool   `json:"healthy" example:"true" doc:"Whether the test succeeded, and data can arrive"`
	Reason     string `json:"reason,omitempty" doc:"Why it is unhealthy: credential_rejected, credential_unopened (the service has no key for it), account_not_found, access_denied (the vendor accepts the credential, but denies access), vendor_unreachable, vendor_rate_limited, address_not_allowed, vendor_refused; or, although the vendor has answered, reauth_required, consent_expired or consent_revoked: nothing can arrive until the account holder acts" example:"credential_rejected"`
	LatencyMs  int64  `json:"latencyMs" example:"184" doc:"How long the test took, in milliseconds"`
}

// healthView is the stored health of a connection. Reading it does not call the vendor.
type healthView struct {
	Health        string          `json:"health" enum:"unknown,healthy,unhealthy" example:"healthy" doc:"The result of the last contact with the vendor; unhealthy while nothing can arrive"`
	Reason        string          `json:"reason,omitempty" example:"credential_rejected" doc:"Why it is unhealthy; absent otherwise. reauth_required, consent_expired and consent_revoked come before any other reason: nothing can arrive until the account holder acts"`
	Since         time.Time       `json:"since,omitzero" example:"2026-03-01T10:00:00Z" doc:"When health or reason last changed; absent before the first contact"`
	NeedsReauth   bool            `json:"needsReauth" example:"false" doc:"Whether somebody must act before the vendor can read again: the account holder must sign in at the institution or, with the reason credential_rejected, an operator must enter another credential"`
	Paused        bool            `json:"paused" example:"false" doc:"Whether the connection is paused: webhooks are stored, and no request is sent to the vendor"`
	LastPullAt    time.Time       `json:"lastPullAt,omitzero" example:"2026-03-02T10:00:00Z" doc:"When the last succeeded pull ended; absent if there was none"`
	LastWebhookAt time.Time       `json:"lastWebhookAt,omitzero" example:"2026-03-02T10:00:00Z" doc:"When the last webhook was received; absent if there was none"`
	Warnings      []string        `json:"warnings,omitempty" enum:"mass_removal,account_shared,account_ambiguous,list_inconsistent,join_undone" doc:"Absent when there are none. mass_removal: most rows of an account are missing from a complete read, or were announced as deleted, and their removal waits (heldRemovals), or no account is listed any more (heldAccounts). account_shared: another live connection reads one of the same accounts, and each connection stores its own transactions. account_ambiguous: accounts cannot be told apart. Either the rows of a new account reference, or of an account that the vendor lists in place of another one, stay invisible until POST /accounts/{id}/continue says which account continues which; or an account of a new connection may continue one of a deleted connection (maybeContinues), and nothing waits. list_inconsistent: a list of the vendor contradicts itself in the same way for three attempts, for example with a row twice or a count that is never reached; its rows are stored, but it proves no removal. join_undone: the vendor returns both rows of transactions that somebody had joined; it ends when the pair is dismissed"`
	HeldRemovals  *int            `json:"heldRemovals,omitempty" minimum:"0" example:"31" doc:"How many transactions wait for their removal; absent without the warning mass_removal. Rows that a complete read did not return are removed when a complete read at least an hour later does not return them either. Rows that were announced as deleted are removed when a complete read does not return them. POST /accounts/{id}/removals/apply removes both. 0: only accounts wait (heldAccounts)"`
	HeldAccounts  int             `json:"heldAccounts,omitzero" minimum:"0" example:"2" doc:"How many accounts wait for their removal, because a complete read has returned no account at all; absent if none waits. Their transactions stay. They are removed when a complete read at least an hour later returns none either, or by POST /accounts/{id}/removals/apply"`
	Quarantined   int             `json:"quarantined" example:"0" doc:"Number of the vendor's rows that cannot be read and are in the quarantine; at most 1000"`
	Staged        int             `json:"staged" example:"0" doc:"Number of rows that wait to be shown: rows of a new account reference until the pull that reads it completely, or until somebody says which account continues which"`
	Attention     []attentionView `json:"attention,omitempty" doc:"Why the connection needs a person: what is severe first, then what has lasted longest. Absent when there is no reason"`
	Completeness  string          `json:"completeness" enum:"unknown,complete,drifting" example:"complete" doc:"Whether the transactions explain the balances of the accounts: drifting if any account drifts, otherwise complete if any account is complete"`
	Consent       consentView     `json:"consent" doc:"The consent of the account holder"`
	Webhook       webhookView     `json:"webhook" doc:"Whether the vendor's webhooks arrive"`
	Ambiguous     *ambiguousView  `json:"ambiguousAccounts,omitempty" doc:"The accounts of the warning account_ambiguous; absent without it"`
	BankReadAt    time.Time       `json:"bankReadAt,omitzero" example:"2026-03-02T09:30:00Z" doc:"When the vendor last read the bank, for the live account for which that was longest ago; absent if it is not known"`

	AwaitingApprovalSince time.Time `json:"awaitingApprovalSince,omitzero" example:"2026-03-01T09:30:00Z" doc:"Since when an account waits at the bank for the approval of another person, or the vendor for the authorisation of a device; absent if nothing waits. Nobody needs to sign in again meanwhile. A device that is not authorised within 24 hours makes the connection unhealthy (reauth_required)"`

	Institution *institutionView `json:"institution,omitempty" doc:"The bank; absent if the vendor does not state it"`

	ThisMonth usageView `json:"thisMonth" doc:"What the service itself has caused at the institution in the current month (UTC)"`
}

// ambiguousView lists the accounts of a connection that the service cannot match: the former accounts, and the
// accounts of the new account reference.
type ambiguousView struct {
	AccountIDs  []string `json:"accountIds" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The ids of the former accounts, also of accounts of deleted connections"`
	ExternalIDs []string `json:"externalIds" example:"7b0a1a4e-4b0d-4c39-93c9-5f2f4ef1f1f1" doc:"The vendor's ids of the accounts that may continue them. POST /accounts/{id}/continue accepts them"`
}

// ambiguousOf returns the representation of the accounts that cannot be told apart. It returns nil if the connection
// does not have the warning.
func ambiguousOf(f *domain.ConnectionFacts, attention []domain.Attention) *ambiguousView {
	if !slices.ContainsFunc(
		attention,
		func(a domain.Attention) bool { return a.Reason == domain.NeedsAccountContinued },
	) {
		return nil
	}
	v := &ambiguousView{AccountIDs: []string{}, ExternalIDs: []string{}}
	if !f.Ambiguity.Since.IsZero() {
		v.add(f.Ambiguity.Before, f.Ambiguity.After)
	}
	v.add(f.MaybeBefore, f.MaybeAfter)
	return v
}

// add adds accounts, each of them once.
func (v *ambiguousView) add(before []domain.AccountID, after []string) {
	for _, id := range before {
		if !slices.Contains(v.AccountIDs, id.String()) {
			v.AccountIDs = append(v.AccountIDs, id.String())
		}
	}
	for _, externalID := range after {
		if !slices.Contains(v.ExternalIDs, externalID) {
			v.ExternalIDs = append(v.ExternalIDs, externalID)
		}
	}
}

// usageView counts the refreshes and the complete pulls of a connection in a month.
type usageView struct {
	Refreshes int `json:"refreshes" example:"3" doc:"Number of refreshes that the vendor has accepted"`
	Pulls     int `json:"pulls" example:"41" doc:"Number of complete pulls that have succeeded: pulls that read everything that the vendor has"`
}

// consentView is the state of the account holder's consent.
type consentView struct {
	State     string    `json:"state" enum:"unknown,active,expiring,expired,revoked" example:"active" doc:"The state at the time of the request. expiring: within 30 days. revoked lasts until the vendor shows a newer consent"`
	ExpiresAt time.Time `json:"expiresAt,omitzero" example:"2026-12-26T10:45:58Z" doc:"When the consent expires; absent if the vendor has not reported it"`
}

// webhookView reports whether the webhooks of a connection arrive.
type webhookView struct {
	State      string    `json:"state" enum:"unknown,active,silent" example:"active" doc:"silent: the vendor's scheduled synchronisation was more than WEBHOOK_SILENCE_GRACE ago, and no webhook has followed it. unknown: the vendor does not report when it synchronises, no webhook has arrived yet, or the connection has no webhook token. A paused connection is never silent"`
	LastAt     time.Time `json:"lastAt,omitzero" example:"2026-03-02T10:00:00Z" doc:"When the last webhook was received; absent if there was none"`
	ExpectedBy time.Time `json:"expectedBy,omitzero" example:"2026-03-03T12:00:00Z" doc:"The time by which the next webhook is expected: the vendor's next synchronisation plus WEBHOOK_SILENCE_GRACE; absent if none is expected"`
}

// attentionView is a reason why a person should look at a connection. Clients must accept reasons that they do not
// know.
type attentionView struct {
	Reason   string    `json:"reason" example:"consent_expiring" doc:"now: reauth, credential_rejected, credential_unopened (the service has no key for the credential), account_not_found, consent_expired, consent_revoked, pull_failed, drifting, mass_removal, silent, stale (the vendor has not read the bank for too long; soon if it reads only on demand), account_ambiguous (soon if no row waits for the decision). soon: consent_expiring, awaiting_approval (an account waits at the bank for the approval of another person, or a device for its authorisation; for 30 days, see awaitingApprovalSince), quarantined, account_shared, list_inconsistent (a list of the vendor contradicts itself), suggestions (transactions may be one movement), join_undone, statement_differs (the newest comparison with a bank statement). A reason that a more exact one explains is left out. Later versions may add reasons"`
	Severity string    `json:"severity" enum:"now,soon" example:"soon" doc:"now: data is missing or wrong. soon: data arrives, but a person should look"`
	Since    time.Time `json:"since" example:"2026-03-01T10:00:00Z" doc:"When the reason began"`
}

func attentionOf(reasons []domain.Attention) []attentionView {
	var views []attentionView
	for _, a := range reasons {
		views = append(views, attentionView{string(a.Reason), string(a.Severity), utcOrZero(a.Since)})
	}
	return views
}

// addedRowsView is the number of new transactions on one day.
type addedRowsView struct {
	Date  string `json:"date" format:"date" example:"2026-03-01" doc:"The day (UTC) on which the pulls ended"`
	Count int    `json:"count" example:"12" doc:"Number of transactions that the pulls have added"`
}

// connectionSummary is the response body with the number of connections, in total and for each reason why a person
// should look at a connection.
type connectionSummary struct {
	Connections int            `json:"connections" example:"41" doc:"Number of live connections"`
	Healthy     int            `json:"healthy" example:"38" doc:"Number of connections whose last contact with the vendor succeeded"`
	Needy       int            `json:"needy" example:"3" doc:"Number of connections with at least one reason"`
	Attention   map[string]int `json:"attention" example:"{\"reauth\":2,\"quarantined\":1}" doc:"Number of connections for each reason that occurs; see the reasons of the health list"`
	Quarantined int            `json:"quarantined" example:"4" doc:"Number of rows in all quarantines"`
	Drifting    int            `json:"drifting" example:"0" doc:"Number of connections with an account that drifts"`
}

// connectionHealthItem is an item of the health list: a connection with its stored health.
type connectionHealthItem struct {
	ConnectionID string `json:"connectionId" example:"019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a01" doc:"The id of the connection"`
	Vendor       string `json:"vendor" example:"pluggy" doc:"The aggregator"`
	ConfigName   string `json:"configName" example:"pluggy-main" doc:"The name of the connection; unique among the live connections of the tenant"`
	healthView
	RowsByDay []addedRowsView `json:"rowsByDay" doc:"The new transactions of the last 14 days, the oldest day first"`
}

// healthOf returns the representation of h.
func healthOf(h ports.ConnectionHealth) healthView {
	f := &h.Facts
	var held *int
	if slices.Contains(h.Warnings, domain.Warning(domain.NeedsRemovalConfirmed)) {
		held = new(f.Unremoved())
	}
	return healthView{
		Health:        string(h.Health.StatusOrUnknown()),
		Reason:        string(h.Health.Reason),
		Since:         utcOrZero(h.Health.Since),
		NeedsReauth:   f.Health.NeedsReauth,
		Paused:        f.Paused,
		LastPullAt:    utcOrZero(f.LastPullAt),
		LastWebhookAt: utcOrZero(f.LastWebhookAt),
		Warnings:      warningCodes(h.Warnings),
		HeldRemovals:  held,
		HeldAccounts:  f.HeldAccounts,
		Quarantined:   f.Quarantined,
		Staged:        f.Staged,
		Attention:     attentionOf(h.Attention),
		Completeness:  string(h.Completeness),
		Consent:       consentView{string(h.Consent.State), utcOrZero(h.Consent.ExpiresAt)},
		Webhook: webhookView{
			string(h.Webhook.State), utcOrZero(h.Webhook.LastAt), utcOrZero(h.Webhook.ExpectedBy),
		},
		Ambiguous: ambiguousOf(f, h.Attention), BankReadAt: utcOrZero(f.BankReadAt),
		Institution: institutionOf(f.Bank.Institution),
		ThisMonth:   usageView{h.ThisMonth.Refreshes, h.ThisMonth.Pulls},

		AwaitingApprovalSince: utcOrZero(f.Health.AwaitsApprovalSince()),
	}
}

// connectionRoutes returns the routes of aggregator connections.
func (s *server) connectionRoutes() []route {
	const tag, one = "Aggregator connections", connectionsPath + "/{id}"
	return []route{
		{
			id: "create-connection", method: http.MethodPost, path: connectionsPath,
			description: "Stores a connection with its credential, encrypted. The host of baseUrl must not resolve " +
				"to an address that the egress rules forbid. applicationId replaces baseUrl, clientId and secret: " +
				"the connection then uses the credential of the application. The vendor is not called.",
			status: http.StatusCreated, tag: tag, summary: "Create a connection",
			scope: scopeWrite, notFound: applicationNotFound, conflict: true, idempotent: true, addressField: "baseUrl",
			mount: handle(s.createConnection),
		},
		{
			id: "list-connections", method: http.MethodGet, path: connectionsPath,
			description: "Returns the live connections of the tenant, also filtered by health and by the expiry " +
				"of the consent.",
			status: http.StatusOK, tag: tag, summary: "List connections, ordered by config name",
			scope: scopeRead,
			mount: handle(s.listConnections),
		},
		{
			id: "get-connection", method: http.MethodGet, path: one,
			description: "Returns one connection. Its credential is never returned.",
			status:      http.StatusOK, tag: tag, summary: "Get a connection",
			scope: scopeRead, notFound: connectionNotFound,
			mount: handle(s.getConnection),
		},
		{
			id: "update-connection", method: http.MethodPut, path: one,
			description: "Replaces all fields that can be changed. clientId and secret are either both sent, which " +
				"rotates the credential, or both omitted, which keeps it. With applicationId in place of baseUrl, " +
				"clientId and secret, the connection uses the credential of the application from now on. If-Match " +
				"prevents lost updates.",
			status: http.StatusOK, tag: tag,
			summary: "Replace a connection: rename it, change its target or rotate its credential",
			scope:   scopeWrite, notFound: connectionNotFound, conflict: true, ifMatch: true, idempotent: true,
			addressField: "baseUrl", keepsAddress: true,
			mount: handle(s.updateConnection),
		},
		{
			id:     "delete-connection",
			method: http.MethodDelete,
			path:   one,
			description: "Deletes the connection and frees its name. A webhook token that is registered at the " +
				"vendor moves to another live connection of the same application, any other token to one of the " +
				"same vendor and origin. If there is none, or if the vendor registers one account reference only, " +
				"the token is revoked. The transactions stay in the change feed and in the search.",
			status:   http.StatusNoContent,
			tag:      tag,
			summary:  "Soft-delete a connection",
			scope:    scopeWrite,
			notFound: connectionNotFound,
			ifMatch:  true,
			mount:    handle(s.deleteConnection),
		},
		{
			id: "test-connection", method: http.MethodPost, path: connectionsPath + "/test",
			description: "Authenticates at the vendor with the stored credential and reads the account reference. " +
				"The response is a 200 whatever the outcome of the live call; healthy and reason describe the " +
				"outcome. A paused connection is not tested: the response is a 409.",
			status: http.StatusOK, tag: tag, summary: "Test a connection against its vendor",
			scope: scopeWrite, notFound: connectionNotFound, conflict: true,
			mount: handle(s.testConnection),
		},
	}
}

// connectionHealthRoutes returns the routes of the stored health of aggregator connections.
func (s *server) connectionHealthRoutes() []route {
	const tag = "Aggregator connections"
	return []route{
		{
			id: "get-connection-health", method: http.MethodGet, path: connectionsPath + "/{id}/health",
			description: "Returns what the service knows from tests, pulls and events. The vendor is not called.",
			status:      http.StatusOK, tag: tag, summary: "Get the stored health of a connection",
			scope: scopeRead, notFound: connectionNotFound,
			mount: handle(s.connectionHealth),
		},
		{
			id: "list-connection-health", method: http.MethodGet, path: connectionsPath + "/health",
			description: "Returns the health of each live connection of the tenant, ordered by config name. With " +
				"attention=true, only the connections that need a person are returned, the most urgent one first. " +
				"The vendors are not called.",
			status: http.StatusOK, tag: tag, summary: "List the health of all connections",
			scope: scopeRead,
			mount: handle(s.listConnectionHealth),
		},
		{
			id: "summarize-connections", method: http.MethodGet, path: connectionsPath + "/summary",
			description: "Returns how many live connections the tenant has, and how many of them need a person, for " +
				"each reason. One query computes it, however many connections there are. The vendors are not called.",
			status: http.StatusOK, tag: tag, summary: "Count the connections by what they need",
			scope: scopeRead,
			mount: handle(s.summarizeConnections),
		},
	}
}

// createConnection creates a connection. The response contains no part of the credential.
func (s *server) createConnection(
	ctx context.Context, tenant domain.TenantID, in *struct{ Body newConnection },
) (*createdOutput[descriptor], error) {
	application, err := applicationIn(in.Body.ApplicationID)
	if err != nil {
		return nil, err
	}
	c, err := s.service.CreateConnection(ctx, tenant, ports.NewConnection{
		Vendor: in.Body.Vendor, Name: string(in.Body.ConfigName), BaseURL: in.Body.BaseURL,
		AccountRef: string(in.Body.AccountRef), ClientID: in.Body.ClientID, Secret: in.Body.Secret,
		AccessToken: in.Body.AccessToken, Application: application,
	})
	if err != nil {
		return nil, err
	}
	return &createdOutput[descriptor]{connectionsPath + "/" + c.ID.String(), etag(c.Revision), descriptorOf(c)}, nil
}

// listConnections returns a page of the tenant's live connections.
func (s *server) listConnections(ctx context.Context, tenant domain.TenantID, in *struct {
	Health               string                 `query:"health" enum:"unknown,healthy,unhealthy" doc:"Only connections in this state"`
	ConsentExpiresBefore dayParam               `query:"consentExpiresBefore" format:"date" doc:"Only connections whose consent expires, or has expired, before this day (UTC). Connections without a known expiry are left out"`
	Institution          institutionParam       `query:"institution" minLength:"3" maxLength:"1024" doc:"Only connections of this bank: the vendor, a colon, and the vendor's id of the institution" example:"pluggy:201"`
	Limit                int                    `query:"limit" minimum:"1" maximum:"200" default:"20" doc:"The maximum number of items on the page"`
	Cursor               cursor[connectionList] `query:"cursor" doc:"nextCursor of the previous page"`
},
) (*listOutput[descriptor], error) {
	filter := ports.ConnectionFilter{
		Health: domain.HealthStatus(in.Health), ConsentExpiresBefore: in.ConsentExpiresBefore.Time,
		Institution: in.Institution.InstitutionKey,
	}
	p, err := s.service.ListConnections(ctx, tenant, filter, in.Cursor.pageRequest(in.Limit))
	if err != nil {
		return nil, err
	}
	return pageOf[connectionList](p, in.Limit, descriptorOf), nil
}

// getConnection returns a connection with its entity tag. The caller can send this tag in If-Match.
func (s *server) getConnection(
	ctx context.Context, tenant domain.TenantID, in *idInput[domain.Connection],
) (*taggedOutput[descriptor], error) {
	c, err := s.service.GetConnection(ctx, tenant, in.ID.ID)
	if err != nil {
		return nil, err
	}
	return &taggedOutput[descriptor]{etag(c.Revision), descriptorOf(c)}, nil
}

// updateConnection replaces all fields that can be changed, in one atomic change. If the body has no credential, the
// stored credential remains unchanged.
func (s *server) updateConnection(ctx context.Context, tenant domain.TenantID, in *struct {
	ID      pathID[domain.Connection] `path:"id" doc:"Opaque"`
	IfMatch ifMatchHeader             `header:"If-Match" doc:"Entity tags of the revisions that may be changed"`
	Body    connectionChange
},
) (*taggedOutput[descriptor], error) {
	application, err := applicationIn(in.Body.ApplicationID)
	if err != nil {
		return nil, err
	}
	c, err := s.service.UpdateConnection(ctx, tenant, in.ID.ID, in.IfMatch.IfMatch, ports.ConnectionUpdate{
		Name: string(in.Body.ConfigName), BaseURL: in.Body.BaseURL, AccountRef: string(in.Body.AccountRef),
		ClientID: in.Body.ClientID, Secret: in.Body.Secret, AccessToken: in.Body.AccessToken,
		Application: application,
	})
	if err != nil {
		return nil, err
	}
	return &taggedOutput[descriptor]{etag(c.Revision), descriptorOf(c)}, nil
}

// deleteConnection soft-deletes a connection. A second deletion responds with 404.
func (s *server) deleteConnection(
	ctx context.Context, tenant domain.TenantID, in *conditionalInput[domain.Connection],
) (*noContent, error) {
	return nil, s.service.DeleteConnection(ctx, tenant, in.ID.ID, in.IfMatch.IfMatch)
}

// testConnection tests a connection at its vendor. The response has status 200 regardless of the vendor's response.
func (s *server) testConnection(
	ctx context.Context, tenant domain.TenantID, in *struct{ Body testRequest },
) (*bodyOutput[testOutcome], error) {
	result, err := s.service.TestConnection(ctx, tenant, in.Body.Vendor, string(in.Body.ConfigName))
	if err != nil {
		return nil, err
	}
	return &bodyOutput[testOutcome]{testOutcome{
		Vendor: string(result.Vendor), ConfigName: result.Name, Healthy: result.Healthy,
		Reason: string(result.Reason), LatencyMs: result.Latency.Milliseconds(),
	}}, nil
}

// connectionHealth returns the stored health of a connection. It calls no vendor.
func (s *server) connectionHealth(
	ctx context.Context, tenant domain.TenantID, in *idInput[domain.Connection],
) (*bodyOutput[healthView], error) {
	h, err := s.service.ConnectionHealth(ctx, tenant, in.ID.ID)
	if err != nil {
		return nil, err
	}
	return &bodyOutput[healthView]{healthOf(h)}, nil
}

// listConnectionHealth returns a page of the tenant's live connections with their stored health.
func (s *server) listConnectionHealth(ctx context.Context, tenant domain.TenantID, in *struct {
	Health               string           `query:"health" enum:"unknown,healthy,unhealthy" doc:"Only connections in this state"`
	ConsentExpiresBefore dayParam         `query:"consentExpiresBefore" format:"date" doc:"Only connections whose consent expires, or has expired, before this day (UTC). Connections without a known expiry are left out"`
	Attention            string           `query:"attention" enum:"true,false" doc:"true: only connections that need a person, the most urgent one first. Use the cursors of this list only with the same value"`
	Name                 plainText        `query:"q" maxLength:"255" doc:"Only connections whose config name contains this text; case and accents are ignored"`
	Institution          institutionParam `query:"institution" minLength:"3" maxLength:"1024" doc:"Only connections of this bank: the vendor, a colon, and the vendor's id of the institution" example:"pluggy:201"`
	Limit                int              `query:"limit" minimum:"1" maximum:"200" default:"20" doc:"The maximum number of items on the page"`
	Cursor               healthCursor     `query:"cursor" doc:"nextCursor of the previous page"`
},
) (*listOutput[connectionHealthItem], error) {
	filter := ports.HealthFilter{
		ConnectionFilter: ports.ConnectionFilter{
			Health: domain.HealthStatus(in.Health), ConsentExpiresBefore: in.ConsentExpiresBefore.Time,
			Institution: in.Institution.InstitutionKey,
		},
		Attention: in.Attention == "true", Name: string(in.Name),
	}
	if err := in.Cursor.check(filter.Attention); err != nil {
		return nil, err
	}
	p, err := s.service.ListConnectionHealth(ctx, tenant, filter, in.Cursor.pageRequest(in.Limit))
	switch {
	case err != nil:
		return nil, err
	case filter.Attention:
		return pageOf[urgentHealthList](p, in.Limit, healthItemOf), nil
	}
	return pageOf[healthList](p, in.Limit, healthItemOf), nil
}

func healthItemOf(c ports.ConnectionStatus) connectionHealthItem {
	return connectionHealthItem{
		ConnectionID: c.Facts.ID.String(), Vendor: string(c.Facts.Vendor), ConfigName: c.Facts.Name,
		healthView: healthOf(c.ConnectionHealth),
		RowsByDay: mapItems(c.Added[:], func(a ports.AddedRows) addedRowsView {
			return addedRowsView{string(a.Date), a.Count}
		}),
	}
}

// summarizeConnections counts the tenant's live connections, in total and for each reason why a person should look at
// a connection.
func (s *server) summarizeConnections(
	ctx context.Context, tenant domain.TenantID, _ *struct{},
) (*bodyOutput[connectionSummary], error) {
	summary, err := s.service.SummarizeConnections(ctx, tenant)
	if err != nil {
		return nil, err
	}
	return &bodyOutput[connectionSummary]{connectionSummary{
		Connections: summary.Connections, Healthy: summary.Healthy, Needy: summary.Needy,
		Attention: reasonCounts(summary.Reasons), Quarantined: summary.Quarantined, Drifting: summary.Drifting,
	}}, nil
}
