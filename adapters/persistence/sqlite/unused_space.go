package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"slices"
)

// clearedPages is the maximum number of pages that are cleared in one transaction, so that other writers wait only for
// a short time.
const clearedPages = 128

// clearUnusedSpace overwrites the unused space of all pages with zeros. Although secure_delete overwrites deleted
// rows, the unused space can contain copies of them: when SQLite distributes rows over more or fewer pages, it moves
// rows without overwriting their former place.
//
// clearUnusedSpace looks for such copies in each page only once. If a page changes after a row was deleted, it does
// not get a copy of this row. A page whose unused space is already clear therefore need not be read again.
//
// clearUnusedSpace does nothing in a file with auto_vacuum, which the service never sets. In such a file, a page with
// pointers to other pages cannot be distinguished from a page of a b-tree.
func (d dialect) clearUnusedSpace(ctx context.Context) error {
	var autoVacuum int
	err := d.db.readers.QueryRowContext(ctx, "PRAGMA auto_vacuum").Scan(&autoVacuum)
	if err != nil || autoVacuum != 0 {
		return err
	}
	pages, err := d.pagesWithRemains(ctx)
	if err != nil {
		return err
	}
	for batch := range slices.Chunk(pages, clearedPages) {
		if err := d.clearPages(ctx, batch); err != nil {
			return err
		}
	}
	return nil
}

// pagesWithRemains returns the numbers of the pages whose unused space contains anything other than zeros. It reads the
// whole file, concurrently with writers.
func (d dialect) pagesWithRemains(ctx context.Context) (pages []int64, err error) {
	var number int64
	var page sql.RawBytes
	const all = "SELECT pgno, data FROM sqlite_dbpage"
	err = each(ctx, d.db.readers, all, nil, []any{&number, &page}, func() error {
		if hasRemains(number, page) {
			pages = append(pages, number)
		}
		return nil
	})
	return pages, err
}

// clearPages overwrites the unused space of pages in one transaction. It does not change a page that has no remains any
// more.
func (d dialect) clearPages(ctx context.Context, pages []int64) error {
	conn, release, err := d.db.writer(ctx, false)
	if err != nil {
		return err
	}
	defer release()
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	for _, number := range pages {
		var page []byte
		err := tx.QueryRowContext(ctx, "SELECT data FROM sqlite_dbpage WHERE pgno = ?", number).Scan(&page)
		if errors.Is(err, sql.ErrNoRows) {
			continue // the file has become shorter
		}
		if err != nil {
			return err
		}
		if !hasRemains(number, page) {
			continue
		}
		clear(unusedSpace(number, page))
		if _, err := tx.ExecContext(ctx, "UPDATE sqlite_dbpage SET data = ? WHERE pgno = ?", page, number); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// hasRemains reports whether the unused space of a page contains anything other than zeros.
func hasRemains(number int64, page []byte) bool {
	return len(bytes.TrimLeft(unusedSpace(number, page), "\x00")) > 0
}

// The format of a page of a b-tree. Source: sqlite.org/fileformat2.html, "B-tree Pages".
const (
	fileHeader     = 100 // the length of the header of the file, with which page 1 begins
	leafHeader     = 8   // the length of the header of a leaf page
	interiorHeader = 12
	cellPointer    = 2 // the length of a pointer to a cell

	// maxPages limits the numbers of the pages that are examined. Overflow pages and pages of the free list begin
	// with the number of another page. If this number were larger, its first byte could look like the type of a
	// b-tree page. The limit corresponds to 64 GiB.
	maxPages = 1 << 24
)

// unusedSpace returns the part of the page between the pointers to its cells and the first cell, which contains no
// data. It returns nil if the page is not a page of a b-tree.
func unusedSpace(number int64, page []byte) []byte {
	if number >= maxPages {
		return nil
	}
	begin := 0
	if number == 1 {
		begin = fileHeader
	}
	if len(page) < begin+interiorHeader {
		return nil
	}
	header := page[begin:]
	from := begin
	switch header[0] {
	case 2, 5:
		from += interiorHeader
	case 10, 13:
		from += leafHeader
	default:
		return nil
	}
	cells, to := int(binary.BigEndian.Uint16(header[3:])), int(binary.BigEndian.Uint16(header[5:]))
	if to == 0 {
		to = 1 << 16
	}
	pointers := from
	from += cells * cellPointer
	if from > to || to > len(page) {
		return nil
	}
	for ; pointers < from; pointers += cellPointer {
		if cell := int(binary.BigEndian.Uint16(page[pointers:])); cell < to || cell >= len(page) {
			return nil
		}
	}
	return page[from:to]
}
