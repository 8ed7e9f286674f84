package domain_test

import (
	"slices"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestAttentionNamesReasonsSeverityAndBeginning(t *testing.T) {
	now := noon
	ago := func(hours int) time.Time { return now.Add(-time.Duration(hours) * time.Hour) }
	grace := domain.AttentionGrace{Drift: 48 * time.Hour, Silence: 2 * time.Hour}
	unhealthy := func(reason domain.Code) domain.Health {
		return domain.Health{Status: domain.Unhealthy, Reason: reason, Since: ago(5)}
	}
	reauth := domain.Health{Status: domain.Healthy, Since: ago(9), NeedsReauth: true, ReauthSince: ago(3)}
	consent := func(expires time.Time) domain.Consent {
		return domain.Consent{Status: domain.ReportedGranted, ExpiresAt: expires, Since: ago(1000)}
	}
	silent := domain.WebhookWatch{MissedAt: ago(4)}
	token := domain.Evidence{HasToken: true}
	const now1, soon = domain.SeverityNow, domain.SeveritySoon
	for name, c := range map[string]struct {
		facts domain.ConnectionFacts
		want  []domain.Attention
	}{
		"healthy":       {domain.ConnectionFacts{Health: domain.Health{Status: domain.Healthy}}, nil},
		"never checked": {domain.ConnectionFacts{}, nil},
		"reauth":        {domain.ConnectionFacts{Health: reauth}, []domain.Attention{{"reauth", now1, ago(3)}}},
		"unknown reauth": {
			domain.ConnectionFacts{Health: domain.Health{NeedsReauth: true}, UpdatedAt: ago(7)},
			[]domain.Attention{{"reauth", now1, ago(7)}},
		},
		"rejected credential": {
			domain.ConnectionFacts{Health: domain.Health{}.AfterFailure(domain.CredentialRejected, ago(5))},
			[]domain.Attention{{"credential_rejected", now1, ago(5)}},
		},
		"rejected credential while the holder must sign in": {
			domain.ConnectionFacts{
				Health: domain.Health{}.AfterReauth(ago(7)).AfterFailure(domain.CredentialRejected, ago(5)),
			},
			[]domain.Attention{{"reauth", now1, ago(7)}, {"credential_rejected", now1, ago(5)}},
		},
		"sealing key": {
			domain.ConnectionFacts{Health: unhealthy(domain.CredentialUnopened)},
			[]domain.Attention{{"credential_unopened", now1, ago(5)}},
		},
		"account": {
			domain.ConnectionFacts{Health: unhealthy(domain.AccountNotFound)},
			[]domain.Attention{{"account_not_found", now1, ago(5)}},
		},
		"failed pull": {
			domain.ConnectionFacts{Health: unhealthy(domain.AccessDenied)},
			[]domain.Attention{{"pull_failed", now1, ago(5)}},
		},
		"failed pull explained": {
			domain.ConnectionFacts{Health: unhealthy(domain.AccessDenied).AfterSignal(domain.SignalReauth, ago(1))},
			[]domain.Attention{{"reauth", now1, ago(1)}},
		},
		"expired consent explains reauth": {
			domain.ConnectionFacts{Health: reauth, Consent: consent(ago(2))},
			[]domain.Attention{{"consent_expired", now1, ago(2)}},
		},
		"expiry at this moment": {
			domain.ConnectionFacts{Consent: consent(now)}, []domain.Attention{{"consent_expired", now1, now}},
		},
		"expiry reported for the future": {
			domain.ConnectionFacts{Consent: domain.Consent{
				Status: domain.ReportedExpired, Since: ago(6), ExpiresAt: now.Add(time.Hour),
			}},
			[]domain.Attention{{"consent_expired", now1, ago(6)}},
		},
		"revoked consent": {
			domain.ConnectionFacts{Consent: domain.Consent{Status: domain.ReportedRevoked, Since: ago(8)}},
			[]domain.Attention{{"consent_revoked", now1, ago(8)}},
		},
		"expiring consent": {
			domain.ConnectionFacts{Consent: consent(ago(1).Add(domain.ConsentNotice))},
			[]domain.Attention{{"consent_expiring", soon, ago(1)}},
		},
		"expiring without a date": {
			domain.ConnectionFacts{Consent: domain.Consent{Status: domain.ReportedExpiring, Since: ago(8)}},
			[]domain.Attention{{"consent_expiring", soon, ago(8)}},
		},
		"later expiry":   {domain.ConnectionFacts{Consent: consent(now.Add(domain.ConsentNotice + 1))}, nil},
		"drift in grace": {domain.ConnectionFacts{DriftSince: ago(47)}, nil},
		"drift": {
			domain.ConnectionFacts{DriftSince: ago(48)}, []domain.Attention{{"drifting", now1, ago(48)}},
		},
		"drift of a bill in grace": {domain.ConnectionFacts{AnyDriftSince: ago(48).Add(1)}, nil},
		"drift of a bill": {
			domain.ConnectionFacts{AnyDriftSince: ago(48)}, []domain.Attention{{"drifting", soon, ago(48)}},
		},
		"drift of a bill beside another one": {
			domain.ConnectionFacts{AnyDriftSince: ago(70), DriftSince: ago(48)},
			[]domain.Attention{{"drifting", now1, ago(48)}},
		},
		"held removals": {
			domain.ConnectionFacts{RemovalsHeldAt: ago(1)},
			[]domain.Attention{{"mass_removal", now1, ago(1)}},
		},
		"silent": {
			domain.ConnectionFacts{Webhook: silent, Webhooks: token},
			[]domain.Attention{{"silent", now1, ago(2)}},
		},
		"silent, paused": {domain.ConnectionFacts{Webhook: silent, Webhooks: token, Paused: true}, nil},
		"silent, heard": {
			domain.ConnectionFacts{Webhook: silent, Webhooks: domain.Evidence{HasToken: true, Heard: true}},
			nil,
		},
		"quarantined row": {
			domain.ConnectionFacts{Quarantined: 1, QuarantinedSince: ago(1)},
			[]domain.Attention{{"quarantined", soon, ago(1)}},
		},
		"shared": {domain.ConnectionFacts{SharedSince: ago(1)}, []domain.Attention{{"account_shared", soon, ago(1)}}},
		"ambiguous accounts": {
			domain.ConnectionFacts{Ambiguity: domain.AccountAmbiguity{Since: ago(1)}},
			[]domain.Attention{{"account_ambiguous", now1, ago(1)}},
		},
		"accounts that may continue others": {
			domain.ConnectionFacts{MaybeSince: ago(1)}, []domain.Attention{{"account_ambiguous", soon, ago(1)}},
		},
		"accounts of both kinds": {
			domain.ConnectionFacts{Ambiguity: domain.AccountAmbiguity{Since: ago(1)}, MaybeSince: ago(2)},
			[]domain.Attention{{"account_ambiguous", now1, ago(1)}},
		},
		"accounts that may continue others, for almost 30 days": {
			domain.ConnectionFacts{MaybeSince: ago(30*24 - 1)},
			[]domain.Attention{{"account_ambiguous", soon, ago(30*24 - 1)}},
		},
		"accounts that may continue others, for 30 days": {domain.ConnectionFacts{MaybeSince: ago(30 * 24)}, nil},
		"approval": {
			domain.ConnectionFacts{Health: domain.Health{ApprovalSince: ago(2), DeviceSince: ago(1)}},
			[]domain.Attention{{"awaiting_approval", soon, ago(2)}},
		},
		"device for too long": {
			domain.ConnectionFacts{Health: domain.Health{DeviceSince: ago(30), NeedsReauth: true, ReauthSince: ago(6)}},
			[]domain.Attention{{"reauth", now1, ago(6)}},
		},
		"approval, and a sign-in": {
			domain.ConnectionFacts{
				Health: domain.Health{ApprovalSince: ago(2), NeedsReauth: true, ReauthSince: ago(1)},
			},
			[]domain.Attention{{"reauth", now1, ago(1)}, {"awaiting_approval", soon, ago(2)}},
		},
		"approval for almost 30 days": {
			domain.ConnectionFacts{Health: domain.Health{ApprovalSince: ago(30*24 - 1)}},
			[]domain.Attention{{"awaiting_approval", soon, ago(30*24 - 1)}},
		},
		"approval for 30 days": {domain.ConnectionFacts{Health: domain.Health{ApprovalSince: ago(30 * 24)}}, nil},
		"suggestions": {
			domain.ConnectionFacts{SuggestedSince: ago(3)}, []domain.Attention{{"suggestions", soon, ago(3)}},
		},
		"undone join": {
			domain.ConnectionFacts{JoinUndoneSince: ago(1)}, []domain.Attention{{"join_undone", soon, ago(1)}},
		},
		"a statement differs": {
			domain.ConnectionFacts{StatementSince: ago(1)}, []domain.Attention{{"statement_differs", soon, ago(1)}},
		},
		"the older one first, although its rule is later": {
			domain.ConnectionFacts{
				SharedSince: ago(100), QuarantinedSince: ago(99), RemovalsHeldAt: ago(70), DriftSince: ago(60),
			},
			[]domain.Attention{
				{"mass_removal", now1, ago(70)}, {"drifting", now1, ago(60)},
				{"account_shared", soon, ago(100)}, {"quarantined", soon, ago(99)},
			},
		},
		"expired without a date": {
			domain.ConnectionFacts{Consent: domain.Consent{Status: domain.ReportedExpired, Since: ago(6)}},
			[]domain.Attention{{"consent_expired", now1, ago(6)}},
		},
		"severe, then old": {
			domain.ConnectionFacts{
				SharedSince: ago(99), QuarantinedSince: ago(100), RemovalsHeldAt: ago(2), DriftSince: ago(60),
			},
			[]domain.Attention{
				{"drifting", now1, ago(60)}, {"mass_removal", now1, ago(2)},
				{"quarantined", soon, ago(100)}, {"account_shared", soon, ago(99)},
			},
		},
	} {
		got := c.facts.Attention(now, grace)
		if len(got) != len(c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
			continue
		}
		for i, a := range got {
			if a.Reason != c.want[i].Reason || a.Severity != c.want[i].Severity || !a.Since.Equal(c.want[i].Since) {
				t.Errorf("%s: %v, want %v", name, got, c.want)
			}
		}
	}
}

func TestASevereReasonIsMoreUrgentThanAnOlderOne(t *testing.T) {
	severe := domain.Attention{"drifting", domain.SeverityNow, noon}
	old := domain.Attention{"suggestions", domain.SeveritySoon, hour(0)}
	if severe.Compare(old) >= 0 || old.Compare(severe) <= 0 || severe.Compare(severe) != 0 {
		t.Errorf("%v is compared with %v as %d", severe, old, severe.Compare(old))
	}
}

func TestASummaryCountsConnectionsAndReasons(t *testing.T) {
	var s domain.AttentionSummary
	for _, f := range []domain.ConnectionFacts{
		{Health: domain.Health{Status: domain.Healthy}},
		{Health: domain.Health{Status: domain.Healthy, NeedsReauth: true}, Quarantined: 2, QuarantinedSince: noon},
		{DriftSince: noon.Add(-time.Hour)},
	} {
		s.Add(&f, f.Attention(noon, domain.AttentionGrace{}), noon)
	}
	if s.Connections != 3 || s.Healthy != 1 || s.Needy != 2 || s.Quarantined != 2 || s.Drifting != 1 ||
		len(s.Reasons) != 3 || s.Reasons["reauth"] != 1 || s.Reasons["quarantined"] != 1 || s.Reasons["drifting"] != 1 {
		t.Errorf("%+v", s)
	}
}

func TestHealthAndConsentRecordWhenTheyBegan(t *testing.T) {
	later := noon.Add(time.Hour)
	h := domain.Health{}.AfterSignal(domain.SignalReauth, noon).AfterSignal(domain.SignalReauth, later)
	if !h.ReauthSince.Equal(noon) || !h.AfterFailure(domain.CredentialRejected, later).ReauthSince.Equal(noon) {
		t.Errorf("a repeated signal changed ReauthSince: %+v", h)
	}
	if h = h.AfterSignal(domain.SignalRecovered, later); !h.ReauthSince.IsZero() {
		t.Errorf("a recovery left ReauthSince: %+v", h)
	}
	if h = h.AfterSuccess(domain.LinkStatus{NeedsReauth: true}, later); !h.ReauthSince.Equal(later) {
		t.Errorf("%+v", h)
	}
	revoked := domain.Consent{}.After(domain.ConsentReport{Status: domain.ReportedRevoked}, noon)
	renewed := revoked.After(domain.ConsentReport{Status: domain.ReportedRenewed}, later)
	again := renewed.After(domain.ConsentReport{Status: domain.ReportedGranted}, later.Add(1))
	if !revoked.Since.Equal(noon) || !renewed.Since.Equal(later) || !again.Since.Equal(later) {
		t.Errorf("%v %v %v", revoked.Since, renewed.Since, again.Since)
	}
}

func TestWarningsAreReasonsForAttention(t *testing.T) {
	now := noon
	ago := func(hours int) time.Time { return now.Add(-time.Duration(hours) * time.Hour) }
	facts := domain.ConnectionFacts{
		Health: domain.Health{NeedsReauth: true}, UpdatedAt: now, QuarantinedSince: now,
		SharedSince: ago(3), JoinUndoneSince: ago(9),
		Ambiguity:          domain.AccountAmbiguity{Since: ago(1), UnmatchedSince: ago(2), Unmatched: 3},
		ConnectionActivity: domain.ConnectionActivity{HeldRemovals: 4},
	}
	got := domain.ConnectionWarnings(facts.Attention(now, domain.AttentionGrace{}))
	want := []domain.Warning{"mass_removal", "account_shared", "account_ambiguous", "join_undone"}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if n := facts.Unremoved(); n != 7 {
		t.Errorf("%d rows wait for their removal, want 7", n)
	}
	if got := domain.ConnectionWarnings([]domain.Attention{{Reason: domain.NeedsReauth}}); got != nil {
		t.Errorf("%v without a warning", got)
	}
}
