package bankstatement

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Reader implements ports.StatementReader. The zero value is ready to use.
type Reader struct{}

var _ ports.StatementReader = Reader{}

// Read implements ports.StatementReader.
func (Reader) Read(content []byte, options witness.Options) witness.File {
	text, encoding, refusal := decode(content)
	if refusal != nil {
		return witness.File{Refusal: refusal}
	}
	format, refusal := formatOf(text, options)
	if refusal != nil {
		return witness.File{Encoding: encoding, Format: format, Refusal: refusal}
	}
	f := &file{text: text, accounts: map[accountKey]int{}, File: witness.File{Format: format, Encoding: encoding}}
	if repaired := !utf8.Valid(content); encoding == "utf-8" && repaired ||
		encoding != "utf-8" && strings.ContainsRune(text, '\uFFFD') {
		f.Warnings = witness.AddWarning(f.Warnings, witness.UndecodableText, 0)
	}
	switch format {
	case witness.OFX:
		f.readOFX()
	case witness.CNAB240:
		f.readCNAB240()
	case witness.Camt:
		f.readCamt()
	case witness.MT940:
		f.readMT940()
	case witness.CSV:
		f.readCSV(options.Mapping)
	}
	if f.Refusal != nil {
		return witness.File{Encoding: encoding, Format: format, Refusal: f.Refusal}
	}
	f.finish()
	return f.File
}

// file is a file that is being read.
type file struct {
	witness.File

	text     string
	blocks   int
	sections int
	accounts map[accountKey]int // indexes of the statements
}

// refuse refuses the whole file, unless it is refused already. line is 0 if no line is to blame.
func (f *file) refuse(code witness.RefusalCode, line int, format string, args ...any) {
	if f.Refusal == nil {
		f.Refusal = &witness.Refusal{Code: code, Line: line, Message: fmt.Sprintf(format, args...)}
	}
}

// The maximum numbers of accounts and of sections in a file.
const (
	maxAccounts = 1000
	maxSections = 5000
)

// add adds a section to the statement of its account. The positions in the warnings are those in the section.
func (f *file) add(account witness.Account, currency string, section witness.Section, warnings []witness.Warning) {
	key := accountKey{account, currency}
	at, known := f.accounts[key]
	if f.sections++; f.sections > maxSections || !known && len(f.Statements) == maxAccounts {
		f.refuse(witness.TooManyBlocks, 0, "the file has more than %d accounts or %d statements", maxAccounts,
			maxSections)
		return
	}
	if !known {
		at = len(f.Statements)
		f.accounts[key] = at
		f.Statements = append(f.Statements, witness.Statement{Account: account, Currency: currency})
	}
	s := &f.Statements[at]
	offset := 0
	for i := range s.Sections {
		offset += len(s.Sections[i].Blocks)
	}
	for _, w := range warnings {
		if len(w.Blocks) == 0 {
			s.Warnings = witness.AddWarning(s.Warnings, w.Code, 0)
		}
		for _, position := range w.Blocks {
			s.Warnings = witness.AddWarning(s.Warnings, w.Code, offset+position)
		}
	}
	s.Sections = append(s.Sections, section)
}

// accountKey identifies a statement of a file.
type accountKey struct {
	account  witness.Account
	currency string
}

// count counts a block. It refuses a file with too many blocks, and returns false then.
func (f *file) count(line int) bool {
	if f.blocks++; f.blocks > witness.MaxBlocks {
		f.refuse(witness.TooManyBlocks, line, "the file has more than %d entries", witness.MaxBlocks)
		return false
	}
	return true
}

// finish refuses a file without statements, and adds the warnings that all formats share.
func (f *file) finish() {
	if len(f.Statements) == 0 {
		f.refuse(witness.NotAStatement, 0, "the file contains no statement")
		f.File = witness.File{Encoding: f.Encoding, Format: f.Format, Refusal: f.Refusal}
		return
	}
	for i := range f.Statements {
		s := &f.Statements[i]
		f.setZerosApart(s)
		s.SetCopiesApart()
		seen := map[witness.ID]int{}
		position := 0
		for _, section := range s.Sections {
			for _, b := range section.Blocks {
				position++
				for _, id := range b.IDs {
					if seen[id]++; seen[id] == 2 {
						s.Warnings = witness.AddWarning(s.Warnings, witness.RepeatedIDs, position)
					}
				}
			}
		}
	}
}

// setZerosApart sets apart the entries that move no money: banks write totals and notes so. Those that this service has
// written are records.
func (f *file) setZerosApart(s *witness.Statement) {
	for i := range s.Sections {
		for j := range s.Sections[i].Blocks {
			b := &s.Sections[i].Blocks[j]
			own := strings.HasPrefix(f.Dialect, "records") ||
				slices.ContainsFunc(b.IDs, func(id witness.ID) bool { return isRecordID(id.Value) })
			if b.Kind == witness.Line && b.Amount.IsZero() && !own {
				b.Kind, b.Reason = witness.Apart, "informative: the amount is zero"
			}
		}
	}
}

// refused returns a refused block.
func refused(line int, raw, format string, args ...any) witness.Block {
	return witness.Block{
		Kind: witness.Refused, NoAmount: true, FileLine: line, Raw: cutRaw(raw),
		Reason: fmt.Sprintf("line %d: ", line) + fmt.Sprintf(format, args...),
	}
}

// refusedOn returns a refused block whose day could be read.
func refusedOn(day domain.Date, line int, raw, format string, args ...any) witness.Block {
	b := refused(line, raw, format, args...)
	b.Date = day
	return b
}

// cutRaw returns at most MaxRaw bytes of a text.
func cutRaw(text string) string {
	if len(text) > witness.MaxRaw {
		text = text[:witness.MaxRaw]
	}
	return strings.Clone(strings.ToValidUTF8(text, ""))
}

// formatOf finds the format of a text by its content. A wanted format must not contradict the content.
func formatOf(text string, options witness.Options) (witness.Format, *witness.Refusal) {
	found, refusal := sniff(text)
	switch wanted := options.Format; {
	case refusal != nil:
		return "", refusal
	case wanted == "" || wanted == found:
		return found, nil
	case found == witness.CSV: // any text
		return wanted, nil
	case wanted == witness.CSV && found == witness.CNAB240:
		return wanted, nil
	}
	return "", &witness.Refusal{Code: witness.UnknownFormat, Message: fmt.Sprintf("the file has the format %s", found)}
}

// sniff returns the format that the beginning of a text shows. A text without any mark may be CSV.
func sniff(text string) (witness.Format, *witness.Refusal) {
	head := strings.TrimLeft(text, " \t\r\n")
	upper := strings.ToUpper(head[:min(len(head), 4096)])
	isXML := strings.HasPrefix(upper, "<?XML") || strings.HasPrefix(upper, "<DOCUMENT") ||
		strings.HasPrefix(upper, "<!DOCTYPE") && !strings.HasPrefix(upper, "<!DOCTYPE HTML") ||
		strings.HasPrefix(upper, "<!--")
	switch {
	case strings.HasPrefix(upper, "<!DOCTYPE HTML"), strings.HasPrefix(upper, "<HTML"):
		return "", &witness.Refusal{Code: witness.NotAStatement, Message: "the file is a web page (HTML)"}
	case strings.Contains(upper, "<OFC>"):
		return "", &witness.Refusal{
			Code: witness.NotAStatement, Message: "the file is OFC, the predecessor of OFX; download it as OFX",
		}
	case strings.HasPrefix(upper, "OFXHEADER"), strings.Contains(upper, "<OFX"), strings.Contains(upper, "<?OFX"),
		strings.Contains(upper, "<STMTTRN>"):
		return witness.OFX, nil
	case isXML, strings.HasPrefix(upper, "<") && strings.Contains(upper, "CAMT.05"):
		return witness.Camt, nil
	case strings.HasPrefix(upper, "{\\RTF"):
		return "", &witness.Refusal{Code: witness.NotText, Message: "the file is a text document (RTF)"}
	case looksLikeCNAB(head):
		return witness.CNAB240, nil
	case looksLikeMT940(head):
		return witness.MT940, nil
	}
	return witness.CSV, nil
}

// signatures are the beginnings of files that are no text.
var signatures = []struct{ prefix, name string }{
	{"%PDF", "a PDF; download the statement as OFX, CNAB 240 or CSV"},
	{"PK\x03\x04", "a ZIP archive or a spreadsheet (XLSX); unpack it, or save it as CSV"},
	{"PK\x05\x06", "an empty ZIP archive"},
	{"\xD0\xCF\x11\xE0", "a spreadsheet (XLS); save it as CSV"},
	{"\x1F\x8B", "compressed (gzip); unpack it"},
	{"BZh", "compressed (bzip2); unpack it"},
	{"\xFD7zXZ", "compressed (xz); unpack it"},
	{"7z\xBC\xAF", "a 7z archive; unpack it"},
	{"Rar!", "a RAR archive; unpack it"},
	{"\x89PNG", "an image (PNG)"},
	{"\xFF\xD8\xFF", "an image (JPEG)"},
	{"GIF8", "an image (GIF)"},
	{"II*\x00", "an image (TIFF)"},
	{"MM\x00*", "an image (TIFF)"},
	{"RIFF", "an image or a sound (RIFF)"},
}

// refuseBytes refuses content that is too large or no text.
func refuseBytes(content []byte) *witness.Refusal {
	if len(content) > witness.MaxFileBytes {
		return &witness.Refusal{
			Code: witness.TooLarge, Message: fmt.Sprintf("the file is larger than %d bytes", witness.MaxFileBytes),
		}
	}
	for _, s := range signatures {
		if bytes.HasPrefix(content, []byte(s.prefix)) {
			return &witness.Refusal{Code: witness.NotText, Message: "the file is " + s.name}
		}
	}
	return nil
}
