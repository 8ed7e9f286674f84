package gormstore_test

import (
	"bytes"
	"encoding/base64"
	"strings"
	"sync"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/persistence/gormstore"
)

// payment is a row of a vendor.
const payment = `{"id":"3a9ee17a-a485-4ff8-979f-9654d7183401","accountId":"11aa22bb-33cc-4d44-8e55-66ff77aa88bb",` +
	`"description":"PIX RECEBIDO RAFAEL QUINTANILHA","descriptionRaw":null,"currencyCode":"BRL","amount":4601.62,` +
	`"date":"2026-11-26T18:48:17.917Z","type":"CREDIT","status":"POSTED","paymentData":{"payer":{"name":` +
	`"RAFAEL QUINTANILHA","documentNumber":{"type":"CPF","value":"811.023.087-13"}},"paymentMethod":"PIX"}}`

func FuzzPackedObjectsAreReturnedByteForByte(f *testing.F) {
	for _, object := range []string{
		"", "{}", payment, " {\"a\": 1}", "\t[]", "\x00", "\x01", "\x01\x02", "\x08x", "\x09", "not JSON",
		strings.Repeat("\x01", 300), strings.Repeat(payment, 1000), strings.Repeat("y", 500),
	} {
		f.Add([]byte(object))
	}
	f.Fuzz(func(t *testing.T, object []byte) {
		stored := gormstore.Pack(object)
		if len(stored) > len(object)+1 {
			t.Errorf("%d bytes are stored as %d", len(object), len(stored))
		}
		got, err := gormstore.Unpack(stored)
		if err != nil || got == nil || !bytes.Equal(object, got) {
			t.Errorf("%q is read as %q (%v)", object, got, err)
		}
	})
}

func TestAMissingObjectStaysMissing(t *testing.T) {
	if got, err := gormstore.Unpack(gormstore.Pack(nil)); got != nil || err != nil {
		t.Errorf("%q (%v)", got, err)
	}
}

func TestARowOfAVendorIsStoredInHalfOfItsBytes(t *testing.T) {
	if stored := gormstore.Pack([]byte(payment)); len(stored)*2 > len(payment) {
		t.Errorf("%d bytes are stored as %d", len(payment), len(stored))
	}
}

// packedPayment is payment as the first version with compression stored it, in base64.
const packedPayment = "AUEAAZUA3QQAEsgYGJC1Df8A1N2mQv3NqyT5roisyL162u6WGUmSFPwtH4PomJ/3yuwX5+IXiu5Han40BUBgIISC" +
	"GAYCxpi7d1tTvZQQvswjzzAQjzGEuv+yyjEk8vfIpOqaWnXcWl7i7Os9gqjGEQBainrnkgduRgHGAsAv4YJ54QGA" +
	"DvWFvCnIZZhKus4eFwIkhPnDQMiLrLSFrSbP46lnAgg="

// Objects that an earlier version of the service has stored must stay readable. packedPayment was made with the
// dictionary, so this test fails if the dictionary changes.
func TestStoredObjectsStayReadable(t *testing.T) {
	packed, err := base64.StdEncoding.DecodeString(packedPayment)
	if err != nil {
		t.Fatal(err)
	}
	for stored, want := range map[string]string{
		`{"a":1}`:      `{"a":1}`, // versions without compression stored all objects as they were
		"\x00\x01":     "\x01",
		string(packed): payment,
	} {
		if got, err := gormstore.Unpack([]byte(stored)); err != nil || string(got) != want {
			t.Errorf("%q is read as %q (%v)", stored, got, err)
		}
	}
}

// An object that cannot be read is an error that does not contain it.
func TestAnUnreadableObjectIsAnError(t *testing.T) {
	packed := gormstore.Pack([]byte(payment))
	for name, stored := range map[string][]byte{
		"an unknown form": []byte("\x07secret"),
		"cut off":         packed[:len(packed)-5],
		"only the prefix": packed[:1],
		"not a frame":     []byte("\x01secret"),
	} {
		got, err := gormstore.Unpack(stored)
		if err == nil || got != nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %q (%v)", name, got, err)
		}
	}
}

func TestObjectsArePackedConcurrently(t *testing.T) {
	var all sync.WaitGroup
	for i := range 32 {
		object := []byte(strings.Replace(payment, "4601", strings.Repeat("7", i+1), 1))
		all.Go(func() {
			for range 20 {
				got, err := gormstore.Unpack(gormstore.Pack(object))
				if err != nil || !bytes.Equal(object, got) {
					t.Errorf("read as %q (%v)", got, err)
				}
			}
		})
	}
	all.Wait()
}

func BenchmarkPack(b *testing.B) {
	var dst []byte
	for b.Loop() {
		dst = gormstore.AppendPacked(dst[:0], []byte(payment))
	}
	b.ReportMetric(float64(len(dst))/float64(len(payment)), "stored/raw")
}

func BenchmarkUnpack(b *testing.B) {
	stored := gormstore.Pack([]byte(payment))
	for b.Loop() {
		if _, err := gormstore.Unpack(stored); err != nil {
			b.Fatal(err)
		}
	}
}

// The stored form that was made for another object must not be stored.
func TestARowUsesThePackedFormOfItsObjectOnly(t *testing.T) {
	object := []byte(`{"id":"1","description":"PIX RECEBIDO PIX RECEBIDO"}`)
	for name, made := range map[string][]byte{"its own": object, "another": []byte(`{"id":"2"}`), "none": nil} {
		row := gormstore.NewTransactionRow()
		row.Metadata = object
		row.UsePacked(gormstore.PackObject(made))
		if got, err := gormstore.Unpack(row.PackedMetadata()); err != nil || string(got) != string(object) {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
	row := gormstore.NewTransactionRow()
	row.UsePacked(gormstore.PackObject(nil))
	if row.PackedMetadata() != nil {
		t.Error("no object has a stored form")
	}
}
