package bankstatement

import (
	"strings"

	"github.com/LerianStudio/aggregator-connections/domain"
	"github.com/LerianStudio/aggregator-connections/domain/witness"
)

// ofxBlock is an entry of an OFX statement as it is written.
type ofxBlock struct {
	line    int
	start   int // offset of its beginning
	end     int // offset of its end
	pending bool
	// broken is the reason why the entry is not one movement.
	broken string
	fields map[string]string
}

// ofxBalance is a LEDGERBAL element.
type ofxBalance struct{ amount, date string }

// ofxStatement is a statement of an OFX file as it is written.
type ofxStatement struct {
	account  witness.Account
	currency string
	kind     string // ACCTTYPE
	start    string
	end      string
	ledgers  []ofxBalance
	blocks   []ofxBlock
	closed   bool
	listed   bool // the list of the movements has ended
}

// ofxReader is the state while the tags of an OFX file are read.
type ofxReader struct {
	f          *file
	tokens     ofxTokens
	statements []*ofxStatement
	block      *ofxBlock // nil outside of a block
	aggregate  string    // the innermost known aggregate outside of blocks; "" if none matters
	within     string    // the aggregate within a block
	server     string    // DTSERVER
	fid, org   string
	failure    string // the bank's error answer
	failed     bool   // STATUS has the severity ERROR
	status     int    // line of the STATUS
	ended      bool   // </OFX> was read
	// investments are the sections of investments, and investing states that the last one has not ended.
	investments []ofxInvestment
	investing   bool
}

// ofxInvestment is a section of an OFX file with a statement of investments, which is not read.
type ofxInvestment struct {
	account    witness.Account
	line       int
	start, end int // offsets
}

// readOFX reads an OFX file.
func (f *file) readOFX() {
	r := &ofxReader{f: f, tokens: newOFXTokens(f.text)}
	for {
		token, ok := r.tokens.next()
		if !ok {
			break
		}
		switch {
		case r.investing && !r.endsInvestment(token):
		case token.close:
			r.close(token)
		case ofxLeaves[token.name]:
			r.leaf(token)
		default:
			r.open(token)
		}
		if f.Refusal != nil {
			return
		}
	}
	if r.block != nil && r.block.broken == "" {
		r.block.broken = "the file ends within the entry"
	}
	r.endBlock(len(f.text))
	switch {
	case r.tokens.err != "":
		f.refuse(witness.Malformed, r.tokens.line, "%s", r.tokens.err)
	case len(r.statements) == 0 && len(r.investments) > 0:
		f.refuse(witness.NotAStatement, r.investments[0].line, "statements of investments are not read")
	case len(r.statements) == 0 && r.failed:
		f.refuse(witness.BankError, r.status, "the bank answered with an error: %s", r.failure)
	}
	if f.Refusal == nil {
		r.convert()
	}
}

// open handles the beginning of an aggregate.
func (r *ofxReader) open(token ofxToken) {
	switch token.name {
	case "STMTTRN", "STMTTRNP":
		r.endBlock(token.start)
		r.begin(token, token.name == "STMTTRNP")
	case "STMTRS", "CCSTMTRS":
		r.endBlock(token.start)
		r.endStatement()
		r.statements = append(r.statements, &ofxStatement{account: witness.Account{Card: token.name == "CCSTMTRS"}})
	case "INVSTMTRS":
		r.endBlock(token.start)
		r.endStatement()
		r.investing = true
		r.investments = append(r.investments, ofxInvestment{line: token.line, start: token.start, end: len(r.f.text)})
	case "BANKTRANLIST", "BANKTRANLISTP", "BANKACCTFROM", "CCACCTFROM", "LEDGERBAL", "AVAILBAL", "BALLIST":
		r.endBlock(token.start)
		r.aggregate = token.name
		if token.name == "LEDGERBAL" {
			s := r.statement()
			s.listed, s.ledgers = true, append(s.ledgers, ofxBalance{})
		}
	case "BANKACCTTO", "CCACCTTO", "CURRENCY", "ORIGCURRENCY", "PAYEE", "IMAGEDATA", "LOANACCTTO":
		if r.block != nil {
			r.within = token.name
		}
	case "STATUS":
		r.aggregate, r.status = token.name, token.line
	}
}

// endsInvestment reports whether a tag ends the section of investments or begins a statement. It stores the account of
// the section.
func (r *ofxReader) endsInvestment(token ofxToken) bool {
	last := &r.investments[len(r.investments)-1]
	switch token.name {
	case "ACCTID":
		if last.account.Number == "" {
			last.account.Number = token.value
		}
		return false
	case "INVSTMTRS", "INVSTMTTRNRS", "STMTRS", "CCSTMTRS", "OFX":
		last.end, r.investing = token.start, false
		return true
	}
	return false
}

// close handles an end tag.
func (r *ofxReader) close(token ofxToken) {
	switch token.name {
	case "STMTTRN", "STMTTRNP":
		if r.block == nil {
			r.begin(token, false)
			r.block.broken = "the end of a movement has no beginning"
		}
		r.endBlock(r.tokens.at)
	case "STMTRS", "CCSTMTRS":
		r.endBlock(token.start)
		r.endStatement()
	case "BANKTRANLIST", "BANKTRANLISTP":
		r.endBlock(token.start)
		if s := r.statementIfAny(); s != nil {
			s.listed = true
		}
	case "OFX":
		r.ended = true
	}
	switch token.name {
	case r.within:
		r.within = ""
	case r.aggregate:
		r.aggregate = ""
	}
}

// statement returns the statement that is being read.
func (r *ofxReader) statement() *ofxStatement {
	if n := len(r.statements); n > 0 && !r.statements[n-1].closed {
		return r.statements[n-1]
	}
	r.statements = append(r.statements, &ofxStatement{})
	return r.statements[len(r.statements)-1]
}

func (r *ofxReader) endStatement() {
	r.aggregate = ""
	if n := len(r.statements); n > 0 {
		r.statements[n-1].closed = true
	}
}

func (r *ofxReader) begin(token ofxToken, pending bool) {
	if r.f.count(token.line) {
		r.block = &ofxBlock{line: token.line, start: token.start, pending: pending, fields: map[string]string{}}
		r.within = ""
	}
}

func (r *ofxReader) endBlock(at int) {
	if r.block == nil {
		return
	}
	r.block.end = at
	s := r.statement()
	s.blocks = append(s.blocks, *r.block)
	r.block, r.within = nil, ""
}

// leaf handles a leaf element.
func (r *ofxReader) leaf(token ofxToken) {
	if r.block != nil {
		r.leafOfBlock(token)
		return
	}
	switch token.name {
	case "TRNTYPE", "DTPOSTED", "TRNAMT", "FITID":
		// The tag that begins the movement is missing or damaged.
		if r.begin(token, false); r.block != nil {
			r.block.broken = "fields of a movement are outside of STMTTRN"
			r.leafOfBlock(token)
		}
	case "DTSERVER":
		r.server = token.value
	case "FID":
		r.fid = token.value
	case "ORG":
		r.org = token.value
	case "SEVERITY":
		r.failed = r.failed || strings.EqualFold(token.value, "ERROR")
	case "MESSAGE":
		r.failure = token.value
	default:
		r.leafOfStatement(token)
	}
}

func (r *ofxReader) leafOfStatement(token ofxToken) {
	s := r.statementIfAny()
	if s == nil {
		return
	}
	isAccount := r.aggregate == "BANKACCTFROM" || r.aggregate == "CCACCTFROM"
	switch {
	case token.name == "CURDEF":
		s.currency = strings.ToUpper(token.value)
	case token.name == "DTSTART":
		s.start = token.value
	case token.name == "DTEND":
		s.end = token.value
	case isAccount && token.name == "BANKID":
		s.account.Bank = token.value
	case isAccount && token.name == "BRANCHID":
		s.account.Branch = token.value
	case isAccount && token.name == "ACCTID":
		s.account.Number = token.value
	case isAccount && token.name == "ACCTTYPE":
		s.kind = strings.ToLower(token.value)
	case r.aggregate == "LEDGERBAL" && token.name == "BALAMT":
		s.ledgers[len(s.ledgers)-1].amount = token.value
	case r.aggregate == "LEDGERBAL" && token.name == "DTASOF":
		s.ledgers[len(s.ledgers)-1].date = token.value
	}
}

// statementIfAny returns the statement that is being read; nil if there is none.
func (r *ofxReader) statementIfAny() *ofxStatement {
	if n := len(r.statements); n > 0 && !r.statements[n-1].closed {
		return r.statements[n-1]
	}
	return nil
}

// leafOfBlock stores a field of a block. A field that occurs twice shows that the end of a movement and the beginning
// of the next one are missing.
func (r *ofxReader) leafOfBlock(token ofxToken) {
	name := token.name
	switch r.within {
	case "":
	case "PAYEE":
		if name != "NAME" {
			return
		}
	case "CURRENCY", "ORIGCURRENCY":
		name = r.within + "." + name
	default:
		return
	}
	if _, twice := r.block.fields[name]; twice && (name == "TRNAMT" || name == "DTPOSTED" || name == "FITID") {
		r.block.broken = "the entry contains two movements"
	}
	r.block.fields[name] = token.value
}

// madeOn returns the day on which the file was made; "" if it is not known.
func (r *ofxReader) madeOn() domain.Date { return compactDate(r.server) }
