package vendorhttp

import (
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Text is a member that should be a string. If it has another JSON type, Decode sets Odd instead of
// returning an error, so that the other members can still be used. A null or absent member is the
// zero Text.
type Text struct {
	Value string
	Odd   bool // the member is not a string, or Check has found it invalid
}

// UnmarshalJSONFrom decodes any JSON value.
func (t *Text) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	value, err := dec.ReadValue()
	if err != nil {
		return err
	}
	*t = Text{Odd: value.Kind() != 'n'}
	if value.Kind() != '"' {
		return nil
	}
	text, err := jsontext.AppendUnquote(nil, value)
	*t = Text{Value: string(text)}
	return err
}

// Check clears an invalid value and sets Odd. The given function reports whether a value is valid. An empty value is
// always valid.
func (t *Text) Check(valid func(string) bool) {
	if t.Value != "" && !valid(t.Value) {
		*t = Text{Odd: true}
	}
}

// Count is a member that should be a whole number. Any other JSON value is 0.
type Count int

// UnmarshalJSONFrom decodes any JSON value.
func (c *Count) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	value, err := dec.ReadValue()
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(string(value))
	if err != nil {
		n = 0
	}
	*c = Count(n)
	return nil
}

// TextList is a member that should be a list of strings. Like [Text], it decodes any JSON value.
type TextList struct {
	Values []string // the elements that are strings and not empty
	Odd    bool     // the member is neither a list nor null, or an element is not in Values
}

// UnmarshalJSONFrom decodes any JSON value.
func (l *TextList) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	value, err := dec.ReadValue()
	if err != nil {
		return err
	}
	*l = TextList{Odd: value.Kind() != 'n'}
	if value.Kind() != '[' {
		return nil
	}
	var elements []Text
	if err := json.Unmarshal(value, &elements); err != nil {
		return err
	}
	l.Odd = false
	for _, element := range elements {
		if element.Value == "" {
			l.Odd = true
			continue
		}
		l.Values = append(l.Values, element.Value)
	}
	return nil
}

// Check removes the invalid elements from Values, and sets Odd if there are any. The given function reports whether an
// element is valid.
func (l *TextList) Check(valid func(string) bool) {
	kept := l.Values[:0]
	for _, value := range l.Values {
		if valid(value) {
			kept = append(kept, value)
		}
	}
	l.Odd = l.Odd || len(kept) < len(l.Values)
	l.Values = kept
}
