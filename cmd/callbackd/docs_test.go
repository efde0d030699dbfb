package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

var update = flag.Bool("update", false, "write the settings into docs/operations.md")

var repository = filepath.Join("..", "..")

// TestOperationsDocument_ListsEverySetting compares the table for people with the code.
func TestOperationsDocument_ListsEverySetting(t *testing.T) {
	const begin, end = "<!-- settings: begin, written by make arch-update -->\n", "<!-- settings: end -->"
	path := filepath.Join(repository, "docs", "operations.md")
	doc, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(doc), begin)
	got, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("docs/operations.md has no place for the settings")
	}
	want := settingsTable()
	if *update {
		if err := os.WriteFile(path, []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != want {
		t.Errorf("docs/operations.md and the settings differ: run make arch-update\ngot:\n%s\nwant:\n%s", got, want)
	}
}

var derivedDefault = regexp.MustCompile(` \(default ([^)]*)\)$`)

// settingsTable prints the settings as docs/operations.md shows them.
func settingsTable() string {
	var b strings.Builder
	b.WriteString("| flag | environment | default | meaning |\n|---|---|---|---|\n")
	for _, s := range settings() {
		usage, value := strings.ReplaceAll(s.usage, "`", ""), "none"
		if m := derivedDefault.FindStringSubmatch(usage); m != nil {
			usage, value = strings.TrimSuffix(usage, m[0]), "`"+m[1]+"`"
		}
		if s.value != "" {
			value = "`" + s.value + "`"
		}
		fmt.Fprintf(&b, "| `--%s` | `%s` | %s | %s |\n", s.name, s.env(), value, usage)
	}
	return b.String()
}

// TestContract_SettingsKeepTheirNames holds what operators script: it may grow, not change.
func TestContract_SettingsKeepTheirNames(t *testing.T) {
	have := map[string]string{}
	for _, s := range settings() {
		have[s.name] = s.env() + " " + s.value
	}
	for name, want := range map[string]string{
		"listen":          "CALLBACKD_LISTEN :8080",
		"admin-listen":    "CALLBACKD_ADMIN_LISTEN 127.0.0.1:8081",
		"public-url":      "CALLBACKD_PUBLIC_URL http://localhost:8080",
		"trusted-proxies": "CALLBACKD_TRUSTED_PROXIES ",
		"data-dir":        "CALLBACKD_DATA_DIR ./data",
		"database":        "CALLBACKD_DATABASE ",
		"blobs":           "CALLBACKD_BLOBS ",
		"secret-key-file": "CALLBACKD_SECRET_KEY_FILE ",
		"wechat-api-url":  "CALLBACKD_WECHAT_API_URL https://api.weixin.qq.com",
		"wechat-mp-url":   "CALLBACKD_WECHAT_MP_URL https://mp.weixin.qq.com",
		"wechat-open-url": "CALLBACKD_WECHAT_OPEN_URL https://open.weixin.qq.com",
		"mpweb-pace":      "CALLBACKD_MPWEB_PACE 200ms",
		"outbound-allow":  "CALLBACKD_OUTBOUND_ALLOW ",
		"keep-raw":        "CALLBACKD_KEEP_RAW 168h",
		"webpush-subject": "CALLBACKD_WEBPUSH_SUBJECT ",
		"webpush-hosts":   "CALLBACKD_WEBPUSH_HOSTS ",
		"apns-key-file":   "CALLBACKD_APNS_KEY_FILE ",
		"apns-key-id":     "CALLBACKD_APNS_KEY_ID ",
		"apns-team":       "CALLBACKD_APNS_TEAM ",
		"apns-topic":      "CALLBACKD_APNS_TOPIC ",
		"apns-url":        "CALLBACKD_APNS_URL https://api.push.apple.com",
		"fcm-url":         "CALLBACKD_FCM_URL https://fcm.googleapis.com",
		"notice-ack":      "CALLBACKD_NOTICE_ACK 3s",
		"tls":             "CALLBACKD_TLS off",
		"tls-cert-file":   "CALLBACKD_TLS_CERT_FILE ",
		"tls-key-file":    "CALLBACKD_TLS_KEY_FILE ",
		"tls-http-listen": "CALLBACKD_TLS_HTTP_LISTEN ",
		"acme-url":        "CALLBACKD_ACME_URL https://acme-v02.api.letsencrypt.org/directory",
		"acme-email":      "CALLBACKD_ACME_EMAIL ",
		"log-level":       "CALLBACKD_LOG_LEVEL info",
		"log-format":      "CALLBACKD_LOG_FORMAT text",

		"fcm-credentials-file": "CALLBACKD_FCM_CREDENTIALS_FILE ",
		"notice-vendor-ack":    "CALLBACKD_NOTICE_VENDOR_ACK 10s",
	} {
		if have[name] != want {
			t.Errorf("--%s: got %q, want %q", name, have[name], want)
		}
	}
}

// TestDeploy_FilesUseSettingsThatExist reads what deploy/ hands to the program.
func TestDeploy_FilesUseSettingsThatExist(t *testing.T) {
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	f := addSettings(flags)
	if err := flags.Parse([]string{"--config", filepath.Join(repository, "deploy", "callbackd.yaml")}); err != nil {
		t.Fatal(err)
	}
	c, err := f.load(func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	if c.HTTP.Listen != "127.0.0.1:8080" || len(c.HTTP.TrustedProxies) != 1 {
		t.Errorf("deploy/callbackd.yaml does not fit deploy/nginx.conf: %+v", c.HTTP)
	}
	known := map[string]bool{"--" + configFlag: true, configEnv: true}
	for _, s := range settings() {
		known["--"+s.name], known[s.env()] = true, true
	}
	for _, name := range []string{"callbackd.service", "Dockerfile", "nginx.conf", "callbackd.yaml"} {
		content, err := os.ReadFile(filepath.Join(repository, "deploy", name))
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range regexp.MustCompile(`CALLBACKD_[A-Z_]+`).FindAllString(string(content), -1) {
			if !known[word] {
				t.Errorf("%s: no setting %s", name, word)
			}
		}
		for _, line := range regexp.MustCompile(`(?m)callbackd serve .*$|^#   --listen.*$`).FindAllString(string(content), -1) {
			for _, word := range regexp.MustCompile(`--[a-z-]+`).FindAllString(line, -1) {
				if !known[word] {
					t.Errorf("%s: no flag %s", name, word)
				}
			}
		}
	}
}
