package rehearsal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// baseResp is the envelope of every JSON answer since late 2013.
type baseResp struct {
	Ret    int    `json:"ret"`
	ErrMsg string `json:"err_msg"`
}

var okResp = baseResp{0, "ok"}

// pageJSON writes v as the operator pages do: characters below U+0020 that
// people put into their names stay raw bytes, which is not JSON, and neither
// &<> nor U+2028 are escaped (wechat-protocol 4.0).
func pageJSON(v any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err) // structs of strings and numbers only
	}
	return rawControls(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}

// rawControls undoes the escapes that encoding/json writes for control
// characters and U+2028/9; all other bytes of b stay.
func rawControls(b []byte) string {
	short := map[byte]byte{'n': '\n', 't': '\t', 'r': '\r', 'b': '\b', 'f': '\f'}
	var out strings.Builder
	for i := 0; i < len(b); i++ {
		if b[i] != '\\' {
			out.WriteByte(b[i])
			continue
		}
		i++ // encoding/json never ends in a lone backslash
		if c, ok := short[b[i]]; ok {
			out.WriteByte(c)
			continue
		}
		if b[i] != 'u' {
			out.WriteByte('\\')
			out.WriteByte(b[i])
			continue
		}
		var r rune
		if _, err := fmt.Sscanf(string(b[i+1:i+5]), "%x", &r); err != nil {
			panic(err) // always four hex digits
		}
		out.WriteRune(r)
		i += 4
	}
	return out.String()
}

// pageText escapes what people wrote as the pages carry it: HTML entities,
// &nbsp; for each space, <br/> for each line break (wechat-protocol 2.5).
func pageText(s string) string {
	return pageEscapes.Replace(s)
}

var pageEscapes = strings.NewReplacer(
	"&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;", " ", "&nbsp;",
	"\r\n", "<br/>", "\n", "<br/>",
)

// pageName escapes a nickname or signature. Line breaks in them stay the
// control characters that they are.
func (c *opCall) pageName(s string) string {
	if c.faults.PlainNames {
		return s
	}
	return nameEscapes.Replace(s)
}

var nameEscapes = strings.NewReplacer(
	"&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;", " ", "&nbsp;",
)

func writePageJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	writeBody(w, pageJSON(v))
}

func writeHTML(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "text/html; charset=UTF-8")
	writeBody(w, body)
}

func writeBody(w http.ResponseWriter, body string) {
	w.Header().Set("Cache-Control", "no-cache, must-revalidate")
	_, _ = w.Write([]byte(body)) // a client that left is no concern of the platform's
}
