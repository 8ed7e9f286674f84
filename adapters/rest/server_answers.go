package rest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// ListenProblems returns a listener whose connections send problem documents where net/http answers in plain text. It
// does so before a handler is called: the headers are too large, or the request is malformed.
func ListenProblems(listener net.Listener) net.Listener { return problemListener{listener} }

type problemListener struct{ net.Listener }

// Accept implements net.Listener.
func (l problemListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &problemConn{Conn: conn}, nil
}

// problemConn is a connection on which the answers of net/http itself become problem documents.
type problemConn struct {
	net.Conn
	received atomic.Bool // bytes have arrived since the last Write
}

// Read implements net.Conn.
func (c *problemConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.received.Store(true)
	}
	return n, err
}

// Write implements net.Conn. net/http writes its own answers with one Write, and after a read. Therefore, nothing that
// a handler writes later than the beginning of its response is taken for one.
func (c *problemConn) Write(b []byte) (int, error) {
	first := c.received.Swap(false)
	status := plainAnswer(b)
	if !first || status == 0 {
		return c.Conn.Write(b)
	}
	if _, err := c.Conn.Write(problemAnswer(status)); err != nil {
		return 0, err
	}
	c.discard()
	return len(b), nil
}

// Bounds of discard. A browser or curl sends at most some MiB of headers.
const (
	maxDiscarded   = 8 << 20
	discardTimeout = time.Second
)

// discard reads what the client still sends. If bytes are unread when the connection is closed, the kernel resets the
// connection, and the client may lose the answer.
func (c *problemConn) discard() {
	if err := c.Conn.SetReadDeadline(time.Now().Add(discardTimeout)); err == nil {
		_, _ = io.CopyN(io.Discard, c.Conn, maxDiscarded)
	}
}

const (
	// plainHeaders are the headers of an answer that net/http writes itself. The response of a handler has others.
	plainHeaders = "\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"
	// maxPlainAnswer is larger than every such answer.
	maxPlainAnswer = 512
)

// plainAnswer returns the status of an answer that net/http has written itself, and 0 for all other bytes.
func plainAnswer(b []byte) int {
	line, found := bytes.CutPrefix(b[:min(len(b), maxPlainAnswer)], []byte("HTTP/1.1 "))
	end := bytes.Index(line, []byte("\r\n"))
	if !found || end < 3 || !bytes.HasPrefix(line[end:], []byte(plainHeaders)) {
		return 0
	}
	status, err := strconv.Atoi(string(line[:3]))
	if err != nil || status < http.StatusBadRequest {
		return 0
	}
	return status
}

// problemAnswer returns the complete response with the problem document for this status. The path of the request is not
// known.
func problemAnswer(status int) []byte {
	p := Problem{
		Type: "about:blank", Title: http.StatusText(status), Status: status,
		Detail: "the request is not valid", Code: codeInvalid,
	}
	if status == http.StatusRequestHeaderFieldsTooLarge {
		p.Detail = statusRuleFor(errHeadersTooLarge).detail
	}
	body, _ := json.Marshal(p) // it has only texts and numbers
	body = append(body, '\n')
	head := fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n"+
		"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n%s: %s\r\n\r\n",
		status, p.Title, problemType, len(body), requestIDHeader, uuid.NewString())
	return append([]byte(head), body...)
}
