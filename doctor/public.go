package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

func (d *Doctor) publicURL(ctx context.Context) Finding {
	u := d.PublicURL
	if port := u.Port(); port != "" && port != "80" && port != "443" {
		return fail(say("平台只回调 80 和 443 端口，而地址是 %s", "the platform calls ports 80 and 443 only, the address is %s", u),
			say("在前面放一个反向代理（docs/operations.md），把 --public-url 设为它的地址", "put a reverse proxy in front (docs/operations.md) and set --public-url to its address"))
	}
	if isInside(u.Hostname()) {
		return fail(say("公网地址只在本机或内网有效：%s", "followers and the platform cannot reach an address of this machine or network: %s", u),
			say("把 --public-url 设为外网能访问的地址", "set --public-url to the address that the world knows"))
	}
	r := d.ask(ctx, u.JoinPath("healthz").String())
	switch {
	case r.err != nil:
		return fail(say("公网地址没有回应：%v", "the public address does not answer: %v", r.err),
			say("启动 callbackd serve，检查 %s 的 DNS、证书、代理和防火墙", "start callbackd serve, and check DNS, certificate, proxy and firewall of %s", u.Host))
	case strings.TrimSpace(r.body) != "ok":
		return fail(say("公网地址后面不是 callbackd：%s", "something else answers at %s", u), say("更正代理，或更正 --public-url", "correct the proxy, or --public-url"))
	}
	return ok(say("公网地址可达：%s", "reachable at %s", u))
}

// isInside reports a host that nobody outside can reach.
func isInside(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") || strings.HasSuffix(host, ".local") || strings.HasSuffix(host, ".internal") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && (ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast() || ip.IsUnspecified())
}

// certificateLeft is how long a certificate should still be good: longer than
// whoever renews it needs, and than the days until the event.
const certificateLeft = 14 * 24 * time.Hour

// tls looks at the certificate of the public address as a stranger does.
func (d *Doctor) tls(ctx context.Context) Finding {
	u := d.PublicURL
	if u.Scheme != "https" {
		return off(say("没有 https：浏览器不提供推送，内容明文传输", "no https: browsers offer no push, and what is said travels in the clear"),
			say("用 --tls 或反向代理启用 https，再把 --public-url 改为 https://…", "serve https, by --tls or a reverse proxy, and set --public-url to https://…"))
	}
	until, err := d.certificate(ctx, u)
	var name x509.HostnameError
	var issuer x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	renew := say("更新 %s 的证书", "renew the certificate of %s", u.Hostname())
	switch {
	case err == nil && time.Until(until) < certificateLeft:
		return fail(say("证书 %s 就到期", "the certificate ends on %s", until.Format(time.DateOnly)), renew)
	case err == nil:
		return ok(say("证书有效，到 %s", "the certificate is good until %s", until.Format(time.DateOnly)))
	case errors.As(err, &name):
		return fail(say("证书不是 %s 的", "the certificate is not for %s", u.Hostname()), say("为 %s 申请证书，或更正 --public-url", "get a certificate for %s, or correct --public-url", u.Hostname()))
	case errors.As(err, &issuer):
		return fail(say("证书链不完整，或签发者不受信任", "the chain of the certificate is incomplete, or its issuer unknown"),
			say("给 %s 装上完整的证书链（fullchain），由公开的机构签发", "serve the full chain (fullchain.pem) of a public authority for %s", u.Hostname()))
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fail(say("证书已过期", "the certificate has expired"), renew)
	}
	return fail(say("https 连不上：%v", "no https connection: %v", err), say("检查 %s 的 DNS、443 端口和证书", "check DNS, port 443 and certificate of %s", u.Hostname()))
}

// certificate returns when the earliest of the certificates that are believed ends.
func (d *Doctor) certificate(ctx context.Context, u *url.URL) (time.Time, error) {
	port := u.Port()
	if port == "" {
		port = "443"
	}
	dial := d.Dial
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	raw, err := dial(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return time.Time{}, fmt.Errorf("no answer from %s", u.Host)
	}
	defer raw.Close()
	conn := tls.Client(raw, &tls.Config{ServerName: u.Hostname(), RootCAs: d.Roots})
	if err := conn.HandshakeContext(ctx); err != nil {
		return time.Time{}, err
	}
	chain := conn.ConnectionState().VerifiedChains[0]
	until := chain[0].NotAfter
	for _, c := range chain {
		if c.NotAfter.Before(until) {
			until = c.NotAfter
		}
	}
	return until, nil
}

// reply is what our own public address answered.
type reply struct {
	status int
	to     string // where a redirect leads
	body   string
	err    error // no answer, or one that is not 200
}

// ask fetches one of our own addresses; a redirect counts as a failure, because
// the platform follows none.
func (d *Doctor) ask(ctx context.Context, address string) (r reply) {
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if d.HTTP != nil {
		client.Transport = d.HTTP.Transport
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return reply{err: err}
	}
	resp, err := client.Do(req)
	if err != nil {
		return reply{err: fmt.Errorf("no answer from %s", req.URL.Host)}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 4096))
	r = reply{status: resp.StatusCode, body: string(body), err: err}
	if to, err := resp.Location(); err == nil {
		to.RawQuery = ""
		r.to = to.Redacted()
	}
	if err == nil && resp.StatusCode != http.StatusOK {
		r.err = fmt.Errorf("answer %s", resp.Status)
	}
	return r
}
