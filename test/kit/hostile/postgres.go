package hostile

import (
	"encoding/binary"
	"io"
	"net"
	"strings"
)

// Postgres returns the catalogue of hostile PostgreSQL servers by name. They use no TLS and request no password.
func Postgres() map[string]Behaviour {
	const (
		authenticate = 'R'
		parameter    = 'S'
		notice       = 'N'
		failure      = 'E'
		ready        = 'Z'
		row          = 'D'
	)
	ok := message(authenticate, 0, 0, 0, 0)
	idle := message(ready, 'I')
	text := append([]byte("S"+strings.Repeat("x", 1000)), 0, 0)
	logIn := append(ok, idle...)
	catalogue := map[string]Behaviour{
		"no response":                   func(net.Conn) {},
		"text that is not PostgreSQL":   server(nil, block),
		"an announced message of 2 GiB": server([]byte{notice, 0x7f, 0xff, 0xff, 0xff}, block),
		"a message, a byte at a time": func(conn net.Conn) {
			trickle(conn, append(message(notice, text...), block...))
		},
		"notices before the login":        server(nil, message(notice, text...)),
		"notices during the login":        server(ok, message(notice, text...)),
		"notices after the login":         queried(logIn, message(notice, text...)),
		"parameters without end":          server(ok, message(parameter, append([]byte("x\x00"), text...)...)),
		"logins without end":              server(nil, ok),
		"failures without end":            server(nil, message(failure, text...)),
		"rows without end":                queried(logIn, message(row, 0, 1, 0, 0, 0, 1, 'x')),
		"ready without end":               queried(logIn, idle),
		"a login that stops":              server(ok, nil),
		"no response to the query":        queried(logIn, nil),
		"the end is not noticed":          queried(logIn, nil, message('I'), idle),
		"notices, slowly":                 func(conn net.Conn) { slowly(conn, message(notice, text...)) },
		"passwords requested without end": server(nil, message(authenticate, 0, 0, 0, 3)),
	}
	return catalogue
}

// server returns a server that reads the startup message, sends the first argument a single time, and then sends the
// second argument (rest) repeatedly.
func server(once, rest []byte) Behaviour {
	return func(conn net.Conn) {
		if !readStartup(conn) {
			return
		}
		if _, err := conn.Write(once); err == nil && rest != nil {
			repeat(conn, rest, 0)
		}
	}
}

// queried returns a server that sends the bytes in login and waits for a query. Then it sends each text in answer a
// single time, and finally sends rest repeatedly.
func queried(login, rest []byte, answer ...[]byte) Behaviour {
	return func(conn net.Conn) {
		if !readStartup(conn) {
			return
		}
		if _, err := conn.Write(login); err != nil {
			return
		}
		if _, err := io.ReadFull(conn, make([]byte, 5)); err != nil {
			return
		}
		for _, text := range answer {
			if _, err := conn.Write(text); err != nil {
				return
			}
		}
		if rest != nil {
			repeat(conn, rest, 0)
		}
	}
}

// slowly reads the startup message, and then sends the text repeatedly with pauses.
func slowly(conn net.Conn, text []byte) {
	if readStartup(conn) {
		repeat(conn, text, trickleInterval)
	}
}

// readStartup reads the first message of a client, which has a length but no type.
func readStartup(conn net.Conn) bool {
	length := make([]byte, 4)
	if _, err := io.ReadFull(conn, length); err != nil {
		return false
	}
	_, err := io.CopyN(io.Discard, conn, int64(binary.BigEndian.Uint32(length))-4)
	return err == nil
}

// message returns a message of PostgreSQL's protocol.
func message(kind byte, payload ...byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(payload)+4)), payload...)
}
