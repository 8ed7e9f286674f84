package auth

import (
	"encoding/base64"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxToken bounds a token, in bytes: a real one has some hundreds.
const maxToken = 8 << 10

// header is what is read of a JOSE header (RFC 7515, section 4).
type header struct {
	Algorithm string         `json:"alg"`
	KeyID     string         `json:"kid"`
	Critical  jsontext.Value `json:"crit"`
	Payload   jsontext.Value `json:"b64"`
}

// parseHeader reads the header of a compact token. Doubled members, extensions that the
// service does not know (crit, b64) and a missing algorithm are refused before any key
// is looked at.
func parseHeader(token string) (header, error) {
	if len(token) > maxToken {
		return header{}, rejected("token too long")
	}
	// The decoder passes over line ends: one token must not have many spellings.
	if strings.Count(token, ".") != 2 || strings.ContainsAny(token, "\r\n") {
		return header{}, rejected("not a compact JWS")
	}
	encoded, _, _ := strings.Cut(token, ".")
	raw, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return header{}, rejected("header not base64url")
	}
	var h header
	if err := json.Unmarshal(raw, &h); err != nil {
		return header{}, rejected("header not JSON")
	}
	switch {
	case h.Algorithm == "":
		return header{}, rejected("no algorithm")
	case len(h.Critical) > 0, len(h.Payload) > 0:
		return header{}, rejected("unknown extension")
	}
	return h, nil
}
