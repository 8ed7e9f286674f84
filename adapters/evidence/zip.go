package evidence

import (
	"encoding/binary"
	"hash/crc32"
	"io"
	"math"
)

// The values of a ZIP archive that are the same in every pack (APPNOTE.TXT, section 4.3).
const (
	localSignature     = 0x04034b50
	directorySignature = 0x02014b50
	endSignature       = 0x06054b50
	version            = 20 // the lowest version that every program reads
	date               = 33 // 1980-01-01
)

// maxSize is the maximum size, in bytes, of a file and of the whole archive. Larger ones would need ZIP64.
const maxSize = math.MaxUint32

// headerOf returns the fields that are the same in the local header of a file and in its entry of the central
// directory: from the version to the length of the extra fields.
func headerOf(f *file) []byte {
	h := binary.LittleEndian.AppendUint16(nil, version)
	h = binary.LittleEndian.AppendUint16(h, 0) // flags
	h = binary.LittleEndian.AppendUint16(h, 0) // stored
	h = binary.LittleEndian.AppendUint16(h, 0) // 00:00:00
	h = binary.LittleEndian.AppendUint16(h, date)
	h = binary.LittleEndian.AppendUint32(h, f.crc)
	h = binary.LittleEndian.AppendUint32(h, uint32(f.size))
	h = binary.LittleEndian.AppendUint32(h, uint32(f.size))
	h = binary.LittleEndian.AppendUint16(h, uint16(len(f.name)))
	return binary.LittleEndian.AppendUint16(h, 0) // no extra fields
}

// localHeader returns the local header of a file.
func localHeader(f *file) []byte {
	h := binary.LittleEndian.AppendUint32(nil, localSignature)
	return append(append(h, headerOf(f)...), f.name...)
}

// directory returns the central directory of an archive with these files, and the record that ends the archive.
func directory(files []*file) []byte {
	var d []byte
	offset := int64(0)
	for _, f := range files {
		d = binary.LittleEndian.AppendUint32(d, directorySignature)
		d = binary.LittleEndian.AppendUint16(d, version)
		d = append(d, headerOf(f)...)
		d = append(d, make([]byte, 10)...) // no comment, first disk, no attributes
		d = binary.LittleEndian.AppendUint32(d, uint32(offset))
		d = append(d, f.name...)
		offset += int64(len(localHeader(f))) + f.size
	}
	size := len(d)
	d = binary.LittleEndian.AppendUint32(d, endSignature)
	d = binary.LittleEndian.AppendUint32(d, 0) // first disk
	d = binary.LittleEndian.AppendUint16(d, uint16(len(files)))
	d = binary.LittleEndian.AppendUint16(d, uint16(len(files)))
	d = binary.LittleEndian.AppendUint32(d, uint32(size))
	d = binary.LittleEndian.AppendUint32(d, uint32(offset))
	return binary.LittleEndian.AppendUint16(d, 0) // no comment
}

// checksum counts the bytes that are written to it, and passes them on.
type checksum struct {
	w    io.Writer
	size int64
	crc  uint32
}

// Write implements io.Writer.
func (c *checksum) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.size += int64(n)
	c.crc = crc32.Update(c.crc, crc32.IEEETable, p[:n])
	return n, err
}
