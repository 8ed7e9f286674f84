package kafka

import (
	"errors"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/sasl/scram"
)

// The broker chooses the number of SCRAM iterations. Without a limit, it could keep the client busy for any length of
// time.
func TestABrokerCannotDemandManyIterations(t *testing.T) {
	for text, want := range map[string]error{
		"i=4096": nil, "i=100000": nil, "i=100001": errIterations, "i=2147483647": errIterations,
		"i=99999999999999999999": errIterations, "i=": errIterations,
	} {
		mechanism := boundedSCRAM{scram.Auth{User: "u", Pass: "p"}.AsSha256Mechanism()}
		session, first, err := mechanism.Authenticate(t.Context(), "host")
		if err != nil {
			t.Fatal(err)
		}
		_, nonce, _ := strings.Cut(string(first), ",r=")
		if _, _, err := session.Challenge([]byte("r=" + nonce + "server,s=c2FsdA==," + text)); !errors.Is(err, want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
