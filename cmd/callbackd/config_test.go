package main

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
)

// load reads settings from flags, environment and the text of a callbackd.yaml
// ("" for none).
func load(t *testing.T, args []string, env map[string]string, file string) (Config, error) {
	t.Helper()
	t.Chdir(t.TempDir())
	if file != "" {
		if err := os.WriteFile(defaultConfigFile, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	f := addSettings(flags)
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	return f.load(func(name string) string { return env[name] })
}

func TestConfig_FlagBeatsEnvironmentBeatsFileBeatsDefault(t *testing.T) {
	// Of each setting: three values that are allowed and differ, and its default.
	samples := map[string][4]string{
		"listen":          {":1", ":2", ":3", ":8080"},
		"admin-listen":    {":1", ":2", ":3", "127.0.0.1:8081"},
		"public-url":      {"http://a", "http://b", "http://c", "http://localhost:8080"},
		"trusted-proxies": {"10.0.0.1", "10.0.0.2", "10.0.0.3", ""},
		"data-dir":        {"a", "b", "c", "./data"},
		"database":        {"sqlite:a", "sqlite:b", "sqlite:c", "sqlite:data/callbackd.db"},
		"blobs":           {"file:a", "file:b", "file:c", "file:data/blobs"},
		"secret-key-file": {"a", "b", "c", "data/secret.key"},
		"wechat-api-url":  {"http://a", "http://b", "http://c", "https://api.weixin.qq.com"},
		"wechat-mp-url":   {"http://a", "http://b", "http://c", "https://mp.weixin.qq.com"},
		"wechat-open-url": {"http://a", "http://b", "http://c", "https://open.weixin.qq.com"},
		"mpweb-pace":      {"1s", "2s", "3s", "200ms"},
		"outbound-allow":  {"10.0.0.1", "10.0.0.2", "10.0.0.3", ""},
		"keep-raw":        {"1h", "2h", "3h", "168h"},
		"webpush-subject": {"a@b.example", "https://b.example", "mailto:c@b.example", ""},
		"webpush-hosts":   {"a.example", "b.example:81", "127.0.0.1:82", ""},
		"apns-key-file":   {"a", "b", "c", ""},
		"apns-key-id":     {"a", "b", "c", ""},
		"apns-team":       {"a", "b", "c", ""},
		"apns-topic":      {"a", "b", "c", ""},
		"apns-url":        {"http://a", "http://b", "http://c", "https://api.push.apple.com"},
		"fcm-url":         {"http://a", "http://b", "http://c", "https://fcm.googleapis.com"},
		"notice-ack":      {"1s", "2s", "300ms", "3s"},
		"tls":             {"auto", "files", "off", "off"},
		"tls-cert-file":   {"a", "b", "c", ""},
		"tls-key-file":    {"a", "b", "c", ""},
		"tls-http-listen": {":1", "off", ":3", ""},
		"acme-url":        {"http://a", "https://b/", "http://c/d", "https://acme-v02.api.letsencrypt.org/directory"},
		"acme-email":      {"a@b.example", "b@b.example", "c@b.example", ""},
		"log-level":       {"debug", "warn", "error", "info"},
		"log-format":      {"json", "text", "json", "text"},

		"fcm-credentials-file": {"a", "b", "c", ""},
		"notice-vendor-ack":    {"1s", "2s", "300ms", "10s"},
	}
	for _, s := range settings() {
		sample, ok := samples[s.name]
		if !ok {
			t.Errorf("%s has no samples in this test", s.name)
			continue
		}
		flag := []string{"--" + s.name + "=" + sample[0]}
		env := map[string]string{s.env(): sample[1]}
		file := fmt.Sprintf("%s: %q\n", s.name, sample[2])
		for i, source := range []struct {
			name string
			args []string
			env  map[string]string
			file string
		}{
			{"flag", flag, env, file}, {"environment", nil, env, file}, {"file", nil, nil, file}, {"default", nil, nil, ""},
		} {
			got, err := load(t, source.args, source.env, source.file)
			if err != nil {
				t.Errorf("%s from %s: %v", s.name, source.name, err)
				continue
			}
			want := Config{}
			for _, other := range settings() {
				value := other.value
				if other.name == s.name {
					value = sample[i]
				}
				if value != "" {
					if err := other.set(&want, value); err != nil {
						t.Fatal(err)
					}
				}
			}
			want.derive()
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s from %s:\ngot  %+v\nwant %+v", s.name, source.name, got, want)
			}
		}
	}
}

func TestConfig_DerivesPathsFromTheDataFolder(t *testing.T) {
	c, err := load(t, []string{"--data-dir=/srv/wall"}, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	got := []string{c.Storage.Database.Reveal(), c.Storage.Blobs, c.Storage.SecretKeyFile}
	want := []string{"sqlite:/srv/wall/callbackd.db", "file:/srv/wall/blobs", "/srv/wall/secret.key"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestConfig_ReadsListsDurationsAndURLs(t *testing.T) {
	c, err := load(t, []string{"--trusted-proxies", "10.0.0.0/8, 127.0.0.1,::1", "--public-url", "https://wall.example/"},
		map[string]string{"CALLBACKD_ADMIN_LISTEN": "off"},
		"outbound-allow:\n  - 192.168.0.0/16\n  - fd00::/8\nkeep-raw: 36h\n")
	if err != nil {
		t.Fatal(err)
	}
	prefixes := func(all ...string) (out []netip.Prefix) {
		for _, p := range all {
			out = append(out, netip.MustParsePrefix(p))
		}
		return out
	}
	if want := prefixes("10.0.0.0/8", "127.0.0.1/32", "::1/128"); !reflect.DeepEqual(c.HTTP.TrustedProxies, want) {
		t.Errorf("trusted proxies %v", c.HTTP.TrustedProxies)
	}
	if want := prefixes("192.168.0.0/16", "fd00::/8"); !reflect.DeepEqual(c.Outbound.Allow, want) {
		t.Errorf("outbound allow %v", c.Outbound.Allow)
	}
	if got := c.HTTP.PublicURL.String(); got != "https://wall.example" {
		t.Errorf("public URL %s", got)
	}
	if c.Storage.KeepRaw != 36*time.Hour || c.HTTP.AdminListen != "" {
		t.Errorf("got %+v", c)
	}
}

func TestConfig_AnEmptyListTurnsALowerOneOff(t *testing.T) {
	c, err := load(t, []string{"--trusted-proxies="}, map[string]string{"CALLBACKD_TRUSTED_PROXIES": "10.0.0.0/8"}, "")
	if err != nil || len(c.HTTP.TrustedProxies) != 0 {
		t.Errorf("got %v, %v", c.HTTP.TrustedProxies, err)
	}
}

func TestConfig_RefusesWhatCannotWorkInOneLineThatNamesTheSource(t *testing.T) {
	flag := func(s string) []string { return []string{s} }
	for name, c := range map[string]struct {
		args []string
		env  map[string]string
		file string
		want []string
	}{
		"unknown key":           {file: "listen: \":1\"\nlissen: x\n", want: []string{"callbackd.yaml:2", `"lissen"`}},
		"key of the flag's env": {file: "data_dir: x\n", want: []string{"written data-dir"}},
		"key of later work":     {file: "redis: redis://x\n", want: []string{`unknown setting "redis"`}},
		"key twice":             {file: "listen: \":1\"\nlisten: \":2\"\n", want: []string{"stands twice"}},
		"key without a value":   {file: "listen:\n", want: []string{"callbackd.yaml:1", "listen takes a word"}},
		"nested key":            {file: "listen:\n  port: 1\n", want: []string{"listen takes a word"}},
		"no mapping":            {file: "- a\n", want: []string{"not a list of settings"}},
		"no YAML":               {file: "listen: [\n", want: []string{"callbackd.yaml"}},
		"bad value in file":     {file: "keep-raw: 7 days\n", want: []string{"callbackd.yaml: keep-raw", `"7 days"`, "168h"}},
		"bad value in env":      {env: map[string]string{"CALLBACKD_KEEP_RAW": "soon"}, want: []string{"CALLBACKD_KEEP_RAW", `"soon"`}},
		"bad value in flag":     {args: flag("--keep-raw=-1h"), want: []string{"--keep-raw", "below zero"}},
		"file that is not":      {args: flag("--config=none.yaml"), want: []string{"--config", "none.yaml"}},
		"address":               {args: flag("--listen=8080"), want: []string{"--listen", ":8080"}},
		"port":                  {args: flag("--listen=:http"), want: []string{"--listen"}},
		"port too high":         {args: flag("--admin-listen=:65536"), want: []string{"--admin-listen"}},
		"public URL":            {args: flag("--public-url=wall.example"), want: []string{"not an http or https URL"}},
		"public URL with path":  {args: flag("--public-url=https://a.example/wall"), want: []string{"host of its own"}},
		"URL with user":         {args: flag("--wechat-api-url=https://u:hush@a.example"), want: []string{"without user"}},
		"range":                 {args: flag("--trusted-proxies=10.0.0.0/8,nginx"), want: []string{`"nginx"`}},
		"range with host bits":  {args: flag("--outbound-allow=10.1.2.3/8"), want: []string{"did you mean 10.0.0.0/8"}},
		"database":              {args: flag("--database=mysql://u:hush@x/y"), want: []string{"neither sqlite: nor postgres://"}},
		"database without host": {args: flag("--database=postgres://"), want: []string{"postgres://user"}},
		"database without path": {args: flag("--database=sqlite:"), want: []string{"names no file"}},
		"database with options": {args: flag("--database=sqlite:x.db?_fk=1"), want: []string{"plain path"}},
		"blobs of later work":   {args: flag("--blobs=s3://bucket"), want: []string{"file:"}},
		"log level":             {args: flag("--log-level=loud"), want: []string{"debug, info, warn, error"}},
		"log format":            {args: flag("--log-format=xml"), want: []string{"text, json"}},
		"subject":               {args: flag("--webpush-subject=operator"), want: []string{"--webpush-subject", `"operator"`, "ops@example.com"}},
		"subject by http":       {args: flag("--webpush-subject=http://a.example"), want: []string{"neither a mail address nor an https URL"}},
		"push host is a URL":    {args: flag("--webpush-hosts=a.example,http://b.example"), want: []string{"--webpush-hosts", "without http://"}},
		"push host with a star": {args: flag("--webpush-hosts=*.example"), want: []string{"--webpush-hosts"}},
		"APNs URL":              {args: flag("--apns-url=api.push.apple.com"), want: []string{"--apns-url", "not an http or https URL"}},
		"no time to answer":     {args: flag("--notice-ack=0s"), want: []string{"--notice-ack", "no time at all", "3s"}},
		"no time for a vendor":  {env: map[string]string{"CALLBACKD_NOTICE_VENDOR_ACK": "10"}, want: []string{"CALLBACKD_NOTICE_VENDOR_ACK", "span of time"}},
		"kind of TLS":           {args: flag("--tls=on"), want: []string{"--tls", "auto, files, off"}},
		"plain port":            {args: flag("--tls-http-listen=80"), want: []string{"--tls-http-listen", ":8080"}},
		"directory":             {args: flag("--acme-url=acme.example"), want: []string{"--acme-url", "not an http or https URL"}},
		"directory with user":   {args: flag("--acme-url=https://u:hush@acme.example/dir"), want: []string{"--acme-url", "without user"}},
		"contact":               {args: flag("--acme-email=ops"), want: []string{"--acme-email", "ops@example.com"}},
		"empty path":            {args: flag("--data-dir="), want: []string{"--data-dir", "empty"}},
	} {
		_, err := load(t, c.args, c.env, c.file)
		if err == nil {
			t.Errorf("%s: taken", name)
			continue
		}
		line := oneLine(err)
		for _, want := range c.want {
			if !strings.Contains(line, want) {
				t.Errorf("%s: %q lacks %q", name, line, want)
			}
		}
		if strings.Contains(line, "hush") {
			t.Errorf("%s: %q prints a password", name, line)
		}
	}
}

func TestConfig_FileIsTheOneThatIsNamed(t *testing.T) {
	other := filepath.Join(t.TempDir(), "other.yaml")
	if err := os.WriteFile(other, []byte("listen: \":7\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		env  map[string]string
	}{
		"flag":        {args: []string{"--config", other}, env: map[string]string{configEnv: "none.yaml"}},
		"environment": {env: map[string]string{configEnv: other}},
	} {
		got, err := load(t, c.args, c.env, "listen: \":9\"\n")
		if err != nil || got.HTTP.Listen != ":7" {
			t.Errorf("%s: %q, %v", name, got.HTTP.Listen, err)
		}
	}
}

func TestConfig_DatabasePasswordDoesNotPrint(t *testing.T) {
	c, err := load(t, []string{"--database=postgres://u:hush@127.0.0.1/x"}, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	if s := fmt.Sprintf("%v %+v %#v", c.Storage, c, c); strings.Contains(s, "hush") {
		t.Error(s)
	}
}
