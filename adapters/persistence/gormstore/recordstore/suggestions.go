package recordstore

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/records"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// suggestionRow is a row of possible_replacements.
type suggestionRow struct {
	Tenant     uuid.UUID         `gorm:"column:tenant_id"`
	Connection uuid.UUID         `gorm:"column:connection_id"`
	Old        uuid.UUID         `gorm:"column:old_id"`
	New        uuid.UUID         `gorm:"column:new_id"`
	Account    uuid.NullUUID     `gorm:"column:account_id"`
	Since      gormstore.Instant `gorm:"column:since"`
	State      string            `gorm:"column:state"`
	Evidence   string            `gorm:"column:evidence"` // JSON; "" if there is none
}

// TableName returns the name of the table in the schema.
func (suggestionRow) TableName() string { return "possible_replacements" }

// suggestionColumns are the columns of possible_replacements that a suggestionRow contains. The table has the alias p.
const suggestionColumns = "p.connection_id, p.old_id, p.new_id, p.account_id, p.since, p.state, p.evidence"

// targets returns the scan targets for suggestionColumns, in the same order.
func (r *suggestionRow) targets() []any {
	return gormstore.ScanTargets(
		&r.Connection, &r.Old, &r.New, &r.Account.UUID, &r.Since, (*gormstore.Text)(&r.State),
		(*gormstore.Text)(&r.Evidence),
	)
}

func (r *suggestionRow) suggestion() (records.Suggestion, error) {
	s := records.Suggestion{
		Old: domain.TransactionID{UUID: r.Old}, New: domain.TransactionID{UUID: r.New},
		Connection: domain.ConnectionID{UUID: r.Connection}, Account: domain.AccountID{UUID: r.Account.UUID},
		Since: r.Since.Time, State: records.SuggestionState(r.State),
	}
	if r.Evidence == "" {
		return s, nil
	}
	return s, gormstore.DecodeJSON(r.Evidence, &s.Evidence)
}

// changeSuggestions stores the suggestions in c.Suggestions, with their events.
func (p *pageWriter) changeSuggestions(c *records.Changes) error {
	var reported []records.Event
	rows := make([]suggestionRow, 0, len(c.Suggestions))
	for i := range c.Suggestions {
		s := &c.Suggestions[i]
		row := suggestionRow{
			Tenant: p.pull.Tenant, Connection: p.pull.Connection, Old: s.Old.UUID, New: s.New.UUID,
			Account: gormstore.Optional(s.Account.UUID), Since: gormstore.At(s.Since), State: string(s.State),
		}
		if len(s.Evidence) > 0 {
			text, err := gormstore.EncodeJSON(s.Evidence)
			if err != nil {
				return err
			}
			row.Evidence = text
		}
		rows, reported = append(rows, row), append(reported, records.OfSuggestion(*s)...)
	}
	err := p.tx.Clauses(clause.OnConflict{
		Columns:   gormstore.UniqueColumns("connection_id", "old_id", "new_id"),
		DoUpdates: clause.AssignmentColumns([]string{"account_id", "since", "state", "evidence"}),
	}).CreateInBatches(rows, stateBatch).Error
	if err != nil {
		return err
	}
	return p.recordEvents(reported...)
}

// changePossibly changes the column possibly_supersedes of the records in c.Possibly.
func (p *pageWriter) changePossibly(c *records.Changes) error {
	for batch := range slices.Chunk(c.Possibly, renameBatch) {
		for _, same := range []bool{true, false} {
			if err := p.setPossibly(batch, same, c.Reason); err != nil {
				return err
			}
		}
	}
	return nil
}

// setPossibly applies those changes of the batch whose field SameVersion equals the argument same. If same is false,
// each changed record gets a new version.
func (p *pageWriter) setPossibly(batch []records.PossiblySupersedes, same bool, reason string) error {
	var cases strings.Builder
	var args []any
	var ids []string
	for _, change := range batch {
		if change.SameVersion == same {
			cases.WriteString(" WHEN id = ? THEN ?")
			args = append(args, change.Record.UUID, gormstore.EncodeIDs(change.Old))
			ids = append(ids, change.Record.String())
		}
	}
	if len(ids) == 0 {
		return nil
	}
	which := p.ownIDs(ids)
	columns := map[string]any{"possibly_supersedes": gorm.Expr("CASE"+cases.String()+" END", args...)}
	if same {
		return p.tx.Table(gormstore.TransactionTable).Where(which).Updates(columns).Error
	}
	columns["reason"] = reason
	_, err := p.nextVersions(which, columns)
	return err
}

// Suggestions implements records.Source. It returns open suggestions whose old or new record has one of these external
// ids. It reads all open suggestions of the connection.
func (s recordSource) Suggestions(externalIDs []string) (found []records.StoredSuggestion, err error) {
	if len(externalIDs) == 0 {
		return nil, nil
	}
	old, newer := s.dialect.AnyOf("o.external_id", externalIDs), s.dialect.AnyOf("n.external_id", externalIDs)
	q := gormstore.NewQuery("SELECT "+suggestionColumns+`, o.external_id, n.external_id, n.possibly_supersedes
		FROM possible_replacements p
		JOIN transactions o ON `+s.dialect.TenantIs("o.tenant_id", "p.tenant_id")+` AND o.id = p.old_id
		JOIN transactions n ON `+s.dialect.TenantIs("n.tenant_id", "p.tenant_id")+` AND n.id = p.new_id
		WHERE p.connection_id = ? AND p.tenant_id = ? AND p.state = 'open'`,
		gormstore.UUID(s.pull.Connection), gormstore.UUID(s.pull.Tenant))
	q.Add(" AND ("+old.SQL, old.Vars...)
	q.Add(" OR "+newer.SQL+")", newer.Vars...)
	q.Add(" ORDER BY p.since DESC, p.old_id DESC, p.new_id DESC")
	var row suggestionRow
	var oldID, newID, possibly string
	columns := append(row.targets(), (*gormstore.Text)(&oldID), (*gormstore.Text)(&newID), (*gormstore.Text)(&possibly))
	err = s.tx.Read(q.AsRead(columns, func() error {
		suggestion, err := row.suggestion()
		if err != nil {
			return err
		}
		stored := records.StoredSuggestion{Suggestion: suggestion, OldExternalID: oldID, NewExternalID: newID}
		stored.Possibly, err = gormstore.DecodeIDs(possibly)
		found = append(found, stored)
		return err
	}))
	return found, err
}

// Suggestion implements records.Source. It returns a suggestion in any state.
func (s recordSource) Suggestion(old, newer domain.TransactionID) (found records.Suggestion, ok bool, err error) {
	q := gormstore.NewQuery("SELECT "+suggestionColumns+` FROM possible_replacements p
		WHERE p.connection_id = ? AND p.old_id = ? AND p.new_id = ? AND p.tenant_id = ?`,
		gormstore.UUID(s.pull.Connection), gormstore.UUID(old.UUID), gormstore.UUID(newer.UUID),
		gormstore.UUID(s.pull.Tenant))
	var row suggestionRow
	err = s.tx.Read(q.AsRead(row.targets(), func() (err error) {
		ok = true
		found, err = row.suggestion()
		return err
	}))
	return found, ok, err
}

// Joined implements records.Source. It returns the old records of joined pairs.
func (s recordSource) Joined() ([]records.Record, error) {
	return s.collectIDs(`id IN (SELECT old_id FROM possible_replacements
		WHERE connection_id = ? AND tenant_id = ? AND state = 'joined')`,
		gormstore.UUID(s.pull.Connection), gormstore.UUID(s.pull.Tenant))
}

// Suggestions reads a page of suggestions that wait for a decision.
func (s ledger) Suggestions(ctx context.Context, tenant domain.TenantID, connection domain.ConnectionID,
	page domain.PageRequest,
) (domain.Page[ports.Suggestion], error) {
	q := gormstore.NewQuery(
		"SELECT " + suggestionColumns + " FROM possible_replacements p WHERE p.state IN ('open', 'join_undone')",
	)
	if connection.IsZero() {
		q.Add(" AND p.tenant_id = ?", gormstore.UUID(tenant.UUID))
	} else {
		q.Add(" AND p.connection_id = ? AND "+s.Dialect.TenantIs("p.tenant_id", "?"),
			gormstore.UUID(connection.UUID), gormstore.UUID(tenant.UUID))
	}
	if !page.After.IsZero() {
		since, old, newer, err := records.ParseSuggestionPosition(page.After)
		if err != nil {
			return domain.Page[ports.Suggestion]{}, err
		}
		q.Add(" AND (p.since, p.old_id, p.new_id) < (?, ?, ?)",
			s.TimeParam(since), gormstore.UUID(old.UUID), gormstore.UUID(newer.UUID))
	}
	q.Add(" ORDER BY p.since DESC, p.old_id DESC, p.new_id DESC")
	var row suggestionRow
	return gormstore.Paged(ctx, s.Rows, q, page, row.targets(), row.suggestion, ports.Suggestion.Position)
}

// Suggestion reads one suggestion.
func (s ledger) Suggestion(
	ctx context.Context, tenant domain.TenantID, pair ports.RecordPair,
) (found ports.Suggestion, err error) {
	q := gormstore.NewQuery("SELECT "+suggestionColumns+` FROM possible_replacements p
		WHERE p.tenant_id = ? AND p.new_id = ? AND p.old_id = ?`,
		gormstore.UUID(tenant.UUID), gormstore.UUID(pair.New.UUID), gormstore.UUID(pair.Old.UUID))
	var row suggestionRow
	missing := true
	err = s.Rows(ctx, q.String(), q.Args, row.targets(), func() (err error) {
		missing = false
		found, err = row.suggestion()
		return err
	})
	if err == nil && missing {
		err = domain.NotFoundError()
	}
	return found, err
}
