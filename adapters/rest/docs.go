package rest

import (
	"crypto/sha256"
	_ "embed" // the page's parts
	"encoding/base64"
	"net/http"

	"github.com/labstack/echo/v4"
)

//go:embed docs.js
var docsScript string

//go:embed docs.css
var docsStyle string

// docsPage is assembled once, so that the hashes below are of the very bytes it holds.
var docsPage = []byte(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API reference</title>
<style>` + docsStyle + `</style>
</head>
<body>
<main id="reference"><p>Reading /openapi.json</p></main>
<script>` + docsScript + `</script>
</body>
</html>
`)

// docsPolicy admits the page's own script and style by their hashes, and one origin to
// read from.
var docsPolicy = "default-src 'none'; script-src " + hashSource(docsScript) + "; style-src " + hashSource(docsStyle) +
	"; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// hashSource names an inline text in a policy (CSP Level 3, section 6.7.3.3).
func hashSource(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// docs is one page that reads the OpenAPI document; nothing of it comes from elsewhere.
func (s *server) docs(c echo.Context) error {
	head := c.Response().Header()
	head.Set("Content-Security-Policy", docsPolicy)
	head.Set("Referrer-Policy", "no-referrer")
	return c.HTMLBlob(http.StatusOK, docsPage)
}
