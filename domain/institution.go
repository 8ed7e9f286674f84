package domain

// Institution is the bank of an account reference, by the vendor's id and name. A value that the vendor does not state
// is "".
type Institution struct {
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
}
