package compose

import (
	"net"
	"net/http"
	"sync"
	"time"
)

// A connection on which no request has begun is closed for another one after silentFor.
const silentFor = time.Second

// limitConnections returns a listener that accepts at most maxConnections connections at the same time; 0 means no
// limit. Before a further connection waits, the one that is idle for the longest time is closed, so that connections
// that nobody uses keep nobody out, least of all the health checks of an orchestrator. When the listener is closed, the
// connection that is still waiting is closed, and the kernel resets the others. track must be the ConnState of the
// server.
func limitConnections(listener net.Listener, maxConnections int) (
	_ net.Listener, track func(net.Conn, http.ConnState),
) {
	if maxConnections == 0 {
		return listener, nil
	}
	l := &connectionLimit{
		Listener: listener, maximum: maxConnections, unused: map[net.Conn]unusedConn{},
		changed: make(chan struct{}, 1), closed: make(chan struct{}),
	}
	return l, l.track
}

// unusedConn is a connection on which no request runs.
type unusedConn struct {
	since time.Time
	idle  bool // a request has run on it
}

// connectionLimit is a listener that limits the number of its open connections.
type connectionLimit struct {
	net.Listener
	maximum int

	mu     sync.Mutex
	open   int
	unused map[net.Conn]unusedConn

	changed chan struct{} // receives an element when a connection has closed or has become idle
	closed  chan struct{}
	once    sync.Once
}

// Accept implements net.Listener.
func (l *connectionLimit) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	ticker := time.NewTicker(silentFor / 4)
	defer ticker.Stop()
	for !l.enter() {
		select {
		case <-l.changed:
		case <-ticker.C:
		case <-l.closed:
			_ = conn.Close()
			return nil, net.ErrClosed
		}
	}
	return &limitedConn{Conn: conn, limit: l}, nil
}

// Close implements net.Listener.
func (l *connectionLimit) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

// enter counts another connection if there is room for it. Otherwise it closes an unused one and returns false.
func (l *connectionLimit) enter() bool {
	l.mu.Lock()
	if l.open < l.maximum {
		l.open++
		l.mu.Unlock()
		return true
	}
	victim := l.oldestUnused(time.Now())
	delete(l.unused, victim)
	l.mu.Unlock()
	if victim != nil {
		_ = victim.Close()
	}
	return false
}

// oldestUnused returns the connection that is idle for the longest time; nil if there is none. If none is idle, it
// returns the one that has sent nothing for the longest time, and at least silentFor.
func (l *connectionLimit) oldestUnused(now time.Time) (oldest net.Conn) {
	var found unusedConn
	for conn, u := range l.unused {
		if !u.idle && now.Sub(u.since) < silentFor {
			continue
		}
		better := u.idle && !found.idle || u.idle == found.idle && u.since.Before(found.since)
		if oldest == nil || better {
			oldest, found = conn, u
		}
	}
	return oldest
}

// track follows the state of a connection. See http.Server.ConnState.
func (l *connectionLimit) track(conn net.Conn, state http.ConnState) {
	l.mu.Lock()
	switch state {
	case http.StateNew, http.StateIdle:
		l.unused[conn] = unusedConn{time.Now(), state == http.StateIdle}
	default:
		delete(l.unused, conn)
	}
	l.mu.Unlock()
	if state == http.StateIdle {
		l.signal()
	}
}

// signal wakes the connection that waits.
func (l *connectionLimit) signal() {
	select {
	case l.changed <- struct{}{}:
	default:
	}
}

// limitedConn is a connection that the limit counts until it is closed.
type limitedConn struct {
	net.Conn
	limit *connectionLimit
	once  sync.Once
}

// Close implements net.Conn.
func (c *limitedConn) Close() error {
	err := c.Conn.Close()
	c.once.Do(func() {
		c.limit.mu.Lock()
		c.limit.open--
		delete(c.limit.unused, c)
		c.limit.mu.Unlock()
		c.limit.signal()
	})
	return err
}
