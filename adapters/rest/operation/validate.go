package operation

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// Violation describes an invalid part of a request. Message never contains a part of the request.
type Violation struct {
	Location string // such as body.configName, body.types[0] or query.limit
	Message  string
	Unknown  bool // the body contains a member that its schema does not have
}

// API is a set of operations that one document describes.
type API struct {
	Document   *Document
	validators []uncompiled      // nil after Compile
	patterns   map[string]string // maps patterns to their descriptions
}

// uncompiled is a validator and the schema from which it will be compiled.
type uncompiled struct {
	validator *validator
	schema    *Schema
}

// NewAPI returns an API without operations. document must not be nil.
func NewAPI(document *Document) *API {
	if document.Paths == nil {
		document.Paths = map[string]Path{}
	}
	if document.Components.Schemas == nil {
		document.Components.Schemas = Schemas{}
	}
	return &API{Document: document, patterns: map[string]string{}}
}

// Schemas returns the schemas of the document.
func (a *API) Schemas() Schemas { return a.Document.Components.Schemas }

// validator validates values against one schema. It does not refer to the document, so that the document can be
// released when it has been encoded.
type validator struct {
	compiled *jsonschema.Schema
	patterns map[string]string // API.patterns
}

// validatorOf returns a validator that can be used after Compile.
func (a *API) validatorOf(schema *Schema) *validator {
	v := &validator{patterns: a.patterns}
	a.validators = append(a.validators, uncompiled{v, schema})
	return v
}

// resource is the name under which Compile passes the schemas to the compiler. No file or URL is loaded by this name.
const resource = "api:///document.json"

// Compile prepares the validation of requests. It must be called once, after all operations were added and before the
// first request is read. Later changes of the schemas affect only the document. Compile returns an error if a schema is
// not valid.
func (a *API) Compile() error {
	schemas := maps.Clone(a.Schemas())
	for i, v := range a.validators {
		schemas[strconv.Itoa(i)] = v.schema
	}
	text, err := json.Marshal(map[string]any{"$defs": schemas})
	if err != nil {
		return fmt.Errorf("operation: %w", err)
	}
	// The compiler finds schemas below "$defs" at once. For each schema at another place, it copies its list of all
	// schemas.
	text = bytes.ReplaceAll(text, []byte(`"$ref":"`+schemaPrefix), []byte(`"$ref":"#/$defs/`))
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("operation: %w", err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource(resource, parsed); err != nil {
		return fmt.Errorf("operation: %w", err)
	}
	for i, v := range a.validators {
		if v.validator.compiled, err = compiler.Compile(resource + "#/$defs/" + strconv.Itoa(i)); err != nil {
			return fmt.Errorf("operation: %w", err)
		}
		a.describePatterns(v.schema)
	}
	a.validators = nil
	return nil
}

// describePatterns collects the descriptions of the patterns of a schema and of its members.
func (a *API) describePatterns(s *Schema) {
	s = a.Schemas().Resolve(s)
	a.patterns[s.Pattern] = s.PatternDescription
	for _, member := range s.Properties {
		a.patterns[member.Pattern] = member.PatternDescription
	}
}

// validate checks a value of the request and returns every violation. location is the location of the value in the
// request.
func (v *validator) validate(value any, location string) []Violation {
	err := v.compiled.Validate(value)
	if err == nil {
		return nil
	}
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return []Violation{{Location: location, Message: "is not valid"}}
	}
	return v.violations(invalid, value, location)
}

// violations returns the violations in a tree of errors. For an error that has causes, it returns the violations of the
// causes instead of the error itself. root is the location of the value.
func (v *validator) violations(e *jsonschema.ValidationError, value any, root string) (all []Violation) {
	for _, cause := range e.Causes {
		all = append(all, v.violations(cause, value, root)...)
	}
	if len(e.Causes) > 0 {
		return all
	}
	location := locationOf(e.InstanceLocation, value, root)
	switch k := e.ErrorKind.(type) {
	case *kind.Required:
		return ofMembers(location, k.Missing, "is required", false)
	case *kind.DependentRequired:
		return ofMembers(location, k.Missing, "is required", false)
	case *kind.AdditionalProperties:
		return ofMembers(location, k.Properties, unknownMember, true)
	}
	return []Violation{{Location: location, Message: v.message(e.ErrorKind)}}
}

// locationOf returns the location of a part of a value, such as body.sources[0].accountId. path contains the names of
// members and the indexes of items that lead to the part. root is the location of the value.
func locationOf(path []string, value any, root string) string {
	location := root
	for _, name := range path {
		switch parent := value.(type) {
		case []any:
			location += "[" + name + "]"
			i, err := strconv.Atoi(name)
			if value = nil; err == nil && i < len(parent) {
				value = parent[i]
			}
		case map[string]any:
			location, value = location+"."+name, parent[name]
		default:
			location, value = location+"."+name, nil
		}
	}
	return location
}

// unknownMember is the message about a member that an operation does not take.
const unknownMember = "is not a member of this request"

func ofMembers(parent string, names []string, message string, unknown bool) []Violation {
	all := make([]Violation, len(names))
	for i, name := range names {
		all[i] = Violation{Location: parent + "." + name, Message: message, Unknown: unknown}
	}
	return all
}

// message returns a message about an invalid value. The message depends only on the schema and never contains the
// value.
func (v *validator) message(violated jsonschema.ErrorKind) string {
	switch k := violated.(type) {
	case *kind.InvalidJsonValue: // the value has the Go type duplicateMember, which is not a JSON type
		return "must not be a duplicate member or contain one"
	case *kind.Type:
		if k.Got == "null" {
			return "must not be null"
		}
		return "must be of type " + strings.Join(k.Want, " or ")
	case *kind.Enum:
		return "must be one of " + listOf(k.Want)
	case *kind.Minimum:
		return "must be at least " + numberText(k.Want)
	case *kind.Maximum:
		return "must be at most " + numberText(k.Want)
	case *kind.MinLength:
		if k.Want == 1 {
			return "must not be empty"
		}
		return "must have at least " + strconv.Itoa(k.Want) + " characters"
	case *kind.MaxLength:
		return "must have at most " + strconv.Itoa(k.Want) + " characters"
	case *kind.MinItems:
		return "must have at least " + strconv.Itoa(k.Want) + " items"
	case *kind.MaxItems:
		return "must have at most " + strconv.Itoa(k.Want) + " items"
	case *kind.Format:
		if k.Want == "date" {
			return "must be a date (YYYY-MM-DD)"
		}
		return "must have the format " + k.Want
	case *kind.Pattern:
		if description := v.patterns[k.Want]; description != "" {
			return "must be " + description
		}
	}
	return "is not valid"
}

func listOf(values []any) string {
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i] = fmt.Sprint(value)
	}
	slices.Sort(texts)
	return strings.Join(texts, ", ")
}

func numberText(n *big.Rat) string {
	if n.IsInt() {
		return n.Num().String()
	}
	return n.FloatString(6)
}
