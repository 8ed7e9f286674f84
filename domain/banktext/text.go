package banktext

import (
	"html"
	"slices"
	"strings"
	"unicode"
)

// scan is a folded text. Each kind of evidence takes its parts out of the text, one kind after another. A part that
// was taken is replaced by a blank, so that no other kind reads it again.
type scan struct {
	text       string
	known      string   // the text that contents describes
	contents   contents // those of known
	digits     bool     // the text contains a digit
	monthFirst bool     // a date begins with the month; see isMonthFirst
}

// newScan returns a scan of a folded text.
func newScan(folded string) *scan {
	folded = respell(spelledTaxes.Replace(" " + folded + " "))
	return &scan{text: folded, digits: strings.ContainsAny(folded, "0123456789")}
}

// mayMatch reports whether the text may match the pattern.
func (s *scan) mayMatch(p *pattern) bool {
	if s.known != s.text {
		s.known, s.contents = s.text, contentsOf(s.text)
	}
	return p.mayMatchContents(s.text, &s.contents)
}

// spelledTaxes joins the letters of abbreviated taxes: I.V.A. COMISIONES (BN-05), I V A POR COMISION (SM-03), I.O.F.
// (BB-17).
var spelledTaxes = strings.NewReplacer(" i.v.a. ", " iva ", " i.v.a ", " iva ", " i v a ", " iva ", " i.o.f. ", " iof ")

// entryClass matches the class of an ACH entry.
const entryClass = `(?:ppd|ccd|ctx|web|tel|arc|boc|pop|iat)`

// respellings replace forms of folded texts that hide a word or a number by forms that the other notations read.
var respellings = []struct {
	expression string // of the syntax of the package regexp
	with       string
	source     string
}{
	{`\biva: ?[\d.,]+`, " ", "Banorte: RFC: ND IVA: 000000000000.00, the tax of a wire without one"},
	{
		`\bretiro dep\.? electronico\b`, " ",
		"Banorte: RETIRO DEP. ELECTRONICO DE LA EMISORA : NOMINA, a transfer of the payer",
	},
	{`\*{4,}\d{4}\b`, " ", "BBVA: DEPOSITO EFECTIVO PRACTIC/******4471, the holder's own card"},
	{`\bno\. / ch-0*(\d)`, "$1", "Inbursa: CHEQUE PAGADO NO. / CH-0000412"},
	{`^ check $`, " cheque ", "banks of the United States: CHECK, with the number in a member"},
	{`\b(\d{1,2})o? (bim)(?:estre)?\b`, "$2 $1", "HSBC México: 5 BIM 2026, 5O BIMESTRE 2026"},
	{`\bpg ?\*ton `, "ton*", "Pagar.me and Ton: PG *TON LOJINHA"},
	{
		`\b([a-z]{2,}) ([a-z])(\d{2}/\d{2})\b`, "$1$2 $3",
		"Itaú: PIX TRANSF JOANA M12/11, a name cut at a column",
	},
	{`\bwire transfer\b`, "ted transfer", "connectors that translate TED into English"},
	{`\bcard sales\b`, "card vendas", "the same: Card sales settlement Rede Visa credit"},
	{
		`\bcheque (bloq(?:ueado)?|liberado)(?: (?:24|48|72) ?h(?:s|oras)?)?\.? +0*(\d{3,9})\b`, "$1 cheque $2",
		"Caixa: DEP CHEQUE BLOQ 24H 000871, DEP CHEQUE LIBERADO 000871",
	},
	{`\bterm(?:inal)?\s+bco\s*24\s*h\b`, "terminal", "Bradesco: SAQUE TERM BCO24H 00345678"},
	{`\b(?:caixa\s+eletronico\s+)?rede\s+24\s*h(?:oras)?\b`, " ", "SAQUE EM CAIXA ELETRONICO REDE 24 HORAS"},
	{
		`\bjuros\s+(?:s/|sobre)\s*(?:o\s+)?capital(?:\s+proprio)?`, "jcp",
		"BTG: JUROS S/ CAPITAL PROPRIO ITEX4, an income of shares",
	},
	{
		`\b(rshop|rsccs|rscss)(-.*\pL) ?-(\d{2}/\d{2})\b`, "$1$2 $3",
		"Itaú: RSHOP-SUPERM NAZA-05/09, the day of the purchase",
	},
	{
		`\b(pix (?:qrs|transf) .*) (\d{1,2})(\d{2}/\d{2})\b`, "$1 $2 $3",
		"Itaú: PIX QRS POSTO 1209/08, the end of a name and the day",
	},
	{`\bmktpl?(?:\s+(?:us|ca|mx|br|uk))?\b`, "marketplace", "AMZN Mktp US*2K4TR19P0, AMAZON MKTPL*RT4TR19P0"},
	{`\* ?viagem\b`, "*trip", "connectors that translate UBER *TRIP"},
	{`\btelephone bill (?:payment|pmt)\b`, "bill payment", "Royal Bank of Canada: Telephone Bill Payment"},
	{`\baplpay\b`, " ", "American Express: AplPay BISTRO EXAMPLE"},
	{`(#\d{3,5}) {2,}f ?$`, "$1 interacflash", "TD Canada Trust: EXAMPLE DONUTS #3381   _F, without a PIN"},
	{`(#\d{3,5}) {2,}v ?$`, "$1 visadebit", "the same: _V, another way to pay with the card"},
	{`\bemail transfer\b`, "e-transfer", "Royal Bank of Canada: Email Transfer - ANNE V - 9KQ2ZT"},
	{`\biof (?:incluso|incluido|incl)\b`, " ", "C6 Bank: EXAMPLE PREMIUM US$ 10,00 IOF INCLUSO"},
	{`\bmobile purchase\b`, "purchase", "Bank of America: EXAMPLE GROCERY #0412 MOBILE PURCHASE"},
	{`\bvisa electron brasil\b`, "visa electron", "Bradesco: DEBITO VISA ELECTRON BRASIL 12/05 METRO RIO"},
	{`\bremuneracao/salario\b`, "salario", "Itaú: REMUNERACAO/SALARIO"},
	{`\b13[oa]?\.? ?sal\b`, "13 salario", "CRED.13o SAL. 1a PARC"},
	{
		`\bsuc(?:ursal)? virt(?:ual)?\b`, " ",
		"Bancolombia: TRANSFERENCIA CTA SUC VIRTUAL (f70374338232)",
	},
	{
		`\b(?:em )?canais internet\b`,
		" ",
		"Santander: PAGAMENTO DARF EM CANAIS INTERNET",
	},
	{`\bfgts saque\b`, "fgts", "Caixa: CREDITO FGTS SAQUE ANIVERSARIO"},
	{`\bcons (.*\bgr(?:upo)? \d)`, "consorcio $1", "CONS MARE ALTA GR 1042 CT 117"},
	{`\bconsorcios\b`, "consorcio", "Banco do Brasil: BB CONSORCIOS GR 4412 CT 087"},
	{
		`\bgr(?:upo)?[ .:]*(\d{2,6})[ ./,-]*(?:cota|quota|cta|ct)[ .:]*(\d{1,5})\b`, "grupo $1 cota $2",
		"GRUPO 4412 COTA 087, GR 4412 CT 087, GR.4412/CT.087",
	},
	{
		`\bgrupo/cota[ .:]*(\d{2,6})[ ./-]+(\d{1,5})\b`, "grupo $1 cota $2",
		"administrators of consórcios: GRUPO/COTA 4412/087",
	},
	{`(\d{6})getnet\b`, "$1 getnet", "Santander: 350834GETNET-VISA"},
	{`\bdb0*(\d{7,10})\b`, "debito $1", "IT-15: REDE VISA DB0102737975"},
	{`\bcd0*(\d{7,10})\b`, "credito $1", "IT-15: REDE VISA CD0102737975"},
	{`\bat(\d{7,10})\b`, "credito at$1", "Itaú: REDE VISA AT0085868531, a payout of credit sales"},
	{`\bciel\b`, "cielo", "Itaú: CIEL MC CD"},
	{
		`\b(visa|master|mast|elo|mc) (cd|db) (\d{7,})`, "vendas $1 $2 $3",
		"CREDENCIADORA VISA CD 0011223344, a payout",
	},
	{
		`\bcdb pos(?:[- ]?fixado)?\b`, "cdb di",
		"APLICACAO CDB POS: its rate follows the index DI",
	},
	{
		`\bipva ([a-z]{2})([a-z]{3}\d[a-z0-9]\d{2})(?:parc(\d{2})|\b)`,
		"ipva $1 $2 parc $3", "Itaú: INT IPVA SPTKY5B58PARC02",
	},
	{
		`(?:\+?\b55 ?)?\(?\b0?(\d{2})\)? ?(9\d{4})-(\d{4})\b`, "$1$2$3",
		"Anatel, numbers of mobile telephones: 011 99999-0001, (11) 99999-0001",
	},
	// The labels of an ACH entry. The description has ten characters, and the next label follows it without a blank.
	{
		`sec:\s*` + entryClass + `\b|\b` + entryClass + `\s+id:`, " ",
		"Nacha, standard entry class codes; Chase: LIPA ONLINE PAY 7585052 WEB ID: 1161003014",
	},
	{
		`(?:ind name|indn):[a-z ,.&-]*:?\s*(\w*)(?:\s+` + entryClass + `\b)?`, " $1 ",
		"the account's own holder; Bank of America: DES:PAYROLL ID:XXXXX55511 INDN:DOE JOHN CO ID:XXXXX12345 PPD",
	},
	{
		`\bco id:\s*(\w+)\s+` + entryClass + `\b`, " $1 ",
		"Bank of America: WEX INC DES:FLEET DEBI ID:9100004821 CO ID:1841425616 CCD",
	},
	{
		`(?:orig co name|co entry descr|orig id|ind id|co id|trace ?#?):`, " ",
		"Chase: ORIG CO NAME:LIPA CO ENTRY DESCR:ONLINE PAYSEC:WEB IND ID:7585052 ORIG ID:1161003014",
	},
	{`(?:desc date|eed):\s*\d*`, " ", "Chase: DESC DATE:241105 … EED:241105"},
	{
		`\b(?:recurring )?(payment|purchase) (?:return )?authorized on (\d{2}/\d{2})\b`, "card $1 $2",
		"Wells Fargo: RECURRING PAYMENT AUTHORIZED ON 11/07 NETFLIX.COM",
	},
	{`\bcheckcard (\d{2})(\d{2})\b`, "card $1/$2", "Bank of America: CHECKCARD 1124 SHELL OIL"},
	{
		`\bcheck (?:paid )?(?:# ?|no\.? ?|number )?(\d{3,9})\b`, "cheque $1",
		"Chase: CHECK # 1032, CHECK 1051 11/12",
	},
}

// respellingPatterns are the expressions of respellings.
var respellingPatterns = func() []*pattern {
	patterns := make([]*pattern, len(respellings))
	for i := range respellings {
		patterns[i] = compile(respellings[i].expression)
	}
	return patterns
}()

// respell returns the folded text with the respellings.
func respell(folded string) string {
	of := contentsOf(folded)
	for i, pattern := range respellingPatterns {
		if pattern.mayMatchContents(folded, &of) {
			folded = pattern.ReplaceAllString(folded, respellings[i].with)
			of = contentsOf(folded)
		}
	}
	return folded
}

// take calls the function read with the submatches of each match of the pattern. If read returns true, take removes
// the match from the text. A text without digits is skipped, so take is only for notations that contain a digit; see
// takeWords for the others.
func (s *scan) take(pattern *pattern, read func(groups []string) bool) {
	if !s.digits {
		return
	}
	s.takeWords(pattern, read)
}

// takeWords is like take, but it does not skip a text without digits.
func (s *scan) takeWords(pattern *pattern, read func(groups []string) bool) {
	if !s.mayMatch(pattern) {
		return
	}
	found := pattern.FindAllStringSubmatchIndex(s.text, -1)
	if found == nil {
		return
	}
	// A pattern may begin or end with a group that matches the boundary of the notation, because \b does not separate
	// a letter from a digit. The boundary is no part of the notation and stays in the text.
	before, after := strings.HasPrefix(pattern.String(), "(^|"), strings.Contains(pattern.String(), "($|")
	var kept strings.Builder
	last := 0
	for _, at := range found {
		start, end := at[0], at[1]
		if before {
			start = at[3]
		}
		if after {
			end = at[len(at)-2]
		}
		groups := make([]string, len(at)/2)
		for i := range groups {
			if at[2*i] >= 0 {
				groups[i] = s.text[at[2*i]:at[2*i+1]]
			}
		}
		if read(groups) {
			kept.WriteString(s.text[last:start])
			kept.WriteString(" ")
			last = end
		}
	}
	kept.WriteString(s.text[last:])
	s.text = kept.String()
}

// unaccent maps accented letters of Portuguese and Spanish to plain letters, the bullets of masked numbers to an
// asterisk, and separators to a blank.
var unaccent = func() map[rune]rune {
	letters := map[rune]rune{
		'•':      '*',
		'●':      '*',
		'∙':      '*',
		'·':      '*',
		'ª':      ' ',
		'º':      ' ',
		'°':      ' ',
		'\u00a0': ' ',
		'|':      ' ',
		'¦':      ' ',
		'"':      ' ',
		'“':      ' ',
		'”':      ' ',
		'\'':     ' ',
		'’':      ' ',
		'–':      '-',
		'—':      '-',
		'_':      ' ',
		'\t':     ' ',
		'\n':     ' ',
		'\r':     ' ',
	}
	plain := []rune("aaaaaaceeeeiiiinooooouuuuyy")
	for i, letter := range []rune("áàâãäåçéèêëíìîïñóòôõöúùûüýÿ") {
		letters[letter] = plain[i]
	}
	return letters
}()

// windows1252 maps characters to their bytes in Windows-1252, from 0x80 to 0x9f. It contains only the bytes that can
// be the second byte of a Portuguese or Spanish letter in UTF-8.
var windows1252 = map[rune]rune{
	'€': 0x80, '‚': 0x82, 'ƒ': 0x83, '„': 0x84, '…': 0x85, '†': 0x86, '‡': 0x87, 'ˆ': 0x88, '‰': 0x89, 'Š': 0x8a,
	'‹': 0x8b, 'Œ': 0x8c, 'Ž': 0x8e, '‘': 0x91, '’': 0x92, '“': 0x93, '”': 0x94, '•': 0x95, '–': 0x96, '—': 0x97,
	'˜': 0x98, '™': 0x99, 'š': 0x9a, '›': 0x9b, 'œ': 0x9c, 'ž': 0x9e, 'Ÿ': 0x9f,
}

// decodedTwice matches a letter whose two bytes of UTF-8 were read as two characters: CrÃ©dito (f70164955003).
var decodedTwice = compile(
	`[ÂÃ][\x{80}-\x{bf}€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]`)

// markLost replaces the question marks within words by U+FFFD. They stand for letters that were lost: B?N??O.
func markLost(text string) string {
	runes := []rune(text)
	last := -1 // the last rune that is no question mark
	for i, r := range runes {
		if r == '?' {
			continue
		}
		for lost := last + 1; last >= 0 && lost < i && unicode.IsLetter(runes[last]) && unicode.IsLetter(r); lost++ {
			runes[lost] = unicode.ReplacementChar
		}
		last = i
	}
	return string(runes)
}

// repair corrects letters that were decoded with a wrong encoding, and decodes HTML entities (C&amp;A). Exports of
// banks contain both.
func repair(text string) string {
	if strings.Contains(text, "&") && strings.Contains(text, ";") {
		text = html.UnescapeString(text)
	}
	if strings.Contains(text, "?") {
		text = markLost(text)
	}
	if strings.ContainsAny(text, "ÂÃ") {
		text = decodedTwice.ReplaceAllStringFunc(text, func(pair string) string {
			r := []rune(pair)
			if b, ok := windows1252[r[1]]; ok {
				r[1] = b
			}
			return string(r[0]&0x1f<<6 | r[1]&0x3f)
		})
	}
	return text
}

// Fold returns the text in lower case and without accents. Combining accents are left out. A character that was lost in
// a wrong encoding stays U+FFFD, which equals any letter (see SameWord).
func Fold(text string) string {
	text = repair(text)
	return strings.Map(func(r rune) rune {
		if r < unicode.MaxASCII {
			if r >= 'A' && r <= 'Z' {
				return r + 'a' - 'A'
			}
			if r != '"' && r != '\'' && r != '|' && r != '_' && r >= ' ' {
				return r
			}
		}
		r = unicode.ToLower(r)
		if plain, ok := unaccent[r]; ok {
			return plain
		}
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, string(unicode.ReplacementChar)))
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

// IsNumber reports whether the text consists of digits only; false for "".
func IsNumber(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}

// DigitsOf returns the digits of the text.
func DigitsOf(text string) string {
	return strings.Map(func(r rune) rune {
		if isDigit(r) {
			return r
		}
		return -1
	}, text)
}

// TrimZeros removes leading zeros. A text of zeros only becomes "0".
func TrimZeros(text string) string {
	if trimmed := strings.TrimLeft(text, "0"); trimmed != "" || text == "" {
		return trimmed
	}
	return "0"
}

// wordSet returns the set of the words of the text.
func wordSet(words string) map[string]bool {
	set := map[string]bool{}
	for word := range strings.FieldsSeq(words) {
		set[word] = true
	}
	return set
}

// Add appends the value to the list if it is neither empty nor contained in it.
func Add(list []string, value string) []string {
	if value == "" || slices.Contains(list, value) {
		return list
	}
	return append(list, value)
}
