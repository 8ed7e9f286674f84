package belvo

import (
	"strings"
	"time"
	"unicode"

	"github.com/go-json-experiment/json"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// malformed says that an answer is not the vendor's, and which part of it: a name of
// the vendor's contract, never a value.
func malformed(part string) *domain.Error {
	return &domain.Error{
		Kind: domain.Unavailable, Code: domain.MalformedResponse,
		Message: "unexpected " + part,
	}
}

// identifier accepts what may name a thing in the ledger: text without control
// characters, at most domain.MaxEventID bytes, for longer ones are not the vendor's.
func identifier(s string) bool {
	return s != "" && len(s) <= domain.MaxEventID && !strings.ContainsFunc(s, unicode.IsControl)
}

// moment is a date, or a point in time with the date as the vendor wrote it.
type moment struct {
	day domain.Date
	at  time.Time // UTC, whole microseconds; zero for a date alone
}

// UnmarshalJSON takes YYYY-MM-DD, or RFC 3339 with any number of fractional digits; an
// empty string is no moment, as null is. What has a time but no zone is neither.
func (m *moment) UnmarshalJSON(raw []byte) error {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return err
	}
	if text == "" {
		return nil
	}
	at, err := time.Parse(time.DateOnly, text)
	if err == nil {
		m.day = domain.DateOf(at)
	} else if at, err = time.Parse(time.RFC3339, text); err == nil {
		m.day, m.at = domain.DateOf(at), at.UTC().Truncate(time.Microsecond)
	}
	// Year 0 exists in the grammar, but not in the databases.
	if err != nil || at.Year() < 1 || at.UTC().Year() < 1 || at.UTC().Year() > 9999 {
		return malformed("date")
	}
	return nil
}

// hasTime: a list that knows only dates writes them as midnight, UTC.
func (m moment) hasTime() bool { return !m.at.Equal(m.at.Truncate(24 * time.Hour)) }
