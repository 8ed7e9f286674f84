package rest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/adapters/membudget"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

// stalledBody is a body that ends before its last byte. Read blocks at that point until the channel is closed, and then
// returns io.ErrUnexpectedEOF.
type stalledBody struct {
	left     int
	read     *atomic.Int64 // how many bytes the handler has read, of all bodies together
	released <-chan struct{}
}

func (b *stalledBody) Read(p []byte) (int, error) {
	if b.left == 1 {
		<-b.released
		return 0, io.ErrUnexpectedEOF
	}
	n := min(len(p), b.left-1)
	b.left -= n
	b.read.Add(int64(n))
	return n, nil
}

// TestLargeBodiesOfUnknownSendersUseLimitedMemory sends 200 webhooks of 1 MiB from one address at the same time. The
// last byte of each webhook never arrives. The memory of their bodies must stay within the share of the address, and
// other requests must get their responses in the meantime.
func TestLargeBodiesOfUnknownSendersUseLimitedMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const senders = 200
		s := newEnv(t)
		var read atomic.Int64
		released := make(chan struct{})
		statuses := make(chan int, senders)
		for range senders {
			go func() {
				r := httptest.NewRequest(http.MethodPost, webhookURL, &stalledBody{maxWebhookBody, &read, released})
				r.ContentLength = maxWebhookBody
				statuses <- s.serve(r).Code
			}()
		}
		synctest.Wait()
		if got := read.Load(); got > MaxBodyShare+senders*freeBody || got < MaxBodyShare/2 {
			t.Errorf("%d MiB of the bodies are in memory, want at most %d MiB for the large bodies",
				got>>20, MaxBodyShare>>20)
		}
		if code := s.webhookFrom("198.51.100.7:443", strings.Repeat("a", maxWebhookBody)); code != 202 {
			t.Errorf("a large webhook from another address got %d, want 202", code)
		}
		if w := s.call("POST", webhookURL, strings.Repeat("a", freeBody)); w.Code != 202 {
			t.Errorf("a small webhook got %d, want 202: %s", w.Code, w.Body)
		}
		if w := s.call("POST", connectionsPath, goodConnection); w.Code != 201 {
			t.Errorf("an operator got %d, want 201: %s", w.Code, w.Body)
		}
		time.Sleep(bodyTimeout)
		synctest.Wait()
		refused := len(statuses)
		for range refused {
			if status := <-statuses; status != http.StatusServiceUnavailable {
				t.Errorf("a sender that got no memory got %d, want 503", status)
			}
		}
		close(released)
		for range senders - refused {
			if status := <-statuses; status != http.StatusBadRequest {
				t.Errorf("a sender of an incomplete body got %d, want 400", status)
			}
		}
		for range 2 * MaxBodyMemory / maxWebhookBody {
			if w := s.call("POST", webhookURL, strings.Repeat("a", maxWebhookBody)); w.Code != 202 {
				t.Fatalf("a large webhook after the others got %d, want 202: %s", w.Code, w.Body)
			}
		}
	})
}

// connectionTo returns a connection to a server of the handler. Both are closed at the end of the test.
func connectionTo(t *testing.T, handler http.Handler) net.Conn {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	connection, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	return connection
}

// TestABodyThatHoldsMemoryMustArriveQuickly checks that a body with reserved memory is refused if it stalls. The test
// sends freeBody+1 bytes of a large body, and then nothing more.
func TestABodyThatHoldsMemoryMustArriveQuickly(t *testing.T) {
	defer func(grace, timeout time.Duration) { bodyGrace, bodyTimeout = grace, timeout }(bodyGrace, bodyTimeout)
	bodyGrace, bodyTimeout = 50*time.Millisecond, time.Minute
	connection := connectionTo(t, newEnv(t))
	_ = connection.SetReadDeadline(time.Now().Add(bodyTimeout / 2))
	_, _ = fmt.Fprintf(connection, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s",
		webhookURL, maxWebhookBody, strings.Repeat("a", freeBody+1))
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		t.Fatalf("the sender was not cut off before the body timeout: %v", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusRequestTimeout {
		t.Errorf("status %d, want 408", response.StatusCode)
	}
}

// TestALargeFileMayArriveSlowly checks that a file may take longer than bodyTimeout, if it arrives at minBodyRate:
// 8 MiB over a line of 1 Mbit/s, for example.
func TestALargeFileMayArriveSlowly(t *testing.T) {
	defer func(before time.Duration) { bodyTimeout = before }(bodyTimeout)
	bodyTimeout = 50 * time.Millisecond
	connection := connectionTo(t, newEnv(t))
	const parts = 4 // 128 KiB in 400 ms
	_, _ = fmt.Fprintf(connection, "POST %s/accounts/%s/bank-statements?name=a.csv HTTP/1.1\r\nHost: x\r\n"+
		"Authorization: Bearer tenant-a\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n",
		prefix, uuid.NewString(), octetStream, minBodyRate)
	for range parts {
		time.Sleep(2 * bodyTimeout)
		if _, err := connection.Write(bytes.Repeat([]byte("a"), minBodyRate/parts)); err != nil {
			t.Fatal(err)
		}
	}
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode == http.StatusRequestTimeout {
		t.Error("the file was refused, because it did not arrive in time")
	}
}

func TestTheBodyOfAnUnknownVendorIsNotRead(t *testing.T) {
	s := newEnv(t)
	released := make(chan struct{})
	close(released)
	for _, vendor := range []string{"plaid", "PLUGGY", "%00"} {
		var read atomic.Int64
		body := &stalledBody{1000, &read, released}
		r := httptest.NewRequest(http.MethodPost, prefix+"/webhooks/"+vendor+"/"+webhookToken, body)
		problemIn(t, s.serve(r), http.StatusUnauthorized, codeUnauthenticated)
		if read.Load() > 0 {
			t.Errorf("%d bytes of the body for %q were read", read.Load(), vendor)
		}
	}
}

// TestABodyReservesOnlyTheMemoryThatItUses checks that the reserved memory corresponds to the length of the body. It
// reads bodies of several lengths, with and without a Content-Length.
func TestABodyReservesOnlyTheMemoryThatItUses(t *testing.T) {
	const limit = 100 << 10
	for _, length := range []int{0, 1, freeBody - 1, freeBody, freeBody + 1, 20_000, limit, limit + 1} {
		for name, announced := range map[string]int64{"announced": int64(length), "not announced": -1} {
			content := bytes.Repeat([]byte("ab"), (length+1)/2)[:length]
			memory := membudget.NewShared(MaxBodyMemory, MaxBodyShare)
			b := bodyReader{
				body:     iotest.OneByteReader(bytes.NewReader(content)),
				response: http.NewResponseController(httptest.NewRecorder()),
				memory:   memory, sender: domain.TenantID{UUID: uuid.New()}, end: time.Now().Add(time.Minute),
			}
			raw, err := b.readAll(t.Context(), announced, limit)
			if err != nil || !bytes.Equal(raw, content) {
				t.Errorf("%d bytes, %s: got %d bytes, %v", length, name, len(raw), err)
			}
			reserved, _ := memory.Used()
			if want := max(0, int64(length)-freeBody); reserved != want {
				t.Errorf("%d bytes, %s: %d bytes are reserved, want %d", length, name, reserved, want)
			}
			if b.release != nil {
				b.release()
			}
			if reserved, _ = memory.Used(); reserved != 0 {
				t.Errorf("%d bytes, %s: %d bytes are reserved after the release", length, name, reserved)
			}
		}
	}
}

// webhookFrom sends a webhook from an address, and returns the status of the response.
func (s *env) webhookFrom(address, body string) int {
	r := httptest.NewRequest(http.MethodPost, webhookURL, strings.NewReader(body))
	r.RemoteAddr = address
	return s.serve(r).Code
}

// TestSlowBodiesOfOneTenantLeaveMemoryToOthers sends files of one tenant whose last byte never arrives.
func TestSlowBodiesOfOneTenantLeaveMemoryToOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const files = 6
		s := newEnv(t)
		var read atomic.Int64
		released := make(chan struct{})
		responses := make(chan *httptest.ResponseRecorder, files)
		for range files {
			go func() {
				path := prefix + "/accounts/" + uuid.NewString() + "/bank-statements"
				r := httptest.NewRequest(http.MethodPost, path, &stalledBody{witness.MaxFileBytes, &read, released})
				r.ContentLength = witness.MaxFileBytes
				r.Header.Set("Authorization", "Bearer tenant-a")
				r.Header.Set("Content-Type", octetStream)
				responses <- s.serve(r)
			}()
		}
		synctest.Wait()
		if got := read.Load(); got < witness.MaxFileBytes {
			t.Fatalf("%d bytes of the files were read, want at least one file", got)
		}
		began := time.Now()
		if code := s.webhookFrom("192.0.2.1:443", strings.Repeat("a", maxWebhookBody)); code != 202 {
			t.Errorf("a large webhook got %d, want 202", code)
		}
		body := `{"ids":["` + strings.Repeat("a", 2*freeBody) + `"]}`
		w := s.call("POST", prefix+"/possible-replacements/dismiss", body, "Authorization", "Bearer tenant-b")
		if w.Code == http.StatusTooManyRequests || w.Code >= 500 {
			t.Errorf("a large request of another tenant got %d: %s", w.Code, w.Body)
		}
		if took := time.Since(began); took > 0 {
			t.Errorf("the requests of others waited %v for memory", took)
		}
		time.Sleep(bodyTimeout)
		synctest.Wait()
		for range len(responses) {
			problemIn(t, <-responses, http.StatusTooManyRequests, codeRateLimited)
		}
		close(released)
	})
}

func TestAWebhookThatGetsNoMemoryIsUnavailable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := membudget.NewShared(MaxBodyMemory, MaxBodyShare)
		s := newEnvOf(t, &fake{}, func(o *Options) { o.BodyMemory = memory })
		sender := (&server{}).senderOf(httptest.NewRequest(http.MethodPost, webhookURL, nil), &exchange{})
		if _, err := memory.Acquire(t.Context(), sender, MaxBodyShare); err != nil {
			t.Fatal(err)
		}
		w := s.call("POST", webhookURL, strings.Repeat("a", freeBody+1), "Authorization", "")
		problemIn(t, w, http.StatusServiceUnavailable, codeUnavailable)
		if w.Header().Get("Retry-After") == "" {
			t.Error("the response has no Retry-After")
		}
	})
}

func TestTheAddressesOfOneHostAreOneSender(t *testing.T) {
	sender := func(peer string) domain.TenantID {
		r := httptest.NewRequest(http.MethodPost, webhookURL, nil)
		r.RemoteAddr = peer
		return (&server{}).senderOf(r, &exchange{})
	}
	for _, tc := range []struct {
		a, b string
		same bool
	}{
		{"192.0.2.1:443", "192.0.2.1:444", true},
		{"192.0.2.1:443", "192.0.2.2:443", false},
		{"192.0.2.1:443", "[::ffff:192.0.2.1]:443", true},
		{"[2001:db8:1:2::1]:443", "[2001:db8:1:2:a:b:c:d]:443", true},
		{"[2001:db8:1:2::1]:443", "[2001:db8:1:3::1]:443", false},
		{"192.0.2.1:443", "[2001:db8:1:2::1]:443", false},
	} {
		if same := sender(tc.a) == sender(tc.b); same != tc.same {
			t.Errorf("%s and %s are one sender: %t, want %t", tc.a, tc.b, same, tc.same)
		}
	}
}
