package verify

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gowebpki/jcs"
	"github.com/shopspring/decimal"
)

// decode parses the canonical JSON of a file. v must be a pointer to a struct with a field for each allowed member.
func decode(name string, text []byte, v any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		return faultf(name, "it is not JSON of this format")
	}
	again, err := json.Marshal(v)
	if err == nil {
		again, err = jcs.Transform(again)
	}
	if err != nil || !bytes.Equal(append(again, '\n'), text) {
		return faultf(name, "it is not canonical JSON of this format")
	}
	return nil
}

// closeView is close.json.
type closeView struct {
	AccountID      string `json:"accountId"`
	Date           string `json:"date"`
	Count          int64  `json:"count"`
	Sum            string `json:"sum,omitempty"`
	Currency       string `json:"currency,omitempty"`
	Digest         string `json:"digest"`
	ClosedAt       string `json:"closedAt"`
	ClosedBy       string `json:"closedBy"`
	Completeness   string `json:"completeness"`
	FirstDay       string `json:"firstDay,omitempty"`
	OpeningBalance string `json:"openingBalance,omitempty"`
	ClosingBalance string `json:"closingBalance,omitempty"`
	PostedCount    *int64 `json:"postedCount,omitempty"`
	PostedSum      string `json:"postedSum,omitempty"`
	ReopenedAt     string `json:"reopenedAt,omitempty"`
	Statement      string `json:"statement,omitempty"`
	Format         int    `json:"format,omitempty"`     // absent in format 1
	BankReadAt     string `json:"bankReadAt,omitempty"` // since format 2

	Witness *witnessView `json:"witness,omitempty"` // in format 3, and perhaps in format 4
	// WithoutAmount is the number of records without an amount in the currency, in format 4, and only there. The sums
	// and postedCount leave these records out. In the other formats, the sums are absent if there is such a record.
	WithoutAmount int64 `json:"withoutAmount,omitempty"`
}

// witnessView is the bank statement that covered the period when the pack was made.
type witnessView struct {
	BankStatementID string `json:"bankStatementId"`
	SHA256          string `json:"sha256,omitempty"`
	Verdict         string `json:"verdict"`
}

var (
	isID      = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	isHash    = regexp.MustCompile(`^([0-9a-f]{64})?$`)
	isVerdict = regexp.MustCompile(`^(differs|inconclusive|dates_differ|agrees|lines_agree)$`)
)

func (c *closeView) parse(text []byte) error {
	if err := decode(closeName, text, c); err != nil {
		return err
	}
	switch c.Statement {
	case "", "no_balance", "not_representable":
	default:
		return faultf(closeName, "statement has an unknown value")
	}
	if c.Format != 0 && (c.Format < 2 || c.Format > 4) || c.Format == 0 && c.BankReadAt != "" {
		return faultf(closeName, "format has an unknown value")
	}
	if c.Format < 4 && (c.Format == 3) != (c.Witness != nil) {
		return faultf(closeName, "it has format 3 exactly if it has a witness")
	}
	if (c.Format == 4) != (c.WithoutAmount > 0) || c.WithoutAmount < 0 {
		return faultf(closeName, "it has format 4 exactly if it has withoutAmount")
	}
	if w := c.Witness; w != nil &&
		!(isID.MatchString(w.BankStatementID) && isHash.MatchString(w.SHA256) && isVerdict.MatchString(w.Verdict)) {
		return faultf(closeName, "witness has an unknown value")
	}
	if _, err := time.Parse(time.RFC3339, c.BankReadAt); c.BankReadAt != "" && err != nil {
		return faultf(closeName, "bankReadAt is not a time")
	}
	if _, err := time.Parse(time.DateOnly, c.Date); err != nil {
		return faultf(closeName, "date is not a date")
	}
	return nil
}

// auditView is audit.json.
type auditView struct {
	Entry entryView `json:"entry"`
	Proof proofView `json:"proof"`
}

type entryView struct {
	Sequence  int64      `json:"sequence"`
	At        string     `json:"at"`
	Actor     string     `json:"actor"`
	Action    string     `json:"action"`
	Object    string     `json:"object"`
	RequestID string     `json:"requestId"`
	Detail    detailView `json:"detail"`
}

type detailView struct {
	Count           int64  `json:"count"`
	Date            string `json:"date"`
	Digest          string `json:"digest"`
	StatementSHA256 string `json:"statementSha256,omitempty"`
}

type proofView struct {
	Size   int64    `json:"size"`
	Hashes [][]byte `json:"hashes"`
}

// parse parses audit.json, and returns the canonical JSON of the entry.
func (a *auditView) parse(text []byte) ([]byte, error) {
	if err := decode(auditName, text, a); err != nil {
		return nil, err
	}
	if len(a.Proof.Hashes) > maxProof {
		return nil, faultf(auditName, "the proof has more than %d hashes", maxProof)
	}
	var parts struct {
		Entry json.RawMessage `json:"entry"`
	}
	if err := json.Unmarshal(text, &parts); err != nil {
		return nil, faultf(auditName, "it is not JSON of this format")
	}
	return parts.Entry, nil
}

// manifestView is manifest.json.
type manifestView struct {
	Files map[string]string `json:"files"`
}

// recordSums contains the counts, hashes and sums that are computed from records.txt.
type recordSums struct {
	count       int64
	digest      [sha256.Size]byte
	ids         [sha256.Size]byte // of the ids, each with a line feed
	all         sum
	postedCount int64 // the posted records from the first day on
	posted      sum
	without     int64 // the records that the sums leave out, in format 4
}

var (
	isRecord = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\|[0-9]{4}-[0-9]{2}-[0-9]{2}\|` +
		`(pending|posted)\|-?[0-9]+(\.[0-9]+)?\|[A-Z]{3}\|(\||-?[0-9]+(\.[0-9]+)?\|[A-Z]{3})$`)
	isEntry = regexp.MustCompile(`<Ntry><Amt Ccy="([A-Z]{3})">([0-9]+(?:\.[0-9]+)?)</Amt>` +
		`<CdtDbtInd>(CRDT|DBIT)</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>`)
)

// readRecords reads records.txt.
func readRecords(a *archive, c closeView) (r recordSums, err error) {
	digest, ids := sha256.New(), sha256.New()
	last := ""
	err = a.lines(recordsName, maxRecord, false, func(line []byte) error {
		if !isRecord.Match(line) {
			return faultf(recordsName, "line %d is not a record", r.count+1)
		}
		r.count++
		_, _ = digest.Write(append(slices.Clip(line), '\n'))
		members := strings.Split(string(line), "|")
		id, date, status := members[0], members[1], members[2]
		if id <= last {
			return faultf(recordsName, "line %d is not in the order of the ids", r.count)
		}
		last = id
		_, _ = ids.Write([]byte(id + "\n"))
		if _, err := time.Parse(time.DateOnly, date); err != nil || date > c.Date {
			return faultf(recordsName, "the date of line %d is not one of the period", r.count)
		}
		amount, currency := members[3], members[4]
		if members[6] != "" {
			amount, currency = members[5], members[6]
		}
		if c.Format == 4 && currency != c.Currency {
			r.without++
			return nil
		}
		r.all.add(amount, currency, c.Currency)
		if status == "posted" && c.FirstDay != "" && date >= c.FirstDay {
			r.postedCount++
			r.posted.add(amount, currency, c.Currency)
		}
		return nil
	})
	r.digest, r.ids = hashed(digest), hashed(ids)
	return r, err
}

// add adds an amount to the sum. If the amount is not in the wanted currency, add marks the sum as not known.
func (s *sum) add(amount, currency, wanted string) {
	value, err := decimal.NewFromString(amount)
	if err != nil || currency != wanted {
		s.unknown = true
		return
	}
	s.value = s.value.Add(value)
}

// versionSums contains the count and the hash that are computed from versions.jsonl.
type versionSums struct {
	count int64
	ids   [sha256.Size]byte
}

// versionView is a line of versions.jsonl.
type versionView struct {
	DeliveryIDs []string `json:"deliveryIds"`
	ID          string   `json:"id"`
	PullID      string   `json:"pullId,omitempty"`
	RowSHA256   string   `json:"rowSha256,omitempty"`
	Version     int64    `json:"version"`
}

// readVersions reads versions.jsonl.
func readVersions(a *archive) (v versionSums, err error) {
	ids := sha256.New()
	err = a.lines(versionsName, maxVersion, false, func(line []byte) error {
		v.count++
		var view versionView
		text := append(slices.Clip(line), '\n')
		if err := decode(versionsName, text, &view); err != nil || view.Version < 1 || view.DeliveryIDs == nil {
			return faultf(versionsName, "line %d is not a version in canonical JSON", v.count)
		}
		_, _ = ids.Write([]byte(view.ID + "\n"))
		return nil
	})
	v.ids = hashed(ids)
	return v, err
}

// statementSums contains the count, the sum and the hash that are computed from statement.xml.
type statementSums struct {
	count  int64
	sum    decimal.Decimal
	sha256 [sha256.Size]byte
}

// readStatement reads statement.xml. Each entry is on a line of its own; the first one follows the header.
func readStatement(a *archive) (*statementSums, error) {
	s := &statementSums{}
	err := a.lines(statementName, maxStatement, true, func(line []byte) error {
		for _, match := range isEntry.FindAllSubmatch(line, -1) {
			if len(match[2]) > maxAmount {
				return faultf(statementName, "an amount has more than %d characters", maxAmount)
			}
			amount, err := decimal.NewFromString(string(match[2]))
			if err != nil {
				return faultf(statementName, "an amount is not a number")
			}
			if string(match[3]) == "DBIT" {
				amount = amount.Neg()
			}
			s.count++
			s.sum = s.sum.Add(amount)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.sha256 = a.files[len(a.files)-1].sha256
	return s, nil
}
