package banktext_test

import (
	"regexp"
	"slices"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain/banktext"
)

func TestPartsOfAPattern(t *testing.T) {
	for expression, want := range map[string][]string{
		`\b\d{11}\b`:                        nil,
		`\brastreo[\s:=]*([0-9a-z]{7})\b`:   {"rastreo"},
		`\b(?:cve|cv)\.?\s*rast(?:reo)?`:    {"rast"},
		`(\d{1,2})/(\d{1,2})`:               {"/"},
		`(^|[^0-9])(\d{1,2})[/.-](\d{1,2})`: {"-", ".", "/"},
		`\bdb0*(\d{7,10})\b`:                {"db"},
		`(?:abc)*x?\d`:                      nil,
		`(?i)abc`:                           nil,
		`abc|\d`:                            nil,
		`(?:abc)+`:                          {"abc"},
		`(?:ab){2}`:                         {"ab"},
		`13[oa]?sal`:                        {"13sal", "13asal", "13osal"},
	} {
		if parts := banktext.PartsOf(expression); !slices.Equal(parts, want) {
			t.Errorf("%s: %q, want %q", expression, parts, want)
		}
	}
}

func TestAPatternRequiresADigit(t *testing.T) {
	for expression, want := range map[string]bool{
		`\b\d{11}\b`: true, `[a-z]+\d`: true, `(?:ab|c)?([1-3])`: true, `(?:rede|24) ?h`: false, `24h|\d+`: true,
		`a7`: true, `\d*`: false, `\d?x`: false,
		`(?:\d{2})+x`: true, `[0-9a]`: false, `\D`: false, `[^\d]`: false, ``: false,
		`\d{0,2}`: false,
	} {
		if got := banktext.RequiresDigit(expression); got != want {
			t.Errorf("%s: %v, want %v", expression, got, want)
		}
	}
}

// Every match of an expression contains one of its parts, and a digit if the expression requires one.
func FuzzPartsOfAPattern(f *testing.F) {
	for _, seed := range [][2]string{
		{`\b(?:cpf|cnpj)?\s*(\d{3})\.(\d{3})`, "cpf 123.456"}, {`(?:a|bc)(?:d|e)?f+`, "xbceff"}, {`[a-c]{2}x`, "abx"},
		{`(?:ref|fat(?:ura)?)\s?(\d+)`, "fatura 1"}, {`a(?:b?c?)d|e[fg]`, "ad eg"}, {`(?:/|-|de)\s*\d`, "2 de 3"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, expression, text string) {
		compiled, err := regexp.Compile(expression)
		if err != nil {
			t.Skip()
		}
		if compiled.MatchString(text) && !banktext.MayMatch(expression, text) {
			t.Errorf("%q matches %q, which lacks a digit or all of %q", expression, text, banktext.PartsOf(expression))
		}
	})
}
