package domain_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// BenchmarkAdmitsSigned measures the HMAC check of a webhook body of typical length.
func BenchmarkAdmitsSigned(b *testing.B) {
	body := make([]byte, 400)
	mac := hmac.New(sha256.New, []byte("secret"))
	mac.Write(body)
	policy := domain.SourcePolicy{HMACSecret: domain.SecretText("secret")}
	request := domain.WebhookRequest{Body: body, Signature: hex.EncodeToString(mac.Sum(nil))}
	b.ReportAllocs()
	for b.Loop() {
		if !policy.Admits(request, time.Time{}) {
			b.Fatal("refused")
		}
	}
}

// BenchmarkDigest measures how long Digest takes for one row. Every normalised row is compared
// with the stored row by its digest.
func BenchmarkDigest(b *testing.B) {
	o := domain.TransactionData{
		Account:      "11aa22bb-33cc-4d44-8e55-66ff77aa88bb",
		Status:       domain.Posted,
		Date:         "2026-11-19",
		OccurredAt:   noon,
		Amount:       domain.Money{Amount: decimal.RequireFromString("-212.45"), Currency: "BRL"},
		Description:  "PIX ENVIADO",
		Category:     "Transfer - PIX",
		Counterparty: "Padaria",
	}
	b.ReportAllocs()
	for b.Loop() {
		_ = o.Digest()
	}
}

func BenchmarkHashToken(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_ = domain.HashToken("b64url-of-thirty-two-bytes-is-43-characters")
	}
}

func BenchmarkParseAmount(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := domain.ParseAmount("-212.45"); err != nil {
			b.Fatal(err)
		}
	}
}
