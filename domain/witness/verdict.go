package witness

import (
	"slices"

	"github.com/shopspring/decimal"

	"github.com/LerianStudio/aggregator-connections/domain"
)

// result returns the findings, the balances and the verdict.
func (c *comparer) result(in Input) Comparison {
	result := Comparison{CoversTo: c.coversTo, Buckets: map[Bucket]Total{}, Listed: c.proof.Covered}
	c.proof.coverTo(c.coversTo)
	result.Proof = c.proof
	result.Findings = make([]Finding, 0, c.findings())
	unknown := false // whether a record of a covered day has no known amount
	for i := range c.lines {
		result.add(c.findingOfLine(&c.lines[i]))
	}
	for i := range c.records {
		r := &c.records[i]
		if r.line >= 0 {
			continue
		}
		unknown = unknown || r.Unknown && !r.Pending && c.proof.Covers(r.Date)
		result.add(c.findingOfRecord(r))
	}
	contradicted := result.compareBalances(in, c)
	result.setFirstDay(c)
	result.Verdict = result.verdict(contradicted, unknown)
	return result
}

// findings returns the number of lines and of records without a line.
func (c *comparer) findings() int {
	n := len(c.lines)
	for i := range c.records {
		if c.records[i].line < 0 {
			n++
		}
	}
	return n
}

func (result *Comparison) add(f Finding) {
	result.Findings = append(result.Findings, f)
	total := result.Buckets[f.Bucket]
	total.Count++
	total.Sum = total.Sum.Add(f.Amount)
	result.Buckets[f.Bucket] = total
}

// findingOfLine returns the finding about a block.
func (c *comparer) findingOfLine(l *line) Finding {
	f := Finding{
		Position: l.position, Date: l.Date, ValueDate: l.ValueDate, Amount: l.Amount, NoAmount: l.NoAmount,
		Text: l.Text, IDs: l.IDs, Bucket: c.bucketOfLine(l), MatchedBy: l.by, Different: l.differing,
		Reason: l.Reason, Raw: l.Raw,
	}
	for _, r := range l.records {
		f.Records = append(f.Records, c.records[r].ID)
	}
	if f.Bucket == OnlyTheirs {
		f.Equal = c.equal(l.Date, l.amount)
	}
	return f
}

func (c *comparer) bucketOfLine(l *line) Bucket {
	switch {
	case l.Kind == BalanceRow:
		return BalanceRows
	case l.Kind == Apart:
		return SetApart
	case l.Kind == Refused:
		return RefusedBlock
	case l.scope == later:
		return Outside
	case l.by == notMatched:
		return OnlyTheirs
	case l.proposed:
		return ProposedGroup
	case l.differing != nil:
		return Different
	}
	return Both
}

// findingOfRecord returns the finding about a record that no line has.
func (c *comparer) findingOfRecord(r *record) Finding {
	f := Finding{
		Date: r.Date, Amount: r.Amount, NoAmount: r.Unknown, Text: r.Text, Bucket: c.bucketOfRecord(r),
		Records: []domain.TransactionID{r.ID},
	}
	if f.Bucket == OnlyOurs {
		f.Equal = c.equal(r.Date, r.amount)
	}
	return f
}

func (c *comparer) bucketOfRecord(r *record) Bucket {
	covered := c.proof.Covers(r.Date)
	switch {
	case covered && r.Pending:
		return PendingOurs
	case r.Amount.IsZero() && !r.Unknown:
		return Outside // it moves no money, and such an entry of a file is apart
	case r.Pending, r.Unknown, r.aside, !covered, c.coversTo != "" && r.Date > c.coversTo, c.proof.MayLack(r.Date):
		return Outside
	}
	return OnlyOurs
}

// equal returns the numbers of lines and records with this day and amount; nil if they do not matter.
func (c *comparer) equal(day domain.Date, amount int) *Equal {
	n := c.counts[dayAmount{day, amount}]
	if n.Theirs == n.Ours || n.Theirs < 2 && n.Ours < 2 {
		return nil
	}
	return &n
}

// effect is the amount by which a difference changes the balance of their side, less that of ours, from a day on.
type effect struct {
	from   domain.Date
	amount decimal.Decimal
	moved  bool // only the day differs
}

// effects returns the effects of all differences.
func (c *comparer) effects() []effect {
	var all []effect
	for i := range c.lines {
		l := &c.lines[i]
		if l.Kind != Line || l.scope == later {
			continue
		}
		all = append(all, effect{l.Date, l.Amount, l.by != notMatched})
		for _, r := range l.records {
			all = append(all, effect{c.records[r].Date, c.records[r].Amount.Neg(), true})
		}
		if _, amount := l.differing[memberValue]; amount {
			all[len(all)-1].moved, all[len(all)-2].moved = false, false
		}
	}
	for i := range c.records {
		if r := &c.records[i]; r.line < 0 && c.bucketOfRecord(r) == OnlyOurs {
			all = append(all, effect{r.Date, r.Amount.Neg(), false})
		}
	}
	return all
}

// compareBalances compares their balances with ours. It reports whether one is contradicted: within the file, or by a
// difference that moved dates do not explain.
func (result *Comparison) compareBalances(in Input, c *comparer) (contradicted bool) {
	ours := map[domain.Date]decimal.Decimal{}
	for _, b := range in.Balances {
		ours[b.Date] = b.Amount
	}
	effects := c.effects()
	domain.SortLarge(effects, func(a, b effect) int { return compareDates(a.from, b.from) })
	result.Unexplained = c.proof.Gap
	var moved, listed decimal.Decimal // of the effects up to the day
	for _, their := range c.theirBalances() {
		for len(effects) > 0 && effects[0].from <= their.Date {
			listed = listed.Add(effects[0].amount)
			if effects[0].moved {
				moved = moved.Add(effects[0].amount)
			}
			effects = effects[1:]
		}
		b := ComparedBalance{Date: their.Date, Theirs: their.Amount}
		if our, known := ours[their.Date]; known {
			difference := their.Amount.Sub(our)
			b.Ours, b.Difference = &our, &difference
			result.Unexplained = difference.Sub(listed)
			holds := difference.Equal(moved)
			contradicted = contradicted || !holds
			if in.Statement.CoversTo != "" {
				result.Proof.Closing = StatedBalance{Amount: &b.Theirs, Date: b.Date, Source: Field, State: Unavailable}
			}
			result.settle(their, holds)
		}
		result.Balances = append(result.Balances, b)
	}
	return contradicted || result.Proof.Closing.State == Contradicted || result.Proof.Opening.State == Contradicted
}

// theirBalances returns the balances of the witness at the ends of days, oldest first.
func (c *comparer) theirBalances() []DayBalance {
	days := slices.Clone(c.proof.Days)
	if o := c.proof.Opening; o.Source == Derived && o.Amount != nil {
		days = append([]DayBalance{{o.EndOfDay(), *o.Amount}}, days...)
	}
	return lastOfDays(days)
}

// settle sets the states of the opening and the closing balance after the comparison with our balance of the same day.
func (result *Comparison) settle(their DayBalance, holds bool) {
	for _, b := range []*StatedBalance{&result.Proof.Opening, &result.Proof.Closing} {
		switch {
		case b.EndOfDay() != their.Date || b.Amount == nil || !b.Amount.Equal(their.Amount) || b.State == Contradicted:
		case holds:
			b.State = Proved
		default:
			b.State = Contradicted
		}
	}
}

// setFirstDay sets the first day on which the two part.
func (result *Comparison) setFirstDay(c *comparer) {
	first := c.proof.FirstGap
	for i := range c.lines {
		l := &c.lines[i]
		switch c.bucketOfLine(l) {
		case OnlyTheirs:
			first = domain.EarlierDate(first, l.Date)
		case Different:
			first = domain.EarlierDate(first, domain.EarlierDate(l.Date, c.records[l.records[0]].Date))
		default: // the two agree about the other lines
		}
	}
	for i := range c.records {
		if r := &c.records[i]; r.line < 0 && c.bucketOfRecord(r) == OnlyOurs {
			first = domain.EarlierDate(first, r.Date)
		}
	}
	for _, b := range result.Balances {
		if b.Difference != nil && !b.Difference.IsZero() {
			first = domain.EarlierDate(first, b.Date)
		}
	}
	result.FirstDayApart = first
}

// verdict returns the first verdict that applies.
func (result *Comparison) verdict(contradicted, unknown bool) Verdict {
	amounts, dates, lines := 0, 0, 0
	for i := range result.Findings {
		f := &result.Findings[i]
		if f.Position > 0 && !slices.Contains([]Bucket{SetApart, RefusedBlock, BalanceRows, Outside}, f.Bucket) {
			lines++
		}
		if _, amount := f.Different[memberValue]; amount {
			amounts++
		} else if f.Bucket == Different {
			dates++
		}
	}
	count := func(b Bucket) int { return result.Buckets[b].Count }
	covered := len(result.Proof.Covered) > 0
	switch {
	case amounts+count(OnlyTheirs)+count(OnlyOurs) > 0 || contradicted:
		return Differs
	case count(ProposedGroup)+count(RefusedBlock) > 0 || unknown || lines == 0 && !covered:
		return Inconclusive
	case dates > 0:
		return DatesDiffer
	case covered && result.Proof.Closing.State == Proved:
		return Agrees
	}
	return LinesAgree
}
