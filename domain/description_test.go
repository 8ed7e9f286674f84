package domain_test

import (
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/LerianStudio/aggregator-connections/domain"
)

func TestStripDescriptionKeepsOnlyWhatIsStable(t *testing.T) {
	for in, want := range map[string]string{
		"Padaria do Zé":                         "padaria do ze",
		"PADARIA  DO-ZE, LTDA.":                 "padaria do ze ltda",
		"Ação, Señor, Über, ÇÃO":                "acao senor uber cao",
		"Sa\u0303o Joa\u0303o":                  "sao joao",
		"PAG*JoseDaSilva":                       "josedasilva",
		"MERCADOPAGO *LOJA":                     "loja",
		"Mercado Pago * Loja":                   "loja",
		"MERCADO PAGO":                          "mercado pago",
		"MERCADO PAGO LOJA":                     "mercado pago loja",
		"IFD*Restaurante Bom":                   "restaurante bom",
		"UBER *TRIP":                            "uber trip",
		"GOOGLE*YOUTUBE":                        "google youtube",
		"PAG LOJA":                              "pag loja",
		"SAQUE 24H NSU 123456":                  "saque 24h",
		"SAQUE NSU: 12":                         "saque",
		"TED DOC 998877 JOAO":                   "ted joao",
		"DOC ENVIADO JOAO":                      "doc enviado joao",
		"COMPRA AUT. 9X12 LOJA":                 "loja",
		"LOJA CARTAO FINAL 8670":                "loja",
		"LOJA CARTAO 8670":                      "loja cartao",
		"LOJA FINAL":                            "loja final",
		"LOJA COD AUT 9X LOJA":                  "loja loja",
		"COD AUT":                               "cod aut",
		"COD LOJA 9X":                           "cod loja 9x",
		"LOJA AUT9X":                            "loja",
		"LOJA 0A1B2C":                           "loja",
		"LOJA 0A1B2":                            "loja 0a1b2",
		"LOJA 0A1BCD":                           "loja 0a1bcd",
		"SUPER365 BANCO24HORAS BR116":           "super365 banco24horas br116",
		"FARMACIA365X":                          "farmacia365x",
		"LOJA 123":                              "loja 123",
		"LOJA 1234":                             "loja",
		"LOJA A1B2C3D4":                         "loja",
		"99APP VIAGEM":                          "99app viagem",
		"LOJA PARC 02/10":                       "loja",
		"LOJA PARC02/10":                        "loja",
		"LOJA PARCELA 2 DE 10":                  "loja",
		"LOJA PARCELA UNICA":                    "loja parcela unica",
		"LOJA PARCELA 2 DE MARIA":               "loja parcela 2 de maria",
		"LOJA MSI 3 DE 12":                      "loja",
		"PARCELA":                               "parcela",
		"PARCELA 2 DE":                          "parcela 2 de",
		"LOJA PARC 0/10":                        "loja parc",
		"LOJA PARC 1/0":                         "loja parc",
		"DROGARIA SAO PAULO01/03":               "drogaria sao paulo",
		"DROGARIA SAO PAULO01/03/2026":          "drogaria sao paulo",
		"PIX TRANSF MARIA 02/10/26 14:32:01":    "pix transf maria",
		"PIX TRANSF MARIA 02/10/2":              "pix transf maria",
		"PIX MARIA 14:32":                       "pix maria",
		"PIX 111.222.333-44 MARIA":              "pix maria",
		"PIX 11.222.333/0001-44 LOJA":           "pix loja",
		"COMPRA CARTAO DEBITO VISA PADARIA":     "padaria",
		"COMPRA NO CARTAO":                      "compra no cartao",
		"COMPRA":                                "compra",
		"PENDENTE LOJA":                         "loja",
		"LOJA - PENDIENTE":                      "loja",
		"12345678":                              "12345678",
		"NSU 123456":                            "nsu 123456",
		"":                                      "",
		" * ":                                   "*",
		"PIX E00000000202611101412ABCDEFGHIJK":  "pix",
		"PIX F00000000202611101412ABCDEFGHIJ":   "pix",
		"1ª VIA Nº 3":                           "1 via n 3",
		"PIX D00000000202611101412ABCDEFGHIJK":  "pix",
		"/12":                                   "12",
		"LOJA 1/":                               "loja 1",
		"LOJA 1/A":                              "loja 1 a",
		"A/B:C":                                 "a b c",
		"LOJA 1/2/3":                            "loja 1/2/3",
		"LOJA 1:2:3:4":                          "loja",
		"SEVEN BUDDHAS RFC:XXXXXXXXXX":          "seven buddhas rfc xxxxxxxxxx",
		"SPEI ENVIADO FOLIO 0099 REF 12 NOMINA": "spei enviado nomina",
		"SPEI A BBVA CLAVE DE RASTREO BNET01":   "spei a bbva",
		"SPEI A BBVA CLAVE RASTREO BNET01":      "spei a bbva clave",
		"LOJA DE RASTREO":                       "loja de rastreo",
		"LOJA CLAVE DE RASTREO":                 "loja clave de rastreo",
		"LOJA DA RUA DE RASTREO BNET01":         "loja da rua de",
		"NETFLIX.COM":                           "netflix com",
		"a\xffb":                                "a b",
	} {
		if got := domain.StripDescription(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func TestTextSimilarityIsTheShareOfCommonTrigrams(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want float64
	}{
		{"", "", 0},
		{"abc", "", 0},
		{"...", "...", 0},
		{"abc", "abc", 1},
		{"ABC", "ábç", 1},
		{"abc", "xyz", 0},
		{"abc", "abd", 2.0 / 6},       // 2 of 6 trigrams: "  a", " ab"
		{"abc", "abc abc", 1},         // each trigram counts once
		{"abc def", "def, abc", 1},    // the order of words does not matter
		{"a", "b", 0},                 // no trigram in common
		{"loja a", "loja b", 5.0 / 9}, // 5 of 9 trigrams are common: the trigrams of "loja"
	} {
		if got := domain.TextSimilarity(c.a, c.b); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%q and %q: %v, want %v", c.a, c.b, got, c.want)
		}
		if got := domain.TextSimilarity(c.b, c.a); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%q and %q: %v, want %v", c.b, c.a, got, c.want)
		}
	}
}

// hostile returns difficult texts of up to 4096 bytes, the maximum length of a result of CleanText.
func hostile() []string {
	texts := []string{"", "a\xffb", "PAG*", "PARC 1/2 PARC", "e" + strings.Repeat("0", 31)}
	for _, part := range []string{"*", "1/", "a1", "1:", "\u0301", "á", "PARC 1 DE ", "NSU 1 ", "\xff", "𝔘 ", "1.1-"} {
		texts = append(texts, strings.Repeat(part, 4096/len(part)))
	}
	return texts
}

func FuzzStripDescription(f *testing.F) {
	for _, seed := range append(hostile(), "COMPRA CARTAO 02/10 PAG*JOAO 111.222.333-44 14:32 NSU 1") {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := domain.StripDescription(text)
		if !utf8.ValidString(got) || strings.TrimSpace(got) != got || strings.Contains(got, "  ") {
			t.Fatalf("%q became %q, which is no list of words", text, got)
		}
		if upper := domain.StripDescription(
			strings.ToUpper(got),
		); isASCII(text) &&
			upper != domain.StripDescription(got) {
			t.Fatalf("%q depends on its case: %q", got, upper)
		}
	})
}

func isASCII(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf })
}

func FuzzTextSimilarity(f *testing.F) {
	for _, seed := range hostile() {
		f.Add(seed, "PADARIA DO ZE")
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		got := domain.TextSimilarity(a, b)
		if got < 0 || got > 1 || math.IsNaN(got) || got != domain.TextSimilarity(b, a) {
			t.Fatalf("%q and %q have the similarity %v, in the other order %v", a, b, got, domain.TextSimilarity(b, a))
		}
		if self := domain.TextSimilarity(a, a); self != 0 && self != 1 {
			t.Fatalf("%q is similar to itself by %v", a, self)
		}
	})
}
