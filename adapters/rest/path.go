package rest

import "strings"

const (
	prefix      = "/v1/discovery"
	webhookPath = prefix + "/webhooks/{vendor}/{token}"
	// maxIDLength is the length of the longest path segment that can be an id. A webhook token is
	// longer.
	maxIDLength = 36
)

// redactPath replaces the segments of the path that may be a webhook token, and returns the result. These segments are
// replaced:
//
//   - Every segment that is longer than an id.
//   - All segments after "/webhooks/{vendor}/", ignoring case. This rule does not apply to the vendors "tokens" and
//     "deliveries".
//
// The text "/webhooks/" may occur anywhere in the path, because a mistyped webhook URL also contains a token.
//
// Bytes that are not UTF-8 are replaced, because the result is part of a JSON document.
func redactPath(path string) string {
	path = strings.ToValidUTF8(path, "\uFFFD")
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
