package compose

import (
	"net"
	"net/http"
	"testing"
	"time"
)

// pipes is a listener whose connections are pipes. It closes nothing.
type pipes struct {
	net.Listener
	t *testing.T
}

func (p pipes) Accept() (net.Conn, error) {
	ours, theirs := net.Pipe()
	p.t.Cleanup(func() { _, _ = ours.Close(), theirs.Close() })
	return ours, nil
}

// A server can be slow to say that a connection is idle. The order of the idle times is therefore tested without one.
func TestTheConnectionThatIsIdleForTheLongestTimeIsClosed(t *testing.T) {
	limited, track := limitConnections(pipes{t: t}, 3)
	accept := func() net.Conn {
		t.Helper()
		conn, err := limited.Accept()
		if err != nil {
			t.Fatal(err)
		}
		track(conn, http.StateNew)
		return conn
	}
	again, oldest, latest := accept(), accept(), accept()
	for _, conn := range []net.Conn{again, oldest, latest} {
		track(conn, http.StateActive)
		track(conn, http.StateIdle)
	}
	track(again, http.StateActive)
	track(again, http.StateIdle)
	accept()
	for name, conn := range map[string]net.Conn{"first": again, "third": latest} {
		if conn.(*limitedConn).closed() {
			t.Errorf("the %s connection was closed although the second was idle for longer", name)
		}
	}
	if !oldest.(*limitedConn).closed() {
		t.Error("the connection that was idle for the longest time is open")
	}
}

// closed reports whether the connection was closed on this side.
func (c *limitedConn) closed() bool {
	return c.SetDeadline(time.Time{}) != nil
}
