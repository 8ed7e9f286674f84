package gormstore

import "encoding/json"

// DecodeJSON parses JSON that the service has stored, and stores the result in the variable to which dst points. If
// text is "", DecodeJSON leaves the variable unchanged.
func DecodeJSON(text string, dst any) error {
	if text == "" {
		return nil
	}
	return json.Unmarshal([]byte(text), dst)
}

// EncodeJSON returns value as JSON. DecodeJSON is its inverse.
func EncodeJSON(value any) (string, error) {
	text, err := json.Marshal(value)
	return string(text), err
}
