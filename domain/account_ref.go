package domain

import (
	"crypto/sha256"
	"strings"

	"github.com/google/uuid"
)

// CanonicalAccountRef returns an account reference in the form in which the vendor returns it. A UUID is returned in
// the form of CanonicalUUID. Any other reference is returned unchanged, because its case may matter.
//
// A connection stores the reference as the operator wrote it. The canonical form is used to send a reference to the
// vendor, and to compare references.
func CanonicalAccountRef(ref string) string {
	if canonical, ok := CanonicalUUID(ref); ok {
		return canonical
	}
	return ref
}

// ReferenceDigest is a hash that identifies an account reference whose text must not be kept.
type ReferenceDigest [sha256.Size]byte

// DigestOfReference returns the SHA-256 hash of the reference in its canonical form. References are long random ids, so
// nobody can find a reference from its digest by trying all values.
func DigestOfReference(ref string) ReferenceDigest {
	return sha256.Sum256([]byte("account reference\x00" + CanonicalAccountRef(ref)))
}

// CanonicalUUID returns a UUID in lower case, as the vendors write it (RFC 9562, section 4), and
// reports whether the text is a UUID. Only the form with four hyphens counts as a UUID, because no
// vendor uses another form.
func CanonicalUUID(text string) (string, bool) {
	const length = len("00000000-0000-0000-0000-000000000000")
	if len(text) != length || uuid.Validate(text) != nil {
		return "", false
	}
	return strings.ToLower(text), true
}
