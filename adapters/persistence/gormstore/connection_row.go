package gormstore

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// ConnectionRow is a row of connections. There are two kinds of connections; members that only the other kind uses are
// empty.
type ConnectionRow struct {
	ID               uuid.UUID      `gorm:"column:id;primaryKey"`
	Tenant           uuid.UUID      `gorm:"column:tenant_id"`
	Kind             string         `gorm:"column:kind"`
	Name             string         `gorm:"column:name"`
	Vendor           string         `gorm:"column:vendor"`
	BaseURL          string         `gorm:"column:base_url"`
	AccountRef       string         `gorm:"column:account_ref"`
	Type             string         `gorm:"column:type"`
	Config           []byte         `gorm:"column:config"`
	Sealed           []byte         `gorm:"column:sealed"`
	Client           []byte         `gorm:"column:client_key"`      // NULL if it is not known
	ApplicationID    uuid.NullUUID  `gorm:"column:application_id"`  // NULL if the credential is the connection's own
	Application      []byte         `gorm:"column:application_key"` // derived from other columns
	Health           healthColumns  `gorm:"embedded"`
	Consent          consentColumns `gorm:"embedded"`
	Webhook          webhookColumns `gorm:"embedded"`
	Usage            usageColumns   `gorm:"embedded"`
	Bank             bankColumns    `gorm:"embedded"`
	StaleAnnounced   bool           `gorm:"column:stale_announced"`
	Inconsistent     Instant        `gorm:"column:inconsistent_since"`
	PullWoken        Instant        `gorm:"column:pull_woken_at"` // not part of domain.Connection; see records.Wake
	ReauthAnnounced  bool           `gorm:"column:reauth_announced"`
	FailureAnnounced bool           `gorm:"column:failure_announced"`
	Revision         int64          `gorm:"column:revision"`
	Created          Instant        `gorm:"column:created_at"`
	Updated          Instant        `gorm:"column:updated_at"`
	TargetChanged    Instant        `gorm:"column:target_changed_at"`
	Paused           Instant        `gorm:"column:paused_at"`
	NewReference     bool           `gorm:"column:new_reference"`
	StagedSince      Instant        `gorm:"column:staged_since"`
	Ambiguity        string         `gorm:"column:ambiguity"` // JSON; "" if there is none
	StreamPosition   string         `gorm:"column:stream_position"`
	Deleted          Instant        `gorm:"column:deleted_at"`
	Erased           Instant        `gorm:"column:erased_at"`
}

// selectConnection is a SELECT of the columns of a live connection, without the credential. selectSealedConnection also
// selects the credential.
const (
	selectConnection = `SELECT id, tenant_id, kind, name, vendor, base_url, account_ref, type, config,
		health_status, health_reason, health_since, needs_reauth, reauth_by_event, reauth_since,
		consent_status, consent_key, consent_expires_at, consent_since, consent_notice_at,
		webhook_next_at, webhook_every, webhook_news_only, webhook_due_at, webhook_missed_at,
		usage_month, usage_refreshes, usage_pulls, reauth_announced, failure_announced,
		revision, created_at, updated_at, target_changed_at, paused_at, new_reference, staged_since, ambiguity,
		stream_position, client_key, application_id, institution_id, institution_name, bank_every, bank_on_demand,
		stale_announced, inconsistent_since, signal_at, approval_since, device_since`
	selectSealedConnection = selectConnection + ", sealed"
)

// targets returns the scan targets for the columns of selectConnection, in the same order:
// pointers to the members of r.
func (r *ConnectionRow) targets() []any {
	h, c, w, u, columns := &r.Health, &r.Consent, &r.Webhook, &r.Usage, make([]any, 0, 50)
	return append(columns,
		(*UUID)(&r.ID), (*UUID)(&r.Tenant), (*Text)(&r.Kind), (*Text)(&r.Name),
		(*Text)(&r.Vendor), (*Text)(&r.BaseURL), (*Text)(&r.AccountRef),
		(*Text)(&r.Type), &r.Config,
		(*Text)(&h.HealthStatus), (*Text)(&h.HealthReason), &h.HealthSince,
		&h.NeedsReauth, &h.ReauthByEvent, &h.ReauthSince,
		(*Text)(&c.Status), (*Text)(&c.Key), &c.ExpiresAt, &c.Since, &c.NoticeAt,
		&w.NextAt, &w.Every, &w.NewsOnly, &w.DueAt, &w.MissedAt,
		&u.Month, &u.Refreshes, &u.Pulls, &r.ReauthAnnounced, &r.FailureAnnounced,
		&r.Revision, &r.Created, &r.Updated, &r.TargetChanged, &r.Paused, &r.NewReference, &r.StagedSince,
		(*Text)(&r.Ambiguity), (*Text)(&r.StreamPosition), &r.Client, (*UUID)(&r.ApplicationID.UUID),
		(*Text)(&r.Bank.ID), (*Text)(&r.Bank.Name), &r.Bank.Every, &r.Bank.OnDemand, &r.StaleAnnounced,
		&r.Inconsistent, &h.SignalAt, &h.ApprovalSince, &h.DeviceSince)
}

// consentColumns are the columns of a connection's consent.
type consentColumns struct {
	Status    string  `gorm:"column:consent_status"`
	Key       string  `gorm:"column:consent_key"`
	ExpiresAt Instant `gorm:"column:consent_expires_at"`
	Since     Instant `gorm:"column:consent_since"`
	NoticeAt  Instant `gorm:"column:consent_notice_at"`
}

// consentOf returns the columns that contain c.
func consentOf(c domain.Consent) consentColumns {
	return consentColumns{
		string(c.Status), c.Key, Instant{c.ExpiresAt}, Instant{c.Since}, Instant{c.NoticeAt},
	}
}

func (c consentColumns) domain() domain.Consent {
	return domain.Consent{
		Status: domain.ConsentStatus(c.Status), Key: c.Key, ExpiresAt: c.ExpiresAt.Time, Since: c.Since.Time,
		NoticeAt: c.NoticeAt.Time,
	}
}

// webhookColumns are the columns of a connection's domain.WebhookWatch.
type webhookColumns struct {
	NextAt   Instant `gorm:"column:webhook_next_at"`
	Every    int64   `gorm:"column:webhook_every"` // in microseconds
	NewsOnly bool    `gorm:"column:webhook_news_only"`
	DueAt    Instant `gorm:"column:webhook_due_at"`
	MissedAt Instant `gorm:"column:webhook_missed_at"`
}

// webhookOf returns the columns that contain w.
func webhookOf(w domain.WebhookWatch) webhookColumns {
	return webhookColumns{
		NextAt: Instant{w.Schedule.NextAt}, Every: w.Schedule.Every.Microseconds(), NewsOnly: w.Schedule.NewsOnly,
		DueAt: Instant{w.DueAt}, MissedAt: Instant{w.MissedAt},
	}
}

func (w webhookColumns) domain() domain.WebhookWatch {
	return domain.WebhookWatch{
		Schedule: domain.SyncSchedule{
			NextAt: w.NextAt.Time, Every: time.Duration(w.Every) * time.Microsecond, NewsOnly: w.NewsOnly,
		},
		DueAt: w.DueAt.Time, MissedAt: w.MissedAt.Time,
	}
}

// usageColumns are the columns of a connection's domain.MonthlyUsage.
type usageColumns struct {
	Month     Instant `gorm:"column:usage_month"`
	Refreshes int     `gorm:"column:usage_refreshes"`
	Pulls     int     `gorm:"column:usage_pulls"`
}

// usageOf returns the columns that contain u.
func usageOf(u domain.MonthlyUsage) usageColumns {
	return usageColumns{Instant{u.Month}, u.Refreshes, u.Pulls}
}

func (u usageColumns) domain() domain.MonthlyUsage {
	return domain.MonthlyUsage{Month: u.Month.Time, Refreshes: u.Refreshes, Pulls: u.Pulls}
}

// bankColumns are the columns of a connection's domain.BankFacts.
type bankColumns struct {
	ID       string `gorm:"column:institution_id"`
	Name     string `gorm:"column:institution_name"`
	Every    int64  `gorm:"column:bank_every"` // in microseconds
	OnDemand bool   `gorm:"column:bank_on_demand"`
}

// bankOf returns the columns that contain f.
func bankOf(f domain.BankFacts) bankColumns {
	return bankColumns{f.Institution.ID, f.Institution.Name, f.Every.Microseconds(), f.OnDemand}
}

func (b bankColumns) domain() domain.BankFacts {
	return domain.BankFacts{
		Institution: domain.Institution{ID: b.ID, Name: b.Name},
		Every:       time.Duration(b.Every) * time.Microsecond, OnDemand: b.OnDemand,
	}
}

// ReportedColumns are the columns of a connection that foldReports writes when a pull ends.
var ReportedColumns = []string{
	"health_status", "health_reason", "health_since", "needs_reauth", "reauth_by_event", "reauth_since",
	"consent_status", "consent_key", "consent_expires_at", "consent_since", "consent_notice_at",
	"webhook_next_at", "webhook_every", "webhook_news_only", "webhook_due_at", "webhook_missed_at",
	"usage_month", "usage_refreshes", "usage_pulls", "reauth_announced", "failure_announced", "ambiguity",
	"stream_position", "institution_id", "institution_name", "bank_every", "bank_on_demand", "inconsistent_since",
	"signal_at", "approval_since", "device_since",
}

// healthColumns are the columns of a connection's health.
type healthColumns struct {
	HealthStatus  string  `gorm:"column:health_status"`
	HealthReason  string  `gorm:"column:health_reason"`
	HealthSince   Instant `gorm:"column:health_since"`
	NeedsReauth   bool    `gorm:"column:needs_reauth"`
	ReauthByEvent bool    `gorm:"column:reauth_by_event"`
	ReauthSince   Instant `gorm:"column:reauth_since"`
	SignalAt      Instant `gorm:"column:signal_at"`
	ApprovalSince Instant `gorm:"column:approval_since"`
	DeviceSince   Instant `gorm:"column:device_since"`
}

// TableName returns the name of the table in the schema.
func (ConnectionRow) TableName() string { return "connections" }

// healthOf returns the columns that contain h. The status of a connection that was never checked is stored as "";
// callers see it as unknown.
func healthOf(h domain.Health) healthColumns {
	return healthColumns{
		HealthStatus: string(h.Status), HealthReason: string(h.Reason), HealthSince: Instant{h.Since},
		NeedsReauth: h.NeedsReauth, ReauthByEvent: h.ReauthByEvent, ReauthSince: Instant{h.ReauthSince},
		SignalAt: Instant{h.SignalAt}, ApprovalSince: Instant{h.ApprovalSince}, DeviceSince: Instant{h.DeviceSince},
	}
}

func (h healthColumns) domain() domain.Health {
	return domain.Health{
		Status: domain.HealthStatus(h.HealthStatus), Reason: domain.Code(h.HealthReason), Since: h.HealthSince.Time,
		NeedsReauth: h.NeedsReauth, ReauthByEvent: h.ReauthByEvent, ReauthSince: h.ReauthSince.Time,
		SignalAt: h.SignalAt.Time, ApprovalSince: h.ApprovalSince.Time, DeviceSince: h.DeviceSince.Time,
	}
}

// RowOfConnection returns c as a row. It copies the sealed credential unchanged, because this
// package cannot decrypt it.
func RowOfConnection(c domain.Connection) ConnectionRow {
	return ConnectionRow{
		ID:               c.ID.UUID,
		Tenant:           c.Tenant.UUID,
		Kind:             string(c.Kind),
		Name:             c.Name,
		Vendor:           string(c.Vendor),
		BaseURL:          c.BaseURL,
		AccountRef:       c.AccountRef,
		Type:             string(c.Type),
		Config:           c.Config,
		Sealed:           NonNil(c.Sealed),
		Client:           keyColumn(c.Client),
		Application:      keyColumn(c.Application()),
		ApplicationID:    Optional(c.ApplicationID.UUID),
		Health:           healthOf(c.Health),
		Consent:          consentOf(c.Consent),
		Webhook:          webhookOf(c.Webhook),
		Usage:            usageOf(c.Usage),
		Bank:             bankOf(c.Bank),
		StaleAnnounced:   c.Announced.Stale,
		Inconsistent:     Instant{c.InconsistentSince},
		ReauthAnnounced:  c.Announced.Reauth,
		FailureAnnounced: c.Announced.PullFailed,
		Revision:         c.Revision,
		Created:          Instant{c.CreatedAt},
		Updated:          Instant{c.UpdatedAt},
		TargetChanged:    Instant{c.TargetChangedAt},
		Paused:           Instant{c.PausedAt},
		Deleted:          Instant{c.DeletedAt},
		Erased:           Instant{c.ErasedAt},
		NewReference:     c.NewReference,
		StagedSince:      Instant{c.StagedSince},
		Ambiguity:        EncodeAmbiguity(c.Ambiguity),
		StreamPosition:   c.StreamPosition,
	}
}

// Domain returns the row as a domain.Connection.
func (r ConnectionRow) Domain() domain.Connection {
	return domain.Connection{
		ID: domain.ConnectionID{UUID: r.ID}, Tenant: domain.TenantID{UUID: r.Tenant},
		Kind: domain.ConnectionKind(r.Kind), Name: r.Name,
		Vendor: domain.Vendor(r.Vendor), BaseURL: r.BaseURL, AccountRef: r.AccountRef,
		Type: domain.ConnectorType(r.Type), Config: json.RawMessage(r.Config), Sealed: domain.Sealed(r.Sealed),
		Client: hashOf[domain.ClientKey](r.Client), ApplicationID: domain.ApplicationID{UUID: r.ApplicationID.UUID},
		Health: r.Health.domain(), Consent: r.Consent.domain(), Webhook: r.Webhook.domain(), Usage: r.Usage.domain(),
		Bank: r.Bank.domain(),
		Announced: domain.Announced{
			Reauth: r.ReauthAnnounced, PullFailed: r.FailureAnnounced, Stale: r.StaleAnnounced,
		},
		Revision:  r.Revision,
		CreatedAt: r.Created.Time, UpdatedAt: r.Updated.Time, TargetChangedAt: r.TargetChanged.Time,
		PausedAt: r.Paused.Time, DeletedAt: r.Deleted.Time, ErasedAt: r.Erased.Time,
		NewReference: r.NewReference, StagedSince: r.StagedSince.Time,
		Ambiguity: DecodeAmbiguity(r.Ambiguity), StreamPosition: r.StreamPosition,
		InconsistentSince: r.Inconsistent.Time,
	}
}

// EncodeAmbiguity returns the value of the column ambiguity; "" for the zero value.
func EncodeAmbiguity(a domain.AccountAmbiguity) string {
	if a.IsZero() {
		return ""
	}
	text, _ := json.Marshal(a) // times, ids and texts can always be encoded
	return string(text)
}

// DecodeAmbiguity returns the value of the column ambiguity. It returns the zero value if the text is not valid, which
// only delays the decision of an operator until the next pull.
func DecodeAmbiguity(column string) (a domain.AccountAmbiguity) {
	if column != "" && json.Unmarshal([]byte(column), &a) != nil {
		return domain.AccountAmbiguity{}
	}
	return a
}

// NonNil returns b, or an empty slice if b is nil, so that the column is never NULL.
func NonNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
