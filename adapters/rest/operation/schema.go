package operation

import (
	"cmp"
	"encoding"
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// The types of JSON values.
const (
	TypeString  = "string"
	TypeInteger = "integer"
	TypeNumber  = "number"
	TypeBoolean = "boolean"
	TypeArray   = "array"
	TypeObject  = "object"
)

// Schema is a JSON Schema (draft 2020-12), with the keywords that the service uses.
type Schema struct {
	Ref                  string              `json:"$ref,omitempty"`
	AdditionalProperties any                 `json:"additionalProperties,omitempty"` // a bool or a *Schema
	AllOf                []*Schema           `json:"allOf,omitempty"`
	AnyOf                []*Schema           `json:"anyOf,omitempty"`
	Default              any                 `json:"default,omitempty"`
	DependentRequired    map[string][]string `json:"dependentRequired,omitempty"`
	Description          string              `json:"description,omitempty"`
	Else                 *Schema             `json:"else,omitempty"`
	Enum                 []any               `json:"enum,omitempty"`
	Examples             []any               `json:"examples,omitempty"`
	Format               string              `json:"format,omitempty"`
	If                   *Schema             `json:"if,omitempty"`
	Items                *Schema             `json:"items,omitempty"`
	MaxItems             *int                `json:"maxItems,omitempty"`
	MaxLength            *int                `json:"maxLength,omitempty"`
	Maximum              *float64            `json:"maximum,omitempty"`
	MinItems             *int                `json:"minItems,omitempty"`
	MinLength            *int                `json:"minLength,omitempty"`
	Minimum              *float64            `json:"minimum,omitempty"`
	Pattern              string              `json:"pattern,omitempty"`
	Properties           map[string]*Schema  `json:"properties,omitempty"`
	Required             []string            `json:"required,omitempty"`
	Then                 *Schema             `json:"then,omitempty"`
	Type                 string              `json:"type,omitempty"`
	WriteOnly            bool                `json:"writeOnly,omitempty"`

	// PatternDescription describes in words which values match the pattern. It is part of the message about a value
	// that does not match. It is not a keyword of JSON Schema.
	PatternDescription string `json:"-"`
}

// Describer is implemented by types that define their own schema. Schema is called on the zero value of the type.
type Describer interface{ Schema() *Schema }

const schemaPrefix = "#/components/schemas/"

// Schemas maps names to the schemas of struct types. The name of a schema is the Go name of the type with an upper-case
// first letter. For a generic type, the name of the type argument follows.
type Schemas map[string]*Schema

// Ref returns a reference to the schema with this name.
func Ref(name string) *Schema { return &Schema{Ref: schemaPrefix + name} }

// Resolve returns the schema to which s refers, or s itself if s is not a reference.
func (all Schemas) Resolve(s *Schema) *Schema {
	if s.Ref == "" {
		return s
	}
	return all[strings.TrimPrefix(s.Ref, schemaPrefix)]
}

var (
	describerType = reflect.TypeFor[Describer]()
	textType      = reflect.TypeFor[encoding.TextUnmarshaler]()
	timeType      = reflect.TypeFor[time.Time]()
)

// Of returns the schema of t. If t is a struct type, Of adds its schema to the map and returns a reference to the
// schema. It panics if JSON cannot represent a value of t.
func (all Schemas) Of(t reflect.Type) *Schema {
	switch {
	case t.Implements(describerType):
		return reflect.Zero(t).Interface().(Describer).Schema()
	case t == timeType:
		return &Schema{Type: TypeString, Format: "date-time"}
	case reflect.PointerTo(t).Implements(textType):
		return &Schema{Type: TypeString}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return all.Of(t.Elem())
	case reflect.String:
		return &Schema{Type: TypeString}
	case reflect.Bool:
		return &Schema{Type: TypeBoolean}
	case reflect.Int, reflect.Int64:
		return &Schema{Type: TypeInteger, Format: "int64"}
	case reflect.Float64:
		return &Schema{Type: TypeNumber, Format: "double"}
	case reflect.Slice:
		return &Schema{Type: TypeArray, Items: all.Of(t.Elem())}
	case reflect.Map:
		return &Schema{Type: TypeObject, AdditionalProperties: all.Of(t.Elem())}
	case reflect.Struct:
		return all.ofStruct(t)
	default:
		panic("operation: no schema for " + t.String())
	}
}

// ofStruct returns a reference to the schema of a struct type.
func (all Schemas) ofStruct(t reflect.Type) *Schema {
	name := nameOf(t.Name())
	if all[name] == nil {
		s := &Schema{Type: TypeObject, AdditionalProperties: false, Properties: map[string]*Schema{}}
		all[name] = s
		all.addMembers(s, t)
	}
	return Ref(name)
}

// nameOf returns the schema name for a Go type name.
func nameOf(name string) string {
	name, argument, generic := strings.Cut(strings.TrimSuffix(name, "]"), "[")
	if generic {
		argument = nameOf(argument[strings.LastIndexByte(argument, '.')+1:])
	}
	first := []rune(name)
	first[0] = unicode.ToUpper(first[0])
	return string(first) + argument
}

// addMembers adds the members of a struct type to s. The fields of embedded structs are members, too.
func (all Schemas) addMembers(s *Schema, t reflect.Type) {
	for field := range t.Fields() {
		name, options, tagged := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case field.Anonymous && name == "":
			all.addMembers(s, field.Type)
			continue
		case !field.IsExported() || name == "-":
			continue
		}
		member := all.Of(field.Type)
		all.applyTags(member, field)
		s.Properties[name] = member
		if !(tagged && strings.HasPrefix(options, "omit")) && field.Tag.Get("required") != "false" {
			s.Required = append(s.Required, name)
		}
		if others := field.Tag.Get("dependentRequired"); others != "" {
			if s.DependentRequired == nil {
				s.DependentRequired = map[string][]string{}
			}
			s.DependentRequired[name] = strings.Split(others, ",")
		}
		if other := field.Tag.Get("requiredWithout"); other != "" {
			if s.If == nil {
				s.If, s.Else = &Schema{Required: []string{other}}, &Schema{}
			}
			s.Else.Required = append(s.Else.Required, name)
		}
	}
}

// applyTags adds the keywords in the tags of a field to its schema. It panics if a tag is not valid.
func (all Schemas) applyTags(s *Schema, field reflect.StructField) {
	tag := field.Tag
	if text := tag.Get("doc"); text != "" {
		s.Description = text
	}
	s.Format = cmp.Or(tag.Get("format"), s.Format)
	s.Pattern = cmp.Or(tag.Get("pattern"), s.Pattern)
	s.PatternDescription = cmp.Or(tag.Get("patternDescription"), s.PatternDescription)
	s.WriteOnly = s.WriteOnly || tag.Get("writeOnly") == "true"
	s.MinLength, s.MaxLength = orParsed(s.MinLength, tag, "minLength"), orParsed(s.MaxLength, tag, "maxLength")
	s.Minimum, s.Maximum = orParsed(s.Minimum, tag, "minimum"), orParsed(s.Maximum, tag, "maximum")
	if text, ok := tag.Lookup("default"); ok {
		s.Default = s.parse(text)
	}
	if text, ok := tag.Lookup("example"); ok {
		s.Examples = []any{s.parse(text)}
	}
	if text := tag.Get("enum"); text != "" {
		of := s
		if s.Items != nil {
			of = s.Items
		}
		for value := range strings.SplitSeq(text, ",") {
			of.Enum = append(of.Enum, of.parse(value))
		}
	}
}

// parse converts the text of a tag to a value of the schema's type.
func (s *Schema) parse(text string) any {
	switch s.Type {
	case TypeString:
		return text
	case TypeArray:
		var items []any
		for item := range strings.SplitSeq(text, ",") {
			items = append(items, s.Items.parse(item))
		}
		return items
	}
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		panic("operation: the tag " + strconv.Quote(text) + " is not JSON")
	}
	return value
}

// orParsed returns the number that a struct tag contains under a key (name). If the tag does not have this key, it
// returns value.
func orParsed[T any](value *T, tag reflect.StructTag, name string) *T {
	text, ok := tag.Lookup(name)
	if !ok {
		return value
	}
	value = new(T)
	if err := json.Unmarshal([]byte(text), value); err != nil {
		panic("operation: the tag " + name + " is not a number: " + text)
	}
	return value
}
