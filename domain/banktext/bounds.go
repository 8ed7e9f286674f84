package banktext

import (
	"hash/maphash"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A vendor chooses the lengths of all texts, and thereby the cost of comparing them. The parts of a row beyond these
// limits are no evidence. They are only hashed. If the hashes of two rows differ, the rows are at most Possible, unless
// they share a strong identifier.
const (
	// MaxTextLength is the maximum number of characters of a text that are read. Texts of banks have at most a few
	// hundred.
	MaxTextLength = 1024
	// MaxWords is the maximum number of words of a text that are compared. Numbers count as words. The longest texts of
	// banks that we know have about thirty.
	MaxWords = 64
	// maxValueLength is the maximum number of bytes of an identifier, a document or an account number.
	maxValueLength = 256
)

// hashSeed makes the hashes of this process unpredictable, so that a vendor cannot choose texts with equal hashes.
var hashSeed = maphash.MakeSeed()

// Unread is a hash of the parts of a row that exceed the limits. The zero value means a row without such parts.
type Unread uint64

// add adds a part. It does nothing if the part is empty.
func (u *Unread) add(part string) {
	if part != "" {
		*u = Unread(maphash.Comparable(hashSeed, [2]uint64{uint64(*u), maphash.String(hashSeed, part)}) | 1)
	}
}

// Bounded returns the row without the parts that Parse does not read. A result that is shorter than the row has its own
// memory, so that the caller can release the row.
func (r Row) Bounded() Row {
	for _, text := range []*string{&r.Description, &r.RawDescription, &r.Reason, &r.Counterparty.Name} {
		kept, rest := cutText(*text)
		if rest != "" {
			*text = strings.Clone(kept)
			r.Unread.add(rest)
		}
	}
	for _, value := range []*string{
		&r.Counterparty.Document, &r.Counterparty.Account, &r.Counterparty.Bank, &r.Code, &r.VendorOperation,
		&r.Balance,
		&r.Keys.Transaction, &r.Keys.Authentication, &r.Keys.Reference, &r.Keys.ReceiverReference,
		&r.Keys.CounterpartyDocument, &r.Keys.Barcode, &r.Keys.Instalment.Total, &r.Keys.Instalment.Card,
	} {
		if len(*value) > maxValueLength {
			r.Unread.add(*value)
			*value = ""
		}
	}
	return r
}

// cutText divides a text of more than MaxTextLength characters at a white space, so that no word and no number is cut.
// Everything is in rest if the text has no white space among these characters.
func cutText(text string) (kept, rest string) {
	if len(text) <= MaxTextLength {
		return text, ""
	}
	end, length := 0, 0
	for i, r := range text {
		if unicode.IsSpace(r) {
			end = i
		}
		if length == MaxTextLength {
			return text[:end], text[end:]
		}
		length++
	}
	return text, ""
}

// cutWords divides a folded text before its word number MaxWords + 1. A word is a sequence of letters and digits.
func cutWords(folded string) (kept, rest string) {
	words, inWord := 0, false
	for i, r := range folded {
		isPart := isWordPart(r)
		if isPart && !inWord {
			if words == MaxWords {
				return folded[:i], folded[i:]
			}
			words++
		}
		inWord = isPart
	}
	return folded, ""
}

// isWordPart reports whether the character belongs to a word. A character that was lost in a wrong encoding does.
func isWordPart(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || 'A' <= r && r <= 'Z'
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r) || r == unicode.ReplacementChar
}

// foldBounded returns the folded text up to its MaxWords words. It adds the other words to unread.
func foldBounded(text string, unread *Unread) string {
	kept, rest := cutWords(Fold(text))
	unread.add(rest)
	return kept
}
