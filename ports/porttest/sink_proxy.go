package porttest

import (
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// sinkProxy is a TCP proxy on loopback with a fixed address, in front of a destination of events.
type sinkProxy struct {
	t           testing.TB
	listenOn    string
	destination string
	accepted    atomic.Int64 // connections since the start
	open        atomic.Int64 // connections that the sender keeps open
	requested   atomic.Int64 // bytes from the sender

	mu       sync.Mutex
	listener net.Listener // nil while the proxy is stopped
	conns    map[net.Conn]bool
	requests gate  // blocks data to the destination
	answers  gate  // blocks data from the destination
	lost     *gate // blocks the data of new connections when p.lose is called; p.lose then replaces it
}

// newSinkProxy starts a proxy and stops it when the test ends.
func newSinkProxy(t testing.TB, destination string) *sinkProxy {
	p := &sinkProxy{
		t: t, listenOn: "127.0.0.1:0", destination: destination, conns: make(map[net.Conn]bool), lost: &gate{},
	}
	p.start()
	t.Cleanup(p.stop)
	return p
}

func (p *sinkProxy) address() string { return p.listenOn }

// start listens on the address of the proxy, and forwards all data.
func (p *sinkProxy) start() {
	l, err := net.Listen("tcp", p.listenOn)
	if err != nil {
		p.t.Fatalf("the proxy cannot listen: %v", err)
	}
	p.listenOn = l.Addr().String()
	p.requests.release()
	p.answers.release()
	p.mu.Lock()
	p.listener = l
	p.mu.Unlock()
	go p.serve(l)
}

// stop stops listening and breaks all connections.
func (p *sinkProxy) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener != nil {
		_ = p.listener.Close()
		p.listener = nil
	}
	for conn := range p.conns {
		_ = conn.(*net.TCPConn).SetLinger(0) // a reset, as when a process dies
		_ = conn.Close()
	}
	p.requests.release()
	p.answers.release()
	p.lost.release()
}

// lose stops all data on the current connections, like a firewall that has lost its state. Later connections work.
func (p *sinkProxy) lose() {
	p.mu.Lock()
	defer p.mu.Unlock()
	lost := p.lost
	lost.hold()
	p.t.Cleanup(lost.release)
	p.lost = &gate{}
}

// hang stops all data, in both directions, until the returned function is called. Connections stay open.
func (p *sinkProxy) hang() (resume func()) {
	p.requests.hold()
	p.answers.hold()
	return func() {
		p.requests.release()
		p.answers.release()
	}
}

// holdResponses blocks all data from the destination until the returned function is called.
func (p *sinkProxy) holdResponses() (release func()) {
	p.answers.hold()
	return p.answers.release
}

func (p *sinkProxy) serve(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		p.accepted.Add(1)
		go p.forward(l, conn)
	}
}

// forward connects to the destination and copies data in both directions until one side closes the connection.
func (p *sinkProxy) forward(l net.Listener, sender net.Conn) {
	p.open.Add(1)
	defer p.open.Add(-1)
	destination, err := net.Dial("tcp", p.destination)
	if err != nil {
		_ = sender.Close()
		return
	}
	lost, running := p.track(l, sender, destination)
	if !running {
		p.untrack(sender, destination)
		_, _ = sender.Close(), destination.Close()
		return
	}
	defer p.untrack(sender, destination)
	var wait sync.WaitGroup
	wait.Go(func() { pipe(destination, sender, &p.requests, lost, &p.requested) })
	wait.Go(func() { pipe(sender, destination, &p.answers, lost, nil) })
	wait.Wait()
}

// track records the connections, so that p.stop can close them. It returns a gate (a switch), which blocks the data
// of these connections after p.lose is called. running is false if the listener l was already stopped.
func (p *sinkProxy) track(l net.Listener, conns ...net.Conn) (lost *gate, running bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range conns {
		p.conns[conn] = true
	}
	return p.lost, p.listener == l
}

func (p *sinkProxy) untrack(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range conns {
		delete(p.conns, conn)
	}
}

// pipe copies data from source to sink, and closes both connections at the end. It writes nothing while the gate
// direction or the gate loss blocks data. If bytes is not nil, pipe adds the number of bytes that it reads from source.
func pipe(sink, source net.Conn, direction, loss *gate, bytes *atomic.Int64) {
	defer func() { _, _ = sink.Close(), source.Close() }()
	buffer := make([]byte, 32<<10)
	for {
		n, err := source.Read(buffer)
		if bytes != nil {
			bytes.Add(int64(n))
		}
		direction.wait()
		loss.wait()
		if n > 0 {
			if _, err := sink.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// gate is a switch that blocks data. While a gate is held, its method wait does not return. The zero gate is open.
type gate struct {
	mu   sync.Mutex
	held chan struct{} // nil if the gate is open
}

func (g *gate) hold() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.held == nil {
		g.held = make(chan struct{})
	}
}

func (g *gate) release() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.held != nil {
		close(g.held)
		g.held = nil
	}
}

func (g *gate) wait() {
	g.mu.Lock()
	held := g.held
	g.mu.Unlock()
	if held != nil {
		<-held
	}
}
