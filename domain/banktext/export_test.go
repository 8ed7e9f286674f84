package banktext

var ReadTextReferences = readTextReferences

var ReadTextDocument = readTextDocument

// PartsOf returns the parts of a pattern.
func PartsOf(expression string) []string { return compile(expression).parts }

// RequiresDigit reports whether each match of an expression contains a digit.
func RequiresDigit(expression string) bool { return compile(expression).digit }

// MayMatch reports whether a text contains what each match of an expression contains.
func MayMatch(expression, text string) bool { return compile(expression).mayMatch(text) }
