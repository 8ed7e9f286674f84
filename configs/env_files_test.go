package configs_test

import (
	"fmt"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/LerianStudio/aggregator-connections/configs"
	"github.com/LerianStudio/aggregator-connections/domain"
)

// settingLine matches a line NAME=value, even if the line is commented out with "#" directly before
// the name.
var settingLine = regexp.MustCompile(`^(#?)([A-Z][A-Z0-9_]*)=(.*)$`)

// envLine is the value of a setting in an env file. unset reports whether the line is commented out.
type envLine struct {
	value string
	unset bool
}

// read returns the settings of an env file by name. It fails the test if a line is neither empty, nor
// a comment, nor a setting, or if a setting appears twice.
func read(t *testing.T, file string) map[string]envLine {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]envLine{}
	for text := range strings.Lines(string(raw)) {
		text = strings.TrimSuffix(text, "\n")
		part := settingLine.FindStringSubmatch(text)
		switch {
		case text == "" || strings.HasPrefix(text, "# "):
		case part == nil:
			t.Errorf("%s: %q is neither a comment nor a setting", file, text)
		default:
			if _, twice := all[part[2]]; twice {
				t.Errorf("%s names %s twice", file, part[2])
			}
			all[part[2]] = envLine{part[3], part[1] == "#"}
		}
	}
	return all
}

// loadRecording calls Load with the given settings. It returns the results of Load and the sorted
// names of the settings that Load looked up.
func loadRecording(values map[string]envLine) (configs.Config, []string, error) {
	var names []string
	c, err := configs.Load(func(name string) (string, bool) {
		names = append(names, name)
		e, there := values[name]
		if e.unset {
			return "", false
		}
		return e.value, there
	}, vendors)
	slices.Sort(names)
	return c, slices.Compact(names), err
}

func TestProductionEnvListsEverySettingAndNoOther(t *testing.T) {
	entries := read(t, "production.env")
	_, want, _ := loadRecording(nil)
	var listed []string
	for name := range entries {
		listed = append(listed, name)
	}
	slices.Sort(listed)
	if diff := cmp.Diff(want, listed); diff != "" {
		t.Errorf("names (-looked up +listed):\n%s", diff)
	}
}

func TestProductionEnvShowsTheDefaults(t *testing.T) {
	entries := read(t, "production.env")
	for name, value := range required {
		if !entries[name].unset {
			t.Errorf("%s has no default, and is set", name)
		}
		entries[name] = envLine{value: value}
	}
	shown, _, err := loadRecording(entries)
	if err != nil {
		t.Fatal(err)
	}
	defaults, err := load()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(defaults, shown, prefixes, secrets, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("settings (-default +production.env):\n%s", diff)
	}
}

var (
	prefixes = cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })
	secrets  = cmp.Comparer(func(a, b domain.Secret) bool { return a.Equal(b) })
)

func TestDevelopmentEnvLoads(t *testing.T) {
	entries := read(t, "development.env")
	c, names, err := loadRecording(entries)
	if err != nil || !c.IsDevelopment() {
		t.Errorf("development %v, %v", c.IsDevelopment(), err)
	}
	for name := range entries {
		if !slices.Contains(names, name) {
			t.Errorf("%s is not a setting", name)
		}
	}
}

// A command that only migrates or reseals must read only the settings that it uses, and must parse them in the same
// way as the service.
func TestCommandsReadOnlyTheirOwnSettings(t *testing.T) {
	whole, err := load("DATABASE_URL", "postgres://h/d", "LOG_LEVEL", "error")
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		load  func(func(string) (string, bool)) (configs.Config, error)
		names []string
		want  configs.Config
	}{
		"migrate": {
			configs.LoadMigrate, []string{
				"DATABASE_DISTRIBUTE", "DATABASE_POOLED", "DATABASE_POOL_SIZE", "DATABASE_URL", "DATABASE_URL_FILE",
				"ENV_NAME", "TRUSTED_CA_FILE",
			},
			configs.Config{
				EnvName: "production", DatabaseURL: whole.DatabaseURL, DatabaseMigrate: true,
				TrustedCAFile: whole.TrustedCAFile, DatabasePoolSize: whole.DatabasePoolSize,
			},
		},
		"reseal": {
			configs.LoadReseal,
			[]string{
				"DATABASE_DISTRIBUTE", "DATABASE_MIGRATE", "DATABASE_POOLED", "DATABASE_POOL_SIZE", "DATABASE_URL",
				"DATABASE_URL_FILE", "ENV_NAME", "LOG_FORMAT", "LOG_LEVEL",
				"SEALING_KEYSET_FILE",
				"TRUSTED_CA_FILE",
			},
			configs.Config{
				EnvName: "production", DatabaseURL: whole.DatabaseURL, DatabaseMigrate: true,
				TrustedCAFile: whole.TrustedCAFile, DatabasePoolSize: whole.DatabasePoolSize,
				Sealing: whole.Sealing, Log: whole.Log,
			},
		},
		"audit": {
			configs.LoadAudit,
			[]string{
				"AUDIT_KEY", "AUDIT_KEY_FILE", "DATABASE_DISTRIBUTE", "DATABASE_MIGRATE", "DATABASE_POOLED",
				"DATABASE_POOL_SIZE", "DATABASE_URL", "DATABASE_URL_FILE", "ENV_NAME", "LOG_FORMAT", "LOG_LEVEL",
				"SEALING_KEYSET_FILE",
				"TRUSTED_CA_FILE",
			},
			configs.Config{
				EnvName: "production", DatabaseURL: whole.DatabaseURL, DatabaseMigrate: true,
				TrustedCAFile: whole.TrustedCAFile, DatabasePoolSize: whole.DatabasePoolSize,
				Sealing: whole.Sealing, Log: whole.Log,
			},
		},
	} {
		var names []string
		from := lookup("DATABASE_URL", "postgres://h/d", "LOG_LEVEL", "error")
		got, err := test.load(func(name string) (string, bool) {
			names = append(names, name)
			return from(name)
		})
		slices.Sort(names)
		if diff := cmp.Diff(test.names, slices.Compact(names)); err != nil || diff != "" {
			t.Errorf("%s: %v, names (-used +looked up):\n%s", name, err, diff)
		}
		if diff := cmp.Diff(test.want, got, prefixes, secrets); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		_, err = test.load(func(name string) (string, bool) { return "mysql://" + canary, name == "DATABASE_URL" })
		if !strings.Contains(fmt.Sprint(err), "DATABASE_URL") || strings.Contains(fmt.Sprint(err), canary) {
			t.Errorf("%s without a valid database: %v", name, err)
		}
		_, err = test.load(lookup("DATABASE_URL", ""))
		wantErrors(t, err, name+" without a database", "DATABASE_URL")
	}
}

// The `token` command is for development and must need neither a keyset nor a database.
func TestTheCommandTokenReadsOnlyTheSettingsOfTokens(t *testing.T) {
	c, err := configs.LoadToken(func(name string) (string, bool) {
		value, set := map[string]string{"ENV_NAME": configs.Development, "AUTH_JWT_SECRET": long}[name]
		return value, set
	})
	if err != nil || !c.IsDevelopment() || string(c.Auth.JWTSecret.Reveal()) != long || c.Auth.TenantClaim == "" {
		t.Errorf("the settings of a token are %+v, %v", c, err)
	}
}

func TestTheTestTableContainsEverySetting(t *testing.T) {
	_, names, _ := loadRecording(nil)
	// the <name>_FILE settings are tested elsewhere, with the table secretSettings
	for secret := range secretSettings {
		names = slices.DeleteFunc(names, func(name string) bool { return name == secret+"_FILE" })
	}
	for _, name := range names {
		// every vendor has these settings; the table has those of Pluggy
		vendor, suffix, _ := strings.Cut(name, "_")
		_, isVendor := vendors[domain.Vendor(strings.ToLower(vendor))]
		other := isVendor && vendor != "PLUGGY" && (strings.HasPrefix(suffix, "WEBHOOK_") || suffix == "BASE_URLS")
		if _, tested := settings[name]; !tested && name != "AUTH_JWT_SECRET" && !other {
			t.Errorf("%s is not in the table", name)
		}
	}
	for name := range settings {
		if !slices.Contains(names, name) {
			t.Errorf("%s is in the table, but is not a setting", name)
		}
	}
}

// FuzzLoad sets one setting to an arbitrary value. Load must return either an error that names the
// setting or a value within the setting's bounds. The error must never contain the value.
func FuzzLoad(f *testing.F) {
	_, names, _ := loadRecording(nil)
	for i, name := range names {
		for value := range settings[name].validValues {
			f.Add(uint8(i), value)
		}
		for _, value := range settings[name].invalidValues {
			f.Add(uint8(i), value)
		}
	}
	f.Fuzz(func(t *testing.T, index uint8, value string) {
		name := names[int(index)%len(names)]
		if _, err := load(name, value+canary); err != nil && strings.Contains(err.Error(), canary) {
			t.Errorf("%s: the error repeats the value", name)
		}
		c, err := load(name, value)
		for _, fieldErr := range domain.ErrorsOf(err) {
			if fieldErr.Field != name && !strings.HasPrefix(name, "AUTH_") &&
				!strings.HasPrefix(name, "CONSOLE_") && name != "ENV_NAME" {
				t.Errorf("%s caused an error of %s", name, fieldErr.Field)
			}
		}
		negative := c.ReconcileInterval < 0 || c.DriftGrace < 0 || c.WebhookSilenceGrace < 0 ||
			c.DeliveryRetention < 0 || c.PullRetention < 0 || c.RatePerMinute < 0 || c.WebhookRatePerMinute < 0 ||
			c.ServerMaxConnections < 0 || c.PullWorkers < 1
		empty := c.DatabaseURL == "" || c.ServerAddress == "" || c.Sealing.KeysetFile == ""
		if err == nil && (negative || empty) {
			t.Errorf("%s=%q was read as %+v", name, value, c)
		}
	})
}
