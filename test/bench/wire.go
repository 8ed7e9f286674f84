package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
)

// wire is one persistent HTTP/1.1 connection. It sends one request at a time and reads its response.
type wire struct {
	conn net.Conn
	in   *bufio.Reader
	body []byte
}

func newWire(conn net.Conn) *wire { return &wire{conn: conn, in: bufio.NewReaderSize(conn, 64<<10)} }

// exchange sends a request and reads the complete response. The returned body is valid until the next call of exchange.
func (w *wire) exchange(request []byte) (status int, body []byte, err error) {
	if _, err = w.conn.Write(request); err != nil {
		return 0, nil, err
	}
	line, err := w.in.ReadSlice('\n')
	if err != nil {
		return 0, nil, err
	}
	if len(line) < 12 {
		return 0, nil, errors.New("not an HTTP response")
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, nil, err
	}
	length, chunked, err := w.head()
	if err != nil {
		return 0, nil, err
	}
	w.body = w.body[:0]
	if chunked {
		err = w.chunks()
	} else {
		err = w.readBody(length)
	}
	return status, w.body, err
}

var (
	lengthHeader  = []byte("content-length:")
	chunkedHeader = []byte("transfer-encoding:")
)

// head reads the headers up to the empty line. It returns the length of the body, or sets chunked to true if the body
// is sent in chunks.
func (w *wire) head() (length int, chunked bool, err error) {
	for {
		line, err := w.in.ReadSlice('\n')
		if err != nil {
			return 0, false, err
		}
		line = bytes.TrimRight(line, "\r\n")
		switch {
		case len(line) == 0:
			return length, chunked, nil
		case len(line) > len(lengthHeader) && bytes.EqualFold(line[:len(lengthHeader)], lengthHeader):
			if length, err = strconv.Atoi(string(bytes.TrimSpace(line[len(lengthHeader):]))); err != nil {
				return 0, false, err
			}
		case len(line) > len(chunkedHeader) && bytes.EqualFold(line[:len(chunkedHeader)], chunkedHeader):
			chunked = true
		}
	}
}

// readBody reads length bytes from the connection and appends them to the body.
func (w *wire) readBody(length int) error {
	from := len(w.body)
	w.body = append(w.body, make([]byte, length)...)
	_, err := io.ReadFull(w.in, w.body[from:])
	return err
}

// chunks reads a chunked body (RFC 9112, section 7.1). It does not support trailers.
func (w *wire) chunks() error {
	for {
		line, err := w.in.ReadSlice('\n')
		if err != nil {
			return err
		}
		size, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 16, 32)
		if err != nil {
			return fmt.Errorf("a chunk's size: %w", err)
		}
		if err := w.readBody(int(size)); err != nil {
			return err
		}
		if _, err := w.in.Discard(2); err != nil { // skips the line break after the chunk
			return err
		}
		if size == 0 {
			return nil
		}
	}
}

// get appends a GET request with a bearer token to buf.
func get(buf []byte, path, token string) []byte {
	buf = append(buf, "GET "...)
	buf = append(buf, path...)
	buf = append(buf, " HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer "...)
	buf = append(buf, token...)
	return append(buf, "\r\n\r\n"...)
}
