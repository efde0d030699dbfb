// Package wechat speaks the official protocol of the platform: it checks and
// opens callbacks (signature, AES, XML), writes passive replies, and calls the
// official API. It hides silenceper/wechat: nothing of that module is in its
// exported names.
//
// The callback side is pure: no I/O and no clock, now is passed in. The client
// keeps access tokens in memory and nothing else; it stores nothing.
//
// It is not the operator pages (package mpweb) and not the HTTP route (package
// handlers): the cap on the body, the status codes and the memory of used
// requests are the handler's.
package wechat
