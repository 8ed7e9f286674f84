// Command newvendor creates the folder of a new vendor's adapter from a template. "make vendor" runs it; it is not part
// of the service. The adapter compiles, and its conformance tests fail until it is filled in.
package main

import (
	"embed"
	"errors"
	"fmt"
	"go/token"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// template contains the files of the new folder. Their names end with .txt, so that the go command does not compile
// them here.
//
//go:embed template
var template embed.FS

// The vendor's name as it appears in the template.
const (
	placeholder      = "acme"
	titlePlaceholder = "Acme"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "newvendor:", err)
		os.Exit(1)
	}
}

// run creates the folder in the repository whose root folder is the current folder, and prints the next steps.
func run(args []string, out io.Writer) error {
	if len(args) != 1 {
		return errors.New("usage: make vendor NAME=acme")
	}
	files, err := create(".", args[0])
	if err != nil {
		return err
	}
	for _, file := range files {
		_, _ = fmt.Fprintln(out, file)
	}
	_, err = io.WriteString(out, rename(nextSteps, args[0]))
	return err
}

// namePattern matches the name of a vendor, which is also the name of a Go package, part of names of settings, and a
// value in the database.
var namePattern = regexp.MustCompile(`^[a-z][a-z0-9]{1,23}$`)

// create writes the files of the vendor's folder below root, and returns their paths. It returns an error if the name
// is invalid, or if the folder exists.
func create(root, name string) ([]string, error) {
	if !namePattern.MatchString(name) || token.IsKeyword(name) {
		return nil, fmt.Errorf("the name %q must be 2 to 24 lower-case letters and digits", name)
	}
	vendors := filepath.Join(root, "adapters", "aggregator")
	folder, err := os.OpenRoot(vendors)
	if err != nil {
		return nil, fmt.Errorf("open the folder of the vendors: %w", err)
	}
	defer func() { _ = folder.Close() }()
	if err := folder.Mkdir(name, 0o750); err != nil {
		return nil, fmt.Errorf("create the folder: %w", err)
	}
	var files []string
	err = fs.WalkDir(template, "template", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := template.ReadFile(path)
		if err != nil {
			return err
		}
		file := filepath.Join(name, filepath.FromSlash(target(path, name)))
		files = append(files, filepath.Join(vendors, file))
		if err := folder.MkdirAll(filepath.Dir(file), 0o750); err != nil {
			return err
		}
		return folder.WriteFile(file, []byte(rename(string(text), name)), 0o600)
	})
	if err != nil {
		return nil, fmt.Errorf("write the files: %w", err)
	}
	return files, folder.MkdirAll(filepath.Join(name, "testdata", "webhook"), 0o750)
}

// target returns the path in the vendor's folder for a file of the template.
func target(path, name string) string {
	return rename(strings.TrimSuffix(strings.TrimPrefix(path, "template/"), ".txt"), name)
}

// rename replaces the vendor's name in the template by another name.
func rename(text, name string) string {
	return strings.NewReplacer(
		placeholder, name,
		titlePlaceholder, strings.ToUpper(name[:1])+name[1:],
		strings.ToUpper(placeholder), strings.ToUpper(name),
	).Replace(text)
}

// composeImport and composeEntry are the lines that make the vendor known to the service.
const (
	composeImport = `	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/acme"
`
	composeEntry = `		{
			name: acme.Name, settings: configs.Vendor{Networks: acme.Networks()},
			make: func(c *vendorhttp.Client, t ports.Clock, _ configs.LinkPage) ports.Aggregator {
				return acme.New(c, t)
			},
		},
`
)

// sandboxImport and sandboxEntry are the lines with which `discovery sandbox` serves the simulator.
const (
	sandboxImport = `	"github.com/LerianStudio/aggregator-connections/adapters/aggregator/acme/acmesim"
`
	sandboxEntry = `		{
			"acme", "Acme", "127.0.0.1:4034",
			func(now func() time.Time) (http.Handler, string, error) {
				sim := acmesim.New(acmesim.Options{})
				sim.Seed(now())
				return sim, "accountRef " + acmesim.DemoReference + ", clientId " + acmesim.DemoClientID +
					", secret " + acmesim.DemoSecret, nil
			},
		},
`
)

const nextSteps = `
Fill in what is marked TODO, until the conformance tests pass:

	go test ./adapters/aggregator/acme

Then add the vendor to the service. cmd/discovery/compose/vendors.go imports

` + composeImport + `
and lists

` + composeEntry + `
and the simulator to the sandbox. cmd/discovery/sandbox.go imports

` + sandboxImport + `
and lists

` + sandboxEntry + `
docs/internals/extend.md describes how to read the first rows over HTTP, what else is missing, and the optional
interfaces.
`
