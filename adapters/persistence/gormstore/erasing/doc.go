// Package erasing implements the store of erasures. The list erasedTables contains every table with personal data.
package erasing
