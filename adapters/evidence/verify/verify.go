package verify

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/shopspring/decimal"
)

// Fault reports why a pack is refused.
type Fault struct {
	File   string // the name of the file in the pack that is wrong; Archive if it is the ZIP archive itself
	Reason string
}

// Archive is the value of Fault.File if the ZIP archive itself is wrong, and not one of its files.
const Archive = "the ZIP archive"

// Error returns the name of the file and the reason.
func (f *Fault) Error() string { return f.File + ": " + f.Reason }

func faultf(file, format string, args ...any) error {
	return &Fault{File: file, Reason: fmt.Sprintf(format, args...)}
}

// The names of the files of a pack, in their order.
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

// The maximum sizes of files and lines, in bytes.
const (
	maxJSON       = 64 << 10
	maxNote       = 16 << 10
	maxRecord     = 1 << 10
	maxVersion    = 128 << 10
	maxStatement  = 4 << 20
	maxProof      = 64
	maxAmount     = 128 // in characters; to parse a longer amount takes time that grows with the square of its length
	maxCountDigit = 18
)

// Summary describes a pack that passed all checks.
type Summary struct {
	Account, Date, ClosedAt, Digest string
	Records                         int64
	Sequence, Size                  int64 // the number of the audit entry, and the number of entries in its tree
}

// Pack checks a pack. key is the verifier key of the tenant's audit log, without a line feed. Errors: ErrKey; a
// *Fault; the errors of r.
func Pack(r io.Reader, key string) (Summary, error) {
	k, err := parseKey(key)
	if err != nil {
		return Summary{}, err
	}
	p := &pack{archive: newArchive(r), key: k}
	if err := p.read(); err != nil {
		return Summary{}, err
	}
	if err := p.check(); err != nil {
		return Summary{}, err
	}
	return Summary{
		Account: p.closed.AccountID, Date: p.closed.Date, ClosedAt: p.closed.ClosedAt, Digest: p.closed.Digest,
		Records: p.records.count, Sequence: p.audit.Entry.Sequence, Size: p.audit.Proof.Size,
	}, nil
}

// pack contains the data that read collects from a pack for the checks that compare several files.
type pack struct {
	*archive

	key        verifierKey
	closed     closeView
	records    recordSums
	versions   versionSums
	statement  *statementSums // nil if the pack has none
	audit      auditView
	entry      []byte // the canonical JSON of audit.Entry
	checkpoint []byte
	keyFile    []byte
	manifest   []byte
	signature  []byte
}

// read reads the archive, and makes the checks that need only a single file.
func (p *pack) read() error {
	text, err := p.small(closeName, maxJSON)
	if err != nil {
		return err
	}
	if err := p.closed.parse(text); err != nil {
		return err
	}
	if p.records, err = readRecords(p.archive, p.closed); err != nil {
		return err
	}
	if p.versions, err = readVersions(p.archive); err != nil {
		return err
	}
	if p.closed.Statement == "" {
		if p.statement, err = readStatement(p.archive); err != nil {
			return err
		}
	}
	if text, err = p.small(auditName, maxJSON); err != nil {
		return err
	}
	if p.entry, err = p.audit.parse(text); err != nil {
		return err
	}
	for _, f := range []struct {
		name    string
		max     int64
		content *[]byte
	}{
		{checkpointName, maxNote, &p.checkpoint}, {keyName, maxNote, &p.keyFile}, {manifestName, maxNote, &p.manifest},
		{signatureName, maxNote, &p.signature},
	} {
		if *f.content, err = p.small(f.name, f.max); err != nil {
			return err
		}
	}
	return p.end()
}

// check verifies the signatures, and checks that the files agree with each other.
func (p *pack) check() error {
	for _, check := range []func() error{
		p.checkManifest, p.checkLog, p.checkClose, p.checkRecords, p.checkStatement,
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// checkManifest checks the signature of the manifest and the hashes of the files.
func (p *pack) checkManifest() error {
	if string(p.keyFile) != p.key.text+"\n" {
		return faultf(keyName, "it is not the key that was given")
	}
	text, err := p.key.open(p.signature)
	if err != nil {
		return faultf(signatureName, "%v", err)
	}
	if !bytes.Equal(text, p.manifest) {
		return faultf(manifestName, "it is not the text that manifest.sig signs")
	}
	want := map[string]string{}
	for _, f := range p.files {
		if f.name != manifestName && f.name != signatureName {
			want[f.name] = hex.EncodeToString(f.sha256[:])
		}
	}
	var listed manifestView
	if err := decode(manifestName, p.manifest, &listed); err != nil {
		return err
	}
	for _, f := range p.files {
		if hash, ok := want[f.name]; ok && listed.Files[f.name] != hash {
			return faultf(f.name, "it does not have the hash in manifest.json")
		}
	}
	if len(listed.Files) != len(want) {
		return faultf(manifestName, "it lists a file that is missing")
	}
	return nil
}

// checkLog checks that the checkpoint is signed, and that its tree contains the audit entry.
func (p *pack) checkLog() error {
	text, err := p.key.open(p.checkpoint)
	if err != nil {
		return faultf(checkpointName, "%v", err)
	}
	c, err := parseCheckpoint(p.key.name, string(text))
	if err != nil {
		return err
	}
	proof := p.audit.Proof
	if proof.Size != c.size {
		return faultf(auditName, "the proof is not for the tree of checkpoint.txt")
	}
	if !proves(proof.Hashes, c, p.audit.Entry.Sequence, p.entry) {
		return faultf(auditName, "the proof does not lead from the entry to the root in checkpoint.txt")
	}
	return nil
}

// checkClose compares the closed period in close.json with the audit entry about its closing.
func (p *pack) checkClose() error {
	e, c := p.audit.Entry, p.closed
	d := e.Detail
	switch {
	case e.Action != "account.close":
		return faultf(auditName, "the entry is not one of a close")
	case e.Object != c.AccountID+"/"+c.Date || d.Date != c.Date || e.At != c.ClosedAt:
		return faultf(closeName, "it is not the close of the audit entry")
	case d.Digest != c.Digest:
		return faultf(closeName, "its digest is not that of the audit entry")
	case d.Count != c.Count:
		return faultf(closeName, "its count is not that of the audit entry")
	case (d.StatementSHA256 == "") != (p.statement == nil):
		return faultf(closeName, "it does not say correctly whether the close has a statement")
	}
	return nil
}

// checkRecords compares the records with the closed period in close.json.
func (p *pack) checkRecords() error {
	r, c := p.records, p.closed
	switch {
	case hex.EncodeToString(r.digest[:]) != c.Digest:
		return faultf(recordsName, "it does not have the digest of the close")
	case r.count != c.Count:
		return faultf(recordsName, "it does not have as many records as the close")
	case r.without != c.WithoutAmount:
		return faultf(closeName, "withoutAmount is not that of records.txt")
	case !r.all.is(c.Sum):
		return faultf(closeName, "sum is not that of records.txt")
	case c.PostedCount != nil && (r.postedCount != *c.PostedCount || !r.posted.is(c.PostedSum)):
		return faultf(closeName, "postedCount and postedSum are not those of records.txt")
	case p.versions.ids != r.ids || p.versions.count != r.count:
		return faultf(versionsName, "its records are not those of records.txt")
	}
	return nil
}

// checkStatement compares the account statement with the audit entry and with the closed period.
func (p *pack) checkStatement() error {
	s, c := p.statement, p.closed
	switch {
	case s == nil:
		return nil
	case hex.EncodeToString(s.sha256[:]) != p.audit.Entry.Detail.StatementSHA256:
		return faultf(statementName, "it does not have the hash in the audit entry")
	case c.PostedCount == nil || c.OpeningBalance == "" || c.ClosingBalance == "":
		return faultf(closeName, "it has a statement, but not the sums of one")
	case s.count != *c.PostedCount || s.sum.String() != c.PostedSum:
		return faultf(statementName, "the number and the sum of its entries are not those of the close")
	case !balanced(c):
		return faultf(closeName, "closingBalance is not openingBalance plus postedSum")
	}
	return nil
}

// balanced reports whether the closing balance of a closed period minus its opening balance is the sum of its posted
// records.
func balanced(c closeView) bool {
	opening, openingErr := decimal.NewFromString(c.OpeningBalance)
	closing, closingErr := decimal.NewFromString(c.ClosingBalance)
	return openingErr == nil && closingErr == nil && closing.Sub(opening).String() == c.PostedSum
}

// sum adds up amounts in one currency.
type sum struct {
	value   decimal.Decimal
	unknown bool // an amount is not known in the currency
}

// is reports whether text is the decimal notation of the sum. If the sum is not known, text must be "".
func (s sum) is(text string) bool {
	if s.unknown {
		return text == ""
	}
	return s.value.String() == text
}

// hashed returns the SHA-256 hash that h has computed. h must be a SHA-256 hash function.
func hashed(h interface{ Sum([]byte) []byte }) [sha256.Size]byte {
	return [sha256.Size]byte(h.Sum(nil))
}
