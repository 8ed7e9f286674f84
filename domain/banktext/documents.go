package banktext

import (
	"strings"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// The forms in which banks print tax numbers. Masked characters are printed as asterisks, bullets or x.
//
// Sources: NU-01 (•••.123.456-••), SC-01 (***.456.789-**), SC-03 (11.222.333 0001-44), IT-03 (12.345.678, the root of
// a sole trader's CNPJ before the name), MP-02 (12 345 678 NOME), SI-01 (14 digits), ST-01 (11 digits), BN-01 (CON
// RFC …), IT-27 (***12345678900), Safra (123.456.789 09; f68332722201).
var (
	dottedCPF  = compile(`([0-9*x]{3})\.([0-9*x]{3})\.([0-9*x]{3})-([0-9*x]{2})`)
	spacedCPF  = compile(`([0-9*x]{3})\.([0-9*x]{3})\.([0-9*x]{3}) (\d{2}|\*\*)($|[^0-9*/])`)
	dottedCNPJ = compile(
		`\b([0-9a-z*]{2})\.([0-9a-z*]{3})\.([0-9a-z*]{3})\s*[/ ]\s*([0-9a-z*]{4})-([0-9*x]{2})`)
	spacedRoot = compile(`\b(\d{2}) (\d{3}) (\d{3})($| [a-z])`)
	rootOfCNPJ = compile(`\b(\d{2})\.(\d{3})\.(\d{3})\b`)
	bareCNPJ   = compile(`\b([0-9a-z]{12}\d{2})\b`)
	bareCPF    = compile(`\b\d{11}\b`)
	rfc        = compile(`\b(?:rfc[\s:]*)?([a-z&]{3,4}\d{6}[a-z0-9]{2}[a0-9])\b`)
	spacedRFC  = compile(`\brfc[\s:]+([a-z&]{3,4})\s(\d{6}[a-z0-9]{2}[a0-9])\b`) // RFC: CSS 160330CP7
	// cuit matches the tax number of Argentina (AFIP): two digits for the kind of holder, eight digits, a check digit.
	cuit = compile(`\b(?:cui[tl][\s:]*)?((?:20|2[3-7]|3[034])-\d{8}-\d)\b`)
)

// takeDocuments returns the tax numbers in a text, without punctuation, and with an asterisk for each masked
// character.
func takeDocuments(s *scan) (documents []string) {
	join := func(groups []string) bool {
		number := strings.ReplaceAll(strings.Join(groups[1:], ""), "x", "*")
		documents = Add(documents, strings.ToUpper(number))
		return true
	}
	s.take(dottedCNPJ, func(groups []string) bool {
		// "x" is a letter of an alphanumeric number unless the whole number is a mask.
		documents = Add(documents, strings.ToUpper(strings.Join(groups[1:], "")))
		return true
	})
	s.take(dottedCPF, join)
	s.take(spacedCPF, func(groups []string) bool { return join(groups[:5]) })
	for _, root := range []*pattern{rootOfCNPJ, spacedRoot} {
		s.take(root, func(groups []string) bool {
			documents = Add(documents, strings.Join(groups[1:4], "")+"******")
			return true
		})
	}
	s.take(bareCNPJ, func(groups []string) bool {
		number := strings.ToUpper(groups[1])
		if !domain.IsCNPJ(number) {
			return false
		}
		documents = Add(documents, number)
		return true
	})
	s.take(bareCPF, func(groups []string) bool {
		if !domain.IsCPF(groups[0]) {
			return false
		}
		documents = Add(documents, groups[0])
		return false // keep it in the text: another number at its place contradicts it, even with wrong check digits
	})
	s.take(cuit, func(groups []string) bool {
		documents = Add(documents, DigitsOf(groups[1]))
		return true
	})
	s.take(spacedRFC, func(groups []string) bool {
		documents = Add(documents, strings.ToUpper(groups[1]+groups[2]))
		return true
	})
	s.take(rfc, func(groups []string) bool {
		documents = Add(documents, strings.ToUpper(groups[1]))
		return true
	})
	return documents
}

// normalizeDocument returns a document of the vendor without punctuation, with an asterisk for each masked character.
func normalizeDocument(text string) string {
	if text == "" {
		return ""
	}
	cleaned := withoutPunctuation.Replace(strings.ToUpper(Fold(text)))
	if strings.Contains(cleaned, "*") || strings.Trim(cleaned, "X0123456789") == "" {
		cleaned = strings.ReplaceAll(cleaned, "X", "*")
	}
	if strings.Trim(cleaned, "*") == "" {
		return ""
	}
	return cleaned
}
