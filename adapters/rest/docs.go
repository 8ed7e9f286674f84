package rest

import (
	"crypto/sha256"
	_ "embed" // embeds the script and the style of the page
	"encoding/base64"
	"net/http"

	"github.com/labstack/echo/v4"
)

//go:embed docs.js
var docsScript string

//go:embed docs.css
var docsStyle string

// docsPage is the HTML page with the API reference. It must contain docsScript and docsStyle unchanged, because docsCSP
// contains their hashes.
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

// docsCSP is the page's Content-Security-Policy. It allows the page's own script and style by
// their hashes, and requests to the page's own origin. It forbids all other sources.
var docsCSP = "default-src 'none'; script-src " + cspHash(docsScript) + "; style-src " + cspHash(docsStyle) +
	"; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// cspHash returns the hash source of an inline script or style (CSP Level 3, section 6.7.3.3).
func cspHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// docs serves the page that renders the OpenAPI document. The page loads nothing from other
// origins.
func (s *server) docs(c echo.Context) error {
	head := c.Response().Header()
	head.Set("Content-Security-Policy", docsCSP)
	head.Set("Referrer-Policy", "no-referrer")
	return c.HTMLBlob(http.StatusOK, docsPage)
}
