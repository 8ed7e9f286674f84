// Package lerianmatcher writes the records of a statement as the JSON array that the reconciliation engine reads.
package lerianmatcher

import (
	"io"
	"iter"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// Format implements ports.StatementFormat.
type Format struct{}

var _ ports.StatementFormat = Format{}

// Name implements ports.StatementFormat.
func (Format) Name() string { return "matcher" }

// Variant implements ports.StatementFormat.
func (Format) Variant() string { return "" }

// MediaType implements ports.StatementFormat.
func (Format) MediaType() string { return "application/json" }

// Extension implements ports.StatementFormat.
func (Format) Extension() string { return "json" }

// HasBalances implements ports.StatementFormat.
func (Format) HasBalances() bool { return false }

// PrintsUnconverted implements ports.StatementFormat.
func (Format) PrintsUnconverted() bool { return false }

// record is an item of the array. The amount is a string, so that it stays exact.
type record struct {
	MatchingID    string `json:"external_id"`
	TransactionID string `json:"transaction_id"`
	Amount        string `json:"amount"` // signed
	Currency      string `json:"currency"`
	Date          string `json:"date"`
	Description   string `json:"description"`
	Reference     string `json:"reference,omitempty"`
	Counterparty  string `json:"counterparty,omitempty"`
	Type          string `json:"type"` // credit or debit
}

// Write implements ports.StatementFormat. Errors: those of books.Statement.CheckConverted.
func (Format) Write(w io.Writer, s books.Statement, records iter.Seq2[books.StatementRecord, error]) error {
	if err := s.CheckConverted(); err != nil {
		return err
	}
	encoder := jsontext.NewEncoder(w)
	if err := encoder.WriteToken(jsontext.BeginArray); err != nil {
		return err
	}
	for r, err := range records {
		if err == nil && r.Unconverted {
			continue
		}
		if err == nil {
			err = json.MarshalEncode(encoder, record{
				MatchingID: r.MatchingID, TransactionID: r.ID.String(),
				Amount: r.Amount.String(), Currency: s.Currency, Date: string(r.Date),
				Description: r.Description, Reference: r.References.Main(), Counterparty: r.Counterparty,
				Type: direction(r.Amount),
			})
		}
		if err != nil {
			return err
		}
	}
	return encoder.WriteToken(jsontext.EndArray)
}

// direction returns "debit" for money out, and "credit" otherwise.
func direction(amount decimal.Decimal) string {
	if amount.IsNegative() {
		return "debit"
	}
	return "credit"
}
