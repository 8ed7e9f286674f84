package clients_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// verifiers maps the language of a code block in docs/events.md to a program that calls the function verify from that
// block. The program reads the headers, the body and the secret from the environment and prints the result.
var verifiers = map[string]struct {
	tool, file, before, after string
	command                   []string
}{
	"go": {
		"go", "main.go", `package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)
`, `
func main() {
	var headers map[string]string
	_ = json.Unmarshal([]byte(os.Getenv("HEADERS")), &headers)
	header := http.Header{}
	for name, value := range headers {
		header.Set(name, value)
	}
	fmt.Println(verify(header, []byte(os.Getenv("BODY")), os.Getenv("SECRET")))
}
`, []string{"go", "run", "main.go"},
	},
	"js": {"node", "main.mjs", "", `
const { HEADERS, BODY, SECRET } = process.env;
console.log(verify(JSON.parse(HEADERS), Buffer.from(BODY), SECRET));
`, []string{"node", "main.mjs"}},
	"python": {"python3", "main.py", "", `
import json, os
print(str(verify(json.loads(os.environ["HEADERS"]), os.environ["BODY"].encode(), os.environ["SECRET"])).lower())
`, []string{"python3", "main.py"}},
}

// The verification functions in docs/events.md must accept the requests of the sink, and no other requests.
func TestTheVerifiersOfTheDocumentAcceptOnlyOurSignatures(t *testing.T) {
	headers := map[string]string{}
	var body string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		for name := range r.Header {
			headers[strings.ToLower(name)] = r.Header.Get(name)
		}
		text, _ := io.ReadAll(r.Body)
		body = string(text)
	}))
	defer server.Close()
	if _, err := sender(t, server.URL, otherSecret, signingSecret).Send(t.Context(), event(1)); err != nil {
		t.Fatal(err)
	}
	document, err := os.ReadFile(filepath.Join(root, "docs", "events.md"))
	if err != nil {
		t.Fatal(err)
	}
	old := maps.Clone(headers)
	old["webhook-timestamp"] = "1700000000"
	for language, v := range verifiers {
		t.Run(language, func(t *testing.T) {
			requireTools(t, v.tool)
			block := regexp.MustCompile("(?s)```" + language + "\n(.*?)```").FindSubmatch(document)
			if block == nil {
				t.Fatal("the document has no such block")
			}
			folder := t.TempDir()
			program := v.before + string(block[1]) + v.after
			if err := os.WriteFile(filepath.Join(folder, v.file), []byte(program), 0o600); err != nil {
				t.Fatal(err)
			}
			for name, c := range map[string]struct {
				headers             map[string]string
				body, secret, print string
			}{
				"the request":      {headers, body, signingSecret, "true"},
				"the other secret": {headers, body, otherSecret, "true"},
				"a wrong secret":   {headers, body, "whsec_AAAA", "false"},
				"a changed body":   {headers, body + " ", signingSecret, "false"},
				"an old timestamp": {old, body, signingSecret, "false"},
			} {
				text, err := json.Marshal(c.headers)
				if err != nil {
					t.Fatal(err)
				}
				cmd := exec.CommandContext(t.Context(), v.command[0], v.command[1:]...)
				cmd.Dir = folder
				cmd.Env = append(os.Environ(), "HEADERS="+string(text), "BODY="+c.body, "SECRET="+c.secret)
				if out, err := cmd.CombinedOutput(); err != nil || strings.TrimSpace(string(out)) != c.print {
					t.Errorf("%s: got %s (%v), want %s", name, out, err, c.print)
				}
			}
		})
	}
}
