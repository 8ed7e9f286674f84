// Package sealing encrypts credentials with the keys of a Tink keyset. It implements ports.Sealer for a process that
// has the setting SEALING_KEYSET_FILE.
//
// The key hierarchy, from the top:
//
//	keyset   one JSON file in cleartext, which only its owner and its group can read
//	 └ key   AES-256-GCM, several; the primary key seals, and each key opens what it sealed
//	    └ credential   the ciphertext of one row, bound to its tenant and connection
//
// The credentials in the database can be read only with the keyset. Keep the keyset file off the volume of the database
// and out of its backups.
//
// # Sealed form
//
// A ciphertext has Tink's format: one byte 0x01, the id of the key (4 bytes, big endian), the nonce, the encrypted
// plaintext, the tag. The first five bytes identify the key that sealed the ciphertext, and therefore show whether it
// must be resealed.
//
// The plaintext is a JSON object. It maps the name of each part of the credential to the value of the part in base64.
//
// The associated data consists of a label for this use of the keys, the tenant and the connection. Each is prefixed
// with its length. A ciphertext that is copied to the row of another connection therefore cannot be opened there.
//
// # Rotation
//
// A rotation has two steps, because a process must never receive a ciphertext whose key it does not have:
//
//   - Add adds a new key to the file. The new key can open ciphertexts, but does not seal yet.
//   - With Promote, the new key becomes the primary key.
//
// Afterwards the rows are resealed. The old keys stay in the file, because backups of the database still need them.
//
// If all replicas share one file, no pause is necessary between the two steps. A process reloads a changed file within
// a second, and immediately when it encounters an unknown key.
//
// If each replica has its own copy of the file, apply Add to all copies before the first Promote.
package sealing
