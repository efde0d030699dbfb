package main

import (
	"errors"
	"fmt"
	"net/mail"
	"net/url"

	"callbackd/internal/certs"
)

// What --tls may be.
const (
	tlsOff   = "off"   // plain HTTP, or a proxy in front
	tlsAuto  = "auto"  // certificates by ACME
	tlsFiles = "files" // a certificate and its key in files
)

// TLSConfig is whether the public port speaks TLS, and with which certificate.
type TLSConfig struct {
	Mode              string
	CertFile, KeyFile string // of files
	HTTPListen        string // host:port of plain HTTP beside TLS; empty: nowhere
	ACMEURL           string // of auto: the authority's directory
	ACMEEmail         string // of auto; empty: the authority writes to nobody
}

// tlsSettings are the rows of the table that concern TLS.
func tlsSettings() []setting {
	return []setting{
		{"tls", tlsOff, "`kind` of TLS on --listen: auto (certificates by ACME for the host of --public-url), files, or off",
			oneOf(func(c *Config) *string { return &c.HTTP.TLS.Mode }, tlsAuto, tlsFiles, tlsOff)},
		{"tls-cert-file", "", "`file` of the certificate with its chain (PEM), for --tls files; read again when it changes",
			optional(func(c *Config) *string { return &c.HTTP.TLS.CertFile })},
		{"tls-key-file", "", "`file` of its private key (PEM)", optional(func(c *Config) *string { return &c.HTTP.TLS.KeyFile })},
		{"tls-http-listen", "", "`address` of plain HTTP beside TLS: checks by ACME, callbacks, redirects; or off (default :80 with --tls auto, else off)", setHTTPListen},
		{"acme-url", certs.DefaultACMEURL, "`URL` of the ACME directory, for --tls auto", setACMEURL},
		{"acme-email", "", "mail `address` to which the certificate authority may write", setACMEEmail},
	}
}

// setHTTPListen takes an address or off.
func setHTTPListen(c *Config, value string) error {
	if value == "off" {
		c.HTTP.TLS.HTTPListen = value // told from nothing said until the settings are derived
		return nil
	}
	return address(func(c *Config) *string { return &c.HTTP.TLS.HTTPListen })(c, value)
}

// setACMEURL takes an http or https URL as it stands: a directory may end in a slash.
func setACMEURL(c *Config, value string) error {
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return fmt.Errorf("%q is not an http or https URL", value)
	}
	if u.User != nil || u.Fragment != "" {
		return errors.New("takes a URL without user and fragment")
	}
	c.HTTP.TLS.ACMEURL = value
	return nil
}

func setACMEEmail(c *Config, value string) error {
	c.HTTP.TLS.ACMEEmail = ""
	if value == "" {
		return nil
	}
	a, err := mail.ParseAddress(value)
	if err != nil || a.Name != "" {
		return fmt.Errorf("%q is not a mail address; write it like ops@example.com", value)
	}
	c.HTTP.TLS.ACMEEmail = a.Address
	return nil
}

// derive fills what follows from the kind of TLS.
func (c *TLSConfig) derive() {
	switch {
	case c.HTTPListen == "off":
		c.HTTPListen = ""
	case c.HTTPListen == "" && c.Mode == tlsAuto:
		c.HTTPListen = ":80"
	}
}

// check refuses settings that cannot work together.
func (c *HTTPConfig) check() error {
	t := c.TLS
	switch {
	case t.Mode != tlsFiles && (t.CertFile != "" || t.KeyFile != ""):
		return errors.New("--tls-cert-file and --tls-key-file need --tls files")
	case t.Mode == tlsFiles && (t.CertFile == "" || t.KeyFile == ""):
		return errors.New("--tls files needs both --tls-cert-file and --tls-key-file")
	case t.Mode == tlsOff && t.HTTPListen != "":
		return errors.New("--tls-http-listen needs --tls auto or --tls files: without TLS, --listen is plain HTTP")
	case t.HTTPListen != "" && t.Mode == tlsFiles && c.PublicURL.Scheme != "https":
		return fmt.Errorf("--tls-http-listen leads people to --public-url, which is not https: %s", c.PublicURL)
	case t.Mode == tlsAuto && c.PublicURL.Scheme != "https":
		return fmt.Errorf("--tls auto needs a --public-url with https, like https://wall.example.com; it is %s", c.PublicURL)
	}
	return nil
}
