package settings_test

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/LerianStudio/aggregator-connections/adapters/sink/settings"
	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/test/kit/pace"
)

func TestTheSecretsInAnAnswerAreHidden(t *testing.T) {
	secrets := []domain.Secret{domain.SecretText("Bearer canary"), domain.SecretText("whsec_canary"), {}}
	got := string(settings.WithoutSecrets([]byte("you sent Bearer canary, whsec_canary"), false, secrets))
	if got != "you sent …, …" {
		t.Errorf("the answer is %q", got)
	}
}

// A body that is cut may end with the beginning of a secret.
func TestACutAnswerShowsNoPartOfASecret(t *testing.T) {
	const canary = "canary-0123456789"
	for cut := range len(canary) {
		got := settings.WithoutSecrets(
			[]byte("echo: "+canary+" "+canary[:cut]),
			true,
			[]domain.Secret{domain.SecretText(canary)},
		)
		if strings.Contains(string(got), "can") {
			t.Errorf("the answer shows %q", got)
		}
	}
}

// escapes are the ways in which a server writes a text that it repeats.
var escapes = map[string]func(string) string{
	"as it is": func(s string) string { return s },
	"query":    url.QueryEscape,
	"path":     url.PathEscape,
	"lower case query": func(s string) string {
		return regexp.MustCompile("%..").ReplaceAllStringFunc(url.QueryEscape(s), strings.ToLower)
	},
	"each byte in the path": func(s string) string {
		return regexp.MustCompile("..").ReplaceAllString(hex.EncodeToString([]byte(s)), "%$0")
	},
	"HTML": html.EscapeString,
	"each character in HTML": func(s string) (all string) {
		for _, r := range s {
			all += fmt.Sprintf("&#x%X;", r)
		}
		return all
	},
	"JSON": func(s string) string {
		quoted, _ := json.Marshal(s)
		return string(quoted[1 : len(quoted)-1])
	},
	"each character in JSON": func(s string) (all string) {
		for _, unit := range utf16.Encode([]rune(s)) {
			all += fmt.Sprintf(`\u%04x`, unit)
		}
		return all
	},
	"PHP's JSON": func(s string) string { return strings.NewReplacer(`\`, `\\`, "/", `\/`).Replace(s) },
}

// recodings are other texts from which a secret can be read.
var recodings = map[string]func(string) string{
	"as it is":              func(s string) string { return s },
	"upper case":            strings.ToUpper,
	"lower case":            strings.ToLower,
	"hex":                   func(s string) string { return hex.EncodeToString([]byte(s)) },
	"upper case hex":        func(s string) string { return strings.ToUpper(hex.EncodeToString([]byte(s))) },
	"base64":                func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	"base64 of a URL":       func(s string) string { return base64.URLEncoding.EncodeToString([]byte(s)) },
	"base64 not padded":     func(s string) string { return base64.RawStdEncoding.EncodeToString([]byte(s)) },
	"short base64 of a URL": func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) },
}

// checkEcho fails if the repetition of a text is shown, or if a part of it is after any cut.
func checkEcho(t *testing.T, secret, text, recoding, inner, outer string) {
	t.Helper()
	const before, after = "<<< ", " >>>"
	all := []domain.Secret{domain.SecretText(secret)}
	repeat := func(part string) string { return escapes[outer](escapes[inner](part)) }
	recoded := recodings[recoding](text)
	check := func(echo, end string, cut bool) {
		got := string(settings.WithoutSecrets([]byte(before+echo+end), cut, all))
		if got != before+"…"+end {
			t.Fatalf("%q, %s, %s, %s: %q of %q is shown as %q", secret, recoding, inner, outer, text, echo, got)
		}
	}
	echo := repeat(recoded)
	check(echo, after, false)
	if inner != outer { // for the time of the test
		return
	}
	_, size := utf8.DecodeRuneInString(recoded)
	for cut := len(repeat(recoded[:size])); cut < len(echo); cut += 1 + cut/8 {
		check(echo[:cut], "", true)
	}
}

// A receiver seldom repeats a header as it is. It names what it has taken from the header, in an encoding of its own.
func TestEachPartOfAHeaderIsHiddenInEachEncoding(t *testing.T) {
	basic := func(login string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(login)) }
	for _, tc := range []struct{ header, text string }{
		{"Bearer TopSecretAuth123", "TopSecretAuth123"},
		{"Bearer TopSecretAuth123", "Bearer TopSecretAuth123"},
		{"ApiKey four", "four"},
		{"Token token=\"Top/Secret+Auth\", id=7", "Top/Secret+Auth"},
		{"key_1234, key_5678", "key_5678"},
		{"tenant;secret=Canary<&>", "Canary<"},
		{"sid=Canary-77==", "sid=Canary-77=="},
		{basic("user:pa&ss/wörd"), "user:pa&ss/wörd"},
		{basic("user:pa&ss/wörd"), "pa&ss/wörd"},
		{basic("user:pass:word"), strings.TrimPrefix(basic("user:pass:word"), "Basic ")},
		{"Canary 100% \"quoted\" \\ <b>", "Canary 100% \"quoted\" \\ <b>"},
		{"Canary%2Fvalue", "Canary/value"},
		{"senha-do-João", "senha-do-João"},
		{base64.StdEncoding.EncodeToString([]byte("canary-canary-canary")), "canary-canary-canary"},
	} {
		for recoding := range recodings {
			for inner := range escapes {
				for outer := range escapes {
					checkEcho(t, tc.header, tc.text, recoding, inner, outer)
				}
			}
		}
	}
}

// inUTF16 returns the text in UTF-16 of either byte order.
func inUTF16(text string) map[string][]byte {
	both := map[string][]byte{}
	for _, unit := range utf16.Encode([]rune(text)) {
		both["little"] = binary.LittleEndian.AppendUint16(both["little"], unit)
		both["big"] = binary.BigEndian.AppendUint16(both["big"], unit)
	}
	return both
}

// A receiver on Windows may repeat a header in UTF-16. A reader of the answer sees the text without the NUL bytes.
func TestASecretInUTF16IsHidden(t *testing.T) {
	const secret, after = "Bearer Top/Secret+Jo\u00e3o", " end"
	shown := func(body []byte, cut bool) string {
		got := settings.WithoutSecrets(body, cut, []domain.Secret{domain.SecretText(secret)})
		return strings.ReplaceAll(string(got), "\x00", "")
	}
	for recoding, recoded := range recodings {
		for escape, escaped := range escapes {
			echo := escaped(recoded(secret))
			for order, body := range inUTF16("you sent " + echo + after) {
				if got := shown(body, false); got != "you sent …"+after {
					t.Errorf("%s, %s, %s: %q", recoding, escape, order, got)
				}
				first, last := 2*len("you sent ")+2*len(escaped(recoded("B"))), len(body)-2*len(after)
				for cut := first; cut < last; cut += 1 + cut/16 {
					if got := shown(body[:cut], true); got != "you sent …" {
						t.Fatalf("%s, %s, %s, cut: %q", recoding, escape, order, got)
					}
				}
			}
		}
	}
	for order, text := range inUTF16("Top/Secret+João") { // UTF-16 of which each byte is escaped
		body := escapes["each byte in the path"](string(text))
		if got := shown([]byte(body), false); strings.ReplaceAll(got, "%00", "") != "…" {
			t.Errorf("%s in a path: %q", order, got)
		}
	}
	for _, tc := range []struct{ secret, body, want string }{
		{"n", "a banana, n", "a …, …"},
		{"n", "id 6e0b, key 6e", "id 6e0b, key …"},
	} {
		for order, body := range inUTF16(tc.body) {
			got := settings.WithoutSecrets(body, false, []domain.Secret{domain.SecretText(tc.secret)})
			if text := strings.ReplaceAll(string(got), "\x00", ""); text != tc.want {
				t.Errorf("%q, %s: %q is shown as %q", tc.secret, order, tc.body, text)
			}
		}
	}
}

// A value in base64 may have NUL bytes. What a receiver reads from it is hidden all the same.
func TestASecretWithNULBytesIsHidden(t *testing.T) {
	const value = "canary\x00canary"
	secret := domain.SecretText(base64.StdEncoding.EncodeToString([]byte(value)))
	got := settings.WithoutSecrets([]byte("key "+value+"."), false, []domain.Secret{secret})
	if string(got) != "key …." {
		t.Errorf("%q is shown as %q", value, got)
	}
}

// A log of a request in base64 contains the secret at any place of a group of three bytes.
func TestASecretInABase64TextIsHidden(t *testing.T) {
	const canary = "Bearer TopSecretAuth123"
	for _, before := range []string{"", "x", "xx", "xxx"} {
		body := base64.StdEncoding.EncodeToString([]byte(before + "TopSecretAuth123" + "\r\nHost: x"))
		got := string(settings.WithoutSecrets([]byte(body), false, []domain.Secret{domain.SecretText(canary)}))
		if !strings.Contains(got, "…") || len(got) > len(body)-16 {
			t.Errorf("%q is shown as %q", body, got)
		}
	}
}

func TestAShortSecretHidesWholeWords(t *testing.T) {
	for _, tc := range []struct{ secret, body, want string }{
		{"n", "a banana, n, N and bg==", "a …, …, … … …"},
		{"Basic dTpu", "a banana", "a …"},
		{"Token n", "not a banana", "… a …"},
		{"n", "id 6e0b, key 6e", "id 6e0b, key …"},
		{"7", "error 17: ba%37 value 8", "error …: … value 8"},
		{"", "a banana", "a banana"},
		{"!", "done! a!b", "… …"},
	} {
		got := string(settings.WithoutSecrets([]byte(tc.body), false, []domain.Secret{domain.SecretText(tc.secret)}))
		if got != tc.want {
			t.Errorf("%q: %q is shown as %q, want %q", tc.secret, tc.body, got, tc.want)
		}
	}
}

func TestOrdinaryAnswersAreShown(t *testing.T) {
	secrets := []domain.Secret{
		domain.SecretText("Bearer TopSecretAuth123"), domain.SecretText("whsec_Y2FuYXJ5Y2FuYXJ5"),
	}
	for _, body := range []string{
		`{"error":"invalid bearer token","code":"auth\u002f1"}`,
		"100% of 5+5 &amp; more \\ path C:\\users", "", "\xff\xfe%",
		`\ud83d`, `\ud83d\u`, `&#;&#x;&nosuch;`,
	} {
		if got := string(settings.WithoutSecrets([]byte(body), false, secrets)); got != body {
			t.Errorf("%q is shown as %q", body, got)
		}
	}
}

// A hostile receiver must not decide how long its answer is read. A webhook keeps twice as much of an answer.
func TestAHostileAnswerIsReadInBoundedTime(t *testing.T) {
	secrets := []domain.Secret{
		domain.SecretText("1"), domain.SecretText("Bearer " + strings.Repeat("a", 4000)),
		domain.SecretText("a=b;c=deeeeee"),
	}
	for _, piece := range []string{
		"1", "a", "31", "%2531+&amp;#49;\\u0031 ", "%25", "&amp;", `\\`, "\x00", "1\x00 \x00", "%00",
	} {
		body := []byte(strings.Repeat(piece, (2<<10)/len(piece)))
		pace.Within(t, 10*time.Second, func() time.Duration {
			started := time.Now()
			settings.WithoutSecrets(body, true, secrets)
			return time.Since(started)
		})
	}
}

func FuzzNoSecretIsShown(f *testing.F) {
	for i, canary := range []string{"TopSecretAuth123", `a\u0041%41&amp;`, "Grün+ß", "++++"} {
		f.Add(canary, uint16(i*i*i*7))
	}
	recodingNames, escapeNames := slices.Sorted(maps.Keys(recodings)), slices.Sorted(maps.Keys(escapes))
	f.Fuzz(func(t *testing.T, canary string, choice uint16) {
		if n := utf8.RuneCountInString(canary); n < 4 || n > 64 || !utf8.ValidString(canary) ||
			strings.ContainsFunc(canary, func(r rune) bool {
				length, lower, upper := utf8.RuneLen(r), unicode.ToLower(r), unicode.ToUpper(r)
				return r <= ' ' || unicode.IsSpace(r) || unicode.ToLower(upper) != lower ||
					utf8.RuneLen(lower) != length || utf8.RuneLen(upper) != length
			}) {
			t.Skip("no value of a header, or a character with unusual cases")
		}
		pick := func(names []string) string {
			name := names[int(choice)%len(names)]
			choice /= uint16(len(names))
			return name
		}
		scheme := pick([]string{"", "Bearer ", "Token ", "Other "})
		text := canary
		if scheme == "Other " && utf8.RuneCountInString(canary) < 6 {
			text = scheme + canary
		}
		checkEcho(t, scheme+canary, text, pick(recodingNames), pick(escapeNames), pick(escapeNames))
	})
}
