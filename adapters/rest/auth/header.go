package auth

import (
	"encoding/base64"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxToken is the maximum length of a token, in bytes. Real tokens have a few hundred bytes.
const maxToken = 8 << 10

// header holds those members of a JOSE header (RFC 7515, section 4) that the service reads.
type header struct {
	Algorithm string         `json:"alg"`
	KeyID     string         `json:"kid"`
	Critical  jsontext.Value `json:"crit"`
	Payload   jsontext.Value `json:"b64"`
}

// parseHeader parses the header of a compact token. It rejects duplicate members, extensions
// that the service does not know (crit, b64) and a missing algorithm, before any key is
// looked up.
func parseHeader(token string) (header, error) {
	if len(token) > maxToken {
		return header{}, rejected("token too long")
	}
	// The decoder ignores line breaks. If they were allowed, one token would have many encodings.
	if strings.Count(token, ".") != 2 || strings.ContainsAny(token, "\r\n") {
		return header{}, rejected("not a compact JWS")
	}
	encoded, _, _ := strings.Cut(token, ".")
	raw, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return header{}, rejected("header is not base64url")
	}
	var h header
	if err := json.Unmarshal(raw, &h); err != nil {
		return header{}, rejected("header is not JSON")
	}
	switch {
	case h.Algorithm == "":
		return header{}, rejected("no algorithm")
	case len(h.Critical) > 0, len(h.Payload) > 0:
		return header{}, rejected("unknown extension")
	}
	return h, nil
}
