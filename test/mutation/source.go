package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
)

// sourceFile is a file of production code.
type sourceFile struct {
	name    string // absolute path
	source  []byte
	syntax  *ast.File
	set     *token.FileSet
	imports map[string]string // the name that the file gives to an imported package, or ""; by import path
}

// goPackage is a package under test, as go list describes it.
type goPackage struct {
	ImportPath, Dir, Export   string
	GoFiles                   []string
	TestGoFiles, XTestGoFiles []string
}

// list returns the packages that match the patterns. If deps is set, it also returns all packages that they
// import, with their export data.
func list(deps bool, patterns ...string) ([]goPackage, error) {
	arguments := []string{"list", "-json=ImportPath,Dir,Export,GoFiles,TestGoFiles,XTestGoFiles"}
	if deps {
		arguments = append(arguments, "-deps", "-export")
	}
	command := exec.Command("go", append(arguments, patterns...)...)
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("listing the packages: %w", err)
	}
	var packages []goPackage
	for decoder := json.NewDecoder(bytes.NewReader(output)); ; {
		var p goPackage
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages, nil
		} else if err != nil {
			return nil, fmt.Errorf("listing the packages: %w", err)
		}
		packages = append(packages, p)
	}
}

// findAll returns the files of the packages, and their mutants.
func findAll(packages []goPackage, patterns []string) (files []*sourceFile, all []*mutation, err error) {
	imported, err := list(true, patterns...)
	if err != nil {
		return nil, nil, err
	}
	exports := map[string]string{}
	for _, p := range imported {
		exports[p.ImportPath] = p.Export
	}
	set := token.NewFileSet()
	config := types.Config{Importer: importer.ForCompiler(set, "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(exports[path])
	})}
	for _, p := range packages {
		info := &types.Info{
			Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{},
			Defs: map[*ast.Ident]types.Object{},
		}
		var own []*sourceFile
		var parsed []*ast.File
		for _, name := range p.GoFiles {
			file, err := parse(set, filepath.Join(p.Dir, name))
			if err != nil {
				return nil, nil, err
			}
			own, parsed = append(own, file), append(parsed, file.syntax)
		}
		checked, err := config.Check(p.ImportPath, set, parsed, info)
		if err != nil {
			return nil, nil, fmt.Errorf("checking the types of %s: %w", p.ImportPath, err)
		}
		for _, file := range own {
			all = append(all, find(file, info, checked)...)
		}
		files = append(files, own...)
	}
	return files, all, nil
}

// parse reads a file.
func parse(set *token.FileSet, name string) (*sourceFile, error) {
	source, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	syntax, err := parser.ParseFile(set, name, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	file := &sourceFile{name: name, source: source, syntax: syntax, set: set, imports: map[string]string{}}
	for _, spec := range syntax.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, err
		}
		file.imports[path] = ""
		if spec.Name != nil {
			file.imports[path] = spec.Name.Name
		}
	}
	return file, nil
}

// with returns the content of the file with the mutants. All lines keep their numbers.
func (f *sourceFile) with(mutants []*mutation) []byte {
	end := f.set.Position(f.syntax.Name.End()).Offset
	edits := []edit{{offset: end, text: "; import mutant " + strconv.Quote(mutantPackage)}}
	for _, m := range mutants {
		edits = append(edits, m.edits()...)
	}
	slices.SortStableFunc(edits, func(a, b edit) int {
		return cmp.Or(cmp.Compare(a.offset, b.offset), cmp.Compare(a.order, b.order))
	})
	var changed bytes.Buffer
	at := 0
	for _, e := range edits {
		changed.Write(f.source[at:e.offset])
		changed.WriteString(e.text)
		at = e.offset + e.skip
	}
	changed.Write(f.source[at:])
	return changed.Bytes()
}

// overlay writes the files that have mutants to the folder, and returns the name of the overlay file for go build.
func overlay(dir string, files []*sourceFile, selected []*mutation) (string, error) {
	replaced := map[string]string{}
	for i, file := range files {
		own := slices.DeleteFunc(slices.Clone(selected), func(m *mutation) bool { return m.file != file.name })
		if len(own) == 0 {
			continue
		}
		name := filepath.Join(dir, fmt.Sprintf("%03d_%s", i, filepath.Base(file.name)))
		if err := os.WriteFile(name, file.with(own), 0o600); err != nil {
			return "", err
		}
		replaced[file.name] = name
	}
	return writeOverlay(dir, replaced)
}
