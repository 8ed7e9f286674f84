package gormstore

import (
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

// bankStatementRow is a row of bank_statements.
type bankStatementRow struct {
	ID                uuid.UUID     `gorm:"column:id;primaryKey"`
	Account           uuid.UUID     `gorm:"column:account_id"`
	Connection        uuid.UUID     `gorm:"column:connection_id"`
	Witness           uuid.NullUUID `gorm:"column:witness_id"`
	WitnessConnection uuid.NullUUID `gorm:"column:witness_connection_id"`
	Key               string        `gorm:"column:source_key"`
	State             string        `gorm:"column:state"`
	Verdict           string        `gorm:"column:verdict"`
	FirstDay          string        `gorm:"column:first_day"`
	LastDay           string        `gorm:"column:last_day"`
	WaitsFor          string        `gorm:"column:waits_for"`
	Reading           string        `gorm:"column:reading"`
	Comparison        string        `gorm:"column:comparison"`
	Overview          string        `gorm:"column:overview"`
	Decisions         string        `gorm:"column:decisions"`
	UploadedBy        string        `gorm:"column:uploaded_by"`
	UploadedAt        Instant       `gorm:"column:uploaded_at"`
	Revision          int64         `gorm:"column:revision"`
	Changes           int64         `gorm:"column:changes"`
	ComparedChanges   int64         `gorm:"column:compared_changes"`
	Due               Instant       `gorm:"column:due_at"`
	Alerting          Instant       `gorm:"column:alerting_since"`
	Tenant            uuid.UUID     `gorm:"column:tenant_id;primaryKey"`
}

// TableName returns the name of the table in the schema.
func (bankStatementRow) TableName() string { return "bank_statements" }

// overviewValues are the members of witness.Overview that the column overview contains.
type overviewValues struct {
	SHA256     string                `json:"sha256,omitempty"`
	Accepted   bool                  `json:"accepted,omitempty"`
	ComparedAt time.Time             `json:"comparedAt"`
	Covered    []domain.Window       `json:"covered,omitempty"`
	Opening    witness.StatedBalance `json:"opening"`
	Closing    witness.StatedBalance `json:"closing"`
}

func rowOfBankStatement(s witness.BankStatement) (row bankStatementRow, err error) {
	row = bankStatementRow{
		ID: s.ID.UUID, Account: s.Account.UUID, Connection: s.Connection.UUID, Witness: Optional(s.Witness.UUID),
		Key: s.Key, State: string(s.State), FirstDay: string(s.Reading.Period.From),
		LastDay: string(s.Reading.Period.To), UploadedBy: s.UploadedBy, UploadedAt: Instant{s.UploadedAt},
		Revision: s.Revision, Changes: s.Changes, ComparedChanges: s.ComparedChanges, Tenant: s.Tenant.UUID,
	}
	if row.Reading, err = EncodeJSON(s.Reading); err != nil {
		return row, err
	}
	if len(s.Decisions) > 0 {
		if row.Decisions, err = EncodeJSON(s.Decisions); err != nil {
			return row, err
		}
	}
	if s.Comparison == nil {
		return row, nil
	}
	row.Verdict, row.WaitsFor = string(s.Comparison.Verdict), string(s.Comparison.WaitsFor)
	if row.Comparison, err = EncodeJSON(s.Comparison); err != nil {
		return row, err
	}
	o := witness.NewOverview(s)
	row.Overview, err = EncodeJSON(overviewValues{
		o.SHA256, o.Accepted, o.ComparedAt, o.Covered, o.Opening, o.Closing,
	})
	return row, err
}

func (r bankStatementRow) domain() (s witness.BankStatement, err error) {
	s = witness.BankStatement{
		ID: witness.BankStatementID{UUID: r.ID}, Tenant: domain.TenantID{UUID: r.Tenant},
		Account: domain.AccountID{UUID: r.Account}, Connection: domain.ConnectionID{UUID: r.Connection},
		Witness: domain.AccountID{UUID: r.Witness.UUID}, Key: r.Key, State: witness.StatementState(r.State),
		UploadedBy: r.UploadedBy, UploadedAt: r.UploadedAt.Time,
		Revision: r.Revision, Changes: r.Changes, ComparedChanges: r.ComparedChanges,
	}
	if err = DecodeJSON(r.Reading, &s.Reading); err != nil {
		return s, err
	}
	if err = DecodeJSON(r.Decisions, &s.Decisions); err != nil {
		return s, err
	}
	return s, DecodeJSON(r.Comparison, &s.Comparison)
}

// overview returns the overview of a compared statement.
func (r bankStatementRow) overview() (witness.Overview, error) {
	var v overviewValues
	err := DecodeJSON(r.Overview, &v)
	return witness.Overview{
		ID: witness.BankStatementID{UUID: r.ID}, SHA256: v.SHA256, Verdict: witness.Verdict(r.Verdict),
		Accepted: v.Accepted, ComparedAt: v.ComparedAt, UploadedAt: r.UploadedAt.Time,
		Period:  domain.Window{From: domain.Date(r.FirstDay), To: domain.Date(r.LastDay)},
		Covered: v.Covered, Opening: v.Opening, Closing: v.Closing,
	}, err
}

// csvMappingRow is a row of csv_mappings.
type csvMappingRow struct {
	Account    uuid.UUID `gorm:"column:account_id;primaryKey"`
	Connection uuid.UUID `gorm:"column:connection_id"`
	Mapping    string    `gorm:"column:mapping"`
	Updated    Instant   `gorm:"column:updated_at"`
	Tenant     uuid.UUID `gorm:"column:tenant_id;primaryKey"`
}

// TableName returns the name of the table in the schema.
func (csvMappingRow) TableName() string { return "csv_mappings" }

// bankStatementFileRow is a row of bank_statement_files.
type bankStatementFileRow struct {
	ID     uuid.UUID `gorm:"column:id;primaryKey"`
	Sealed []byte    `gorm:"column:sealed"`
	Tenant uuid.UUID `gorm:"column:tenant_id;primaryKey"`
}

// TableName returns the name of the table in the schema.
func (bankStatementFileRow) TableName() string { return "bank_statement_files" }

// bankStatementLinesRow is a row of bank_statement_lines.
type bankStatementLinesRow struct {
	Statement uuid.UUID `gorm:"column:statement_id;primaryKey"`
	Number    int       `gorm:"column:number;primaryKey"`
	Buckets   string    `gorm:"column:buckets"`
	Content   []byte    `gorm:"column:content"`
	Tenant    uuid.UUID `gorm:"column:tenant_id;primaryKey"`
}

// TableName returns the name of the table in the schema.
func (bankStatementLinesRow) TableName() string { return "bank_statement_lines" }
