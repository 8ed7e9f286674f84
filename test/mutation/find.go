package main

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// kind is the kind of code that a mutant changes, such as a boundary (< becomes <=).
type kind string

const (
	boundary   kind = "boundary"   // < becomes <=
	negation   kind = "negation"   // == becomes !=, < becomes >=
	arithmetic kind = "arithmetic" // + becomes -, * becomes /
	increment  kind = "increment"  // ++ becomes --, += becomes -=, -x becomes x
	logical    kind = "logical"    // && becomes ||
	statement  kind = "statement"  // an assignment or a call is left out
)

var kinds = []kind{boundary, negation, arithmetic, increment, logical, statement}

// mutation is one small change of the code.
type mutation struct {
	id       int // from 1; only selected mutants have one
	kind     kind
	pkg      string // import path
	file     string
	position token.Position
	text     string        // the original code, in one line
	edits    func() []edit // the edits that write the mutant into its file; id must be set
}

// edit replaces the skip bytes at an offset of a file with text.
type edit struct {
	offset, skip int
	text         string
	order        int // edits with the same offset are made in ascending order
}

// finder collects the mutants of a file.
type finder struct {
	file    *sourceFile
	info    *types.Info
	pkg     *types.Package
	mutants []*mutation
	// operands maps the untyped operands of constant expressions to the type of the whole expression, because the type
	// checker gives such operands no type.
	operands map[ast.Expr]types.Type
}

// find returns the mutants of a file, in the order of their positions.
func find(file *sourceFile, info *types.Info, pkg *types.Package) []*mutation {
	f := &finder{file: file, info: info, pkg: pkg, operands: map[ast.Expr]types.Type{}}
	ast.Inspect(file.syntax, f.visit)
	slices.SortStableFunc(f.mutants, func(a, b *mutation) int {
		return cmp.Compare(a.position.Offset, b.position.Offset)
	})
	return f.mutants
}

// visit adds the mutants of a node. It skips the places where Go requires a constant.
func (f *finder) visit(node ast.Node) bool {
	switch n := node.(type) {
	case *ast.GenDecl:
		return n.Tok == token.VAR
	case *ast.ArrayType:
		return false
	case *ast.BinaryExpr:
		f.noteOperands(n, n.X, n.Y)
		f.binary(n)
	case *ast.ParenExpr:
		f.noteOperands(n, n.X)
	case *ast.UnaryExpr:
		f.noteOperands(n, n.X)
		if n.Op == token.SUB && f.isNumber(n) {
			f.negated(n, n)
		}
	case *ast.BlockStmt:
		f.statements(n.List)
	case *ast.CaseClause:
		f.statements(n.Body)
	case *ast.CommClause:
		f.statements(n.Body)
	case *ast.IncDecStmt:
		f.step(n)
	case *ast.AssignStmt:
		if (n.Tok == token.ADD_ASSIGN || n.Tok == token.SUB_ASSIGN) && f.isNumber(n.Rhs[0]) {
			f.negated(n, n.Rhs[0])
		}
	}
	return true
}

// binary adds the mutants of a binary operator.
func (f *finder) binary(n *ast.BinaryExpr) {
	switch n.Op {
	case token.EQL, token.NEQ, token.LSS, token.LEQ, token.GTR, token.GEQ:
		f.add(negation, n, func(id int) []edit { return f.around(n, fmt.Sprintf("mutant.Not(%d, ", id), ")", 1) })
	case token.LAND:
		f.lazy(n, "And")
	case token.LOR:
		f.lazy(n, "Or")
	default: // the others are arithmetic
	}
	if name := boundaries[n.Op]; name != "" && !f.isConstant(n) {
		f.call(boundary, n, name)
	}
	if name := operators[n.Op]; name != "" && f.isNumber(n) {
		if f.isConstant(n) {
			t, ok := f.typeName(n)
			if !ok || f.isZero(n.Y) {
				return
			}
			name += "[" + t + "]"
		}
		f.call(arithmetic, n, name)
	}
}

var boundaries = map[token.Token]string{
	token.LSS: "Less", token.LEQ: "AtMost", token.GTR: "Greater", token.GEQ: "AtLeast",
}

var operators = map[token.Token]string{
	token.ADD: "Add", token.SUB: "Subtract", token.MUL: "Multiply", token.QUO: "Divide", token.REM: "Remainder",
}

// statements adds a mutant for each statement that can be left out.
func (f *finder) statements(list []ast.Stmt) {
	for _, s := range list {
		switch s := s.(type) {
		case *ast.ExprStmt:
			if call, ok := s.X.(*ast.CallExpr); ok && !isPanic(call) {
				f.optional(s)
			}
		case *ast.AssignStmt:
			if name, ok := s.Lhs[0].(*ast.Ident); s.Tok == token.ASSIGN && (!ok || name.Name != "_" || len(s.Lhs) > 1) {
				f.optional(s)
			}
		}
	}
}

func isPanic(call *ast.CallExpr) bool {
	name, ok := call.Fun.(*ast.Ident)
	return ok && name.Name == "panic"
}

func (f *finder) optional(s ast.Stmt) {
	f.add(statement, s, func(id int) []edit { return f.around(s, fmt.Sprintf("if mutant.Keep(%d) { ", id), " }", 0) })
}

// step adds a mutant that changes x++ to x-- or x-- to x++.
func (f *finder) step(s *ast.IncDecStmt) {
	name, ok := f.typeName(s.X)
	if !ok {
		return
	}
	operator := " += "
	if s.Tok == token.DEC {
		operator = " -= "
	}
	f.add(increment, s, func(id int) []edit {
		text := fmt.Sprintf("%smutant.Negated[%s](%d, 1)", operator, name, id)
		return []edit{{offset: f.offset(s.TokPos), skip: len("++"), text: text}}
	})
}

// negated adds a mutant that changes the sign of a number within the node n.
func (f *finder) negated(n ast.Node, number ast.Expr) {
	if name, ok := f.typeName(number); ok {
		f.add(increment, n, func(id int) []edit {
			return f.around(number, fmt.Sprintf("mutant.Negated[%s](%d, ", name, id), ")", 0)
		})
	}
}

// call adds a mutant that replaces an operator by a function.
func (f *finder) call(k kind, n *ast.BinaryExpr, name string) {
	f.add(k, n, func(id int) []edit {
		return append(f.around(n, fmt.Sprintf("mutant.%s(%d, ", name, id), ")", 0), f.operator(n))
	})
}

// lazy adds a mutant of an && or || expression. The operator is replaced by a call of the named function, with the
// second operand as a function literal. The second operand is therefore evaluated only when needed.
func (f *finder) lazy(n *ast.BinaryExpr, name string) {
	f.add(logical, n, func(id int) []edit {
		edits := append(f.around(n, fmt.Sprintf("mutant.%s(%d, ", name, id), ")", 0), f.operator(n))
		return append(edits, f.around(n.Y, "func() bool { return ", " }", 2)...)
	})
}

// operator returns the edit that replaces the operator of an expression by a comma.
func (f *finder) operator(n *ast.BinaryExpr) edit {
	return edit{offset: f.offset(n.OpPos), skip: len(n.Op.String()), text: ",", order: afterNodes}
}

// afterNodes is the order of an edit that is made after all edits at the end of a node.
const afterNodes = 1 << 30

// around returns the edits that insert text before and after a node. Edits at the same offset are nested: the text of
// an outer node encloses that of an inner node. If several edits surround the same node, an edit with a higher level
// encloses the others.
//
// The order of the edits is derived from the length of the node plus the level. An outer node is longer than an inner
// one by at least an operator with a space, and the level is less than that. The sum for an outer node is therefore
// always greater.
func (f *finder) around(n ast.Node, before, after string, level int) []edit {
	from, to := f.offset(n.Pos()), f.offset(n.End())
	size := to - from + level
	return []edit{{offset: from, text: before, order: 2*afterNodes - size}, {offset: to, text: after, order: size}}
}

func (f *finder) offset(p token.Pos) int { return f.file.set.Position(p).Offset }

func (f *finder) add(k kind, n ast.Node, edits func(id int) []edit) {
	at := n.Pos()
	if binary, ok := n.(*ast.BinaryExpr); ok {
		at = binary.OpPos
	}
	m := &mutation{
		kind: k, pkg: f.pkg.Path(), file: f.file.name, position: f.file.set.Position(at),
		text: shorten(string(f.file.source[f.offset(n.Pos()):f.offset(n.End())])),
	}
	m.edits = func() []edit { return edits(m.id) }
	f.mutants = append(f.mutants, m)
}

// shorten returns the text in one line of at most 80 bytes.
func shorten(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > 80 {
		return strings.ToValidUTF8(text[:77], "") + "..."
	}
	return text
}

// noteOperands stores the type of a constant expression as the type of its untyped operands.
func (f *finder) noteOperands(e ast.Expr, operands ...ast.Expr) {
	if !f.isConstant(e) || !f.isNumber(e) {
		return
	}
	for _, operand := range operands {
		if basic, ok := f.info.TypeOf(operand).(*types.Basic); ok && basic.Info()&types.IsUntyped != 0 {
			f.operands[operand] = f.typeOf(e)
		}
	}
}

// typeOf returns the type of an expression.
func (f *finder) typeOf(e ast.Expr) types.Type {
	if t := f.operands[e]; t != nil {
		return t
	}
	return types.Default(f.info.TypeOf(e))
}

func (f *finder) isConstant(e ast.Expr) bool { return f.info.Types[e].Value != nil }

func (f *finder) isZero(e ast.Expr) bool {
	v := f.info.Types[e].Value
	return v != nil && constant.Sign(v) == 0
}

// isNumber reports whether the value of the expression is an integer or a floating-point number.
func (f *finder) isNumber(e ast.Expr) bool {
	basic, ok := f.info.TypeOf(e).Underlying().(*types.Basic)
	return ok && basic.Info()&(types.IsInteger|types.IsFloat) != 0
}

// typeName returns the type of an expression as it is written in the file. It returns false if the file cannot name the
// type, because it does not import the package of the type.
func (f *finder) typeName(e ast.Expr) (name string, ok bool) {
	ok = true
	name = types.TypeString(f.typeOf(e), func(p *types.Package) string {
		if p == f.pkg {
			return ""
		}
		if !slices.Contains(f.pkg.Imports(), p) {
			ok = false
		}
		alias, imported := f.file.imports[p.Path()]
		ok = ok && imported
		if alias == "" {
			alias = p.Name()
		}
		return alias
	})
	return name, ok
}
