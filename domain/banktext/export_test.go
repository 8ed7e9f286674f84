package banktext

var ReadTextReferences = readTextReferences

var ReadTextDocument = readTextDocument

// PartsOf returns the parts of a pattern.
func PartsOf(expression string) []string { return compile(expression).parts }

// MayMatch reports whether a text contains one of the parts of a pattern.
func MayMatch(expression, text string) bool { return compile(expression).mayMatch(text) }
