package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"slices"
)

// ledger is the copy of the transactions, in memory and in its journal.
type ledger struct {
	file   *os.File
	rows   map[string]transaction
	cursor string // all changes before it are in the journal
}

// journalEntry is one line of the journal: a row, or a cursor.
type journalEntry struct {
	Row    *transaction `json:"row,omitempty"`
	Cursor string       `json:"cursor,omitempty"`
}

// open reads the journal up to its last intact line, and truncates what a crash left torn.
func open(name string) (*ledger, error) {
	file, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	l := &ledger{file: file, rows: map[string]transaction{}}
	intact, err := l.replay(bufio.NewReader(file))
	if err == nil {
		err = file.Truncate(intact)
	}
	if err == nil {
		_, err = file.Seek(intact, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return l, nil
}

// replay applies the journal, and returns the number of bytes that are intact lines. Rows
// without their cursor count too: they are read again, and applying a row twice changes
// nothing.
func (l *ledger) replay(r *bufio.Reader) (intact int64, err error) {
	for {
		line, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return intact, nil
		}
		if err != nil {
			return intact, err
		}
		var e journalEntry
		if json.Unmarshal(line, &e) != nil {
			return intact, nil
		}
		l.take(e)
		intact += int64(len(line))
	}
}

// take applies one entry. It is idempotent: a row of the known version, or an older one,
// changes nothing.
func (l *ledger) take(e journalEntry) {
	if e.Row != nil && e.Row.Version > l.rows[e.Row.ID].Version {
		l.rows[e.Row.ID] = *e.Row
	}
	if e.Cursor != "" {
		l.cursor = e.Cursor
	}
}

// apply writes a page's rows and then its cursor, and returns when they are synced to disk.
// Only then may the next page be requested.
func (l *ledger) apply(p page) error {
	if len(p.Items) == 0 && p.NextCursor == l.cursor {
		return nil
	}
	entries := make([]journalEntry, 0, len(p.Items)+1)
	for _, item := range p.Items {
		entries = append(entries, journalEntry{Row: &item.Transaction})
	}
	entries = append(entries, journalEntry{Cursor: p.NextCursor})
	var lines bytes.Buffer
	encoder := json.NewEncoder(&lines)
	for _, e := range entries {
		if err := encoder.Encode(e); err != nil {
			return err
		}
		l.take(e)
	}
	if _, err := l.file.Write(lines.Bytes()); err != nil {
		return err
	}
	return l.file.Sync()
}

func (l *ledger) sorted() []transaction {
	return slices.SortedFunc(maps.Values(l.rows), func(a, b transaction) int { return cmp.Compare(a.ID, b.ID) })
}
