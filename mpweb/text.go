package mpweb

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
)

// pageText turns the HTML escapes that the pages put into JSON strings back
// into characters, once: what a follower typed as "&lt;" comes as "&amp;lt;".
var pageText = strings.NewReplacer(
	"&lt;", "<", "&gt;", ">", "&amp;", "&", "&quot;", `"`, "&nbsp;", " ",
	"&#39;", "'", "&#039;", "'", "&#x27;", "'", "&apos;", "'",
	"<br/>", "\n", "<br />", "\n", "<br>", "\n",
)

// unescape returns the words of a page as the follower wrote them, without the
// control characters that XML forbids (a push cannot carry them either).
func unescape(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 && r != '\n' && r != '\r' && r != '\t' {
			return -1
		}
		return r
	}, pageText.Replace(s))
}

// cleanJSON makes strict JSON of what the pages call JSON: raw control
// characters inside strings go (line breaks and tabs are escaped instead), and
// escapes that only JavaScript knows (\x3c, \') become ones that JSON knows.
func cleanJSON(b []byte) []byte {
	out := make([]byte, 0, len(b)+16)
	inString := false
	for i := 0; i < len(b); i++ {
		c := b[i]
		switch {
		case !inString:
			if c == '"' {
				inString = true
			}
			if c >= 0x20 || c == '\n' || c == '\r' || c == '\t' {
				out = append(out, c)
			}
		case c == '"':
			inString = false
			out = append(out, c)
		case c == '\\' && i+1 < len(b):
			var used int
			out, used = cleanEscape(out, b[i+1:])
			i += used
		case c >= 0x20:
			out = append(out, c)
		case c == '\n':
			out = append(out, '\\', 'n')
		case c == '\r':
			out = append(out, '\\', 'r')
		case c == '\t':
			out = append(out, '\\', 't')
		}
	}
	return out
}

// cleanEscape appends the escape whose backslash was just read and says how
// many bytes of rest it took.
func cleanEscape(out, rest []byte) ([]byte, int) {
	c := rest[0]
	switch {
	case strings.IndexByte(`"\/bfnrtu`, c) >= 0:
		return append(out, '\\', c), 1
	case c == 'x' && len(rest) >= 3 && isHex(rest[1]) && isHex(rest[2]):
		return append(out, '\\', 'u', '0', '0', rest[1], rest[2]), 3
	case c < 0x20:
		return out, 1
	default:
		return append(out, c), 1
	}
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// decode reads what the pages call JSON.
func decode(b []byte, v any) error { return json.Unmarshal(cleanJSON(b), v) }

// looksLikeJSON reports whether a body begins as a JSON object.
func looksLikeJSON(body []byte) bool {
	b := bytes.TrimLeft(body, "\ufeff \t\r\n\x00")
	return len(b) > 0 && b[0] == '{'
}

// trimJSON drops what may stand before a JSON object.
func trimJSON(body []byte) []byte { return bytes.TrimLeft(body, "\ufeff \t\r\n\x00") }

// cutObject finds the JSON object that begins with the given key somewhere in
// an HTML page. A follower's words cannot forge one: inside a string the quotes
// around the key would be escaped.
func cutObject(page []byte, opening *regexp.Regexp) ([]byte, bool) {
	at := opening.FindIndex(page)
	if at == nil {
		return nil, false
	}
	depth, inString := 0, false
	for i := at[0]; i < len(page); i++ {
		switch c := page[i]; {
		case inString:
			if c == '\\' {
				i++
			} else if c == '"' {
				inString = false
			}
		case c == '"':
			inString = true
		case c == '{':
			depth++
		case c == '}':
			depth--
			if depth == 0 {
				return page[at[0] : i+1], true
			}
		}
	}
	return nil, false
}

// word is a string that some pages write as a number.
type word string

// UnmarshalJSON takes strings and numbers; anything else is an empty word, so
// that one odd field never loses a page.
func (w *word) UnmarshalJSON(b []byte) error {
	*w = ""
	var s string
	if json.Unmarshal(b, &s) == nil {
		*w = word(s)
		return nil
	}
	var n json.Number
	if json.Unmarshal(b, &n) == nil {
		*w = word(n.String())
	}
	return nil
}

// text is the word without page escapes.
func (w word) text() string { return unescape(string(w)) }

// number is an integer that some pages write as a string.
type number int64

// UnmarshalJSON takes whole numbers and strings of them; anything else is 0.
func (n *number) UnmarshalJSON(b []byte) error {
	var w word
	_ = w.UnmarshalJSON(b)
	i, err := strconv.ParseInt(strings.TrimSpace(string(w)), 10, 64)
	if err != nil {
		i = 0
	}
	*n = number(i)
	return nil
}

// nested is an object that f=json pages may write as a string holding JSON.
// It keeps the bytes of the object.
type nested []byte

// UnmarshalJSON takes an object, or a string that holds one.
func (n *nested) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		*n = nested(s)
		return nil
	}
	*n = append(nested(nil), b...)
	return nil
}
