package domain

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// StripDescription returns the part of a vendor's description that does not change when the institution books the
// movement again. The result has lower case letters without accents, and a space for each punctuation mark. These parts
// are left out:
//
//   - the name of an acquirer or payment facilitator before an asterisk ("MERCADOPAGO*", "IFD*");
//   - numbers of four or more digits, and authorisation codes;
//   - words such as "NSU" or "FOLIO", together with the number after them;
//   - the number of an instalment ("PARC 2/10"), dates, and times of day;
//   - words which only say that the movement is pending, or that it is a card purchase.
//
// If nothing would be left, the result contains all words.
func StripDescription(text string) string { return parseDescription(text).text }

// description contains the parts of a vendor's description. The members other than text distinguish
// movements that have the same text.
type description struct {
	text       string     // the result of StripDescription
	unstable   bool       // the whole text can change when the movement is booked again
	instalment Instalment // only Number and Count
	date       string     // the date that the text names, day/month without leading zeros
	clock      string     // the time of day that the text names
	document   string     // the CPF or CNPJ that the text names, digits only
	payment    string     // the end-to-end id of a PIX payment, or the clave de rastreo of a SPEI payment
}

// acquirers are the names that payment facilitators and acquirers put before an asterisk and the name of
// the merchant. Merchants that use the same format ("UBER *TRIP", "GOOGLE *YOUTUBE") are not in the list,
// because the word before the asterisk then identifies the merchant.
var acquirers = wordSet(`pag pags pagseguro pagbank pagto pg pgto mercadopago mercpago merpago mp mpago ifd ifood ec ecp
	paypal pp pypl ebanx ebn ebw dl dlocal dm sumup su iz izettle zettle clip conekta billpocket openpay kushki payu
	picpay pic stone stn ton cielo rede getnet gn infinitepay ip htm hotmart edz eduzz kiwify prv asaas asa ppro
	adyen stripe st sq tst wix pb pagbrasil pagarme pgme vindi iugu zoop zp safrapay sipag vero adq mlp ame nupay
	hna dlo rappi appmax`)

// codeWords are words that precede a number by which the bank identifies the record. Such a number does not describe
// the movement.
var codeWords = wordSet(`nsu doc docto documento aut auto autorizacao autorizacion auth cod codigo ref refer
	referencia reference folio num numero nro nr ctrl controle protocolo txid rastreo rfc final seq operacao
	operacion terminal cv`)

// instalmentWords are words that precede the number of an instalment.
var instalmentWords = wordSet("parc parcela parcelado parcelamento cuota mens mensualidad msi prest prestacao")

// pendingWords mark a pending movement. The posted movement's description does not contain these words.
var pendingWords = wordSet("pendente pendiente pending processando processamento procesando provisorio provisoria")

// purchaseWords may follow "compra". They describe how a card was used, but not at which merchant.
var purchaseWords = wordSet(`no na com c de cartao card tarjeta tdc tdd debito deb credito cred nacional intl
	visa master mastercard mc elo amex electron maestro vista`)

// cardWords precede the last digits of the card: "CARTAO FINAL 1234".
var cardWords = wordSet("cartao card tarjeta")

func wordSet(words string) map[string]bool {
	set := map[string]bool{}
	for word := range strings.FieldsSeq(words) {
		set[word] = true
	}
	return set
}

// parseDescription splits a description into its parts. Its running time is linear in the length of the
// text.
func parseDescription(text string) description {
	tokens := tokenize(fold(text))
	var d description
	var kept []string
	for i := 0; i < len(tokens); {
		if used := d.volatile(tokens[i:]); used > 0 {
			i += used
			continue
		}
		kept = append(kept, tokens[i])
		i++
	}
	if kept = withoutPurchase(kept); len(kept) == 0 {
		kept, d.unstable = tokens, true
	}
	d.text = strings.Join(kept, " ")
	return d
}

// volatile returns how many tokens at the start of the list can change when the movement is booked again; 0 if the
// first token is stable. It stores the values of these tokens in d. tokens must not be empty.
func (d *description) volatile(tokens []string) int {
	word, next := tokens[0], ""
	if len(tokens) > 1 {
		next = tokens[1]
	}
	switch {
	case word == "*", cardWords[word] && next == "final":
		return 1
	case acquirers[word] && next == "*":
		return 2
	case word == "mercado" && next == "pago" && len(tokens) > 2 && tokens[2] == "*":
		return 3
	case instalmentWords[word]:
		return d.readInstalment(tokens)
	case word == "clave" && len(tokens) > 3 && next == "de" && tokens[2] == "rastreo":
		return 2 + d.readCode(tokens[2:])
	case codeWords[word]:
		return d.readCode(tokens)
	case pendingWords[word], d.readNumber(word):
		return 1
	}
	return 0
}

// readCode reads a code such as "nsu 12" or "cod aut 9x12" at the start of the tokens. It returns the number of tokens
// that it has read, or 0 if there is no code.
func (d *description) readCode(tokens []string) int {
	switch {
	case len(tokens) > 1 && strings.ContainsFunc(tokens[1], isDigit):
		if tokens[0] == "rastreo" {
			d.payment = tokens[1]
		}
		return 2
	case len(tokens) > 2 && codeWords[tokens[1]] && strings.ContainsFunc(tokens[2], isDigit):
		return 3
	}
	return 0
}

// readInstalment reads an instalment such as "parc 2/10" or "parcela 2 de 10" at the start of the tokens. It returns
// the number of tokens that it has read, or 0 if the tokens have another form.
func (d *description) readInstalment(tokens []string) int {
	if len(tokens) > 1 {
		if number, count, ok := fraction(tokens[1]); ok {
			d.instalment = Instalment{Number: number, Count: count}
			return 2
		}
	}
	if len(tokens) > 3 && tokens[2] == "de" {
		if number, count, ok := fraction(tokens[1] + "/" + tokens[3]); ok {
			d.instalment = Instalment{Number: number, Count: count}
			return 4
		}
	}
	return 0
}

// readNumber reports whether the token is a date, a time, a code or a number of four or more digits, and
// stores its value.
func (d *description) readNumber(token string) bool {
	digits := digitsOf(token)
	switch {
	case isDate(token):
		d.date = dayAndMonth(token)
	case isClock(token):
		d.clock = token
	case isEndToEndID(token):
		d.payment = token
	case isTaxNumber(token, digits):
		d.document = digits
	default:
		return len(digits) >= 4 || isCode(token, digits)
	}
	return true
}

// isCode reports whether the token is a code. There are two forms:
//
//   - at least six characters, of which at least three are digits; a character between two digits is not a digit
//     ("0a1b2c");
//   - a word of codeWords, followed by a digit ("aut9x").
func isCode(token, digits string) bool {
	first, last := strings.IndexFunc(token, isDigit), strings.LastIndexFunc(token, isDigit)
	mixed := len(token) >= 6 && len(digits) >= 3 && len(digits) < last-first+1
	return mixed || codeWords[token[:max(first, 0)]]
}

// transferWords say how money was transferred, but not to whom.
var transferWords = wordSet(`pix ted doc tef spei transf transferencia transferido envio enviado enviada recebido
	recebida recibido recibida pagamento pago pagto deposito credito debito interbancario para de a por qr code`)

// otherParty returns the text of a transfer without its leading transferWords. If no word would be left, it returns the
// whole text. The words of the text must be separated by single spaces, as in the result of StripDescription.
func otherParty(text string) string {
	words := strings.Fields(text)
	first := slices.IndexFunc(words, func(word string) bool { return !transferWords[word] })
	if first == -1 {
		return text
	}
	return strings.Join(words[first:], " ")
}

// withoutPurchase removes a leading "compra" and the following words that say how the card was used. If no
// word would be left, it returns all words.
func withoutPurchase(words []string) []string {
	if len(words) == 0 || words[0] != "compra" {
		return words
	}
	rest := words[1:]
	for len(rest) > 0 && purchaseWords[rest[0]] {
		rest = rest[1:]
	}
	if len(rest) == 0 {
		return words
	}
	return rest
}

// accented and unaccented are the letters of Portuguese and Spanish with and without their accent.
const (
	accented   = "áàâãäåçéèêëíìîïñóòôõöúùûüýÿ"
	unaccented = "aaaaaaceeeeiiiinooooouuuuyy"
)

var unaccent = func() map[rune]rune {
	letters := map[rune]rune{'ª': ' ', 'º': ' ', '\u00a0': ' '}
	for i, letter := range []rune(accented) {
		letters[letter] = rune(unaccented[i])
	}
	return letters
}()

// fold returns the text in lower case and without accents. Combining accents are left out.
func fold(text string) string {
	return strings.Map(func(r rune) rune {
		r = unicode.ToLower(r)
		if plain, ok := unaccent[r]; ok {
			return plain
		}
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, text)
}

// tokenize splits a folded text into asterisks and words of letters and digits. One of the characters "/:.-" between
// two digits belongs to the word, for example in a date. A fraction at the end of a word is split off, because some
// banks print "PAULO01/03".
func tokenize(folded string) []string {
	var tokens []string
	runes := []rune(folded)
	for i := 0; i < len(runes); {
		end := wordEnd(runes, i)
		switch {
		case end > i:
			tokens = append(tokens, splitFraction(string(runes[i:end]))...)
			i = end
		case runes[i] == '*':
			tokens = append(tokens, "*")
			i++
		default:
			i++
		}
	}
	return tokens
}

// wordEnd returns the end of the word that begins at start. It returns start if no word begins there.
func wordEnd(runes []rune, start int) int {
	end := start
	for end < len(runes) && (isWordRune(runes[end]) || isJoiner(runes, end, start)) {
		end++
	}
	return end
}

func isWordRune(r rune) bool {
	return r != unicode.ReplacementChar && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

// isJoiner reports whether the rune at i joins two digits of the word that begins at start.
func isJoiner(runes []rune, i, start int) bool {
	return strings.ContainsRune("/:.-", runes[i]) && i > start && isDigit(runes[i-1]) && i+1 < len(runes) &&
		isDigit(runes[i+1])
}

// splitFraction splits a word before its first digit if it begins with a letter and the rest is a
// fraction or a date.
func splitFraction(word string) []string {
	digits := strings.IndexFunc(word, isDigit)
	if digits <= 0 || !isDate(word[digits:]) {
		return []string{word}
	}
	return []string{word[:digits], word[digits:]}
}

// fraction returns the number and the count of an instalment such as "2/10".
func fraction(token string) (number, count int, ok bool) {
	before, after, found := strings.Cut(token, "/")
	number, err := strconv.Atoi(before)
	count, errCount := strconv.Atoi(after)
	ok = found && err == nil && errCount == nil && len(before) <= 2 && len(after) <= 2 && number > 0 && count > 0
	return number, count, ok
}

// isDate reports whether the token is "d/m" or "d/m/y". An instalment such as "3/12" without a word before it
// matches as well. That does no harm, because it distinguishes movements just as a date does.
func isDate(token string) bool {
	parts := strings.Split(token, "/")
	if len(parts) == 3 && (len(parts[2]) == 2 || len(parts[2]) == 4) && isNumber(parts[2]) {
		parts = parts[:2]
	}
	return len(parts) == 2 && isShortNumber(parts[0]) && isShortNumber(parts[1])
}

// dayAndMonth returns the day and the month of a date without leading zeros.
func dayAndMonth(date string) string {
	parts := strings.Split(date, "/")
	return strings.TrimLeft(parts[0], "0") + "/" + strings.TrimLeft(parts[1], "0")
}

// isClock reports whether the token is "hh:mm" or "hh:mm:ss".
func isClock(token string) bool {
	parts := strings.Split(token, ":")
	return (len(parts) == 2 || len(parts) == 3) && !slices.ContainsFunc(parts, func(part string) bool {
		return !isShortNumber(part)
	})
}

func isShortNumber(text string) bool { return len(text) <= 2 && isNumber(text) }

func isNumber(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool { return !isDigit(r) })
}

// isEndToEndID reports whether the token is the end-to-end id of a PIX payment or of its return. Such an id consists of
// "E" or "D", the bank's ISPB number, the time as yyyyMMddHHmm, and 11 letters or digits. Source: Banco Central do
// Brasil, Manual de Padrões para Iniciação do Pix.
func isEndToEndID(token string) bool {
	return len(token) == 32 && (token[0] == 'e' || token[0] == 'd') && isNumber(token[1:21])
}

// isTaxNumber reports whether the token is a CPF (000.000.000-00) or a CNPJ (00.000.000/0000-00) with
// its punctuation. Without punctuation it cannot be distinguished from other numbers.
func isTaxNumber(token, digits string) bool {
	cpf := len(token) == 14 && len(digits) == 11 && token[3] == '.' && token[11] == '-'
	cnpj := len(token) == 18 && len(digits) == 14 && token[2] == '.' && token[10] == '/'
	return cpf || cnpj
}

func digitsOf(text string) string {
	return strings.Map(func(r rune) rune {
		if isDigit(r) {
			return r
		}
		return -1
	}, text)
}
