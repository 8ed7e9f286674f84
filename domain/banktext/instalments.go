package banktext

import (
	"strconv"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// The forms in which banks print an instalment. Sources: NU-16 (Parcela 1/6), IT-26 (03/12), MX-01 (MSI 02/06), BB-07
// (006/006), and the forms in section 1 of the bank texts: 002/010, 02-10, 2 de 10, 05DE08, P06-10, 02 DE 03.
var instalmentNotations = []*pattern{
	compile(`\b(?:parc(?:ela(?:do|mento)?)?|prest(?:acao)?|cuota|mens(?:ualidad)?|msi|pgto parc)` +
		`\s*[.:#-]*\s*(\d{1,3})\s*(?:/|-|de)\s*(\d{1,3})\b`),
	compile(`\b(\d{1,3})\s*(?:/|-|de)\s*(\d{1,3})\s*(?:msi|meses|mensualidades|parcelas|parc|cuotas)\b`),
	compile(`\(\s*(\d{1,3})\s*(?:/|-|de)\s*(\d{1,3})\s*\)`),
	compile(`\bp(\d{2})-(\d{2})\b`),
	compile(`\bc\.\s?(\d{2})/(\d{2})\b`), // BBVA Argentina: C.03/06
	compile(`\b(\d{1,3})\s*de\s*(\d{1,3})\b`),
	compile(`\b(\d{3})/(\d{3})m?\b`),
	compile(`\b(0\d)-(\d{2})\b`),
}

// withoutInterest matches the words for interest-free instalments. Their word for interest must not be read as the
// operation Interest.
var withoutInterest = compile(
	`\b(?:a\s+)?(?:meses|cuotas|parcelas)\s+(?:sin\s+interes(?:es)?|sem\s+juros)\b`,
)

// maxInstalments is the maximum number of instalments: a mortgage of 40 years.
const maxInstalments = 480

// takeInstalment returns the number and the count of the first instalment in the text. Any other fraction may be a
// date; see takeFractions.
func takeInstalment(s *scan) (number, count int) {
	for _, notation := range instalmentNotations {
		s.take(notation, func(groups []string) bool {
			first, last := Atoi(groups[1]), Atoi(groups[2])
			if first == 0 || last < first || last > maxInstalments || number > 0 && (first != number || last != count) {
				return false
			}
			number, count = first, last
			return true
		})
	}
	return number, count
}

// lonelyInstalment matches an instalment without the count of instalments: PARC 05.
var lonelyInstalment = compile(
	`\b(?:parc(?:ela)?|prest(?:acao)?|cuota)\s*[.:#-]*\s*(\d{1,3})($|[^0-9a-z/.,-])`,
)

// firstOrSecond matches one of two instalments: 13 SALARIO 1 PARCELA, 1a PARC.
var firstOrSecond = compile(`\b([12])[ao]?\s+parc(?:ela)?\b`)

// takeLonelyInstalment returns the number of an instalment that is printed without the count of instalments; 0 if
// there is none.
func takeLonelyInstalment(s *scan) (number int) {
	for _, notation := range []*pattern{lonelyInstalment, firstOrSecond} {
		s.take(notation, func(groups []string) bool {
			if number > 0 {
				return false
			}
			number = Atoi(groups[1])
			return number > 0
		})
	}
	return number
}

// Atoi returns the number that the text states; 0 if it states none.
func Atoi(text string) int {
	number, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return number
}

// Instalment contains what a row states about its instalment. A member that is not stated is zero.
type Instalment struct {
	Number, Count int
	Purchased     domain.Date
	Total         string
}

// quotaWords are the labels of numbers in the texts of a consórcio (a savings group): CONSORCIO PORTO GRUPO 4471 COTA
// 219 PARC 31.
var quotaWords = wordSet("grupo gr cota ct")
