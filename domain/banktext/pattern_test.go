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
		`(?:(?:ab)+|cd+)\d`:                 {"ab", "c"},
		`(?:a+|\d+)`:                        nil,
		`(?:ab){0,2}\d`:                     nil,
		`(?:[ab]|cd)x`:                      {"ax", "bx", "cdx"},
		`\d[a-z]*(?:ab|c)\d*defg`:           {"defg"},
		`(?:ab){2}`:                         {"ab"},
		`13[oa]?sal`:                        {"13sal", "13asal", "13osal"},
		`\d+ab?c`:                           {"ac", "abc"},
		`\d+(?:abc|d)\d+ef`:                 {"ef"},
	} {
		if parts := banktext.PartsOf(expression); !slices.Equal(parts, want) {
			t.Errorf("%s: %q, want %q", expression, parts, want)
		}
	}
}

// A text is ruled out if it lacks a part, a character or a digit that each match contains.
func TestTextsWithoutWhatAPatternNeedsAreRuledOut(t *testing.T) {
	for _, c := range []struct {
		expression, text string
		want             bool
	}{
		{`a+b+`, "aaa", false}, {`a+b+`, "ab", true}, {`(?i)ab`, "AB", true}, {`(?:xa|xb)`, "x a", false},
		{`\d{3}`, "12", false}, {`\d{3}`, "a1b2c3", true}, {`(?:ab|ac)d`, "abd", true}, {`(?:bc){0,2}a+`, "a", true},
		{`abc`, "ab bc", false}, {`abc`, "xabc", true},
		{`(?:1\d+|\d+1)`, "22", false},
		{`(?:1\d+|\d+1)`, "21", true}, {`(?:a+|b+)c+`, "bc", true}, {`(?:a+|b+)c+`, "b", false},
		{`(?:z+){2}a+`, "a", false}, {`é+a`, "a", false},
	} {
		if got := banktext.MayMatch(c.expression, c.text); got != c.want {
			t.Errorf("%s and %q: %t", c.expression, c.text, got)
		}
	}
}

func TestDigitsOfAPattern(t *testing.T) {
	for expression, want := range map[string]int{
		`\b\d{11}\b`: 11, `[a-z]+\d`: 1, `(?:ab|c)?([1-3])`: 1, `(?:rede|24) ?h`: 0, `24h|\d+`: 1, `a7`: 1, `\d*`: 0,
		`\d?x`: 0, `(?:\d{2})+x`: 2, `[0-9a]`: 0, `\D`: 0, `[^\d]`: 0, ``: 0, `\d{0,2}`: 0, `\d{2}/20\d\d|\d{5}`: 5,
		`(\d{3}){2,4}`: 6,
	} {
		if got := banktext.MinDigits(expression); got != want {
			t.Errorf("%s: %d, want %d", expression, got, want)
		}
	}
}

// Every match of an expression contains one of its parts, and as many digits as the expression requires.
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
			t.Errorf("%q matches %q, which lacks digits or all of %q", expression, text, banktext.PartsOf(expression))
		}
	})
}

// A pattern has at most 48 parts, because the search for many parts would be slower than the pattern.
func TestTheNumberOfPartsOfAPattern(t *testing.T) {
	for expression, want := range map[string]int{
		`[\x{100}-\x{12f}]`: 48, `[\x{100}-\x{130}]`: 0, // one character each
		`[a-f][a-h]`: 48, `[a-g][a-g]`: 7, // two letters, or the first one only
	} {
		if parts := banktext.PartsOf(expression); len(parts) != want {
			t.Errorf("%s: %d parts, want %d: %q", expression, len(parts), want, parts)
		}
	}
}
