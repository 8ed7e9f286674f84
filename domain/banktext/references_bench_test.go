package banktext_test

import (
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain/banktext"
)

// BenchmarkTextReferences measures TextReferences and TextDocument for two texts without a reference and one with an
// end-to-end id.
func BenchmarkTextReferences(b *testing.B) {
	for name, text := range map[string]string{
		"none": "Transferência enviada pelo Pix - Nome Sobrenome - •••.123.456-•• - " +
			"NU PAGAMENTOS - IP (0260) Agência: 1 Conta: 1234567-8",
		"shop": "COMPRA CARTAO DEB MC 22/01 autopostop3ltda",
		"id":   "PIX ENVIADO E12345678202611101200abcDEF12345",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = banktext.TextReferences(text), banktext.TextDocument(text)
			}
		})
	}
}
