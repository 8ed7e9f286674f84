package console

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// maxCompressed is the maximum size of the whole console in gzip form.
const maxCompressed = 160 << 10

// get requests a path. headers consists of alternating names and values.
func get(c *Console, target string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	if !c.Serve(w, r, "") {
		w.Code = http.StatusNotFound
	}
	return w
}

var reference = regexp.MustCompile(`(?:href|src)="([^"]+)"`)

func TestThePageRefersOnlyToAssetsThatExist(t *testing.T) {
	c := New(SignIn{})
	references := reference.FindAllStringSubmatch(get(c, Path).Body.String(), -1)
	if len(references) < 20 {
		t.Errorf("the page has only %d references", len(references))
	}
	for _, match := range references {
		if w := get(c, match[1]); w.Code != http.StatusOK || w.Body.Len() == 0 {
			t.Errorf("%s: status %d, %d bytes", match[1], w.Code, w.Body.Len())
		}
	}
}

func TestThePagePreloadsTheScriptsOfTheFirstView(t *testing.T) {
	var preloaded []string
	page := get(New(SignIn{}), Path).Body.String()
	preload := regexp.MustCompile(`modulepreload" href="[^"]+?/assets/[^/]+/([^"]+)"`)
	for _, match := range preload.FindAllStringSubmatch(page, -1) {
		preloaded = append(preloaded, match[1])
	}
	for _, name := range []string{"main.js", "overview.js", "remedies.js", "messages-en.js", "vendor/preact.js"} {
		if !slices.Contains(preloaded, name) {
			t.Errorf("%s is not preloaded: %v", name, preloaded)
		}
	}
	for _, name := range []string{"search.js", "month-end.js", "chart.js"} {
		if slices.Contains(preloaded, name) {
			t.Errorf("%s is preloaded, but the overview does not need it", name)
		}
	}
}

func TestEveryPathOfTheConsoleReturnsThePage(t *testing.T) {
	c := New(SignIn{})
	page := get(c, Path).Body.String()
	for _, target := range []string{"/console/", "/console/changes", "/console/connections/x/pulls?status=failed"} {
		if got := get(c, target).Body.String(); got != page {
			t.Errorf("%s:\n%s", target, got)
		}
	}
	for _, target := range []string{assetsPath + "main.js", assetsPath + "0000000000000000/main.js", assetsPath} {
		if w := get(c, target); w.Code != http.StatusNotFound {
			t.Errorf("%s: status %d, want 404", target, w.Code)
		}
	}
}

func TestThePolicyAllowsOnlyFilesOfTheConsole(t *testing.T) {
	c := New(SignIn{})
	for target := range everyPath(c) {
		policy := get(c, target).Header().Get("Content-Security-Policy")
		for _, directive := range []string{
			"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'",
			"img-src 'self' data:", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
		} {
			if !strings.Contains(policy+";", directive+";") {
				t.Errorf("%s: the policy %q lacks %q", target, policy, directive)
			}
		}
		if strings.Contains(policy, "unsafe") {
			t.Errorf("%s: %q", target, policy)
		}
	}
	inline := regexp.MustCompile(`<style|<script[^>]*>[^<]|style=|\son\w+=|//`)
	if page := get(c, Path).Body.String(); inline.MatchString(page) {
		t.Errorf("the page has inline code or another origin:\n%s", page)
	}
}

func TestTheOriginOfTheTokenEndpointIsAllowed(t *testing.T) {
	for origin, want := range map[string]string{
		"https://domain.auth.example": "connect-src 'self' https://issuer.example https://domain.auth.example;",
		"https://issuer.example":      "connect-src 'self' https://issuer.example;",
		"":                            "connect-src 'self' https://issuer.example;",
	} {
		c := New(SignIn{
			Issuer: "https://issuer.example/pool", TokenOrigin: func(context.Context) string { return origin },
		})
		if policy := get(c, Path).Header().Get("Content-Security-Policy"); !strings.Contains(policy, want) {
			t.Errorf("%q: the policy %q lacks %q", origin, policy, want)
		}
	}
}

func TestFurtherScopesAndTheAudienceAreInThePage(t *testing.T) {
	signIn := SignIn{
		Issuer: "https://issuer.example", ClientID: "c", Scopes: "api://app/.default", Audience: `d"`,
		RequestScopes: true, // Scopes replace those of the service
	}
	want := `data-scopes="openid offline_access api://app/.default" data-audience="d&#34;">`
	if page := get(New(signIn), Path).Body.String(); !strings.Contains(page, want) {
		t.Errorf("the page lacks %s:\n%s", want, page)
	}
}

// The documents of a provider such as Cognito name all scopes, those that the console adds itself included.
func TestAScopeIsRequestedOnce(t *testing.T) {
	signIn := SignIn{Issuer: "https://issuer.example", ClientID: "c", Scopes: "openid email  openid profile email"}
	want := `data-scopes="openid offline_access email profile"`
	if page := get(New(signIn), Path).Body.String(); !strings.Contains(page, want) {
		t.Errorf("the page lacks %s:\n%s", want, page)
	}
}

func TestAnIssuerIsTheOnlyOtherOrigin(t *testing.T) {
	signIn := SignIn{Issuer: "https://id.example.com:8443/realms/a?\"", ClientID: `a"><b`, RequestScopes: true}
	w := get(New(signIn), Path)
	want := strings.Replace(SignIn{}.contentSecurityPolicy(t.Context()), "connect-src 'self'",
		"connect-src 'self' https://id.example.com:8443", 1)
	if diff := cmp.Diff(want, w.Header().Get("Content-Security-Policy")); diff != "" {
		t.Errorf("policy (-want +got):\n%s", diff)
	}
	element := `<meta name="sign-in" data-issuer="https://id.example.com:8443/realms/a?&#34;" ` +
		`data-client-id="a&#34;&gt;&lt;b" data-scopes="openid offline_access discovery:read discovery:write" ` +
		`data-audience="">`
	if page := w.Body.String(); !strings.Contains(page, element) {
		t.Errorf("the page lacks %s:\n%s", element, page)
	}
	if page := get(New(SignIn{}), Path).Body.String(); strings.Contains(page, "sign-in\"") {
		t.Errorf("the page has an issuer:\n%s", page)
	}
}

func TestThePageNamesTheKindsOfSinksOfTheService(t *testing.T) {
	page := get(New(SignIn{}, "webhook", "queue"), Path).Body.String()
	if !strings.Contains(page, `<meta name="sinks" data-kinds="webhook queue">`) {
		t.Errorf("the page lacks the kinds:\n%s", page)
	}
}

func TestThePageSaysWhichClaimsATokenNeeds(t *testing.T) {
	for want, s := range map[string]SignIn{
		`<meta name="token" data-audience="a&#34;b" data-tenant="org tenantId">`: {
			TokenAudience: `a"b`, TenantClaims: []string{"org", "tenantId"}, Issuer: "https://issuer.example",
		},
		`<meta name="token" data-audience="" data-tenant="">`: {},
	} {
		if page := get(New(s), Path).Body.String(); !strings.Contains(page, want) {
			t.Errorf("the page lacks %s:\n%s", want, page)
		}
	}
}

func TestScriptsAreServedWithoutComments(t *testing.T) {
	c := New(SignIn{})
	for target := range everyPath(c) {
		if path.Ext(target) != ".js" || strings.Contains(target, "/vendor/") {
			continue
		}
		for line := range strings.Lines(get(c, target).Body.String()) {
			if strings.HasPrefix(strings.TrimSpace(line), "//") {
				t.Errorf("%s has the line %q", target, line)
			}
		}
	}
}

// everyPath returns the files of the console. Each key of the map is the path at which the file is served: the path of
// the page, or the path of an asset.
func everyPath(c *Console) map[string]*file {
	site := c.load()
	all := map[string]*file{Path: site.page}
	for name, f := range site.assets {
		all[assetsPath+name] = f
	}
	return all
}

func TestTheWholeConsoleIsSmall(t *testing.T) {
	size := 0
	for target := range everyPath(New(SignIn{})) {
		size += get(New(SignIn{}), target, "Accept-Encoding", "gzip").Body.Len()
	}
	t.Logf("the console has %d bytes in gzip form", size)
	if size > maxCompressed {
		t.Errorf("the console has %d bytes in gzip form, want at most %d", size, maxCompressed)
	}
}

func TestACompressedResponseHasTheSameContent(t *testing.T) {
	c := New(SignIn{})
	for target := range everyPath(c) {
		plain, compressed := get(c, target), get(c, target, "Accept-Encoding", "br, gzip")
		if compressed.Header().Get("Content-Encoding") != "gzip" || plain.Header().Get("Content-Encoding") != "" {
			t.Fatalf("%s: %v", target, compressed.Header())
		}
		reader, err := gzip.NewReader(compressed.Body)
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(reader)
		if err != nil || !bytes.Equal(content, plain.Body.Bytes()) {
			t.Errorf("%s: the contents differ (%v)", target, err)
		}
	}
}

func TestABrowserCachesAssetsAndRevalidatesThePage(t *testing.T) {
	c := New(SignIn{})
	for target := range everyPath(c) {
		want := "public, max-age=31536000, immutable"
		if target == Path {
			want = "no-cache"
		}
		for _, encoding := range []string{"identity", "gzip"} {
			first := get(c, target, "Accept-Encoding", encoding)
			again := get(c, target, "Accept-Encoding", encoding, "If-None-Match", first.Header().Get("ETag"))
			got := []any{first.Header().Get("Cache-Control"), first.Code, again.Code, again.Body.Len()}
			if diff := cmp.Diff([]any{want, http.StatusOK, http.StatusNotModified, 0}, got); diff != "" {
				t.Errorf("%s, %s (-want +got):\n%s", target, encoding, diff)
			}
		}
	}
}

func TestEveryFileHasAMediaType(t *testing.T) {
	want := map[string]string{
		".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml",
		".txt": "text/plain; charset=utf-8", ".json": "application/json", "": "text/html; charset=utf-8",
	}
	c := New(SignIn{})
	for target := range everyPath(c) {
		if got := get(c, target).Header().Get("Content-Type"); got != want[path.Ext(target)] {
			t.Errorf("%s: %q", target, got)
		}
	}
}
