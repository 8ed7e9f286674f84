package client

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// maxTableWidth is the maximum width of a table, in terminal columns. A table is wider only if its flexible columns
// cannot be shortened further.
const maxTableWidth = 100

// minFlexWidth is the width below which a flexible column is not shortened.
const minFlexWidth = 8

// separator is printed between two columns.
const separator = "  "

// tableWriter prints a table. The first items that it prints determine the widths of the columns. Later items are
// fitted into these widths.
type tableWriter struct {
	out    io.Writer
	view   view
	fixed  bool  // the widths are those that the view defines, because not all items are known yet
	widths []int // nil before the header is printed
}

func (w *tableWriter) write(items []json.RawMessage) error {
	rows := make([][]string, len(items))
	for i, item := range items {
		r, err := w.view.record(item)
		if err != nil {
			return err
		}
		for _, c := range w.view.columns {
			rows[i] = append(rows[i], printable(c.value(r)))
		}
	}
	header := w.widths == nil
	if header {
		w.widths = w.fit(rows)
	}
	if !header && len(rows) == 0 {
		return nil
	}
	_, err := fmt.Fprintln(w.out, w.render(header, rows))
	return err
}

func (w *tableWriter) close() error { return w.write(nil) }

// fit returns the widths of the columns. Each column is as wide as its longest value, but the widest flexible column
// is shortened until the table fits.
func (w *tableWriter) fit(rows [][]string) []int {
	widths := make([]int, len(w.view.columns))
	total := len(separator) * (len(widths) - 1)
	for i, c := range w.view.columns {
		widths[i] = len(c.title)
		if w.fixed {
			widths[i] = max(widths[i], c.width)
		}
		for _, row := range rows {
			widths[i] = max(widths[i], text.StringWidthWithoutEscSequences(row[i]))
		}
		total += widths[i]
	}
	for ; total > maxTableWidth; total-- {
		widest := -1
		for i, c := range w.view.columns {
			if c.flexible && widths[i] > minFlexWidth && (widest < 0 || widths[i] > widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			break
		}
		widths[widest]--
	}
	return widths
}

// render returns the lines of the table without a final line break.
func (w *tableWriter) render(header bool, rows [][]string) string {
	t := newTable()
	configs := make([]table.ColumnConfig, len(w.widths))
	titles := make(table.Row, len(w.widths))
	for i, c := range w.view.columns {
		configs[i] = table.ColumnConfig{Number: i + 1, WidthMin: w.widths[i]}
		if c.flexible {
			configs[i].WidthMax, configs[i].WidthMaxEnforcer = w.widths[i], shorten
		}
		if c.right {
			configs[i].Align, configs[i].AlignHeader = text.AlignRight, text.AlignRight
		}
		titles[i] = c.title
	}
	t.SetColumnConfigs(configs)
	if header {
		t.AppendHeader(titles)
	}
	for _, row := range rows {
		cells := make(table.Row, len(row))
		for i, cell := range row {
			cells[i] = cell
		}
		t.AppendRow(cells)
	}
	return t.Render()
}

// newTable returns a table without borders.
func newTable() table.Writer {
	t := table.NewWriter()
	style := table.StyleDefault
	style.Options = table.OptionsNoBordersAndSeparators
	style.Options.SeparateColumns = true
	style.Box.PaddingLeft, style.Box.PaddingRight, style.Box.MiddleVertical = "", "", separator
	style.Format.Header = text.FormatDefault
	t.SetStyle(style)
	t.SuppressTrailingSpaces()
	return t
}

// shorten returns the text of a cell, shortened to at most width terminal columns. An ellipsis replaces omitted text.
func shorten(cell string, width int) string { return text.Snip(cell, width, "…") }

// wrap breaks a text into lines of at most width terminal columns. It does not break a text without spaces, so that a
// URL or a token can be copied.
func wrap(cell string, width int) string {
	if !strings.Contains(cell, " ") {
		return cell
	}
	return text.WrapHard(cell, width)
}

// printMembers prints one line per member of an object, in the order of the view's members. A long value is
// continued on the next lines.
func printMembers(out io.Writer, v view, object []byte) error {
	r, err := v.record(object)
	if err != nil {
		return err
	}
	var names []string
	longest := 0
	for _, name := range v.members() {
		if r.text(name) != "" {
			names = append(names, name)
			longest = max(longest, len(name))
		}
	}
	t := newTable()
	t.SetColumnConfigs([]table.ColumnConfig{{
		Number: 2, WidthMax: maxTableWidth - longest - len(separator), WidthMaxEnforcer: wrap,
	}})
	for _, name := range names {
		t.AppendRow(table.Row{name, strings.TrimSpace(printable(r.text(name)))})
	}
	_, err = fmt.Fprintln(out, t.Render())
	return err
}
