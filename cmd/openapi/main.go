// Command openapi writes the OpenAPI document of the service to openapi.json in the root folder of the
// repository, and the permissions for Lerian's access manager to configs/authorisation. "make generate" runs it; it is
// not part of the service.
package main

import (
	"fmt"
	"os"

	"github.com/LerianStudio/aggregator-connections/adapters/rest"
	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
)

//go:generate go run .

// The paths of the files, relative to this folder.
const (
	documentFile = "../../openapi.json"
	seedFile     = "../../configs/authorisation/init_data.json"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	document, err := compose.OpenAPI()
	if err != nil {
		return err
	}
	if err := os.WriteFile(documentFile, document, 0o600); err != nil {
		return err
	}
	seed, err := rest.AccessSeed()
	if err != nil {
		return err
	}
	return os.WriteFile(seedFile, seed, 0o600)
}
