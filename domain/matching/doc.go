// Package matching judges whether two rows of a vendor describe one movement.
//
// A row is parsed once into its [Evidence]: what kind of operation it is, who the counterparty is, which identifiers,
// instalment, dates, times and numbers it names, and which words are left. [Judge] compares the evidence of two rows
// and answers [Same], [Possible] or [Other] by the lines of [Table]. [Match] judges the rows that left an account and
// the rows that came, and pairs them one to one.
//
// The worst error is a wrong Same: a payment disappears into another one. When in doubt, the verdict is Possible.
//
// Each kind of evidence is a file: its notations at the banks, their sources, and its tests. Sources such as BD-02 are
// the patterns of docs/bank-texts.md.
package matching
