// Package hostile contains servers that try to make a call last for ever, or to fill the memory of the caller. They
// listen on raw sockets, because the servers of the standard library and of real brokers do not misbehave.
package hostile

import (
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Behaviour handles one connection of a peer. It must return when the caller or the peer has closed the connection;
// every method of a closed connection fails. If it returns earlier, the connection stays open.
type Behaviour func(conn net.Conn)

// Peer is a server on a loopback port that treats all connections in the same way.
type Peer struct {
	listener net.Listener
	behave   Behaviour
	written  atomic.Int64
	accepted atomic.Int64
	handlers sync.WaitGroup

	mu     sync.Mutex
	open   map[net.Conn]bool // the connections that neither side has closed
	closed bool
}

// Start starts a peer, which ends with the test.
func Start(t testing.TB, behave Behaviour) *Peer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Peer{listener: listener, behave: behave, open: map[net.Conn]bool{}}
	p.handlers.Go(p.serve)
	t.Cleanup(p.close)
	return p
}

// Address returns the peer's address, in the form "host:port".
func (p *Peer) Address() string { return p.listener.Addr().String() }

// Port returns the peer's port.
func (p *Peer) Port() int { return p.listener.Addr().(*net.TCPAddr).Port }

// Written returns the number of bytes that the peer has sent over all its connections. The number includes bytes that
// the kernel has buffered and the caller has not read.
func (p *Peer) Written() int64 { return p.written.Load() }

// Accepted returns how many connections the peer has accepted.
func (p *Peer) Accepted() int { return int(p.accepted.Load()) }

// Open returns how many connections the callers have not closed.
func (p *Peer) Open() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.open)
}

func (p *Peer) serve() {
	for {
		raw, err := p.listener.Accept()
		if err != nil {
			return
		}
		// The buffer is small, so that Written is close to the number of bytes that the caller has read.
		_ = raw.(*net.TCPConn).SetWriteBuffer(16 << 10)
		conn := &countingConn{Conn: raw, written: &p.written}
		if !p.track(conn) {
			_ = conn.Close()
			return
		}
		p.handlers.Go(func() {
			p.behave(conn)
			p.waitForCaller(conn)
		})
	}
}

// track adds an open connection. It returns false if the peer is closed.
func (p *Peer) track(conn net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.accepted.Add(1)
	p.open[conn] = true
	return !p.closed
}

// waitForCaller reads until the caller has closed the connection, and then closes it too.
func (p *Peer) waitForCaller(conn net.Conn) {
	for {
		if _, err := conn.Read(make([]byte, 4<<10)); err != nil {
			break
		}
	}
	_ = conn.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, conn)
}

// WaitReleased waits until the callers have closed all connections. It fails the test if that takes longer than limit.
func (p *Peer) WaitReleased(t testing.TB, limit time.Duration) {
	t.Helper()
	for end := time.Now().Add(limit); ; time.Sleep(time.Millisecond) {
		n := p.Open()
		if n == 0 {
			return
		}
		if time.Now().After(end) {
			t.Errorf("%d connections are still open %v after the call", n, limit)
			return
		}
	}
}

// close closes the listener and all connections, and waits until all goroutines of the peer have ended.
func (p *Peer) close() {
	_ = p.listener.Close()
	p.mu.Lock()
	p.closed = true
	for conn := range p.open {
		_ = conn.Close()
	}
	p.mu.Unlock()
	p.handlers.Wait()
}

// countingConn is a connection that adds the length of each write to the counter written.
type countingConn struct {
	net.Conn
	written *atomic.Int64
}

func (c *countingConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.written.Add(int64(n))
	return n, err
}

// repeat sends the text repeatedly, with the interval between two copies, until the caller closes the connection. A
// caller may close only its own half of the connection, so repeat checks for this during each interval.
func repeat(conn net.Conn, text []byte, interval time.Duration) {
	for {
		if _, err := conn.Write(text); err != nil {
			return
		}
		if interval > 0 && !pause(conn, interval) {
			return
		}
	}
}

// pause reads and drops what the caller sends during the interval. It returns false if the caller has closed the
// connection.
func pause(conn net.Conn, interval time.Duration) bool {
	_ = conn.SetReadDeadline(time.Now().Add(interval))
	defer func() { _ = conn.SetReadDeadline(time.Time{}) }()
	for {
		if _, err := conn.Read(make([]byte, 4<<10)); err != nil {
			return errors.Is(err, os.ErrDeadlineExceeded)
		}
	}
}
