package compose

import (
	"runtime/debug"
	"strings"
)

// version is set by the linker, with -X, in builds of images and releases. The source code for such a build may be
// outside a repository. The Go toolchain then knows no version.
var version string

// Version returns the version of the service. It is the first of these texts that is known:
//   - the version that the linker has set
//   - the version of the module, which the Go toolchain has stored in the binary
//   - the first 12 characters of the revision of the build
//   - "devel"
func Version() string {
	if version != "" {
		return strings.TrimPrefix(version, "v")
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "devel"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return strings.TrimPrefix(v, "v")
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			return setting.Value[:min(len(setting.Value), 12)]
		}
	}
	return "devel"
}
