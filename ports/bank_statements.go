package ports

import "github.com/LerianStudio/aggregator-connections/domain/witness"

// StatementReader reads statement files of banks.
type StatementReader interface {
	// Read returns everything that the file contains. Each entry of the file is a block of a statement: a line, a
	// balance row, set apart, or refused with its text. A file that cannot be read as a whole has a Refusal. The file
	// is read without any I/O, and the memory is bounded by a multiple of its size.
	Read(content []byte, options witness.Options) witness.File
}
