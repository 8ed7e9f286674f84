package arch_test

const (
	module        = "github.com/LerianStudio/aggregator-connections"
	allowListFile = "test/arch/allowlist_test.go"
)

// anyPackage allows a package to import every package of this module. Its third-party imports must still
// be listed.
const anyPackage = "*"

// allowed lists what each package with production code may import:
//
//   - packages of this module, by their folder. An entry covers exactly one package.
//   - third-party code, by module path or by package path. An entry also covers the packages below it.
//
// The standard library is not listed: every package may use it, except for the packages and names that core_test.go
// bans in the core.
//
// The test fails in these cases:
//
//   - A package with code has no key in the map.
//   - A key of the map names a package without code.
//   - An entry of a list matches no import.
var allowed = map[string][]string{
	"domain": {
		"github.com/google/uuid", "github.com/shopspring/decimal", "golang.org/x/text/unicode/norm",
	},
	"domain/ratelimit": {
		"domain",
	},
	"domain/events": {
		"domain",
		"github.com/google/uuid",
	},
	"domain/lerianmatcher": {
		"domain",
		"github.com/shopspring/decimal",
	},
	"domain/books": {
		"domain", "domain/witness",
		"github.com/google/uuid", "github.com/shopspring/decimal",
	},
	"domain/bills": {
		"domain",
		"github.com/shopspring/decimal",
	},
	"domain/banktext": {
		"domain",
	},
	"domain/matching": {
		"domain", "domain/banktext",
		"github.com/google/uuid", "github.com/shopspring/decimal",
	},
	"domain/witness": {
		"domain",
		"github.com/shopspring/decimal",
	},
	"domain/records": {
		"domain", "domain/banktext", "domain/bills", "domain/books", "domain/events", "domain/matching",
		"domain/witness",
	},
	"ports": {
		"domain", "domain/banktext", "domain/bills", "domain/books", "domain/events", "domain/lerianmatcher",
		"domain/ratelimit", "domain/records", "domain/witness",
		"github.com/google/uuid",
	},
	"ports/portmock": {
		"domain", "domain/banktext", "domain/events", "domain/witness", "ports",
		"go.uber.org/mock/gomock",
	},
	"ports/porttest": {
		"domain", "domain/banktext", "domain/bills", "domain/books", "domain/events", "domain/lerianmatcher",
		"domain/matching", "domain/ratelimit",
		"domain/records", "domain/witness", "ports",
		"github.com/google/go-cmp/cmp", "github.com/google/uuid", "github.com/shopspring/decimal",
	},
	"application": {
		"application/auditing", "application/concurrency", "application/events", "application/pulling", "domain",
		"domain/bills", "domain/books", "domain/witness", "ports",
	},
	"application/pulling": {
		"application/concurrency", "domain", "domain/banktext", "domain/bills", "domain/books", "domain/matching",
		"domain/records", "ports",
	},
	"application/events": {
		"application/auditing",
		"application/concurrency",
		"domain",
		"domain/events",
		"domain/lerianmatcher",
		"domain/witness",
		"ports",
		"github.com/google/uuid",
	},
	"application/concurrency": {
		"domain", "ports",
	},
	"application/auditing": {
		"domain", "ports",
	},
	"configs": {
		"domain",
		"github.com/google/uuid", "go.uber.org/zap/zapcore",
	},

	"adapters/rest": {
		"adapters/rest/auth", "adapters/rest/console", "adapters/rest/operation", "domain", "domain/bills",
		"domain/books", "domain/events", "domain/lerianmatcher", "domain/matching", "domain/witness", "ports",
		"github.com/go-json-experiment/json", "github.com/google/uuid", "github.com/labstack/echo/v4",
		"github.com/shopspring/decimal", "go.uber.org/zap",
		"golang.org/x/text/language", "golang.org/x/time/rate",
	},
	"adapters/rest/console": {"github.com/klauspost/compress/gzip", "github.com/tdewolff/minify/v2"},
	"adapters/rest/operation": {
		"github.com/go-json-experiment/json", "github.com/santhosh-tekuri/jsonschema/v6",
	},
	"adapters/rest/auth": {
		"domain", "ports",
		"github.com/go-json-experiment/json", "github.com/google/uuid", "github.com/lestrrat-go/jwx/v2",
		"golang.org/x/sync/singleflight",
	},
	// Package jobs contains what the queue needs for several processes on PostgreSQL. No other package of the queue
	// may import a database driver. The store uses pglock, too.
	"adapters/jobs": {
		"adapters/jobs/background", "adapters/jobs/localjobs", "adapters/persistence/pglock",
		"github.com/jackc/pgx/v5",
	},
	"adapters/jobs/background": {
		"domain", "ports",
	},
	"adapters/jobs/localjobs": {
		"adapters/jobs/background", "domain", "ports",
	},
	"adapters/sealing": {
		"domain", "domain/events", "domain/witness", "ports",
		"github.com/google/uuid", "github.com/tink-crypto/tink-go/v2",
	},
	// The event sinks share the guard that checks addresses, and the parser of settings.
	"adapters/sink/kafka": {
		"adapters/egress", "adapters/sink/settings", "domain", "domain/events", "ports",
		"github.com/twmb/franz-go",
	},
	"adapters/sink/lerianmatcher": {
		"adapters/egress", "adapters/sink/settings", "domain", "domain/events", "domain/lerianmatcher", "ports",
		"github.com/go-json-experiment/json", "github.com/google/uuid", "github.com/shopspring/decimal",
	},
	"adapters/sink/rabbitmq": {
		"adapters/egress", "adapters/sink/settings", "domain", "domain/events", "ports",
		"github.com/rabbitmq/amqp091-go",
	},
	"adapters/sink/settings": {
		"domain",
		"github.com/go-json-experiment/json",
	},
	"adapters/sink/webhook": {
		"adapters/egress", "adapters/sink/settings", "domain", "domain/events", "ports",
		"github.com/standard-webhooks/standard-webhooks/libraries/go", "golang.org/x/net/http/httpguts",
	},
	"adapters/bankstatement": {
		"domain", "domain/witness", "ports",
		"github.com/google/uuid", "github.com/shopspring/decimal", "golang.org/x/text/encoding",
	},
	"adapters/statement/camt053": {
		"domain", "domain/books", "ports",
		"github.com/shopspring/decimal",
	},
	"adapters/statement/csv": {
		"domain", "domain/books", "ports",
	},
	"adapters/statement/lerianmatcher": {
		"domain/books", "ports",
		"github.com/go-json-experiment/json", "github.com/shopspring/decimal",
	},
	"adapters/statement/ofx": {
		"domain", "domain/books", "ports",
		"github.com/shopspring/decimal",
	},
	// An evidence pack must be verifiable without this service, so the verifier imports none of its packages.
	"adapters/evidence": {
		"domain", "domain/books", "ports",
		"github.com/gowebpki/jcs",
	},
	"adapters/evidence/verify": {
		"github.com/gowebpki/jcs", "github.com/shopspring/decimal", "golang.org/x/mod/sumdb/tlog",
	},
	"adapters/transparency": {
		"domain",
		"ports",
		"github.com/google/uuid",
		"github.com/gowebpki/jcs",
		"golang.org/x/mod/sumdb/note",
		"golang.org/x/mod/sumdb/tlog",
	},
	"adapters/system": {
		"github.com/google/uuid",
	},
	"adapters/telemetry": {
		"adapters/egress", "domain", "ports",
		"github.com/google/uuid", "github.com/prometheus/client_golang", "github.com/prometheus/client_model",
		"github.com/go-logr/logr", "go.opentelemetry.io/otel", "go.uber.org/zap", "google.golang.org/protobuf",
	},

	// Both SQL dialects use gormstore and the package stores, which puts the packages below gormstore together. The
	// other packages below gormstore do not use each other. gormstore may use the types and errors of pgx. It must not
	// open connections.
	"adapters/persistence/gormstore": {
		"domain", "domain/books", "domain/records", "domain/witness", "ports",
		"github.com/google/uuid", "github.com/jackc/pgx/v5/pgconn", "github.com/jackc/pgx/v5/pgtype",
		"github.com/klauspost/compress/zstd", "github.com/pressly/goose/v3", "github.com/shopspring/decimal",
		"gorm.io/gorm",
	},
	"adapters/persistence/gormstore/recordstore": {
		"adapters/persistence/gormstore",
		"domain",
		"domain/banktext", "domain/bills",
		"domain/books",
		"domain/records",
		"domain/witness",
		"ports",
		"github.com/google/uuid",
		"github.com/shopspring/decimal",
		"gorm.io/gorm",
		"gorm.io/gorm/clause",
	},
	"adapters/persistence/gormstore/eventlog": {
		"adapters/persistence/gormstore", "domain", "domain/books", "domain/events", "domain/lerianmatcher",
		"domain/records", "ports",
		"github.com/google/uuid", "gorm.io/gorm", "gorm.io/gorm/clause",
	},
	"adapters/persistence/gormstore/erasing": {
		"adapters/persistence/gormstore", "domain", "domain/records", "ports",
		"github.com/google/uuid", "gorm.io/gorm", "gorm.io/gorm/clause",
	},
	"adapters/persistence/gormstore/stores": {
		"adapters/persistence/gormstore", "adapters/persistence/gormstore/erasing",
		"adapters/persistence/gormstore/eventlog", "adapters/persistence/gormstore/recordstore", "ports",
	},
	"adapters/persistence/gormstore/receivetest": {
		"adapters/persistence/gormstore", "domain", "ports",
		"github.com/google/go-cmp/cmp", "github.com/google/uuid", "pgregory.net/rapid",
	},
	"adapters/persistence/pglock": {
		"github.com/jackc/pgx/v5",
	},
	"adapters/persistence/postgres": {
		"adapters/persistence/gormstore", "adapters/persistence/gormstore/stores", "adapters/persistence/pglock",
		"domain", "domain/ratelimit", "domain/records", "ports",
		"github.com/google/uuid", "github.com/jackc/pgx/v5", "github.com/pressly/goose/v3",
		"github.com/shopspring/decimal", "gorm.io/driver/postgres", "gorm.io/gorm",
	},
	"adapters/persistence/citus": {
		"adapters/persistence/gormstore", "adapters/persistence/postgres", "domain", "ports",
		"github.com/google/uuid", "github.com/jackc/pgx/v5", "gorm.io/gorm",
	},
	"adapters/persistence/sqlite": {
		"adapters/persistence/gormstore", "adapters/persistence/gormstore/stores", "domain", "domain/records",
		"github.com/google/uuid", "github.com/pressly/goose/v3", "github.com/shopspring/decimal", "gorm.io/gorm",
		"modernc.org/sqlite",
	},

	// Every adapter that calls a host chosen by a tenant uses egress to dial that host.
	"adapters/egress": {
		"domain",
		"code.dny.dev/ssrf",
	},

	// Every adapter that holds much memory for a tenant reserves the memory in one shared budget, through
	// ports.MemoryBudget.
	"adapters/membudget": {
		"domain",
	},

	// The vendors' adapters share vendorhttp.
	"adapters/aggregator/vendorhttp": {
		"adapters/egress", "domain", "domain/books", "domain/ratelimit", "ports",
		"github.com/failsafe-go/failsafe-go", "github.com/go-json-experiment/json", "golang.org/x/time/rate",
	},
	"adapters/aggregator/pluggy": {
		"adapters/aggregator/vendorhttp", "domain", "domain/banktext", "domain/bills", "domain/books", "ports",
		"github.com/go-json-experiment/json", "golang.org/x/sync/singleflight",
	},
	"adapters/aggregator/belvo": {
		"adapters/aggregator/vendorhttp", "domain", "domain/banktext", "domain/bills", "domain/books", "ports",
		"github.com/go-json-experiment/json",
	},

	"adapters/aggregator/plaid": {
		"adapters/aggregator/vendorhttp", "domain", "domain/banktext", "domain/bills", "domain/books", "ports",
		"github.com/go-json-experiment/json",
	},

	// The simulators model the vendors' side, so they import neither domain nor ports.
	"adapters/aggregator/sim/faultinject": {},
	"adapters/aggregator/sim/kit": {
		"adapters/aggregator/sim/faultinject", "adapters/egress",
		"github.com/google/uuid",
	},
	"adapters/aggregator/pluggy/pluggysim": {
		"adapters/aggregator/sim/faultinject", "adapters/aggregator/sim/kit",
		"github.com/google/uuid", "github.com/shopspring/decimal",
	},
	"adapters/aggregator/belvo/belvosim": {
		"adapters/aggregator/sim/faultinject", "adapters/aggregator/sim/kit",
		"github.com/shopspring/decimal", "golang.org/x/time/rate",
	},

	"adapters/aggregator/plaid/plaidsim": {
		"adapters/aggregator/sim/faultinject", "adapters/aggregator/sim/kit",
	},

	"adapters/connector/postgres": {
		"domain", "ports",
		"github.com/go-json-experiment/json", "github.com/jackc/pgx/v5",
	},
	"adapters/connector/rest": {
		"adapters/egress", "domain", "ports",
		"github.com/go-json-experiment/json",
	},

	// Other programs use the client, so it imports no other package of this module.
	"clients/go": {
		"github.com/oapi-codegen/runtime",
	},
	// The generator of the client is not part of the binary.
	"clients/generate": {},

	// The example of an API client uses only the HTTP API of the service.
	"examples/go": {},

	// The binary builds its adapters through compose. In addition, it imports only the packages that its subcommands
	// need: the simulators for the demo, the keyset, ids and the clock.
	"cmd/discovery": {
		"adapters/aggregator/belvo/belvosim", "adapters/aggregator/plaid/plaidsim",
		"adapters/aggregator/pluggy/pluggysim", "adapters/evidence/verify",
		"adapters/sealing",
		"adapters/egress", "adapters/system", "cmd/discovery/client", "cmd/discovery/compose", "configs", "domain",
		"github.com/KimMachineGun/automemlimit", "github.com/google/uuid", "github.com/lestrrat-go/jwx/v2",
		"github.com/spf13/cobra", "go.uber.org/zap", "golang.org/x/crypto/x509roots/fallback",
		"golang.org/x/sync/errgroup",
	},
	// The client commands call a running service, so they use only its API.
	"cmd/discovery/client": {
		"adapters/egress", "clients/go",
		"github.com/google/uuid", "github.com/jedib0t/go-pretty/v6", "github.com/oapi-codegen/runtime/types",
		"github.com/shopspring/decimal", "github.com/spf13/cobra", "golang.org/x/term",
	},
	// The command that creates the folder of a new vendor is not part of the binary.
	"cmd/newvendor": {},
	// The generator of openapi.json is not part of the binary.
	"cmd/openapi": {
		"adapters/rest",
		"cmd/discovery/compose",
	},
	// The composition root connects every adapter to the application.
	"cmd/discovery/compose": {
		anyPackage,
		"github.com/google/uuid", "go.uber.org/zap",
	},

	"test/kit/binary": {},
	"test/kit/hostile": {
		"github.com/twmb/franz-go/pkg",
	},
	"test/kit/datadir":         {},
	"test/kit/forwardproxy":    {},
	"test/kit/freeport":        {},
	"test/kit/maintenancetest": {"domain", "ports"},
	"test/kit/matchersim": {
		"github.com/google/uuid", "github.com/shopspring/decimal",
	},
	"test/kit/nodejs": {},
	"test/kit/pace":   {},
	"test/kit/pgtest": {
		"test/kit/datadir", "test/kit/freeport",
		"github.com/jackc/pgx/v5",
	},
	"test/kit/sqlitetest": {"adapters/persistence/sqlite", "test/kit/datadir"},
	"test/kit/storetest": {
		"adapters/persistence/gormstore", "adapters/persistence/postgres", "adapters/persistence/sqlite", "domain",
		"ports", "test/kit/datadir", "test/kit/pgtest",
		"github.com/google/go-cmp/cmp", "github.com/google/uuid", "github.com/jackc/pgx/v5",
		"github.com/shopspring/decimal", "gorm.io/gorm",
	},
	"test/kit/goldenfile": {
		"github.com/google/go-cmp/cmp",
	},
	"test/kit/debian": {},
	"test/kit/kcat": {
		"test/kit/debian",
	},
	"test/kit/rabbittest": {
		"test/kit/datadir", "test/kit/debian", "test/kit/freeport",
		"github.com/rabbitmq/amqp091-go",
	},
	"test/kit/harness": {
		"adapters/sealing", "cmd/discovery/compose", "configs", "domain", "test/kit/datadir",
		"test/kit/pgtest",
		"github.com/lestrrat-go/jwx/v2", "go.uber.org/zap/zapcore",
	},
	// The generator of a large tenant runs the service and a simulator in one process.
	"test/atsize": {
		"adapters/aggregator/pluggy/pluggysim", "adapters/sealing", "application", "cmd/discovery/compose", "configs",
		"domain", "ports",
		"github.com/google/uuid", "github.com/shopspring/decimal", "golang.org/x/sync/errgroup",
	},
	// The list of the functions of an action comes from the service and a simulator in one process.
	"test/trace": {
		"adapters/aggregator/pluggy/pluggysim", "adapters/sealing", "cmd/discovery/compose", "configs", "domain",
		"domain/events", "ports",
		"github.com/google/uuid", "github.com/lestrrat-go/jwx/v2",
	},
	// The benchmark imports adapters, because it measures some of them separately in addition to the whole service.
	"test/bench": {
		anyPackage,
		"modernc.org/sqlite", "github.com/go-json-experiment/json", "github.com/google/uuid",
		"github.com/jackc/pgx/v5", "github.com/rabbitmq/amqp091-go", "github.com/shopspring/decimal",
	},
	"test/bench/against": {},
	"test/mutation": {
		"test/mutation/mutant",
	},
	"test/mutation/mutant": {},
}

// importers lists the top-level folders whose code may import a top-level folder. The key is the imported folder. Every
// import must also be permitted by the map allowed.
var importers = map[string][]string{
	"application": {"application", "cmd", "test"},
	"adapters":    {"adapters", "cmd", "test"},
	"cmd":         {"cmd", "test"},
	"test":        {"test"},
}

// shelves are folders that contain only other packages and no Go files directly.
var shelves = []string{
	"adapters",
	"adapters/aggregator",
	"adapters/aggregator/sim",
	"adapters/connector",
	"adapters/persistence",
	"adapters/sink",
	"clients",
	"cmd",
	"examples",
	"test",
	"test/kit",
}
