package banktext

import (
	"slices"
	"strings"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// References returns the references of a row: those that the vendor states, and those that the bank writes into one of
// the texts. An earlier text has precedence. An institution may put an end-to-end id or a number of a boleto into any
// member, so they are recognised in every member.
func References(stated domain.References, texts ...string) domain.References {
	for _, value := range stated.Values() {
		if stated.EndToEndID == "" && domain.IsEndToEndID(value) {
			stated.EndToEndID = value
		}
		if barcode, err := domain.ParseBoleto(value); err == nil && stated.Barcode == "" {
			stated.Barcode = barcode
		}
	}
	for _, text := range texts {
		stated = stated.Or(TextReferences(text))
	}
	return stated
}

// TextReferences returns the references that a bank writes into a description: a bare end-to-end id, CLAVE DE RASTREO,
// CHEQUE, the digitable line or the barcode of a boleto, TXID. The notations are those of this package. A text with two
// identifiers of one kind gives none of them.
func TextReferences(description string) domain.References {
	description, _ = cutText(description)
	if !mayHaveReference(description) {
		return domain.References{}
	}
	return readTextReferences(description)
}

func readTextReferences(description string) domain.References {
	var ids Identifiers
	s := newScan(Fold(description))
	ids.take(s)
	return domain.References{
		EndToEndID:   asPrinted(description, onlyValue(ids[EndToEndID])),
		TrackingKey:  asPrinted(description, onlyValue(ids[TrackingKey])),
		ChequeNumber: onlyValue(ids[ChequeNumber]),
		Barcode:      onlyBarcode(slices.Concat(ids[BoletoLine], ids[SlipNumber])),
		TxID:         asPrinted(description, onlyValue(ids[PaymentReference])),
	}
}

// asPrinted returns the value with the upper and lower case letters that it has in the text. An end-to-end id is
// case-sensitive.
func asPrinted(text, value string) string {
	for at := range text {
		if end := at + len(value); end <= len(text) && strings.EqualFold(text[at:end], value) {
			return text[at:end]
		}
	}
	return value
}

// onlyValue returns the only value of the list; "" if there is none or more than one.
func onlyValue(values []string) string {
	if len(values) != 1 {
		return ""
	}
	return values[0]
}

// onlyBarcode returns the only value of the list if it is a barcode, and not a line with a wrong check digit.
func onlyBarcode(values []string) string {
	barcode, _ := domain.ParseBoleto(onlyValue(values))
	return barcode
}

// TextDocument returns the only complete tax number of a description. It returns the zero PartyDocument if the text has
// none, several, or a masked one, or if its check digits are wrong.
func TextDocument(description string) domain.PartyDocument {
	description, _ = cutText(description)
	if !mayHaveDocument(description) {
		return domain.PartyDocument{}
	}
	return readTextDocument(description)
}

func readTextDocument(description string) domain.PartyDocument {
	var complete []string
	s := newScan(Fold(description))
	removeBank(s)
	for _, document := range takeDocuments(s) {
		if !strings.Contains(document, "*") &&
			(domain.IsCPF(document) || domain.IsCNPJ(document) || len(document) < 14 &&
				domain.NewPartyDocument(document).Type == domain.RFC) {
			complete = append(complete, document)
		}
	}
	if len(complete) != 1 {
		return domain.PartyDocument{}
	}
	return domain.NewPartyDocument(complete[0])
}

// referenceWords contains the beginnings of the notations in which bank texts write references, in lower case.
var referenceWords = []string{"rast", "/s ", "mban", "bnet", "cheq", "chq", "txid"}

// mayHaveReference reports whether a text may contain a reference. Few texts do. The function is much faster than a
// search for all notations.
func mayHaveReference(text string) bool {
	const endToEnd = 32 // the length of an end-to-end id
	run, digits := 0, 0
	for i := range len(text) {
		if run++; !isAlphanumeric(text[i]) {
			run = 0
		}
		if '0' <= text[i] && text[i] <= '9' {
			digits++
		}
		if run == endToEnd || digits == lengthOfBarcode {
			return true
		}
		for _, word := range referenceWords {
			if len(text)-i >= len(word) && text[i]|' ' == word[0]|' ' && strings.EqualFold(text[i:i+len(word)], word) {
				return true
			}
		}
	}
	return false
}

// mayHaveDocument reports whether a text may contain a complete tax number. Such a number has three groups with dots
// between them, or is a word of at least eleven characters with two digits. The function is much faster than reading
// the notations.
func mayHaveDocument(text string) bool {
	run, digits := 0, 0
	for i := range len(text) {
		c := text[i]
		switch {
		case '0' <= c && c <= '9':
			run++
			digits++
		case isAlphanumeric(c) || c == '&':
			run++
		case c == '.' && run >= 2 && isGroup(text[i+1:]):
			return true
		default:
			run, digits = 0, 0
		}
		if run >= 11 && digits > 1 {
			return true
		}
	}
	return false
}

// isGroup reports whether the text begins with a group of three characters, a dot, and another such group.
func isGroup(text string) bool {
	if len(text) < 7 || text[3] != '.' {
		return false
	}
	for _, i := range []int{0, 1, 2, 4, 5, 6} {
		if !isAlphanumeric(text[i]) {
			return false
		}
	}
	return true
}

func isAlphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}
