// Package evidence writes evidence packs: files that prove which records a closed period contained, so that a person
// who does not trust this service or its database can check it. docs/evidence.md describes the format. Package verify
// checks a pack.
package evidence
