package domain

import (
	"crypto/sha256"
	"strings"

	"github.com/google/uuid"
)

// CanonicalAccountRef returns an account reference in the form in which the vendor itself returns
// it. The ids of items and links are UUIDs; a UUID is returned as by CanonicalUUID. A reference that
// is not a UUID is returned unchanged, because its case may matter. A connection stores and returns
// the reference as the operator wrote it; CanonicalAccountRef is applied where a reference is sent
// to the vendor, or compared with one that the vendor sent.
func CanonicalAccountRef(ref string) string {
	if canonical, ok := CanonicalUUID(ref); ok {
		return canonical
	}
	return ref
}

// ReferenceDigest is a hash that identifies an account reference whose text must not be kept.
type ReferenceDigest [sha256.Size]byte

// DigestOfReference returns the SHA-256 hash of the reference in its canonical form. The ids of items and links are
// random UUIDs, so nobody can find a reference by trying all values. Only somebody who already knows a reference can
// check whether a digest belongs to it.
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
