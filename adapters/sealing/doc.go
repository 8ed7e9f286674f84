// Package sealing encrypts credentials with a Tink keyset. It implements ports.Sealer for a
// process that has SEALING_KEYSET_FILE.
//
// The key hierarchy, from the top:
//
//	KEK         optional, in a KMS, named by Options.KEKURI; never leaves it
//	 └ keyset   one JSON file, mode 0600: wrapped by the KEK, or in cleartext without one
//	    └ key   AES-256-GCM, several; one is primary and seals, each opens what it sealed
//	       └ credential   one row's ciphertext, bound to its tenant and connection
//
// The database without the keyset reveals no credential. The database and a keyset that no
// KEK wraps reveal every one: keep the file off the database's volume and backups.
//
// # Sealed form
//
// A ciphertext has Tink's format: one byte 0x01, the key's id (4 bytes, big endian), the
// nonce, the encrypted parts, the tag. The first five bytes identify the key that sealed
// it, and so whether it needs a reseal. The plaintext is a JSON object from part name to
// base64. The associated data is the label of this use, the tenant and the connection, each
// prefixed with its length, so that a row moved to another place does not open there.
//
// # Rotation
//
// Rotation has two steps, because a ciphertext must never reach a process that does not
// have its key. Add puts a new key into the file, which opens but does not seal yet.
// Promote makes it the primary one. Afterwards the rows are resealed; old keys stay in
// the file, because backups of the database still need them.
//
// Replicas that share the file can do both steps at once: a process reloads the file at
// most a second after it changed, and at once when it encounters a key that it does not
// know. Replicas with copies of their own must all have the added key before the promoted
// file reaches the first of them.
package sealing
