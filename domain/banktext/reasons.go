package banktext

import "slices"

// paymentWords are the words of a message that an app writes if the payer writes none. They only say that money was
// moved. Source: the default message of apps for Pix (Transferência Pix), which a connector may add.
var paymentWords = wordSet(`pix ted doc tef spei transferencia transferencias transf transfer pagamento pago payment
	enviado enviada recebido recebida realizado realizada via por a de`)

// readMessage adds the words and numbers of the payer's message. A message of paymentWords states no reason.
func (e *Evidence) readMessage(row *Row) {
	words := Split(foldBounded(row.Reason, &e.Excess))
	if slices.ContainsFunc(words, func(word string) bool { return !paymentWords[word] }) {
		e.Message = words
	}
}
