package bankstatement_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"image"
	"image/png"
	"runtime"
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/bankstatement"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

func zipped(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	part, err := w.Create("xl/workbook.xml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write(bytes.Repeat([]byte("0"), 1<<20)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func picture(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 9, 9))); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestFilesThatAreNoStatementsAreNamed(t *testing.T) {
	laughs := `<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;">]>` +
		`<Document>&lol2;</Document>`
	runFacts(t, map[string]fact{
		"empty":              {content: "", refusal: witness.EmptyFile, reason: "empty"},
		"only spaces":        {content: " \r\n\t\n", refusal: witness.EmptyFile},
		"a byte order mark":  {content: "\xEF\xBB\xBF", refusal: witness.EmptyFile},
		"a PDF":              {content: "%PDF-1.7\n", refusal: witness.NotText, reason: "PDF"},
		"a ZIP archive":      {content: zipped(t), refusal: witness.NotText, reason: "ZIP"},
		"an image":           {content: picture(t), refusal: witness.NotText, reason: "PNG"},
		"a photo":            {content: "\xFF\xD8\xFF\xE0", refusal: witness.NotText, reason: "JPEG"},
		"an old spreadsheet": {content: "\xD0\xCF\x11\xE0\xA1\xB1", refusal: witness.NotText, reason: "XLS"},
		"a gzip archive":     {content: "\x1F\x8B\x08", refusal: witness.NotText, reason: "gzip"},
		"a web page": {
			content: "<!DOCTYPE html><html><body>Sessão expirada", refusal: witness.NotAStatement, reason: "HTML",
		},
		"an MT942 message": {
			content: mt940(":34F:EUR0,", ":13D:2609021200+0200", ":61:2609020902C15,00NTRFNONREF", ":90C:1EUR15,"),
			refusal: witness.NotAStatement, reason: "MT942",
		},
		"a letter":  {content: "Prezado cliente,\nsegue o extrato.\n", refusal: witness.UnknownFormat},
		"NUL bytes": {content: "OFXHEADER:100\n\x00\x00<OFX>", refusal: witness.NotText, reason: "line 2"},
		"UTF-16 without mark": {
			content: strings.ReplaceAll("OFXHEADER", "", "\x00"), refusal: witness.NotText, reason: "NUL",
		},
		"billion laughs":    {content: laughs, refusal: witness.Malformed, reason: "document types"},
		"an unknown entity": {content: camt("<X>&lol;</X>"), refusal: witness.Malformed},
		"deep nesting": {
			content: camt(strings.Repeat("<a>", 1000) + strings.Repeat("</a>", 1000)), refusal: witness.Malformed,
			reason: "nested",
		},
		"deep nesting outside of a statement": {
			content: "<?xml version=\"1.0\"?>" + strings.Repeat("<a>", 1000), refusal: witness.Malformed,
			reason: "nested",
		},
		"another format than the caller states": {
			content: ofx(two), options: witness.Options{Format: witness.Camt}, refusal: witness.UnknownFormat,
			reason: "ofx",
		},
		"the format that the caller states": {
			content: ofx(two), options: witness.Options{Format: witness.OFX}, counts: lines(2),
		},
		"too large": {
			content: strings.Repeat(" ", witness.MaxFileBytes+1), refusal: witness.TooLarge,
		},
		"too many entries": {
			content: ofxHeader + "<OFX><STMTRS>" + strings.Repeat("<STMTTRN>", witness.MaxBlocks+1),
			refusal: witness.TooManyBlocks,
		},
		"too many accounts": {
			content: "<?xml version=\"1.0\"?><Document>" + manyAccounts(2000) + "</Document>",
			refusal: witness.TooManyBlocks,
		},
	})
}

func manyAccounts(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "<Stmt><Acct><Id><IBAN>DE%06d</IBAN></Id></Acct></Stmt>", i)
	}
	return b.String()
}

// hostileFiles are files of the maximum size that are costly to read.
func hostileFiles() map[string]string {
	return map[string]string{
		"one line of text":         filled("", "a;"),
		"one OFX value":            filled(ofxHeader+"<OFX><STMTRS><STMTTRN><MEMO>", "x"),
		"OFX marks":                filled(ofxHeader+"<OFX>", "<"),
		"OFX marks in a value":     filled(ofxHeader+"<OFX><STMTRS><STMTTRN><MEMO>", "<"),
		"OFX tags without lines":   filled("OFXHEADER:100<OFX>", "<A>"),
		"OFX tags":                 filled(ofxHeader+"<OFX>", "<A>"),
		"OFX entities":             filled(ofxHeader+"<OFX><STMTRS><STMTTRN><MEMO>", "&amp;"),
		"OFX comments":             filled(ofxHeader+"<OFX>", "<!---->"),
		"quotes":                   filled("Data,Valor,Identificador,Descrição\n", `"`),
		"lines with open quotes":   filled("Data,Valor,Identificador,Descrição\n", "\"a,\n"),
		"cells":                    filled("Data,Valor,Identificador,Descrição\n", ","),
		"rows of titles":           filled("", "Data,Valor,Identificador,Descrição\n"),
		"empty rows":               filled("Data,Valor,Identificador,Descrição\n", "\n"),
		"short records":            filled("00100000"+strings.Repeat(" ", 232)+"\n", "00100013\n"),
		"records of many accounts": filled("", record(map[int]string{1: "00100013", 14: "E"})+"\n"),
		"XML elements":             filled("<?xml version=\"1.0\"?><Document>", "<a></a>"),
		"XML elements of an entry": filled("<?xml version=\"1.0\"?><Document><Stmt><Ntry>", "<a/>"),
		"XML attributes":           filled("<?xml version=\"1.0\"?><Document ", "a='' "),
		"XML statements":           filled("<?xml version=\"1.0\"?><Document>", "<Stmt></Stmt>"),
		"MT940 messages":           filled("", ":20:A\n:25:1\n:60F:C260831EUR1,\n:62F:C260831EUR1,\n-\n"),
		"MT940 texts":              filled(mt940(":60F:C260831EUR1,", ":61:260902D1,NTRF"), "x\n"),
	}
}

// A file of 8 MiB takes a bounded amount of memory, whatever it contains.
func TestHostileFilesTakeBoundedMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("reads files of 8 MiB")
	}
	const limit = 60 * witness.MaxFileBytes // allocated in total, most of which is garbage at once
	for name, content := range hostileFiles() {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			f := bankstatement.Reader{}.Read([]byte(content), witness.Options{})
			for _, s := range f.Statements {
				witness.Prove(s)
			}
			runtime.ReadMemStats(&after)
			if used := after.TotalAlloc - before.TotalAlloc; used > limit {
				t.Errorf("reading allocates %d MiB", used>>20)
			}
		})
	}
}
