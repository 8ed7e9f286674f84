package hostile

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"net"
	"strings"
)

// AMQP returns the catalogue of hostile AMQP 0-9-1 brokers by name.
func AMQP() map[string]Behaviour {
	start := method(0, 10, 10, []byte{0, 9}, long(""), long("PLAIN"), long("en_US"))
	catalogue := map[string]Behaviour{
		"no response":                 func(net.Conn) {},
		"text that is not AMQP":       rawBroker(nil, block),
		"an announced frame of 2 GiB": rawBroker([]byte{1, 0, 0, 0x7f, 0xff, 0xff, 0xff}, block),
		"an announced text of 2 GiB": rawBroker(
			nil,
			method(0, 10, 10, []byte{0, 9, 0x7f, 0xff, 0xff, 0xff}, block[:3000]),
		),
		"the login, a byte at a time":    func(conn net.Conn) { trickle(conn, append(start, block...)) },
		"the login again and again":      rawBroker(nil, start),
		"heartbeats instead of a login":  rawBroker(nil, heartbeat),
		"replies in the wrong order":     rawBroker(append(start, replies(10, 41, 10, 30, 20, 11, 10, 41)...), nil),
		"replies to the login all twice": rawBroker(append(start, replies(10, 30, 10, 30, 10, 41, 10, 41)...), nil),
		"a challenge without end":        rawBroker(start, method(0, 10, 20, long("x"))),
		"no confirmation":                confirming(func(net.Conn) {}),
		"no answer to the end":           loggedIn(func(conn net.Conn) { repeat(conn, heartbeat, trickleInterval) }),
		"heartbeats, no confirmation":    confirming(func(c net.Conn) { repeat(c, heartbeat, trickleInterval) }),
	}
	for name, flood := range floods() {
		catalogue[name+", after the login"] = confirming(func(conn net.Conn) { repeat(conn, flood, 0) })
	}
	return catalogue
}

// IdleAMQP returns brokers that confirm a message, and then send data without end although nothing is published.
func IdleAMQP() map[string]Behaviour {
	catalogue := map[string]Behaviour{}
	for name, flood := range floods() {
		catalogue[name] = loggedIn(func(conn net.Conn) { repeat(conn, flood, 0) })
	}
	return catalogue
}

// floods maps names to data that a broker can send repeatedly after the login.
func floods() map[string][]byte {
	const noEnd = 1 << 40
	header := func(size uint64) []byte { // of a message with this size, without properties
		return amqpFrame(2, 1, []byte{0, 60, 0, 0}, binary.BigEndian.AppendUint64(nil, size), []byte{0, 0})
	}
	body := amqpFrame(3, 1, block)
	message := func(start []byte) []byte { // the first copy begins a message; the further ones do not matter
		return bytes.Join([][]byte{start, header(noEnd), bytes.Repeat(body, 100)}, nil)
	}
	tag := func(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }
	deliver := method(1, 60, 60, short("tag"), tag(1), []byte{0}, short("x"), short("y"))
	return map[string][]byte{
		"a delivery without end": message(deliver),
		"deliveries without end": bytes.Join(
			[][]byte{deliver, header(3), amqpFrame(3, 1, []byte("abc"))},
			nil,
		),
		"a returned message without end": message(
			method(1, 60, 50, []byte{0, 0}, short("x"), short("y"), short("z")),
		),
		"a requested message without end": message(
			method(1, 60, 71, tag(1), []byte{0}, short("x"), short("y"), tag(0)[:4]),
		),
		"bodies without end":                  body,
		"headers without end":                 header(noEnd),
		"heartbeats without end":              heartbeat,
		"notices without end":                 method(0, 10, 60, short(strings.Repeat("x", 255))),
		"pauses without end":                  method(1, 20, 20, []byte{1}),
		"replies without end":                 method(1, 20, 11, long("")),
		"frames of other channels":            method(7, 60, 80, tag(1), []byte{0}),
		"ends of other connections":           method(0, 10, 51),
		"confirmations of all numbers":        method(1, 60, 80, tag(math.MaxUint64), []byte{1}),
		"the same confirmation without end":   method(1, 60, 80, tag(1), []byte{0}),
		"cancellations of consumers":          method(1, 60, 30, short("tag"), []byte{0}),
		"frames of an unknown kind":           amqpFrame(9, 0, block[:100]),
		"new secrets that nobody asked for":   method(0, 10, 71),
		"returned messages and confirmations": append(method(1, 60, 80, tag(2), []byte{0}), body...),
	}
}

// rawBroker returns a broker that reads the protocol header, sends the first argument a single time, and then sends
// the second argument (rest) repeatedly.
func rawBroker(once, rest []byte) Behaviour {
	return func(conn net.Conn) {
		if _, err := io.ReadFull(conn, make([]byte, len("AMQP0091"))); err != nil {
			return
		}
		if _, err := conn.Write(once); err == nil && rest != nil {
			repeat(conn, rest, 0)
		}
	}
}

// trickle sends the text byte by byte.
func trickle(conn net.Conn, text []byte) {
	for _, b := range text {
		if _, err := conn.Write([]byte{b}); err != nil || !pause(conn, trickleInterval) {
			return
		}
	}
}

// confirming returns a broker that answers the login of a publisher, including confirm.select, and then misbehaves.
func confirming(misbehave Behaviour) Behaviour {
	return func(conn net.Conn) {
		if _, ok := login(conn); ok {
			misbehave(conn)
		}
	}
}

// loggedIn returns a broker that logs a publisher in, confirms its first message and then misbehaves.
func loggedIn(misbehave Behaviour) Behaviour {
	return func(conn net.Conn) {
		frames, ok := login(conn)
		for range 3 { // the method, the header and the body of the message
			ok = ok && readFrame(frames)
		}
		if !ok {
			return
		}
		if _, err := conn.Write(method(1, 60, 80, []byte{0, 0, 0, 0, 0, 0, 0, 1}, []byte{0})); err == nil {
			misbehave(conn)
		}
	}
}

// login answers all requests of a publisher up to confirm.select, like RabbitMQ. ok is false if the publisher ends
// the connection.
func login(conn net.Conn) (frames *bufio.Reader, ok bool) {
	frames = bufio.NewReader(conn)
	if _, err := frames.Discard(len("AMQP0091")); err != nil {
		return nil, false
	}
	tune := method(0, 10, 30, []byte{0, 1, 0, 2, 0, 0, 0, 10}) // one channel, 128 KiB, 10 s
	for _, step := range []struct {
		answer   []byte
		requests int // how many frames the publisher sends before the next answer
	}{
		{method(0, 10, 10, []byte{0, 9}, long(""), long("PLAIN"), long("en_US")), 1},
		{tune, 2},
		{method(0, 10, 41, short("")), 1},
		{method(1, 20, 11, long("")), 1},
		{method(1, 40, 11), 1},
		{method(1, 85, 11), 0},
	} {
		if _, err := conn.Write(step.answer); err != nil {
			return nil, false
		}
		for range step.requests {
			if !readFrame(frames) {
				return nil, false
			}
		}
	}
	return frames, true
}

// readFrame reads and drops a frame. It returns false if the connection fails.
func readFrame(frames *bufio.Reader) bool {
	header := make([]byte, 7)
	if _, err := io.ReadFull(frames, header); err != nil {
		return false
	}
	_, err := frames.Discard(int(binary.BigEndian.Uint32(header[3:])) + 1)
	return err == nil
}

var heartbeat = amqpFrame(8, 0)

// replies returns one frame for each method. All bytes of its arguments are zero. numbers contains the class and the
// number of each method.
func replies(numbers ...uint16) (text []byte) {
	for i := 0; i < len(numbers); i += 2 {
		var channel uint16
		if numbers[i] != 10 {
			channel = 1
		}
		text = append(text, method(channel, numbers[i], numbers[i+1], make([]byte, 8))...)
	}
	return text
}

// method returns a frame with a method and its arguments.
func method(channel, class, number uint16, arguments ...[]byte) []byte {
	name := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, class), number)
	return amqpFrame(1, channel, append([][]byte{name}, arguments...)...)
}

// amqpFrame returns a frame whose payload consists of the parts.
func amqpFrame(kind byte, channel uint16, parts ...[]byte) []byte {
	payload := bytes.Join(parts, nil)
	frame := binary.BigEndian.AppendUint16([]byte{kind}, channel)
	frame = binary.BigEndian.AppendUint32(frame, uint32(len(payload)))
	return append(append(frame, payload...), 0xce)
}

// short and long encode a text, preceded by its length: short uses one byte for the length, and long uses four bytes.
func short(text string) []byte { return append([]byte{byte(len(text))}, text...) }
func long(text string) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(text))), text...)
}
