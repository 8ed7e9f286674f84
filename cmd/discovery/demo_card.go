package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/pluggy/pluggysim"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// showCard shows the bills of a card, one of which its rows do not reach, and compares the bank's own statement of a
// bank account with what the vendor has delivered.
func (e *demoEnv) showCard(c *demoClient) {
	c.printf("\n-- a card: its last two bills, and what is on none yet")
	if c.err == nil {
		c.err = e.pluggy.SeedBillsAt(time.Now().UTC())
	}
	created := c.send(
		http.MethodPost, apiPath+"/aggregator-connections", object{
			"vendor":     "pluggy",
			"configName": "pluggy-card",
			"baseUrl":    e.origins["pluggy"],
			"accountRef": pluggysim.DemoItemID,
			"clientId":   pluggysim.DemoClientID,
			"secret":     pluggysim.DemoClientSecret,
		}, http.StatusCreated,
	)
	path := fmt.Sprint(apiPath, "/aggregator-connections/", created["id"])
	c.send(http.MethodPost, path+"/pulls", object{}, http.StatusAccepted)
	c.waitFor("the pull", func() bool {
		pulls := items(c.get(path + "/pulls?limit=1"))
		return len(pulls) == 1 && pulls[0]["status"] == "succeeded"
	})
	accounts := map[string]object{}
	for _, account := range items(c.get(path + "/accounts")) {
		accounts[fmt.Sprint(account["externalId"])] = account
	}
	c.showBills(accounts[pluggysim.BillsCardID])
	c.printf("\n-- the bank's own statement, compared with what pluggy has delivered")
	c.showWitness(accounts[pluggysim.DemoBankAccountID])
	c.send(http.MethodDelete, path, nil, http.StatusNoContent)
}

// showBills prints the newest two bills of a card, and its open months.
func (c *demoClient) showBills(card object) {
	list := c.get(fmt.Sprint(apiPath, "/accounts/", card["id"], "/bills"))
	bills := slices.DeleteFunc(items(list), func(b object) bool { return b["removedAt"] != nil })
	if c.err != nil || len(bills) < 2 {
		return
	}
	checks := map[any]bool{}
	for _, b := range bills[:2] {
		checks[b["check"]] = true
		rows, _ := b["rows"].(object)
		c.printf("   due %v, %v %v, %v: %v rows of %v, carried %v, check %v",
			b["dueDate"], b["total"], b["currency"], b["state"], rows["count"], rows["sum"], b["carried"], b["check"])
		if b["check"] == "differs" {
			c.printf("   rows of %v are missing: wait for them, or look at the bill in the bank's app", b["difference"])
		}
	}
	open, _ := list["open"].([]any)
	for _, item := range open {
		o, _ := item.(object)
		month := "a later month"
		if o["month"] != nil {
			month = fmt.Sprint(o["month"])
		}
		c.printf("   on no closed bill yet, due in %s: rows %v, sum %v", month, o["count"], o["sum"])
	}
	if !checks["adds_up"] || !checks["differs"] || len(open) == 0 {
		c.err = fmt.Errorf("the bills are %v, and the open months %v", bills, open)
	}
}

// missingRow is the text and the amount of a line of the bank's statement that the vendor has not delivered.
const missingRow, missingAmount = "SEGURO DA CASA", "-89.9"

// showWitness adds a statement of the bank that has one line more than the records of an account, and prints what the
// comparison finds.
func (c *demoClient) showWitness(account object) {
	path := fmt.Sprint(apiPath, "/accounts/", account["id"])
	rows := items(c.get(fmt.Sprintf("%s/aggregator-connections/%v/transactions?limit=100&accountId=%v",
		apiPath, account["connectionId"], account["id"])))
	if c.err != nil || len(rows) == 0 {
		return
	}
	balance := amountOf(account["balance"])
	for _, row := range rows {
		balance.Amount = balance.Amount.Sub(amountOf(row["amount"]).Amount)
	}
	rows = slices.DeleteFunc(rows, func(row object) bool {
		return fmt.Sprint(row["date"]) > fmt.Sprint(account["coversTo"])
	})
	if len(rows) == 0 { // on a Monday morning, the bank has booked no day since Friday
		c.printf("   the bank is read up to %v: the records are later, and compared after its next reading",
			account["coversTo"])
		return
	}
	balance.Amount = balance.Amount.Sub(amountOf(missingAmount).Amount)
	file := bankFile(fmt.Sprint(account["number"]), rows, balance)
	s := c.send(http.MethodPost, path+"/bank-statements?name=extrato.ofx", file, http.StatusCreated)
	comparison, _ := s["comparison"].(object)
	closing, _ := s["closing"].(object)
	lines := items(c.get(fmt.Sprint(apiPath, "/bank-statements/", s["id"], "/lines?bucket=only_theirs")))
	if c.err == nil && (len(lines) != 1 || lines[0]["amount"] != missingAmount) {
		c.err = fmt.Errorf("the comparison %v finds %v", s, lines)
	}
	if c.err != nil {
		return
	}
	c.printf("   extrato.ofx: %d lines against %d records; its closing balance %v is %v",
		len(rows)+1, len(rows), closing["amount"], closing["state"])
	c.printf("   verdict %v, from %v on", comparison["verdict"], comparison["firstDayApart"])
	c.printf("   only the bank has: %v %v %v", lines[0]["date"], lines[0]["amount"], lines[0]["text"])
}

// bankFile returns a statement in OFX, as a bank of Brazil writes it: the balance before the first row, the rows of the
// records, and one line more on the day of the newest.
func bankFile(number string, rows []object, balance domain.Money) []byte {
	last := rows[0]["date"]
	rows = slices.Concat([]object{{"date": last, "description": missingRow, "amount": missingAmount}}, rows)
	var body strings.Builder
	line := func(row object, text any, amount domain.Money) {
		fmt.Fprintf(&body, "<STMTTRN>\n<TRNTYPE>OTHER\n<DTPOSTED>%s\n<TRNAMT>%s\n<FITID>%d\n<MEMO>%v\n</STMTTRN>\n",
			ofxDate(row["date"]), amount.Amount.StringFixed(2), body.Len(), text)
	}
	line(object{"date": domain.Date(fmt.Sprint(rows[len(rows)-1]["date"])).AddDays(-1)}, "SALDO ANTERIOR", balance)
	for _, row := range slices.Backward(rows) {
		amount := amountOf(row["amount"])
		balance.Amount = balance.Amount.Add(amount.Amount)
		line(row, row["description"], amount)
	}
	return fmt.Appendf(nil, "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\n\n<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS>\n"+
		"<CURDEF>BRL\n<BANKACCTFROM>\n<BANKID>999\n<ACCTID>%s\n</BANKACCTFROM>\n<BANKTRANLIST>\n%s</BANKTRANLIST>\n"+
		"<LEDGERBAL>\n<BALAMT>%s\n<DTASOF>%s\n</LEDGERBAL>\n</STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>\n",
		number, body.String(), balance.Amount.StringFixed(2), ofxDate(last))
}

// ofxDate returns a date as OFX writes it.
func ofxDate(date any) string { return strings.ReplaceAll(fmt.Sprint(date), "-", "") }

// amountOf returns an amount that the service has written.
func amountOf(value any) domain.Money {
	amount, _ := domain.ParseMoney(fmt.Sprint(value), "BRL")
	return amount
}
