package evidence

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"time"

	"github.com/gowebpki/jcs"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// The names of the files in an evidence pack.
const (
	closeName      = "close.json"
	recordsName    = "records.txt"
	versionsName   = "versions.jsonl"
	statementName  = "statement.xml"
	auditName      = "audit.json"
	checkpointName = "checkpoint.txt"
	keyName        = "key.txt"
	manifestName   = "manifest.json"
	signatureName  = "manifest.sig"
)

// canonical returns the canonical JSON of v (RFC 8785) and a line feed.
func canonical(v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	if text, err = jcs.Transform(text); err != nil {
		return nil, err
	}
	return append(text, '\n'), nil
}

// closeView is the content of close.json: a closed period, as the API returns it. If the pack contains no account
// statement, the field Statement contains the reason.
type closeView struct {
	AccountID      string `json:"accountId"`
	Date           string `json:"date"`
	Count          int    `json:"count"`
	Sum            string `json:"sum,omitempty"`
	Currency       string `json:"currency,omitempty"`
	Digest         string `json:"digest"`
	ClosedAt       string `json:"closedAt"`
	ClosedBy       string `json:"closedBy"`
	Completeness   string `json:"completeness"`
	FirstDay       string `json:"firstDay,omitempty"`
	OpeningBalance string `json:"openingBalance,omitempty"`
	ClosingBalance string `json:"closingBalance,omitempty"`
	PostedCount    *int   `json:"postedCount,omitempty"`
	PostedSum      string `json:"postedSum,omitempty"`
	ReopenedAt     string `json:"reopenedAt,omitempty"`
	Statement      string `json:"statement,omitempty"`
	// Format is absent from the packs of closes whose document has format 1, and that have no witness.
	Format     int          `json:"format,omitempty"`
	BankReadAt string       `json:"bankReadAt,omitempty"`
	Witness    *witnessView `json:"witness,omitempty"`

	WithoutAmount int `json:"withoutAmount,omitempty"`
}

// witnessView is the bank statement that covered the period when the pack was made.
type witnessView struct {
	BankStatementID string `json:"bankStatementId"`
	SHA256          string `json:"sha256,omitempty"`
	Verdict         string `json:"verdict"`
}

// The formats of close.json with further members than the first. A file has the lowest format with its members, so
// that the pack of a close stays the same.
const (
	formatBankRead = 2 // bankReadAt, and the completeness not_covered
	formatWitness  = 3 // witness
	formatWithout  = 4 // withoutAmount
)

// closeJSON returns close.json.
func closeJSON(c books.Close, hasDocument bool) ([]byte, error) {
	v := closeView{
		AccountID: c.Account.String(), Date: string(c.Date), Count: c.Count, Currency: c.Currency,
		Digest: hex.EncodeToString(c.Digest[:]), ClosedAt: timeOf(c.ClosedAt), ClosedBy: c.ClosedBy,
		Completeness: string(c.Completeness), ReopenedAt: timeOf(c.ReopenedAt),
	}
	if s := c.Statement; s != nil && s.Format > 1 || !c.BankReadAt.IsZero() {
		v.Format, v.BankReadAt = formatBankRead, timeOf(c.BankReadAt)
	}
	if w := c.Witness; w != nil {
		v.Format, v.Witness = formatWitness, &witnessView{w.ID.String(), w.SHA256, string(w.Verdict)}
	}
	if c.WithoutAmount > 0 {
		v.Format, v.WithoutAmount = formatWithout, c.WithoutAmount
	}
	if c.Sum.Valid {
		v.Sum = c.Sum.Decimal.String()
	}
	if s := c.Statement; s != nil {
		count := s.PostedCount()
		v.FirstDay, v.PostedCount, v.PostedSum = string(s.From), &count, s.PostedSum().String()
		if s.Balances != nil {
			v.OpeningBalance, v.ClosingBalance = s.Balances.Opening.String(), s.Balances.Closing.String()
		}
	}
	switch {
	case hasDocument:
	case c.Statement == nil || c.Statement.Balances == nil:
		v.Statement = string(domain.NoBalance)
	default:
		v.Statement = string(domain.NotRepresentable)
	}
	return canonical(v)
}

// timeOf returns a time as the API returns it; "" for the zero time.
func timeOf(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format(time.RFC3339Nano)
}

// writeRecords writes records.txt, which contains the records of the closed period as text. The digest of this text
// is stored with the closed period.
func writeRecords(ctx context.Context, w io.Writer, view ports.ClosedView) error {
	for r, err := range view.Records(ctx) {
		if err == nil {
			_, err = io.WriteString(w, r.Line())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// versionView is a line of versions.jsonl. It states from which pull, webhook deliveries and row of the vendor a
// version of a record comes.
type versionView struct {
	DeliveryIDs []string `json:"deliveryIds"`
	ID          string   `json:"id"`
	PullID      string   `json:"pullId,omitempty"`
	RowSHA256   string   `json:"rowSha256,omitempty"`
	Version     int      `json:"version"`
}

// writeVersions writes versions.jsonl. The members of a line are in the order of canonical JSON, and no value contains
// a character that JSON escapes.
func writeVersions(ctx context.Context, w io.Writer, view ports.ClosedView) error {
	for r, err := range view.Records(ctx) {
		if err != nil {
			return err
		}
		v := versionView{
			DeliveryIDs: make([]string, len(r.Deliveries)), ID: r.ID.String(), Version: r.Version,
			RowSHA256: hex.EncodeToString(r.RowSHA256),
		}
		for i, id := range r.Deliveries {
			v.DeliveryIDs[i] = id.String()
		}
		if !r.Pull.IsZero() {
			v.PullID = r.Pull.String()
		}
		line, err := json.Marshal(v)
		if err == nil {
			_, err = w.Write(append(line, '\n'))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// entryView is an audit entry as the API returns it.
type entryView struct {
	Sequence  int64              `json:"sequence"`
	At        string             `json:"at"`
	Actor     string             `json:"actor"`
	Action    string             `json:"action"`
	Object    string             `json:"object"`
	RequestID string             `json:"requestId"`
	Detail    domain.AuditDetail `json:"detail"`
}

// proofView is the proof that the audit log contains an audit entry, as the API returns the proof.
type proofView struct {
	Size   int64    `json:"size"`
	Hashes []string `json:"hashes"`
}

// auditJSON returns audit.json.
func auditJSON(p ports.ProvenEntry) ([]byte, error) {
	proof := proofView{Size: p.Proof.Size, Hashes: make([]string, len(p.Proof.Hashes))}
	for i, h := range p.Proof.Hashes {
		proof.Hashes[i] = base64.StdEncoding.EncodeToString(h[:])
	}
	e := p.Entry
	return canonical(struct {
		Entry entryView `json:"entry"`
		Proof proofView `json:"proof"`
	}{entryView{
		Sequence: e.Sequence, At: timeOf(e.At), Actor: e.Actor, Action: e.Action, Object: e.Object,
		RequestID: e.RequestID, Detail: e.Detail,
	}, proof})
}
