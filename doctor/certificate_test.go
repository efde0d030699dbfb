package doctor_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"time"
)

func x509Pool() *x509.CertPool { return x509.NewCertPool() }

// dialing leads every connection to one address.
func dialing(address string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
}

// listen serves until the test ends and returns the address.
func (w *ward) listen(h http.Handler) string {
	s := httptest.NewServer(h)
	w.Cleanup(s.Close)
	return s.URL
}

// certificate puts one before the public address that is for a host, is good for
// so long, and is believed.
func (w *ward) certificate(host string, left time.Duration) {
	w.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	w.must(err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{host}, NotBefore: time.Now().Add(-100 * 24 * time.Hour), NotAfter: time.Now().Add(left),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	w.must(err)
	leaf, err := x509.ParseCertificate(der)
	w.must(err)
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	s.Config.ErrorLog = nil
	s.StartTLS()
	w.Cleanup(s.Close)
	w.Dial, w.Roots = dialing(s.Listener.Addr().String()), x509.NewCertPool()
	w.Roots.AddCert(leaf)
}
