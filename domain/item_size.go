package domain

import (
	"encoding/json"
	"reflect"
	"time"
	"unicode/utf8"
)

const (
	// memberSize is the number of bytes that are counted for each member of an item in addition to its text: its
	// name, quotation marks, and a value of fixed size such as a time or a hash.
	memberSize = 48
	// maxSizeDepth limits how deeply ItemSize follows pointers and members.
	maxSizeDepth = 8
)

// ItemSize returns the number of bytes that the item takes in a page, which is at least the size of its JSON form. The
// argument is a pointer to the item, so that a large struct is not copied.
func ItemSize(item any) int {
	switch v := item.(type) {
	case *Transaction:
		return v.size()
	case *TransactionVersion:
		return v.size()
	}
	return sizeOf(reflect.ValueOf(item), maxSizeDepth)
}

func (r References) size() (size int) {
	line := r.DigitableLine()
	r.TxID = r.ChargeID()
	for _, value := range append(r.Values(), line) {
		if value != "" {
			size += memberSize + textSize(value)
		}
	}
	if size > 0 {
		size += memberSize
	}
	return size
}

// excludedSize returns the size of the members excludedAt and excludedBy.
func (t *Transaction) excludedSize() int {
	if t.ExcludedAt.IsZero() {
		return 0
	}
	return 2*memberSize + textSize(t.ExcludedBy)
}

func (d PartyDocument) size() int {
	if d.IsZero() {
		return 0
	}
	return 3*memberSize + textSize(d.Value)
}

// size counts both the version and its previous version, because an item contains the changed members of both.
func (v *TransactionVersion) size() int {
	size := v.Transaction.size() + len(v.Deliveries)*memberSize
	if v.Previous != nil {
		size += v.Previous.size()
	}
	return size
}

func supersededSize(rows []Superseded) (size int) {
	for i := range rows {
		size += textSize(rows[i].ExternalID)
	}
	return size
}

// textSize returns the number of bytes of a text in a JSON string, without the quotation marks. A control character
// counts as six bytes, as in \u0000. In invalid UTF-8, every byte above 0x7F also counts as six bytes.
func textSize[T ~string | ~[]byte](text T) int {
	const escaped = len(`\u0000`) - 1
	size, foreign := len(text), 0
	for i := range len(text) {
		switch c := text[i]; {
		case c < ' ':
			size += escaped
		case c == '"' || c == '\\':
			size++
		case c >= utf8.RuneSelf:
			foreign++
		}
	}
	if foreign > 0 && !utf8.ValidString(string(text)) {
		size += foreign * escaped
	}
	return size
}

// sizeOf returns the size of a value of any type. A json.RawMessage counts as its bytes, and any other byte slice as
// a text.
func sizeOf(v reflect.Value, depth int) int {
	if depth == 0 {
		return memberSize
	}
	switch v.Kind() {
	case reflect.String:
		return memberSize + textSize(v.String())
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return 0
		}
		return sizeOf(v.Elem(), depth-1)
	case reflect.Slice:
		switch {
		case v.Type() == reflect.TypeFor[json.RawMessage]():
			return memberSize + v.Len()
		case v.Type().Elem().Kind() == reflect.Uint8:
			return memberSize + textSize(v.Bytes())
		}
		size := memberSize
		for i := range v.Len() {
			size += sizeOf(v.Index(i), depth-1)
		}
		return size
	case reflect.Map:
		size := memberSize
		for entries := v.MapRange(); entries.Next(); {
			size += sizeOf(entries.Key(), depth-1) + sizeOf(entries.Value(), depth-1)
		}
		return size
	case reflect.Struct:
		return structSize(v, depth)
	default:
		return memberSize
	}
}

// structSize returns the sum of the sizes of the fields. A time counts as one member, because its fields are not
// written.
func structSize(v reflect.Value, depth int) int {
	if v.Type() == reflect.TypeFor[time.Time]() {
		return memberSize
	}
	size := 0
	for _, field := range v.Fields() {
		size += sizeOf(field, depth-1)
	}
	return size
}
