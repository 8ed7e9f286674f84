// Package banktext reads the texts and members of a vendor's row.
//
// [Parse] returns the [Evidence] of a [Row]: the kind of operation, the counterparty, the identifiers, instalment,
// dates, times and numbers that it names, and the remaining words. [References] and [TextDocument] read single values
// from a description. The package does not compare rows; package matching does.
//
// Each kind of evidence has its own file, with the forms in which banks print it, and their sources. Sources such as
// BD-02 are the names of patterns that the labelled pairs in the testdata of package matching have, too.
package banktext
