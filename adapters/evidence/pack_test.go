package evidence

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/evidence/verify"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// periods contains closed periods of different kinds, by name.
var periods = map[string]closedPeriod{
	"small":             {records: 2, size: 1},
	"without records":   {size: 5, sequence: 4},
	"large":             {records: 60, size: 1000, sequence: 600},
	"no balance":        {records: 20, noBalance: true, size: 3},
	"not representable": {records: 6, digits: "1234567890123456789", size: 2, sequence: 1},
	"covered by a file": {records: 2, size: 1, witness: &witness.Overview{
		ID: statement, SHA256: strings.Repeat("0f", 32), Verdict: witness.Agrees,
	}},
	"covered by an account": {records: 2, size: 1, witness: &witness.Overview{
		ID: statement, Verdict: witness.DatesDiffer,
	}},
	"earlier":                {records: 12, size: 1, earlier: true},
	"earlier without amount": {records: 12, size: 1, earlier: true, foreign: true},
	"without amount":         {records: 12, size: 1, foreign: true},
	"covered without amount": {records: 12, size: 1, foreign: true, witness: &witness.Overview{
		ID: statement, Verdict: witness.Agrees,
	}},
}

// Both verifiers read the packs of all formats.
func TestAPackHasTheLowestFormatOfItsMembers(t *testing.T) {
	for name, want := range map[string][]string{
		"earlier":                {`"completeness":`, `"firstDay":`, `"sum":`},
		"earlier without amount": {`"completeness":`, `"statement":"no_balance"`},
		"small":                  {`"format":2,`, `"firstDay":`, `"sum":`},
		"covered by a file":      {`"format":3,`, `"sum":`, `"witness":`},
		"without amount":         {`"format":4,`, `"firstDay":`, `"sum":`, `"withoutAmount":1`},
		"covered without amount": {`"format":4,`, `"sum":`, `"withoutAmount":1`, `"witness":`},
	} {
		text := string(contents(t, evidenceOf(t, periods[name]))[closeName])
		for _, member := range want {
			if !strings.Contains(text, member) {
				t.Errorf("%s: %s has no %s", name, text, member)
			}
		}
		if strings.HasPrefix(name, "earlier") && strings.Contains(text, `"format"`) {
			t.Errorf("%s: %s has a format", name, text)
		}
	}
}

var statement = witness.BankStatementID(account)

// A pack must have the lowest format that has its members, so that the packs of earlier versions stay the same.
func TestOnlyThePackOfACoveredCloseHasAWitness(t *testing.T) {
	for name, want := range map[string]string{
		"small": "",
		"covered by a file": `"format":3,"openingBalance":"500","postedCount":1,"postedSum":"-420.81",` +
			`"sum":"-920.81","witness":{"bankStatementId":"` + account.String() + `","sha256":"` +
			strings.Repeat("0f", 32) + `","verdict":"agrees"}}`,
		"covered by an account": `"witness":{"bankStatementId":"` + account.String() + `","verdict":"dates_differ"}}`,
	} {
		closed := string(contents(t, evidenceOf(t, periods[name]))[closeName])
		if want == "" && (strings.Contains(closed, "witness") || strings.Contains(closed, `"format":3`)) ||
			!strings.Contains(closed, want) {
			t.Errorf("%s: %s", name, closed)
		}
	}
}

func TestGoodPacksAreAccepted(t *testing.T) {
	for name, p := range periods {
		e := evidenceOf(t, p)
		pack := packOf(t, e)
		s, err := verify.Pack(bytes.NewReader(pack), e.Key)
		if err != nil || s.Records != int64(p.records) || s.Sequence != int64(p.sequence) || s.Size != int64(p.size) {
			t.Errorf("%s: %v %+v", name, err, s)
		}
		_, hasStatement := contents(t, e)[statementName]
		if want := !p.noBalance && p.digits == "" && !(p.earlier && p.foreign); hasStatement != want {
			t.Errorf("%s: the pack has a statement: %v", name, hasStatement)
		}
		checkWithZip(t, pack)
	}
}

// checkWithZip checks that package archive/zip reads the pack, and that all files are uncompressed and dated 1980.
func checkWithZip(t *testing.T, pack []byte) {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(pack), int64(len(pack)))
	must(t, err)
	if r.Comment != "" {
		t.Error("the archive has a comment")
	}
	for _, f := range r.File {
		content, err := f.Open()
		must(t, err)
		text, err := io.ReadAll(content)
		must(t, err)
		if f.Method != zip.Store || len(f.Extra) > 0 || f.Comment != "" || f.Flags != 0 || f.Modified.Year() != 1980 ||
			uint64(len(text)) != f.UncompressedSize64 {
			t.Errorf("%+v", f.FileHeader)
		}
	}
}

// change is a change of one byte of a pack.
type change struct {
	Position int  `json:"position"`
	Value    byte `json:"value"`
}

// everyPosition returns one change for each byte of the pack.
func everyPosition(r *rand.Rand, pack []byte) []change {
	all := make([]change, len(pack))
	for i := range pack {
		all[i] = change{i, pack[i] ^ byte(1+r.IntN(255))}
	}
	return all
}

// randomPositions returns n changes of random bytes of the pack.
func randomPositions(r *rand.Rand, pack []byte, n int) []change {
	all := make([]change, n)
	for i := range all {
		position := r.IntN(len(pack))
		all[i] = change{position, pack[position] ^ byte(1+r.IntN(255))}
	}
	return all
}

// changedPacks returns evidence packs for the tests of the verifiers: their data, their bytes (texts), and the
// changes of bytes that a verifier must detect in each pack.
func changedPacks(t testing.TB) (packs []ports.Evidence, texts [][]byte, changes [][]change) {
	t.Helper()
	const randomChanges = 10_000
	r := rand.New(rand.NewPCG(1, 2))
	for _, p := range []closedPeriod{periods["small"], periods["large"], periods["no balance"]} {
		e := evidenceOf(t, p)
		pack := packOf(t, e)
		packs, texts = append(packs, e), append(texts, pack)
		if p.records < 10 {
			changes = append(changes, everyPosition(r, pack))
		} else {
			changes = append(changes, randomPositions(r, pack, randomChanges/2))
		}
	}
	return packs, texts, changes
}

// fileAt returns the name of the file whose header or content contains the position in the archive.
func fileAt(t testing.TB, e ports.Evidence, position int) string {
	t.Helper()
	files, err := filesOf(t.Context(), e)
	must(t, err)
	for _, f := range files {
		if position -= len(localHeader(f)) + int(f.size); position < 0 {
			return f.name
		}
	}
	return verify.Archive
}

func TestAPackWithAChangedByteIsRefused(t *testing.T) {
	packs, texts, changes := changedPacks(t)
	for i, e := range packs {
		for _, c := range changes[i] {
			pack := slices.Clone(texts[i])
			pack[c.Position] = c.Value
			_, err := verify.Pack(bytes.NewReader(pack), e.Key)
			fault := (*verify.Fault)(nil)
			if !errors.As(err, &fault) {
				t.Fatalf("pack %d, byte %d = %d: %v", i, c.Position, c.Value, err)
			}
			if i == 0 {
				if want := fileAt(t, e, c.Position); fault.File != want {
					t.Errorf("byte %d: the fault is in %q, want %s", c.Position, err, want)
				}
			}
		}
	}
}

func TestAPackOfAnotherLengthIsRefused(t *testing.T) {
	e := evidenceOf(t, periods["small"])
	pack := packOf(t, e)
	for n := range pack {
		if _, err := verify.Pack(bytes.NewReader(pack[:n]), e.Key); err == nil {
			t.Fatalf("the first %d bytes are accepted", n)
		}
	}
	for _, text := range []string{string(pack) + "\n", "\n" + string(pack), string(pack) + string(pack)} {
		if _, err := verify.Pack(strings.NewReader(text), e.Key); err == nil {
			t.Error("more bytes are accepted")
		}
	}
}

// A pack must be refused if its files contradict each other, even if it is signed with the right key.
func TestASignedPackWhoseFilesDoNotAgreeIsRefused(t *testing.T) {
	good := evidenceOf(t, closedPeriod{records: 12, size: 7, sequence: 3})
	foreign := evidenceOf(t, closedPeriod{records: 13, size: 7, sequence: 3})
	covered := func(old, text string) func(map[string][]byte) {
		return func(all map[string][]byte) {
			closed := contents(t, evidenceOf(t, closedPeriod{
				records: 12, size: 7, sequence: 3, witness: periods["covered by a file"].witness,
			}))[closeName]
			if !bytes.Contains(closed, []byte(old)) {
				t.Errorf("%s has no %q", closed, old)
			}
			all[closeName] = bytes.Replace(closed, []byte(old), []byte(text), 1)
		}
	}
	noBalance := contents(t, evidenceOf(t, closedPeriod{records: 12, size: 7, sequence: 3, noBalance: true}))
	replace := func(name, old, text string) func(map[string][]byte) {
		return func(all map[string][]byte) {
			if !bytes.Contains(all[name], []byte(old)) {
				t.Errorf("%s has no %q", name, old)
			}
			all[name] = bytes.Replace(all[name], []byte(old), []byte(text), 1)
		}
	}
	of := func(name string, files map[string][]byte) func(map[string][]byte) {
		return func(all map[string][]byte) { all[name] = files[name] }
	}
	others := contents(t, foreign)
	for name, c := range map[string]struct {
		change func(map[string][]byte)
		file   string
	}{
		"other records":          {of(recordsName, others), recordsName},
		"no records":             {func(all map[string][]byte) { all[recordsName] = nil }, recordsName},
		"another amount":         {replace(recordsName, "|posted|", "|pending|"), recordsName},
		"another digest":         {replace(closeName, `"digest":"`, `"digest":"0`), closeName},
		"another count":          {replace(closeName, `"count":12`, `"count":11`), closeName},
		"another sum":            {replace(closeName, `"sum":"`, `"sum":"1`), closeName},
		"another posted count":   {replace(closeName, `"postedCount":`, `"postedCount":1`), closeName},
		"another opening":        {replace(closeName, `"openingBalance":"`, `"openingBalance":"1`), closeName},
		"another first day":      {replace(closeName, `"firstDay":"2026-02-01"`, `"firstDay":"2026-02-09"`), closeName},
		"another day":            {replace(closeName, `"date":"2026-02-28"`, `"date":"2026-03-28"`), closeName},
		"another time":           {replace(closeName, `10:00:00`, `10:00:01`), closeName},
		"an unknown verdict":     {covered(`"agrees"`, `"agree"`), closeName},
		"another hash":           {covered(`"sha256":"0f`, `"sha256":"0F`), closeName},
		"no statement id":        {covered(`"bankStatementId":"019c`, `"bankStatementId":"19c`), closeName},
		"a witness in format 2":  {covered(`"format":3`, `"format":2`), closeName},
		"an unknown format":      {covered(`"format":3`, `"format":5`), closeName},
		"format 4, all amounts":  {covered(`"format":3`, `"format":4`), closeName},
		"none without amount":    {replace(closeName, `"sum":`, `"format":4,"sum":`), closeName},
		"one without amount":     {covered(`"format":3`, `"format":4,"withoutAmount":1`), closeName},
		"format 3, no witness":   {replace(closeName, `"firstDay"`, `"format":3,"firstDay"`), closeName},
		"an unknown member":      {replace(closeName, `"sum":`, `"sun":`), closeName},
		"a space":                {replace(closeName, `"sum":`, `"sum": `), closeName},
		"a statement is denied":  {of(closeName, noBalance), auditName},
		"no statement":           {func(all map[string][]byte) { delete(all, statementName) }, statementName},
		"other versions":         {of(versionsName, others), versionsName},
		"versions of other ids":  {replace(versionsName, `"id":"`, `"id":"0`), versionsName},
		"a version 0":            {replace(versionsName, `"version":1`, `"version":0`), versionsName},
		"no line feed":           {replace(versionsName, "\n", " "), versionsName},
		"another statement":      {of(statementName, others), statementName},
		"a changed statement":    {replace(statementName, "Conta", "conta"), statementName},
		"another entry":          {of(auditName, others), auditName},
		"another actor":          {replace(auditName, `"actor":"maria`, `"actor":"mario`), auditName},
		"another size":           {replace(auditName, `"size":7`, `"size":6`), auditName},
		"another checkpoint":     {of(checkpointName, others), auditName},
		"an unsigned checkpoint": {replace(checkpointName, "\n7\n", "\n8\n"), checkpointName},
		"two signatures": {func(all map[string][]byte) {
			_, line, _ := bytes.Cut(all[checkpointName], []byte("\n\n"))
			all[checkpointName] = append(bytes.Clone(all[checkpointName]), line...)
		}, checkpointName},
		"another key": {replace(keyName, "discovery", "Discovery"), keyName},
		"a long line": {func(all map[string][]byte) {
			all[recordsName] = bytes.Repeat([]byte("1"), 1<<20)
		}, recordsName},
		"a large file": {func(all map[string][]byte) {
			all[closeName] = append(all[closeName], bytes.Repeat([]byte("\n"), 1<<20)...)
		}, closeName},
	} {
		all := contents(t, good)
		c.change(all)
		_, err := verify.Pack(bytes.NewReader(archiveOf(t, seed, all)), good.Key)
		if fault := (*verify.Fault)(nil); !errors.As(err, &fault) || fault.File != c.file {
			t.Errorf("%s: %v, want a fault in %s", name, err, c.file)
		}
	}
	if _, err := verify.Pack(bytes.NewReader(archiveOf(t, seed, contents(t, good))), good.Key); err != nil {
		t.Errorf("the unchanged files: %v", err)
	}
	_, err := verify.Pack(bytes.NewReader(archiveOf(t, other, contents(t, good))), good.Key)
	if fault := (*verify.Fault)(nil); !errors.As(err, &fault) || fault.File != signatureName {
		t.Errorf("a manifest that another key signs: %v", err)
	}
}

// An archive with the right files in another form must be refused.
func TestALongAmountIsRefusedBeforeItIsParsed(t *testing.T) {
	e := evidenceOf(t, closedPeriod{records: 3, size: 4, sequence: 1})
	all := contents(t, e)
	entry := regexp.MustCompile(`(<Ntry><Amt Ccy="[A-Z]{3}">)[0-9.]+`)
	all[statementName] = entry.ReplaceAll(all[statementName], []byte("${1}"+strings.Repeat("9", 3<<20)))
	_, err := verify.Pack(bytes.NewReader(archiveOf(t, seed, all)), e.Key)
	if fault := (*verify.Fault)(nil); !errors.As(err, &fault) || !strings.Contains(fault.Reason, "characters") {
		t.Errorf("the error is %v", err)
	}
}

func TestAnArchiveThatIsNotCanonicalIsRefused(t *testing.T) {
	e := evidenceOf(t, periods["small"])
	files, err := filesOf(t.Context(), e)
	must(t, err)
	swapped := slices.Clone(files)
	swapped[1], swapped[2] = swapped[2], swapped[1]
	var compressed bytes.Buffer
	z := zip.NewWriter(&compressed)
	for name, content := range contents(t, e) {
		w, err := z.Create(name)
		must(t, err)
		_, err = w.Write(content)
		must(t, err)
	}
	must(t, z.Close())
	extra := stored("extra.txt", nil)
	must(t, extra.measure())
	for name, pack := range map[string][]byte{
		"another order": join(t, swapped), "compressed": compressed.Bytes(),
		"a file more": join(t, append(files, extra)),
		"a file less": join(t, files[:len(files)-1]), "empty": nil, "no archive": []byte("PK"),
	} {
		if _, err := verify.Pack(bytes.NewReader(pack), e.Key); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func TestKeysAreChecked(t *testing.T) {
	e := evidenceOf(t, periods["small"])
	pack := packOf(t, e)
	for _, key := range []string{"", e.Key + "\n", e.Key[1:], strings.ToUpper(e.Key), "a+b+c", e.Key + "="} {
		if _, err := verify.Pack(bytes.NewReader(pack), key); !errors.Is(err, verify.ErrKey) {
			t.Errorf("%q: %v", key, err)
		}
	}
	another := prove(t, other, domain.AuditEntry{Action: "x"}, 0, 1).Key
	_, err := verify.Pack(bytes.NewReader(pack), another)
	if fault := (*verify.Fault)(nil); !errors.As(err, &fault) || fault.File != keyName {
		t.Errorf("another key: %v", err)
	}
}

func TestAPackThatWouldProveNothingIsNotWritten(t *testing.T) {
	begin := func(int64) io.Writer { t.Error("the pack was begun"); return io.Discard }
	e := evidenceOf(t, periods["large"])
	e.Close.Digest[0]++
	if err := (Format{}).Write(t.Context(), e, begin); !errors.Is(err, errDigest) {
		t.Errorf("another digest: %v", err)
	}
	e = evidenceOf(t, periods["large"])
	e.Document = func(io.Writer) error { return nil }
	if err := (Format{}).Write(t.Context(), e, begin); !errors.Is(err, errDocument) {
		t.Errorf("another document: %v", err)
	}
	refused := errors.New("of the store")
	e.Document = func(io.Writer) error { return refused }
	if err := (Format{}).Write(t.Context(), e, begin); !errors.Is(err, refused) {
		t.Errorf("a failure: %v", err)
	}
}

func FuzzPack(f *testing.F) {
	e := evidenceOf(f, periods["small"])
	pack := packOf(f, e)
	f.Add(pack)
	f.Fuzz(func(t *testing.T, other []byte) {
		if _, err := verify.Pack(bytes.NewReader(other), e.Key); err == nil && !bytes.Equal(other, pack) {
			t.Error("another pack is accepted")
		}
	})
}

// write stores a file in a folder of the test, and returns its path.
func write(t testing.TB, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	must(t, os.WriteFile(path, content, 0o600))
	return path
}
