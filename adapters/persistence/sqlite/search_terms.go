package sqlite

import (
	"crypto/sha256"
	"database/sql/driver"
	"encoding/base32"
	"errors"
	"strings"
	"unicode/utf8"

	"modernc.org/sqlite"
)

// The table search_texts indexes one term for each three consecutive characters of a text. A term is a hash of the
// tenant and the three characters. Tenants therefore have no term in common, and how long a search takes does not
// depend on the texts of other tenants. With a hash that is easy to invert, a tenant could search for characters whose
// term is the one of another tenant.

// termLength is the length of a term, termBytes the number of bytes of the hash that it contains.
const (
	termBytes  = 8
	termLength = 13
)

// termEncoding writes a hash in characters that the tokenizer of search_texts does not change.
var termEncoding = base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding)

// The triggers of the table search_index call the SQL function search_terms(tenant_id, folded).
func init() {
	sqlite.MustRegisterDeterministicScalarFunction("search_terms", 2,
		func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
			tenant, ok := args[0].(string)
			folded, isText := args[1].(string)
			if !ok || !isText {
				return nil, errors.New("search_terms needs two texts")
			}
			return searchTerms(tenant, folded), nil
		})
}

// searchTerms returns the terms of a tenant's text in the order of its characters, separated by spaces. It returns ""
// if the text has fewer than three characters.
func searchTerms(tenant, folded string) string {
	terms := &strings.Builder{}
	terms.Grow(len(folded) * (termLength + 1))
	input := []byte(tenant)
	var starts [3]int // where the last three characters begin
	n := 0
	for end := 0; end < len(folded); {
		_, size := utf8.DecodeRuneInString(folded[end:])
		starts[0], starts[1], starts[2] = starts[1], starts[2], end
		end += size
		if n++; n < len(starts) {
			continue
		}
		hash := sha256.Sum256(append(input[:len(tenant)], folded[starts[0]:end]...))
		var term [termLength]byte
		termEncoding.Encode(term[:], hash[:termBytes])
		if n > len(starts) {
			terms.WriteByte(' ')
		}
		terms.Write(term[:])
	}
	return terms.String()
}
