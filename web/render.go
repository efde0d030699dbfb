package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"
	"strings"
	"sync"
)

// CSP is the Content-Security-Policy of every page and static file: our own
// files alone, no inline script or style, sounds also from blobs that the page
// decoded itself, in nobody's frame, and script addresses only through the one
// policy of static/js/trusted.js.
const CSP = "default-src 'self'; media-src 'self' blob:; object-src 'none'; base-uri 'none'; " +
	"form-action 'self'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'; trusted-types callbackd"

// Page is one of this package's page structs.
type Page interface {
	// template names the template that shows the page.
	template() string
}

//go:embed templates/*.html
var templateFiles embed.FS

// templates are parsed once; a template that does not parse is a broken build,
// which TestTemplates finds.
var templates = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("").Funcs(template.FuncMap{
		"static": StaticPath,
		"icon":   icon,
	}).ParseFS(templateFiles, "templates/*.html"))
})

// Render writes a page as HTML. Nothing is written when the page cannot be
// made; an error of w is returned as it is.
func Render(w io.Writer, page Page) error {
	var b bytes.Buffer
	if err := templates().ExecuteTemplate(&b, page.template(), page); err != nil {
		return fmt.Errorf("render %s: %w", page.template(), err)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// icon returns a Lucide picture for putting into a page; it takes the colour
// and the size of the text around it.
func icon(name string) (template.HTML, error) {
	b, err := staticFiles.ReadFile("static/" + lucide + "/" + name + ".svg")
	if err != nil {
		return "", fmt.Errorf("icon %s: %w", name, err)
	}
	_, svg, ok := strings.Cut(string(b), "<svg")
	if !ok {
		return "", fmt.Errorf("icon %s is no svg", name)
	}
	svg = strings.Join(strings.Fields(svg), " ")
	return template.HTML(`<svg aria-hidden="true" ` + svg), nil //nolint:gosec // a file of ours, embedded
}
