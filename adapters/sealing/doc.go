// Package sealing encrypts credentials with the keys of a Tink keyset. It implements
// ports.Sealer for a process that has the setting SEALING_KEYSET_FILE.
//
// The key hierarchy, from the top:
//
//	keyset   one JSON file in cleartext, which only its owner and its group can read
//	 └ key   AES-256-GCM, several; the primary key seals, and each key opens what it sealed
//	    └ credential   the ciphertext of one row, bound to its tenant and connection
//
// Someone who has the database but not the keyset cannot read any credential. Someone who has
// the database and the keyset can read every credential: keep the file off the volume of the
// database and out of its backups.
//
// # Sealed form
//
// A ciphertext has Tink's format: one byte 0x01, the id of the key (4 bytes, big endian), the
// nonce, the encrypted plaintext, the tag. The first five bytes identify the key that sealed
// the ciphertext, and therefore show whether it must be resealed. The plaintext is a JSON
// object that maps the name of each part of the credential to its value in base64. The
// associated data consists of a label for this use of the keys, the tenant and the
// connection, each prefixed with its length. A ciphertext that is copied to the row of
// another connection therefore cannot be opened there.
//
// # Rotation
//
// A rotation has two steps, because a process must never receive a ciphertext whose key it
// does not have. Add adds a new key to the file; the new key can open ciphertexts, but does
// not seal yet. Promote makes the new key the primary key. Afterwards the rows are resealed.
// The old keys stay in the file, because backups of the database still need them.
//
// Replicas that share one file can do both steps at the same time: a process reloads the file
// at most a second after the file changed, and immediately when it encounters a key that it
// does not know. If each replica has its own copy of the file, all copies must contain the
// added key before the first replica receives the file with the promoted key.
package sealing
