// Package matching judges whether two rows of a vendor describe one movement.
//
// A row is parsed once into its [Evidence]: the kind of operation, the counterparty, the identifiers, instalment,
// dates, times and numbers that it names, and the remaining words. [Judge] compares the evidence of two rows and
// returns [Same], [Possible] or [Other], as the lines of [Table] specify. [Match] judges the old rows of an account,
// which the vendor no longer returns, and the new rows, and pairs them one to one.
//
// The worst error is a wrong Same: a payment disappears into another one. When in doubt, the verdict is Possible.
//
// Each kind of evidence has its own file, with the forms in which banks print it, and their sources. Sources such as
// BD-02 are the names of patterns that the labelled pairs in testdata have, too.
package matching
