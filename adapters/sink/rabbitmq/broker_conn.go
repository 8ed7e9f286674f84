package rabbitmq

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// errNotRequested is the error for a broker that sends what no publisher has requested.
var errNotRequested = errors.New("the broker sent data that was not requested")

// Limits of what a broker may send. A tenant chooses the broker, so the broker may be hostile.
const (
	// maxFrame is the maximum payload of a frame in bytes. The frames that a publisher gets contain short texts only.
	maxFrame = 4 << 10
	// A broker may send noticeBurst bytes of frames that answer nothing, such as heartbeats, and then noticeRate bytes
	// a second. RabbitMQ sends a heartbeat of 8 bytes every 5 s.
	noticeBurst = 16 << 10
	noticeRate  = 1 << 10
)

// The types of frames, and the lengths of a frame's parts. The payload of a frame is between its header (type, channel,
// length) and its end.
// https://www.rabbitmq.com/resources/specs/amqp0-9-1.pdf, section 4.2.3
const (
	frameMethod     = 1
	frameHeartbeat  = 8
	frameHeaderSize = 7
	frameEndSize    = 1
)

// method is the class and the method in the payload of a frame.
type method struct{ class, method uint16 }

var (
	basicAck          = method{60, 80}
	basicNack         = method{60, 120}
	connectionCloseOK = method{10, 51}
)

// replies contains the methods with which a broker answers the login. A broker may send each of them once. The AMQP
// library would block forever on a second one, because nothing receives it.
var replies = map[method]bool{
	{10, 10}: true, // connection.start
	{10, 30}: true, // connection.tune
	{10, 41}: true, // connection.open-ok
	{20, 11}: true, // channel.open-ok
	{40, 11}: true, // exchange.declare-ok
	{85, 11}: true, // confirm.select-ok
}

// notices lists the methods that a broker may send at any time.
var notices = map[method]bool{
	{10, 50}: true, // connection.close
	{10, 60}: true, // connection.blocked
	{10, 61}: true, // connection.unblocked
	{20, 20}: true, // channel.flow
	{20, 40}: true, // channel.close
}

// brokerConn is a connection to a broker. Read returns only frames that a publisher has to expect:
//
//   - the replies to the login, once each
//   - one confirmation of each published message
//   - a limited number of heartbeats and notices
//
// For any other frame, Read returns errNotRequested. Without this check, the AMQP library would accept a message that
// was not requested and keep it completely in memory. The library also counts up to the number of a confirmed message,
// however large, before it reads on.
type brokerConn struct {
	net.Conn
	frames  *bufio.Reader
	unread  []byte // the part of the last checked frame that Read has not returned yet
	opened  time.Time
	notices int64 // bytes of heartbeats and notices so far
	seen    map[method]bool

	closing  atomic.Bool // set when this process has sent connection.close
	rejected atomic.Bool // set when Read has returned errNotRequested

	mu            sync.Mutex
	confirmations confirmations
}

func newBrokerConn(conn net.Conn) *brokerConn {
	return &brokerConn{Conn: conn, frames: bufio.NewReader(conn), opened: time.Now(), seen: map[method]bool{}}
}

// publishing counts a message that is about to be published, so that Read accepts its confirmation.
func (c *brokerConn) publishing() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.confirmations.published++
}

// Read implements net.Conn. It is not safe for concurrent use.
func (c *brokerConn) Read(p []byte) (int, error) {
	if len(c.unread) == 0 {
		frame, err := c.next()
		if err != nil {
			return 0, err
		}
		c.unread = frame
	}
	n := copy(p, c.unread)
	c.unread = c.unread[n:]
	return n, nil
}

// next returns the next frame.
func (c *brokerConn) next() ([]byte, error) {
	header, err := c.frames.Peek(frameHeaderSize)
	if err != nil {
		return nil, err
	}
	length := binary.BigEndian.Uint32(header[3:])
	if length > maxFrame {
		return nil, c.reject()
	}
	frame := make([]byte, frameHeaderSize+length+frameEndSize)
	if _, err := io.ReadFull(c.frames, frame); err != nil {
		return nil, err
	}
	payload := frame[frameHeaderSize : frameHeaderSize+length]
	if !c.expects(frame[0], binary.BigEndian.Uint16(frame[1:]), payload) {
		return nil, c.reject()
	}
	return frame, nil
}

func (c *brokerConn) reject() error {
	c.rejected.Store(true)
	return errNotRequested
}

// expects reports whether the broker may send this frame now.
func (c *brokerConn) expects(kind byte, channel uint16, payload []byte) bool {
	if kind == frameHeartbeat {
		return channel == 0 && c.allowNotice(len(payload))
	}
	if kind != frameMethod || len(payload) < 4 {
		return false
	}
	m := method{binary.BigEndian.Uint16(payload), binary.BigEndian.Uint16(payload[2:])}
	const connection = 10 // the class whose methods use channel 0
	if (m.class == connection) != (channel == 0) || channel > 1 {
		return false
	}
	switch {
	case m == basicAck, m == basicNack:
		return c.confirms(payload[4:])
	case m == connectionCloseOK:
		return c.closing.Load()
	case notices[m]:
		return c.allowNotice(len(payload))
	}
	first := !c.seen[m]
	c.seen[m] = true
	return first && replies[m]
}

// allowNotice counts a heartbeat or a notice. It reports whether the broker is still within its limit for them.
func (c *brokerConn) allowNotice(payload int) bool {
	c.notices += frameHeaderSize + int64(payload) + frameEndSize
	return c.notices <= noticeBurst+int64(time.Since(c.opened)/time.Second)*noticeRate
}

// confirms reports whether the arguments of basic.ack or basic.nack confirm a published message for the first time.
func (c *brokerConn) confirms(arguments []byte) bool {
	if len(arguments) != 9 {
		return false
	}
	tag, multiple := binary.BigEndian.Uint64(arguments), arguments[8]&1 == 1
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.confirmations.confirm(tag, multiple)
}

// confirmations records which messages of a channel are confirmed. Their delivery tags are numbers from 1.
type confirmations struct {
	published uint64
	all       uint64          // all messages up to this one are confirmed
	others    map[uint64]bool // the confirmed messages after all
}

// confirm confirms the message with the tag, and all earlier ones if multiple is set. It returns false if the message
// was not published or is confirmed already.
func (c *confirmations) confirm(tag uint64, multiple bool) bool {
	if tag <= c.all || tag > c.published || c.others[tag] {
		return false
	}
	if c.others == nil {
		c.others = map[uint64]bool{}
	}
	c.others[tag] = true
	for multiple && c.all < tag || c.others[c.all+1] {
		c.all++
		delete(c.others, c.all)
	}
	return true
}
