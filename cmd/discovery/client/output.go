package client

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// The output formats.
const (
	formatTable = "table"
	formatJSON  = "json"
	formatCSV   = "csv"
)

var formats = []string{formatTable, formatJSON, formatCSV}

// outputFormat returns the value of the flag --output.
func outputFormat(cmd *cobra.Command) (string, error) {
	format, err := cmd.Flags().GetString("output")
	if err == nil && !slices.Contains(formats, format) {
		err = usagef("--output must be one of %s", strings.Join(formats, ", "))
	}
	return format, err
}

// writer prints the items of a list one after the other, while the list is still being read.
type writer interface {
	// write prints items. Each item is the text of a JSON object.
	write(items []json.RawMessage) error
	// close prints the end of the output.
	close() error
}

// writer returns the writer for the format of the session. If endless is true, the output never ends, so JSON objects
// are printed one per line instead of as an array. It returns a UsageError if --columns names an unknown member.
func (s *session) writer(v view, endless bool) (writer, error) {
	out := s.cmd.OutOrStdout()
	v, err := s.selected(v)
	switch {
	case err != nil:
		return nil, err
	case s.format == formatJSON && endless:
		return &lineWriter{out}, nil
	case s.format == formatJSON:
		return &arrayWriter{out: out}, nil
	case s.format == formatCSV:
		return &csvWriter{out: csv.NewWriter(out), view: v, members: v.members()}, nil
	}
	width, terminal := s.width()
	w := &tableWriter{
		out: out, view: v, fixed: endless, width: width, omit: terminal && len(s.columns) == 0,
		omitted: func(titles []string) {
			s.printNote("Not shown, because the terminal is too narrow: %s. Use --columns or -o json.",
				strings.Join(titles, ", "))
		},
	}
	if slices.ContainsFunc(v.columns, func(c column) bool { return c.connectionName }) {
		w.names = s.connectionNames
	}
	return w, nil
}

// width returns the number of columns of a table, and whether it is printed on a terminal.
func (s *session) width() (columns int, terminal bool) {
	file := terminalOf(s.cmd.OutOrStdout())
	if file == nil {
		return defaultWidth, false
	}
	columns, _, err := term.GetSize(int(file.Fd()))
	if err != nil || columns < minWidth {
		return defaultWidth, true
	}
	return columns, true
}

// selected returns the view with the columns that the flag --columns selects. The flag contains names of members or
// titles of columns.
func (s *session) selected(v view) (view, error) {
	if len(s.columns) == 0 {
		return v, nil
	}
	if s.format == formatJSON {
		return v, usagef("--columns cannot be combined with -o json")
	}
	var columns []column
	known := v.members()
	for _, name := range s.columns {
		name = strings.TrimSpace(name)
		i := slices.IndexFunc(v.columns, func(c column) bool {
			return strings.EqualFold(c.member, name) || strings.EqualFold(c.title, name)
		})
		member := slices.IndexFunc(known, func(m string) bool { return strings.EqualFold(m, name) })
		switch {
		case i >= 0:
			columns = append(columns, v.columns[i])
		case member >= 0:
			columns = append(columns, column{member: known[member], title: strings.ToUpper(known[member])})
		default:
			return v, usagef("--columns: there is no column %q; there are %s", name, strings.Join(known, ", "))
		}
	}
	v.columns, v.only = columns, true
	return v, nil
}

// print prints one object in the format of the session: as JSON, as CSV with one row, or as one line per member.
func (s *session) print(v view, text []byte) error {
	switch s.format {
	case formatJSON:
		if _, err := s.selected(v); err != nil {
			return err
		}
		var b bytes.Buffer
		if err := json.Indent(&b, text, "", "  "); err != nil {
			return err
		}
		_, err := fmt.Fprintln(s.cmd.OutOrStdout(), visible(b.String()))
		return err
	case formatCSV:
		w, err := s.writer(v, false)
		if err != nil {
			return err
		}
		if err := w.write([]json.RawMessage{text}); err != nil {
			return err
		}
		return w.close()
	}
	v, err := s.selected(v)
	if err != nil {
		return err
	}
	width, _ := s.width()
	return printMembers(s.cmd.OutOrStdout(), v, text, width)
}

// lineWriter prints one JSON object per line.
type lineWriter struct{ out io.Writer }

func (w *lineWriter) write(items []json.RawMessage) error {
	for _, item := range items {
		if _, err := fmt.Fprintln(w.out, visible(string(item))); err != nil {
			return err
		}
	}
	return nil
}

func (w *lineWriter) close() error { return nil }

// arrayWriter prints an array of JSON objects.
type arrayWriter struct {
	out   io.Writer
	count int
}

func (w *arrayWriter) write(items []json.RawMessage) error {
	for _, item := range items {
		separator := ",\n  "
		if w.count == 0 {
			separator = "[\n  "
		}
		if _, err := fmt.Fprint(w.out, separator, visible(string(item))); err != nil {
			return err
		}
		w.count++
	}
	return nil
}

func (w *arrayWriter) close() error {
	end := "\n]\n"
	if w.count == 0 {
		end = "[]\n"
	}
	_, err := io.WriteString(w.out, end)
	return err
}

// csvWriter prints a header, and one row per item with all members of the schema.
type csvWriter struct {
	out     *csv.Writer
	view    view
	members []string
	begun   bool
}

func (w *csvWriter) write(items []json.RawMessage) error {
	if !w.begun {
		w.begun = true
		if err := w.out.Write(w.members); err != nil {
			return err
		}
	}
	for _, item := range items {
		r, err := w.view.record(item)
		if err != nil {
			return err
		}
		row := make([]string, len(w.members))
		for i, member := range w.members {
			row[i] = safeCell(visible(r.text(member)))
		}
		if err := w.out.Write(row); err != nil {
			return err
		}
	}
	w.out.Flush()
	return w.out.Error()
}

func (w *csvWriter) close() error { return w.write(nil) }

// safeCell returns a text that no spreadsheet evaluates as a formula. It puts an apostrophe before a text that begins
// like a formula, unless the text is a number.
func safeCell(text string) string {
	first := strings.TrimLeftFunc(text, unicode.IsSpace)
	if first == "" || isNumber(text) {
		return text
	}
	if strings.ContainsRune("=+-@＝＋－＠", []rune(first)[0]) || strings.ContainsRune("\t\r\n", []rune(text)[0]) {
		return "'" + text
	}
	return text
}

// isNumber reports whether text is a decimal number of the API, such as -212.45.
func isNumber(text string) bool {
	digits := strings.TrimPrefix(text, "-")
	whole, fraction, dot := strings.Cut(digits, ".")
	isDigits := func(s string) bool {
		return s != "" && strings.Trim(s, "0123456789") == ""
	}
	return isDigits(whole) && (!dot || isDigits(fraction))
}

// printable returns text in one line. White space becomes a space. Each character that a terminal would not print, or
// that changes the direction of the text after it, becomes an escape sequence such as \u009b. Texts of vendors can
// contain such characters.
func printable(text string) string {
	return escape(text, func(r rune) bool { return !unicode.IsPrint(r) && !unicode.IsSpace(r) || isHidden(r) },
		func(r rune) rune {
			if unicode.IsSpace(r) {
				return ' '
			}
			return r
		})
}

// visible returns text in which each control character, and each character that changes the direction of text, is an
// escape sequence such as \u009b. Tabs and line breaks are kept. If text is JSON, the result is JSON with the same
// values, because JSON contains such characters only in strings.
func visible(text string) string {
	return escape(text, isHidden, func(r rune) rune { return r })
}

// isHidden reports whether r is a control character other than a tab or a line break, or changes the direction of
// text.
func isHidden(r rune) bool {
	return unicode.IsControl(r) && !strings.ContainsRune("\t\r\n", r) || unicode.Is(unicode.Bidi_Control, r)
}

// escape returns text in which an escape sequence replaces each character for which isEscaped returns true. Every
// other character is replaced by the result of mapped.
func escape(text string, isEscaped func(rune) bool, mapped func(rune) rune) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case !isEscaped(r):
			b.WriteRune(mapped(r))
		case r > 0xFFFF:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// shortTime returns an RFC 3339 time in UTC without the fraction of a second. It returns any other text
// unchanged.
func shortTime(text string) string {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return text
	}
	return t.UTC().Format(time.RFC3339)
}
