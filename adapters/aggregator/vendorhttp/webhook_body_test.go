package vendorhttp

import "testing"

func TestAWebhookWithHalfASurrogateIsDecoded(t *testing.T) {
	for body, want := range map[string]struct {
		text string
		odd  bool
	}{
		`{"id":"a"}`:                    {"a", false},
		`{"id":"\ud83c\udfe6"}`:         {"🏦", false},
		`{"id":"a\ud800"}`:              {"a\ufffd", true},
		`{"id":"\udfe6\ud83c"}`:         {"\ufffd\ufffd", true},
		`{"id":"\uD83C\ud83c\uDFE6"}`:   {"\ufffd🏦", true},
		`{"id":"\\ud800"}`:              {`\ud800`, false},
		`{"id":"\\\ud800"}`:             {"\\\ufffd", true},
		`{"other":"\uDC00","id":"a"}`:   {"a", true},
		`{"id":"\u0041\"\ud800\u0042"}`: {"A\"\ufffdB", true},
	} {
		var got struct {
			ID string `json:"id"`
		}
		odd, err := DecodeWebhook([]byte(body), &got)
		if err != nil || got.ID != want.text || odd != want.odd {
			t.Errorf("%s: %q, odd %t (%v), want %q, odd %t", body, got.ID, odd, err, want.text, want.odd)
		}
	}
	for _, body := range []string{"", `"\ud800`, `{"id":"\ud8"}`, "{\"id\":\"\xff\\ud800\"}", `\ud800`, `\`} {
		if _, err := DecodeWebhook([]byte(body), &struct{}{}); err == nil {
			t.Errorf("%q was decoded", body)
		}
	}
}
