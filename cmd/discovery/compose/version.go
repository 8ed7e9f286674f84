package compose

import (
	"runtime/debug"
	"strings"
)

// version is set by the linker, with -X, in builds of images and releases. The source code for such a build may be
// outside a repository. The Go toolchain then knows no version.
var version string

// Version returns the version that the linker has set. If the linker has set none, Version returns the module's
// version that the Go toolchain has stamped into the binary. If that is missing, too, it returns the first 12
// characters of the build's revision, or "devel" if there is no revision either.
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
