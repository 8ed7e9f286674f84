package plaid

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/ports"
)

// addFiles adds files to the corpus of a fuzz test: all files in testdata whose names match one of the patterns.
func addFiles(f *testing.F, patterns ...string) {
	f.Helper()
	added := 0
	for _, pattern := range patterns {
		files, err := filepath.Glob(filepath.Join("testdata", pattern))
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			body, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(body)
			added++
		}
	}
	if added == 0 {
		f.Fatal("no seeds")
	}
}

// FuzzStreamPage checks that a page of the stream is decoded in full or refused. In a decoded page:
//
//   - Each row has an id, and can be normalized or has a reason why not.
//   - There is either a next page or a stream position.
func FuzzStreamPage(f *testing.F) {
	addFiles(f, "transactions_sync*.json", "errors/*.json")
	f.Add([]byte(`{"accounts":[{"account_id":"a"}],"added":[{"transaction_id":"1","transaction_id":"2"},1,null],
		"modified":[],"removed":[{"transaction_id":"3","account_id":"a"}],"next_cursor":"bQ==","has_more":true}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		page, err := readStreamPage(body, nil)
		if err != nil {
			if !errors.Is(err, domain.MalformedResponse) && !errors.Is(err, domain.VendorUnreachable) {
				t.Errorf("unexpected error: %v", err)
			}
			return
		}
		if (page.Next == "") == (page.StreamPosition == "") {
			t.Errorf("next page %q, position %q", page.Next, page.StreamPosition)
		}
		for _, id := range page.Removed {
			if !validID(id) {
				t.Errorf("a removed row has the id %q", id)
			}
		}
		for _, raw := range page.Transactions {
			checkRow(t, raw)
		}
	})
}

// checkRow checks that a row of a page is normalized in full, or is refused with a reason.
func checkRow(t *testing.T, raw domain.RawTransaction) {
	t.Helper()
	if raw.ExternalID == "" || len(raw.ExternalID) > domain.MaxEventID {
		t.Errorf("a row has the id %q", raw.ExternalID)
	}
	data, err := raw.Normalize()
	again, errAgain := raw.Normalize()
	switch {
	case (err == nil) != (errAgain == nil) || data.Digest() != again.Digest():
		t.Error("a row is normalized differently a second time")
	case err == nil && (data.ExternalID != raw.ExternalID || data.Account == "" || data.Amount.Currency == ""):
		t.Errorf("row %q: %+v", raw.ExternalID, data)
	case err != nil && domain.UnreadableReason(err) == "" && json.Valid(data.Metadata):
		t.Errorf("JSON without a reason: %v", err)
	}
}

// FuzzAccounts checks that a list of accounts is decoded in full or refused. In a decoded list:
//
//   - Each readable account has an id.
//   - No two accounts have the same id.
//   - No account belongs to another Item.
func FuzzAccounts(f *testing.F) {
	const itemID = "eVBnVMp7zdTJLkRNr33Rs6zr7KNJqBFL9DrE6"
	addFiles(f, "accounts*.json", "errors/*.json")
	for _, account := range []string{
		`{"account_id":"a","type":1}`, `{"account_id":1}`, `{}`, `1`,
		`{"account_id":"a","balances":{"current":1e400,"iso_currency_code":"USD"}}`,
		`{"account_id":"a","type":"credit","balances":{"current":-0.1,"iso_currency_code":"USD"}},{"account_id":"a"}`,
	} {
		f.Add([]byte(`{"accounts":[` + account + `],"item":{"item_id":"` + itemID + `"}}`))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		accounts, err := readAccounts(body, itemID)
		if err != nil {
			if !errors.Is(err, domain.MalformedResponse) && !errors.Is(err, domain.AccountNotFound) {
				t.Errorf("unexpected error: %v", err)
			}
			return
		}
		if !strings.Contains(string(body), "item_id") && !strings.Contains(string(body), `\u`) {
			t.Error("a body without an item was accepted")
		}
		seen := map[string]bool{}
		for _, account := range accounts {
			switch id := account.ExternalID; {
			case id == "" && account.Unreadable == "", id != "" && (seen[id] || !validID(id)):
				t.Errorf("account %q", id)
			case !json.Valid(account.Metadata):
				t.Errorf("account %q has no metadata", id)
			}
			seen[account.ExternalID] = true
			if account.Unreadable == "" {
				(*Adapter)(nil).Balance(account)
				(*Adapter)(nil).AccountIdentity(account)
			}
		}
	})
}

// fuzzKeyID is the id of the only key that the adapter of FuzzVerifyWebhook knows.
const fuzzKeyID = "6c5516e1-92dc-479e-a8ff-5a51992e0001"

// FuzzVerifyWebhook checks that a webhook is accepted only if isProof accepts it, too. isProof independently checks the
// algorithm, the key, the time, the hash of the body and the signature. The key is the same in each process of the
// fuzzer.
func FuzzVerifyWebhook(f *testing.F) {
	private, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), []byte(strings.Repeat("k", 32)))
	if err != nil {
		f.Fatal(err)
	}
	access := ports.Access{Connection: domain.ConnectionID{UUID: uuid.UUID{15: 1}}}
	adapter := New(nil, &testClock{now: noon}, Link{})
	known := &cachedKey{done: make(chan struct{}), key: &private.PublicKey, readAt: noon}
	close(known.done)
	adapter.keys.entries = map[cachedKeyID]*cachedKey{{clientID: sha256.Sum256(nil), keyID: fuzzKeyID}: known}
	// A key was requested at noon, the current time of the adapter. Therefore the adapter requests no other key.
	adapter.keys.lookups = map[lookupOf]time.Time{{connection: access.Connection}: noon}
	verify := func(header string, body []byte) error {
		request := domain.WebhookRequest{Body: body, Header: func(string) string { return header }}
		return adapter.VerifyWebhook(context.Background(), access, request)
	}
	body, err := os.ReadFile(filepath.Join("testdata", "webhook", "sync_updates_available.json"))
	if err != nil {
		f.Fatal(err)
	}
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:])
	issued := strconv.FormatInt(noon.Unix(), 10)
	header := `{"alg":"ES256","kid":"` + fuzzKeyID + `","typ":"JWT"}`
	claims := `{"iat":` + issued + `,"request_body_sha256":"` + hash + `"}`
	for n, parts := range [][2]string{
		{header, claims}, // the only proof that is valid
		{strings.Replace(header, "ES256", "none", 1), claims},
		{strings.Replace(header, "ES256", "HS256", 1), claims},
		{strings.Replace(header, `"kid"`, `"alg":"ES256","kid"`, 1), claims},
		{strings.Replace(header, fuzzKeyID, "another", 1), claims},
		{header, strings.Replace(claims, issued, "0", 1)},
		{header, strings.Replace(claims, hash, strings.ToUpper(hash), 1)},
		{header, `{}`}, {`null`, `null`}, {``, ``},
	} {
		proof := signJWT(f, private, parts[0], parts[1])
		if err := verify(proof, body); (err == nil) != (n == 0 || strings.Contains(parts[1], strings.ToUpper(hash))) {
			f.Fatalf("seed %d: %v", n, err)
		}
		f.Add(proof, body)
	}
	f.Add("..", []byte(nil))
	f.Fuzz(func(t *testing.T, proof string, body []byte) {
		err := verify(proof, body)
		if err != nil && !errors.Is(err, domain.Unauthenticated) && !errors.Is(err, domain.Unavailable) {
			t.Errorf("unexpected error: %v", err)
		}
		if err == nil && !isProof(proof, body, &private.PublicKey) {
			t.Errorf("a forged webhook was accepted: %q", proof)
		}
	})
}

// signJWT returns a JWT with this header and these claims.
func signJWT(f *testing.F, key *ecdsa.PrivateKey, header, claims string) string {
	f.Helper()
	text := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." +
		base64.RawURLEncoding.EncodeToString([]byte(claims))
	digest := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	if err != nil {
		f.Fatal(err)
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// isProof reports whether a JWT proves at noon that the body is from the vendor. It uses only the standard library,
// so it shares no code with the adapter.
func isProof(proof string, body []byte, key *ecdsa.PublicKey) bool {
	parts := strings.Split(proof, ".")
	if len(parts) != 3 {
		return false
	}
	var texts [3][]byte
	for i, part := range parts {
		text, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil {
			return false
		}
		texts[i] = text
	}
	var header map[string]any
	var claims map[string]any
	if json.Unmarshal(texts[0], &header) != nil || json.Unmarshal(texts[1], &claims) != nil || len(texts[2]) != 64 {
		return false
	}
	sum, digest := sha256.Sum256(body), sha256.Sum256([]byte(parts[0]+"."+parts[1]))
	at, isNumber := claims["iat"].(float64)
	hash, _ := claims["request_body_sha256"].(string)
	signature, err := derSignature(texts[2])
	return err == nil && header["alg"] == "ES256" && header["kid"] == fuzzKeyID && isNumber &&
		at >= float64(noon.Add(-5*time.Minute).Unix()) && at <= float64(noon.Add(time.Minute).Unix()) &&
		strings.EqualFold(hash, hex.EncodeToString(sum[:])) && ecdsa.VerifyASN1(key, digest[:], signature)
}

// derSignature converts a signature from the form that a JWT contains to the form that ecdsa.VerifyASN1 accepts. In a
// JWT, a signature consists of two numbers of 32 bytes.
func derSignature(numbers []byte) ([]byte, error) {
	return asn1.Marshal(struct{ R, S *big.Int }{
		new(big.Int).SetBytes(numbers[:32]), new(big.Int).SetBytes(numbers[32:]),
	})
}
