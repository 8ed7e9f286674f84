package bankstatement_test

import (
	"strings"
	"testing"

	"github.com/LerianStudio/aggregator-connections/adapters/bankstatement"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

// filled returns a file of the maximum size that repeats a unit.
func filled(head, unit string) string {
	return head + strings.Repeat(unit, (witness.MaxFileBytes-len(head))/len(unit))
}

// hostileTables are the CSV files of the maximum size that cost most to read.
func hostileTables() map[string]string {
	const itau = "data;lançamento;valor (R$);saldo (R$)\n"
	rows := strings.Repeat("01/01/2026;a;1,00;\n", 80)
	preamble := func(unit string) string {
		return strings.Repeat(strings.Repeat(unit, 138_000/len(unit))+"\n", 59) + itau + rows
	}
	return map[string]string{
		"short remarks":             filled(itau, "a\n"),
		"remarks with a date":       filled(itau, "GERADO 01/01/2026\n"),
		"a date below many tables":  filled(strings.Repeat(itau+"01/01/2026;a;1,00;\n", 4999), "GERADO 01/01/2026\n"),
		"headings":                  filled(itau, "PROXIMOS"+strings.Repeat(" A", 1000)+"\n"),
		"ends of lines":             filled(itau, "\r"),
		"rows of letters":           filled(itau, "a;b;c;d\n"),
		"accents":                   filled(itau, "é;é;é;é\n"),
		"long accents":              filled(itau, strings.Repeat("éçãÉ", 10)+";a\n"),
		"rows of 100 cells":         filled(itau, strings.Repeat(";", 99)+"a\n"),
		"formulas":                  filled(itau, "=\"a\";=\"b\";=\"c\"\n"),
		"quotes without an end":     filled(itau, `a";"`+strings.Repeat(`""`, 2000)+"\n"),
		"words for an account":      preamble("CC."),
		"words for a date":          preamble("GERADO"),
		"many periods":              preamble("01/01/2026 "),
		"many cells above":          preamble(";"),
		"tables":                    filled("", itau+rows),
		"pages":                     strings.Repeat(itau+";SALDO ANTERIOR;;5,00\n"+rows, 2400) + itau + rows[:19],
		"balances that do not hold": filled(itau, "01/01/2026;a;1,00;5,00\n"),
		"balance rows":              filled(itau, "01/01/2026;SALDO DO DIA;;1,00\n"),
		"dates in two layouts": filled("Data,Dependencia Origem,Histórico,Data do Balancete,"+
			"Número do documento,Valor\n", "01/01/2026,a,b,01/01/2026,1,1.00\n"),
		"contradictions": filled("CUENTA,FECHA,DESCRIPCION,+/-,IMPORTE,SALDO\n", "1,01/01/2026,a,+,-1.00,1\n"),
		"UTF-16":         "\xFF\xFE" + strings.Repeat("a\x00;\x00\n\x00", witness.MaxFileBytes/6-1),
	}
}

func BenchmarkHostileCSV(b *testing.B) { benchmarkRead(b, hostileTables()) }

func BenchmarkHostileFiles(b *testing.B) { benchmarkRead(b, hostileFiles()) }

func benchmarkRead(b *testing.B, files map[string]string) {
	for name, text := range files {
		content := []byte(text)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(content)))
			for b.Loop() {
				for _, s := range (bankstatement.Reader{}).Read(content, witness.Options{}).Statements {
					witness.Prove(s)
				}
			}
		})
	}
}
