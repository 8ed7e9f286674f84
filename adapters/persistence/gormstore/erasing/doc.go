// Package erasing implements the store of erasures. The list erasedTables contains every table with personal data, and
// KeptTables every other table.
package erasing
