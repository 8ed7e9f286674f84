package matching

import (
	"strings"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// TextReferences returns the references that a bank writes into a description: a bare end-to-end id, CLAVE DE RASTREO,
// CHEQUE. The notations are those of this package. A text with two identifiers of one kind gives none of them.
func TextReferences(description string) domain.References {
	var ids identifiers
	s := newScan(description[:min(len(description), maxParsedText)])
	ids.take(s)
	return domain.References{
		EndToEndID:   asPrinted(description, onlyValue(ids[endToEndID])),
		TrackingKey:  asPrinted(description, onlyValue(ids[trackingKey])),
		ChequeNumber: onlyValue(ids[chequeNumber]),
	}
}

// asPrinted returns the value with the letters of the text: upper and lower case differ in an end-to-end id.
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

// TextDocument returns the only complete tax number of a description. It returns the zero PartyDocument if the text has
// none, several, or a masked one, or if its check digits are wrong.
func TextDocument(description string) domain.PartyDocument {
	var complete []string
	s := newScan(description[:min(len(description), maxParsedText)])
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
