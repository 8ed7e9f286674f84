package domain

import (
	"slices"
	"time"
)

// AttentionReason is a reason why a connection needs a person.
type AttentionReason string

// The reasons. Their severities are in attentionRules.
const (
	NeedsReauth             AttentionReason = "reauth" // the account holder must sign in again
	NeedsCredential         AttentionReason = "credential_rejected"
	NeedsSealingKey         AttentionReason = "credential_unopened" // the service has no key for the credential
	NeedsAccountRef         AttentionReason = "account_not_found"
	NeedsConsent            AttentionReason = "consent_expired"
	NeedsRevokedConsent     AttentionReason = "consent_revoked"
	NeedsPull               AttentionReason = "pull_failed" // a pull has failed for good
	NeedsDriftExplained     AttentionReason = "drifting"    // the records do not explain a balance
	NeedsRemovalConfirmed   AttentionReason = "mass_removal"
	NeedsWebhook            AttentionReason = "silent" // an expected webhook is missing
	NeedsBankRead           AttentionReason = "stale"  // the bank was not read for too long
	NeedsConsentRenewal     AttentionReason = "consent_expiring"
	NeedsApproval           AttentionReason = "awaiting_approval" // see Health.AwaitsApprovalSince
	NeedsQuarantineReviewed AttentionReason = "quarantined"
	NeedsAccountUnshared    AttentionReason = "account_shared"    // another live connection reads an account
	NeedsAccountContinued   AttentionReason = "account_ambiguous" // see AccountAmbiguity
	NeedsConsistentList     AttentionReason = "list_inconsistent" // the vendor's list contradicts itself
	NeedsPairsDecided       AttentionReason = "suggestions"       // transactions may be one movement
	NeedsJoinsReviewed      AttentionReason = "join_undone"       // the vendor returns both rows of joined transactions
	NeedsStatementExplained AttentionReason = "statement_differs" // the records differ from a statement of the bank
)

// StopsReading reports whether the reason can be why nothing arrives from the bank.
func (r AttentionReason) StopsReading() bool {
	return slices.Contains([]AttentionReason{
		NeedsReauth, NeedsCredential, NeedsSealingKey, NeedsAccountRef, NeedsConsent, NeedsRevokedConsent, NeedsPull,
		NeedsBankRead,
	}, r)
}

// Severity states how urgent an AttentionReason is.
type Severity string

// The severities.
const (
	SeverityNow  Severity = "now"  // data is missing or wrong
	SeveritySoon Severity = "soon" // data arrives, but a person should look
)

// Attention is a reason why a connection needs a person, and the time since which it has needed one.
type Attention struct {
	Reason   AttentionReason
	Severity Severity
	Since    time.Time
}

// AttentionGrace contains how long a problem must last before it is listed as a reason for attention.
type AttentionGrace struct {
	Drift   time.Duration // how long an account must drift
	Silence time.Duration // the time between a synchronisation of the vendor and the deadline for its webhook
	Stale   time.Duration // how old the last reading of the bank may be; 0 means any age
}

// ConnectionFacts contains the stored facts about a connection, from which its health, its warnings and its reasons for
// attention are derived. Members of Health, Consent and Webhook on which none of them depends may be zero.
type ConnectionFacts struct {
	ID      ConnectionID
	Vendor  Vendor
	Name    string
	Health  Health
	Consent Consent
	Webhook WebhookWatch
	// Webhooks contains facts about the webhooks of the connection:
	//
	//   - HasToken is set if the connection has a live token, or if a live token belongs to the connection's
	//     application.
	//   - Heard is set if a webhook about the connection was received at or after Webhook.MissedAt. Webhooks that were
	//     stored as DeliveryIgnored do not count. Heard is false if MissedAt is zero.
	Webhooks  Evidence
	Paused    bool
	UpdatedAt time.Time // when an operator last changed the connection
	Usage     MonthlyUsage
	Bank      BankFacts
	// BankReadAt is when the bank was last read for the live account for which that was longest ago; zero if it is not
	// known for any account.
	BankReadAt time.Time
	// InconsistentSince is since when the vendor's lists contradict themselves; zero if they do not.
	InconsistentSince time.Time
	StaleAnnounced    bool // an event has reported that the connection is stale, and no event has reported the end
	// Quarantined is the number of rows in the quarantine. QuarantinedSince is when the oldest of them was first seen;
	// zero if there is none.
	Quarantined      int
	QuarantinedSince time.Time
	// RemovalsHeldAt is since when removals of stored rows are held back, because they are part of a mass removal (see
	// AbsenceRead and AnnouncedSum); zero if none are. Rows of a new account reference are in Ambiguity.
	RemovalsHeldAt time.Time
	DriftSince     time.Time // start of the oldest drift of a live account, bills left out; zero if there is none
	AnyDriftSince  time.Time // like DriftSince, with the bills of cards
	// SharedSince is when an account of the connection became shared: when the last of the live connections with this
	// account first read it. If several accounts are shared, it is the earliest of these times. It is zero if no
	// account is shared.
	SharedSince time.Time
	Ambiguity   AccountAmbiguity // the connection's accounts that cannot be told apart
	// MaybeSince is when the newest account with Account.MaybeContinues was stored; zero if there is none. MaybeBefore
	// contains the accounts that such accounts may continue, and MaybeAfter the external ids of such accounts.
	MaybeSince  time.Time
	MaybeBefore []AccountID
	MaybeAfter  []string
	// SuggestedSince is when the oldest open suggestion was made. JoinUndoneSince is when the oldest join that nobody
	// has reviewed was undone. Each is zero if there is none.
	SuggestedSince, JoinUndoneSince time.Time
	// StatementSince is since when the newest comparison of a covered day says that a bank statement differs, and
	// nobody has accepted it; zero if none does.
	StatementSince time.Time
	ConnectionActivity
}

// ConnectionActivity contains the facts about a connection on which no reason for attention depends. They are read only
// for connections that are selected by their ids.
type ConnectionActivity struct {
	LastPullAt    time.Time // when the last succeeded pull finished; zero if no pull has succeeded
	LastWebhookAt time.Time // when the last delivery was received; zero if there was none
	Staged        int       // number of rows of a new account reference that wait to be shown
	HeldRemovals  int       // number of stored rows whose removal is held back; see ConnectionFacts.RemovalsHeldAt
	HeldAccounts  int       // number of accounts whose removal is held back
	Compared      bool      // whether the completeness of at least one live account is known
}

// attentionRule decides whether a connection has one reason for attention. The function since returns when the reason
// began, and false if the connection does not have it.
type attentionRule struct {
	reason   AttentionReason
	severity Severity
	since    sinceFunc
	// explainedBy contains other reasons. The reason is left out if the connection has one of them.
	explainedBy []AttentionReason
	warns       bool // whether the reason is also a Warning of the connection, with the same code
}

// attentionRules contains a rule for each reason. If reasons of one severity began at the same time, the reason whose
// rule is first is listed first.
var attentionRules = []attentionRule{
	{reason: NeedsCredential, severity: SeverityNow, since: unhealthy(CredentialRejected)},
	{reason: NeedsSealingKey, severity: SeverityNow, since: unhealthy(CredentialUnopened)},
	{reason: NeedsAccountRef, severity: SeverityNow, since: unhealthy(AccountNotFound)},
	{reason: NeedsRevokedConsent, severity: SeverityNow, since: consentIn(ConsentRevoked)},
	{reason: NeedsConsent, severity: SeverityNow, since: consentIn(ConsentExpired)},
	{
		reason: NeedsReauth, severity: SeverityNow, since: reauthSince,
		explainedBy: []AttentionReason{NeedsConsent, NeedsRevokedConsent},
	},
	{
		reason: NeedsPull, severity: SeverityNow, since: unhealthyOtherwise,
		explainedBy: []AttentionReason{NeedsReauth, NeedsConsent, NeedsRevokedConsent},
	},
	{reason: NeedsDriftExplained, severity: SeverityNow, since: driftingSince},
	{
		reason: NeedsDriftExplained, severity: SeveritySoon, since: billDriftingSince,
		explainedBy: []AttentionReason{NeedsDriftExplained},
	},
	{
		reason: NeedsRemovalConfirmed, severity: SeverityNow, warns: true,
		since: known(func(f *ConnectionFacts) time.Time {
			return EarlierNonZero(f.RemovalsHeldAt, f.Ambiguity.UnmatchedSince)
		}),
	},
	{reason: NeedsWebhook, severity: SeverityNow, since: silentSince},
	{
		reason: NeedsBankRead, severity: SeverityNow, since: staleSince(false), explainedBy: stopped,
	},
	{
		reason: NeedsBankRead, severity: SeveritySoon, since: staleSince(true), explainedBy: stopped,
	},
	{reason: NeedsConsentRenewal, severity: SeveritySoon, since: consentIn(ConsentExpiring)},
	{
		reason: NeedsApproval, severity: SeveritySoon, since: approvalSince,
		explainedBy: []AttentionReason{NeedsConsent, NeedsRevokedConsent},
	},
	{
		reason: NeedsQuarantineReviewed, severity: SeveritySoon,
		since: known(func(f *ConnectionFacts) time.Time { return f.QuarantinedSince }),
	},
	{
		reason: NeedsAccountUnshared, severity: SeveritySoon, warns: true,
		since: known(func(f *ConnectionFacts) time.Time { return f.SharedSince }),
	},
	{
		reason: NeedsAccountContinued, severity: SeverityNow, warns: true, // rows are withheld
		since: known(func(f *ConnectionFacts) time.Time { return f.Ambiguity.Since }),
	},
	{
		reason: NeedsAccountContinued, severity: SeveritySoon, since: maybeSince,
		explainedBy: []AttentionReason{NeedsAccountContinued},
	},
	{
		reason: NeedsConsistentList, severity: SeveritySoon, warns: true,
		since: known(func(f *ConnectionFacts) time.Time { return f.InconsistentSince }),
	},
	{
		reason: NeedsPairsDecided, severity: SeveritySoon,
		since: known(func(f *ConnectionFacts) time.Time { return f.SuggestedSince }),
	},
	{
		reason: NeedsJoinsReviewed, severity: SeveritySoon, warns: true,
		since: known(func(f *ConnectionFacts) time.Time { return f.JoinUndoneSince }),
	},
	{
		reason: NeedsStatementExplained, severity: SeveritySoon,
		since: known(func(f *ConnectionFacts) time.Time { return f.StatementSince }),
	},
}

// Attention returns the reasons why the connection needs a person at the time now: the most severe ones first, then the
// oldest ones. It returns nil if the connection needs nobody.
func (f *ConnectionFacts) Attention(now time.Time, grace AttentionGrace) []Attention {
	var all []Attention
	has := func(reason AttentionReason) bool {
		return slices.ContainsFunc(all, func(a Attention) bool { return a.Reason == reason })
	}
	for _, rule := range attentionRules {
		since, ok := rule.since(f, now, grace)
		if !ok || slices.ContainsFunc(rule.explainedBy, has) {
			continue
		}
		all = append(all, Attention{rule.reason, rule.severity, since})
	}
	SortLarge(all, Attention.Compare)
	return all
}

// ConnectionWarnings returns the warnings of a connection that has these reasons for attention, in the order of the
// rules; nil if there are none.
func ConnectionWarnings(reasons []Attention) []Warning {
	var warnings []Warning
	for _, rule := range attentionRules {
		has := func(a Attention) bool { return a.Reason == rule.reason }
		if rule.warns && slices.ContainsFunc(reasons, has) {
			warnings = append(warnings, Warning(rule.reason))
		}
	}
	return warnings
}

// Unremoved returns the number of rows whose removal waits, because too many rows are missing or were announced as
// deleted: stored rows, and rows without a partner under a new account reference.
func (f *ConnectionFacts) Unremoved() int { return f.HeldRemovals + f.Ambiguity.Unmatched }

// Compare returns a negative number if a is more urgent than b, and a positive number if b is. A more severe reason is
// more urgent. Of two equally severe reasons, the older one is more urgent.
func (a Attention) Compare(b Attention) int {
	if a.Severity != b.Severity {
		if a.Severity == SeverityNow {
			return -1
		}
		return 1
	}
	return a.Since.Compare(b.Since)
}

type sinceFunc = func(f *ConnectionFacts, now time.Time, grace AttentionGrace) (time.Time, bool)

// orUpdated returns at. If at is zero, because an earlier version of the service did not store it, it returns when the
// connection was last changed.
func (f *ConnectionFacts) orUpdated(at time.Time) (time.Time, bool) {
	if at.IsZero() {
		at = f.UpdatedAt
	}
	return at, true
}

// known returns a rule for a reason whose start is stored. The function begin returns the start. If the start is
// zero, the connection does not have the reason.
func known(begin func(f *ConnectionFacts) time.Time) sinceFunc {
	return func(f *ConnectionFacts, _ time.Time, _ AttentionGrace) (time.Time, bool) {
		at := begin(f)
		return at, !at.IsZero()
	}
}

// maybeNotice is how long the accounts that may continue others are a reason for attention.
const maybeNotice = 30 * 24 * time.Hour

func maybeSince(f *ConnectionFacts, now time.Time, _ AttentionGrace) (time.Time, bool) {
	return f.MaybeSince, !f.MaybeSince.IsZero() && now.Sub(f.MaybeSince) < maybeNotice
}

// approvalNotice is how long an approval that the vendor waits for is a reason for attention. Banks do not publish how
// long they wait.
const approvalNotice = 30 * 24 * time.Hour

// approvalSince leaves out a wait for a device from which a sign-in follows; see DeviceWait.
func approvalSince(f *ConnectionFacts, now time.Time, _ AttentionGrace) (time.Time, bool) {
	since := f.Health.AwaitsApprovalSince()
	if f.Health.MustSignIn() {
		since = f.Health.ApprovalSince
	}
	return since, !since.IsZero() && now.Sub(since) < approvalNotice
}

// unhealthy returns a rule for a connection that is unhealthy for this reason.
func unhealthy(reason Code) sinceFunc {
	return func(f *ConnectionFacts, _ time.Time, _ AttentionGrace) (time.Time, bool) {
		if f.Health.Status != Unhealthy || f.Health.Reason != reason {
			return time.Time{}, false
		}
		return f.orUpdated(f.Health.Since)
	}
}

// unhealthyOtherwise is the rule for a connection that is unhealthy for a reason without a rule of its own.
func unhealthyOtherwise(f *ConnectionFacts, _ time.Time, _ AttentionGrace) (time.Time, bool) {
	hasRule := slices.Contains([]Code{CredentialRejected, CredentialUnopened, AccountNotFound}, f.Health.Reason)
	if hasRule || f.Health.Status != Unhealthy {
		return time.Time{}, false
	}
	return f.orUpdated(f.Health.Since)
}

func reauthSince(f *ConnectionFacts, _ time.Time, _ AttentionGrace) (time.Time, bool) {
	if !f.Health.MustSignIn() {
		return time.Time{}, false
	}
	return f.orUpdated(f.Health.ReauthSince)
}

// consentIn returns a rule for a consent in the given state. An expired consent is in this state since its expiry, and
// an expiring consent since ConsentNotice before its expiry. If the expiry is not known, the state began when the
// vendor reported it.
func consentIn(state ConsentState) sinceFunc {
	return func(f *ConnectionFacts, now time.Time, _ AttentionGrace) (time.Time, bool) {
		c := f.Consent
		if c.State(now) != state {
			return time.Time{}, false
		}
		switch {
		case state == ConsentExpired && !c.ExpiresAt.IsZero() && !c.ExpiresAt.After(now):
			return c.ExpiresAt, true
		case state == ConsentExpiring && !c.ExpiresAt.IsZero():
			return c.ExpiresAt.Add(-ConsentNotice), true
		}
		return f.orUpdated(c.Since)
	}
}

// stopped contains the reasons that explain why a connection is stale.
var stopped = []AttentionReason{
	NeedsReauth, NeedsCredential, NeedsSealingKey, NeedsAccountRef, NeedsConsent, NeedsRevokedConsent,
}

// staleSince returns the rule for a stale connection whose vendor reads the bank only on demand, or the rule for one
// whose vendor reads it by itself.
func staleSince(onDemand bool) sinceFunc {
	return func(f *ConnectionFacts, now time.Time, grace AttentionGrace) (time.Time, bool) {
		since := StaleSince(f.BankReadAt, f.Bank.Every, grace.Stale, now)
		return since, !since.IsZero() && !f.Paused && f.Bank.OnDemand == onDemand
	}
}

func driftingSince(f *ConnectionFacts, now time.Time, grace AttentionGrace) (time.Time, bool) {
	return f.DriftSince, !f.DriftSince.IsZero() && now.Sub(f.DriftSince) >= grace.Drift
}

func billDriftingSince(f *ConnectionFacts, now time.Time, grace AttentionGrace) (time.Time, bool) {
	return f.AnyDriftSince, !f.AnyDriftSince.IsZero() && now.Sub(f.AnyDriftSince) >= grace.Drift
}

func silentSince(f *ConnectionFacts, now time.Time, grace AttentionGrace) (time.Time, bool) {
	state := f.Webhook.State(now, grace.Silence, f.Webhooks, time.Time{}, f.Paused)
	return f.Webhook.MissedAt.Add(grace.Silence), state == WebhookSilent
}

// AttentionSummary counts the connections of a tenant by the reasons why they need a person.
type AttentionSummary struct {
	Connections int
	Healthy     int // number of connections that are Healthy; see Health.At
	Needy       int // number of connections with at least one reason
	Reasons     map[AttentionReason]int
	Quarantined int // number of rows in the quarantines
	Drifting    int // number of connections with the reason NeedsDriftExplained
}

// Add counts a connection with the facts f, which needs a person for the given reasons at the time now. reasons may be
// empty.
func (s *AttentionSummary) Add(f *ConnectionFacts, reasons []Attention, now time.Time) {
	s.Connections++
	s.Quarantined += f.Quarantined
	if f.Health.At(now, f.Consent).Status == Healthy {
		s.Healthy++
	}
	if len(reasons) > 0 {
		s.Needy++
	}
	if s.Reasons == nil {
		s.Reasons = map[AttentionReason]int{}
	}
	for _, a := range reasons {
		s.Reasons[a.Reason]++
	}
	s.Drifting = s.Reasons[NeedsDriftExplained]
}
