package rest

import "strings"

const (
	prefix      = "/v1/discovery"
	webhookPath = prefix + "/webhooks/{vendor}/{token}"
	// longestID is the longest path segment that can be an id; a webhook token is longer.
	longestID = 36
)

// cleanPath cuts out of a path whatever may be a webhook token, also where the path is
// not quite the receiver's: what follows the vendor, and every segment longer than an id.
func cleanPath(path string) string {
	if before, rest, ok := cutFold(path, "/webhooks/"); ok {
		vendor, token, more := strings.Cut(rest, "/")
		if more && token != "" && vendor != "tokens" && vendor != "deliveries" {
			path = before + vendor + "/{token}"
		}
	}
	for segment := range strings.SplitSeq(path, "/") {
		if len(segment) > longestID {
			return withoutLong(path)
		}
	}
	return path
}

// withoutLong replaces every segment longer than an id.
func withoutLong(path string) string {
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		if len(segment) > longestID {
			segments[i] = "{token}"
		}
	}
	return strings.Join(segments, "/")
}

// cutFold splits behind the first separator, whatever its case.
func cutFold(path, separator string) (before, after string, found bool) {
	for i := 0; i+len(separator) <= len(path); i++ {
		if path[i] == '/' && strings.EqualFold(path[i:i+len(separator)], separator) {
			return path[:i+len(separator)], path[i+len(separator):], true
		}
	}
	return path, "", false
}
