package domain_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"testing"
	"time"

	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestASignatureOfVersion1CoversItsTimestamp(t *testing.T) {
	const key, body = "canary-key-of-16-bytes", `{"event":"item/updated"}`
	now := time.Unix(1_800_000_000, 0)
	policy := domain.SourcePolicy{HMACSecret: domain.SecretText(key)}
	sign := func(message string) string {
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write([]byte(message))
		return hex.EncodeToString(mac.Sum(nil))
	}
	at := func(shift time.Duration) string { return strconv.FormatInt(now.Add(shift).Unix(), 10) }
	valid := func(timestamp string) string { return "v1,sha256=" + sign("v1:"+timestamp+"."+body) }
	for name, c := range map[string]struct {
		signature, timestamp string
		admitted             bool
	}{
		"now":                      {valid(at(0)), at(0), true},
		"5 minutes old":            {valid(at(-5 * time.Minute)), at(-5 * time.Minute), true},
		"5 minutes fast":           {valid(at(5 * time.Minute)), at(5 * time.Minute), true},
		"older":                    {valid(at(-301 * time.Second)), at(-301 * time.Second), false},
		"faster":                   {valid(at(301 * time.Second)), at(301 * time.Second), false},
		"another timestamp":        {valid(at(0)), at(time.Second), false},
		"no timestamp":             {valid(""), "", false},
		"no number":                {valid("now"), "now", false},
		"an overflow":              {valid("9223372036854775808"), "9223372036854775808", false},
		"an extreme":               {valid("-9223372036854775808"), "-9223372036854775808", false},
		"the body alone":           {"v1,sha256=" + sign(body), at(0), false},
		"without version":          {"sha256=" + sign("v1:"+at(0)+"."+body), at(0), false},
		"without sha256":           {"v1," + sign("v1:"+at(0)+"."+body), at(0), false},
		"a plain signature of old": {"sha256=" + sign(body), at(-time.Hour), true},
	} {
		t.Run(name, func(t *testing.T) {
			request := domain.WebhookRequest{
				Body: []byte(body), Signature: c.signature, Header: func(header string) string {
					if header != "X-Webhook-Timestamp" {
						t.Errorf("the header %s was read", header)
					}
					return c.timestamp
				},
			}
			if got := policy.Admits(request, now); got != c.admitted {
				t.Errorf("admitted: %v", got)
			}
		})
	}
	if policy.Admits(domain.WebhookRequest{Body: []byte(body), Signature: valid(at(0))}, now) {
		t.Error("a request without headers was admitted")
	}
}
