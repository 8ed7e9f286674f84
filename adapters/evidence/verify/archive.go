package verify

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash"
	"hash/crc32"
	"io"
)

// Parts of the headers that are the same in every pack, and the length of a local header (APPNOTE.TXT, section 4.3).
const (
	localSignature     = 0x04034b50
	directorySignature = 0x02014b50
	endSignature       = 0x06054b50
	// headerStart encodes the format version 2.0, no flags, no compression, and the time 1980-01-01 00:00.
	headerStart = "\x14\x00\x00\x00\x00\x00\x00\x00\x21\x00"
	localLength = 30
)

// file describes a file of the archive that was read to its end.
type file struct {
	name   string
	size   uint32
	crc    uint32
	sha256 [sha256.Size]byte
}

// header returns the fields that are the same in the local header of the file and in its entry of the central
// directory.
func (f file) header() []byte {
	h := binary.LittleEndian.AppendUint32([]byte(headerStart), f.crc)
	h = binary.LittleEndian.AppendUint32(h, f.size)
	h = binary.LittleEndian.AppendUint32(h, f.size)
	return binary.LittleEndian.AppendUint32(h, uint32(len(f.name)))
}

// archive reads a ZIP archive from its beginning to its end.
type archive struct {
	r     *bufio.Reader
	files []file
}

func newArchive(r io.Reader) *archive { return &archive{r: bufio.NewReaderSize(r, 64<<10)} }

// content is the content of the file that is being read.
type content struct {
	a    *archive
	f    file
	left int64
	crc  uint32
	hash hash.Hash
	err  error // the error of the reader
}

// open reads the local header of a file, which must have this name.
func (a *archive) open(name string) (*content, error) {
	h := make([]byte, localLength+len(name))
	if _, err := io.ReadFull(a.r, h); err != nil {
		return nil, ended(name, err)
	}
	f := file{
		name: name, crc: binary.LittleEndian.Uint32(h[14:]), size: binary.LittleEndian.Uint32(h[18:]),
	}
	want := append(binary.LittleEndian.AppendUint32(nil, localSignature), f.header()...)
	if !bytes.Equal(h, append(want, name...)) {
		return nil, faultf(name, "its header is not canonical, or another file is in its place")
	}
	return &content{a: a, f: f, left: int64(f.size), hash: sha256.New()}, nil
}

// ended returns the error for a read that has failed with err. If err is io.EOF or io.ErrUnexpectedEOF, the archive
// is too short, and ended returns a *Fault. Otherwise it returns err.
func ended(name string, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return faultf(name, "the archive ends too early")
	}
	return err
}

// Read implements io.Reader. It returns io.EOF at the end of the file.
func (c *content) Read(p []byte) (int, error) {
	if c.left == 0 {
		return 0, io.EOF
	}
	n, err := c.a.r.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	c.crc = crc32.Update(c.crc, crc32.IEEETable, p[:n])
	_, _ = c.hash.Write(p[:n])
	if err != nil {
		c.err = ended(c.f.name, err)
		return n, c.err
	}
	return n, nil
}

// close reads the rest of the file and checks its checksum.
func (c *content) close() error {
	if _, err := io.Copy(io.Discard, c); err != nil {
		return err
	}
	if c.crc != c.f.crc {
		return faultf(c.f.name, "its checksum is wrong")
	}
	c.f.sha256 = hashed(c.hash)
	c.a.files = append(c.a.files, c.f)
	return nil
}

// small returns the content of the next file, which must have this name and at most limit bytes.
func (a *archive) small(name string, limit int64) ([]byte, error) {
	c, err := a.open(name)
	if err != nil {
		return nil, err
	}
	if c.left > limit {
		return nil, faultf(name, "it has more than %d bytes", limit)
	}
	text, err := io.ReadAll(c)
	if err != nil {
		return nil, err
	}
	return text, c.close()
}

// lines calls fn with each line of the next file, which must have this name. A line has at most limit bytes and ends
// with a line feed. If partial is set, the last line may lack the line feed. fn must not keep the line.
func (a *archive) lines(name string, limit int, partial bool, fn func(line []byte) error) error {
	c, err := a.open(name)
	if err != nil {
		return err
	}
	scanner := bufio.NewScanner(c)
	scanner.Buffer(make([]byte, 0, min(limit, 64<<10)), limit)
	scanner.Split(func(data []byte, atEOF bool) (int, []byte, error) {
		if i := bytes.IndexByte(data, '\n'); i >= 0 {
			return i + 1, data[:i], nil
		}
		if !atEOF || len(data) == 0 {
			return 0, nil, nil
		}
		if !partial {
			return 0, nil, faultf(name, "its last line does not end with a line feed")
		}
		return len(data), data, nil
	})
	for scanner.Scan() {
		if err := fn(scanner.Bytes()); err != nil {
			return err
		}
	}
	if errors.Is(scanner.Err(), bufio.ErrTooLong) {
		return faultf(name, "a line has more than %d bytes", limit)
	}
	if scanner.Err() != nil {
		return scanner.Err()
	}
	return c.close()
}

// end checks that the archive ends with the canonical central directory of the files that were read.
func (a *archive) end() error {
	var d []byte
	offset := uint32(0)
	for _, f := range a.files {
		d = binary.LittleEndian.AppendUint32(d, directorySignature)
		d = append(d, headerStart[:2]...)
		d = append(d, f.header()...)
		d = append(d, make([]byte, 10)...)
		d = binary.LittleEndian.AppendUint32(d, offset)
		d = append(d, f.name...)
		offset += localLength + uint32(len(f.name)) + f.size
	}
	size := uint32(len(d))
	d = binary.LittleEndian.AppendUint32(d, endSignature)
	d = append(d, 0, 0, 0, 0, byte(len(a.files)), 0, byte(len(a.files)), 0)
	d = binary.LittleEndian.AppendUint32(d, size)
	d = binary.LittleEndian.AppendUint32(d, offset)
	d = append(d, 0, 0)
	rest, err := io.ReadAll(io.LimitReader(a.r, int64(len(d))+1))
	if err != nil {
		return err
	}
	if !bytes.Equal(rest, d) {
		return faultf(Archive, "its directory is not canonical")
	}
	return nil
}
