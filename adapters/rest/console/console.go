// Package console serves the web console: static files that are embedded in the binary. The console is a client of the
// public API. It has no data and no endpoints of its own.
//
// Every path returns the same page, except the paths of assets. The script of the page shows the view for the path, so
// a link to a view works.
//
// The path of an asset contains a hash of all assets. Browsers can therefore cache assets forever, and a page never
// loads scripts of two versions.
package console

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"html"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/tdewolff/minify/v2"
	"github.com/tdewolff/minify/v2/js"
)

// Path is the path below which the console is served.
const Path = "/console"

// assetsPath is the common prefix of the paths of the assets. The version follows the prefix.
const assetsPath = Path + "/assets/"

//go:embed index.html assets
var files embed.FS

// SignIn configures how an operator signs in.
type SignIn struct {
	// Issuer is the issuer of an OpenID Connect provider: a URL whose host contains only letters, digits, "-", ".", ":"
	// and brackets. If it is "", an operator pastes a token, and the other fields are not used.
	Issuer   string
	ClientID string // the id of the console as a public client of the provider
	// RequestScopes makes the console request the scopes of the service in addition to those of OpenID Connect.
	RequestScopes bool
	// Scopes are the scopes that the console requests instead of those of the service, separated by spaces, such as
	// "api://app/.default". Entra refuses a request with scopes of no or of several APIs.
	Scopes string
	// Audience is the parameter "audience" of the sign-in, by which Auth0 knows for which API the token is. If it is
	// "", the parameter is not sent.
	Audience string
	// TokenOrigin returns the origin of the issuer's token endpoint, which can differ from that of the issuer
	// (Cognito), or "" if it is not known. It may be nil.
	TokenOrigin func(context.Context) string
	// TokenAudience is a value that the claim "aud" of a token must contain; "" if any is accepted. TenantClaims are
	// the names of the claims of which a token must have one; nil if it needs none. The console says which of them a
	// refused token lacks.
	TokenAudience string
	TenantClaims  []string
}

// contentSecurityPolicy returns the Content-Security-Policy header of every response. It allows the console's own
// origin, data URLs for images, and requests to the origins of the issuer and of its token endpoint. It forbids other
// origins, inline scripts and inline styles. Scripts cannot convert text to HTML, because the header allows no Trusted
// Types policy.
func (s SignIn) contentSecurityPolicy(ctx context.Context) string {
	connect := "connect-src 'self'"
	if issuer, err := url.Parse(s.Issuer); err == nil && s.Issuer != "" {
		origin := issuer.Scheme + "://" + issuer.Host
		connect += " " + origin
		if s.TokenOrigin != nil {
			if token := s.TokenOrigin(ctx); token != "" && token != origin {
				connect += " " + token
			}
		}
	}
	return "default-src 'none'; script-src 'self'; style-src 'self'; " + connect + "; " +
		"img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
		"require-trusted-types-for 'script'; trusted-types 'none'"
}

// elements returns the HTML elements from which the scripts read the configuration.
func (s SignIn) elements() string {
	token := meta("token", [2]string{"audience", s.TokenAudience},
		[2]string{"tenant", strings.Join(s.TenantClaims, " ")})
	if s.Issuer == "" {
		return token
	}
	scopes := "openid offline_access"
	switch {
	case s.Scopes != "":
		scopes += " " + s.Scopes
	case s.RequestScopes:
		scopes += " discovery:read discovery:write"
	}
	return token + meta("sign-in", [2]string{"issuer", s.Issuer}, [2]string{"client-id", s.ClientID},
		[2]string{"scopes", withoutRepetition(scopes)}, [2]string{"audience", s.Audience})
}

// withoutRepetition returns the words of a list, each once. Some providers refuse a scope that is asked for twice.
func withoutRepetition(list string) string {
	var words []string
	for word := range strings.FieldsSeq(list) {
		if !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	return strings.Join(words, " ")
}

// meta returns an HTML element with the data: pairs of a name and a value.
func meta(name string, data ...[2]string) string {
	var element strings.Builder
	element.WriteString(`<meta name="` + name + `"`)
	for _, pair := range data {
		element.WriteString(" data-" + pair[0] + `="` + html.EscapeString(pair[1]) + `"`)
	}
	return element.String() + ">\n"
}

// securityHeaders are the headers of every response, beside the Content-Security-Policy.
var securityHeaders = map[string]string{
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Permissions-Policy":           "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
	"Referrer-Policy":              "no-referrer",
	"X-Content-Type-Options":       "nosniff",
	"X-Frame-Options":              "DENY",
}

// file is one file of the console, ready to be served.
type file struct {
	name         string
	content      []byte
	compressed   func() []byte // computes the gzip form once, at the first request for it
	etag         string        // without quotes
	cacheControl string
}

// Console serves the files of the console. It is safe for concurrent use.
type Console struct {
	load   func() *site // reads the files once, at the first request
	signIn SignIn
}

// New returns the console. sinks are the kinds of sinks of the service. The files are read only at the first request.
// If nobody opens the console, the process does not need the 1 MiB of memory for them.
func New(signIn SignIn, sinks ...string) *Console {
	elements := signIn.elements() + meta("sinks", [2]string{"kinds", strings.Join(sinks, " ")})
	return &Console{
		load:   sync.OnceValue(func() *site { return load(elements) }),
		signIn: signIn,
	}
}

// site contains the files of the console.
type site struct {
	page   *file                     // behind no prefix
	behind func(prefix string) *file // returns the page behind a prefix
	assets map[string]*file          // keys are paths below assetsPath, including the version
}

// load reads the embedded files. configuration are the elements of the page that configure the console. It panics if a
// file cannot be read or minified, which cannot happen because the files are part of the binary, and the tests load
// them.
func load(configuration string) *site {
	contents, err := readAssets()
	if err != nil {
		panic(err)
	}
	page, err := files.ReadFile("index.html")
	if err != nil {
		panic(err)
	}
	version := versionOf(contents)
	c := &site{assets: make(map[string]*file, len(contents))}
	var preloads strings.Builder
	scripts := make(map[string][]byte, len(contents))
	for _, a := range contents {
		c.assets[version+"/"+a.name] = newFile(a.name, a.content, "public, max-age=31536000, immutable")
		scripts[a.name] = a.content
	}
	for _, name := range imported(scripts, "main.js") {
		preloads.WriteString(`<link rel="modulepreload" href="{{prefix}}` + assetsPath + version + "/" + name + "\">\n")
	}
	template := strings.NewReplacer(
		"{{assets}}", "{{prefix}}"+assetsPath+version, "{{preloads}}", preloads.String(),
		"{{configuration}}", configuration,
	).Replace(string(page))
	c.behind = func(prefix string) *file {
		return newFile("index.html", []byte(strings.ReplaceAll(template, "{{prefix}}", prefix)), "no-cache")
	}
	c.page = c.behind("")
	return c
}

// importPattern matches the name of a module that a minified script imports when it is loaded.
var importPattern = regexp.MustCompile(`\b(?:from|import)\s*["']\./([^"']+)["']`)

// imported returns the sorted names of the scripts that the named script needs when it is loaded, including the script
// itself. It omits scripts that are loaded later with import().
func imported(scripts map[string][]byte, name string) []string {
	names := []string{name}
	for i := 0; i < len(names); i++ {
		for _, match := range importPattern.FindAllSubmatch(scripts[names[i]], -1) {
			needed := path.Join(path.Dir(names[i]), string(match[1]))
			if !slices.Contains(names, needed) {
				names = append(names, needed)
			}
		}
	}
	slices.Sort(names)
	return names
}

// asset is the content of one embedded asset.
type asset struct {
	name    string // path relative to the folder assets
	content []byte
}

// versionsOfLibraries is a file for the repository: it records the versions of the libraries. It is not served.
const versionsOfLibraries = "packages.json"

// readAssets returns all embedded assets that are served, sorted by name.
func readAssets() (all []asset, err error) {
	err = fs.WalkDir(files, "assets", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() == versionsOfLibraries {
			return err
		}
		content, err := files.ReadFile(name)
		if err != nil {
			return err
		}
		content, err = minified(name, content)
		all = append(all, asset{strings.TrimPrefix(name, "assets/"), content})
		return err
	})
	return all, err
}

// minified returns a script or a style sheet of the console without comments and white space, which are a seventh of
// the compressed size. Local variables of a script have short names. The names of functions are kept, so that a stack
// trace can be read. Other files are returned as they are.
func minified(name string, content []byte) ([]byte, error) {
	if path.Dir(name) != "assets" {
		return content, nil
	}
	var short bytes.Buffer
	switch path.Ext(name) {
	case ".css":
		return styleSpace.ReplaceAll(styleComment.ReplaceAll(content, nil), []byte("$1")), nil
	case ".js":
		err := new(js.Minifier).Minify(minify.New(), &short, bytes.NewReader(content), nil)
		lines := indentation.ReplaceAll(short.Bytes(), []byte("\n"))
		lines = betweenElements.ReplaceAll(lines, []byte("$1$2$3$4"))
		return selfClosed.ReplaceAll(endTag.ReplaceAll(lines, []byte("<//>")), []byte("/>")), err
	}
	return content, nil
}

// The comments of a style sheet, and the white space beside a mark that needs none.
var (
	styleComment = regexp.MustCompile(`(?s)/\*.*?\*/\n?`)
	styleSpace   = regexp.MustCompile(`\s*([{};,])\s*`)
)

// After the minification, only templates have lines. The library htm drops white space with a line break where an
// element or a value begins or ends, and ignores the name of an end tag, so the page does not change. No other text of
// a script has such a tag, which test/console/lint.test.mjs checks.
var (
	indentation     = regexp.MustCompile(`\n +`)
	endTag          = regexp.MustCompile(`</(?:[a-z]\w*|\$\{\w+\})>`)
	selfClosed      = regexp.MustCompile(` />`)
	betweenElements = regexp.MustCompile(`(>|})\n(\$)|(>)\n|\n(<)`)
)

// versionOf returns a hash of the names and contents of all assets. The hash is shorter than an id, because the
// access log redacts segments of a path that are longer than an id.
func versionOf(all []asset) string {
	hash := sha256.New()
	for _, a := range all {
		sum := sha256.Sum256(a.content)
		hash.Write([]byte(a.name + "\n"))
		hash.Write(sum[:])
	}
	return hex.EncodeToString(hash.Sum(nil)[:8])
}

// newFile returns a file with its entity tag.
func newFile(name string, content []byte, cacheControl string) *file {
	sum := sha256.Sum256(content)
	return &file{
		name: name, content: content, etag: hex.EncodeToString(sum[:8]), cacheControl: cacheControl,
		compressed: sync.OnceValue(func() []byte { return compress(content) }),
	}
}

// compress returns content in gzip form. Writing to a buffer cannot fail.
func compress(content []byte) []byte {
	var buffer bytes.Buffer
	w, _ := gzip.NewWriterLevel(&buffer, gzip.BestCompression)
	_, _ = w.Write(content)
	_ = w.Close()
	return buffer.Bytes()
}

// prefixPattern matches a path whose segments consist of unreserved characters (RFC 3986, section 2.3). It needs no
// encoding in HTML.
var prefixPattern = regexp.MustCompile(`^(/[A-Za-z0-9._~-]+)+$`)

// maxPrefix is the maximum length of a prefix in bytes.
const maxPrefix = 256

// Serve writes the response to a GET or HEAD request for Path or a path below it. It returns false and writes nothing
// if the path is below assetsPath, but there is no asset with this path.
//
// prefix is the path that a proxy has removed from the request, with or without a slash at its end, and "" if there is
// none. The page then refers to its assets, and its scripts to the API, below the prefix. An invalid prefix is ignored.
func (c *Console) Serve(w http.ResponseWriter, r *http.Request, prefix string) bool {
	all := c.load()
	f := all.page
	prefix = strings.TrimSuffix(prefix, "/")
	if len(prefix) <= maxPrefix && prefixPattern.MatchString(prefix) && path.Clean(prefix) == prefix {
		f = all.behind(prefix)
	}
	if name, isAsset := strings.CutPrefix(r.URL.Path, assetsPath); isAsset {
		if f = all.assets[name]; f == nil {
			return false
		}
	}
	w.Header().Set("Content-Security-Policy", c.signIn.contentSecurityPolicy(r.Context()))
	for name, value := range securityHeaders {
		w.Header().Set(name, value)
	}
	f.serve(w, r)
	return true
}

// serve writes the file, in gzip form if the client accepts it. If the client already has the current version, serve
// responds with 304.
func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	header, content, tag := w.Header(), f.content, f.etag
	header.Set("Vary", "Accept-Encoding")
	header.Set("Cache-Control", f.cacheControl)
	header.Set("Content-Type", contentType(f.name))
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		content, tag = f.compressed(), tag+"-gzip"
		header.Set("Content-Encoding", "gzip")
		header.Set("Content-Length", strconv.Itoa(len(content))) // ServeContent omits this header for an encoded body
	}
	header.Set("ETag", `"`+tag+`"`)
	http.ServeContent(w, r, f.name, time.Time{}, bytes.NewReader(content))
}

// contentType returns the media type of a file. The result does not depend on the operating system's table of media
// types.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".html":
		return "text/html; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".json":
		return "application/json"
	}
	return "text/plain; charset=utf-8"
}
