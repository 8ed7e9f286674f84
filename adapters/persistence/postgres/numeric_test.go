package postgres

import (
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// The server must read exactly the number that was encoded, including its trailing zeros.
func TestNumericsAreReadAsTheyAreWritten(t *testing.T) {
	db, err := Open(t.Context(), Config{URL: pgtest.DSN(t), MaxConns: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	texts := []string{
		"0", "-1", "7", "10", "9999", "10000", "-10000", "12345678901234567", "0.1", "0.00",
		"-0.05", "0.00001", "0.000010", "1.50",
		"100000000.00000001", "-1234.5000", "99999999999999999.99", "0.0000000000000000001",
		"120000.0001", "1000000000000000000",
	}
	c := &copyEncoder{buffer: []byte(copyHeader)}
	for i := range texts {
		c.buffer = append(c.buffer, 0, 1) // the number of columns
		if err := c.numeric(texts[i]); err != nil {
			t.Errorf("%s: %v", texts[i], err)
		}
	}
	conn, err := db.Pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	if _, err := conn.Exec(t.Context(), "CREATE TEMPORARY TABLE written (n numeric, place serial)"); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Conn().PgConn().CopyFrom(t.Context(), c, "COPY written (n) FROM STDIN BINARY"); err != nil {
		t.Fatal(err)
	}
	rows, _ := conn.Query(t.Context(), "SELECT n::text FROM written ORDER BY place")
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if diff := cmp.Diff(texts, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestInvalidNumbersAreRejected(t *testing.T) {
	for _, text := range []string{
		"", "-", ".", ".5", "+1", "--1", "1e5", "1,5", "1.2.3", " 1", "1 ", "NaN", "Infinity", "0x10",
		"1\x00", "١", strings.Repeat("9", maxDigits+1),
	} {
		if got, err := appendNumeric([]byte("kept"), text); err == nil || string(got) != "kept" {
			t.Errorf("%q is encoded as %x", text, got)
		}
	}
}

// FuzzNumeric checks that pgx decodes the binary form to the number that was encoded.
func FuzzNumeric(f *testing.F) {
	for _, seed := range []string{"0", "-12.50", "100000", "0.00001", "98765432109876543210.0123456789"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		raw, err := appendNumeric(nil, text)
		if err != nil {
			return
		}
		var n pgtype.Numeric
		if err := pgtype.NewMap().Scan(pgtype.NumericOID, pgtype.BinaryFormatCode, raw, &n); err != nil {
			t.Fatal(err)
		}
		want, ok := new(big.Rat).SetString(text)
		power := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(n.Exp, -n.Exp))), nil)
		got := new(big.Rat).SetFrac(n.Int, power)
		if n.Exp > 0 {
			got.SetFrac(new(big.Int).Mul(n.Int, power), big.NewInt(1))
		}
		if !ok || got.Cmp(want) != 0 {
			t.Errorf("pgx reads %s as %s", text, got)
		}
	})
}
