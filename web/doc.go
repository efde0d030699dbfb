// Package web is what people see: page structs, their templates, the texts in
// both languages, and the static files that make a page live.
//
// A page is a struct, a template and a handler of the same word. The package
// reads no database and knows no route beyond the paths that the contract
// fixes; it is given what the gate let through and never more. It stores
// nothing. Templates, texts and files are embedded and checked by its tests.
package web
