package domain_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/LerianStudio/aggregator-connections/domain"
)

const canary = "canary-7f3a9c"

// holder has a secret in an unexported field, where fmt cannot call the methods of the secret.
type holder[T any] struct {
	hidden T
	Shown  T
}

// containers returns values that contain v, for example a pointer, a slice and a struct. Programs often print such
// values. The keys of the map describe the values.
func containers[T any](v T) map[string]any {
	return map[string]any{
		"value": v, "pointer": &v, "slice": []T{v}, "array": [1]T{v}, "map": map[string]T{"k": v},
		"struct": holder[T]{v, v}, "struct pointer": &holder[T]{v, v},
		"nested": struct{ inner *holder[T] }{&holder[T]{v, v}},
		"any":    any(v), "slice of any": []any{v, &v}, "func": func() T { return v },
		"error": fmt.Errorf("wrapped: %v", v),
	}
}

func secrets() map[string]map[string]any {
	s := domain.SecretText(canary)
	return map[string]map[string]any{
		"Secret":     containers(s),
		"Credential": containers(domain.AggregatorCredential(s, s)),
	}
}

func TestNoVerbPrintsASecret(t *testing.T) {
	verbs := []string{
		"%v",
		"%+v",
		"%#v",
		"%s",
		"%q",
		"%x",
		"%X",
		"% x",
		"%#x",
		"%d",
		"%o",
		"%b",
		"%c",
		"%U",
		"%e",
		"%t",
		"%T",
		"%p",
		"%10.3s",
		"%w",
	}
	for kind, all := range secrets() {
		for name, value := range all {
			for _, verb := range verbs {
				refuse(t, kind+" "+name+" "+verb, fmt.Sprintf(verb, value))
			}
			refuse(t, kind+" "+name+" Sprint", fmt.Sprint(value)+fmt.Sprintln(value))
			refuse(t, kind+" "+name+" Errorf", fmt.Errorf("%v", value).Error())
		}
	}
}

func TestASecretPrintsAsAFixedWord(t *testing.T) {
	s := domain.SecretText(canary)
	for _, value := range []any{s, &s, domain.Secret{}, domain.AggregatorCredential(s, s), domain.Credential{}} {
		for _, verb := range []string{"%v", "%s", "%+v", "%#v", "%q"} {
			if got := fmt.Sprintf(verb, value); got != "[secret]" {
				t.Errorf("%s of a %T: %q", verb, value, got)
			}
		}
	}
}

func TestNoEncoderWritesASecret(t *testing.T) {
	encoders := map[string]func(any) ([]byte, error){
		"json": json.Marshal,
		"xml":  xml.Marshal,
		"gob": func(v any) ([]byte, error) {
			var out bytes.Buffer
			err := gob.NewEncoder(&out).Encode(v)
			return out.Bytes(), err
		},
	}
	for kind, all := range secrets() {
		for name, value := range all {
			for encoder, encode := range encoders {
				out, err := encode(value)
				refuse(t, kind+" "+name+" "+encoder, string(out)+fmt.Sprint(err))
			}
		}
	}
}

func TestNoLoggerWritesASecret(t *testing.T) {
	var out bytes.Buffer
	sink := zapcore.AddSync(&out)
	loggers := map[string]func(any){
		"slog json": func(v any) { slog.New(slog.NewJSONHandler(&out, nil)).Error("m", "v", v) },
		"slog text": func(v any) { slog.New(slog.NewTextHandler(&out, nil)).Error("m", "v", v) },
		"zap json": func(v any) {
			zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), sink, zap.DebugLevel)).
				Error("m", zap.Any("v", v))
		},
		"zap console": func(v any) {
			zap.New(
				zapcore.NewCore(zapcore.NewConsoleEncoder(zap.NewDevelopmentEncoderConfig()), sink, zap.DebugLevel),
			).
				Sugar().
				Errorw("m", "v", v)
		},
	}
	for kind, all := range secrets() {
		for name, value := range all {
			for logger, log := range loggers {
				out.Reset()
				log(value)
				refuse(t, kind+" "+name+" "+logger, out.String())
			}
		}
	}
}

func TestAPanicDoesNotPrintASecret(t *testing.T) {
	for kind, all := range secrets() {
		for name, value := range all {
			func() {
				defer func() { refuse(t, kind+" "+name, fmt.Sprintf("%v %+v %#v", recover(), value, value)) }()
				panic(value)
			}()
		}
	}
}

// refuse fails the test if the text contains the canary, either as plain text or encoded as
// hex, decimal bytes or base64.
func refuse(t *testing.T, where, text string) {
	t.Helper()
	for _, form := range []string{
		canary, fmt.Sprintf("%x", canary), fmt.Sprintf("%X", canary), fmt.Sprintf("% x", canary),
		strings.Trim(fmt.Sprint([]byte(canary)), "[]"), "Y2FuYXJ5",
	} {
		if strings.Contains(text, form) {
			t.Errorf("%s shows the secret", where)
		}
	}
}

func TestASecretIsUnmarshalledButNotMarshalled(t *testing.T) {
	var in struct{ Secret domain.Secret }
	if err := json.Unmarshal([]byte(`{"Secret":"`+canary+`"}`), &in); err != nil {
		t.Fatal(err)
	}
	if got := string(in.Secret.Reveal()); got != canary {
		t.Fatalf("read %q", got)
	}
	out, err := json.Marshal(in)
	if err != nil || string(out) != `{"Secret":"[secret]"}` {
		t.Fatalf("%s, %v", out, err)
	}
}

func TestASecretKeepsItsOwnCopy(t *testing.T) {
	raw := []byte(canary)
	s := domain.NewSecret(raw)
	raw[0] = 'X'
	s.Reveal()[1] = 'X'
	if got := string(s.Reveal()); got != canary {
		t.Fatalf("the secret was changed from outside: %q", got)
	}
}

func TestSecretsCompareByValue(t *testing.T) {
	a, b := domain.SecretText("a"), domain.SecretText("b")
	zero := domain.Secret{}
	if !a.Equal(domain.SecretText("a")) || a.Equal(b) || a.Equal(zero) || !zero.Equal(domain.SecretText("")) {
		t.Fatal("Equal is not equality of values")
	}
	if !zero.IsZero() || !domain.SecretText("").IsZero() || a.IsZero() || zero.Reveal() != nil {
		t.Fatal("IsZero is not emptiness")
	}
	one, other := domain.AggregatorCredential(a, b), domain.AggregatorCredential(a, a)
	if !one.Equal(domain.AggregatorCredential(a, b)) || one.Equal(other) || one.Equal(domain.Credential{}) {
		t.Fatal("credentials are not compared by value")
	}
	if one.IsZero() || !(domain.Credential{}).IsZero() || !domain.AggregatorCredential(zero, zero).IsZero() {
		t.Fatal("a credential is zero when it has no part")
	}
}

func TestACopyOfACredentialHasAnotherPart(t *testing.T) {
	a, b := domain.SecretText("a"), domain.SecretText("b")
	before := domain.AggregatorCredential(a, b)
	names := before.Names()
	first := names[0]
	added := before.With("extra", a)
	if len(added.Names()) != len(names)+1 || !added.Part("extra").Equal(a) ||
		!added.With("extra", domain.Secret{}).Equal(before) {
		t.Errorf("with another part: %v", added.Names())
	}
	changed := before.With(first, domain.SecretText("c"))
	if !changed.Part(first).Equal(domain.SecretText("c")) || !changed.Part(names[1]).Equal(before.Part(names[1])) {
		t.Error("only the named part changes")
	}
	if len(before.Names()) != 2 || !before.Equal(domain.AggregatorCredential(a, b)) {
		t.Error("the credential itself has changed")
	}
}

func TestErrorsDoNotPrintTheirCause(t *testing.T) {
	err := &domain.Error{Kind: domain.Unavailable, Code: domain.VendorUnreachable, Cause: errors.New(canary)}
	refuse(t, "Error", err.Error()+fmt.Sprintf("%v %s", err, err))
	if !errors.Is(err, domain.Unavailable) || !errors.Is(err, domain.VendorUnreachable) ||
		errors.Is(err, domain.NotFound) {
		t.Fatal("errors.Is does not recognise the kind and the code")
	}
}
