// Package console_test tests the console with a real browser, Debian's Chromium, against the built binary on
// SQLite and the simulators of the vendors. The scripts are written for Node.js and Playwright;
// package-lock.json pins the versions of the packages.
package console_test

import (
	"bufio"
	"database/sql"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // registers the driver for countPayments
	_ "modernc.org/sqlite"             // registers the driver for addPullHistory and countPayments

	"github.com/LerianStudio/aggregator-connections/test/kit/binary"
	"github.com/LerianStudio/aggregator-connections/test/kit/datadir"
	"github.com/LerianStudio/aggregator-connections/test/kit/nodejs"
	"github.com/LerianStudio/aggregator-connections/test/kit/pgtest"
)

// screenshots is the folder into which TestScreenshots writes.
var screenshots = flag.String("screenshots", "", "write screenshots of the console into this folder")

// atSize is the folder with the database and the keyset that TestTheConsoleAtSize measures.
var atSize = flag.String("atsize", "", "measure the console with the data that test/atsize wrote into this folder")

// month is the database on which TestAMonthsStatementInTheConsole measures.
var month = flag.String("month", "", `measure the comparison of a month: "sqlite" or "postgres"`)

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(binary.Main(m))
}

// jwtSecret is the secret with which the scripts sign the tokens of operators.
const jwtSecret = "console-tests-secret-of-32-bytes-or-more"

// taskSettings shorten the grace periods for drifting connections and for missing webhooks to at most a second.
var taskSettings = []string{"DRIFT_GRACE=0s", "WEBHOOK_SILENCE_GRACE=1s", "RECONCILE_INTERVAL=0s"}

// startTimeout is the maximum time that a process may take to report its address.
const startTimeout = time.Minute

func TestTheConsoleInABrowser(t *testing.T) {
	t.Parallel()
	env, _ := environment(t)
	nodejs.Test(t, "console.test.mjs", env...)
}

func TestEveryViewCanBeUsedByEverybody(t *testing.T) {
	t.Parallel()
	env, _ := environment(t)
	nodejs.Test(t, "views.test.mjs", env...)
}

func TestTheTasksOfAWorkingDayCanBeDone(t *testing.T) {
	t.Parallel()
	env, _ := environment(t, taskSettings...)
	nodejs.Test(t, "tasks.test.mjs", env...)
}

func TestOperatorsSignInAtAnIdentityProvider(t *testing.T) {
	t.Parallel()
	nodejs.Require(t)
	issuer := startIdentityProvider(t, "")
	env, _ := environment(t, "AUTH_ISSUER="+issuer, "AUTH_JWT_SECRET=", "AUTH_JWKS_URL="+issuer+"/jwks",
		"CONSOLE_OIDC_ISSUER="+issuer, "CONSOLE_OIDC_CLIENT_ID=console")
	nodejs.Test(t, "oidc.test.mjs", append(env, "ISSUER="+issuer)...)
}

// The settings are those that docs/deploy.md states for each provider.
func TestOperatorsSignInAtEachKindOfProvider(t *testing.T) {
	t.Parallel()
	nodejs.Require(t)
	const api = "https://discovery.example"
	for name, settings := range map[string][]string{
		"auth0": {"CONSOLE_OIDC_AUDIENCE=" + api, "AUTH_AUDIENCE=" + api, "AUTH_TENANT_CLAIM=" + api + "/tenant_id"},
		"entra": {
			"CONSOLE_OIDC_SCOPES=openid offline_access api://app/.default", "AUTH_AUDIENCE=app",
			"AUTH_TENANT_CLAIM=tid",
		},
		"cognito": {
			"CONSOLE_OIDC_SCOPES=openid " + api + "/discovery.read " + api + "/discovery.write", "AUTH_AUDIENCE=",
			"AUTH_SCOPE_PREFIX=" + api + "/", "AUTH_TENANT_CLAIM=custom:tenant_id",
		},
		"keycloak": {"AUTH_ACTOR_CLAIM=preferred_username"},
	} {
		t.Run(name, func(t *testing.T) {
			issuer := startIdentityProvider(t, name)
			env, _ := environment(t, append(settings, "AUTH_ISSUER="+issuer, "AUTH_JWT_SECRET=",
				"AUTH_JWKS_URL="+issuer+"/jwks", "CONSOLE_OIDC_ISSUER="+issuer, "CONSOLE_OIDC_CLIENT_ID=console")...)
			nodejs.Test(t, "providers.test.mjs", append(env, "ISSUER="+issuer)...)
		})
	}
}

func TestScreenshots(t *testing.T) {
	if *screenshots == "" {
		t.Skip("without -screenshots no screenshots are written")
	}
	folder, err := filepath.Abs(*screenshots)
	if err != nil {
		t.Fatal(err)
	}
	env, database := environment(t)
	nodejs.Test(t, "seed.mjs", env...)
	addPullHistory(t, database)
	nodejs.Test(t, "screenshots.mjs", append(env, "SCREENSHOTS="+folder)...)
}

// TestTheConsoleAtSize measures the console with many connections and records, and prints the figures. It works on
// copies of the files, so that it can be repeated. If ATSIZE_DATABASE is the URL of a database, the test uses this
// database instead of the SQLite file of the folder.
func TestTheConsoleAtSize(t *testing.T) {
	if *atSize == "" {
		t.Skip("without -atsize nothing is measured")
	}
	dir := t.TempDir()
	for _, name := range []string{"discovery.db", "keyset.json"} {
		source, err := filepath.Abs(filepath.Join(*atSize, name))
		if err != nil {
			t.Fatal(err)
		}
		if output, err := exec.Command("cp", source, filepath.Join(dir, name)).CombinedOutput(); err != nil &&
			os.Getenv("ATSIZE_DATABASE") == "" {
			t.Fatalf("%v: %s", err, output)
		}
	}
	settings := append([]string{"SEALING_KEYSET_FILE=" + filepath.Join(dir, "keyset.json")}, taskSettings...)
	driver, source := "sqlite", "file:"+filepath.Join(dir, "discovery.db")
	if url := os.Getenv("ATSIZE_DATABASE"); url != "" {
		driver, source = "pgx", url
		settings = append(settings, "DATABASE_URL="+url)
	} else {
		settings = append(settings, "DATABASE_URL=sqlite://"+filepath.Join(dir, "discovery.db"))
	}
	truth := countPayments(t, driver, source)
	env, _ := environment(t, settings...)
	nodejs.Test(t, "size.mjs", append(env, "TRUTH="+truth)...)
}

// countPayments returns, as JSON, how many payments and receipts of 1234.56 the database has. The script compares the
// answer of the search with them: the database knows them without the search's index.
func countPayments(t *testing.T, driver, source string) string {
	t.Helper()
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	counts := map[string]int{"payments": 0, "receipts": 0}
	for name, amount := range map[string]string{"payments": "-1234.56", "receipts": "1234.56"} {
		var n int
		query := "SELECT count(*) FROM transactions WHERE removed_at IS NULL AND amount = '" + amount + "'"
		if err := db.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
			t.Fatal(err)
		}
		counts[name] = n
	}
	encoded, err := json.Marshal(counts)
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}

// TestAMonthsStatementInTheConsole measures the time from the drop of a month's statement to its verdict, and
// prints it.
func TestAMonthsStatementInTheConsole(t *testing.T) {
	if *month == "" {
		t.Skip("without -month nothing is measured")
	}
	var settings []string
	switch *month {
	case "sqlite":
	case "postgres":
		server, err := pgtest.Start(pgtest.Options{Fsync: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = server.Stop() })
		settings = append(settings, "DATABASE_URL="+server.URL())
	default:
		t.Fatalf("-month is %q and not sqlite or postgres", *month)
	}
	env, _ := environment(t, settings...)
	nodejs.Test(t, "bank-statement.mjs", env...)
}

// addPullHistory copies a pull of each connection to each of the last 13 days, because the overview shows the
// rows of these days.
func addPullHistory(t *testing.T, database string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+database+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	db.SetMaxOpenConns(1) // one connection, because a temporary table is visible only on its connection
	for days := 1; days <= 13; days++ {
		for _, statement := range []string{
			`CREATE TEMP TABLE copies AS SELECT * FROM pulls WHERE id IN
				(SELECT min(id) FROM pulls WHERE state = 'succeeded' GROUP BY connection_id)`,
			fmt.Sprintf(`UPDATE copies SET trigger = 'webhook', added = abs(random()) %% 9,
				modified = abs(random()) %% 3,
				id = lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-7' || substr(hex(randomblob(2)), 2) ||
				'-8' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))),
				created_at = created_at - %[1]d, started_at = started_at - %[1]d,
				finished_at = finished_at - %[1]d + abs(random()) %% 900000`, days*24*int(time.Hour/time.Microsecond)),
			`INSERT INTO pulls SELECT * FROM copies`,
			`DROP TABLE copies`,
		} {
			if _, err := db.ExecContext(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestVendoredFilesAreThoseOfTheNpmPackages(t *testing.T) {
	nodejs.Test(t, "vendored.test.mjs")
}

func TestMessagesExistInBothLanguages(t *testing.T) {
	nodejs.Test(t, "messages.test.mjs")
}

func TestTheScriptsPassTheLinterAndTheTypeChecker(t *testing.T) {
	nodejs.Test(t, "lint.test.mjs")
}

func TestThePartsThatNeedNoPage(t *testing.T) {
	nodejs.Test(t, "unit.test.mjs")
}

func TestNumbersOfAVendorKeepTheirDigits(t *testing.T) {
	nodejs.Test(t, "exact-numbers.test.mjs")
}

func TestTranslatedDescriptionsAreThoseOfTheService(t *testing.T) {
	nodejs.Test(t, "problem-text.test.mjs")
}

func TestHiddenCharactersAreShownByName(t *testing.T) {
	nodejs.Test(t, "hidden-characters.test.mjs")
}

// environment starts the simulators and the service. It returns the path of the SQLite database, and the
// environment variables that tell a script where the processes listen. settings are further settings of the service.
// Without Chromium the test is skipped.
func environment(t *testing.T, settings ...string) (env []string, database string) {
	t.Helper()
	chromium := ""
	for _, name := range []string{"google-chrome", "chromium-browser", "chromium"} {
		if path, err := exec.LookPath(name); err == nil {
			chromium = path
		}
	}
	if chromium == "" {
		t.Skip("Chromium is not installed")
	}
	pluggy, belvo, plaid := startSandbox(t)
	database = filepath.Join(datadir.New(t), "discovery.db")
	return []string{
		"CHROMIUM=" + chromium, "SERVICE=" + startService(t, database, settings...),
		"PLUGGY=" + pluggy, "BELVO=" + belvo, "PLAID=" + plaid, "AUTH_JWT_SECRET=" + jwtSecret,
	}, database
}

// startSandbox starts `discovery sandbox` on free ports and returns the origins of the simulators.
func startSandbox(t *testing.T) (pluggy, belvo, plaid string) {
	t.Helper()
	cmd := exec.Command(binary.Path(t), "sandbox", "--pluggy", "127.0.0.1:0", "--belvo", "127.0.0.1:0",
		"--plaid", "127.0.0.1:0")
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	origins := map[string]string{}
	start(t, cmd, output, func(line string) bool {
		if fields := strings.Fields(line); len(fields) > 1 {
			origins[fields[0]] = fields[1]
		}
		return len(origins) == 3
	})
	return origins["pluggy"], origins["belvo"], origins["plaid"]
}

// startIdentityProvider starts the OpenID Connect provider of the tests in the manner of a product. It returns the
// issuer.
func startIdentityProvider(t *testing.T, manner string) (issuer string) {
	t.Helper()
	cmd := exec.Command("node", "identity-provider.mjs", manner)
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	start(t, cmd, output, func(line string) (listens bool) {
		issuer, listens = strings.CutPrefix(line, "issuer ")
		return listens
	})
	return issuer
}

// startService starts `discovery serve` on an SQLite database and returns its origin. The argument settings contains
// environment variables, which override the variables that startService sets.
func startService(t *testing.T, database string, settings ...string) (origin string) {
	t.Helper()
	keyset := filepath.Join(t.TempDir(), "keyset.json")
	if output, err := exec.Command(binary.Path(t), "keyset", "create", keyset).CombinedOutput(); err != nil {
		t.Fatalf("keyset create: %v\n%s", err, output)
	}
	cmd := exec.Command(binary.Path(t), "serve")
	cmd.Env = []string{
		"ENV_NAME=development", "SERVER_ADDRESS=127.0.0.1:0", "ADMIN_ADDRESS=127.0.0.1:0",
		"DATABASE_URL=sqlite://" + database, "SEALING_KEYSET_FILE=" + keyset,
		"AUTH_JWT_SECRET=" + jwtSecret, "AUTH_ISSUER=console-tests", "AUTH_AUDIENCE=discovery",
		"AUTH_REQUIRE_SCOPES=true", "EGRESS_ALLOWED_CIDRS=127.0.0.0/8", "EGRESS_ALLOW_HTTP=true",
		"PLAID_BASE_URLS=", "PLUGGY_WEBHOOK_AUTHORIZATION=Bearer pluggy", "BELVO_WEBHOOK_AUTHORIZATION=Bearer belvo",
		"LOG_FORMAT=json",
	}
	cmd.Env = append(cmd.Env, settings...)
	log, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	start(t, cmd, log, func(line string) bool {
		var entry struct{ Message, Address string }
		if json.Unmarshal([]byte(line), &entry) == nil && entry.Message == "serving" {
			origin = "http://" + entry.Address
		}
		return origin != ""
	})
	return origin
}

// start starts a process and waits until ready returns true for a line of its output. If the process ends before, the
// test fails with its last line. The process ends at the end of the test, or earlier if the test process ends.
func start(t *testing.T, cmd *exec.Cmd, output io.Reader, ready func(line string) bool) {
	t.Helper()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started, outcome, ended := make(chan error, 1), make(chan error, 1), make(chan struct{})
	go func() {
		// The kernel sends Pdeathsig when the thread that started the child ends. Therefore this thread must
		// exist until the child has ended.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(ended)
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		lines := bufio.NewScanner(output)
		last := errors.New("the process ended without a word")
		for lines.Scan() {
			if ready(lines.Text()) {
				last = nil
				break
			}
			last = errors.New(lines.Text())
		}
		outcome <- last
		_, _ = io.Copy(io.Discard, output)
		_ = cmd.Wait()
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
	})
	select {
	case err := <-outcome:
		if err != nil {
			t.Fatalf("%s: %v", cmd.Args, err)
		}
	case <-time.After(startTimeout):
		t.Fatalf("%s does not report its address", cmd.Args)
	}
}
