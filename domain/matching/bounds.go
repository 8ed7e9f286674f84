package matching

import (
	"hash/maphash"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A vendor chooses the lengths of all texts, and thereby the cost of comparing them. The parts of a row beyond these
// limits are no evidence. They are only hashed. If the hashes of two rows differ, the rows are at most Possible, unless
// they share a strong identifier.
const (
	// maxTextLength is the maximum number of characters of a text that are read. Texts of banks have at most a few
	// hundred.
	maxTextLength = 1024
	// maxWords is the maximum number of words of a text that are compared. Numbers count as words. The longest texts of
	// banks that we know have about thirty.
	maxWords = 64
	// maxValueLength is the maximum number of bytes of an identifier, a document or an account number.
	maxValueLength = 256
)

// hashSeed makes the hashes of this process unpredictable, so that a vendor cannot choose texts with equal hashes.
var hashSeed = maphash.MakeSeed()

// Unread is a hash of the parts of a row that exceed the limits. The zero value stands for a row without such parts.
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
	for _, text := range []*string{&r.Description, &r.RawDescription, &r.Counterparty.Name} {
		kept, rest := cutText(*text)
		if rest != "" {
			*text = strings.Clone(kept)
			r.Unread.add(rest)
		}
	}
	for _, value := range []*string{
		&r.Counterparty.Document, &r.Counterparty.Account, &r.Counterparty.Bank, &r.Code, &r.VendorOperation,
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

// cutText divides a text of more than maxTextLength characters at a white space, so that no word and no number is cut.
// Everything is in rest if the text has no white space among these characters.
func cutText(text string) (kept, rest string) {
	if len(text) <= maxTextLength {
		return text, ""
	}
	end, length := 0, 0
	for i, r := range text {
		if unicode.IsSpace(r) {
			end = i
		}
		if length == maxTextLength {
			return text[:end], text[end:]
		}
		length++
	}
	return text, ""
}

// cutWords divides a folded text before its word number maxWords + 1. A word is a sequence of letters and digits.
func cutWords(folded string) (kept, rest string) {
	words, inWord := 0, false
	for i, r := range folded {
		isPart := isWordPart(r)
		if isPart && !inWord {
			if words == maxWords {
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

// foldBounded returns the folded text up to its maxWords words. It adds the other words to unread.
func foldBounded(text string, unread *Unread) string {
	kept, rest := cutWords(fold(text))
	unread.add(rest)
	return kept
}

// Cost counts the work of a comparison of rows. It does not depend on the machine.
type Cost struct {
	Comparisons int // pairs of rows that were compared
	// Words is the sum, over all comparisons, of the product of the numbers of words of both rows.
	Words int
	// CutRows is the number of rows with parts beyond the limits of texts.
	CutRows int
	// Unjudged is the number of old rows that were not compared with all their candidates; see Result.
	Unjudged int
}

// ExceedsLimits reports whether a row has parts beyond the limits of texts, or was not compared with all its
// candidates.
func (c Cost) ExceedsLimits() bool { return c.CutRows > 0 || c.Unjudged > 0 }

// Plus returns the sum of two costs.
func (c Cost) Plus(d Cost) Cost {
	return Cost{
		c.Comparisons + d.Comparisons, c.Words + d.Words, c.CutRows + d.CutRows, c.Unjudged + d.Unjudged,
	}
}

// The limits of the comparisons in one call of Match, as numbers of pairs of words. Comparing two rows takes at most
// the product of the numbers of their words. Each old row may use maxRowWords, which is enough for 96 candidates of
// 18 words. In small accounts each row may use more, up to maxMatchWords for all rows together.
const (
	maxRowWords   = 1 << 15
	maxMatchWords = 1 << 24
)

// maxTries is the maximum number of pairs that are tried for one row among rows that cannot be told apart, or among
// rows that may give its amount back.
const maxTries = 96

// firstOf returns the index of the first of at most maxTries elements for which f returns true; -1 if there is none.
func firstOf[T any](list []T, f func(T) bool) int {
	return slices.IndexFunc(list[:min(len(list), maxTries)], f)
}
