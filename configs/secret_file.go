package configs

import (
	"io"
	"os"
	"strings"
)

// fileSuffix is appended to the name of a secret setting. The resulting setting, for example AUDIT_KEY_FILE, contains
// the path of a file with the secret.
const fileSuffix = "_FILE"

// maxSecretFile is the maximum size of a file that contains a secret, in bytes.
const maxSecretFile = 64 << 10

// isSecret reports whether the value of a setting is a secret or can contain one. The value of such a setting can be
// in a file, because an environment variable is visible to everyone who may inspect the container.
func isSecret(name string) bool {
	return name == "DATABASE_URL" || name == "EGRESS_PROXY" || name == "AUTH_JWT_SECRET" || name == "AUDIT_KEY" ||
		strings.HasSuffix(name, "_WEBHOOK_HMAC_SECRET") || strings.HasSuffix(name, "_WEBHOOK_AUTHORIZATION")
}

// fromFile returns the content of the file whose path is in the setting <name>_FILE, without surrounding white space.
// The argument value is the value of the setting <name>. It is returned if <name>_FILE is unset. If both settings are
// set, or if the file cannot be read, fromFile records an error and returns value.
func (r *reader) fromFile(name, value string) string {
	setting := name + fileSuffix
	path, _ := r.lookup(setting)
	if path = strings.TrimSpace(path); path == "" {
		return value
	}
	content, ok := readSmallFile(path)
	switch {
	case r.hasError(setting):
	case value != "":
		r.addError(setting, "and "+name+" are mutually exclusive")
	case !ok:
		r.addError(setting, "must be a readable file with 1 to 65536 bytes")
	default:
		return content
	}
	return value
}

// readSmallFile returns the content of a file without surrounding white space. ok is false if the file
// is not a regular file, cannot be read, is too large, or contains only white space.
func readSmallFile(path string) (content string, ok bool) {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return "", false
	}
	file, err := os.Open(path)
	if err != nil {
		return "", false
	}
	defer func() { _ = file.Close() }()
	raw, err := io.ReadAll(io.LimitReader(file, maxSecretFile+1))
	content = strings.TrimSpace(string(raw))
	return content, err == nil && len(raw) <= maxSecretFile && content != ""
}
