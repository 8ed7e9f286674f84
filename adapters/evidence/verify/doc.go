// Package verify checks evidence packs without the service and its database. docs/audit.md describes their format.
//
// A pack is read once, from its beginning to its end, and in bounded memory, however large it is. Every byte of a pack
// is either fixed by the format, or protected by the signature of manifest.sig.
package verify
