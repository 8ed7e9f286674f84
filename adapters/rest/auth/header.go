package auth

import (
	"encoding/base64"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxToken is the maximum length of a token, in bytes. Most tokens have a few hundred bytes; those of people with many
// groups or roles have tens of thousands.
const maxToken = 32 << 10

// accessTokenType is the type of access tokens (RFC 9068, section 2.1).
const accessTokenType = "at+jwt"

// tokenTypes are the accepted values of the header member typ, in lower case. Tokens for other purposes have types of
// their own, for example logout+jwt (OpenID Connect Back-Channel Logout) or secevent+jwt (RFC 8417). See RFC 8725,
// section 3.11.
var tokenTypes = []string{"jwt", accessTokenType, "application/" + accessTokenType}

// header holds those members of a JOSE header (RFC 7515, section 4) that the service reads.
type header struct {
	Type      *string        `json:"typ"` // nil if the header names no type
	Algorithm string         `json:"alg"`
	KeyID     string         `json:"kid"`
	Critical  jsontext.Value `json:"crit"`
	Payload   jsontext.Value `json:"b64"`
}

// typed reports whether the header names one of the given types, ignoring case. A type is a media
// type, whose case does not matter. types must be in lower case.
func (h header) typed(types ...string) bool {
	return h.Type != nil && slices.Contains(types, strings.ToLower(*h.Type))
}

// parseHeader parses the header of a compact token. Before any key is looked up, it rejects duplicate members,
// extensions that the service does not know (crit, b64), a missing algorithm, and a type that marks a token for
// another purpose.
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
	case h.Type != nil && !h.typed(tokenTypes...):
		return header{}, rejected("the token's type is not that of an access token")
	}
	return h, nil
}
