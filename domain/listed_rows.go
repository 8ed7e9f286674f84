package domain

import (
	"encoding/binary"
	"hash/fnv"
	"slices"
)

// maxListedRows is the maximum number of rows in a ListedRows.
const maxListedRows = 100_000

// rowHashBytes is the number of bytes that ListedRows keeps of a row's external id.
const rowHashBytes = 5

// ListedRows records the pages on which a pull has read each row, in all of its attempts. The pages are numbered from
// 1, in the order in which they were read. The zero value contains no rows.
//
// It keeps 40 bits of the hash of each external id. Two ids with the same 40 bits count as one row. A row that was
// not read may then count as read, so that it is not recognised under its new id.
type ListedRows struct {
	// Pages contains the hashes of the rows of each page.
	Pages [][]byte `json:"pages,omitempty"`
	// More means that the pull has read more than maxListedRows rows, or rows whose ids are not known. In this case
	// Pages is empty, and any row may have been read.
	More bool `json:"more,omitempty"`
}

// HashedPage returns the hashes of the rows of a page. The result is an argument of WithPages.
func HashedPage(externalIDs []string) []byte {
	page := make([]byte, 0, rowHashBytes*len(externalIDs))
	for _, id := range externalIDs {
		page = appendRowHash(page, id)
	}
	return page
}

func appendRowHash(to []byte, externalID string) []byte {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(externalID))
	var bytes [8]byte
	binary.BigEndian.PutUint64(bytes[:], hash.Sum64())
	return append(to, bytes[:rowHashBytes]...)
}

// WithPages returns a copy of l with further pages, which are results of HashedPage. It does not change l.
func (l ListedRows) WithPages(pages ...[]byte) ListedRows {
	if l.More {
		return l
	}
	l.Pages = append(slices.Clip(l.Pages), pages...)
	bytes := 0
	for _, page := range l.Pages {
		bytes += len(page)
	}
	if bytes > maxListedRows*rowHashBytes {
		return ListedRows{More: true}
	}
	return l
}

// ListedPages contains the numbers of the first and the last page that contain a row.
type ListedPages struct{ First, Last int }

// Index returns a function that finds the pages that contain a row. found is false if no page contains it. Index must
// not be called if More is set.
func (l ListedRows) Index() (find func(externalID string) (pages ListedPages, found bool)) {
	byHash := map[[rowHashBytes]byte]ListedPages{}
	for i, page := range l.Pages {
		for ; len(page) >= rowHashBytes; page = page[rowHashBytes:] {
			hash := [rowHashBytes]byte(page)
			known, found := byHash[hash]
			if !found {
				known.First = i + 1
			}
			known.Last = i + 1
			byHash[hash] = known
		}
	}
	return func(externalID string) (ListedPages, bool) {
		pages, found := byHash[[rowHashBytes]byte(appendRowHash(nil, externalID))]
		return pages, found
	}
}
