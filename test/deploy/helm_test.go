package deploy_test

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/LerianStudio/aggregator-connections/cmd/discovery/compose"
	"github.com/LerianStudio/aggregator-connections/configs"
)

// object is a rendered Kubernetes object, or a part of one.
type object map[string]any

// value returns the value at a path of member names, or nil if there is none. In the path, an item of a list is named
// by its index, which starts at 0.
func (o object) value(path ...string) any {
	var value any = map[string]any(o)
	for _, name := range path {
		switch v := value.(type) {
		case map[string]any:
			value = v[name]
		case []any:
			if name != "0" || len(v) == 0 {
				return nil
			}
			value = v[0]
		default:
			return nil
		}
	}
	return value
}

// list returns the objects of the list at a path.
func (o object) list(path ...string) (all []object) {
	items, _ := o.value(path...).([]any)
	for _, item := range items {
		value, _ := item.(map[string]any)
		all = append(all, value)
	}
	return all
}

// publicURL is the only value that the chart requires.
const publicURL = "publicUrl=https://api.example.com"

// render renders the chart with the given values, which have the form that --set expects. It returns the objects by
// kind and name.
func render(t *testing.T, values ...string) map[string]object {
	t.Helper()
	args := []string{"template", "rel", "deploy/helm"}
	for _, value := range append([]string{publicURL}, values...) {
		args = append(args, "--set", value)
	}
	objects := map[string]object{}
	decoder := yaml.NewDecoder(strings.NewReader(output(t, tool(t, "helm"), args...)))
	for {
		var document map[string]any
		if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
			return objects
		} else if err != nil {
			t.Fatal(err)
		}
		if o := object(document); o != nil {
			objects[o["kind"].(string)+"/"+o.value("metadata", "name").(string)] = o
		}
	}
}

// everything is a set of values that turns every optional part of the chart on.
var everything = []string{
	"autoscaling.enabled=true", "ingress.enabled=true", "metrics.serviceMonitor.enabled=true",
	"auth.jwtSecret.existingSecret=jwt", "webhooks.existingSecret=hooks", "webhooks.pluggy.hmacSecretKey=pluggy",
	"webhooks.belvo.authorizationKey=belvo", "webhooks.belvo.sourceCidrs=", "settings.TRUSTED_PROXIES=10.0.0.0/8",
	"settings.SERVER_MAX_CONNECTIONS=1000000", "settings.LOG_LEVEL=warn", "settings.EGRESS_ADDRESS=203.0.113.7",
}

func TestTheChartPassesHelmLint(t *testing.T) {
	printed := output(t, tool(t, "helm"), "lint", "--strict", "deploy/helm", "--set", publicURL)
	if strings.Contains(printed, "[WARNING]") || strings.Contains(printed, "[ERROR]") {
		t.Error(printed)
	}
}

func TestTheChartRendersTheseObjects(t *testing.T) {
	defaults := []string{
		"Deployment/rel-discovery", "Job/rel-discovery-migration", "NetworkPolicy/rel-discovery",
		"NetworkPolicy/rel-discovery-migration", "PodDisruptionBudget/rel-discovery", "Service/rel-discovery",
		"Service/rel-discovery-metrics", "ServiceAccount/rel-discovery", "ServiceAccount/rel-discovery-migration",
	}
	if diff := cmp.Diff(defaults, slices.Sorted(maps.Keys(render(t)))); diff != "" {
		t.Errorf("with the default values (-want +got):\n%s", diff)
	}
	all := append([]string{
		"HorizontalPodAutoscaler/rel-discovery", "Ingress/rel-discovery", "ServiceMonitor/rel-discovery",
	}, defaults...)
	slices.Sort(all)
	if diff := cmp.Diff(all, slices.Sorted(maps.Keys(render(t, everything...)))); diff != "" {
		t.Errorf("with every option (-want +got):\n%s", diff)
	}
}

func TestEveryPodIsRestricted(t *testing.T) {
	for name, o := range render(t, everything...) {
		pod, isPod := o.value("spec", "template", "spec").(map[string]any)
		if !isPod {
			continue
		}
		// The variables are omitted, because other tests check them.
		pod["containers"].([]any)[0].(map[string]any)["env"] = nil
		spec := object(pod)
		for path, want := range map[string]any{
			"automountServiceAccountToken":                          false,
			"securityContext.runAsNonRoot":                          true,
			"securityContext.runAsUser":                             65532,
			"securityContext.fsGroup":                               65532,
			"securityContext.seccompProfile.type":                   "RuntimeDefault",
			"containers.0.securityContext.allowPrivilegeEscalation": false,
			"containers.0.securityContext.readOnlyRootFilesystem":   true,
			"containers.0.securityContext.capabilities.drop.0":      "ALL",
		} {
			if got := spec.value(strings.Split(path, ".")...); got != want {
				t.Errorf("%s: %s is %v, want %v", name, path, got, want)
			}
		}
		for _, path := range []string{"containers.0.resources.limits.memory", "containers.0.resources.requests.cpu"} {
			if spec.value(strings.Split(path, ".")...) == nil {
				t.Errorf("%s has no %s", name, path)
			}
		}
		for _, volume := range spec.list("volumes") {
			if mode := volume.value("projected", "defaultMode"); volume["name"] == "secrets" && mode != 0o440 {
				t.Errorf("%s mounts secrets with mode %v", name, mode)
			}
		}
	}
}

func TestTheSchemaIsMigratedBeforeTheNewVersionStarts(t *testing.T) {
	objects := render(t)
	job := objects["Job/rel-discovery-migration"]
	want := map[string]any{
		"helm.sh/hook": "pre-install,pre-upgrade", "helm.sh/hook-weight": "0",
		"helm.sh/hook-delete-policy": "before-hook-creation,hook-succeeded",
	}
	if diff := cmp.Diff(want, job.value("metadata", "annotations")); diff != "" {
		t.Errorf("annotations (-want +got):\n%s", diff)
	}
	// The objects of the release do not exist before the first installation. What the job needs must be a hook that is
	// created before it.
	for _, name := range []string{"ServiceAccount/rel-discovery-migration", "NetworkPolicy/rel-discovery-migration"} {
		annotations, _ := objects[name].value("metadata", "annotations").(map[string]any)
		if annotations["helm.sh/hook"] != "pre-install,pre-upgrade" || annotations["helm.sh/hook-weight"] != "-10" {
			t.Errorf("%s has the annotations %v", name, annotations)
		}
	}
	if got := job.value("spec", "template", "spec", "serviceAccountName"); got != "rel-discovery-migration" {
		t.Errorf("the service account of the job is %v", got)
	}
	existing := render(t, "serviceAccount.create=false", "serviceAccount.name=mine")
	if got := existing["Job/rel-discovery-migration"].value(
		"spec",
		"template",
		"spec",
		"serviceAccountName",
	); got != "mine" {
		t.Errorf("the service account of the job is %v, want the existing one", got)
	}
	for enabled, name := range map[string]string{"true": "false", "false": "true"} {
		objects := render(t, "migration.enabled="+enabled)
		if got := env(objects)["DATABASE_MIGRATE"]; got != name {
			t.Errorf("migration.enabled=%s: DATABASE_MIGRATE is %q", enabled, got)
		}
	}
}

func TestTheMigrationAndTheServiceUseTheSameDatabase(t *testing.T) {
	for value, variable := range map[string]string{
		"database.pooled": "DATABASE_POOLED", "database.distribute": "DATABASE_DISTRIBUTE",
	} {
		for _, set := range []string{"false", "true"} {
			objects := render(t, value+"="+set)
			for _, name := range []string{"Deployment/rel-discovery", "Job/rel-discovery-migration"} {
				containers := objects[name].value("spec", "template", "spec", "containers").([]any)
				variables := containers[0].(map[string]any)["env"].([]any)
				want := map[string]any{"name": variable, "value": set}
				if !slices.ContainsFunc(variables, func(v any) bool { return cmp.Equal(v, any(want)) }) {
					t.Errorf("%s=%s: %s has %v", value, set, name, variables)
				}
			}
		}
	}
}

// The chart of a release names the image by its digest, unless a tag or another digest is set.
func TestTheChartOfAReleaseNamesTheDigestOfItsImage(t *testing.T) {
	chart, digest := filepath.Join(t.TempDir(), "helm"), "sha256:"+strings.Repeat("a", 64)
	if err := os.CopyFS(chart, os.DirFS(filepath.Join(root, "deploy", "helm"))); err != nil {
		t.Fatal(err)
	}
	write := regexp.MustCompile(`(?m)^ *(sed .*Chart\.yaml)$`).FindStringSubmatch(
		readFile(t, ".github", "workflows", "release.yaml"))
	if write == nil {
		t.Fatal("the release does not change Chart.yaml")
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c", strings.ReplaceAll(write[1], "deploy/helm", chart))
	cmd.Env = append(os.Environ(), "DIGEST="+digest)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	const repository = "ghcr.io/lerianstudio/aggregator-connections"
	other := "sha256:" + strings.Repeat("b", 64)
	for values, want := range map[string]string{
		"image.tag=":                            repository + "@" + digest,
		"image.tag=1.2.3":                       repository + ":1.2.3",
		"image.tag=1.2.3,image.digest=" + other: repository + "@" + other,
	} {
		rendered := output(t, tool(t, "helm"), "template", "rel", chart, "--set", publicURL+","+values)
		if got := strings.Count(rendered, "image: \""+want+"\"\n"); got != 2 {
			t.Errorf("%s: %d of 2 pods have the image %s", values, got, want)
		}
	}
}

// The bundle of authorities, the extra variables, volumes and mounts, and the labels and annotations must be those of
// both pods.
func TestBothPodsHaveTheBundleAndTheExtras(t *testing.T) {
	for _, source := range []string{"configMap", "secret"} {
		objects := render(t, "trust."+source+"=roots", "trust.key=rds.pem", "extraEnv[0].name=PGSERVICE",
			"extraEnv[0].value=x", "extraVolumes[0].name=sock", "extraVolumeMounts[0].name=sock",
			"extraVolumeMounts[0].mountPath=/sock", "podLabels.team=a", "podAnnotations.note=b")
		for _, name := range []string{"Deployment/rel-discovery", "Job/rel-discovery-migration"} {
			template := object(objects[name].value("spec", "template").(map[string]any))
			named := func(items []object, name string) object {
				i := slices.IndexFunc(items, func(o object) bool { return o["name"] == name })
				if i < 0 {
					t.Fatalf("%s: %s is missing in %v", name, name, items)
				}
				return items[i]
			}
			variables := template.list("spec", "containers", "0", "env")
			file, _ := named(variables, "TRUSTED_CA_FILE")["value"].(string)
			mount := named(template.list("spec", "containers", "0", "volumeMounts"), "trust")
			bundle := named(template.list("spec", "volumes"), "trust").list("projected", "sources")[0]
			path, _ := bundle.value(source, "items", "0", "path").(string)
			if file != mount["mountPath"].(string)+"/"+path || bundle.value(source, "name") != "roots" ||
				bundle.value(source, "items", "0", "key") != "rds.pem" {
				t.Errorf("%s: the bundle is %v, mounted as %v for %s", name, bundle, mount, file)
			}
			named(variables, "PGSERVICE")
			named(template.list("spec", "volumes"), "sock")
			named(template.list("spec", "containers", "0", "volumeMounts"), "sock")
			if template.value("metadata", "labels", "team") != "a" ||
				template.value("metadata", "annotations", "note") != "b" {
				t.Errorf("%s: the metadata is %v", name, template["metadata"])
			}
		}
	}
}

func TestTheMigrationMayHaveADatabaseSecretOfItsOwn(t *testing.T) {
	objects := render(t, "migration.database.existingSecret=owner", "migration.database.key=dsn")
	for name, want := range map[string]string{
		"Deployment/rel-discovery": "discovery-database", "Job/rel-discovery-migration": "owner",
	} {
		volumes := objects[name].list("spec", "template", "spec", "volumes")
		secrets := volumes[slices.IndexFunc(volumes, func(o object) bool { return o["name"] == "secrets" })]
		if got := secrets.list("projected", "sources")[0].value("secret", "name"); got != want {
			t.Errorf("%s reads the URL from %v, want %s", name, got, want)
		}
	}
}

// The rules for egress must let the access manager and the sinks through, and nothing where nothing is set.
func TestTheEgressRules(t *testing.T) {
	ports := func(objects map[string]object, name string) (all []any) {
		for _, rule := range objects[name].list("spec", "egress") {
			for _, port := range rule.list("ports") {
				all = append(all, port["port"])
			}
		}
		return all
	}
	const server, migration = "NetworkPolicy/rel-discovery", "NetworkPolicy/rel-discovery-migration"
	if got := ports(render(t), server); !cmp.Equal(got, []any{53, 53, 5432, 443}) {
		t.Errorf("by default the service reaches the ports %v", got)
	}
	for url, port := range map[string]any{
		"http://auth:4000": 4000, "http://auth:4000/": 4000, "http://auth": 80, "https://auth/x": 443,
		"https://[2001:db8::1]:8443": 8443, "https://[2001:db8::1]": 443,
	} {
		got := ports(render(t, "auth.authorizerUrl="+url), server)
		if !cmp.Equal(got, []any{53, 53, 5432, 443, port}) {
			t.Errorf("with the access manager at %s the service reaches the ports %v", url, got)
		}
	}
	objects := render(t, "auth.authorizerUrl=http://auth:4001", "networkPolicy.authorizerPort=4000",
		"networkPolicy.databasePort=6432", "networkPolicy.sinks[0].ports[0]=5671",
		"networkPolicy.sinks[0].to[0].ipBlock.cidr=10.0.0.0/24")
	if got := ports(objects, server); !cmp.Equal(got, []any{53, 53, 6432, 443, 4000, 5671}) {
		t.Errorf("the service reaches the ports %v", got)
	}
	if got := ports(objects, migration); !cmp.Equal(got, []any{53, 53, 6432}) {
		t.Errorf("the migration reaches the ports %v", got)
	}
	open := render(t, "networkPolicy.restrictEgress=false")
	for _, name := range []string{server, migration} {
		if rules := open[name].list("spec", "egress"); len(rules) != 1 || len(rules[0]) != 0 {
			t.Errorf("%s restricts egress: %v", name, rules)
		}
	}
}

// drainSeconds is the documented time limit for stopping the service, in seconds.
const drainSeconds = 15

func TestThePodsDrainBeforeTheyAreKilled(t *testing.T) {
	spec := object(render(t)["Deployment/rel-discovery"].value("spec", "template", "spec").(map[string]any))
	sleep := spec.value("containers", "0", "lifecycle", "preStop", "sleep", "seconds").(int)
	grace := spec.value("terminationGracePeriodSeconds").(int)
	if grace <= sleep+drainSeconds {
		t.Errorf("the pod is killed after %d s, but waits %d s and drains for up to %d s", grace, sleep, drainSeconds)
	}
	for probe, path := range map[string]string{
		"startupProbe": "/health", "livenessProbe": "/health", "readinessProbe": "/readyz",
	} {
		if got := spec.value("containers", "0", probe, "httpGet", "path"); got != path {
			t.Errorf("%s requests %v, want %s", probe, got, path)
		}
	}
	if got := len(spec.list("topologySpreadConstraints")); got != 2 {
		t.Errorf("the pods are spread over %d topologies, want 2", got)
	}
}

// Every selector must select the pods of the deployment, and none may select the pods of the migration.
func TestEverySelectorMatchesOnlyTheServer(t *testing.T) {
	objects := render(t, everything...)
	pods := objects["Deployment/rel-discovery"].value("spec", "template", "metadata", "labels").(map[string]any)
	migration := objects["Job/rel-discovery-migration"].value("spec", "template", "metadata", "labels").(map[string]any)
	for name, path := range map[string]string{
		"Deployment/rel-discovery": "spec.selector.matchLabels", "Service/rel-discovery": "spec.selector",
		"Service/rel-discovery-metrics": "spec.selector", "NetworkPolicy/rel-discovery": "spec.podSelector.matchLabels",
		"PodDisruptionBudget/rel-discovery": "spec.selector.matchLabels",
	} {
		selector, _ := objects[name].value(strings.Split(path, ".")...).(map[string]any)
		if len(selector) == 0 || !contains(pods, selector) || contains(migration, selector) {
			t.Errorf("%s selects %v", name, selector)
		}
	}
	monitor := objects["ServiceMonitor/rel-discovery"].value("spec", "selector", "matchLabels").(map[string]any)
	for name, want := range map[string]bool{"Service/rel-discovery-metrics": true, "Service/rel-discovery": false} {
		if got := contains(objects[name].value("metadata", "labels").(map[string]any), monitor); got != want {
			t.Errorf("the ServiceMonitor selects %s: %v, want %v", name, got, want)
		}
	}
}

// contains reports whether the labels contain all labels of the selector.
func contains(labels, selector map[string]any) bool {
	for name, value := range selector {
		if labels[name] != value {
			return false
		}
	}
	return true
}

// env returns the environment variables of the deployment, by name. A variable from a Kubernetes Secret has the value
// "" here. The chart passes secrets as files, so there must be no such variable.
func env(objects map[string]object) map[string]string {
	all := map[string]string{}
	deployment := objects["Deployment/rel-discovery"]
	for _, variable := range deployment.list("spec", "template", "spec", "containers", "0", "env") {
		value, _ := variable["value"].(string)
		all[variable["name"].(string)] = value
	}
	return all
}

// The settings that the chart sets must be known and valid and must cause no warning about a risk. Each file that they
// name must be mounted.
func TestTheSettingsOfTheChartAreValid(t *testing.T) {
	minimum := []string{"auth.jwksUrl=https://issuer.test/jwks.json"}
	for name, values := range map[string][]string{"minimum": minimum, "everything": everything} {
		t.Run(name, func(t *testing.T) {
			objects := render(t, values...)
			secrets := mounted(t, objects)
			variables := env(objects)
			variables["KUBERNETES_SERVICE_HOST"] = "10.96.0.1" // as the kubelet sets it in every container
			lookup := func(name string) (string, bool) {
				value, set := variables[name]
				return strings.ReplaceAll(value, "/run/secrets/discovery", secrets), set
			}
			config, err := configs.Load(lookup, compose.Vendors())
			if err != nil {
				t.Fatal(err)
			}
			for _, warning := range config.Warnings(lookup, slices.Collect(maps.Keys(variables))) {
				t.Errorf("%s %s", warning.Setting, warning.Problem)
			}
			if _, err := os.Stat(config.Sealing.KeysetFile); err != nil {
				t.Error(err)
			}
			for variable := range variables {
				if secretName.MatchString(variable) {
					t.Errorf("%s is a variable, and can be seen in the pod", variable)
				}
			}
		})
	}
}

// mounted creates the files that the pod's volume of secrets contains, and returns their folder.
func mounted(t *testing.T, objects map[string]object) string {
	t.Helper()
	folder := t.TempDir()
	for _, volume := range objects["Deployment/rel-discovery"].list("spec", "template", "spec", "volumes") {
		for _, source := range volume.list("projected", "sources") {
			path, _ := source.value("secret", "items", "0", "path").(string)
			content := strings.Repeat("secret", 8)
			if path == "database-url" {
				content = "postgres://discovery:secret@db.example.com/discovery?sslmode=verify-full"
			}
			if err := os.WriteFile(filepath.Join(folder, path), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return folder
}

func TestTheSchemaOfTheValuesRefusesMistakes(t *testing.T) {
	helm := tool(t, "helm")
	for problem, value := range map[string]string{
		"a misspelt value":             "replicas=3",
		"no public URL":                "publicUrl=",
		"a variable of the chart":      "extraEnv[0].name=PUBLIC_URL,extraEnv[0].value=x",
		"a variable of the migration":  "extraEnv[0].name=DATABASE_URL_FILE,extraEnv[0].value=x",
		"a variable that is a setting": "settings.LOG_LEVEL=warn,extraEnv[0].name=LOG_LEVEL,extraEnv[0].value=x",
		"a variable given twice":       "extraEnv[0].name=A,extraEnv[1].name=A",
		"a volume of the chart":        "extraVolumes[0].name=tmp",
		"a volume given twice":         "extraVolumes[0].name=a,extraVolumes[1].name=a",
		"a mount of the chart": "extraVolumes[0].name=a,extraVolumeMounts[0].name=a," +
			"extraVolumeMounts[0].mountPath=/tmp/",
		"a mount given twice": "extraVolumes[0].name=a,extraVolumeMounts[0].name=a,extraVolumeMounts[0].mountPath=/a," +
			"extraVolumeMounts[1].name=a,extraVolumeMounts[1].mountPath=/a",
		"a mount without its volume":   "extraVolumeMounts[0].name=a,extraVolumeMounts[0].mountPath=/a",
		"a mount without authorities":  "extraVolumeMounts[0].name=trust,extraVolumeMounts[0].mountPath=/a",
		"a label of the chart":         `podLabels.app\.kubernetes\.io/name=x`,
		"its component":                `podLabels.app\.kubernetes\.io/component=x`,
		"a name with an underscore":    "fullnameOverride=my_name",
		"a name that begins wrongly":   "fullnameOverride=-name",
		"part of a name in upper case": "nameOverride=Name",
		"an access manager's host":     "auth.authorizerUrl=access-manager:8080",
		"a CIDR without a length":      "networkPolicy.databaseTo[0].ipBlock.cidr=10.0.0.0",
		"an address of 256": "networkPolicy.sinks[0].ports[0]=443," +
			"networkPolicy.sinks[0].to[0].ipBlock.cidr=10.0.0.256/32",
		"a CIDR that is too long":         "networkPolicy.ingressFrom[0].ipBlock.cidr=10.0.0.0/33",
		"a CIDR of IPv6 that is too long": "networkPolicy.dnsTo[0].ipBlock.cidr=fc00::/129",
		"a CIDR of a further rule":        "networkPolicy.extraEgress[0].to[0].ipBlock.cidr=x",
		"a URL without TLS":               "publicUrl=http://api.example.com",
		"two bundles of authorities":      "trust.configMap=a,trust.secret=b",
		"a sink without a port":           "networkPolicy.sinks[0].to[0].ipBlock.cidr=10.0.0.0/24",
		"a secret among the settings":     "settings.PLUGGY_WEBHOOK_HMAC_SECRET=x",
		"the key of a collector":          "settings.OTEL_EXPORTER_OTLP_HEADERS=x",
		"the password of a proxy":         "settings.EGRESS_PROXY=http://u:p@h",
		"the database in a setting":       "settings.DATABASE_URL=x",
		"a setting that the chart sets":   "settings.ADMIN_ADDRESS=:1",
		"an unknown setting":              "settings.PULL_WORKER=3",
		"a misspelt prefix":               "settings.LOGLEVEL=debug",
		"no keyset":                       "keyset.existingSecret=",
		"too short a grace period":        "terminationGracePeriodSeconds=5",
		"a key without its secret":        "webhooks.pluggy.hmacSecretKey=x",
		"a misspelt key of a vendor":      "webhooks.pluggy.hmacSecret=x",
		"a vendor that has no name":       "webhooks.existingsecret=x",
		"a misspelt vendor":               "webhooks.plugy.hmacSecretKey=x",
		"base URLs of such a vendor":      "settings.PLUGY_BASE_URLS=https://x",
	} {
		cmd := exec.Command(helm, "template", "rel", "deploy/helm", "--set", publicURL, "--set", value)
		cmd.Dir = root
		if printed, err := cmd.CombinedOutput(); err == nil {
			t.Errorf("%s (%s) is rendered:\n%s", problem, value, printed)
		}
	}
}

func TestValuesThatKubernetesAcceptsAreRendered(t *testing.T) {
	render(t, "fullnameOverride=a-1", "nameOverride=1a", "auth.authorizerUrl=http://access.lerian.svc:8080/base",
		`podLabels.app\.kubernetes\.io/part-of=x`,
		"extraVolumeMounts[0].name=secrets", "extraVolumeMounts[0].mountPath=/a",
		"networkPolicy.databaseTo[0].ipBlock.cidr=0.0.0.0/0",
		"networkPolicy.databaseTo[1].ipBlock.cidr=2001:db8::/32",
		"networkPolicy.databaseTo[2].ipBlock.cidr=::ffff:10.0.0.0/104",
		"networkPolicy.dnsTo[0].podSelector.matchLabels.a=b",
		"networkPolicy.sinks[0].ports[0]=443", "networkPolicy.sinks[0].to[0].ipBlock.cidr=10.255.0.0/16",
		"networkPolicy.sinks[0].to[0].ipBlock.except[0]=10.255.9.0/24")
}

// Every setting of the service is a value of the chart, a secret, or one of the names that the schema lists.
func TestTheSchemaOfTheValuesListsTheSettings(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "deploy", "helm", "values.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Properties struct {
			Settings struct {
				PropertyNames struct {
					AnyOf []struct{ Enum []string }
				}
			}
		}
	}
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	template, err := os.ReadFile(filepath.Join(root, "deploy", "helm", "templates", "deployment.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, match := range regexp.MustCompile(`(?m)^#?([A-Z][A-Z0-9_]*)=`).FindAllStringSubmatch(configs.Reference, -1) {
		name := match[1]
		byChart := strings.Contains(string(template), "name: "+name+",") || strings.HasSuffix(name, "_SOURCE_CIDRS")
		secret := secretName.MatchString(name) || strings.HasSuffix(name, "_FILE") ||
			strings.HasSuffix(name, "_AUTHORIZATION") || name == "AUDIT_KEY" ||
			name == "EGRESS_PROXY"
		// The chart sets ADMIN_ADDRESS if the metrics are enabled. SERVER_ADDRESS is excluded, because the chart
		// defines the port.
		if !byChart && !secret && !slices.Contains([]string{"SERVER_ADDRESS", "DATABASE_URL"}, name) {
			want = append(want, name)
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, schema.Properties.Settings.PropertyNames.AnyOf[0].Enum); diff != "" {
		t.Errorf("settings (-production.env +schema):\n%s", diff)
	}
}

func TestTheMetricsAreNotExposedWithTheAPI(t *testing.T) {
	objects := render(t, everything...)
	for _, name := range []string{"Service/rel-discovery", "Ingress/rel-discovery"} {
		text, err := yaml.Marshal(objects[name])
		if err != nil || strings.Contains(string(text), "metrics") || strings.Contains(string(text), "4019") {
			t.Errorf("%s leads to the metrics: %v\n%s", name, err, text)
		}
	}
	if got := env(render(t, "metrics.enabled=false"))["ADMIN_ADDRESS"]; got != "" {
		t.Errorf("without metrics ADMIN_ADDRESS is %q, want the default, which is loopback", got)
	}
}
