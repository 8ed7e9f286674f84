package egress

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/test/kit/debian"
	"github.com/LerianStudio/aggregator-connections/test/kit/freeport"
)

// startTinyproxy runs tinyproxy, which asks for a user and a password, and returns its address. The test is skipped if
// tinyproxy is missing and cannot be installed.
func startTinyproxy(t *testing.T, user, password string) (address string) {
	t.Helper()
	const program = "/usr/bin/tinyproxy"
	if err := debian.Ensure(program, "tinyproxy-bin"); errors.Is(err, debian.ErrMissing) {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "tinyproxy.conf")
	for range 5 { // the port may be taken before tinyproxy listens
		port, err := freeport.Find()
		if err != nil {
			t.Fatal(err)
		}
		config := fmt.Sprintf("Port %d\nListen 127.0.0.1\nTimeout 60\nMaxClients 10\nBasicAuth %s %s\n",
			port, user, password)
		if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(program, "-d", "-c", file)
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
		address = fmt.Sprintf("127.0.0.1:%d", port)
		deadline := time.Now().Add(5 * time.Second)
		for ; time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
			if conn, err := net.Dial("tcp", address); err == nil {
				_ = conn.Close()
				return address
			}
		}
	}
	t.Fatal("tinyproxy does not listen")
	return ""
}

func TestTinyproxyConnectsAndItsRefusalIsNamed(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("reached"))
	}))
	defer server.Close()
	closed := httptest.NewServer(nil)
	closed.Close()
	address := startTinyproxy(t, "someone", "canary-right")
	for name, c := range map[string]struct{ password, target, want string }{
		"connected": {"canary-right", server.URL, ""},
		// A refused password is status 401 here, and 407 elsewhere.
		"wrong password":     {"canary-wrong", server.URL, "the egress proxy: it answered CONNECT with status 401"},
		"unreachable target": {"canary-right", closed.URL, "the egress proxy: it answered CONNECT with status 500"},
	} {
		t.Run(name, func(t *testing.T) {
			proxy, err := NewProxy(domain.SecretText("http://someone:" + c.password + "@" + address))
			if err != nil {
				t.Fatal(err)
			}
			guard := NewGuard(Config{
				AllowedCIDRs: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, AllowHTTP: true, Proxy: proxy,
			})
			body, err := get(t, TransportConfig{Dial: guard.Dial}, c.target)
			if c.want == "" {
				if err != nil || body != "reached" {
					t.Errorf("%q, %v", body, err)
				}
				return
			}
			cause := CauseOf(context.Background(), err)
			if cause == nil || cause.Error() != c.want || strings.Contains(err.Error(), "canary") {
				t.Errorf("%v became %v, want %q", err, cause, c.want)
			}
		})
	}
}
