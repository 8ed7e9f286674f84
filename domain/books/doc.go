// Package books decides whether the stored transactions of an account are complete, and what a closed period and a
// statement contain.
//
// Completeness compares the balances that the vendor reports with the sums of the stored transactions. A Closing keeps
// the sums of a period, so that a later change inside the period is an adjustment. A Statement lists the transactions
// of a period together with its opening and its closing balance.
package books
