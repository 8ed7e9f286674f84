package hostile

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// trickleInterval is the pause between two bytes of a peer that sends slowly. It is a tenth of the timeout of the calls
// in test/outgoing. In production, a second is a similar fraction of the timeouts.
const trickleInterval = 50 * time.Millisecond

// block is the text that peers send repeatedly when they send without end.
var block = bytes.Repeat([]byte("x"), 16<<10)

// HTTP returns the catalogue of hostile HTTP servers by name. Each server reads a request before it responds, unless
// its name says otherwise.
func HTTP() map[string]Behaviour {
	const (
		upgrade = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"
		ok      = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
		chunked = ok + "Transfer-Encoding: chunked\r\n\r\n"
		sized   = ok + "Content-Length: 1000000000000\r\n\r\n"
	)
	catalogue := map[string]Behaviour{
		"101, then data without end":       respond(upgrade, block, 0),
		"101, then a byte at a time":       respond(upgrade, []byte("x"), trickleInterval),
		"101, then nothing":                respond(upgrade, nil, 0),
		"101 without a protocol":           respond("HTTP/1.1 101 Switching Protocols\r\n\r\n", block, 0),
		"no response":                      respond("", nil, 0),
		"no response, the request unread":  func(net.Conn) {},
		"a status line without end":        respond("HTTP/1.1 200 ", block, 0),
		"a header without end":             respond(ok+"X: ", block, 0),
		"headers without end":              respond(ok, []byte("X: "+strings.Repeat("y", 1000)+"\r\n"), 0),
		"a header, a byte at a time":       respond(ok+"X: ", []byte("y"), trickleInterval),
		"informational responses (103)":    respond("", []byte("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"), 0),
		"informational responses (100)":    respond("", []byte("HTTP/1.1 100 Continue\r\n\r\n"), 0),
		"informational responses, slowly":  respond("", []byte("HTTP/1.1 102 Processing\r\n\r\n"), trickleInterval),
		"a body without end":               respond(sized, block, 0),
		"a body until the connection ends": respond(ok+"\r\n", block, 0),
		"a body in chunks without end":     respond(chunked, []byte("4000\r\n"+string(block)+"\r\n"), 0),
		"a body, a byte at a time":         respond(sized, []byte(" "), trickleInterval),
		"a body in chunks, a byte a time":  respond(chunked, []byte("1\r\n \r\n"), trickleInterval),
		"a body that stops":                respond(sized+"{", nil, 0),
		"a chunk extension without end":    respond(chunked+"1;", block, 0),
		"a chunk size without end":         respond(chunked, bytes.Repeat([]byte("0"), 16<<10), 0),
		"a trailer without end":            respond(chunked+"2\r\n{}\r\n0\r\nX: ", block, 0),
		"trailers without end":             respond(chunked+"2\r\n{}\r\n0\r\n", []byte("X: y\r\n"), 0),
		"trailers, a byte at a time":       respond(chunked+"2\r\n{}\r\n0\r\nX: ", []byte("y"), trickleInterval),
		"data after the response":          respond(ok+"Content-Length: 2\r\n\r\n{}", block, 0),
		"responses that nobody asked for":  respond("", []byte(ok+"Content-Length: 2\r\n\r\n{}"), 0),
		"a compressed bomb":                respond(ok+"Content-Encoding: gzip\r\n\r\n", bomb(), 0),
		"compressed members without data":  respond(ok+"Content-Encoding: gzip\r\n\r\n", emptyMember(), 0),
		"text that is not HTTP":            respond("", block, 0),
		"HTTP/2 settings without end":      respond("", frame(4, 0, 0, make([]byte, 6)), 0),
		"HTTP/2 pings without end":         respond(string(frame(4, 0, 0, nil)), frame(6, 0, 0, make([]byte, 8)), 0),
		"HTTP/2 windows without end": respond(
			string(frame(4, 0, 0, nil)),
			frame(8, 0, 0, []byte{0, 0, 0, 1}),
			0,
		),
		"HTTP/2 continuations without end":  respond(string(frame(1, 0, 1, nil)), frame(9, 0, 1, block), 0),
		"an error with a body without end":  respond("HTTP/1.1 500 Oops\r\n\r\n", block, 0),
		"a refusal with a body without end": respond("HTTP/1.1 401 No\r\n\r\n", block, 0),
		"a redirect to itself":              redirect,
	}
	for _, retryAfter := range []string{"99999999999999999999", "3600"} {
		head := "HTTP/1.1 429 Wait\r\nRetry-After: " + retryAfter + "\r\nContent-Length: 9\r\n\r\n"
		catalogue["429 for "+retryAfter+" s, without its body"] = respond(head, nil, 0)
	}
	return catalogue
}

// respond returns a server that reads a request, sends the start of a response, and then sends rest repeatedly. If rest
// is nil, the server sends only the start.
func respond(start string, rest []byte, interval time.Duration) Behaviour {
	return func(conn net.Conn) {
		if !readRequest(conn) {
			return
		}
		if _, err := io.WriteString(conn, start); err == nil && rest != nil {
			repeat(conn, rest, interval)
		}
	}
}

// readRequest reads the headers of a request, and the part of the body that has arrived with them. It returns false if
// no valid request arrives.
func readRequest(conn net.Conn) bool {
	_, err := http.ReadRequest(bufio.NewReader(conn))
	return err == nil
}

// redirect responds to each request with a redirect to its own URL.
func redirect(conn net.Conn) {
	for reader := bufio.NewReader(conn); ; {
		request, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, request.Body)
		_, err = fmt.Fprintf(conn, "HTTP/1.1 307 Go\r\nLocation: http://%s%s\r\nContent-Length: 0\r\n\r\n",
			request.Host, request.URL)
		if err != nil {
			return
		}
	}
}

// frame returns a frame of HTTP/2 (RFC 9113, section 4.1).
func frame(kind, flags byte, stream uint32, payload []byte) []byte {
	header := binary.BigEndian.AppendUint32(nil, uint32(len(payload))<<8|uint32(kind))
	return append(binary.BigEndian.AppendUint32(append(header, flags), stream), payload...)
}

// bomb returns a gzip member that decompresses to 16 MiB, about a thousand times its own length.
func bomb() []byte {
	var compressed bytes.Buffer
	w, _ := gzip.NewWriterLevel(&compressed, gzip.BestCompression)
	for range 1 << 10 {
		_, _ = w.Write(bytes.Repeat([]byte(" "), 16<<10))
	}
	_ = w.Close()
	return compressed.Bytes()
}

// emptyMember returns 500 empty gzip members. A reader can decompress any number of them without getting a byte.
func emptyMember() []byte {
	var member bytes.Buffer
	_ = gzip.NewWriter(&member).Close()
	return bytes.Repeat(member.Bytes(), 500)
}
