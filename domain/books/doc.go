// Package books decides whether the stored transactions of an account are complete. It computes closed periods and
// statements.
//
// Completeness compares the balances that the vendor reports with the sums of the stored transactions. A Close keeps
// the sums of a period, so that a later change inside the period is an adjustment. A Statement lists the transactions
// of a period together with its opening and its closing balance.
package books
