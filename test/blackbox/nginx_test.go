package blackbox_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/test/kit/debian"
	"github.com/LerianStudio/aggregator-connections/test/kit/freeport"
)

// nginxConfig serves the service below the path /bank, and compresses its responses, as many installations do. Its
// verbs are the directory of nginx's files, the port, and the origin of the service.
const nginxConfig = `
daemon off; master_process off; pid %[1]s/pid; error_log %[1]s/error.log;
events {}
http {
	access_log off; client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy;
	fastcgi_temp_path %[1]s/fastcgi; uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
	gzip on; gzip_proxied any; gzip_min_length 1; gzip_types application/json text/javascript text/css;
	large_client_header_buffers 4 64k;
	server {
		listen 127.0.0.1:%[2]d;
		location /bank/ {
			proxy_pass %[3]s/;
			proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
			proxy_set_header X-Forwarded-Prefix /bank;
		}
	}
}`

// startNginx runs nginx in front of the process, and returns its origin. The test is skipped if nginx is missing and
// cannot be installed.
func startNginx(t *testing.T, p *process) (origin string) {
	t.Helper()
	const program = "/usr/sbin/nginx"
	if err := debian.Ensure(program, "nginx"); errors.Is(err, debian.ErrMissing) {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "nginx.conf")
	for range 5 { // the port may be taken before nginx listens
		port, err := freeport.Find()
		if err != nil {
			t.Fatal(err)
		}
		config := fmt.Sprintf(nginxConfig, dir, port, p.baseURL())
		if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(program, "-c", file, "-e", filepath.Join(dir, "error.log"))
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() { _ = cmd.Wait(); close(ended) }()
		t.Cleanup(func() { _ = cmd.Process.Kill(); <-ended })
		origin = fmt.Sprintf("http://127.0.0.1:%d", port)
		if listens(t, origin, ended) {
			return origin
		}
	}
	log, _ := os.ReadFile(filepath.Join(dir, "error.log"))
	t.Fatalf("nginx does not listen:\n%s", log)
	return ""
}

// listens waits until the server answers or the process has ended, and reports whether it answers.
func listens(t *testing.T, origin string, ended <-chan struct{}) (answers bool) {
	t.Helper()
	eventually(t, waitTimeout, "nginx", func() bool {
		select {
		case <-ended:
			return true
		default:
		}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, origin, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := client.Do(request)
		if err == nil {
			_ = answer.Body.Close()
		}
		answers = err == nil
		return answers
	})
	return answers
}

// request sends one request with the given headers, and returns the response and its body. A header with the value ""
// is not sent. The client decompresses the body, but keeps the entity tag that nginx has weakened.
func (h *env) request(t *testing.T, method, url, body string, header ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+h.token)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		if r.Header.Del(header[i]); header[i+1] != "" {
			r.Header.Set(header[i], header[i+1])
		}
	}
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(text)
}

func TestBehindNginxWithAPathPrefix(t *testing.T) {
	h := newEnv(t, "")
	h.settings["TRUSTED_PROXIES"] = "127.0.0.1/32"
	h.settings["PLUGGY_WEBHOOK_SOURCE_CIDRS"] = "203.0.113.9/32"
	p := h.serve()
	p.ready()
	l := newPluggy(t, 1, 1)
	l.connect(h, p)
	origin := startNginx(t, p)
	bank := origin + "/bank"

	// The console, below the prefix.
	_, page := h.request(t, http.MethodGet, bank+"/console/changes", "")
	references := regexp.MustCompile(`(?:href|src)="([^"]+)"`).FindAllStringSubmatch(page, -1)
	if len(references) < 20 {
		t.Errorf("%d references in the page:\n%s", len(references), page)
	}
	for _, reference := range references {
		if answer, text := h.request(
			t,
			http.MethodGet,
			origin+reference[1],
			"",
		); answer.StatusCode != 200 ||
			text == "" {
			t.Errorf("%s: status %d", reference[1], answer.StatusCode)
		}
	}
	// A change with the entity tag of a compressed response.
	connection := bank + surface + "/aggregator-connections/" + l.id
	answer, body := h.request(t, http.MethodGet, connection, "")
	if tag := answer.Header.Get("ETag"); answer.StatusCode != 200 || !strings.HasPrefix(tag, "W/") {
		t.Errorf("status %d, ETag %q, %s; want a weak entity tag", answer.StatusCode, tag, body)
	}
	_, account, _, _, _ := l.connectionValues()
	change := fmt.Sprintf(`{"configName":"renamed","baseUrl":%q,"accountRef":%q}`, l.origin, account)
	changed, said := h.request(t, http.MethodPut, connection, change, "If-Match", answer.Header.Get("ETag"))
	if changed.StatusCode != http.StatusOK {
		t.Errorf("status %d: %s", changed.StatusCode, said)
	}
	// A long token: refused as a token, and not as a header that is too long.
	long, said := h.request(t, http.MethodGet, connection, "",
		"Authorization", "Bearer "+strings.Repeat("a", 30<<10)+".b.c")
	if long.StatusCode != http.StatusUnauthorized {
		t.Errorf("status %d: %s", long.StatusCode, said)
	}
	// A webhook, whose source address comes from the header that nginx completes.
	for forwarded, want := range map[string]int{
		"203.0.113.9": 202, "203.0.113.9:4711": 202, "[203.0.113.9]": 401, "198.51.100.7": 401, "": 401,
	} {
		got, said := h.request(t, http.MethodPost, bank+l.path, string(l.fullPullEvent()),
			"Authorization", "", "X-Forwarded-For", forwarded)
		if got.StatusCode != want {
			t.Errorf("webhook from %q: status %d, want %d: %s", forwarded, got.StatusCode, want, said)
		}
	}
	waitForPull(t, h, p, l)
}

// waitForPull waits until a pull of the connection has succeeded.
func waitForPull(t *testing.T, h *env, p *process, l *link) {
	t.Helper()
	eventually(t, time.Minute, "pull", func() bool {
		a, err := h.try(t.Context(), p, http.MethodGet, surface+"/aggregator-connections/"+l.id+"/pulls", nil)
		return err == nil && strings.Contains(string(a.raw), `"status":"succeeded"`)
	})
}
