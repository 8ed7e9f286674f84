package evidence

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Format implements ports.EvidenceFormat.
type Format struct{}

var _ ports.EvidenceFormat = Format{}

// chunkSize is the size of the writes, in bytes.
const chunkSize = 64 << 10

// file is a file of an evidence pack. The method measure sets its size and hashes.
type file struct {
	name  string
	write func(w io.Writer) error // writes the content, the same each time

	size   int64
	crc    uint32
	sha256 [sha256.Size]byte
}

// measure writes the content of the file to a hash once, and sets the size and the hashes of the file.
func (f *file) measure() error {
	hash := sha256.New()
	c := &checksum{w: hash}
	buffered := bufio.NewWriterSize(c, chunkSize)
	if err := errors.Join(f.write(buffered), buffered.Flush()); err != nil {
		return err
	}
	f.size, f.crc, f.sha256 = c.size, c.crc, [sha256.Size]byte(hash.Sum(nil))
	if f.size > maxSize {
		return errTooLarge
	}
	return nil
}

var errTooLarge = &domain.Error{Kind: domain.Oversized, Code: domain.DocumentTooLarge}

// The errors for data from which no valid evidence pack can be written.
var (
	errDigest   = errors.New("evidence: the records of the close do not have its digest")
	errDocument = errors.New("evidence: the document of the close does not have the hash in its audit entry")
	errChanged  = errors.New("evidence: a file has changed while the pack was written")
)

// Write implements ports.EvidenceFormat.
func (Format) Write(ctx context.Context, e ports.Evidence, begin func(size int64) io.Writer) error {
	files, err := filesOf(ctx, e)
	if err != nil {
		return err
	}
	size := int64(len(directory(files)))
	for _, f := range files {
		size += int64(len(localHeader(f))) + f.size
	}
	if size > maxSize {
		return errTooLarge
	}
	w := bufio.NewWriterSize(begin(size), chunkSize)
	for _, f := range files {
		if _, err := w.Write(localHeader(f)); err != nil {
			return err
		}
		c := &checksum{w: w}
		if err := f.write(c); err != nil {
			return err
		}
		if c.size != f.size || c.crc != f.crc {
			return errChanged
		}
	}
	if _, err := w.Write(directory(files)); err != nil {
		return err
	}
	return w.Flush()
}

// filesOf returns the files of an evidence pack in the order in which they are stored in it. The sizes and hashes of
// the files are set.
func filesOf(ctx context.Context, e ports.Evidence) ([]*file, error) {
	document, hasDocument := e.Entry.Detail.Hashes[books.DocumentMember]
	closed, err := closeJSON(e.Close, hasDocument)
	if err != nil {
		return nil, err
	}
	audit, err := auditJSON(e.ProvenEntry)
	if err != nil {
		return nil, err
	}
	records := &file{name: recordsName, write: func(w io.Writer) error { return writeRecords(ctx, w, e.ClosedView) }}
	files := []*file{
		stored(closeName, closed), records,
		{name: versionsName, write: func(w io.Writer) error { return writeVersions(ctx, w, e.ClosedView) }},
	}
	statement := &file{name: statementName, write: e.Document}
	if hasDocument {
		files = append(files, statement)
	}
	files = append(files,
		stored(auditName, audit), stored(checkpointName, e.Checkpoint), stored(keyName, []byte(e.Key+"\n")))
	for _, f := range files {
		if err := f.measure(); err != nil {
			return nil, err
		}
	}
	switch {
	case records.sha256 != e.Close.Digest:
		return nil, errDigest
	case hasDocument && domain.AuditHash(statement.sha256) != document:
		return nil, errDocument
	}
	return signed(files, e.ProvenEntry)
}

// signed creates the manifest (a list of the hashes of the files) and the file with its signature. It returns the
// files, followed by these two.
func signed(files []*file, p ports.ProvenEntry) ([]*file, error) {
	hashes := map[string]string{}
	for _, f := range files {
		hashes[f.name] = hex.EncodeToString(f.sha256[:])
	}
	manifest, err := canonical(struct {
		Files map[string]string `json:"files"`
	}{hashes})
	if err != nil {
		return nil, err
	}
	signature, err := p.Sign(manifest)
	if err != nil {
		return nil, err
	}
	for _, f := range []*file{stored(manifestName, manifest), stored(signatureName, signature)} {
		if err := f.measure(); err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

// stored returns a file with the given name and content.
func stored(name string, content []byte) *file {
	return &file{name: name, write: func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	}}
}
