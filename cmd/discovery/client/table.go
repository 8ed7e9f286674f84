package client

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// defaultWidth is the width, in characters, of a table that is not printed on a terminal. A table is wider only if
// its flexible columns cannot be shortened further.
const defaultWidth = 100

// minWidth is the minimum width to which tables are fitted. The width of a narrower terminal is ignored.
const minWidth = 40

// minFlexWidth is the minimum width to which a flexible column is shortened.
const minFlexWidth = 8

// minTerminalWidth is the minimum width to which a flexible column is shortened on a terminal. If the table is still
// too wide, columns are left out.
const minTerminalWidth = 16

// minKeyWidth is the minimum width to which a flexible key column is shortened. A key column contains the values by
// which the rows are told apart.
const minKeyWidth = 24

// separator is printed between two columns.
const separator = "  "

// tableWriter prints a table. The first items that it prints determine the widths of the columns. Later items are
// fitted into these widths.
type tableWriter struct {
	out   io.Writer
	view  view
	fixed bool // the widths are those that the view defines, because not all items are known yet
	width int  // maximum width of the table; see fit
	// omit allows the writer to leave out the last columns if the table is too wide. omitted is then called with their
	// titles.
	omit    bool
	omitted func(titles []string)
	// names returns the names of connections by id. It is nil if the view has no column with such names.
	names  func(ids []string) (map[string]string, error)
	widths []int // nil before the header is printed
}

func (w *tableWriter) write(items []json.RawMessage) error {
	rows, err := w.rows(items)
	if err != nil {
		return err
	}
	header := w.widths == nil
	if header {
		rows = w.omitColumns(rows)
	}
	if !header && len(rows) == 0 {
		return nil
	}
	_, err = fmt.Fprintln(w.out, w.render(header, rows))
	return err
}

// rows returns the cells of the items.
func (w *tableWriter) rows(items []json.RawMessage) ([][]string, error) {
	records := make([]record, len(items))
	var ids []string
	for i, item := range items {
		r, err := w.view.record(item)
		if err != nil {
			return nil, err
		}
		records[i], ids = r, append(ids, r.text(connectionMember))
	}
	var names map[string]string
	if w.names != nil {
		var err error
		if names, err = w.names(ids); err != nil {
			return nil, err
		}
	}
	rows := make([][]string, len(records))
	for i, r := range records {
		for _, c := range w.view.columns {
			value := c.value(r)
			if c.connectionName {
				value = cmp.Or(names[value], value)
			}
			rows[i] = append(rows[i], printable(value))
		}
	}
	return rows, nil
}

// omitColumns sets the widths of the columns. If omit is set, it leaves out columns until the table fits, beginning
// with the last one. It keeps columns with key or keep. It returns the rows without the cells of the omitted columns.
func (w *tableWriter) omitColumns(rows [][]string) [][]string {
	var titles []string
	for {
		w.widths = w.fit(rows)
		total := len(separator) * (len(w.widths) - 1)
		for _, width := range w.widths {
			total += width
		}
		last := len(w.view.columns) - 1
		for last >= 0 && (w.view.columns[last].key || w.view.columns[last].keep) {
			last--
		}
		if total <= w.width || !w.omit || last < 0 || len(w.view.columns) == 1 {
			break
		}
		titles = append(titles, w.view.columns[last].title)
		w.view.columns = slices.Delete(slices.Clone(w.view.columns), last, last+1)
		for n := range rows {
			rows[n] = slices.Delete(rows[n], last, last+1)
		}
	}
	if len(titles) > 0 {
		slices.Reverse(titles)
		w.omitted(titles)
	}
	return rows
}

func (w *tableWriter) close() error { return w.write(nil) }

// fit returns the widths of the columns. A column is as wide as its longest value. If the table is too wide, the
// widest flexible column is shortened until the table fits. A key column is shortened only while its different values
// stay different.
func (w *tableWriter) fit(rows [][]string) []int {
	widths := make([]int, len(w.view.columns))
	lowest := make([]int, len(widths)) // widths below which a flexible column is not shortened
	total := len(separator) * (len(widths) - 1)
	for i, c := range w.view.columns {
		switch {
		case c.key && c.flexible:
			lowest[i] = max(keyWidth(rows, i), min(c.width, minKeyWidth))
		case w.omit:
			lowest[i] = minTerminalWidth
		default:
			lowest[i] = minFlexWidth
		}
		widths[i] = len(c.title)
		if w.fixed {
			widths[i] = max(widths[i], c.width)
		}
		for _, row := range rows {
			widths[i] = max(widths[i], text.StringWidthWithoutEscSequences(row[i]))
		}
		total += widths[i]
	}
	for ; total > w.width; total-- {
		widest := -1
		for i, c := range w.view.columns {
			if c.flexible && widths[i] > lowest[i] && (widest < 0 || widths[i] > widths[widest]) {
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

// keyWidth returns the lowest width, at least minKeyWidth, at which the different values of a column stay different.
func keyWidth(rows [][]string, column int) int {
	values := map[string]bool{}
	longest := 0
	for _, row := range rows {
		values[row[column]] = true
		longest = max(longest, text.StringWidthWithoutEscSequences(row[column]))
	}
	for width := minKeyWidth; width < longest; width++ {
		short := map[string]bool{}
		for value := range values {
			short[shortenMiddle(value, width)] = true
		}
		if len(short) == len(values) {
			return width
		}
	}
	return longest
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
			if c.key {
				configs[i].WidthMaxEnforcer = shortenMiddle
			}
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

// shortenMiddle returns the text of a cell, shortened to at most width terminal columns. An ellipsis replaces text in
// the middle, because names often differ at their ends.
func shortenMiddle(cell string, width int) string {
	if text.StringWidthWithoutEscSequences(cell) <= width {
		return cell
	}
	runes := []rune(cell)
	end := len(runes)
	for used := 0; end > 0; end-- {
		used += text.RuneWidth(runes[end-1])
		if used > (width-1)/2 {
			break
		}
	}
	tail := string(runes[end:])
	return text.Snip(cell, width-text.StringWidthWithoutEscSequences(tail), "…") + tail
}

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
func printMembers(out io.Writer, v view, object []byte, width int) error {
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
		Number: 2, WidthMax: width - longest - len(separator), WidthMaxEnforcer: wrap,
	}})
	for _, name := range names {
		t.AppendRow(table.Row{name, strings.TrimSpace(printable(r.text(name)))})
	}
	_, err = fmt.Fprintln(out, t.Render())
	return err
}
