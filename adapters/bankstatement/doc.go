// Package bankstatement reads the statement files that banks offer for download: OFX 1.x (SGML) and 2.x (XML), CNAB 240
// "extrato para conciliação", CSV files of a table of dialects, camt.052 and camt.053 of any version, and MT940.
//
// The readers are strict. Each entry of a file becomes a block of a statement. What cannot be read, or can be read in
// two ways, becomes a refused block with its text; nothing is guessed and nothing disappears. Amounts are exact
// decimals. Dates are the bank's local days: the date as it is written, without a conversion of time zones.
//
// No library is used for the formats. The OFX libraries for Go fail on half of the files that Brazilian banks write, or
// return no lines without an error.
package bankstatement
