// Package transparency computes the Merkle trees of audit entries (RFC 6962), and signs and verifies their checkpoints.
//
//   - A leaf is the byte 0 and the canonical JSON (RFC 8785) of an entry, as the API returns it.
//   - Package tlog of the Go checksum database computes the hashes, and defines the index of each stored hash.
//   - A checkpoint is a signed note in the format C2SP tlog-checkpoint. It contains the origin, the number of entries
//     and the root of their tree in base64. It is signed with Ed25519.
//   - All tenants share one key, but each tenant has an origin and a key name of its own. A checkpoint therefore cannot
//     be presented as the checkpoint of another tenant.
package transparency
