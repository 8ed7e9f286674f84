package settings

// The values of the member "format", which some sinks have.
const (
	Binary     = "binary"     // CloudEvents' binary mode
	Structured = "structured" // CloudEvents' structured mode
)

// The parts of messages.
const (
	StructuredType  = "application/cloudevents+json" // the media type of an event in structured mode
	DataType        = "application/json"             // the media type of a body in binary mode
	AttributePrefix = "ce-"                          // the beginning of a header with an attribute, in binary mode
)
