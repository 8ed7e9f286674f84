// Package evidence writes evidence packs. An evidence pack is a file that proves which records a closed period
// contained. It can be checked without trusting this service or its database. docs/audit.md describes the format.
// Package verify checks a pack.
package evidence
