package banktext

var ReadTextReferences = readTextReferences

var ReadTextDocument = readTextDocument

// PartsOf returns the parts of a pattern.
func PartsOf(expression string) []string { return compile(expression).parts }

// MinDigits returns the number of digits that each match of an expression contains at least.
func MinDigits(expression string) int { return compile(expression).digits }

// MayMatch reports whether a text contains what each match of an expression contains.
func MayMatch(expression, text string) bool { return compile(expression).mayMatch(text) }
