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

// ledger is the copy of the transactions. It is kept in memory and in a journal file.
type ledger struct {
	file   *os.File
	rows   map[string]transaction
	cursor string // position in the feed; the journal file contains all changes before this position
}

// journalEntry is one line of the journal. It contains either a row or a cursor.
type journalEntry struct {
	Row    *transaction `json:"row,omitempty"`
	Cursor string       `json:"cursor,omitempty"`
}

// open reads the journal up to its last complete line. It removes an incomplete line that a
// crash has left at the end of the file.
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

// replay applies the entries of the journal, and returns the total length of the complete lines
// in bytes. Rows whose cursor is missing are included: the service sends them again, and
// applying a row twice changes nothing.
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
		l.load(e)
		intact += int64(len(line))
	}
}

// load applies one journal entry to the copy in memory. It is idempotent: a row whose version is not newer than that of
// the stored row changes nothing.
func (l *ledger) load(e journalEntry) {
	if e.Row != nil && e.Row.Version > l.rows[e.Row.ID].Version {
		l.rows[e.Row.ID] = *e.Row
	}
	if e.Cursor != "" {
		l.cursor = e.Cursor
	}
}

// apply writes the rows of a page and then its cursor to the journal. When apply returns, both have been synced to
// disk. The next page must not be requested before that.
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
		l.load(e)
	}
	if _, err := l.file.Write(lines.Bytes()); err != nil {
		return err
	}
	return l.file.Sync()
}

func (l *ledger) sorted() []transaction {
	return slices.SortedFunc(maps.Values(l.rows), func(a, b transaction) int { return cmp.Compare(a.ID, b.ID) })
}
