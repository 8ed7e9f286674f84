package gormstore

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// LinkSessions returns the store of link sessions.
func (s *Store) LinkSessions() ports.LinkSessions { return linkSessions{s.core} }

// linkSessions implements ports.LinkSessions on a Store.
type linkSessions struct{ *Core }

// linkSessionRow is a row of link_sessions. Sealed is an empty value, and not NULL, if there is no credential.
type linkSessionRow struct {
	ID         uuid.UUID `gorm:"column:id;primaryKey"`
	Connection uuid.UUID `gorm:"column:connection_id"`
	Vendor     string    `gorm:"column:vendor"`
	Name       string    `gorm:"column:name"`
	BaseURL    string    `gorm:"column:base_url"`
	Sealed     []byte    `gorm:"column:sealed"`
	Actor      string    `gorm:"column:actor"`
	Receiver   string    `gorm:"column:receiver"`
	Hook       []byte    `gorm:"column:hook_hash"` // NULL if there is none
	State      string    `gorm:"column:state"`
	AccountRef string    `gorm:"column:account_ref"`
	Announced  string    `gorm:"column:announced"` // JSON; "" if there are none
	Created    Instant   `gorm:"column:created_at"`
	Expires    Instant   `gorm:"column:expires_at"`
	Ended      Instant   `gorm:"column:ended_at"`
	Due        Instant   `gorm:"column:due_at"`
	Attempts   int       `gorm:"column:attempts"`
	Tenant     uuid.UUID `gorm:"column:tenant_id;primaryKey"`

	Application uuid.NullUUID `gorm:"column:application_id"` // NULL if the credential is the session's own
	Awaiting    Instant       `gorm:"column:awaiting_since"`
}

// TableName returns the name of the table in the schema.
func (linkSessionRow) TableName() string { return "link_sessions" }

func rowOfLinkSession(l domain.LinkSession) (linkSessionRow, error) {
	announced := ""
	if len(l.Announced) > 0 {
		var err error
		if announced, err = EncodeJSON(l.Announced); err != nil {
			return linkSessionRow{}, err
		}
	}
	var hook []byte
	if l.Hook != (domain.TokenHash{}) {
		hook = l.Hook[:]
	}
	return linkSessionRow{
		Hook: hook, ID: l.ID.UUID,
		Connection: l.Connection.UUID, Tenant: l.Tenant.UUID, Vendor: string(l.Vendor), Name: l.Name,
		BaseURL: l.BaseURL, Sealed: NonNil(l.Sealed), Actor: l.Actor, Receiver: l.Receiver, State: string(l.State),
		AccountRef: l.AccountRef, Announced: announced, Created: Instant{l.CreatedAt}, Expires: Instant{l.ExpiresAt},
		Ended: Instant{l.EndedAt}, Due: Instant{l.DueAt}, Attempts: l.Attempts,
		Application: Optional(l.Application.UUID), Awaiting: Instant{l.AwaitingSince},
	}, nil
}

func (r linkSessionRow) domain() (domain.LinkSession, error) {
	l := domain.LinkSession{
		Hook: hashOf[domain.TokenHash](r.Hook),
		ID:   domain.LinkSessionID{UUID: r.ID}, Connection: domain.ConnectionID{UUID: r.Connection},
		Tenant: domain.TenantID{UUID: r.Tenant}, Vendor: domain.Vendor(r.Vendor), Name: r.Name, BaseURL: r.BaseURL,
		Actor: r.Actor, Receiver: r.Receiver, State: domain.LinkSessionState(r.State), AccountRef: r.AccountRef,
		CreatedAt: r.Created.Time, AwaitingSince: r.Awaiting.Time,
		ExpiresAt: r.Expires.Time, EndedAt: r.Ended.Time, DueAt: r.Due.Time, Attempts: r.Attempts,
		Application: domain.ApplicationID{UUID: r.Application.UUID},
	}
	if len(r.Sealed) > 0 {
		l.Sealed = domain.Sealed(r.Sealed)
	}
	return l, DecodeJSON(r.Announced, &l.Announced)
}

// reservesName is the condition of the unique index over the names of sessions. See ports.LinkSessions.Create.
const reservesName = "state = 'open'"

// checkNotReserved returns NameTaken if a link session reserves the name of the connection. Until the transaction ends,
// no session of the tenant can be created.
func checkNotReserved(tx *gorm.DB, d Dialect, c domain.Connection) error {
	if err := d.LockTenant(tx, c.Tenant.UUID); err != nil {
		return err
	}
	_, err := First[linkSessionRow](tx.Select("id").
		Where("name = ? AND tenant_id = ? AND "+reservesName, c.Name, c.Tenant.UUID))
	if err == nil {
		return nameTaken()
	}
	if errors.Is(err, domain.NotFound) {
		return nil
	}
	return err
}

// Create implements ports.LinkSessions. It takes the same lock as checkNotReserved. No connection of the tenant can
// therefore be created or renamed at the same time. The unique index rejects a second session with the name.
func (s linkSessions) Create(ctx context.Context, l domain.LinkSession) error {
	row, err := rowOfLinkSession(l)
	if err != nil {
		return err
	}
	return s.Change(ctx, func(tx Tx) error {
		if err := s.Dialect.LockTenant(tx.DB, row.Tenant); err != nil {
			return err
		}
		_, err := First[ConnectionRow](
			Live(tx.DB).Select("id").Where("tenant_id = ? AND name = ?", row.Tenant, row.Name),
		)
		if err == nil {
			return nameTaken()
		}
		if !errors.Is(err, domain.NotFound) {
			return err
		}
		if !l.Application.IsZero() {
			if _, err := lockApplication(tx.DB, l.Tenant, l.Application); err != nil {
				return err
			}
		}
		if err := checkSessionCount(tx.DB, l.Tenant); err != nil {
			return err
		}
		err = tx.DB.Create(&row).Error
		if IsDuplicate(err) {
			return nameTaken()
		}
		return err
	})
}

// checkSessionCount returns Conflict (too_many_link_sessions) if the tenant may have no further open session. It reads
// the index over the names of open sessions.
func checkSessionCount(tx *gorm.DB, tenant domain.TenantID) error {
	var count int64
	err := tx.Model(&linkSessionRow{}).Where("tenant_id = ? AND "+reservesName, tenant.UUID).Count(&count).Error
	if err == nil && count >= domain.MaxLinkSessions {
		return &domain.Error{Kind: domain.Conflict, Code: domain.TooManyLinkSessions}
	}
	return err
}

// linkSessionUnderClaim returns a query for the row of the session. The query finds the row only if it is still due at
// the given time.
func linkSessionUnderClaim(tx *gorm.DB, l domain.LinkSession, dueAt time.Time) *gorm.DB {
	return tx.Model(&linkSessionRow{}).Where("id = ? AND tenant_id = ? AND due_at = ?",
		l.ID.UUID, l.Tenant.UUID, Instant{dueAt})
}

// Open implements ports.LinkSessions. It updates the row with one statement, which finds only an open session that no
// worker has claimed.
func (s linkSessions) Open(
	ctx context.Context, l domain.LinkSession, createdDueAt time.Time, entries ports.AuditEntries,
) error {
	return s.Change(ctx, func(tx Tx) error {
		changed, err := RowsAffected(linkSessionUnderClaim(tx.DB, l, createdDueAt).Where(reservesName).
			Updates(map[string]any{"expires_at": Instant{l.ExpiresAt}, "due_at": Instant{l.DueAt}}))
		if err == nil && changed == 0 {
			err = domain.NotFoundError()
		}
		if err != nil {
			return err
		}
		return tx.Record(l.Tenant, entries)
	})
}

// Get implements ports.LinkSessions. It reads one session.
func (s linkSessions) Get(
	ctx context.Context, tenant domain.TenantID, id domain.LinkSessionID,
) (found domain.LinkSession, err error) {
	err = s.Read(ctx, func(db *gorm.DB) error {
		row, err := First[linkSessionRow](db.Where("id = ? AND tenant_id = ?", id.UUID, tenant.UUID))
		if err == nil {
			found, err = row.domain()
		}
		return err
	})
	return found, err
}

// FindByHook implements ports.LinkSessions. It looks up the hash in an index.
func (s linkSessions) FindByHook(
	ctx context.Context, vendor domain.Vendor, hook domain.TokenHash,
) (found domain.LinkSession, err error) {
	err = s.Read(ctx, func(db *gorm.DB) error {
		row, err := First[linkSessionRow](db.Where("hook_hash = ? AND vendor = ? AND due_at IS NOT NULL", hook[:],
			string(vendor)))
		if err == nil {
			found, err = row.domain()
		}
		return err
	})
	return found, err
}

// Claim implements ports.LinkSessions.
func (s linkSessions) Claim(
	ctx context.Context, now, claimEnd time.Time, skip []domain.TenantID, limit int,
) ([]domain.LinkSession, error) {
	var due []linkSessionRow
	err := s.Background().Read(ctx, func(db *gorm.DB) error {
		query := WithoutTenants(db.Where("due_at IS NOT NULL AND due_at <= ?", Instant{now}), skip)
		return query.Order("due_at").Limit(limit).Find(&due).Error
	})
	if err != nil {
		return nil, err
	}
	claim := func(tx Tx, row linkSessionRow) (domain.LinkSession, bool, error) {
		l, err := row.domain()
		if err != nil {
			return l, false, err
		}
		changed, err := RowsAffected(linkSessionUnderClaim(tx.DB, l, l.DueAt).
			Updates(map[string]any{"due_at": Instant{claimEnd}}))
		l.DueAt = claimEnd
		return l, changed > 0, err
	}
	return ClaimEach(ctx, s.Background(), due, claim)
}

// Save implements ports.LinkSessions. It updates the row with one statement.
func (s linkSessions) Save(ctx context.Context, l domain.LinkSession, claimedDueAt time.Time) error {
	return s.Background().Change(ctx, func(tx Tx) error { return saveLinkSession(tx.DB, l, claimedDueAt) })
}

// saveLinkSession writes all columns except id and tenant_id. It writes the column sealed only if the session has no
// credential. Errors: LeaseLost.
func saveLinkSession(tx *gorm.DB, l domain.LinkSession, claimedDueAt time.Time) error {
	row, err := rowOfLinkSession(l)
	if err != nil {
		return err
	}
	kept := []string{"id", "tenant_id"}
	if len(l.Sealed) > 0 {
		kept = append(kept, "sealed")
	}
	changed, err := RowsAffected(linkSessionUnderClaim(tx, l, claimedDueAt).Select("*").Omit(kept...).Updates(&row))
	if err == nil && changed == 0 {
		err = LeaseLost()
	}
	return err
}

// Connect implements ports.LinkSessions. It saves the session before it inserts the connection. The session then no
// longer reserves the name.
func (s linkSessions) Connect(ctx context.Context, l domain.LinkSession, claimedDueAt time.Time,
	added ports.LinkedConnection, entries ports.AuditEntries,
) error {
	return s.Background().Change(ctx, func(tx Tx) error {
		stored, err := First[linkSessionRow](Locked(tx.DB, ForUpdate).
			Where("id = ? AND tenant_id = ?", l.ID.UUID, l.Tenant.UUID))
		if err != nil {
			return err
		}
		if err := saveLinkSession(tx.DB, l, claimedDueAt); err != nil {
			return err
		}
		row := RowOfConnection(added.Connection)
		if added.Connection.ApplicationID.IsZero() {
			row.Sealed = stored.Sealed
		}
		if err := checkJoined(tx.DB, added.Connection); err != nil {
			return err
		}
		if err := insertConnection(tx.DB, row); err != nil {
			return err
		}
		if added.Token != nil {
			token := rowOfToken(*added.Token)
			if err := tx.Create(&token).Error; err != nil {
				return err
			}
		}
		scope, err := EncodeJSON(added.Pull.Scope)
		if err != nil {
			return err
		}
		_, err = AttachOrQueue(tx, s.Dialect, ForUpdate, PullRow{
			ID: added.Pull.ID.UUID, Tenant: row.Tenant, Connection: row.ID, Vendor: row.Vendor,
			Trigger: string(added.Pull.Trigger), Trace: added.Pull.Trace, Created: Instant{added.Pull.At},
			Scope: scope, Complete: added.Pull.Scope.Everything,
		})
		if err != nil {
			return err
		}
		return tx.Record(l.Tenant, entries)
	})
}

// Update implements ports.LinkSessions. It locks the row before it reads the session.
func (s linkSessions) Update(ctx context.Context, tenant domain.TenantID, vendor domain.Vendor,
	id domain.LinkSessionID, fn func(*domain.LinkSession) bool,
) error {
	return s.Change(ctx, func(tx Tx) error {
		row, err := First[linkSessionRow](Locked(tx.DB, ForUpdate).
			Where("id = ? AND tenant_id = ? AND vendor = ?", id.UUID, tenant.UUID, string(vendor)))
		if err != nil {
			return err
		}
		l, err := row.domain()
		if err != nil {
			return err
		}
		stored := l.DueAt
		if stored.IsZero() || !fn(&l) {
			return nil
		}
		return saveLinkSession(tx.DB, l, stored)
	})
}

// IsLinked implements ports.LinkSessions. It reads the connections whose references are equal except for letter case,
// and then compares the canonical forms.
func (s linkSessions) IsLinked(
	ctx context.Context, tenant domain.TenantID, vendor domain.Vendor, ref string,
) (linked bool, err error) {
	if !Storable(ref) {
		return false, nil
	}
	var refs []string
	err = s.Read(ctx, func(db *gorm.DB) error {
		return Live(db.Model(&ConnectionRow{})).
			Where("tenant_id = ? AND vendor = ? AND kind = ?", tenant.UUID, string(vendor), string(domain.Aggregator)).
			Where("account_ref = ? OR lower(account_ref) = ?", ref, strings.ToLower(ref)).
			Pluck("account_ref", &refs).Error
	})
	for _, other := range refs {
		linked = linked || domain.CanonicalAccountRef(other) == domain.CanonicalAccountRef(ref)
	}
	return linked, err
}

// Prune implements ports.LinkSessions. It reads the ids first, because PostgreSQL has no DELETE with a LIMIT.
func (s linkSessions) Prune(ctx context.Context, before time.Time, limit int) (int, error) {
	pruned := 0
	err := s.Background().Change(ctx, func(tx Tx) error {
		var old []linkSessionRow
		const isOld = "due_at IS NULL AND ended_at < ?"
		err := tx.Select("id", "tenant_id").Where(isOld, Instant{before}).Limit(limit).Find(&old).Error
		for _, row := range old {
			if err == nil {
				err = tx.Where("id = ? AND tenant_id = ?", row.ID, row.Tenant).Delete(&linkSessionRow{}).Error
			}
		}
		pruned = len(old)
		return err
	})
	if err != nil {
		return 0, err
	}
	return pruned, nil
}
