package domain_test

import (
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// boletos are pairs of barcodes and lines with valid check digits. The last two are public: the example of Pluggy's
// page about payments of boletos, and a test of the npm package @mrmgomes/boleto-utils 1.3.3.
var boletos = []struct{ barcode, line, printed string }{
	{
		"99991163200000210000444000457220000012345678", "99990444080045722000200123456782116320000021000",
		"99990.44408 00457.220002 00123.456782 1 16320000021000",
	},
	{
		"99996999900001234560444000457220000012345679", "99990444080045722000200123456790699990000123456",
		"99990.44408 00457.220002 00123.456790 6 99990000123456",
	},
	{
		"99991100000001234560444000457220000012345679", "99990444080045722000200123456790110000000123456",
		"99990.44408 00457.220002 00123.456790 1 10000000123456",
	},
	{
		"99996000000000000000444000457220000000004410", "99990444080045722000200000044107600000000000000",
		"99990.44408\u00a000457.220002\u00a000000.044107\u00a06\u00a000000000000000",
	},
	{
		"83680000000874501622026111800000000004410998", "836800000009874501622029611180000006000044109981",
		"83680000000-9 87450162202-9 61118000000-6 00004410998-1",
	},
	{
		"85880000013200003282026112000000000123456789", "858800000130200003282026611200000008001234567897",
		"858800000130 200003282026 611200000008 001234567897",
	},
	{
		"00193373700000001000500940144816060680935031", "00190500954014481606906809350314337370000000100",
		"00190.50095 40144.816069 06809.350314 3 37370000000100",
	},
	{
		"84630000000299902962020041013600000200644114", "846300000003299902962024004101360008002006441147",
		"84630000000-3 29990296202-4 00410136000-8 00200644114-7",
	},
}

func TestTheNumbersOfABoletoAreConverted(t *testing.T) {
	for _, b := range boletos {
		for _, text := range []string{b.barcode, b.line, b.printed} {
			if got, err := domain.ParseBoleto(text); err != nil || got != b.barcode {
				t.Errorf("ParseBoleto(%q) = %q, %v, want %s", text, got, err, b.barcode)
			}
		}
		if got := domain.BoletoLine(b.barcode); got != b.line {
			t.Errorf("BoletoLine(%s) = %q, want %s", b.barcode, got, b.line)
		}
	}
}

// Every field of a line has a check digit of its own. The due date and the amount of a boleto of a bank, from the 34th
// digit on, do not: the check digit of the barcode is 1 for three remainders, so that it does not show every change.
func TestAWrongDigitOfABoletoIsFound(t *testing.T) {
	for _, b := range boletos {
		fields := len(b.line)
		if b.barcode[0] != '8' {
			fields = 32
		}
		for i := range fields {
			for digit := byte('0'); digit <= '9'; digit++ {
				changed := b.line[:i] + string(digit) + b.line[i+1:]
				if got, err := domain.ParseBoleto(changed); changed != b.line && err == nil {
					t.Errorf("ParseBoleto(%s) = %s, though the digit %d of %s is another", changed, got, i+1, b.line)
				}
			}
		}
	}
}

func TestOtherTextsAreNoBoleto(t *testing.T) {
	line := boletos[0].line
	for _, text := range []string{
		"", "1", line[:46], line + "0", line[:45], "8" + line[1:], "9" + boletos[4].line[1:], boletos[4].line[:47],
		line[:46] + "x", line[:46] + "٣", strings.Repeat("0", 44), strings.Repeat("0", 47), strings.Repeat("8", 48),
		boletos[0].barcode[:43] + "/",
		"82180000000874501622026111800000000004410998", // the third digit names no module
	} {
		if got, err := domain.ParseBoleto(text); err == nil {
			t.Errorf("ParseBoleto(%q) = %s", text, got)
		}
	}
	for _, barcode := range []string{
		"", line, boletos[0].barcode[:43], boletos[0].barcode[:43] + "٣",
		boletos[0].barcode[:43] + "C", // counts like the digit 8 in its place
	} {
		if got := domain.BoletoLine(barcode); got != "" {
			t.Errorf("BoletoLine(%q) = %s", barcode, got)
		}
	}
}

// A line with a wrong check digit is no boleto's number, but two different ones tell two boletos apart.
func TestALineWithAWrongCheckDigitIsKept(t *testing.T) {
	line := boletos[0].line
	wrong := line[:4] + string('0'+(line[4]-'0'+1)%10) + line[5:]
	for text, want := range map[string]string{
		wrong: wrong, wrong[:5] + "." + wrong[5:]: wrong, line: "", boletos[0].barcode: "", wrong[:46]: "",
		strings.Repeat("0", 47): "", wrong[:46] + "x": "", "": "",
	} {
		if got := domain.UncheckedBoletoLine(text); got != want {
			t.Errorf("UncheckedBoletoLine(%q) = %q, want %q", text, got, want)
		}
	}
}

func FuzzParseBoleto(f *testing.F) {
	for _, b := range boletos {
		f.Add(b.barcode)
		f.Add(b.printed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		barcode, err := domain.ParseBoleto(text)
		if err != nil {
			return
		}
		if again, err := domain.ParseBoleto(domain.BoletoLine(barcode)); err != nil || again != barcode {
			t.Errorf("ParseBoleto(%q) = %s, and its line is read as %q, %v", text, barcode, again, err)
		}
	})
}
