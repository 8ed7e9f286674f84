package operation

import (
	"encoding"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json"
)

// Input reads requests into structs of type I. What its methods do is not generic, so that the compiler makes it once
// and not for each operation.
type Input[I any] struct{ fields inputFields }

// inputFields describes the fields of an input struct.
type inputFields struct {
	parameters []parameter
	body       *body
}

// parameter describes a field of an input struct that holds a parameter.
type parameter struct {
	in, name  string
	field     int
	fallback  string // the text of the default value; "" if there is none
	validator *validator
}

// body describes the field Body of an input struct.
type body struct {
	field     int
	optional  bool
	validator *validator
}

// NewInput returns the Input of an operation. It adds the parameters and the body to the operation's description, and
// their schemas to the API. It panics if the type parameter is not a valid input type; see the package documentation.
func NewInput[I any](a *API, op *Operation) *Input[I] {
	return &Input[I]{newInputFields(a, op, reflect.TypeFor[I]())}
}

// newInputFields is NewInput for the struct type t.
func newInputFields(a *API, op *Operation, t reflect.Type) (in inputFields) {
	for i := range t.NumField() {
		field := t.Field(i)
		if field.Name == "Body" {
			schema := a.Schemas().Of(field.Type)
			in.body = &body{i, field.Type.Kind() == reflect.Pointer, a.validatorOf(schema)}
			op.RequestBody = &RequestBody{
				Required: !in.body.optional, Content: map[string]*MediaType{JSONType: {Schema: schema}},
			}
			continue
		}
		for _, place := range []string{"path", "query", "header"} {
			if name := field.Tag.Get(place); name != "" {
				schema := a.Schemas().Of(field.Type)
				a.Schemas().applyTags(schema, field)
				in.parameters = append(in.parameters,
					parameter{place, name, i, field.Tag.Get("default"), a.validatorOf(schema)})
				op.Parameters = append(op.Parameters, describe(place, name, schema))
			}
		}
	}
	return in
}

// describe returns the description of a parameter. place is "path", "query" or "header".
func describe(place, name string, schema *Schema) *Parameter {
	described := &Parameter{
		Name: name, In: place, Description: schema.Description, Required: place == "path", Schema: schema,
	}
	if place == "query" {
		described.Explode = new(bool) // false
	}
	return described
}

// HasQuery reports whether the operation has a query parameter with this name.
func (in *Input[I]) HasQuery(name string) bool { return in.fields.hasQuery(name) }

func (in *inputFields) hasQuery(name string) bool {
	for _, p := range in.parameters {
		if p.in == "query" && p.name == name {
			return true
		}
	}
	return false
}

// Request contains the parts of an HTTP request from which an Input is read.
type Request struct {
	Header http.Header
	Query  url.Values
	Path   func(name string) string // the value of a path parameter
	Body   []byte                   // empty if there is none
}

// Read parses and validates a request. It returns every violation that it finds. If UnmarshalText fails for a path
// parameter, Read returns the first such error as err. If there is a violation or an error, the returned input is
// incomplete.
func (in *Input[I]) Read(r Request) (read *I, all []Violation, err error) {
	read = new(I)
	all, err = in.fields.read(r, reflect.ValueOf(read).Elem())
	return read, all, err
}

// read is Read for the struct in fields.
func (in *inputFields) read(r Request, fields reflect.Value) (all []Violation, err error) {
	for i := range in.parameters {
		p := &in.parameters[i]
		violations, unparsed := p.read(r, fields.Field(p.field))
		switch {
		case unparsed == nil:
			all = append(all, violations...)
		case p.in != "path":
			all = append(all, Violation{Location: p.location(), Message: unparsed.Error()})
		case err == nil:
			err = unparsed
		}
	}
	switch {
	case in.body != nil:
		all = append(all, in.body.read(r.Body, fields.Field(in.body.field))...)
	case len(r.Body) > 0:
		all = append(all, refuseBody(r.Body)...)
	}
	return all, err
}

// text returns the text of the parameter in the request, or its default.
func (p *parameter) text(r Request) string {
	var text string
	switch p.in {
	case "path":
		text = r.Path(p.name)
	case "query":
		text = r.Query.Get(p.name)
	case "header":
		text = r.Header.Get(p.name)
	}
	if text == "" {
		return p.fallback
	}
	return text
}

// location returns the parameter's location as a Violation contains it, such as "query.limit".
func (p *parameter) location() string { return p.in + "." + p.name }

// read parses and validates the parameter. If the parameter is empty and has no default, read leaves the field
// unchanged. It returns the error of UnmarshalText unchanged.
func (p *parameter) read(r Request, field reflect.Value) ([]Violation, error) {
	text := p.text(r)
	if text == "" {
		return nil, nil
	}
	var value any = text
	if field.Kind() == reflect.Int {
		number, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return []Violation{{Location: p.location(), Message: "must be an integer"}}, nil
		}
		field.SetInt(number)
		value = number
	}
	if violations := p.validator.validate(value, p.location()); violations != nil {
		return violations, nil
	}
	if parser, ok := reflect.TypeAssert[encoding.TextUnmarshaler](field.Addr()); ok {
		return nil, parser.UnmarshalText([]byte(text))
	}
	if field.Kind() == reflect.String {
		field.SetString(text)
	}
	return nil, nil
}

// refuseBody returns the violations of a body of an operation that takes none. Only an empty object and null are
// accepted, which many clients send with every request. Ignoring any other body would hide that it has no effect.
func refuseBody(data []byte) []Violation {
	value, err := readJSON(data)
	if err != nil {
		return []Violation{{Location: "body", Message: invalidJSON}}
	}
	members, isObject := value.(map[string]any)
	if !isObject && value != nil {
		return []Violation{{Location: "body", Message: "must be absent or an empty object"}}
	}
	return ofMembers("body", slices.Sorted(maps.Keys(members)), unknownMember, true)
}

// invalidJSON is the message about a body that is not JSON.
const invalidJSON = "must be one valid JSON text"

// read validates the body, and then parses it with exact member names.
func (b *body) read(data []byte, field reflect.Value) []Violation {
	if len(data) == 0 && b.optional {
		return nil
	}
	value, err := readJSON(data)
	if err != nil {
		return []Violation{{Location: "body", Message: invalidJSON}}
	}
	if violations := b.validator.validate(value, "body"); violations != nil {
		return violations
	}
	if err := json.Unmarshal(data, field.Addr().Interface(), json.RejectUnknownMembers(true)); err != nil {
		return []Violation{{Location: "body", Message: invalidJSON}}
	}
	return nil
}
