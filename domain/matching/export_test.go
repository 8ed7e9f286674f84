package matching

// LineOf returns the line of Table that decides about two rows.
func LineOf(oldRow, newRow Row, context Context) Line {
	return *compare(parse(&oldRow), parse(&newRow), &context).line()
}

var (
	ReadTextReferences = readTextReferences
	ReadTextDocument   = readTextDocument
)
