package hostile

import (
	"io"
	"net"
)

// TLS returns servers that never complete a TLS handshake, by name.
func TLS() map[string]Behaviour {
	record := func(kind byte, payload ...byte) []byte {
		return append([]byte{kind, 3, 3, byte(len(payload) >> 8), byte(len(payload))}, payload...)
	}
	return map[string]Behaviour{
		"no handshake":                    func(net.Conn) {},
		"text that is not TLS":            greeted(block),
		"a handshake of 16 MiB":           greeted(record(22, append([]byte{2, 255, 255, 255}, block[:8<<10]...)...)),
		"records without content":         greeted(record(22)),
		"warnings without end":            greeted(record(21, 1, 0)),
		"a handshake, a byte at a time":   func(conn net.Conn) { trickle(conn, record(22, block[:16<<10-1]...)) },
		"changes of ciphers without end":  greeted(record(20, 1)),
		"application data in a handshake": greeted(record(23, block[:1000]...)),
	}
}

// greeted returns a server that waits for the start of a handshake, and then sends the text repeatedly.
func greeted(text []byte) Behaviour {
	return func(conn net.Conn) {
		if _, err := io.ReadFull(conn, make([]byte, 5)); err == nil {
			repeat(conn, text, 0)
		}
	}
}
