package rest

import "strings"

const (
	prefix      = "/v1/discovery"
	webhookPath = prefix + "/webhooks/{vendor}/{token}"
	// maxIDLength is the length of the longest path segment that can be an id. A webhook token is
	// longer.
	maxIDLength = 36
)

// redactPath returns the path with everything replaced that may be a webhook token. It replaces every segment that is
// longer than an id, and all segments after the vendor in a path that contains "/webhooks/", ignoring case, unless the
// segment of the vendor is "tokens" or "deliveries". The path may differ from that of the webhook receiver in other
// ways.
func redactPath(path string) string {
	if before, rest, ok := cutAfterFold(path, "/webhooks/"); ok {
		vendor, token, more := strings.Cut(rest, "/")
		if more && token != "" && vendor != "tokens" && vendor != "deliveries" {
			path = before + vendor + "/{token}"
		}
	}
	for segment := range strings.SplitSeq(path, "/") {
		if len(segment) > maxIDLength {
			return redactLongSegments(path)
		}
	}
	return path
}

// redactLongSegments replaces every segment of the path that is longer than an id, and returns
// the result.
func redactLongSegments(path string) string {
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		if len(segment) > maxIDLength {
			segments[i] = "{token}"
		}
	}
	return strings.Join(segments, "/")
}

// cutAfterFold splits path after the first occurrence of separator, ignoring case. separator must
// start with a slash.
func cutAfterFold(path, separator string) (before, after string, found bool) {
	for i := 0; i+len(separator) <= len(path); i++ {
		if path[i] == '/' && strings.EqualFold(path[i:i+len(separator)], separator) {
			return path[:i+len(separator)], path[i+len(separator):], true
		}
	}
	return path, "", false
}
