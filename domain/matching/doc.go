// Package matching judges whether two rows of a vendor describe one movement.
//
// Package banktext parses each row once into its evidence. [Judge] compares the evidence of two rows and returns
// [Same], [Possible] or [Other], as the lines of [Table] specify. [Match] judges the old rows of an account, which the
// vendor no longer returns, and the new rows, and pairs them one to one.
//
// The worst error is a wrong Same: a payment disappears into another one. When in doubt, the verdict is Possible.
package matching
