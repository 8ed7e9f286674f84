// Package bills decides to which bill of a card a row belongs, whether the total of a bill agrees with its rows, and
// whether the bill is paid.
//
// The vendor's list of closed bills is the input, together with the rows of the card. Evaluate applies three rules:
//
//   - Rule A assigns rows to bills: by the bill that the row names, by the month that the bank forecasts, or by the
//     closing dates. A row that a rule cannot place with certainty is marked as uncertain.
//   - Rule B compares the total of a bill with its rows, its finance charges, and what the bill before left unpaid. The
//     vendor's total is never rebuilt.
//   - Rule C assigns each payment to one bill. Banks disagree about the bill on which a payment is listed, so amounts
//     and dates decide.
//
// All amounts are positive where the holder owes them. The functions are pure.
package bills
