package bankstatement_test

import (
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/bankstatement"
	"github.com/LerianStudio/aggregator-connections/adapters/statement/camt053"
	"github.com/LerianStudio/aggregator-connections/adapters/statement/csv"
	ofxformat "github.com/LerianStudio/aggregator-connections/adapters/statement/ofx"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
	"github.com/LerianStudio/aggregator-connections/ports"
	"github.com/LerianStudio/aggregator-connections/ports/porttest"
)

// The statements that the service writes are read back, and agree with the records of which they were written.
func TestTheServiceReadsItsOwnStatements(t *testing.T) {
	for name, tc := range map[string]struct {
		format  ports.StatementFormat
		want    witness.Format
		verdict witness.Verdict
	}{
		"camt.053": {camt053.Format{}, witness.Camt, witness.Agrees},
		"OFX":      {ofxformat.Format{}, witness.OFX, witness.LinesAgree},
		"CSV":      {csv.Format{}, witness.CSV, witness.LinesAgree},
	} {
		t.Run(name, func(t *testing.T) {
			s, records := porttest.SampleStatement()
			text := porttest.WriteSample(t, tc.format, s, porttest.Records(records...))
			f := bankstatement.Reader{}.Read([]byte(text), witness.Options{})
			if f.Refusal != nil || f.Format != tc.want || len(f.Statements) != 1 {
				t.Fatalf("read %s with %d statements: %v", f.Format, len(f.Statements), f.Refusal)
			}
			got := f.Statements[0]
			if c := got.Counts(); c.Lines != len(records) || c.Blocks != len(records) || got.Currency != s.Currency {
				t.Fatalf("the counts are %+v in %s", c, got.Currency)
			}
			for i, b := range got.Blocks() {
				if b.Date != records[i].Date || !b.Amount.Equal(records[i].Amount) {
					t.Errorf("line %d is %s of %s", i+1, b.Amount, b.Date)
				}
			}
			c := witness.Compare(witness.Input{Statement: got, Records: ofBooks(records), CoversTo: "2026-12-31"})
			if c.Verdict != tc.verdict || c.Buckets[witness.Both].Count != len(records) {
				t.Errorf("the verdict is %s: %+v", c.Verdict, c.Buckets)
			}
			if tc.format != (ports.StatementFormat)(csv.Format{}) {
				equalAmount(t, "the closing balance", *c.Proof.Closing.Amount, s.Balances.Closing.String())
				if got.Account.Number != s.Account.Number {
					t.Errorf("the account is %+v", got.Account)
				}
			}
		})
	}
}

func ofBooks(records []books.StatementRecord) (all []witness.Record) {
	for _, r := range records {
		all = append(all, witness.Record{
			ID: r.ID, Date: r.Date, Amount: r.Amount, Text: r.Description, ExternalID: r.ExternalID,
			References: r.References,
		})
	}
	return all
}
