package egress

import (
	"compress/gzip"
	"io"
	"net/http"
)

// acceptGzip returns a copy of the request that accepts a compressed response.
func acceptGzip(r *http.Request) *http.Request {
	r = r.Clone(r.Context())
	r.Header.Set("Accept-Encoding", "gzip")
	return r
}

// decompress replaces a compressed body by its content. It is used instead of the decompression by net/http, which
// reads an unlimited number of bytes if they decompress to nothing. Here, the size of the compressed body is limited,
// too.
func decompress(response *http.Response) {
	if response.Header.Get("Content-Encoding") != "gzip" {
		return
	}
	response.Body = &gzipBody{ReadCloser: response.Body}
	response.Header.Del("Content-Encoding")
	response.Header.Del("Content-Length")
	response.ContentLength, response.Uncompressed = -1, true
}

// gzipBody is the content of a compressed body.
type gzipBody struct {
	io.ReadCloser              // the compressed body
	content       *gzip.Reader // nil before the first read
}

// Read implements io.Reader. It reads the header of the compressed body when it is first called.
func (b *gzipBody) Read(p []byte) (n int, err error) {
	if b.content == nil {
		if b.content, err = gzip.NewReader(b.ReadCloser); err != nil {
			return 0, err
		}
	}
	return b.content.Read(p)
}
