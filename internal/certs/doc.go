// Package certs gives a TLS server its certificate: from a pair of files that is
// read again when it changes (Files), or from a certificate authority by ACME
// (Auto). It opens no port, and stores nothing but what Auto was given by the
// authority, in a folder of its own.
package certs

import "crypto/tls"

// config is what both kinds of servers agree on: TLS 1.2 is the oldest that the
// platform, browsers and push services still need.
func config(get func(*tls.ClientHelloInfo) (*tls.Certificate, error), protocols ...string) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: get, NextProtos: append([]string{"h2", "http/1.1"}, protocols...)}
}
