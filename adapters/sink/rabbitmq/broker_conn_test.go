package rabbitmq

import (
	"testing"

	"pgregory.net/rapid"
)

// A broker may confirm each message once, in any order. A confirmation applies to one message, or to all messages up
// to it. The test compares confirmations with a set of the confirmed messages.
func TestAMessageIsConfirmedOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := confirmations{published: rapid.Uint64Range(0, 20).Draw(t, "published")}
		confirmed := map[uint64]bool{}
		for range 30 {
			tag := rapid.Uint64Range(0, 22).Draw(t, "tag")
			multiple := rapid.Bool().Draw(t, "multiple")
			want := tag >= 1 && tag <= c.published && !confirmed[tag]
			if got := c.confirm(tag, multiple); got != want {
				t.Fatalf("confirm(%d, %t) = %t, want %t", tag, multiple, got, want)
			}
			for n := uint64(1); want && multiple && n < tag; n++ {
				confirmed[n] = true
			}
			if want {
				confirmed[tag] = true
			}
			if len(c.others) > len(confirmed) {
				t.Fatalf("%d numbers are kept for %d confirmations", len(c.others), len(confirmed))
			}
		}
	})
}
