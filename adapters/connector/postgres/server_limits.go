package postgres

import (
	"encoding/binary"
	"io"
	"net"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// Limits of the data that a probe accepts from a server. A tenant chooses the server, so the server may be hostile. pgx
// itself accepts messages of up to 1 GiB, and up to 10,000,000 SCRAM iterations.
const (
	// maxReceived is the maximum number of bytes that a probe reads, and also the maximum length of one
	// message. During a probe, a PostgreSQL server sends its TLS certificates and less than 2 KiB of other
	// data.
	maxReceived = 1 << 20
	// maxIterations is the maximum sum of the SCRAM iterations that a server requests during a probe.
	// PostgreSQL's default is 4,096. 100,000 iterations take about 20 ms of CPU time, during which
	// the probe's timeout has no effect.
	maxIterations = 100_000
)

// limitedConn is a network connection from which at most maxReceived bytes can be read. Create it with
// newLimitedConn.
type limitedConn struct {
	net.Conn
	left atomic.Int64 // atomic, because pgx may read in the background when it closes the connection
}

func newLimitedConn(conn net.Conn) *limitedConn {
	c := &limitedConn{Conn: conn}
	c.left.Store(maxReceived)
	return c
}

// Read implements net.Conn. After maxReceived bytes, it returns Unavailable (malformed_response).
func (c *limitedConn) Read(p []byte) (int, error) {
	left := c.left.Load()
	if left <= 0 {
		return 0, malformed("more than 1 MiB of messages")
	}
	n, err := c.Conn.Read(p[:min(int64(len(p)), left)])
	c.left.Add(-int64(n))
	return n, err
}

// messageReader reads the messages of a server, and checks each message before it returns the message's bytes. Its
// source is the decrypted stream, after the TLS negotiation. Without the checks, a server could exhaust resources:
//
//   - memory, because pgx allocates as many bytes as a message announces
//   - CPU time, because pgx computes as many SCRAM iterations as a message requests.
type messageReader struct {
	source     io.Reader
	iterations int    // the number of SCRAM iterations that the server can still request
	unread     []byte // the part of the last checked message that Read has not returned yet
}

// newFrontend implements pgconn.BuildFrontendFunc. The returned frontend reads through a messageReader.
func newFrontend(r io.Reader, w io.Writer) *pgproto3.Frontend {
	return pgproto3.NewFrontend(&messageReader{source: r, iterations: maxIterations}, w)
}

// Read implements io.Reader. It returns Unavailable (malformed_response) for a message that exceeds a limit, and
// otherwise the errors of the source.
func (m *messageReader) Read(p []byte) (int, error) {
	if len(m.unread) == 0 {
		message, err := m.next()
		if err != nil {
			return 0, err
		}
		m.unread = message
	}
	n := copy(p, m.unread)
	m.unread = m.unread[n:]
	return n, nil
}

// headerLength is the length of a message's header in bytes: one byte for the type, and four for the length field.
const headerLength = 5

// next returns the next message with its header.
func (m *messageReader) next() ([]byte, error) {
	var header [headerLength]byte
	if _, err := io.ReadFull(m.source, header[:]); err != nil {
		return nil, err
	}
	length := binary.BigEndian.Uint32(header[1:]) // the length counts the length field itself, but not the type
	if length < headerLength-1 || length > maxReceived {
		return nil, malformed("a message of an invalid length or of more than 1 MiB")
	}
	message := make([]byte, 1+length)
	copy(message, header[:])
	if _, err := io.ReadFull(m.source, message[headerLength:]); err != nil {
		return nil, err
	}
	if data, ok := saslContinue(message); ok {
		return message, m.checkIterations(data)
	}
	return message, nil
}

// saslContinue returns the data of an AuthenticationSASLContinue message. ok is false for every other
// message.
func saslContinue(message []byte) (data string, ok bool) {
	body := message[headerLength:]
	if message[0] != 'R' || len(body) < 4 ||
		binary.BigEndian.Uint32(body) != pgproto3.AuthTypeSASLContinue {
		return "", false
	}
	return string(body[4:]), true
}

// checkIterations checks the iteration count in a SCRAM server-first-message (RFC 5802, section 5.1): "r=…,s=…,i=4096".
// The count must be the last attribute, because pgx accepts no other position.
//
// A hostile server that knows the password can request the authentication repeatedly. Therefore the total is limited:
// each accepted count is subtracted from m.iterations.
func (m *messageReader) checkIterations(first string) error {
	attribute := first[strings.LastIndexByte(first, ',')+1:]
	n, err := strconv.Atoi(strings.TrimPrefix(attribute, "i="))
	if err != nil || n < 1 || n > m.iterations {
		return malformed("an invalid number of SCRAM iterations, or more than 100,000")
	}
	m.iterations -= n
	return nil
}

// malformed returns the error (malformed_response) for data that exceeds one of the limits above.
func malformed(message string) *domain.Error {
	return &domain.Error{Kind: domain.Unavailable, Code: domain.MalformedResponse, Message: message}
}
