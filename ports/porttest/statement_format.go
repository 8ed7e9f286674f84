package porttest

import (
	"bytes"
	"errors"
	"io"
	"iter"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/books"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// statementNames matches the names and extensions that can be used in a URL and in a file name.
var statementNames = regexp.MustCompile(`^[a-z0-9]+$`)

// TestStatementFormat checks a document format for statements.
func TestStatementFormat(t *testing.T, format ports.StatementFormat) {
	if !statementNames.MatchString(format.Name()) || !statementNames.MatchString(format.Extension()) {
		t.Errorf("the name %q or the extension %q is not allowed", format.Name(), format.Extension())
	}
	s, records := SampleStatement()
	t.Run("the same statement is the same document", func(t *testing.T) {
		first, second := WriteSample(t, format, s, Records(records...)), WriteSample(t, format, s, Records(records...))
		if first == "" || first != second {
			t.Errorf("%q and %q", first, second)
		}
	})
	t.Run("an error of the records is returned, and the document has no end", func(t *testing.T) {
		want := errors.New("of the records")
		var b bytes.Buffer
		err := format.Write(&b, s, func(yield func(books.StatementRecord, error) bool) {
			if yield(records[0], nil) {
				yield(books.StatementRecord{}, want)
			}
		})
		if !errors.Is(err, want) {
			t.Errorf("the error is %v", err)
		}
		if whole := WriteSample(t, format, s, Records(records[0])); format.Name() != "csv" && b.Len() >= len(whole) {
			t.Errorf("the document seems complete: %s", b.String())
		}
	})
	t.Run("each error of the writer is returned", func(t *testing.T) {
		size := len(WriteSample(t, format, s, Records(records...)))
		for limit := 0; limit < size; limit += 97 {
			if err := format.Write(&limitedWriter{limit}, s, Records(records...)); !errors.Is(err, io.ErrShortWrite) {
				t.Fatalf("with an error after %d bytes of %d: %v", limit, size, err)
			}
		}
	})
	t.Run("the memory does not depend on the number of records", func(t *testing.T) {
		few, many := peakOf(t, format, s, records[0], 1000), peakOf(t, format, s, records[0], 100_000)
		if many > few+1<<20 {
			t.Errorf("%d bytes for 1,000 records, %d bytes for 100,000", few, many)
		}
	})
}

// peakOf returns the largest size of the heap while the format writes a statement with n records.
func peakOf(
	t *testing.T, format ports.StatementFormat, s books.Statement, record books.StatementRecord, n int,
) (peak uint64) {
	t.Helper()
	err := format.Write(io.Discard, s, func(yield func(books.StatementRecord, error) bool) {
		for i := range n {
			if i%(n/4) == n/4-1 {
				var m runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&m)
				peak = max(peak, m.HeapAlloc)
			}
			if !yield(record, nil) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return peak
}

// limitedWriter is a writer that fails after the given number of bytes.
type limitedWriter struct{ left int }

func (w *limitedWriter) Write(p []byte) (int, error) {
	if len(p) > w.left {
		return 0, io.ErrShortWrite
	}
	w.left -= len(p)
	return len(p), nil
}

// WriteSample returns the document that the format writes for the statement and its records.
func WriteSample(t testing.TB, format ports.StatementFormat, s books.Statement,
	records iter.Seq2[books.StatementRecord, error]) string {
	t.Helper()
	var b bytes.Buffer
	if err := format.Write(&b, s, records); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Records returns the records as a sequence.
func Records(records ...books.StatementRecord) iter.Seq2[books.StatementRecord, error] {
	return func(yield func(books.StatementRecord, error) bool) {
		for _, r := range records {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// SampleStatement returns a statement with three records: an incoming amount, an outgoing amount that was converted,
// and a record without texts.
func SampleStatement() (books.Statement, []books.StatementRecord) {
	amount := decimal.RequireFromString
	dollars := money("-20", "USD")
	id := func(last string) uuid.UUID { return uuid.MustParse("019c0f8a-6d1e-7c3b-9a52-3f1d5b7e8a" + last) }
	s := books.Statement{
		ID: id("01"), CreatedAt: time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC), Currency: "BRL",
		Account: domain.Account{
			ID: domain.AccountID{UUID: id("02")}, Vendor: vendor, UpdatedAt: epoch,
			AccountData: domain.AccountData{
				Type: domain.BankAccount, Subtype: "CHECKING_ACCOUNT", Name: "Conta corrente", Number: "0001/12345-0",
				Currency: "BRL",
			},
		},
		Period:   domain.Window{From: "2026-02-01", To: "2026-02-28"},
		Balances: &books.StatementBalances{Opening: amount("1000.5"), Closing: amount("-104.25")},
		Credits:  books.StatementTotal{Count: 2, Sum: amount("250.25")},
		Debits:   books.StatementTotal{Count: 1, Sum: amount("1355")},
		Digits:   6, Scale: 2,
	}
	return s, []books.StatementRecord{
		{
			Amount: amount("250.25"), MatchingID: "e2e",
			Transaction: domain.Transaction{
				ID: domain.TransactionID{UUID: id("03")}, Version: 1,
				TransactionData: domain.TransactionData{
					ExternalID: "e-1", Date: "2026-02-10", Counterparty: "+Maria",
					Description: "=SUM(A1) <b>\"PIX\" & Söhne</b>\t\x01 \U0001F600",
					References: domain.References{
						EndToEndID: "E12345678202602101200abcDEF12345", TransactionID: "=T-1", ChequeNumber: "417",
					},
					CounterpartyDocument: domain.PartyDocument{Type: domain.CPF, Value: "39053344705"},
				},
			},
		},
		{
			Amount: amount("-1355"), Original: &dollars, MatchingID: "m",
			Transaction: domain.Transaction{
				ID: domain.TransactionID{UUID: id("04")}, Version: 12,
				TransactionData: domain.TransactionData{
					ExternalID: "e-2", Date: "2026-02-11", Description: "Store; -1", Counterparty: "Store",
					References:           domain.References{TransactionID: strings.Repeat("9", 36)},
					CounterpartyDocument: domain.PartyDocument{Type: domain.CNPJ, Value: "12ABC34501DE35"},
				},
			},
		},
		{
			Amount: amount("0"), MatchingID: id("05").String(),
			Transaction: domain.Transaction{
				ID: domain.TransactionID{UUID: id("05")}, Version: 2,
				TransactionData: domain.TransactionData{ExternalID: "e-3", Date: "2026-02-12"},
			},
		},
	}
}
