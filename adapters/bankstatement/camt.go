package bankstatement

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

// The limits of an XML document. camt.053 needs a depth of about 15, and an entry about 20 elements for each of its
// movements.
const (
	maxDepth    = 64
	maxElements = 200_000 // of one entry
)

// node is an element of a camt document.
type node struct {
	name     string
	currency string // the attribute Ccy
	text     string
	children []*node
	line     int
	end      int64 // offset behind the element
	start    int64 // offset of the element
}

// child returns the first element on a path; an empty node if there is none.
func (n *node) child(path ...string) *node {
	for _, name := range path {
		i := slices.IndexFunc(n.children, func(c *node) bool { return c.name == name })
		if i < 0 {
			return &node{}
		}
		n = n.children[i]
	}
	return n
}

// each calls f for each child with a name.
func (n *node) each(name string, f func(*node)) {
	for _, c := range n.children {
		if c.name == name {
			f(c)
		}
	}
}

// camtReader is the state while a camt document is read.
type camtReader struct {
	f       *file
	decoder *xml.Decoder
	made    domain.Date // of the group header
	section witness.Section
	account witness.Account
	// currencies, reversals and raws contain the currency of each entry, whether it is a reversal, and its text.
	currencies []string
	reversals  []bool
	raws       []string
	summary    node // what the statement declares of all its entries
	// accountCurrency is the currency of the account; "" if it is not stated.
	accountCurrency string
	balances        []*node
	warnings        []witness.Warning
	statements      int
	message         string // the name of the message, such as "camt.054"; "" if the namespace does not state it
	elements        int    // of the current entry
	id              string
	page            int  // of StmtPgntn; 0 if it is not stated
	more            bool // another page follows
	// open is the page before, if it states that another one follows.
	open openPage
}

// openPage is a page of a statement behind which another one has to follow.
type openPage struct {
	page      int // 0 if there is none
	id        string
	key       accountKey
	statement int // index in File.Statements
	section   int // index in its sections
}

// readCamt reads a camt.052 or camt.053 document of any version. Elements are recognised by their local names.
func (f *file) readCamt() {
	r := &camtReader{f: f, decoder: xml.NewDecoder(strings.NewReader(f.text))}
	r.decoder.CharsetReader = func(_ string, input io.Reader) (io.Reader, error) { return input, nil } // decode did it
	err := r.document()
	line, _ := r.decoder.InputPos()
	switch syntax := (*xml.SyntaxError)(nil); {
	case f.Refusal != nil:
	case errors.As(err, &syntax):
		f.refuse(witness.Malformed, syntax.Line, "the XML document is not well-formed: %s", syntax.Msg)
	case err != nil:
		f.refuse(witness.Malformed, line, "%v", err)
	case r.statements > 0:
		r.closePage()
	default:
		r.refuseMessage(0)
	}
}

// document reads the document. It holds one entry of a statement at a time as a tree.
func (r *camtReader) document() error {
	path := []string{}
	root := false // whether the root element has ended
	for {
		start := r.decoder.InputOffset()
		token, err := r.decoder.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.Directive:
			return errors.New("document types and entities are not allowed")
		case xml.StartElement:
			if root && len(path) == 0 {
				return errors.New("there is a second root element")
			}
			if root = true; len(path) == 0 {
				r.message = isoMessage.FindString(strings.ToLower(t.Name.Space))
			}
			if path, err = r.start(path, t, start); err != nil {
				return err
			}
		case xml.EndElement:
			if name := t.Name.Local; isCamtStatement(name) {
				r.endStatement()
			}
			path = path[:len(path)-1]
		}
		if r.f.Refusal != nil {
			return nil
		}
	}
}

// isoMessage matches the name of a message of ISO 20022 in a namespace.
var isoMessage = regexp.MustCompile(`\b[a-z]{4}\.[0-9]{3}\b`)

// refuseMessage refuses a message that contains no statement.
func (r *camtReader) refuseMessage(line int) {
	name := "the XML document"
	if r.message != "" && r.message != "camt.052" && r.message != "camt.053" {
		name = "the file is " + r.message + ", which"
	}
	r.f.refuse(witness.NotAStatement, line, "%s contains no statement (camt.052 or camt.053)", name)
}

func isCamtStatement(name string) bool { return name == "Stmt" || name == "Rpt" }

// start handles the beginning of an element. The elements of a statement are read whole, so they do not become part of
// the path.
func (r *camtReader) start(path []string, t xml.StartElement, start int64) ([]string, error) {
	name := t.Name.Local
	inStatement := len(path) > 0 && isCamtStatement(path[len(path)-1])
	switch {
	case inStatement || name == "GrpHdr":
		r.elements = 0
		n, err := r.element(t, start, 1)
		if err == nil {
			r.part(n)
		}
		return path, err
	case name == "Ntry" && r.statements == 0 && r.message != "":
		line, _ := r.decoder.InputPos()
		r.refuseMessage(line)
		return path, nil
	case name == "Ntry":
		return path, errors.New("an entry stands outside of a statement")
	case isCamtStatement(name):
		r.statements++
		statements := r.statements
		*r = camtReader{
			f: r.f, decoder: r.decoder, made: r.made, statements: statements, message: r.message, open: r.open,
		}
		r.section.Made = r.made
	case len(path) >= maxDepth:
		return path, fmt.Errorf("the elements are nested deeper than %d", maxDepth)
	}
	return append(path, name), nil
}

// element reads an element with everything in it.
func (r *camtReader) element(t xml.StartElement, start int64, depth int) (*node, error) {
	line, _ := r.decoder.InputPos()
	n := &node{name: t.Name.Local, line: line, start: start}
	for _, a := range t.Attr {
		if a.Name.Local == "Ccy" {
			n.currency = strings.TrimSpace(a.Value)
		}
	}
	if r.elements++; r.elements > maxElements {
		return n, fmt.Errorf("an entry has more than %d elements", maxElements)
	}
	if depth > maxDepth {
		return n, fmt.Errorf("the elements are nested deeper than %d", maxDepth)
	}
	var text strings.Builder
	for {
		at := r.decoder.InputOffset()
		token, err := r.decoder.Token()
		if err != nil {
			return n, err
		}
		switch t := token.(type) {
		case xml.Directive:
			return n, errors.New("document types and entities are not allowed")
		case xml.CharData:
			text.Write(t)
		case xml.StartElement:
			c, err := r.element(t, at, depth+1)
			if err != nil {
				return n, err
			}
			n.children = append(n.children, c)
		case xml.EndElement:
			n.end = r.decoder.InputOffset()
			n.text = strings.TrimSpace(text.String())
			return n, nil
		}
	}
}

// part handles an element of a statement, or the group header.
func (r *camtReader) part(n *node) {
	switch n.name {
	case "Id":
		r.id = n.text
	case "StmtPgntn", "RptPgntn":
		last := n.child("LastPgInd").text
		r.page, r.more = positive(n.child("PgNb").text), last == "false" || last == "0"
	case "GrpHdr":
		r.made = isoDate(n.child("CreDtTm").text)
	case "CreDtTm":
		if date := isoDate(n.text); date != "" {
			r.section.Made = date
		}
	case "ElctrncSeqNb":
		r.section.Number = positive(n.text)
	case "LglSeqNb":
		if r.section.Number == 0 {
			r.section.Number = positive(n.text)
		}
	case "FrToDt":
		r.section.Declared = domain.Window{
			From: isoDate(n.child("FrDtTm").text + n.child("FrDt").text),
			To:   isoDate(n.child("ToDtTm").text + n.child("ToDt").text),
		}
		if r.section.Declared.From == "" || r.section.Declared.To == "" {
			r.section.Declared = domain.Window{}
		}
	case "Acct":
		id := n.child("Id")
		r.account.Number = id.child("IBAN").text + id.child("Othr", "Id").text
		r.accountCurrency = n.child("Ccy").text
	case "Bal":
		r.balances = append(r.balances, n)
	case "Ntry":
		if r.f.count(n.line) {
			r.section.Blocks = append(r.section.Blocks, r.block(n))
			r.currencies = append(r.currencies, n.child("Amt").currency)
			r.raws = append(r.raws, r.raw(n))
			reversal := n.child("RvslInd").text
			r.reversals = append(r.reversals, reversal == "true" || reversal == "1")
		}
	case "TxsSummry":
		r.summary = *n
	}
}

// endStatement adds the statement to that of its account.
func (r *camtReader) endStatement() {
	currency := r.accountCurrency
	for _, b := range r.balances {
		if currency == "" {
			currency = b.child("Amt").currency
		}
	}
	r.addBalances(currency)
	sumsHold := r.sumsHold()
	r.invertReversals()
	r.checkSummary(sumsHold || r.sumsHold())
	for i := range r.section.Blocks {
		b := &r.section.Blocks[i]
		if own := r.currencies[i]; b.Kind == witness.Line && own != "" && currency != "" && own != currency {
			*b = refusedOn(b.Date, b.FileLine, r.raws[i], "the amount is in %s, and the account in %s", own, currency)
		}
	}
	r.addPage(accountKey{r.account, currency})
}

// addPage adds the statement, which may be a page of one. The balances between pages are those of a chain. A page whose
// next one is missing does not end its day.
func (r *camtReader) addPage(key accountKey) {
	before := r.open
	follows := before.page > 0 && r.page == before.page+1 && before.key == key && before.id == r.id
	if r.page > 1 && !follows {
		r.warnings = witness.AddWarning(r.warnings, witness.StatementMissing, 0)
	}
	r.section.Unfinished, r.section.Cut = r.more, r.more
	r.f.add(key.account, key.currency, r.section, r.warnings)
	if r.f.Refusal != nil {
		return
	}
	if follows {
		s := &r.f.Statements[before.statement].Sections[before.section]
		s.Unfinished, s.Cut = false, false
	} else {
		r.closePage()
	}
	r.open = openPage{}
	if r.more {
		at := r.f.accounts[key]
		r.open = openPage{r.page, r.id, key, at, len(r.f.Statements[at].Sections) - 1}
	}
}

// closePage adds a warning if the page behind the last one is missing.
func (r *camtReader) closePage() {
	if r.open.page > 0 {
		s := &r.f.Statements[r.open.statement]
		s.Warnings = witness.AddWarning(s.Warnings, witness.TrailerMissing, 0)
	}
}

// raw returns the text of an element.
func (r *camtReader) raw(n *node) string {
	end := min(n.end, int64(len(r.f.text)))
	return r.f.text[min(n.start, end):end]
}

// block returns the block of an entry.
func (r *camtReader) block(n *node) witness.Block {
	raw := r.raw(n)
	amount, err := camtAmount(n)
	booked, value := camtDate(n.child("BookgDt")), camtDate(n.child("ValDt"))
	status := strings.TrimSpace(n.child("Sts").text + n.child("Sts", "Cd").text)
	date := booked
	if date == "" {
		date = value
	}
	b := witness.Block{Kind: witness.Line, FileLine: n.line, Date: date, Amount: amount, Text: camtText(n)}
	if value != date {
		b.ValueDate = value
	}
	switch {
	case err != nil:
		return refusedOn(date, n.line, raw, "%v", err)
	case !slices.Contains([]string{"BOOK", "PDNG", "INFO", "FUTR"}, status):
		return refusedOn(date, n.line, raw, "the status of the entry is unknown: %q", status)
	case date == "" && status == "BOOK":
		return refused(n.line, raw, "the entry has no readable date")
	case status != "BOOK":
		b.Kind, b.Reason = witness.Apart, "not booked: "+status
	}
	b.IDs = addID(b.IDs, "AcctSvcrRef", n.child("AcctSvcrRef").text, true)
	r.addDetails(&b, n, amount)
	return b
}

// camtAmount returns the amount of an entry, a part or a balance, with its sign.
func camtAmount(n *node) (decimal.Decimal, error) {
	text := n.child("Amt").text
	amount, err := domain.ParseAmount(text)
	if err != nil || strings.Trim(text, "0123456789.") != "" || text == "" {
		return decimal.Decimal{}, fmt.Errorf("%w: %q", errNotAmount, text)
	}
	switch mark := n.child("CdtDbtInd").text; mark {
	case "CRDT":
		return amount, nil
	case "DBIT":
		return amount.Neg(), nil
	default:
		return decimal.Decimal{}, fmt.Errorf("the mark of credit and debit is unknown: %q", mark)
	}
}

// camtDate returns the day of a date element. Some banks write a time into Dt.
func camtDate(n *node) domain.Date {
	if date := isoDate(n.child("Dt").text); date != "" {
		return date
	}
	return isoDate(n.child("DtTm").text)
}

// addDetails adds what the details of an entry contain: the references of a single movement, or the parts of a batch.
func (r *camtReader) addDetails(b *witness.Block, n *node, amount decimal.Decimal) {
	var parts []witness.Part
	var sum decimal.Decimal
	readable := true
	n.each("NtryDtls", func(details *node) {
		details.each("TxDtls", func(tx *node) {
			p, ok := camtPart(tx, n)
			readable = readable && ok
			parts, sum = append(parts, p), sum.Add(p.Amount)
		})
	})
	if len(parts) == 1 {
		for _, id := range parts[0].IDs {
			b.IDs = addID(b.IDs, id.Kind, id.Value, id.Stable)
		}
		return
	}
	if len(parts) > 1 && readable && sum.Equal(amount) {
		b.Parts = parts
	} else if len(parts) > 1 {
		r.warnings = witness.AddWarning(r.warnings, witness.PartsDoNotSum, len(r.section.Blocks)+1)
	}
}

// camtPart returns a movement of an entry. A movement without a mark has that of its entry. ok is false if it has no
// readable amount.
func camtPart(tx, entry *node) (p witness.Part, ok bool) {
	refs := tx.child("Refs")
	for _, kind := range []string{"EndToEndId", "TxId", "UETR", "AcctSvcrRef"} {
		if value := refs.child(kind).text; value != "NOTPROVIDED" {
			p.IDs = addID(p.IDs, kind, value, true)
		}
	}
	amount := &node{children: []*node{tx.child("Amt"), tx.child("CdtDbtInd")}}
	amount.children[0].name, amount.children[1].name = "Amt", "CdtDbtInd"
	if amount.children[0].text == "" {
		if other := tx.child("AmtDtls", "TxAmt", "Amt"); other.text != "" {
			amount.children[0] = other
		}
	}
	if amount.children[1].text == "" {
		amount.children[1] = entry.child("CdtDbtInd")
	}
	value, err := camtAmount(amount)
	p.Amount = value
	return p, err == nil
}

// camtText returns the text of an entry: its additional information, or the remittance information of its only
// movement.
func camtText(n *node) string {
	var parts []string
	if text := n.child("AddtlNtryInf").text; text != "" {
		parts = append(parts, text)
	}
	details := n.child("NtryDtls")
	if tx := details.child("TxDtls"); len(parts) == 0 {
		for _, text := range []string{
			tx.child("RltdPties", "Cdtr", "Nm").text, tx.child("RltdPties", "Cdtr", "Pty", "Nm").text,
			tx.child("RltdPties", "Dbtr", "Nm").text, tx.child("RltdPties", "Dbtr", "Pty", "Nm").text,
			tx.child("RmtInf", "Ustrd").text, tx.child("AddtlTxInf").text,
		} {
			if text != "" {
				parts = append(parts, text)
			}
		}
	}
	return domain.CleanText(strings.Join(strings.Fields(strings.Join(parts, " ")), " "))
}

// addBalances adds the opening and the closing booked balances. Available, intraday and expected balances prove nothing
// about booked movements.
func (r *camtReader) addBalances(currency string) {
	roles := map[string]witness.Role{"OPBD": witness.Opening, "PRCD": witness.Opening, "CLBD": witness.Closing}
	between := r.balancesOfPage()
	for _, n := range r.balances {
		kind := camtBalanceType(n)
		role := roles[kind]
		if role == "" {
			role = between[n]
		}
		if role == "" || n.child("Amt").currency != "" && n.child("Amt").currency != currency {
			continue
		}
		amount, err := camtAmount(n)
		if err != nil {
			r.warnings = witness.AddWarning(r.warnings, witness.UnreadableBalance, 0)
			continue
		}
		r.setBalance(witness.Balance{
			Role: role, Date: camtDate(n.child("Dt")), StartOfDay: kind == "OPBD", Source: witness.Field, Block: -1,
			Readings: []decimal.Decimal{amount},
		})
	}
}

// balancesOfPage returns the roles of the interim balances of a page: the first one is the opening balance if the page
// has no other, and the last one the closing balance.
func (r *camtReader) balancesOfPage() map[*node]witness.Role {
	roles := map[*node]witness.Role{}
	if r.page == 0 || r.page == 1 && !r.more {
		return roles
	}
	interim := slices.DeleteFunc(slices.Clone(r.balances), func(n *node) bool { return camtBalanceType(n) != "ITBD" })
	has := func(kinds ...string) bool {
		return slices.ContainsFunc(r.balances, func(n *node) bool {
			return slices.Contains(kinds, camtBalanceType(n))
		})
	}
	if len(interim) > 0 && r.page > 1 && !has("OPBD", "PRCD") {
		roles[interim[0]], interim = witness.Opening, interim[1:]
	}
	if len(interim) > 0 && r.more && !has("CLBD") {
		roles[interim[len(interim)-1]] = witness.Closing
	}
	return roles
}

// setBalance adds a balance. A section has one opening and one closing balance: the first OPBD, or else the first PRCD,
// and the last CLBD. Others are balances of their days, so that those that differ contradict each other.
func (r *camtReader) setBalance(b witness.Balance) {
	balances := r.section.Balances
	i := slices.IndexFunc(balances, func(other witness.Balance) bool { return other.Role == b.Role })
	if i < 0 {
		r.section.Balances = append(balances, b)
		return
	}
	replaces := b.Role == witness.Opening && b.StartOfDay && !balances[i].StartOfDay ||
		b.Role == witness.Closing && b.Date > balances[i].Date
	if replaces {
		balances[i], b = b, balances[i]
	}
	if b.StartOfDay && b.Date != "" {
		b.Date = b.Date.AddDays(-1)
	}
	if b.Role == witness.Opening && !b.StartOfDay && balances[i].StartOfDay { // the same balance by its other name
		b.Date = min(b.Date, balances[i].Date.AddDays(-1))
	}
	b.Role, b.StartOfDay = witness.DayEnd, false
	if b.Date != "" || !b.Readings[0].Equal(balances[i].Readings[0]) {
		r.section.Balances = append(balances, b)
	}
}

func camtBalanceType(n *node) string { return n.child("Tp", "CdOrPrtry", "Cd").text }

// invertReversals changes the signs of the reversals if the balances agree only then. Some banks write the mark of the
// reversed movement, and others that of the reversal.
func (r *camtReader) invertReversals() {
	s := &r.section
	var opening, closing *decimal.Decimal
	for i := range s.Balances {
		switch b := &s.Balances[i]; b.Role { //nolint:exhaustive // the others are within the statement
		case witness.Opening:
			opening = &b.Readings[0]
		case witness.Closing:
			closing = &b.Readings[0]
		}
	}
	if opening == nil || closing == nil {
		return
	}
	var reversals []int
	var sum decimal.Decimal
	for i, reversal := range r.reversals {
		if reversal && s.Blocks[i].Kind == witness.Line {
			reversals, sum = append(reversals, i), sum.Add(s.Blocks[i].Amount)
		}
	}
	end := opening.Add(s.Net())
	if len(reversals) == 0 || end.Equal(*closing) || !end.Sub(sum).Sub(sum).Equal(*closing) {
		return
	}
	for _, i := range reversals {
		s.Blocks[i].Amount, s.Blocks[i].Parts = s.Blocks[i].Amount.Neg(), nil
		r.warnings = witness.AddWarning(r.warnings, witness.ReversalsInverted, i+1)
	}
}

// checkSummary compares the number and the sums of entries that a statement declares with those that it has. If a sum
// is another one, an entry may be missing or have another amount, or the bank may sum something else.
func (r *camtReader) checkSummary(sumsHold bool) {
	count := r.summary.child("TtlNtries", "NbOfNtries").text
	other := count != "" && positive(count) != len(r.section.Blocks)
	if other || !sumsHold {
		r.warnings = witness.AddWarning(r.warnings, witness.TotalsDisagree, 0)
	}
	r.section.Doubtful = r.section.Doubtful || !sumsHold
}

// sumsHold reports whether the declared sums of the entries, of the credits and of the debits are those of all entries,
// or those of the booked ones. Banks declare the sum of all entries with and without regard to their signs, and that of
// the debits with both signs.
func (r *camtReader) sumsHold() bool {
	for _, bookedOnly := range []bool{true, false} {
		var credits, debits decimal.Decimal
		for i := range r.section.Blocks {
			b := &r.section.Blocks[i]
			switch {
			case b.Kind != witness.Line && bookedOnly:
			case b.Amount.IsNegative():
				debits = debits.Sub(b.Amount)
			default:
				credits = credits.Add(b.Amount)
			}
		}
		net := credits.Sub(debits)
		all, netEntry := r.summary.child("TtlNtries"), r.summary.child("TtlNtries", "TtlNetNtry")
		if isSum(all.child("Sum"), credits.Add(debits), net) && isSum(netEntry.child("Amt"), net) &&
			isSum(all.child("TtlNetNtryAmt"), net) && isSum(r.summary.child("TtlCdtNtries", "Sum"), credits) &&
			isSum(r.summary.child("TtlDbtNtries", "Sum"), debits) {
			return true
		}
	}
	return false
}

// isSum reports whether an element is missing, or contains one of the amounts with either sign.
func isSum(n *node, amounts ...decimal.Decimal) bool {
	if n.text == "" {
		return true
	}
	stated, err := domain.ParseAmount(n.text)
	return err == nil && slices.ContainsFunc(amounts, func(amount decimal.Decimal) bool {
		return amount.Abs().Equal(stated.Abs())
	})
}
