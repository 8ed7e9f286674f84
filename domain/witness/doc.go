// Package witness compares an account's records with a second witness: the statement that the bank itself issues, or
// another account of the tenant that reads the same bank account.
//
// A reader turns the bytes of a file into a [File]. [Select] takes the statement of one account from it. [Prove] checks
// the balances of a statement against its own lines, and determines which days the statement covers. [Compare] assigns
// each line and each record to a bucket and returns a verdict. All of these are pure functions. None of them writes a
// record.
//
// docs/second-witness.md describes the rules for users.
package witness
