package postgres_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/LerianStudio/aggregator-connections/adapters/connector/postgres"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

// fakeServer starts a server that accepts one connection, reads its startup message and calls respond.
// The connection is closed when respond returns. fakeServer returns the configuration for the server.
// The returned function waits until the server has ended.
func fakeServer(t *testing.T, respond func(net.Conn, *pgproto3.Backend)) (config map[string]any, wait func()) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		backend := pgproto3.NewBackend(conn, conn)
		if _, err := backend.ReceiveStartupMessage(); err == nil {
			respond(conn, backend)
		}
	}()
	wait = func() {
		_ = listener.Close()
		<-ended
	}
	t.Cleanup(wait)
	port := listener.Addr().(*net.TCPAddr).Port
	return map[string]any{"host": "127.0.0.1", "port": port, "database": "d", "sslMode": "disable"}, wait
}

// allocated returns the number of bytes that the process allocates on the heap while fn runs.
func allocated(fn func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	fn()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// maxAllocated is a generous limit for the number of bytes that a probe may allocate. Without the limits of the probe,
// pgx would allocate 1 GiB.
const maxAllocated = 16 << 20

// wantMalformed fails the test unless a probe of the server returns malformed_response and allocates at most
// maxAllocated bytes.
func wantMalformed(t *testing.T, config map[string]any) {
	t.Helper()
	raw := encode(t, config)
	var err error
	size := allocated(func() { _, err = postgres.New(plaintext).Probe(t.Context(), raw, good) })
	if !errors.Is(err, domain.MalformedResponse) {
		t.Errorf("got %v, want malformed_response", err)
	}
	porttest.SecretFree(t, err)
	if size > maxAllocated {
		t.Errorf("the probe allocated %d MiB, want at most %d", size>>20, maxAllocated>>20)
	}
}

// A probe must refuse a message whose announced length is invalid. The server announces such a length and then waits
// until the probe ends the connection.
func TestProbeRefusesAMessageOfAnInvalidLength(t *testing.T) {
	for name, header := range map[string]string{
		"1 GiB":                  "N\x40\x00\x00\x00",
		"more than 1 MiB":        "S\x00\x10\x00\x01",
		"an authentication":      "R\x3f\xff\xff\xff",
		"less than its own size": "N\x00\x00\x00\x03",
		"negative":               "N\xff\xff\xff\xff",
	} {
		t.Run(name, func(t *testing.T) {
			config, _ := fakeServer(t, func(conn net.Conn, _ *pgproto3.Backend) {
				_, _ = io.WriteString(conn, header)
				_, _ = io.Copy(io.Discard, conn)
			})
			wantMalformed(t, config)
		})
	}
}

// pgx stores each parameter that a server reports. Many small messages can therefore use as much memory as one large
// message. The probe must end the connection before the server has sent all of its 64 MiB.
func TestProbeEndsAfterTooManyMessages(t *testing.T) {
	// The server uses one buffer for all messages, because the memory that it allocates is measured, too.
	const name = len("S\x00\x00\x00\x00") // the offset of the name in a message
	message, err := (&pgproto3.ParameterStatus{Name: "000000", Value: strings.Repeat("x", 1<<10)}).Encode(nil)
	if err != nil {
		t.Fatal(err)
	}
	config, _ := fakeServer(t, func(conn net.Conn, backend *pgproto3.Backend) {
		backend.Send(&pgproto3.AuthenticationOk{})
		err := backend.Flush()
		for i := 0; i < 64<<10 && err == nil; i++ {
			copy(message[name:], fmt.Sprintf("%06d", i))
			_, err = conn.Write(message)
		}
	})
	wantMalformed(t, config)
}

// offerSCRAM begins a SCRAM authentication as the server. The last message that it sends is the server-first-message,
// with the given number of iterations. It reports whether the client answered with its proof. To do so, the client must
// compute the iterations.
func offerSCRAM(backend *pgproto3.Backend, iterations string) (proved bool) {
	backend.Send(&pgproto3.AuthenticationSASL{AuthMechanisms: []string{"SCRAM-SHA-256"}})
	_ = backend.SetAuthType(pgproto3.AuthTypeSASL)
	if backend.Flush() != nil {
		return false
	}
	initial, err := backend.Receive()
	if err != nil {
		return false
	}
	first, ok := initial.(*pgproto3.SASLInitialResponse)
	if !ok {
		return false
	}
	_, nonce, _ := strings.Cut(string(first.Data), "r=")
	return continueSCRAM(backend, "r="+nonce+"server,s=c2FsdHNhbHRzYWx0c2FsdA==,i="+iterations)
}

// continueSCRAM sends a server-first-message and reports whether the client responded.
func continueSCRAM(backend *pgproto3.Backend, message string) bool {
	backend.Send(&pgproto3.AuthenticationSASLContinue{Data: []byte(message)})
	_ = backend.SetAuthType(pgproto3.AuthTypeSASLContinue)
	if backend.Flush() != nil {
		return false
	}
	response, err := backend.Receive()
	_, proved := response.(*pgproto3.SASLResponse)
	return err == nil && proved
}

func TestProbeComputesFewSCRAMIterations(t *testing.T) {
	for _, iterations := range []string{"1", "4096", "100000"} {
		var proved bool
		config, wait := fakeServer(t, func(_ net.Conn, backend *pgproto3.Backend) {
			proved = offerSCRAM(backend, iterations)
		})
		_, err := postgres.New(plaintext).Probe(t.Context(), encode(t, config), good)
		if wait(); !proved || !errors.Is(err, domain.VendorUnreachable) {
			t.Errorf("%s iterations: the client sent its proof: %t, error %v", iterations, proved, err)
		}
	}
}

func TestProbeRefusesManySCRAMIterations(t *testing.T) {
	for _, iterations := range []string{"100001", "10000000", "+10000000", "99999999999999999999", "0", "-1", "x", ""} {
		t.Run(iterations, func(t *testing.T) {
			var proved bool
			config, wait := fakeServer(t, func(_ net.Conn, backend *pgproto3.Backend) {
				proved = offerSCRAM(backend, iterations)
			})
			wantMalformed(t, config)
			if wait(); proved {
				t.Error("the client computed the iterations")
			}
		})
	}
}

// The limit must apply to the sum of all requested iterations, because a server that knows the password can
// request iterations repeatedly.
func TestProbeAddsUpSCRAMIterations(t *testing.T) {
	config, _ := fakeServer(t, func(_ net.Conn, backend *pgproto3.Backend) {
		if offerSCRAM(backend, "60000") {
			continueSCRAM(backend, "r=nonce,s=c2FsdA==,i=60000")
		}
	})
	wantMalformed(t, config)
}
