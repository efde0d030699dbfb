package wechat

import (
	"bytes"
	"errors"
	"strconv"
	"unicode/utf8"
)

// errMarkup says that the document ends inside its root.
var errMarkup = errors.New("the document is not closed")

// maxOpen is how many open elements are remembered by name; deeper ones are
// only counted.
const maxOpen = 32

// scanner walks a pushed document once and reports the direct children of its
// root with their own text. It forgives whatever does not hide a field:
// unknown entities, a bare '<' or '&', end tags that do not fit, unclosed
// inner elements, comments, declarations, anything after the root. It never
// recurses, expands no declared entity and needs memory only for texts that
// come in several pieces.
//
// encoding/xml is not used: it refuses the whole document for one control
// character, and takes four times as long.
type scanner struct {
	doc   []byte
	pos   int
	open  [maxOpen][]byte // names of the open elements, root first
	depth int             // how many are open
	text  []byte          // of the open child
	owned bool            // text is our own memory, not a part of doc
	child func(name, text []byte)
}

// scan calls child for each direct child of the root, in order. The slices are
// valid during the call only.
func scan(doc []byte, child func(name, text []byte)) error {
	s := scanner{doc: doc, child: child}
	for s.pos < len(doc) {
		lt := bytes.IndexByte(doc[s.pos:], '<')
		if lt < 0 {
			break
		}
		s.characters(doc[s.pos : s.pos+lt])
		s.pos += lt
		done, err := s.markup()
		if done || err != nil {
			return err
		}
	}
	return errMarkup
}

// markup reads what begins with '<' at pos; done after the root's end.
func (s *scanner) markup() (done bool, err error) {
	rest := s.doc[s.pos:]
	switch {
	case bytes.HasPrefix(rest, []byte("<![CDATA[")):
		end := bytes.Index(rest, []byte("]]>"))
		if end < 0 {
			return false, errMarkup
		}
		s.add(rest[len("<![CDATA["):end])
		s.pos += end + len("]]>")
		return false, nil
	case bytes.HasPrefix(rest, []byte("<!--")):
		return false, s.skip(len("<!--"), "-->")
	case bytes.HasPrefix(rest, []byte("<?")):
		return false, s.skip(len("<?"), "?>")
	case bytes.HasPrefix(rest, []byte("<!")):
		return false, s.declaration()
	case len(rest) > 2 && rest[1] == '/' && nameStart(rest[2]):
		end := bytes.IndexByte(rest, '>')
		if end < 0 {
			return false, errMarkup
		}
		s.pos += end + 1
		return s.endTag(bytes.TrimRight(rest[2:end], " \t\r\n")), nil
	case len(rest) > 1 && nameStart(rest[1]):
		return s.startTag()
	}
	s.add(rest[:1]) // a bare '<' is a character
	s.pos++
	return false, nil
}

// skip moves behind the next end, which is looked for after the first n bytes.
func (s *scanner) skip(n int, end string) error {
	i := bytes.Index(s.doc[s.pos+n:], []byte(end))
	if i < 0 {
		return errMarkup
	}
	s.pos += n + i + len(end)
	return nil
}

// declaration skips <!DOCTYPE …> with whatever it declares in brackets.
func (s *scanner) declaration() error {
	brackets := 0
	for i := s.pos; i < len(s.doc); i++ {
		switch s.doc[i] {
		case '[':
			brackets++
		case ']':
			brackets--
		case '>':
			if brackets <= 0 {
				s.pos = i + 1
				return nil
			}
		}
	}
	return errMarkup
}

// startTag opens an element; attributes are passed over.
func (s *scanner) startTag() (done bool, err error) {
	i := s.pos + 1
	for i < len(s.doc) && !nameEnd(s.doc[i]) {
		i++
	}
	name := s.doc[s.pos+1 : i]
	quote := byte(0)
	for ; i < len(s.doc); i++ {
		c := s.doc[i]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			s.pos = i + 1
			s.push(name)
			if s.doc[i-1] == '/' {
				return s.endTag(name), nil
			}
			return false, nil
		}
	}
	return false, errMarkup
}

func (s *scanner) push(name []byte) {
	if s.depth < maxOpen {
		s.open[s.depth] = name
	}
	s.depth++
	if s.depth == 2 {
		s.text, s.owned = nil, false
	}
}

// endTag closes the innermost open element of that name and what was left open
// in it. An end without a beginning is passed over.
func (s *scanner) endTag(name []byte) (done bool) {
	if s.depth > maxOpen {
		s.depth--
		return false
	}
	at := s.depth - 1
	for at >= 0 && !bytes.Equal(s.open[at], name) {
		at--
	}
	if at < 0 {
		return false
	}
	if s.depth >= 2 && at <= 1 {
		s.child(s.open[1], s.text)
	}
	s.depth = at
	return at == 0
}

// characters adds text outside of CDATA, with its entities replaced.
func (s *scanner) characters(raw []byte) {
	for s.depth == 2 && len(raw) > 0 {
		amp := bytes.IndexByte(raw, '&')
		if amp < 0 {
			s.add(raw)
			return
		}
		s.add(raw[:amp])
		text, n := entity(raw[amp:])
		s.add(text)
		raw = raw[amp+n:]
	}
}

// add appends a piece to the text of the open child. The first piece is not
// copied: nearly every value has only one.
func (s *scanner) add(piece []byte) {
	switch {
	case s.depth != 2 || len(piece) == 0:
	case len(s.text) == 0:
		s.text = piece
	case !s.owned:
		s.text = append(append(make([]byte, 0, 2*(len(s.text)+len(piece))), s.text...), piece...)
		s.owned = true
	default:
		s.text = append(s.text, piece...)
	}
}

// entity returns what an '&' at the start of raw stands for and how many bytes
// that takes. What is no entity stays as it is; numbers of characters that XML
// forbids become nothing.
func entity(raw []byte) (text []byte, n int) {
	semi := bytes.IndexByte(raw[:min(len(raw), 12)], ';')
	if semi < 2 {
		return raw[:1], 1
	}
	name := string(raw[1:semi])
	switch name {
	case "amp":
		return []byte("&"), semi + 1
	case "lt":
		return []byte("<"), semi + 1
	case "gt":
		return []byte(">"), semi + 1
	case "quot":
		return []byte(`"`), semi + 1
	case "apos":
		return []byte("'"), semi + 1
	}
	if name[0] != '#' {
		return raw[:1], 1
	}
	digits, base := name[1:], 10
	if digits != "" && (digits[0] == 'x' || digits[0] == 'X') {
		digits, base = digits[1:], 16
	}
	code, err := strconv.ParseUint(digits, base, 32)
	if err != nil {
		return raw[:1], 1
	}
	if code > utf8.MaxRune || !allowed(rune(code)) {
		return nil, semi + 1
	}
	return utf8.AppendRune(nil, rune(code)), semi + 1
}

func nameStart(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= 0x80
}

func nameEnd(c byte) bool {
	return c == '>' || c == '/' || c == ' ' || c == '\t' || c == '\r' || c == '\n'
}

// allowed reports whether XML 1.0 allows a character.
func allowed(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' ||
		r >= 0x20 && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= utf8.MaxRune
}

// Clean is a text without the characters that XML forbids, as every text is that
// the platform brings.
func Clean(text string) string { return clean([]byte(text)) }

// clean makes a string of bytes: characters that XML forbids are dropped,
// bytes that are not UTF-8 become U+FFFD, everything else stays.
func clean(b []byte) string {
	bad := -1
	for i := 0; i < len(b); {
		if c := b[i]; c >= 0x20 && c < utf8.RuneSelf || c == '\n' || c == '\r' || c == '\t' {
			i++
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 || !allowed(r) {
			bad = i
			break
		}
		i += n
	}
	if bad < 0 {
		return string(b)
	}
	out := append(make([]byte, 0, len(b)), b[:bad]...)
	for i := bad; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if allowed(r) {
			out = utf8.AppendRune(out, r) // RuneError stands for a bad byte
		}
		i += n
	}
	return string(out)
}
